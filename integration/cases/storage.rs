//! What must last: whether the next container of the same kind gets it too.

use serde_json::{Value, json};

use super::docker::with_witness;
use super::{Live, live};
use crate::agree::{Expectation, agree, fails, not_applicable, passes};
use crate::audit::audit;
use crate::engine::{Container, kept};
use crate::needs::Need;
use crate::record::record;
use crate::run;

pub(super) fn all() -> Vec<Live> {
    vec![live("storage::volumes", &[Need::Root, Need::Docker], volumes)]
}

const FOLDER: &str = "/srv/data";

/// The engine's name of the volume that a container has there.
fn volume(container: &Container<'_>) -> Option<String> {
    let inspected = container.inspect();
    let mut mounts = inspected["Mounts"].as_array()?.iter();
    let mount = mounts.find(|it| it["Destination"] == FOLDER)?;
    Some(mount["Name"].as_str()?.to_owned())
}

fn volumes() {
    const LASTS: &[Expectation] = &[passes("persistent-data", &[])];
    const IS_LOST: &[Expectation] = &[fails("persistent-data", &[])];
    const NONE: &[Expectation] = &[not_applicable("persistent-data", &[])];
    let engine = run::docker();
    let named = json!({"HostConfig": {"Mounts": [kept("storage", FOLDER)]}});
    let nameless = json!({"Volumes": {FOLDER: {}}});
    let cases: [(&str, &Value, &[Expectation], Option<bool>); 3] = [
        ("volume-named", &named, LASTS, Some(true)),
        ("volume-nameless", &nameless, IS_LOST, Some(false)),
        ("volume-none", &json!({}), NONE, None),
    ];
    for (name, config, expected, is_the_same) in cases {
        let config = with_witness(config.clone());
        let container = engine.start(name, &config);
        let testimony = container.testimony();
        let audit = audit(&["--host", &engine.address, &container.name]);
        agree(expected, audit.only(), &testimony);
        record(name, Some(&engine.address), &container.name);
        let next = engine.start(&format!("{name}-next"), &config);
        let pair = volume(&container).zip(volume(&next));
        assert_eq!(pair.map(|(one, other)| one == other), is_the_same, "{name}");
    }
}

//! Containers of Docker, each started one way and audited once.

mod chains;
mod escape;
mod identity;
mod lifecycle;
mod table;

use std::path::Path;

use secaudit::score::Grade;
use serde_json::{Value, json};

use super::{Live, live};
use crate::agree::{Expectation, agree, passes, refused};
use crate::audit::audit;
use crate::engine::image;
use crate::image::witness;
use crate::needs::Need;
use crate::record::record;
use crate::run;
use crate::witness::Act::BecomeRoot;
use crate::witness::WITNESS;

use table::CASES;

/// A way to start a container, and what must be found.
struct Case {
    name: &'static str,
    /// The engine's own document, laid over a container with nothing set.
    config: fn() -> Value,
    /// The exit code of the audit under the baseline.
    code: i32,
    expected: &'static [Expectation],
}

/// What a careful operator writes.
pub(in crate::cases) fn hardened() -> Value {
    json!({
        "User": "1000:1000",
        "Healthcheck": {"Test": ["CMD", WITNESS, "witness", "healthy"], "Interval": 1_000_000_000},
        "HostConfig": {
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
            "ReadonlyRootfs": true,
            "CgroupnsMode": "private",
            "Tmpfs": {"/tmp": "size=16m"},
            "Memory": 96 << 20,
            "PidsLimit": 64,
            "NetworkMode": "none",
            "NanoCpus": 900_000_000,
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "1m"}},
            "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 5},
        },
    })
}

pub(in crate::cases) fn all() -> Vec<Live> {
    let live = |case: &'static Case| Live {
        name: format!("docker::{}", case.name),
        needs: vec![Need::Root, Need::Docker],
        run: Box::new(|| run(case)),
    };
    let of_an_image =
        self::live("docker::user-of-the-image", &[Need::Root, Need::Docker], user_of_the_image);
    let escapes = escape::CASES.iter().map(live);
    let agents = escape::WITH_AGENTS.iter().filter(|_| has_agents()).map(live);
    let disks = escape::WITH_DISK.iter().filter(|_| run::disk().is_some()).map(live);
    let identities = identity::CASES.iter().map(live);
    let table = CASES.iter().map(live).chain(identities).chain(escapes).chain(agents).chain(disks);
    table.chain([of_an_image]).chain(chains::all()).chain(lifecycle::all()).collect()
}

/// A host of version 2 alone has none, and no need that could be met.
fn has_agents() -> bool {
    Path::new("/sys/fs/cgroup/memory/release_agent").exists()
}

/// Where nothing else is asked for, a container runs the witness.
pub(in crate::cases) fn with_witness(mut config: Value) -> Value {
    if config["Cmd"].is_null() {
        config["Cmd"] = json!([WITNESS, "witness"]);
    }
    let own = config["Env"].as_array().cloned().unwrap_or_default();
    config["Env"] = own.into_iter().chain(run::bait().map(Value::from)).collect();
    config
}

fn run(case: &Case) {
    let engine = run::docker();
    let config = with_witness((case.config)());
    let container = engine.start(case.name, &config);
    let testimony = container.testimony();
    if !config["Healthcheck"].is_null() {
        container.wait_until_healthy();
    }
    let audit = audit(&["--host", &engine.address, &container.name]);
    agree(case.expected, audit.only(), &testimony);
    assert_eq!(audit.code, case.code, "{:?}", audit.report.gate);
    chains::is_found(case.name, audit.only());
    if case.code == 0 {
        assert!(audit.only().floor >= 90 && audit.only().grade == Grade::A);
    }
    record(case.name, Some(&engine.address), &container.name);
}

/// All other images have no configuration at all; this one names the user.
fn user_of_the_image() {
    let engine = run::docker();
    let tag = format!("{}.app", run::id());
    engine.import(witness().expect("the image can be made"), &tag, Some("USER app"));
    let config = with_witness(json!({"Image": image(&tag)}));
    let container = engine.start("user-of-the-image", &config);
    let testimony = container.testimony();
    let audit = audit(&["--host", &engine.address, &container.name]);
    const EXPECTED: &[Expectation] = &[
        passes("non-root-user", &[refused(BecomeRoot)]),
        passes("non-root-exec", &[refused(BecomeRoot)]),
        passes("runs-as-declared", &[refused(BecomeRoot)]),
    ];
    agree(EXPECTED, audit.only(), &testimony);
}

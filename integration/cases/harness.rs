//! The tests' own test: they notice when somebody is silent or wrong.

use secaudit::model::severity::Severity;
use serde_json::json;

use super::docker::with_witness;
use super::{Live, live};
use crate::agree::{Expectation, disagreements, done, fails, passes, refused};
use crate::audit::audit;
use crate::needs::Need;
use crate::run;
use crate::testimony::Testimony;
use crate::witness::Act::{BecomeRoot, WriteRoot};
use crate::witness::WITNESS;

pub(super) fn all() -> Vec<Live> {
    let needs = &[Need::Root, Need::Docker];
    vec![
        live("harness::a-witness-that-says-nothing-fails", needs, silence),
        live("harness::a-witness-that-breaks-off-fails", &[], breaking_off),
        live("harness::each-of-the-three-can-disagree", needs, disagreement),
    ]
}

fn silence() {
    let engine = run::docker();
    let config = with_witness(json!({"Cmd": [WITNESS, "witness", "healthy"]}));
    let silent = engine.start("silent", &config);
    assert!(silent.said().is_err());
}

fn breaking_off() {
    let line = r#"{"tried":{"act":"mount","by":"itself","outcome":"done","why":""}}"#;
    assert!(Testimony::parse(line.as_bytes()).is_err());
    assert!(Testimony::parse(format!("{line}\nrumour\n\"end\"\n").as_bytes()).is_err());
    assert!(Testimony::parse(format!("{line}\n\"end\"\n").as_bytes()).is_ok());
}

/// What is right, and each way to be wrong about it, with how often.
const OPINIONS: &[(Expectation, usize)] = &[
    (fails("non-root-user", &[done(BecomeRoot), done(WriteRoot)]), 0),
    (passes("non-root-user", &[done(BecomeRoot)]), 1),
    (fails("non-root-user", &[refused(BecomeRoot)]), 1),
    (passes("non-root-user", &[refused(BecomeRoot), refused(WriteRoot)]), 3),
    (fails("non-root-user", &[]).at(Severity::Low), 1),
];

fn disagreement() {
    let engine = run::docker();
    let container = engine.start("disagreement", &with_witness(json!({})));
    let testimony = container.testimony();
    let audit = audit(&["--host", &engine.address, &container.name]);
    for (opinion, faults) in OPINIONS {
        let found = disagreements(opinion, audit.only(), &testimony);
        assert_eq!(found.len(), *faults, "{found:?}");
    }
}

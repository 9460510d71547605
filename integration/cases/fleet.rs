//! Several containers at once, as an operator has them.

use secaudit::report::v1::{Target, Verdict};
use secaudit::score::Grade;
use serde_json::json;

use super::docker::{hardened, with_witness};
use super::{Live, live};
use crate::audit::{audit, finding};
use crate::needs::Need;
use crate::run;

pub(in crate::cases) fn all() -> Vec<Live> {
    vec![live("fleet::three-hardened-and-three-weak", &[Need::Root, Need::Docker], six)]
}

/// What each of the weak ones must be found for, and nothing of the others.
const WEAK: [(&str, &[&str]); 3] = [
    ("weak-user", &["non-root-user"]),
    ("weak-root", &["read-only-root"]),
    ("weak-all", &["non-root-user", "no-new-privileges", "capabilities-dropped", "memory-limit"]),
];

fn six() {
    let engine = run::docker();
    let hardened = || {
        let mut config = with_witness(hardened());
        // One probe of the health check at the start is enough.
        config["Healthcheck"]["Interval"] = json!(3_600_000_000_000_u64);
        config
    };
    let mut as_root = hardened();
    as_root["User"] = json!("");
    let mut writable = hardened();
    writable["HostConfig"]["ReadonlyRootfs"] = json!(false);
    let weak = [as_root, writable, with_witness(json!({}))];
    let weak: Vec<_> = WEAK
        .iter()
        .zip(weak)
        .map(|((name, rules), config)| (engine.start(name, &config), *rules))
        .collect();
    let hardened: Vec<_> =
        (1..=3).map(|number| engine.start(&format!("hardened-{number}"), &hardened())).collect();
    let started = || weak.iter().map(|(container, _)| container).chain(&hardened);
    for container in started() {
        container.testimony();
    }

    let all = started().map(|container| container.name.as_str()).collect::<Vec<_>>();
    let mixed = audit(&all);
    assert_eq!(mixed.code, 1, "{:?}", mixed.report.gate);
    for (container, rules) in &weak {
        let target = mixed.target(&container.name).expect("it was audited");
        for rule in *rules {
            let found = finding(target, rule);
            assert_eq!(found.verdict, Verdict::Fail, "{}: {rule}", container.name);
            assert!(!found.statements.is_empty() && !found.evidence.is_empty(), "{found:?}");
        }
    }

    let names = hardened.iter().map(|container| container.name.as_str()).collect::<Vec<_>>();
    let sound = audit(&names);
    assert_eq!(sound.code, 0, "{:?}", sound.report.gate);
    for target in &sound.report.targets {
        assert!(
            target.floor >= 90 && target.grade == Grade::A,
            "{}: {}",
            target.name,
            target.floor
        );
        let beside = mixed.target(target.name.raw()).expect("it was audited");
        assert_eq!(judged(beside), judged(target), "others change nothing");
    }
}

/// What two audits of one container must agree on, whatever else the host
/// mounted between them.
fn judged(target: &Target) -> (u8, u8, Vec<Verdict>) {
    (target.floor, target.ceiling, target.findings.iter().map(|it| it.verdict).collect())
}

//! Waivers of containers that run: in labels, and pinned to evidence that outlives them.

use std::collections::BTreeMap;

use secaudit::report::v1::{Target, WaiverState};
use serde_json::{Value, json};

use super::docker::{hardened, with_witness};
use super::{Live, live};
use crate::audit::{audit, finding};
use crate::needs::Need;
use crate::run;

pub(super) fn all() -> Vec<Live> {
    let needs = &[Need::Root, Need::Docker];
    vec![
        live("waivers::a-container-made-anew-shows-the-same-evidence", needs, anew),
        live("waivers::a-label-counts-where-the-policy-says-so", needs, labelled),
    ]
}

/// A container with much to find: a writable root, no filter, a folder of the host, a
/// volume without a name and a port that the engine chooses.
fn careless() -> Value {
    let mut config = with_witness(hardened());
    config["Volumes"] = json!({"/data": {}});
    config["ExposedPorts"] = json!({"8080/tcp": {}});
    let host = &mut config["HostConfig"];
    host["ReadonlyRootfs"] = json!(false);
    host["SecurityOpt"] = json!(["seccomp=unconfined"]);
    host["Binds"] = json!(["/etc:/host-etc:ro"]);
    host["NetworkMode"] = json!("bridge");
    host["PortBindings"] = json!({"8080/tcp": [{"HostPort": ""}]});
    config
}

/// The digests of what shows each failure, by the rule.
fn digests(target: &Target) -> BTreeMap<String, String> {
    let all = target.findings.iter();
    all.filter_map(|it| Some((it.rule.to_string(), it.evidence_digest.clone()?))).collect()
}

/// Another container has another id, other pids, namespaces, mounts and ports.
fn anew() {
    let engine = run::docker();
    let audited = |name: &str, config: &Value| {
        let container = engine.start(name, config);
        container.testimony();
        digests(audit(&["--host", &engine.address, &container.name]).only())
    };
    let (one, other) = (audited("digest-one", &careless()), audited("digest-other", &careless()));
    assert_eq!(one, other);
    assert!(one.len() > 5, "{one:?}");
    let mut config = careless();
    config["HostConfig"]["Binds"] = json!(["/usr:/host-etc:ro"]);
    config["HostConfig"]["SecurityOpt"] = json!([]);
    let changed = audited("digest-changed", &config);
    assert_ne!(one.get("seccomp-filter"), changed.get("seccomp-filter"));
    assert_ne!(one.get("no-sensitive-mounts"), changed.get("no-sensitive-mounts"));
    assert_eq!(one.get("read-only-root"), changed.get("read-only-root"));
}

#[expect(clippy::disallowed_methods, reason = "a test lays out its own files")]
fn labelled() {
    let engine = run::docker();
    let mut config = careless();
    let terms = "until=2999-12-31 owner=probe reason=it writes its cache";
    config["Labels"]["secaudit.waive.read-only-root"] = json!(terms);
    let container = engine.start("labelled", &config);
    container.testimony();
    let folder = run::folder();
    let policy = folder.path().join("policy.toml");
    for (text, state) in
        [("", WaiverState::NotAccepted), ("[waivers]\nlabels = true\n", WaiverState::InForce)]
    {
        std::fs::write(&policy, text).expect("the policy can be written");
        let policy = policy.display().to_string();
        let audit = audit(&["--host", &engine.address, "--policy", &policy, &container.name]);
        let [waiver] = audit.report.waivers.as_slice() else {
            panic!("{:?}", audit.report.waivers)
        };
        assert_eq!(waiver.state, state, "{waiver:?}");
        let is_waived = finding(audit.only(), "read-only-root").waived_at.is_some();
        assert_eq!(is_waived, state == WaiverState::InForce);
    }
}

//! Containers that come and go while they are audited.

use std::sync::atomic::{AtomicBool, Ordering};

use secaudit::model::reading::Reason;
use secaudit::report::v1::{Target, Verdict};

use super::docker::{hardened, with_witness};
use super::{Live, live};
use crate::audit::{audit, finding};
use crate::needs::Need;
use crate::relay::{Listener, relay};
use crate::run;

/// How many audits meet the restless container.
const AUDITS: usize = 20;

pub(super) fn all() -> Vec<Live> {
    let needs = &[Need::Root, Need::Docker];
    vec![
        live("restless::a-container-that-stops-harms-no-other", needs, stops),
        live("restless::a-process-that-is-just-starting-is-no-finding", needs, starts),
        live("restless::a-container-that-dies-under-the-audit-is-gone", needs, dies),
    ]
}

fn verdicts(target: &Target) -> Vec<(&str, Verdict)> {
    target.findings.iter().map(|finding| (&*finding.rule, finding.verdict)).collect()
}

/// One thread kills and starts a container, another audits it beside a
/// steady one. Whenever the restless one is caught, each of its verdicts is
/// the one it has while it is left alone, or unknown.
fn stops() {
    let engine = run::docker();
    let mut config = with_witness(hardened());
    config["Healthcheck"] = serde_json::Value::Null;
    let steady = engine.start("steady", &config);
    steady.testimony();
    let restless = engine.start("restless", &config);
    restless.testimony();
    let names = ["--host", &engine.address, &steady.name, &restless.name];
    let quiet = audit(&names);
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let engine = run::docker();
            while !is_over.load(Ordering::Relaxed) {
                engine.kill(&restless.id);
                engine.wait(&restless.id);
                engine.restart(&restless.id);
            }
        });
        // The thread is told to end even where an audit panics.
        let _told = OnDrop(|| is_over.store(true, Ordering::Relaxed));
        let (mut caught, mut missed) = (0, 0);
        for _ in 0..AUDITS {
            let audit = audit(&names);
            let now = audit.target(&steady.name).expect("the steady container is audited");
            let before = quiet.target(&steady.name).expect("the steady container was audited");
            assert_eq!(verdicts(now), verdicts(before), "the steady container is as it was");
            let Some(now) = audit.target(&restless.name) else {
                missed += 1;
                assert_ne!(audit.code, 0, "what was named and not found is no success");
                continue;
            };
            caught += 1;
            let before = quiet.target(&restless.name).expect("the container was audited");
            for (now, before) in now.findings.iter().zip(&before.findings) {
                let is_true = now.verdict == before.verdict || now.verdict == Verdict::Unknown;
                assert!(is_true, "{now:?}");
            }
        }
        println!("restless: caught {caught} times, gone {missed} times");
    });
}

/// A runtime starts a health check with all its own privileges, and gives them
/// up before it executes the check. Here one starts every few milliseconds.
fn starts() {
    let engine = run::docker();
    let mut config = with_witness(hardened());
    config["Healthcheck"]["Interval"] = serde_json::json!(5_000_000);
    let container = engine.start("starting", &config);
    container.testimony();
    container.wait_until_healthy();
    for _ in 0..2 * AUDITS {
        let audit = audit(&["--host", &engine.address, &container.name]);
        let failed = audit.only().findings.iter().find(|it| it.verdict == Verdict::Fail);
        assert_eq!(failed, None);
        let unknown: Vec<_> =
            audit.only().findings.iter().filter_map(|it| it.gap.as_ref()).collect();
        assert_eq!(audit.code, 0, "{unknown:?}");
    }
}

/// The container is killed at the one moment that matters: the engine has
/// given its record, the kernel has not been asked yet.
fn dies() {
    let engine = run::docker();
    let mut config = with_witness(hardened());
    config["Healthcheck"] = serde_json::Value::Null;
    let steady = engine.start("steady-beside", &config);
    steady.testimony();
    let doomed = engine.start("doomed", &config);
    doomed.testimony();
    let quiet = audit(&["--host", &engine.address, &steady.name]);
    let folder = run::folder();
    let socket = folder.path().join("relay.sock");
    let id = doomed.id.clone();
    relay(&socket, move || Killer { doomed: id.clone(), asked: AtomicBool::new(false) });
    let host = format!("unix://{}", socket.display());
    let audit = audit(&["--host", &host, &steady.name, &doomed.name]);
    let beside = audit.target(&steady.name).expect("the steady container is audited");
    assert_eq!(verdicts(beside), verdicts(quiet.only()));
    let gone = audit.target(&doomed.name).expect("the engine had listed it");
    for rule in ["non-root-user", "capabilities-dropped", "read-only-root", "seccomp-filter"] {
        let finding = finding(gone, rule);
        assert_eq!(finding.verdict, Verdict::Unknown, "{finding:?}");
        let gap = finding.gap.as_ref().expect("what is unknown has a reason");
        assert_eq!(gap.reason, Reason::Gone, "{gap:?}");
    }
    assert_eq!(audit.code, 3, "{:?}", audit.report.gate);
}

/// Once the engine has answered about the doomed container, that is killed
/// before the answer is passed back.
struct Killer {
    doomed: String,
    asked: AtomicBool,
}

impl Listener for Killer {
    fn asked(&self, piece: &[u8]) {
        let question = format!("/containers/{}/json", self.doomed);
        if String::from_utf8_lossy(piece).contains(&question) {
            self.asked.store(true, Ordering::SeqCst);
        }
    }

    fn answered(&self) {
        if self.asked.swap(false, Ordering::SeqCst) {
            let engine = run::docker();
            engine.kill(&self.doomed);
            engine.wait(&self.doomed);
        }
    }
}

struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

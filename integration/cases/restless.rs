//! Containers that come and go while they are audited.

use std::sync::atomic::{AtomicBool, Ordering};

use secaudit::report::v1::{Target, Verdict};

use super::docker::{hardened, with_witness};
use super::{Live, live};
use crate::audit::audit;
use crate::needs::Need;
use crate::run;

/// How many audits meet the restless container.
const AUDITS: usize = 20;

pub(super) fn all() -> Vec<Live> {
    let needs = &[Need::Root, Need::Docker];
    vec![live("restless::a-container-that-stops-harms-no-other", needs, stops)]
}

fn verdicts(target: &Target) -> Vec<(&str, Verdict)> {
    target.findings.iter().map(|finding| (finding.rule.as_str(), finding.verdict)).collect()
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

struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

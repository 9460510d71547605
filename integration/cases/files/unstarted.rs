//! What does not run: the documents' images themselves, and a stopped container.

use std::process::Command;

use secaudit::report::v1::Verdict;

use super::{built, images, node};
use crate::audit::{Audit, PROGRAM, audit, audit_by, finding};
use crate::run;

/// What makes an image a server's: nothing runs in it that could tell.
const STARTS: &str = "USER 1000:1000\nWORKDIR /app\nCMD [\"node\", \"server.js\"]\n";

pub(super) fn images_alone() {
    let engine = run::with_services();
    let audited = |name: &str, dockerfile: String| -> Audit {
        let image = built(&engine, name, &(dockerfile + STARTS));
        let image = ["image", "--host", &engine.address, "--format", "json", &image];
        audit_by(Command::new(PROGRAM).args(image))
    };
    let before = audited("image-before", images::node_before());
    let after = audited("image-after", images::node_after());
    let careless = audited("image-careless", images::careless());
    let verdict = |audit: &Audit, rule: &str| finding(audit.only(), rule).verdict;
    for (audit, rule, expected) in [
        (&before, "file-modes", Verdict::Fail),
        (&after, "file-modes", Verdict::Pass),
        (&after, "secret-file-modes", Verdict::Pass),
        (&after, "no-world-writable", Verdict::Pass),
        (&careless, "secret-file-modes", Verdict::Fail),
        (&careless, "no-world-writable", Verdict::Fail),
        // Nobody runs who could rewrite anything.
        (&before, "immutable-code", Verdict::NotApplicable),
    ] {
        assert_eq!(verdict(audit, rule), expected, "{:?}", finding(audit.only(), rule));
    }
    assert_eq!((before.code, after.code, careless.code), (1, 0, 1));
}

pub(super) fn a_stopped_container() {
    let engine = run::with_services();
    let mut config = node();
    config["Image"] = built(&engine, "stopped", &images::node_before()).into();
    let container = engine.start("stopped", &config);
    engine.kill(&container.id);
    engine.wait(&container.id);
    let arguments = ["--host", &engine.address, &container.name];
    let unread = audit(&arguments);
    assert!(unread.report.targets.is_empty() && unread.code == 3, "it does not run");
    let read = audit(&[&arguments[..], &["--files", "engine"]].concat());
    let modes = finding(read.only(), "file-modes");
    assert_eq!(modes.verdict, Verdict::Fail, "{modes:?}");
    let code = finding(read.only(), "immutable-code");
    assert_eq!(code.verdict, Verdict::Unknown, "{code:?}");
}

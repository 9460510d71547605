//! Compose projects before they are deployed, beside an engine that has their
//! images, or has them not.

use std::path::Path;
use std::process::Command;

use secaudit::report::v1::{Finding, Verdict};
use tempfile::TempDir;

use super::{Live, live};
use crate::audit::{Audit, PROGRAM, audit_by, finding};
use crate::engine::{Engine, image};
use crate::needs::Need;
use crate::run;
use crate::witness::WITNESS;

pub(super) fn all() -> Vec<Live> {
    let needs = &[Need::Docker];
    vec![
        live("compose::what-the-image-brings-decides", needs, brought),
        live("compose::without-the-image-it-is-unknown", needs, missing),
        live("compose::what-is-built-is-laid-over-the-base-image", needs, built),
    ]
}

/// Files in a folder of their own.
#[expect(clippy::disallowed_methods, reason = "the test lays out its own files")]
fn laid_out(files: &[(&str, &str)]) -> TempDir {
    let folder = run::folder();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("the folder is the test's own");
    }
    folder
}

fn compose(engine: &Engine, folder: &Path) -> Audit {
    let arguments = ["compose", "--host", &engine.address, "--format", "json"];
    audit_by(Command::new(PROGRAM).args(arguments).current_dir(folder))
}

/// An image with a user, a health check and a variable of its own.
fn base(engine: &Engine, name: &str) -> String {
    let tag = format!("{}.{name}", run::id());
    let from = image(&run::id());
    let check = format!("HEALTHCHECK CMD [\"{WITNESS}\", \"witness\", \"healthy\"]");
    let secret = "ENV DB_PASSWORD=kW7vPq29sLx";
    engine.build(&format!("FROM {from}\nUSER 1000:1000\n{check}\n{secret}\n"), &tag);
    image(&tag)
}

fn verdicts(audit: &Audit, service: &str, expected: &[(&str, Verdict)]) {
    let target = audit.target(service).unwrap_or_else(|| panic!("no {service}"));
    for (rule, expected) in expected {
        let finding: &Finding = finding(target, rule);
        assert_eq!(finding.verdict, *expected, "{service}: {finding:#?}");
    }
}

fn brought() {
    let engine = run::docker();
    let image = base(&engine, "brought");
    let text = format!(
        "services:\n  plain: {{ image: '{image}' }}\n  \
         root: {{ image: '{image}', user: '0', healthcheck: {{ disable: true }} }}\n"
    );
    let folder = laid_out(&[("compose.yaml", &text)]);
    let audit = compose(&engine, folder.path());
    verdicts(
        &audit,
        "plain",
        &[
            ("non-root-user", Verdict::Pass),
            ("fixed-uid", Verdict::Pass),
            ("healthcheck", Verdict::Pass),
            ("no-secrets-in-environment", Verdict::Fail),
            ("read-only-root", Verdict::Fail),
        ],
    );
    // What the file says goes before what the image brings.
    verdicts(&audit, "root", &[("non-root-user", Verdict::Fail), ("healthcheck", Verdict::Fail)]);
    assert_eq!(audit.code, 1);
}

fn missing() {
    let engine = run::docker();
    let text = "services:\n  web: { image: 'localhost/secaudit-live:is-not-there' }\n";
    let folder = laid_out(&[("compose.yaml", text)]);
    let audit = compose(&engine, folder.path());
    let rules = ["non-root-user", "healthcheck"];
    verdicts(&audit, "web", &rules.map(|rule| (rule, Verdict::Unknown)));
    let user = finding(audit.only(), "non-root-user").gap.as_ref().expect("it is unknown");
    let remedy = &*user.remedy;
    assert!(remedy.contains("pull") && remedy.contains("is-not-there"), "{user:?}");
}

fn built() {
    let engine = run::docker();
    let image = base(&engine, "base");
    let files = [
        (
            "compose.yaml",
            "services:\n  same: { build: . }\n  \
            other: { build: { context: ., dockerfile: Other } }\n  \
            unknown: { build: { context: ., dockerfile: Unknown } }\n"
                .to_owned(),
        ),
        ("Dockerfile", format!("FROM {image}\nENV TZ=UTC\n")),
        ("Other", format!("FROM {image}\nUSER 0\nHEALTHCHECK NONE\n")),
        ("Unknown", "FROM localhost/secaudit-live:is-not-there\nHEALTHCHECK CMD true\n".to_owned()),
    ];
    let folder = laid_out(&files.each_ref().map(|(name, text)| (*name, text.as_str())));
    let audit = compose(&engine, folder.path());
    verdicts(
        &audit,
        "same",
        &[
            ("non-root-user", Verdict::Pass),
            ("healthcheck", Verdict::Pass),
            ("no-secrets-in-environment", Verdict::Fail),
        ],
    );
    verdicts(&audit, "other", &[("non-root-user", Verdict::Fail), ("healthcheck", Verdict::Fail)]);
    verdicts(
        &audit,
        "unknown",
        &[("non-root-user", Verdict::Unknown), ("healthcheck", Verdict::Pass)],
    );
    let user = finding(audit.target("other").expect("it is there"), "non-root-user");
    let written = user.evidence.iter().find_map(|it| it.written.as_ref()).expect("a line says so");
    assert_eq!(written.excerpt.raw(), "USER 0");
}

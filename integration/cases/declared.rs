//! Containers that are weaker than somebody declared, and some that only differ.

use std::process::Command;

use secaudit::model::severity::Severity;
use serde_json::{Value, json};

use super::docker::with_witness;
use super::entered::cgroups;
use super::{Live, live};
use crate::agree::{Expectation, agree, done, fails, passes, refused};
use crate::audit::{Audit, audit, finding};
use crate::engine::{Container, Engine, image};
use crate::image::witness;
use crate::needs::Need;
use crate::record::record;
use crate::run;
use crate::witness::Act::{BecomeRoot, ExceedMemory, ExceedPids, WriteRoot};

const RULE: &str = "runs-as-declared";

pub(super) fn all() -> Vec<Live> {
    let needs = &[Need::Root, Need::Docker];
    let entering = &[Need::Root, Need::Docker, Need::Program("nsenter")];
    vec![
        live("declared::remounted-writable", entering, remounted_writable),
        live("declared::limits-raised", needs, limits_raised),
        live("declared::limits-lowered", needs, limits_lowered),
        live("declared::an-exec-as-the-declared-user", needs, exec_as_declared),
        live("declared::another-uid-than-expected", needs, another_uid_than_expected),
        live("declared::root-instead-of-the-images-user", needs, root_instead_of_the_images_user),
        live("declared::another-user-than-the-images", needs, another_user_than_the_images),
    ]
}

/// As root, so that only what is tested keeps it from writing.
fn bounded() -> Value {
    json!({"HostConfig": {
        "ReadonlyRootfs": true, "Memory": 96 << 20, "MemorySwap": 96 << 20, "PidsLimit": 64,
    }})
}

fn start<'e>(engine: &'e Engine, name: &str) -> Container<'e> {
    let container = engine.start(name, &with_witness(bounded()));
    let testimony = container.testimony();
    const KEPT: &[Expectation] =
        &[passes(RULE, &[refused(WriteRoot), refused(ExceedMemory), refused(ExceedPids)])];
    agree(KEPT, audited(engine, &container).only(), &testimony);
    container
}

fn audited(engine: &Engine, container: &Container<'_>) -> Audit {
    audit(&["--host", &engine.address, &container.name])
}

/// The finding names both sides.
fn says(audit: &Audit, sides: [&str; 2]) {
    let statements = &finding(audit.only(), RULE).statements;
    let names = |it: &String| sides.iter().all(|side| it.contains(side));
    assert!(statements.iter().any(names), "{statements:?}");
}

fn remounted_writable() {
    let engine = run::docker();
    let container = start(&engine, "remounted-writable");
    let target = container.pid().to_string();
    let remount = ["--target", &target, "--mount", "/secaudit", "witness", "remount"];
    let done_so = Command::new("nsenter").args(remount).status().expect("nsenter can be started");
    assert!(done_so.success(), "{done_so}");
    let session = container.exec("", &[]);
    let audit = audited(&engine, &container);
    const EXPECTED: &[Expectation] = &[
        fails(RULE, &[done(WriteRoot)]).at(Severity::High),
        fails("read-only-root", &[done(WriteRoot)]),
    ];
    agree(EXPECTED, audit.only(), &session);
    says(&audit, ["a read-only root", "the root is writable"]);
    record("remounted-writable", Some(&engine.address), &container.name);
}

/// Writes a limit of the container's own cgroups where they have such a file.
#[expect(clippy::disallowed_methods, reason = "a limit is set by a file")]
fn set(container: &Container<'_>, files: &[&str], limit: &str) {
    let folders = cgroups(container.pid());
    let folders = folders.iter().filter_map(|procs| procs.strip_suffix("cgroup.procs"));
    let present = folders
        .flat_map(|folder| files.iter().map(move |file| format!("{folder}{file}")))
        .filter(|file| std::path::Path::new(file).exists());
    let mut is_set = false;
    for file in present {
        std::fs::write(&file, limit).unwrap_or_else(|error| panic!("{file}: {error}"));
        is_set = true;
    }
    assert!(is_set, "the container has none of {files:?}");
}

fn limits_raised() {
    let engine = run::docker();
    let container = start(&engine, "limits-raised");
    set(&container, &["pids.max"], "max");
    let session = container.exec("", &[]);
    let audit = audited(&engine, &container);
    const EXPECTED: &[Expectation] =
        &[fails(RULE, &[done(ExceedPids), refused(WriteRoot)]).at(Severity::High)];
    agree(EXPECTED, audit.only(), &session);
    says(&audit, ["processes at most 64", "no limit"]);
}

/// Less than was promised to the container, and nothing to its neighbours' harm.
fn limits_lowered() {
    let engine = run::docker();
    let container = start(&engine, "limits-lowered");
    set(&container, &["pids.max"], "48");
    let session = container.exec("", &[]);
    const EXPECTED: &[Expectation] = &[passes(RULE, &[refused(ExceedPids)])];
    agree(EXPECTED, audited(&engine, &container).only(), &session);
}

/// The first process gave root up; who comes later has it all the same.
fn exec_as_declared() {
    let engine = run::docker();
    let dropping = json!({"Cmd": ["/secaudit", "witness", "drop"]});
    let container = engine.start("exec-as-declared", &with_witness(dropping));
    let testimony = container.testimony();
    const BEFORE: &[Expectation] =
        &[passes("non-root-user", &[refused(BecomeRoot)]), fails("non-root-exec", &[])];
    agree(BEFORE, audited(&engine, &container).only(), &testimony);
    let session = container.exec("", &[]);
    const AFTER: &[Expectation] = &[
        fails("non-root-exec", &[done(BecomeRoot)]),
        fails("no-privileged-exec", &[done(BecomeRoot)]),
        passes(RULE, &[]),
    ];
    agree(AFTER, audited(&engine, &container).only(), &session);
}

/// Root above workers is nobody whom a policy of uid 1000 expects.
#[expect(clippy::disallowed_methods, reason = "a policy is a file")]
fn another_uid_than_expected() {
    let engine = run::docker();
    let folder = run::folder();
    let policy = folder.path().join("policy.toml");
    let text = "[rules.expected-uid]\nuids = [1000]\n[rules.pinned-image]\nat-least = \"digest\"\n";
    std::fs::write(&policy, text).expect("it can be written");
    let policy = policy.to_string_lossy();
    let master = json!({"Cmd": ["/secaudit", "witness", "master"]});
    const UNEXPECTED: &[Expectation] =
        &[fails("expected-uid", &[done(BecomeRoot)]), fails("pinned-image", &[])];
    const EXPECTED: &[Expectation] = &[passes("expected-uid", &[refused(BecomeRoot)])];
    for (name, config, expected) in
        [("unexpected", master, UNEXPECTED), ("expected", json!({"User": "1000"}), EXPECTED)]
    {
        let container = engine.start(name, &with_witness(config));
        let testimony = container.testimony();
        let audit = audit(&["--host", &engine.address, "--policy", &policy, &container.name]);
        agree(expected, audit.only(), &testimony);
        let first = format!("process {} ", container.pid());
        let statements = &finding(audit.only(), "expected-uid").statements;
        assert!(statements.iter().all(|it| it.starts_with(&first)), "{statements:?}");
    }
}

/// A container of an image that names a user, started as another one.
fn instead_of_the_images_user(name: &str, user: &str, expected: &[Expectation]) {
    let engine = run::docker();
    let tag = format!("{}.{name}", run::id());
    engine.import(witness().expect("the image can be made"), &tag, Some("USER app"));
    let config = with_witness(json!({"Image": image(&tag), "User": user}));
    let container = engine.start(name, &config);
    let testimony = container.testimony();
    agree(expected, audited(&engine, &container).only(), &testimony);
}

fn root_instead_of_the_images_user() {
    const EXPECTED: &[Expectation] = &[
        fails(RULE, &[done(BecomeRoot)]).at(Severity::Med),
        fails("non-root-exec", &[done(BecomeRoot)]),
    ];
    instead_of_the_images_user("root-instead", "0", EXPECTED);
}

fn another_user_than_the_images() {
    const EXPECTED: &[Expectation] = &[passes(RULE, &[refused(BecomeRoot)])];
    instead_of_the_images_user("another-user", "1002:1002", EXPECTED);
}

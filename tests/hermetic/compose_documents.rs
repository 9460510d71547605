//! The stack of the documents that the rules were made for: as they describe it it
//! fails, for their own reasons and at the lines that decide; corrected it is an A.

use std::collections::BTreeSet;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{command, stderr};

/// The targets of one of the two stacks, judged where nobody can be asked.
fn judged(stack: &str) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/documents").join(stack);
    judged_in(&folder)
}

fn judged_in(folder: &Path) -> Vec<Value> {
    let mut command = command(&["compose", "--engine", "none", "--format", "json"]);
    let output = command.current_dir(folder).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", stderr(&output)));
    report["targets"].as_array().unwrap().clone()
}

/// The targets of a stack where it is deployed: outside of this repository, and its
/// environment closed to others.
fn deployed(stack: &str) -> Vec<Value> {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/documents").join(stack);
    let folder = tempfile::tempdir().unwrap();
    let copied = Command::new("cp").arg("-r").arg(from.join(".")).arg(folder.path()).status();
    assert!(copied.unwrap().success());
    let closed = Permissions::from_mode(0o600);
    std::fs::set_permissions(folder.path().join(".env"), closed).unwrap();
    judged_in(folder.path())
}

/// What fails of a target: the rule, and the lines that decided it.
fn failures(target: &Value) -> BTreeSet<(&str, String)> {
    let findings = target["findings"].as_array().unwrap();
    let failed = findings.iter().filter(|it| it["verdict"] == "fail");
    let lines = failed.flat_map(|finding| {
        let evidence = finding["evidence"].as_array().unwrap();
        let written = evidence.iter().map(|it| &it["written"]).filter(|it| !it.is_null());
        written.map(|it| {
            let line = it["line"].as_u64().unwrap();
            let file = it["file"].as_str().unwrap();
            let text = std::fs::read_to_string(file).or_else(|_| {
                let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
                std::fs::read_to_string(folder.join("tests/corpus/documents/before").join(file))
            });
            let line = usize::try_from(line).unwrap() - 1;
            let line = text.unwrap().lines().nth(line).unwrap().trim().to_owned();
            (finding["rule"].as_str().unwrap(), line)
        })
    });
    lines.collect()
}

/// Service, rule, and the line that decides.
const REASONS: &[(&str, &str, &str)] = &[
    // The key that they write in its place does nothing.
    ("nginx", "read-only-root", "nginx:"),
    ("nginx", "fixed-uid", "USER 101"),
    ("nginx", "published-ports-bound", "- \"80:80\""),
    ("nginx", "memory-limit", "nginx:"),
    ("stage-server", "no-secrets-in-environment", "- JWT_SECRET=${JWT_SECRET}"),
    ("stage-server", "strong-secrets", "- JWT_SECRET=${JWT_SECRET}"),
    ("stage-server", "fixed-uid", "USER node"),
    ("flask-backend", "no-secrets-in-environment", "- DB_PASSWORD=${DB_PASSWORD}"),
    ("flask-backend", "published-ports-bound", "- \"8081:8081\""),
    ("flask-backend", "log-driver", "flask-backend:"),
    ("postgres", "datastore-internal", "- \"5432:5432\""),
    ("postgres", "no-secrets-in-environment", "POSTGRES_PASSWORD: ${DB_PASSWORD}"),
    ("postgres", "capabilities-dropped", "postgres:"),
    ("redis", "datastore-internal", "- \"6379:6379\""),
    ("redis", "no-new-privileges", "redis:"),
];

#[test]
fn the_documents_stack_fails_for_its_own_reasons_at_its_own_lines() {
    let targets = judged("before");
    assert_eq!(targets.len(), 5);
    for (service, rule, line) in REASONS {
        let target = targets.iter().find(|it| it["name"] == *service).unwrap();
        assert!(target["floor"].as_u64().unwrap() < 70, "{service}");
        let failures = failures(target);
        let is_there = failures.contains(&(*rule, (*line).to_owned()));
        assert!(is_there, "{service} {rule} {line:?} is not in {failures:#?}");
    }
}

#[test]
fn corrected_every_service_of_the_documents_is_an_a() {
    let targets = deployed("after");
    assert_eq!(targets.len(), 5);
    for target in targets {
        let open = |it: &&Value| it["verdict"] == "fail" || it["verdict"] == "unknown";
        let findings = target["findings"].as_array().unwrap();
        let open: Vec<&Value> = findings.iter().filter(open).collect();
        assert!(open.is_empty(), "{}: {open:#?}", target["name"]);
        assert_eq!((&target["grade"], &target["floor"]), (&"A".into(), &100.into()));
    }
}

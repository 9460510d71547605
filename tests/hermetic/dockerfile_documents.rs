//! The Dockerfiles of the documents that the rules were made for: as they were they
//! fail for the documents' own reasons; as they are recommended they meet them, and
//! where that falls short a finding says so.

use std::path::Path;

use serde_json::Value;

use crate::support::{command, stderr};

/// One file, judged where no engine is asked.
fn judged(file: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/builds");
    let file = format!("{file}.Dockerfile");
    let mut command = command(&["dockerfile", "--engine", "none", "--format", "json", &file]);
    let output = command.current_dir(folder).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", stderr(&output)));
    report["targets"][0].clone()
}

/// A rule's verdict, and the lines that decided it.
fn verdict(target: &Value, rule: &str) -> (String, Vec<u64>) {
    let findings = target["findings"].as_array().unwrap();
    let finding = findings.iter().find(|it| it["rule"] == rule).unwrap();
    let evidence = finding["evidence"].as_array().unwrap();
    let lines = evidence.iter().filter_map(|it| it["written"]["line"].as_u64());
    (finding["verdict"].as_str().unwrap().to_owned(), lines.collect())
}

/// The file, the rule, what it says, and the line that decides.
type Row = (&'static str, &'static str, &'static str, u64);

const BEFORE: &[Row] = &[
    ("python", "non-root-user", "pass", 8),
    ("python", "fixed-uid", "fail", 13),
    ("python", "healthcheck", "unknown", 0),
    ("python", "init-process", "unknown", 0),
    ("python", "multi-stage", "pass", 7),
    ("python", "pinned-image", "pass", 0),
    ("frontend", "non-root-user", "pass", 15),
    ("frontend", "fixed-uid", "fail", 15),
    ("frontend", "healthcheck", "unknown", 0),
    ("frontend", "init-process", "unknown", 0),
    ("stage", "fixed-uid", "fail", 13),
    ("stage", "healthcheck", "unknown", 0),
    ("stage", "init-process", "unknown", 0),
    ("agent", "non-root-user", "unknown", 0),
    ("agent", "pinned-image", "fail", 2),
    ("agent", "multi-stage", "fail", 7),
    ("python", "no-build-leftovers", "fail", 9),
    ("python", "minimal-base", "pass", 0),
    ("stage", "production-dependencies", "fail", 5),
    ("frontend", "production-dependencies", "pass", 0),
    ("agent", "minimal-base", "fail", 2),
    ("agent", "no-dev-tools", "fail", 5),
    ("agent", "no-dev-tools", "fail", 2),
    ("agent", "production-dependencies", "fail", 6),
    ("agent", "copy-not-add", "fail", 3),
    ("agent", "exec-form-command", "fail", 8),
    ("gunicorn", "pinned-image", "fail", 2),
    ("gunicorn", "no-secrets-in-environment", "fail", 3),
    ("gunicorn", "fixed-uid", "fail", 7),
    ("gunicorn", "no-login-shell", "fail", 6),
    ("gunicorn", "healthcheck-timing", "fail", 8),
    ("gunicorn", "exec-form-command", "fail", 9),
];

const AFTER: &[Row] = &[
    ("python", "non-root-user", "pass", 18),
    ("python", "fixed-uid", "pass", 18),
    ("python", "no-login-shell", "pass", 12),
    ("python", "healthcheck", "pass", 21),
    ("python", "healthcheck-timing", "pass", 20),
    ("python", "init-process", "pass", 22),
    ("python", "exec-form-command", "pass", 23),
    // What a later step takes away is in a layer all the same.
    ("python", "no-build-leftovers", "fail", 13),
    ("python", "no-dev-tools", "pass", 0),
    ("python", "production-dependencies", "pass", 0),
    ("stage", "production-dependencies", "pass", 0),
    ("stage", "no-build-leftovers", "pass", 0),
    ("frontend", "minimal-base", "pass", 0),
    // Who builds it tells nobody where it comes from, unless the base does.
    ("frontend", "image-labels", "unknown", 0),
    // Python draws the seed anyway.
    ("python", "no-ineffective-hardening", "fail", 19),
    ("frontend", "non-root-user", "pass", 17),
    ("frontend", "healthcheck", "pass", 19),
    ("frontend", "init-process", "pass", 20),
    // No capability of the container is dropped.
    ("frontend", "no-ineffective-hardening", "fail", 16),
    ("stage", "non-root-user", "pass", 15),
    ("stage", "healthcheck-timing", "pass", 18),
    ("stage", "init-process", "pass", 20),
    ("stage", "multi-stage", "pass", 7),
    // The user owns what it is not to write.
    ("stage", "no-ineffective-hardening", "fail", 14),
    // The last stage is for developers, and ships where nobody names another.
    ("agent", "non-root-user", "fail", 18),
    ("agent", "no-dev-tools", "fail", 19),
    ("agent", "copy-not-add", "pass", 17),
    ("gunicorn", "non-root-user", "pass", 14),
    ("gunicorn", "fixed-uid", "pass", 14),
    ("gunicorn", "no-login-shell", "pass", 9),
    ("gunicorn", "pinned-image", "pass", 0),
    ("gunicorn", "healthcheck-timing", "pass", 15),
    ("gunicorn", "init-process", "pass", 17),
    ("gunicorn", "exec-form-command", "pass", 17),
    ("gunicorn", "no-secrets-in-environment", "pass", 0),
    ("gunicorn", "no-ineffective-hardening", "pass", 0),
];

fn wrong(folder: &str, rows: &[Row]) -> Vec<String> {
    let check = |(file, rule, expected, line): &Row| {
        let (found, lines) = verdict(&judged(&format!("{folder}/{file}")), rule);
        let is_there = *line == 0 || lines.contains(line);
        let is_right = found == *expected && is_there;
        (!is_right).then(|| {
            format!("{folder}/{file} {rule}: {found} at {lines:?}, not {expected} at {line}")
        })
    };
    rows.iter().filter_map(check).collect()
}

#[test]
fn as_they_were_they_fail_for_the_documents_reasons_at_their_lines() {
    assert_eq!(wrong("before", BEFORE), [""; 0]);
}

#[test]
fn as_they_are_recommended_they_meet_them_but_for_what_does_nothing() {
    assert_eq!(wrong("after", AFTER), [""; 0]);
}

//! What is said of a service's own lines, and of command lines that name none.

use std::process::Output;

use serde_json::Value;

use crate::compose::{document, laid_out};
use crate::support::{command, stderr, stdout};

fn compose(text: &str, arguments: &[&str]) -> Output {
    let folder = laid_out(&[("compose.yaml", text)]);
    let all = [&["compose", "--engine", "none"], arguments].concat();
    command(&all).current_dir(folder.path()).env("COLUMNS", "80").output().unwrap()
}

/// What a rule says of the only service.
fn finding(text: &str, rule: &str) -> Value {
    let document = document(&compose(text, &["--format", "json"]));
    let findings = document["targets"][0]["findings"].as_array().unwrap();
    findings.iter().find(|it| it["rule"] == rule).unwrap().clone()
}

#[test]
fn a_hook_that_is_more_than_its_service_is_told_at_its_line() {
    const RULE: &str = "no-privileged-exec";
    let service = "services:\n  web:\n    image: a:1\n    user: '1000'\n    ";
    for (hook, verdict) in [
        ("post_start:\n      - command: a\n        user: root", "fail"),
        ("pre_stop:\n      - command: a\n        privileged: true", "fail"),
        ("post_start:\n      - command: a\n        user: '33'", "pass"),
    ] {
        let finding = finding(&format!("{service}{hook}\n"), RULE);
        assert_eq!(finding["verdict"], verdict, "{hook}");
        assert_eq!(finding["evidence"][0]["written"]["line"], 7, "{hook}");
    }
    let said = stdout(&compose(&format!("{service}post_start: [{{user: root}}]\n"), &[]));
    assert!(said.contains("post_start: [{user: root}]"), "{said}");
}

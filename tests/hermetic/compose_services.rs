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

#[test]
fn a_service_that_is_built_at_a_stage_for_development_is_told_at_its_line() {
    const DOCKERFILE: &str = "FROM a AS base\nFROM base AS prod\nFROM base AS dev\n";
    let asked = |build: &str, dockerfile: Option<&str>| {
        let text = format!("services:\n  web:\n    build:\n      context: .\n{build}");
        let files = [("compose.yaml", text.as_str())];
        let dockerfile = dockerfile.map(|it| ("Dockerfile", it));
        let folder = laid_out(&files.into_iter().chain(dockerfile).collect::<Vec<_>>());
        let arguments = ["compose", "--engine", "none", "--format", "json"];
        let output = command(&arguments).current_dir(folder.path()).output().unwrap();
        let document = document(&output);
        let findings = document["targets"][0]["findings"].as_array().unwrap();
        let found = findings.iter().find(|it| it["rule"] == "production-target").unwrap();
        let line = found["evidence"][0]["written"]["line"].as_u64();
        (found["verdict"].as_str().unwrap().to_owned(), line)
    };
    let fails = |line| ("fail".to_owned(), Some(line));
    let target = |name: &str| format!("      target: {name}\n");
    assert_eq!(asked(&target("dev"), Some(DOCKERFILE)), fails(5));
    assert_eq!(asked(&target("Prod"), Some(DOCKERFILE)).0, "pass");
    // Without a target it is the last stage, and the build as a whole is to blame.
    assert_eq!(asked("", Some(DOCKERFILE)), fails(3));
    // Where the Dockerfile is not at hand the name convicts, and acquits nobody.
    assert_eq!(asked(&target("dev"), None), fails(5));
    assert_eq!(asked(&target("prod"), None).0, "unknown");
    assert_eq!(asked(&target("${STAGE}"), Some(DOCKERFILE)).0, "unknown");
    let pulled = "    image: a:1\n    pull_policy: always\n";
    assert_eq!(asked(&(target("dev") + pulled), Some(DOCKERFILE)).0, "not-applicable");
}

/// What the program says of a command line, on a terminal of 80 columns.
fn says(arguments: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let folder = laid_out(&[("compose.yaml", "services: { web: { image: a } }")]);
    let mut command = command(arguments);
    let command = command.current_dir(folder.path()).env("COLUMNS", "80");
    let output = command.envs(variables.iter().copied()).output().unwrap();
    (output.status.code(), stdout(&output) + &stderr(&output))
}

#[test]
fn remote_files_are_not_fetched_and_whoever_their_address_names_is_not_shown() {
    for address in [
        "https://me:canary@example.com/shop/compose.yaml",
        "https://me:canary@example.com/*.yaml",
        "https://me:canary@example.com/[a",
        "oci://me:canary@registry/shop:1",
        "ssh://me:canary@example.com/shop.git",
        "git@example.com:shop.git",
    ] {
        let compose = ["compose", "--engine", "none"];
        for (arguments, variables) in [
            (vec![address], vec![]),
            (vec![address, "compose.yaml", "--fail-on", "none"], vec![]),
            (vec![address, "--format", "json"], vec![]),
            (vec!["-f", address], vec![]),
            (vec!["--matrix", address], vec![]),
            (vec!["--env-file", address], vec![]),
            (vec!["--project-directory", address], vec![]),
            (vec![], vec![("COMPOSE_FILE", address)]),
        ] {
            let (code, said) = says(&[&compose, arguments.as_slice()].concat(), &variables);
            let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(words.contains("remote files are not fetched"), "{arguments:?}: {said}");
            assert!(words.contains("; fetch it first"), "{arguments:?}: {said}");
            assert!(!said.contains("canary"), "{arguments:?}: {said}");
            assert_eq!(code, Some(3), "{arguments:?}: {said}");
        }
        let (_, said) = says(&["drift", "-f", address], &[]);
        assert!(said.contains("remote files are not") && !said.contains("canary"), "{said}");
    }
    let address = "https://me:canary@example.com/x";
    let host = "tcp://me:canary@127.0.0.1:1";
    for arguments in [
        ["compose", "--policy", address],
        ["compose", "--output", address],
        ["containers", "--host", host],
    ] {
        let (_, said) = says(&arguments, &[]);
        assert!(said.contains("://***@") && !said.contains("canary"), "{said}");
    }
}

#[test]
fn errors_and_warnings_are_no_wider_than_the_terminal() {
    let long = "a-folder-with-a-long-name/".repeat(4) + "compose.yaml";
    let service = "services:\n  web:\n    image: a\n    ";
    let odd = format!("{service}build: .\n    depends_on: [{}]\n", "gone-".repeat(12));
    let wrong = format!("{service}extends: {{ file: '{long}', service: \"${{WHO}}\" }} # {long}\n");
    let unknown = format!("{service}netwrk_mode_of_a_name_that_is_far_too_long: &a [*a, {long}]\n");
    for text in [odd.as_str(), &wrong, &unknown] {
        let said = stderr(&compose(text, &[]));
        assert!(!said.is_empty() && said.lines().all(|it| it.chars().count() <= 80), "{said}");
    }
    for arguments in [
        ["compose", "-f", &long].as_slice(),
        &["compose", "--policy", &long],
        &["containers", "--host", "unix:///a/folder/of/a/long/name/in/which/nobody/listens"],
        &["drift", "--context", "one-that-nobody-has"],
    ] {
        let (_, said) = says(arguments, &[]);
        assert!(!said.is_empty() && said.lines().all(|it| it.chars().count() <= 80), "{said}");
    }
}

#[test]
fn headings_of_findings_are_no_wider_than_the_terminal() {
    let text = "services:\n  db:\n    image: postgres:16\n    ports: ['5432:5432']\n    privileged: true\n";
    let said = stdout(&compose(text, &[]));
    assert!(said.contains("datastore-internal · expected:"), "{said}");
    let wide = said.lines().find(|it| it.chars().count() > 80);
    assert_eq!(wide, None);
}

#[test]
fn beside_an_entry_that_nobody_set_the_others_convict() {
    const SERVICE: &str =
        "services:\n  web:\n    image: a:1\n    user: '1000'\n    cap_drop: [ALL]\n    ";
    for (lists, rule) in [
        ("group_add: [docker, \"${X}\"]", "no-privileged-groups"),
        ("cap_add: [SYS_ADMIN, \"${X}\"]", "no-dangerous-capabilities"),
        ("security_opt: [\"seccomp=unconfined\", \"${X}\"]", "seccomp-filter"),
        ("security_opt: [\"${X}\", \"no-new-privileges:false\"]", "no-new-privileges"),
        ("security_opt: [\"${X}\", \"label=disable\"]", "lsm-confined"),
        ("ports: [\"80:80\", \"127.0.0.1:${X}:81\"]", "published-ports-bound"),
        ("devices: [\"/dev/sda\", \"${X}\"]", "no-host-devices"),
        ("device_cgroup_rules: [\"b 8:* rwm\", \"${X}\"]", "no-host-devices"),
        ("volumes: [\"/etc:/etc\", \"${X}\"]", "no-sensitive-mounts"),
        ("volumes: [\"/etc:/etc\", \"${X}\"]\n    cap_add: [\"${X}\"]", "no-escape-path"),
        ("environment: [DB_PASSWORD=postgres, \"A=${X}\"]", "no-default-credentials"),
    ] {
        let finding = finding(&format!("{SERVICE}{lists}\n"), rule);
        assert_eq!(finding["verdict"], "fail", "{lists}: {finding:#}");
    }
    for (lists, rule) in [
        ("group_add: [audio, \"${X}\"]", "no-privileged-groups"),
        ("cap_add: [\"${X}\"]", "no-dangerous-capabilities"),
        ("security_opt: [\"no-new-privileges:true\", \"${X}\"]", "no-new-privileges"),
        ("ports: [\"127.0.0.1:80:80\", \"${X}\"]", "published-ports-bound"),
        ("devices: [\"${X}\"]", "no-host-devices"),
    ] {
        let finding = finding(&format!("{SERVICE}{lists}\n"), rule);
        assert_eq!(finding["verdict"], "unknown", "{lists}: {finding:#}");
    }
}

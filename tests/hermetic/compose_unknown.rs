//! What keeps a project from being judged in full, or at all.

use std::fs;
use std::process::Output;

use tempfile::TempDir;

use crate::support::{command, stderr, stdout};

/// A service with which nothing is wrong at `high`, and its Dockerfile.
const DOCKERFILE: &str = "FROM scratch AS last\nUSER 1000\nENTRYPOINT [\"/service\"]\n";

/// The careful service of the table of exit codes, with this instead of its
/// `build: .`, and this at the end of the file.
fn hardened(build: &str, end: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/gate");
    let text = fs::read_to_string(path.join("hardened.yaml")).unwrap();
    let text = text.replace("    build: .\n", &format!("    {build}\n")) + end;
    fs::write(folder.path().join("compose.yaml"), text).unwrap();
    fs::write(folder.path().join("Dockerfile"), DOCKERFILE).unwrap();
    folder
}

fn compose(folder: &TempDir, arguments: &[&str]) -> Output {
    let all = [&["compose", "--engine", "none"], arguments].concat();
    command(&all).current_dir(folder.path()).env("COLUMNS", "80").output().unwrap()
}

/// How it ends, and what is said.
fn ends(folder: &TempDir) -> (Option<i32>, String) {
    let output = compose(folder, &[]);
    (output.status.code(), stdout(&output) + &stderr(&output))
}

#[test]
fn an_environment_file_that_is_not_there_leaves_secrets_unknown() {
    assert_eq!(ends(&hardened("build: .", "")).0, Some(0));
    let (code, said) = ends(&hardened("build: .\n    env_file: nowhere.env", ""));
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("nowhere.env"), "{said}");
    let file = "build: .\n    env_file: [{path: nowhere.env, required: false}]";
    assert_eq!(ends(&hardened(file, "")).0, Some(0));
}

#[test]
fn an_empty_target_is_the_last_stage() {
    assert_eq!(ends(&hardened("build: {context: ., target: ''}", "")).0, Some(0));
}

#[test]
fn a_context_in_the_place_of_a_stage_is_unknown() {
    let build = "build: {context: ., additional_contexts: {NAME: docker-image://x}}";
    let ends = |name: &str| ends(&hardened(&build.replace("NAME", name), ""));
    for name in ["last", "LAST", "scratch"] {
        let (code, said) = ends(name);
        assert_eq!(code, Some(3), "{name}: {said}");
        assert!(said.contains("additional_contexts"), "{said}");
    }
    assert_eq!(ends("other").0, Some(0));
}

#[test]
fn an_image_that_is_always_pulled_is_not_its_dockerfile() {
    let build = "build: .\n    image: shop/web:1\n    pull_policy: always";
    assert_eq!(ends(&hardened(build, "")).0, Some(3));
    assert_eq!(ends(&hardened(&build.replace("always", "build"), "")).0, Some(0));
}

#[test]
fn what_a_check_runs_in_a_dockerfile_is_not_shown() {
    let folder = hardened("build: .", "");
    let file = "FROM scratch\nUSER 1000\n\
                HEALTHCHECK CMD curl -u root:canary-Pw77 http://localhost || true\n";
    fs::write(folder.path().join("Dockerfile"), file).unwrap();
    fs::write(folder.path().join("compose.yaml"), "services: { web: { build: . } }").unwrap();
    for format in ["terminal", "json"] {
        let output = compose(&folder, &["--format", format]);
        let said = stdout(&output) + &stderr(&output);
        assert!(said.contains("HEALTHCHECK") && !said.contains("canary"), "{said}");
    }
}

#[test]
fn an_audit_that_judged_nothing_is_incomplete_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let write = |text: &str| fs::write(folder.path().join("compose.yaml"), text).unwrap();
    write("services: { web: { image: a, profiles: [debug] } }");
    let (code, said) = ends(&folder);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("no service is active; activate one with --profile"), "{said}");
    assert!(!said.contains("0 projects"), "{said}");
    let output = compose(&folder, &["--fail-on", "none", "compose.yaml", "compose.yaml"]);
    assert_eq!(output.status.code(), Some(3), "{}", stdout(&output));
    let more = folder.path().join("more.yaml");
    fs::write(more, "services: { more: { image: a, profiles: [debug] } }").unwrap();
    let output = compose(&folder, &["compose.yaml", "--matrix", "more.yaml"]);
    assert_eq!(output.status.code(), Some(3), "{}", stdout(&output));
    write("services: { web: !reset }");
    let (code, said) = ends(&folder);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("there is no service in the project"), "{said}");
}

#[test]
fn what_is_odd_is_told_once_with_its_place() {
    let folder = hardened("build: .\n    image: \"shop/web:1\"\n    depends_on: [gone]", "");
    for arguments in [&[][..], &["--matrix", "profiles"]] {
        let said = stderr(&compose(&folder, arguments));
        let lines: Vec<&str> = said.lines().filter(|it| it.contains("warning: ")).collect();
        assert_eq!(lines.len(), 2, "{said}");
        assert!(lines[0].starts_with("secaudit: warning: compose.yaml:6:18: "), "{said}");
    }
}

#[test]
fn an_override_is_no_project_of_its_own_and_is_told_where_it_is_left_out() {
    let folder = hardened("build: .", "");
    let path = folder.path().join("compose.override.yaml");
    fs::write(path, "services: { web: { privileged: true } }").unwrap();
    for arguments in [&["*.yaml"][..], &["compose.yaml"], &["-f", "compose.yaml"]] {
        let output = compose(&folder, arguments);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(0), "{arguments:?} {said}");
        assert!(said.contains("warning: compose.yaml: compose.override.yaml is not"), "{said}");
    }
    let output = compose(&folder, &["."]);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(1), ""));
}

#[test]
fn whoever_an_address_names_is_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    for text in [
        "include: ['https://u:canary-1@h/c.yaml']",
        "services: { web: { image: 'u:canary-2@registry/a:1' } }",
        "services: { web: { extends: { file: 'https://u:canary-3@h/c.yaml', service: a } } }",
    ] {
        fs::write(folder.path().join("compose.yaml"), text).unwrap();
        for format in ["terminal", "json"] {
            let output = compose(&folder, &["--format", format]);
            let said = stdout(&output) + &stderr(&output);
            assert!(!said.contains("canary"), "{text}: {said}");
        }
    }
}

//! `secaudit compose` as a user meets it, without an engine.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{command, schema, stderr, stdout};

/// Two services of which one is behind profiles; the other is careful.
pub(crate) const SHOP: &str = "
services:
  web:
    image: shop/web:1.2
    user: '1000:1000'
    read_only: true
    cap_drop: [ALL]
    environment: { DB_PASSWORD: canary-kW7vPq29sLx }
  debug:
    image: shop/debug:1.2
    user: '0'
    privileged: true
    profiles: [debug, support]
";

/// Files in a folder of their own.
pub(crate) fn laid_out(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// `secaudit compose` in a folder, on a terminal of 80 columns.
fn compose(folder: &Path, arguments: &[&str]) -> Output {
    let all = [&["compose", "--engine", "none"], arguments].concat();
    command(&all).current_dir(folder).env("COLUMNS", "80").output().unwrap()
}

/// As [`compose`], with this on standard input.
fn compose_of(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let all = [&["compose", "--engine", "none"], arguments].concat();
    let mut command = command(&all);
    let command = command.current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

pub(crate) fn document(output: &Output) -> Value {
    let document = serde_json::from_slice(&output.stdout);
    document.unwrap_or_else(|error| panic!("{error}: {}", stderr(output)))
}

/// The scorecard's targets, by their names.
fn names(output: &Output) -> Vec<String> {
    let document = document(output);
    schema().validate(&document).unwrap();
    let targets = document["targets"].as_array().unwrap();
    targets.iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect()
}

/// A schema as the program prints it.
pub(crate) fn printed(name: &str) -> jsonschema::Validator {
    let output = command(&["schema", name]).output().unwrap();
    let schema: Value = serde_json::from_slice(&output.stdout).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

/// Nothing is wider than the terminal, and no line ends in blanks.
pub(crate) fn fits(output: &Output, columns: usize) {
    for line in stdout(output).lines() {
        assert!(line.chars().count() <= columns, "{line:?}");
        assert_eq!(line, line.trim_end(), "{line:?}");
    }
}

#[test]
fn every_profile_is_graded_beside_the_project_without_any() {
    let folder = laid_out(&[("compose.yaml", SHOP)]);
    let output = compose(folder.path(), &["--matrix", "profiles"]);
    let text = stdout(&output);
    let rows: Vec<Vec<&str>> = text
        .lines()
        .take(3)
        .map(|it| it.split("  ").map(str::trim).filter(|it| !it.is_empty()).collect())
        .collect();
    assert_eq!(rows[0], ["SERVICE", "(no profile)", "debug", "support"]);
    assert_eq!(&rows[1][..2], ["debug", "·"], "{text}");
    assert!(rows[1][2].starts_with("F "), "{text}");
    assert!(rows[2][0] == "web" && rows[2].len() == 4, "{text}");
    assert_eq!(output.status.code(), Some(1));
    fits(&output, 80);
}

#[test]
fn a_long_name_widens_no_line_but_the_one_to_be_taken_over_as_it_stands() {
    let name = "a-long-name-".repeat(10);
    let folder = laid_out(&[(
        "compose.yaml",
        &format!(
            "services:\n  {name}:\n    image: a\n    privileged: true\n  web: {{ image: b }}\n"
        ),
    )]);
    let output = compose(folder.path(), &["--checklist", "all"]);
    let text = stdout(&output);
    let wide: Vec<&str> = text.lines().filter(|it| it.chars().count() > 80).collect();
    assert_eq!(wide, [format!("      {name}:")], "{text}");
    assert!(text.contains("steps\n"), "{text}");
    fits(&compose(folder.path(), &["--matrix", "profiles"]), 80);
}

#[test]
fn every_environment_is_graded_with_its_files_laid_over() {
    let folder = laid_out(&[
        ("compose.yaml", SHOP),
        ("staging.yaml", "services: { web: { mem_limit: 96m } }"),
        ("prod.yaml", "services: { web: { read_only: false } }"),
    ]);
    let arguments =
        ["compose.yaml", "--matrix", "staging.yaml", "prod.yaml", "staging.yaml,prod.yaml"];
    let output = compose(folder.path(), &arguments);
    let text = stdout(&output);
    assert!(text.contains("SERVICE  staging.yaml  prod.yaml  staging.yaml,prod.yaml"), "{text}");
    assert!(text.contains("  web: memory-limit: prod.yaml\n"), "{text}");
    assert!(text.contains("  web: read-only-root: prod.yaml, staging.yaml,prod.yaml\n"), "{text}");
    fits(&output, 80);
}

#[test]
fn a_matrix_as_json_fits_its_schema() {
    let folder = laid_out(&[("compose.yaml", SHOP), ("broken.yaml", "services: [")]);
    let validator = printed("matrix");
    for what in [&["profiles"][..], &["broken.yaml", "profiles"]] {
        let arguments = [&["--format", "json", "--matrix"], what].concat();
        let output = compose(folder.path(), &arguments);
        let document = document(&output);
        validator.validate(&document).unwrap();
        let environments = document["environments"].as_array().unwrap();
        assert_eq!(environments.len(), what.len() + 2);
        assert_eq!(document["exit_code"], 1);
        for environment in environments {
            schema().validate(&environment["report"]).unwrap();
        }
    }
}

#[test]
fn a_broken_environment_does_not_silence_the_others() {
    let folder = laid_out(&[("compose.yaml", SHOP), ("broken.yaml", "services: [")]);
    let output = compose(folder.path(), &["--matrix", "broken.yaml", "nowhere.yaml"]);
    assert_eq!(output.status.code(), Some(3), "{}", stdout(&output));
    assert!(stderr(&output).contains("broken.yaml:1:11"), "{}", stderr(&output));
    let output = compose(folder.path(), &["--matrix", "broken.yaml", "profiles"]);
    assert_eq!(output.status.code(), Some(1), "a failure goes before a gap");
    assert!(stdout(&output).contains("broken.yaml: INCOMPLETE"), "{}", stdout(&output));
}

#[test]
fn more_environments_than_fit_stand_below_each_other() {
    let mut text = "services:\n  base: { image: a }\n".to_owned();
    for number in 0..12 {
        text += &format!("  s{number}: {{ image: a, profiles: [environment-{number}] }}\n");
    }
    let folder = laid_out(&[("compose.yaml", &text)]);
    let output = compose(folder.path(), &["--matrix", "profiles"]);
    fits(&output, 80);
    let said = stdout(&output);
    assert!(said.lines().filter(|it| it.starts_with("SERVICE")).count() > 1, "{said}");
    let mut narrow = command(&["compose", "--engine", "none", "--matrix", "profiles"]);
    let narrow = narrow.current_dir(folder.path()).env("COLUMNS", "40").output().unwrap();
    fits(&narrow, 40);
}

#[test]
fn what_has_been_resolved_is_read_from_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["-f", "-"][..], &["-"]] {
        let arguments = [arguments, &["--format", "json"]].concat();
        let output = compose_of(folder.path(), &arguments, SHOP);
        assert_eq!(names(&output), ["web"], "{arguments:?}");
    }
    // It can be read once, and is wanted for every environment.
    let output = compose_of(folder.path(), &["-f", "-", "--matrix", "profiles"], SHOP);
    assert!(stdout(&output).contains("(no profile)  debug"), "{}", stdout(&output));
}

#[test]
fn a_folder_stands_for_its_project_and_so_does_the_one_above() {
    let folder = laid_out(&[
        ("shop/compose.yaml", SHOP),
        ("shop/compose.override.yaml", "services: { extra: { image: a } }"),
        ("shop/src/deep/.keep", ""),
    ]);
    let json = ["--format", "json"];
    let output = compose(folder.path(), &[&["shop"], &json[..]].concat());
    assert_eq!(names(&output), ["extra", "web"]);
    let output = compose(&folder.path().join("shop/src/deep"), &json);
    assert_eq!(names(&output), ["extra", "web"]);
    let output = compose(folder.path(), &json);
    assert_eq!((output.status.code(), names(&output).len()), (Some(3), 0));
}

#[test]
fn a_glob_names_projects_and_a_broken_one_does_not_silence_the_others() {
    let folder = laid_out(&[
        ("stacks/one/compose.yaml", SHOP),
        ("stacks/two/compose.yaml", "services: ["),
        ("stacks/three/compose.yaml", SHOP),
    ]);
    let output = compose(folder.path(), &["--format", "json", "stacks/*/compose.yaml"]);
    assert_eq!(names(&output), ["one/web", "three/web"]);
    assert!(stderr(&output).contains("stacks/two/compose.yaml:1:11"), "{}", stderr(&output));
    let gaps = document(&output)["origin"]["gaps"].as_array().unwrap().len();
    assert_eq!((output.status.code(), gaps), (Some(1), 1));
    let output = compose(folder.path(), &["--fail-on", "crit", "stacks/*"]);
    let text = stdout(&output);
    assert!(text.contains("one/web") && text.contains("three/web"), "{text}");
    assert_eq!(output.status.code(), Some(3), "{text}");
    fits(&output, 80);
}

#[test]
fn the_variable_compose_file_names_files_where_nobody_else_does() {
    let folder = laid_out(&[
        ("base.yaml", SHOP),
        ("more.yaml", "services: { extra: { image: a } }"),
        ("compose.yaml", "services: { other: { image: a } }"),
    ]);
    let run = |arguments: &[&str]| {
        let all = [&["compose", "--engine", "none", "--format", "json"], arguments].concat();
        let mut command = command(&all);
        command.current_dir(folder.path()).env("COMPOSE_FILE", "base.yaml:more.yaml");
        names(&command.output().unwrap())
    };
    assert_eq!(run(&[]), ["extra", "web"]);
    assert_eq!(run(&["-f", "compose.yaml"]), ["other"]);
}

#[test]
fn whoever_closes_the_pipe_has_read_enough() {
    let folder = laid_out(&[("a/compose.yaml", SHOP), ("b/compose.yaml", SHOP)]);
    for arguments in [&["a", "b"][..], &["a"], &["a", "--matrix", "profiles"]] {
        let all = [&["compose", "--engine", "none"], arguments].concat();
        let mut command = command(&all);
        let command = command.current_dir(folder.path()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(!said.contains("panicked") && !said.contains("Broken pipe"), "{said}");
        assert_eq!(child.wait().unwrap().code(), Some(1), "{arguments:?}");
    }
}

/// Names that want to steer a terminal.
pub(crate) const HOSTILE: &str = "
name: x
services:
  \"\\e]52;c;aGk=\\a\\e[2Jw\\u202eeb\":
    image: \"b\\e[31m\"
    user: \"\\e[5m0\"
    privileged: true
  behind: { image: a, profiles: [\"\\e[5mprofile\\u202e\"] }
";

#[test]
fn names_cannot_steer_the_terminal() {
    let folder = laid_out(&[("compose.yaml", HOSTILE), ("e\u{1b}[7m.yaml", "services: {}")]);
    for arguments in [
        &["compose.yaml"][..],
        &["compose.yaml", "compose.yaml"],
        &["--matrix", "profiles"],
        &["--matrix", "e\u{1b}[7m.yaml", "n\u{1b}[7m.yaml"],
        &["--format", "json"],
        &["--format", "json", "--matrix", "profiles"],
    ] {
        let output = compose(folder.path(), arguments);
        let said = stdout(&output) + &stderr(&output);
        assert!(!said.is_empty(), "{arguments:?}");
        let is_json = arguments.contains(&"json");
        let steers = |it: char| (it.is_control() && it != '\n') || (!is_json && it == '\u{202e}');
        assert!(!said.contains(steers), "{arguments:?}: {said:?}");
    }
}

#[test]
fn no_value_of_a_variable_is_told_in_any_format() {
    let text = SHOP.to_owned()
        + "    command: [run, --password=canary-Zt81LmQx]\n    labels: { token: canary-Ty55Pq }\n    \
           healthcheck: { test: [CMD, curl, -u, 'root:canary-Hh20Xx'] }\nx-note: canary-Nn31Yy\n";
    let folder = laid_out(&[
        ("compose.yaml", &text),
        (".env", "TOKEN=canary-Ee92Ab\n"),
        ("secret.env", "API_KEY=canary-Ff44Cd\n"),
        ("more.yaml", "services: { web: { env_file: secret.env, hostname: '${TOKEN}' } }"),
        ("bad.yaml", "services: { web: { environment: { A: canary-Bb17Zz }, ports: [ \"x\" ] } }"),
        ("worse.yaml", "services:\n  web:\n    environment: [ A=canary-Cc66Yy\n"),
    ]);
    for arguments in [
        &["--profile", "*"][..],
        &["-f", "compose.yaml", "-f", "more.yaml"],
        &["compose.yaml", "bad.yaml", "worse.yaml"],
        &["--matrix", "profiles", "more.yaml", "bad.yaml"],
    ] {
        for format in ["terminal", "json"] {
            let output = compose(folder.path(), &[arguments, &["--format", format]].concat());
            let said = stdout(&output) + &stderr(&output);
            assert!(said.contains("web") || said.contains("yaml"), "{arguments:?}: {said}");
            assert!(!said.contains("canary"), "{arguments:?} {format}: {said}");
        }
    }
}

#[test]
fn wrong_usage_is_told_as_such() {
    let folder = laid_out(&[("a.yaml", SHOP), ("b.yaml", SHOP)]);
    for arguments in [
        &["compose", "-f", "a.yaml", "b.yaml"][..],
        &["compose", "--matrix"],
        &["compose", "a.yaml", "b.yaml", "--matrix", "profiles"],
        &["compose", "a.yaml", "--fail-under", "101"],
        &["compose", "a.yaml", "--engine", "none", "--host", "unix:///x"],
        &["compose", "a.yaml", "--format", "yaml"],
        &["drift", "a.yaml"],
        &["drift", "--matrix", "profiles"],
        &["schema", "nothing"],
    ] {
        let output = command(arguments).current_dir(folder.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
        assert!(stdout(&output).is_empty() && !stderr(&output).is_empty(), "{arguments:?}");
    }
}

//! `secaudit containers --file`: findings on containers, and the lines of the files
//! that would mend them, beside an engine that is not one.

use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use crate::compose::{document, fits, laid_out};
use crate::support::{Answer, FakeEngine, command, inspect, schema, script, stderr, stdout};

const COMPOSE: &str = "name: shop
services:
  web:
    build: { context: app, target: final, args: { WHO: root } }
    privileged: true
    read_only: true
";

const DOCKERFILE: &str = "FROM scratch AS base
ARG WHO=1000
USER $WHO

FROM base AS final
ENV API_TOKEN=kW7vPq29sLxkW7vPq29sLx

FROM base
USER 1000
";

/// A container as the files would have it, but for its root file system.
fn weak() -> Value {
    let mut record = inspect('a');
    record["Config"]["User"] = "root".into();
    record["HostConfig"]["Privileged"] = true.into();
    record["HostConfig"]["ReadonlyRootfs"] = false.into();
    record
}

/// An engine with running containers: their names, labels, and what it says of them.
fn engine(containers: &[(&str, Value, Value)]) -> FakeEngine {
    let records: Vec<(&str, Value)> = containers
        .iter()
        .map(|(name, labels, record)| {
            let mut record = record.clone();
            record["Config"]["Labels"] = labels.clone();
            (*name, record)
        })
        .collect();
    let mut script = script("1.41", &records);
    script.insert("images/json".to_owned(), Answer::Body(200, b"[]".to_vec()));
    FakeEngine::start(script)
}

fn labels(project: &str, service: &str) -> Value {
    json!({
        "com.docker.compose.project": project, "com.docker.compose.service": service,
        "com.docker.compose.project.config_files": "/etc/shadow,/nowhere/compose.yaml",
        "com.docker.compose.project.working_dir": "/nowhere",
    })
}

fn shop() -> tempfile::TempDir {
    laid_out(&[("compose.yaml", COMPOSE), ("app/Dockerfile", DOCKERFILE)])
}

fn audit(folder: &Path, engine: &FakeEngine, arguments: &[&str]) -> Output {
    let host = engine.host();
    let all = [&["containers", "--host", &host], arguments].concat();
    command(&all).current_dir(folder).env("COLUMNS", "80").output().unwrap()
}

/// The places of a rule's finding on each target, as `file:line`, `+` where it is
/// right there already.
fn places(output: &Output, rule: &str) -> Vec<Vec<String>> {
    let document = document(output);
    schema().validate(&document).unwrap_or_else(|error| panic!("{error}"));
    let place = |mend: &Value| {
        let written = &mend["written"];
        let mark = if mend["asked_already"] == true { "+" } else { "" };
        let is_build = written["file"].as_str().unwrap().ends_with("Dockerfile");
        assert_eq!(mend["kind"], if is_build { "dockerfile" } else { "service" });
        format!("{}:{}{mark}", written["file"].as_str().unwrap(), written["line"])
    };
    let of = |target: &Value| {
        let mut findings = target["findings"].as_array().unwrap().iter();
        let finding = findings.find(|it| it["rule"] == rule).unwrap();
        let mends = finding.get("mend").and_then(Value::as_array);
        mends.map_or(&[][..], Vec::as_slice).iter().map(place).collect()
    };
    document["targets"].as_array().unwrap().iter().map(of).collect()
}

const JSON: [&str; 4] = ["-f", "compose.yaml", "--format", "json"];

#[test]
fn a_finding_names_the_lines_of_both_files_and_the_files_are_no_targets() {
    let folder = shop();
    let engine = engine(&[("one", labels("shop", "web"), weak())]);
    let output = audit(folder.path(), &engine, &JSON);
    for (rule, expected) in [
        ("non-root-user", &["compose.yaml:3", "app/Dockerfile:3"][..]),
        ("not-privileged", &["compose.yaml:5"]),
        ("read-only-root", &["compose.yaml:6+"]),
        ("memory-limit", &["compose.yaml:3"]),
        ("healthcheck", &["compose.yaml:3", "app/Dockerfile:5"]),
        ("no-new-privileges", &["compose.yaml:3"]),
    ] {
        assert_eq!(places(&output, rule), [expected], "{rule}");
    }
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let said = stdout(&output) + &stderr(&output);
    assert!(!said.contains("kW7vPq29sLx"), "{said}");
    let writes = engine.requests().into_iter().find(|it| !it.starts_with("GET "));
    assert_eq!(writes, None);
}

#[test]
fn who_answers_for_a_service_answers_for_its_containers() {
    let terms = "until=2999-12-31 owner=shop reason=b";
    let above = format!(
        "  # secaudit: waive not-privileged {terms}\n  # secaudit: waive seccomp-filter {terms}\n  web:"
    );
    let compose = COMPOSE.replace("  web:", &above);
    let compose = compose.replace(
        "    privileged",
        &format!("    # secaudit: waive memory-limit {terms}\n    privileged"),
    );
    let folder = laid_out(&[("compose.yaml", &compose), ("app/Dockerfile", DOCKERFILE)]);
    let engine = engine(&[("one", labels("shop", "web"), weak()), ("other", json!({}), weak())]);
    let output = audit(folder.path(), &engine, &JSON);
    let document = document(&output);
    schema().validate(&document).unwrap_or_else(|error| panic!("{error}"));
    let waived = |target: usize, rule: &str| {
        let all = document["targets"][target]["findings"].as_array().unwrap();
        all.iter().find(|it| it["rule"] == rule).unwrap().get("waived_at").cloned()
    };
    assert_eq!(waived(0, "not-privileged"), Some(json!("compose.yaml:3:3")));
    // One key's waiver speaks of the file's line, and not of what runs.
    assert_eq!(waived(0, "memory-limit"), None);
    assert_eq!(waived(1, "not-privileged"), None);
}

#[test]
fn a_pin_of_a_services_waiver_is_of_what_the_files_show() {
    let lines = |pin: &str| {
        let above = format!(
            "  # secaudit: waive not-privileged until=2999-12-31 owner=o reason=r evidence={pin}\n  web:"
        );
        COMPOSE.replace("  web:", &above)
    };
    let audited = |pin: &str| {
        let folder = laid_out(&[("compose.yaml", &lines(pin)), ("app/Dockerfile", DOCKERFILE)]);
        let engine = engine(&[("one", labels("shop", "web"), weak())]);
        let alone = command(&["compose", "--engine", "none", "--format", "json"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        (document(&alone), document(&audit(folder.path(), &engine, &JSON)))
    };
    let of_rule = |document: &Value| {
        let all = document["targets"][0]["findings"].as_array().unwrap();
        all.iter().find(|it| it["rule"] == "not-privileged").unwrap().clone()
    };
    let (alone, beside) = audited("0123456789abcdef");
    assert_eq!(alone["waivers"][0]["state"], "void");
    assert_eq!(of_rule(&beside).get("waived_at"), None);
    let digest = of_rule(&alone)["evidence_digest"].as_str().unwrap().to_owned();
    let (alone, beside) = audited(&digest);
    assert_eq!(alone["waivers"][0]["state"], "in-force");
    assert!(of_rule(&beside).get("waived_at").is_some());
}

#[test]
fn several_containers_of_a_service_are_one_problem_in_the_files() {
    let folder = shop();
    let labels = labels("shop", "web");
    let pair = [("one", labels.clone(), weak()), ("two", labels, weak())];
    let engine = engine(&pair);
    let output = audit(folder.path(), &engine, &["--file", "compose.yaml"]);
    let text = stdout(&output);
    let wanted = "
  file compose.yaml:3:3: nothing here sets it
       app/Dockerfile:3:6
       3 │ USER $WHO
         │      ^^^^
  why  A bug in a program that runs as root";
    assert_eq!(text.matches(wanted).count(), 1, "{text}");
    let set =
        "  file compose.yaml:5:17\n       5 │ privileged: true\n         │             ^^^^\n";
    assert!(text.contains(set), "{text}");
    let right = "  file compose.yaml:6:16 asks for it already: recreate the container\n";
    assert_eq!(text.matches(right).count(), 1, "{text}");
    fits(&output, 80);
}

#[test]
fn other_containers_are_judged_as_ever_and_no_label_leads_to_a_file() {
    let folder = shop();
    let others = [
        ("another", labels("other", "web"), weak()),
        ("ghost", labels("shop", "\u{1b}[2J../../etc/passwd"), weak()),
        ("own", labels("shop", "web"), weak()),
        ("plain", json!(null), weak()),
    ];
    let engine = engine(&others);
    let all = places(&audit(folder.path(), &engine, &JSON), "not-privileged");
    assert_eq!(all, [vec![], vec![], vec!["compose.yaml:5".to_owned()], vec![]]);
    // Nobody named the files that lie here.
    let all = places(&audit(folder.path(), &engine, &["--format", "json"]), "not-privileged");
    assert!(all.iter().all(Vec::is_empty), "{all:?}");
}

#[test]
fn a_service_behind_a_profile_is_joined_too() {
    let text = COMPOSE.to_owned() + "    profiles: [debug]\n";
    let folder = laid_out(&[("compose.yaml", &text), ("app/Dockerfile", DOCKERFILE)]);
    let engine = engine(&[("one", labels("shop", "web"), weak())]);
    let output = audit(folder.path(), &engine, &JSON);
    assert_eq!(places(&output, "not-privileged"), [["compose.yaml:5"]]);
}

#[test]
fn a_project_that_makes_no_sense_is_told_with_its_place_and_the_containers_are_judged() {
    let folder = laid_out(&[("compose.yaml", "services:\n  web: [\n")]);
    let engine = engine(&[("one", labels("shop", "web"), weak())]);
    for (gate, code) in [("none", 3), ("high", 1)] {
        let arguments = [&JSON[..], &["--fail-on", gate]].concat();
        let output = audit(folder.path(), &engine, &arguments);
        let said = stderr(&output);
        assert!(said.contains("--> compose.yaml:"), "{said}");
        assert_eq!(said.matches("secaudit: ").count(), 1, "{said}");
        assert_eq!(places(&output, "not-privileged"), [[""; 0]]);
        assert_eq!(output.status.code(), Some(code));
    }
}

#[test]
fn a_project_of_which_nothing_runs_is_said_to_be_one() {
    let folder = shop();
    let engine = engine(&[("one", labels("other", "web"), weak())]);
    let arguments = ["-f", "compose.yaml", "--fail-on", "none"];
    let output = audit(folder.path(), &engine, &arguments);
    let said = stderr(&output);
    assert!(said.contains("none of the containers is of the project shop; start it"), "{said}");
    assert!(stdout(&output).contains("not-privileged"), "{}", stdout(&output));
    assert_eq!(output.status.code(), Some(3));
    let arguments = [&arguments[..], &["-p", "other"]].concat();
    let output = audit(folder.path(), &engine, &arguments);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
}

#[test]
fn what_lies_beside_the_project_and_cannot_be_had_leaves_the_rest_alone() {
    let folder = laid_out(&[("compose.yaml", COMPOSE)]);
    let labels = labels("shop", "web");
    let mut record = weak();
    record["Config"]["Labels"] = labels;
    // An engine that does not let everybody see its images.
    let engine = FakeEngine::ordinary("1.41", &[("one", record)]);
    let output = audit(folder.path(), &engine, &JSON);
    let said = stderr(&output);
    assert!(said.contains("warning: web: app/Dockerfile: there is no such file"), "{said}");
    assert_eq!(places(&output, "not-privileged"), [["compose.yaml:5"]]);
    let text =
        COMPOSE.replace("build: { context: app, target: final, args: { WHO: root } }", "image: a");
    let folder = laid_out(&[("compose.yaml", &text)]);
    let output = audit(folder.path(), &engine, &JSON);
    assert!(stderr(&output).contains("warning: the images of the files are unknown"));
    assert_eq!(places(&output, "not-privileged"), [["compose.yaml:5"]]);
}

#[test]
fn options_of_a_project_without_its_files_are_wrong_usage() {
    for options in [["-p", "shop"], ["--profile", "debug"], ["--env-file", "a"]] {
        let output = command(&[&["containers"], &options[..]].concat()).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains("name them with --file"), "{}", stderr(&output));
    }
}

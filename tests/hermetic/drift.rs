//! `secaudit drift` beside an engine that is not one, and whose containers no
//! kernel here has.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::json;

use crate::compose::{HOSTILE, SHOP, document, fits, laid_out, printed};
use crate::support::{Answer, FakeEngine, command, inspect, script, stderr, stdout};

/// An engine with one running container of this project and service.
fn engine_with(project: &str, service: &str, is_one_off: &str) -> FakeEngine {
    let labels = json!({
        "com.docker.compose.project": project, "com.docker.compose.service": service,
        "com.docker.compose.oneoff": is_one_off,
    });
    let mut record = inspect('a');
    record["Config"]["Labels"] = labels.clone();
    let mut script = script("1.41", &[("one", record.clone())]);
    let id = format!("{:064x}", 0);
    let row = json!([{"Id": id, "Names": ["/\u{1b}[31mone"], "Image": "img", "State": "running",
        "Labels": labels}]);
    script.insert("containers/json".to_owned(), Answer::Body(200, row.to_string().into_bytes()));
    script.insert("images/json".to_owned(), Answer::Body(200, b"[]".to_vec()));
    FakeEngine::start(script)
}

fn drift(folder: &Path, engine: &FakeEngine, arguments: &[&str]) -> Output {
    let host = engine.host();
    let all = [&["drift", "--host", &host], arguments].concat();
    command(&all).current_dir(folder).env("COLUMNS", "80").output().unwrap()
}

#[test]
fn what_no_kernel_shows_is_unverifiable_and_no_drift() {
    let text = "name: shop\nservices: { web: { image: img, user: '1000', read_only: true, \
        cap_drop: [ALL], security_opt: [no-new-privileges] } }";
    let folder = laid_out(&[("compose.yaml", text)]);
    let engine = engine_with("shop", "web", "False");
    let output = drift(folder.path(), &engine, &["--format", "json"]);
    let document = document(&output);
    printed("drift").validate(&document).unwrap();
    let properties = document["containers"][0]["properties"].as_array().unwrap();
    let verdict = |key: &str| &properties.iter().find(|it| it["key"] == key).unwrap()["verdict"];
    for key in ["user", "read_only", "cap_add, cap_drop", "mem_limit"] {
        assert_eq!(verdict(key), "unverifiable", "{key}");
    }
    assert_eq!(output.status.code(), Some(3));
    // An engine that was told less convicts by itself.
    let text = text.replace("img, user", "img, mem_limit: 96m, user");
    fs::write(folder.path().join("compose.yaml"), text).unwrap();
    let output = drift(folder.path(), &engine, &[]);
    assert!(stdout(&output).contains("weaker"), "{}", stdout(&output));
    assert_eq!(output.status.code(), Some(1));
    fits(&output, 80);
    let writes = engine.requests().into_iter().find(|it| !it.starts_with("GET "));
    assert_eq!(writes, None);
}

#[test]
fn a_container_of_no_service_is_told_with_its_name_made_safe() {
    let folder = laid_out(&[("compose.yaml", HOSTILE)]);
    let engine = engine_with("x", "gh\u{1b}[2Jost", "False");
    for format in ["terminal", "json"] {
        let output = drift(folder.path(), &engine, &["--format", format]);
        let said = stdout(&output) + &stderr(&output);
        assert!(!said.contains(|it: char| it.is_control() && it != '\n'), "{said:?}");
        assert_eq!(output.status.code(), Some(1), "{said}");
    }
}

#[test]
fn a_project_of_which_nothing_runs_is_incomplete() {
    let folder = laid_out(&[("compose.yaml", SHOP)]);
    let engine = engine_with("another", "web", "False");
    let output = drift(folder.path(), &engine, &["-p", "shop"]);
    assert!(stdout(&output).contains("web: no container of this service runs"));
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    // Nobody answers there.
    let output = command(&["drift", "--host", "unix:///nowhere/engine.sock"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(stderr(&output).contains("start the engine"), "{}", stderr(&output));
    assert!(!stderr(&output).contains("--engine"), "{}", stderr(&output));
}

#[test]
fn what_is_odd_about_the_files_is_told_as_an_audit_of_them_tells_it() {
    let text = "name: shop\nservices: { web: { image: img, build: ., depends_on: [gone] } }";
    let files = ["compose.yaml", "docker-compose.yml"].map(|name| (name, text));
    let folder = laid_out(&[files.as_slice(), &[("Dockerfile", "FROM scratch\n")]].concat());
    let engine = engine_with("shop", "web", "False");
    let warnings = |output: &Output| -> Vec<String> {
        let said = stderr(output);
        said.lines().filter(|it| it.contains("warning")).map(str::to_owned).collect()
    };
    let host = engine.host();
    let audit = command(&["compose", "--host", &host]).current_dir(folder.path()).output().unwrap();
    let output = command(&["drift", "--host", &host]).current_dir(folder.path()).output().unwrap();
    let told = warnings(&output);
    assert!(told.iter().any(|it| it.contains("is taken, not docker-compose.yml")), "{told:?}");
    assert!(told.len() > 1, "{told:?}");
    assert_eq!(told, warnings(&audit));
}

#[test]
fn a_service_behind_a_profile_may_run_and_need_not() {
    let folder = laid_out(&[("compose.yaml", SHOP)]);
    let engine = engine_with("shop", "debug", "False");
    let output = drift(folder.path(), &engine, &["-p", "shop", "--format", "json"]);
    let document = document(&output);
    assert_eq!(document["containers"][0]["service"], "debug");
    assert_eq!(document["not_in_the_files"], json!([]));
    assert_eq!(document["not_running"], json!(["web"]));
    let engine = engine_with("shop", "web", "False");
    let text = stdout(&drift(folder.path(), &engine, &["-p", "shop"]));
    assert!(!text.contains("no container"), "{text}");
}

#[test]
fn a_service_does_not_run_by_a_command_that_was_run_once() {
    let text = SHOP.to_owned() + "  none: { image: a, scale: 0 }\n";
    let folder = laid_out(&[("compose.yaml", &text)]);
    let engine = engine_with("shop", "web", "True");
    let output = drift(folder.path(), &engine, &["-p", "shop", "--format", "json"]);
    let document = document(&output);
    assert_eq!(document["containers"][0]["service"], "web");
    assert_eq!(document["not_running"], json!(["web"]));
}

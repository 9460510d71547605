//! The Dockerfiles of the documents that the rules were made for, each beside its own
//! document's checklist: as they were they fail exactly the items that the document
//! names; as they are recommended they meet every one, and where the recommendation
//! itself does nothing a finding says so.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Answer, FakeEngine, command, script, stderr};

/// An engine that has the images that the documents build upon, as their registry
/// publishes what they are configured for.
fn engine() -> FakeEngine {
    let mut script = script("1.41", &[]);
    let python = |version: &str| {
        json!({"Cmd": ["python3"], "WorkingDir": "", "Env": [
            "PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG=C.UTF-8", format!("PYTHON_VERSION={version}"),
        ]})
    };
    let nginx = json!({
        "Entrypoint": ["/docker-entrypoint.sh"], "Cmd": ["nginx", "-g", "daemon off;"],
        "Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "NGINX_VERSION=1.25.5"],
        "ExposedPorts": {"80/tcp": {}}, "StopSignal": "SIGQUIT", "WorkingDir": "/",
        "Labels": {"maintainer": "NGINX Docker Maintainers <docker-maint@nginx.com>"},
    });
    let node = json!({
        "Entrypoint": ["docker-entrypoint.sh"], "Cmd": ["node"], "WorkingDir": "",
        "Env": ["PATH=/usr/local/bin:/usr/bin:/bin", "NODE_VERSION=20.18.0", "YARN_VERSION=1.22.22"],
    });
    let images = [
        ("python:3.11-slim", python("3.11.10")),
        ("python:3.12-slim", python("3.12.10")),
        ("python:3.12.10-slim", python("3.12.10")),
        ("nginx:1.25-alpine", nginx.clone()),
        ("nginx:1.25", nginx),
        ("node:20-alpine", node.clone()),
        ("node:20", node),
    ];
    let mut list = Vec::new();
    let body = |value: &Value| Answer::Body(200, value.to_string().into_bytes());
    for (place, (name, config)) in images.into_iter().enumerate() {
        let id = format!("sha256:{place:064x}");
        list.push(json!({"Id": id, "RepoTags": [name], "RepoDigests": []}));
        let image = json!({"Id": id, "Config": config});
        script.insert(format!("images/{id}/json"), body(&image));
    }
    script.insert("images/json".to_owned(), body(&Value::Array(list)));
    FakeEngine::start(script)
}

/// One Dockerfile beside the checklist of its document, whose number its folder begins with.
fn judged(engine: &FakeEngine, state: &str, folder: &str, stage: Option<&str>) -> Value {
    let (checklist, _) = folder.split_once('-').unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("integration/fleet").join(state);
    let host = engine.host();
    let mut arguments = vec!["dockerfile", "--host", &host, "--format", "json"];
    arguments.extend(["--checklist", checklist, "Dockerfile"]);
    arguments.extend(stage.into_iter().flat_map(|it| ["--target", it]));
    let output = command(&arguments).current_dir(root.join(folder)).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{folder}: {error}: {}", stderr(&output)));
    report["targets"][0].clone()
}

/// The ids of the items of this verdict, in the checklist's order.
fn items(target: &Value, verdict: &str) -> Vec<String> {
    let items = target["checklists"][0]["items"].as_array().unwrap();
    let such = items.iter().filter(|it| it["verdict"] == verdict);
    such.map(|it| it["id"].as_str().unwrap().to_owned()).collect()
}

/// What the findings of `no-ineffective-hardening` point at: the lines.
fn idle(target: &Value) -> Vec<u64> {
    let findings = target["findings"].as_array().unwrap();
    let finding = findings.iter().find(|it| it["rule"] == "no-ineffective-hardening").unwrap();
    if finding["verdict"] != "fail" {
        return Vec::new();
    }
    let evidence = finding["evidence"].as_array().unwrap();
    evidence.iter().filter_map(|it| it["written"]["line"].as_u64()).collect()
}

/// A system of a document.
struct System {
    /// The folder below that of a state, which begins with the document's number.
    folder: &'static str,
    /// The items that it fails as it was; empty where the document shows only how it is now.
    failed: &'static [&'static str],
    /// The stage that ships as it is recommended, where it is not the last.
    stage: Option<&'static str>,
    /// The lines of the recommendation that harden nothing.
    idle: &'static [u64],
}

const fn system(folder: &'static str, failed: &'static [&'static str]) -> System {
    System { folder, failed, stage: None, idle: &[] }
}

const SYSTEMS: &[System] = &[
    // All three run as root by the document's own table, though its excerpts end in a USER.
    System {
        // Python draws the seed anyway.
        idle: &[20],
        ..system(
            "0-optimized-dockerfiles/python",
            &["0.1", "0.10b", "0.14", "0.16", "0.18", "0.19b", "0.21"],
        )
    },
    // What the builder installs beside its dependencies, which the document names too, does
    // not ship.
    System {
        // No capability of the container is dropped.
        idle: &[18],
        ..system("0-optimized-dockerfiles/frontend", &["0.3", "0.9", "0.10a", "0.16", "0.21"])
    },
    System {
        // The user owns what it is not to write.
        idle: &[18],
        ..system("0-optimized-dockerfiles/stage", &["0.2", "0.9", "0.12", "0.16", "0.19a", "0.21"])
    },
    system("1-production-report/python", &["1.1"]),
    system("1-production-report/frontend", &["1.5", "1.7", "1.10"]),
    system("1-production-report/stage", &["1.11", "1.15"]),
    system("1-production-report/landing", &["1.1", "1.5", "1.6", "1.11", "1.13"]),
    System {
        stage: Some("runtime"),
        ..system("2-agents/agent", &["2.1", "2.2", "2.3", "2.4", "2.5", "2.7"])
    },
    system("3-compose-stack/stage", &["3.3", "3.6"]),
    system("3-compose-stack/flask", &["3.6"]),
    system("3-compose-stack/frontend", &["3.6"]),
    system(
        "4-flask-on-gunicorn/gunicorn",
        &["4.1", "4.2", "4.3", "4.5", "4.8", "4.9", "4.10", "4.11", "4.13"],
    ),
];

/// Every item that is not met, or of which nobody can tell, and why.
fn open(target: &Value) -> String {
    let items = target["checklists"][0]["items"].as_array().unwrap();
    let is_open = |it: &&Value| it["verdict"] == "not-met" || it["verdict"] == "unknown";
    let told =
        |it: &Value| format!("\n    {} {} {}", it["id"], it["statements"], it["gap"]["detail"]);
    items.iter().filter(is_open).map(told).collect()
}

#[test]
fn as_they_were_they_fail_exactly_the_items_that_their_document_names() {
    let engine = engine();
    for System { folder, failed, .. } in SYSTEMS.iter().filter(|it| !it.failed.is_empty()) {
        let target = judged(&engine, "before", folder, None);
        assert_eq!(items(&target, "not-met"), *failed, "{folder}{}", open(&target));
        assert_eq!(items(&target, "unknown"), [""; 0], "{folder}{}", open(&target));
    }
}

#[test]
fn as_they_are_recommended_they_meet_every_item_and_what_does_nothing_is_found() {
    let engine = engine();
    for System { folder, failed, stage, idle: lines } in SYSTEMS {
        let target = judged(&engine, "after", folder, *stage);
        assert_eq!(open(&target), "", "{folder}");
        let met = items(&target, "met");
        let unmended = failed.iter().find(|it| !met.iter().any(|met| met == *it));
        assert_eq!(unmended, None, "{folder} meets only {met:?}");
        assert_eq!(idle(&target), *lines, "{folder}");
    }
}

#[test]
fn the_recommended_agent_is_for_developers_where_nobody_names_its_stage() {
    let target = judged(&engine(), "after", "2-agents/agent", None);
    assert_eq!(items(&target, "not-met"), ["2.3", "2.4", "2.5"], "{}", open(&target));
}

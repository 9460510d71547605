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
    for (name, config) in [
        ("python:3.11-slim", python("3.11.10")),
        ("python:3.12-slim", python("3.12.10")),
        ("python:3.12.10-slim", python("3.12.10")),
        ("nginx:1.25-alpine", nginx.clone()),
        ("nginx:1.25", nginx),
        ("node:20-alpine", node),
    ] {
        let image = json!({"Id": format!("sha256:{:064x}", name.len()), "Config": config});
        let answer = Answer::Body(200, image.to_string().into_bytes());
        script.insert(format!("images/{name}/json"), answer);
    }
    FakeEngine::start(script)
}

/// One Dockerfile beside a checklist.
fn judged(engine: &FakeEngine, folder: &str, checklist: &str, stage: Option<&str>) -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/builds/documents");
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

/// A Dockerfile of a document: the folder, the stage that ships where it is not the
/// last, the items that are not met, and those of which nobody can tell.
type Row = (&'static str, Option<&'static str>, &'static [&'static str], &'static [&'static str]);

const BEFORE: &[Row] = &[
    // The number of its user, the seed, the labels, the time to start, wheels that stay.
    ("0-python/before", None, &["0.1", "0.10b", "0.14", "0.16", "0.18", "0.19b"], &[]),
    ("0-frontend/before", None, &["0.9", "0.10a", "0.16"], &[]),
    // Whose number `node` has, only the base image's own accounts say.
    ("0-stage/before", None, &["0.9", "0.12", "0.16", "0.19a"], &["0.2", "0.21"]),
    ("1-python/before", None, &["1.1"], &[]),
    ("1-frontend/before", None, &["1.5", "1.7", "1.10"], &[]),
    ("1-stage/before", None, &["1.11", "1.15"], &[]),
    ("1-site/before", None, &["1.1", "1.5", "1.6", "1.10", "1.11", "1.13"], &[]),
    ("2-agent/before", None, &["2.1", "2.2", "2.3", "2.4", "2.5", "2.7"], &[]),
    ("3-stage/before", None, &["3.3", "3.6"], &[]),
    (
        "4-gunicorn/before",
        None,
        &["4.1", "4.2", "4.3", "4.5", "4.8", "4.9", "4.10", "4.11", "4.13"],
        &[],
    ),
];

/// The same as they are recommended, with the lines that harden nothing.
const AFTER: &[(&str, Option<&str>, &[u64])] = &[
    // Python draws the seed anyway.
    ("0-python/after", None, &[21]),
    // No capability of the container is dropped.
    ("0-frontend/after", None, &[16]),
    // The user owns what it is not to write.
    ("0-stage/after", None, &[16]),
    ("1-python/after", None, &[]),
    ("1-frontend/after", None, &[]),
    ("1-stage/after", None, &[]),
    ("1-site/after", None, &[]),
    ("2-agent/after", Some("runtime"), &[]),
    ("3-stage/after", None, &[]),
    ("3-flask/after", None, &[]),
    ("3-frontend/after", None, &[]),
    ("4-gunicorn/after", None, &[]),
];

fn wrong(engine: &FakeEngine, row: Row) -> Option<String> {
    let (folder, stage, not_met, unknown) = row;
    let target = judged(engine, folder, &folder[..1], stage);
    let found = (items(&target, "not-met"), items(&target, "unknown"));
    let is_right = found.0 == not_met && found.1 == unknown;
    let why = || {
        let items = target["checklists"][0]["items"].as_array().unwrap();
        let open =
            items.iter().filter(|it| it["verdict"] != "met" && it["verdict"] != "not-applicable");
        let why = open
            .map(|it| format!("\n    {} {} {}", it["id"], it["statements"], it["gap"]["detail"]));
        why.collect::<String>()
    };
    (!is_right).then(|| format!("{folder}: {found:?}{}", why()))
}

#[test]
fn as_they_were_they_fail_exactly_the_items_that_their_document_names() {
    let engine = engine();
    let wrong: Vec<String> = BEFORE.iter().filter_map(|row| wrong(&engine, *row)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn as_they_are_recommended_they_meet_every_item_and_what_does_nothing_is_found() {
    let engine = engine();
    let idle = |(folder, stage, lines): &(&str, Option<&str>, &[u64])| {
        let found = idle(&judged(&engine, folder, &folder[..1], *stage));
        (found != *lines).then(|| format!("{folder}: ineffective at {found:?}"))
    };
    let met =
        AFTER.iter().filter_map(|(folder, stage, _)| wrong(&engine, (folder, *stage, &[], &[])));
    let wrong: Vec<String> = met.chain(AFTER.iter().filter_map(idle)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

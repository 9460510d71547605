//! `secaudit dockerfile` as a person runs it: files, folders, patterns, standard input.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

use secaudit::collect::compose::Images;
use secaudit::collect::compose::files::Disk;
use secaudit::collect::connect::NoEngine;
use secaudit::collect::dockerfile::{Contexts, Request, resolve};
use secaudit::collect::engine::Limits;
use secaudit::judge::Accept;
use secaudit::model::bundle::{self, Bundle};
use secaudit::model::source::Source;
use secaudit::policy::Policy;
use serde_json::{Value, json};

use crate::support::{Answer, FakeEngine, command, script, stderr};

const GOOD: &str = "FROM scratch\nUSER 1000:1000\nENTRYPOINT [\"/app\"]\n";

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// The names of what was judged, what was said beside it, and the exit code.
fn run(folder: &tempfile::TempDir, arguments: &[&str]) -> (Vec<String>, String, i32) {
    let mut command = command(&["dockerfile", "--engine", "none", "--format", "json"]);
    let output = command.args(arguments).current_dir(folder.path()).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let targets = report["targets"].as_array().unwrap();
    let names = targets.iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect();
    (names, stderr(&output), output.status.code().unwrap())
}

#[test]
fn a_folder_stands_for_the_dockerfiles_in_it_and_each_is_judged_once() {
    let folder = folder(&[
        ("Dockerfile", GOOD),
        ("Dockerfile.dev", GOOD),
        ("api.Dockerfile", GOOD),
        ("Dockerfile.dockerignore", "x"),
        ("compose.yaml", "services: {}"),
        ("web/Containerfile", GOOD),
    ]);
    let all = ["Dockerfile", "Dockerfile.dev", "api.Dockerfile"];
    assert_eq!(run(&folder, &[]).0, all);
    assert_eq!(run(&folder, &["Dockerfile", "Dockerfile*"]).0, ["Dockerfile", "Dockerfile.dev"]);
    assert_eq!(run(&folder, &["web"]).0, ["web/Containerfile"]);
}

#[test]
fn one_bad_file_is_told_at_its_line_and_silences_no_other() {
    let folder =
        folder(&[("a/Dockerfile", GOOD), ("b/Dockerfile", "RUN x\n"), ("c/Dockerfile", GOOD)]);
    let (names, said, code) = run(&folder, &["*/Dockerfile"]);
    assert_eq!(names, ["a/Dockerfile", "c/Dockerfile"]);
    assert_eq!(code, 3);
    assert!(said.contains("b/Dockerfile:1:1"), "{said}");
}

#[test]
fn an_odd_instruction_is_a_finding_and_the_rest_is_judged() {
    let folder = folder(&[("Dockerfile", "FROM scratch\nCOPPY a b\nUSER 0\n")]);
    let mut command = command(&["dockerfile", "--engine", "none"]);
    let output = command.current_dir(folder.path()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for line in ["Dockerfile:2:1", "2 │ COPPY a b", "write COPY", "Dockerfile:3:6", "3 │ USER 0"]
    {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(!text.contains("compose: "), "only what helps a Dockerfile is shown:\n{text}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn standard_input_is_a_dockerfile_too() {
    let mut command = command(&["dockerfile", "--engine", "none", "-"]);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    process.stdin.take().unwrap().write_all(b"FROM scratch\nUSER root\n").unwrap();
    let output = process.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("-:2:6") && text.contains("2 │ USER root"), "{text}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_stage_that_is_not_there_is_told_with_those_that_are() {
    let folder = folder(&[("Dockerfile", "FROM scratch AS build\nFROM scratch AS prod\n")]);
    let (names, said, code) = run(&folder, &["--target", "prood"]);
    assert_eq!((names.len(), code), (0, 3));
    assert!(said.contains("no stage is named") && said.contains("write prod"), "{said}");
    let (_, said, _) = run(&folder, &["--target", "other"]);
    assert!(said.contains("its stages are build, prod"), "{said}");
    let (names, ..) = run(&folder, &["--target", "BUILD"]);
    assert_eq!(names, ["Dockerfile#BUILD"]);
}

#[test]
fn no_form_of_the_report_holds_a_secret_or_a_comment() {
    let text = "FROM scratch\n# the canary-comment\nARG TOKEN=canary-arg\n\
        ENV DB_PASSWORD=canary-env URL=https://me:canary-url@host/\nLABEL api_token=canary-label\n\
        RUN curl -u me:canary-pair --header \"Authorization: Bearer canary-bearer\" x\n\
        COPY <<E /x\ncanary-file\nE\nHEALTHCHECK CMD app --password canary-check\n\
        USER 0\nADD canary.txt /a\nENTRYPOINT [\"app\", \"--token=canary-word\"]\n";
    let text = text.replace("ADD canary.txt", "ADD a.txt");
    let folder = folder(&[("Dockerfile", &text)]);
    for arguments in [&["--format", "json"][..], &[], &["--build-arg", "TOKEN=canary-given"]] {
        let mut command = command(&["dockerfile", "--engine", "none"]);
        let output = command.args(arguments).current_dir(folder.path()).output().unwrap();
        let shown = String::from_utf8(output.stdout.clone()).unwrap() + &stderr(&output);
        assert!(shown.contains("non-root-user"), "{shown}");
        assert!(!shown.contains("canary"), "{shown}");
    }
}

#[test]
fn a_file_of_another_kind_gives_nothing_away() {
    let folder = folder(&[(".env", "API_TOKEN=canary-token\nPLAIN=canary-plain\n")]);
    let (names, said, code) = run(&folder, &[".env"]);
    assert_eq!((names.len(), code), (0, 3));
    assert!(said.contains(".env:1:1") && !said.contains("canary"), "{said}");
}

/// An engine that has one image with this configuration.
fn engine_with(name: &str, config: &Value) -> FakeEngine {
    let id = format!("sha256:{}", "a".repeat(64));
    let mut script = script("1.43", &[]);
    let list = json!([{"Id": id, "RepoTags": [name], "RepoDigests": []}]);
    let body = |it: &Value| Answer::Body(200, it.to_string().into_bytes());
    script.insert("images/json".to_owned(), body(&list));
    script.insert(format!("images/{id}/json"), body(&json!({"Id": id, "Config": config})));
    FakeEngine::start(script)
}

#[test]
fn what_the_dockerfile_leaves_out_is_the_base_images_where_the_engine_has_it() {
    let folder = folder(&[(
        "Dockerfile",
        "FROM node:22.1\nENV A=1 LEVEL=$LEVEL\nCMD [\"node\", \"a.js\"]\n",
    )]);
    let judged = |user: &str| {
        let config = json!({"User": user, "Env": ["LEVEL=debug", "B_TOKEN=canary-of-the-base"],
            "Entrypoint": ["tini", "--"], "Healthcheck": {"Test": ["CMD", "x"]}});
        let engine = engine_with("node:22.1", &config);
        let mut command = command(&["dockerfile", "--host", &engine.host(), "--format", "json"]);
        let output = command.current_dir(folder.path()).output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(!report.to_string().contains("canary"));
        report["targets"][0]["findings"].as_array().unwrap().clone()
    };
    let verdict = |findings: &[Value], rule: &str| {
        findings.iter().find(|it| it["rule"] == rule).unwrap()["verdict"].clone()
    };
    let (user, root) = (judged("1000"), judged(""));
    for (rule, of_user, of_root) in [
        ("non-root-user", "pass", "fail"),
        ("healthcheck", "pass", "pass"),
        ("init-process", "pass", "pass"),
        ("exec-form-command", "pass", "pass"),
        ("no-secrets-in-environment", "fail", "fail"),
    ] {
        assert_eq!(verdict(&user, rule), of_user, "{rule}");
        assert_eq!(verdict(&root, rule), of_root, "{rule}");
    }
}

#[test]
fn many_files_are_judged_in_one_run_and_the_order_is_that_of_their_names() {
    let names: Vec<String> = (0..300).map(|it| format!("p{it:03}/Dockerfile")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|it| (it.as_str(), GOOD)).collect();
    let folder = folder(&files);
    assert_eq!(run(&folder, &["*/Dockerfile"]).0, names);
}

#[test]
fn what_was_made_to_hurt_is_masked_and_judged_in_time() {
    const SIZE: usize = 1 << 17;
    let shapes = [
        ("FROM a\nRUN ", "a --password x "),
        ("FROM a\nRUN echo a | chpasswd;", "b:c "),
        ("FROM a\nRUN ", "\"'"),
        ("FROM a\nRUN ", "${"),
        ("FROM a\nRUN ", "https://a:b@c "),
        ("FROM a\nRUN ", "npm run x && "),
        ("FROM a\n", "RUN npm run x\n"),
        ("FROM a\n", "ENV A_TOKEN=hunter2\n"),
        ("FROM a\nENV ", "A_TOKEN=x "),
        ("FROM a\n", "ADD a b\n"),
        ("FROM a\n", "COPY --from=b x x\n"),
        ("FROM a\n", "USER b\n"),
        ("", "FROM a AS a\n"),
        ("FROM a\n", "RUN <<A\nTOKEN=x\nA\n"),
        ("FROM a AS b\nRUN apk add git gcc\nFROM a\n", "COPY --from=b /usr /usr\n"),
        ("FROM a\n", "RUN apk add -t b git && apk del b\n"),
        ("FROM a\n", "RUN apk add $A && apk del $A\n"),
        ("FROM a\nRUN ", "apk add git;apk del git;"),
        ("FROM a\nRUN ", "cd a;npm ci;rm -r b;"),
        ("FROM a\nRUN ", "apk add $A;apk del $A;"),
        ("FROM a\nWORKDIR /\nRUN ", "cd a;npm ci;"),
        ("FROM a\n", "FROM a\nRUN npm ci\nCOPY --from=0 . .\n"),
    ];
    for (begin, unit) in shapes {
        let text = format!("{begin}{}", unit.repeat(SIZE / unit.len()));
        let folder = folder(&[("Dockerfile", &text)]);
        let start = Instant::now();
        let (names, said, _) = run(&folder, &[]);
        let took = start.elapsed();
        assert_eq!(names, ["Dockerfile"], "{said}");
        assert!(took < Duration::from_secs(20), "{begin:?} {unit:?} took {took:?}");
    }
}

#[test]
fn the_evidence_holds_no_secret_and_is_judged_the_same_elsewhere() {
    let text = "FROM scratch\nARG TOKEN=canary-arg\nENV A_TOKEN=canary-env\n# canary-comment\n\
        RUN a --password canary-run\nUSER $USER_ID\nCOPPY x\n";
    let folder = folder(&[("Dockerfile", text), (".dockerignore", "*.md\n")]);
    let args = [("USER_ID", "7"), ("TOKEN", "canary-given")];
    let args = args.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let file = folder.path().join("Dockerfile");
    let request = Request { file, args: BTreeMap::from(args).into(), ..Request::default() };
    let nobody = NoEngine { detail: "no engine was asked".into(), remedy: "".into() };
    let images = Images::new(Err(nobody), Limits::within(Duration::from_secs(1)));
    let resolved = resolve(&request, &Disk::default()).unwrap();
    let mut bundle = resolved.bundle(&request, &images, &Contexts::default());
    let now = bundle::Answer::Text("2026-01-01T12:00:00Z".into());
    bundle.record(Source::Clock, Ok(now));
    let written = serde_json::to_string(&bundle).unwrap();
    assert!(!written.contains("canary"), "{written}");
    let read: Bundle = serde_json::from_str(&written).unwrap();
    let judge = |it: &Bundle| {
        let report = secaudit::evaluate(it, &Policy::baseline(), Accept::Kernel);
        secaudit::report::json(&report).unwrap()
    };
    assert_eq!(judge(&bundle), judge(&read));
    assert!(judge(&read).contains("COPPY"));
}

#[test]
fn an_installation_by_a_lock_file_that_the_build_is_not_given_is_told() {
    const TEXT: &str =
        "FROM scratch\nWORKDIR /app\nCOPY package*.json ./\nRUN npm ci\nUSER 1000:1000\n";
    let files = [("Dockerfile", TEXT), ("package.json", "{}")];
    let asked = |more: &[(&str, &str)], arguments: &[&str]| {
        let folder = folder(&[&files[..], more].concat());
        let mut command = command(&["dockerfile", "--engine", "none", "--format", "json"]);
        let output = command.args(arguments).current_dir(folder.path()).output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let findings = report["targets"][0]["findings"].as_array().unwrap();
        let found = findings.iter().find(|it| it["rule"] == "lockfile-install").unwrap();
        (found["verdict"].to_string(), found["statements"][0].to_string())
    };
    let (verdict, said) = asked(&[], &[]);
    assert_eq!(verdict, "\"fail\"", "{said}");
    assert!(said.contains("package-lock.json, which is not in the build's context"), "{said}");
    let lock = ("package-lock.json", "{}");
    let (verdict, said) = asked(&[lock], &[]);
    assert_eq!(verdict, "\"pass\"", "{said}");
    let (verdict, said) = asked(&[lock, (".dockerignore", "*\n!package.json\n")], &[]);
    assert!(verdict.contains("fail") && said.contains("the .dockerignore leaves out"), "{said}");
    // Where the project lies elsewhere nobody can tell.
    let (verdict, _) = asked(&[("other/x", "")], &["--context-dir", "other"]);
    assert_eq!(verdict, "\"pass\"");
}

#[test]
fn many_copies_of_many_names_are_followed_in_time() {
    let names: Vec<String> = (0..2_000).map(|it| format!("{it}/package.json")).collect();
    let copies = "COPY */p?ck*ge.jso[a-z] ./\n".repeat(20_000);
    let text = format!("FROM scratch\nWORKDIR /app\n{copies}{}", "RUN npm ci\n".repeat(20_000));
    let ignore = "**/a*b*c*/d\n".repeat(2_000);
    let mut files = vec![("Dockerfile", text.as_str()), (".dockerignore", &ignore)];
    files.extend(names.iter().map(|it| (it.as_str(), "")));
    let folder = folder(&files);
    let start = Instant::now();
    let (names, said, _) = run(&folder, &[]);
    assert_eq!(names, ["Dockerfile"], "{said}");
    assert!(start.elapsed() < Duration::from_secs(40), "{:?}", start.elapsed());
}

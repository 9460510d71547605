//! Environment files on disk: how they are kept is seen, and kept in the evidence.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::Duration;

use secaudit::collect::compose::files::Disk;
use secaudit::collect::compose::{Images, resolve};
use secaudit::collect::connect::NoEngine;
use secaudit::collect::engine::Limits;
use secaudit::judge::Accept;
use secaudit::model::bundle::{Answer, Bundle};
use secaudit::model::source::Source;
use secaudit::parse::compose::Request;
use secaudit::policy::Policy;
use serde_json::Value;
use tempfile::TempDir;

use crate::compose::{document, laid_out};
use crate::support::command;

const COMPOSE: &str = "services:\n  web:\n    image: web:1.0\n    env_file:\n      - conf/web.env\n      - conf/.env.example\n";

/// A project in a repository, its files closed to others and ignored.
fn project() -> TempDir {
    let folder = laid_out(&[
        (".git/HEAD", "ref: refs/heads/main\n"),
        (".gitignore", "*.env\n"),
        ("shop/compose.yaml", COMPOSE),
        ("shop/.env", "LEVEL=info\n"),
        ("shop/conf/web.env", "LEVEL=info\n"),
        ("shop/conf/.env.example", "LEVEL=info\n"),
    ]);
    for (name, mode) in [(".env", 0o600), ("conf/web.env", 0o640), ("conf/.env.example", 0o644)] {
        set_mode(&folder.path().join("shop").join(name), mode);
    }
    folder
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn open(path: &Path) {
    set_mode(path, 0o644);
}

/// The finding about a service's environment files.
fn finding(folder: &Path) -> Value {
    let mut command = command(&["compose", "--engine", "none", "--format", "json"]);
    let output = command.current_dir(folder.join("shop")).output().unwrap();
    let document = document(&output);
    let findings = document["targets"][0]["findings"].as_array().unwrap();
    findings.iter().find(|it| it["rule"] == "env-file-protected").unwrap().clone()
}

/// The verdict on the project after a change, and what is said of it.
fn verdict(change: impl FnOnce(&Path)) -> (String, String) {
    let folder = project();
    change(folder.path());
    let finding = finding(folder.path());
    (finding["verdict"].as_str().unwrap().to_owned(), finding["statements"].to_string())
}

/// An index with one entry of this name.
fn index(name: &str) -> Vec<u8> {
    let mut bytes = b"DIRC\0\0\0\x02\0\0\0\x01".to_vec();
    bytes.extend([0; 60]);
    bytes.extend(u16::try_from(name.len()).unwrap().to_be_bytes());
    bytes.extend(name.as_bytes());
    bytes.extend(vec![0; 8 - (62 + name.len()) % 8]);
    bytes.extend([0; 20]);
    bytes
}

#[test]
fn files_that_are_closed_and_ignored_pass() {
    assert_eq!(verdict(|_| {}).0, "pass");
}

#[test]
fn whatever_is_wrong_with_one_of_them_fails_and_is_named() {
    type Change = fn(&Path);
    let cases: [(&str, Change); 8] = [
        (".env has the mode 0644", |it| open(&it.join("shop/.env"))),
        ("conf/web.env has the mode 0644", |it| open(&it.join("shop/conf/web.env"))),
        (".env is not ignored", |it| fs::write(it.join("shop/.gitignore"), "!.env\n").unwrap()),
        (".env is not ignored", |it| fs::remove_file(it.join(".gitignore")).unwrap()),
        (".env is not ignored", |it| {
            fs::rename(it.join(".gitignore"), it.join("elsewhere")).unwrap();
            symlink("elsewhere", it.join(".gitignore")).unwrap();
        }),
        (".env is tracked", |it| fs::write(it.join(".git/index"), index("shop/.env")).unwrap()),
        // A file in the place of the folder, as a further work tree has one.
        (".env is tracked", |it| {
            fs::rename(it.join(".git"), it.join("elsewhere")).unwrap();
            fs::write(it.join(".git"), "gitdir: elsewhere\n").unwrap();
            fs::write(it.join("elsewhere/index"), index("shop/.env")).unwrap();
        }),
        // Who may read what a link leads to counts.
        (".env has the mode 0644", |it| {
            fs::rename(it.join("shop/.env"), it.join("elsewhere")).unwrap();
            open(&it.join("elsewhere"));
            symlink("../elsewhere", it.join("shop/.env")).unwrap();
        }),
    ];
    for (expected, change) in cases {
        let (verdict, said) = verdict(change);
        assert!(verdict == "fail" && said.contains(expected), "{expected}: {verdict}: {said}");
    }
}

#[test]
fn outside_of_a_repository_only_the_mode_counts() {
    let alone = |it: &Path| fs::remove_dir_all(it.join(".git")).unwrap();
    assert_eq!(verdict(alone).0, "pass");
    // A folder of that name is not yet a repository.
    let empty = |it: &Path| fs::remove_file(it.join(".git/HEAD")).unwrap();
    assert_eq!(verdict(empty).0, "pass");
}

#[test]
fn what_git_tracks_that_cannot_be_told_is_unknown() {
    let damaged = |it: &Path| fs::write(it.join(".git/index"), "DIRC?").unwrap();
    assert_eq!(verdict(damaged).0, "unknown");
    let endless = |it: &Path| {
        let file = fs::File::create(it.join(".git/index")).unwrap();
        file.set_len(1 << 40).unwrap();
    };
    assert_eq!(verdict(endless).0, "unknown");
    let many = |it: &Path| fs::write(it.join(".gitignore"), "x\n".repeat(1 << 18)).unwrap();
    assert_eq!(verdict(many).0, "unknown");
}

#[test]
fn an_exclude_of_the_repositorys_own_counts() {
    let own = |it: &Path| {
        fs::create_dir(it.join(".git/info")).unwrap();
        fs::rename(it.join(".gitignore"), it.join(".git/info/exclude")).unwrap();
    };
    assert_eq!(verdict(own).0, "pass");
}

#[test]
fn a_failure_points_at_the_line_that_names_the_file() {
    let folder = project();
    open(&folder.path().join("shop/conf/web.env"));
    let finding = finding(folder.path());
    let place = &finding["evidence"][0]["written"];
    assert_eq!((&place["file"], &place["line"]), (&"compose.yaml".into(), &5.into()), "{finding}");
}

#[test]
fn what_was_seen_is_judged_the_same_elsewhere() {
    let folder = project();
    open(&folder.path().join("shop/.env"));
    let request = Request { folder: folder.path().join("shop"), ..Request::default() };
    let resolved = resolve(&request, &Disk::default()).unwrap();
    drop(folder);
    let nobody = NoEngine { detail: "no engine was asked".into(), remedy: "".into() };
    let images = Images::new(Err(nobody), Limits::within(Duration::from_secs(1)));
    let mut bundle = resolved.bundle(&images, false);
    bundle.record(Source::Clock, Ok(Answer::Text("2026-01-01T12:00:00Z".into())));
    let read: Bundle = serde_json::from_str(&serde_json::to_string(&bundle).unwrap()).unwrap();
    let judge = |it: &Bundle| {
        let report = secaudit::evaluate(it, &Policy::baseline(), Accept::Kernel);
        secaudit::report::json(&report).unwrap()
    };
    assert_eq!(judge(&bundle), judge(&read));
    assert!(judge(&read).contains(".env has the mode 0644"));
}

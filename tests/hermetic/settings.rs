//! `secaudit.toml`: which one holds, and what of it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Output;

use tempfile::TempDir;

use crate::compose::{document, laid_out};
use crate::support::{command, stderr, stdout};

const MILD: &str = include_str!("../corpus/gate/mild.yaml");
const DOCKERFILE: &str = include_str!("../corpus/gate/Dockerfile");

/// A repository with a project in a folder of it, and these settings at its root.
fn repository(settings: &str) -> TempDir {
    let folder = laid_out(&[
        ("secaudit.toml", settings),
        ("app/compose.yaml", MILD),
        ("app/Dockerfile", DOCKERFILE),
    ]);
    fs::create_dir(folder.path().join(".git")).unwrap();
    folder
}

fn audit(folder: &Path, more: &[&str]) -> Output {
    let all = [&["compose"], more].concat();
    command(&all).current_dir(folder.join("app")).output().unwrap()
}

fn code(folder: &Path, more: &[&str]) -> i32 {
    let output = audit(folder, more);
    output.status.code().unwrap_or_else(|| panic!("{}", stderr(&output)))
}

const STRICT: &str = "engine = 'none'\nformat = 'json'\n[gate]\nfail-on = 'med'\n";

#[test]
fn the_nearest_file_holds_and_the_command_line_goes_before_it() {
    let folder = repository(STRICT);
    let output = audit(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let told = document(&output);
    let root = folder.path().canonicalize().unwrap().join("secaudit.toml");
    assert_eq!(told["settings"], root.display().to_string());
    assert_eq!(told["gate"]["fail_on"], "med");
    assert_eq!(stderr(&output), "", "who reads the report knows");
    assert_eq!(code(folder.path(), &["--fail-on", "high"]), 0);
    assert_eq!(code(folder.path(), &["--no-config", "--engine", "none"]), 0);
    let text = stdout(&audit(folder.path(), &["--format", "terminal"]));
    assert!(text.contains("settings of "), "{text}");
    // One that is nearer, and one that is named.
    fs::write(folder.path().join("app/secaudit.toml"), "engine = 'none'\n").unwrap();
    assert_eq!(code(folder.path(), &[]), 0);
    assert_eq!(code(folder.path(), &["--config", "../secaudit.toml"]), 1);
    assert_eq!(code(folder.path(), &["--config", "nowhere.toml"]), 2);
    assert_eq!(code(folder.path(), &["--config", "../secaudit.toml", "--no-config"]), 2);
}

#[test]
fn nothing_above_the_repository_or_the_home_directory_is_looked_at() {
    let folder = laid_out(&[
        ("secaudit.toml", "no sense"),
        ("shop/app/compose.yaml", MILD),
        ("shop/app/Dockerfile", DOCKERFILE),
    ]);
    let shop = folder.path().join("shop");
    assert_eq!(code(&shop, &["--engine", "none"]), 2, "it is found without a boundary");
    let mut at_home = command(&["compose", "--engine", "none"]);
    let at_home = at_home.current_dir(shop.join("app")).env("HOME", shop.canonicalize().unwrap());
    assert_eq!(at_home.output().unwrap().status.code(), Some(0));
    fs::create_dir(shop.join(".git")).unwrap();
    assert_eq!(code(&shop, &["--engine", "none"]), 0);
    // What asks nobody needs no settings.
    let rules = command(&["rules"]).current_dir(folder.path()).output().unwrap();
    assert_eq!(rules.status.code(), Some(0));
}

#[test]
fn its_paths_start_at_its_folder_and_each_command_has_a_baseline_of_its_own() {
    let folder = repository(
        "engine = 'none'\npolicy = 'security/p.toml'\n[baseline]\ncompose = 'security/known.json'\n",
    );
    fs::create_dir(folder.path().join("security")).unwrap();
    let policy = "name = 'shop'\n[gate]\nfail-on = 'low'\n";
    fs::write(folder.path().join("security/p.toml"), policy).unwrap();
    assert_eq!(code(folder.path(), &[]), 2, "there is no baseline yet");
    let known = ["--no-config", "--engine", "none", "--format", "json"];
    let known = audit(folder.path(), &known).stdout;
    fs::write(folder.path().join("security/known.json"), known).unwrap();
    let output = audit(folder.path(), &["--format", "json"]);
    let told = document(&output);
    assert_eq!(output.status.code(), Some(0), "{}", told["gate"]);
    assert_eq!((&told["policy"], &told["gate"]["fail_on"]), (&"shop".into(), &"low".into()));
    assert!(told["gate"]["baseline"]["known"].as_u64().unwrap() > 0);
    let mut other = command(&["dockerfile", "--format", "json"]);
    let other = other.current_dir(folder.path().join("app")).output().unwrap();
    assert!(document(&other)["gate"].get("baseline").is_none());
}

#[test]
fn what_makes_no_sense_is_told_at_its_place() {
    let folder = repository("[gate]\nfail-om = 'high'\n");
    let output = audit(folder.path(), &[]);
    let error = stderr(&output);
    assert_eq!(output.status.code(), Some(2));
    assert!(error.contains("secaudit.toml:2:1") && error.contains("fail-on"), "{error}");
}

#[test]
fn what_somebody_else_could_have_written_is_passed_over_and_told() {
    let mode = |path: &Path, mode: u32| {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    };
    let passed_over = |folder: &Path, why: &str| {
        let output = audit(folder, &["--engine", "none"]);
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(0), "{why}: {error}");
        assert!(error.contains("passed over") && error.contains(why), "{why}: {error}");
        let named = audit(folder, &["--config", "../secaudit.toml"]);
        assert_eq!(named.status.code(), Some(1), "{why}: who names it means it");
    };
    let folder = repository(STRICT);
    let file = folder.path().join("secaudit.toml");
    mode(&file, 0o666);
    passed_over(folder.path(), "everybody may write it");
    mode(&file, 0o644);
    mode(folder.path(), 0o777);
    passed_over(folder.path(), "everybody may write its folder");
    mode(folder.path(), 0o755);
    let real = folder.path().join("real.toml");
    fs::rename(&file, &real).unwrap();
    symlink("real.toml", &file).unwrap();
    passed_over(folder.path(), "a symbolic link");
    fs::remove_file(&file).unwrap();
    fs::rename(&real, &file).unwrap();
    // Only root can give a file away.
    if nix::unistd::geteuid().is_root() {
        let owner = Some(nix::unistd::Uid::from_raw(4711));
        nix::unistd::chown(&file, owner, None).unwrap();
        passed_over(folder.path(), "it belongs to another user (uid 4711)");
        nix::unistd::chown(&file, Some(nix::unistd::Uid::from_raw(0)), None).unwrap();
        nix::unistd::chown(folder.path(), owner, None).unwrap();
        passed_over(folder.path(), "its folder belongs to another user");
    }
    fs::remove_file(&file).unwrap();
    nix::unistd::mkfifo(&file, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let output = audit(folder.path(), &["--engine", "none"]);
    assert!(stderr(&output).contains("no regular file"), "{}", stderr(&output));
}

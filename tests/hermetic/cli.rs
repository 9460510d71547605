//! The command line as a person meets it: messages, exit codes, pipes.

use std::fs;
use std::process::Stdio;

use crate::support::{FakeEngine, command, inspect, secaudit, stderr, stdout};

/// One clear line on standard error, nothing on standard output, this code.
fn refuses(arguments: &[&str], code: i32, says: &[&str]) {
    let output = secaudit(arguments);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    assert!(stdout(&output).is_empty(), "{arguments:?}");
    for part in says {
        assert!(said.contains(part), "{arguments:?} should say {part:?}: {said}");
    }
    assert!(!said.contains("panicked") && !said.contains("backtrace"), "{said}");
}

#[test]
fn a_socket_that_is_not_there_is_one_line_with_the_next_step() {
    refuses(
        &["containers", "--host", "unix:///nonexistent/docker.sock"],
        3,
        &["cannot reach an engine at unix:///nonexistent/docker.sock", "--engine none"],
    );
}

#[test]
fn an_address_or_context_that_makes_no_sense_is_a_usage_error() {
    refuses(&["containers", "--host", "docker.sock"], 2, &["--host", "unix:///path"]);
    refuses(&["containers", "--host", "ssh://me@there"], 2, &["ssh -nNT -L"]);
    refuses(&["containers", "--context", "nowhere"], 2, &["--context", "\"nowhere\""]);
}

#[test]
fn a_rule_that_does_not_exist_is_a_usage_error_with_the_nearest_one() {
    refuses(&["explain", "no-new-privilege"], 2, &["did you mean no-new-privileges?"]);
    refuses(&["explain", "something-else"], 2, &["`secaudit rules` lists them all"]);
}

#[test]
fn a_policy_with_a_mistake_is_shown_at_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    fs::write(&path, "name = \"mine\"\n\n[rules.read-only-rot]\nseverity = \"high\"\n").unwrap();
    let path = path.display().to_string();
    refuses(
        &["containers", "--policy", &path],
        2,
        &["mine.toml:3:8", "no rule \"read-only-rot\"", "did you mean \"read-only-root\"?"],
    );
    refuses(
        &["containers", "--policy", "/nonexistent.toml"],
        2,
        &["cannot read the policy /nonexistent.toml"],
    );
}

#[test]
fn a_report_that_cannot_be_written_is_told_before_the_work_begins() {
    let engine = FakeEngine::ordinary("1.41", &[("web", inspect('1'))]);
    for path in ["/nonexistent/report.json", "/tmp"] {
        refuses(&["containers", "--host", &engine.host(), "-o", path], 4, &["cannot write", path]);
    }
    assert!(engine.requests().is_empty());
}

#[test]
fn a_name_that_no_container_has_is_incomplete_and_lists_those_that_run() {
    let engine = FakeEngine::ordinary("1.41", &[("web", inspect('1')), ("db", inspect('1'))]);
    refuses(
        &["containers", "--host", &engine.host(), "wep"],
        3,
        &["no running container is called wep", "running are web, db"],
    );
    let output =
        secaudit(&["containers", "--host", &engine.host(), "wep", "db", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["targets"].as_array().unwrap().len(), 1, "the one that runs is audited");
    assert!(stderr(&output).contains("called wep"));
}

#[test]
fn an_engine_without_containers_is_clean() {
    let output = secaudit(&["containers", "--host", &FakeEngine::ordinary("1.41", &[]).host()]);
    assert_eq!(output.status.code(), Some(0));
    assert!(stdout(&output).contains("no running containers"));
    assert!(stdout(&output).ends_with("NOTHING TO AUDIT\n"), "nothing was passed");
}

#[test]
fn the_report_file_appears_whole_and_replaces_the_old_one() {
    let engine = FakeEngine::ordinary("1.41", &[("web", inspect('1'))]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.json");
    fs::write(&path, "old").unwrap();
    let name = path.display().to_string();
    let output =
        secaudit(&["containers", "--host", &engine.host(), "--format", "json", "-o", &name]);
    assert!(stdout(&output).is_empty());
    let report: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(report["schema"], "secaudit/scorecard/v1");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
}

#[test]
fn a_report_into_something_that_is_no_file_leaves_it_what_it_is() {
    let engine = FakeEngine::ordinary("1.41", &[("web", inspect('1'))]);
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let reader = std::thread::spawn({
        let fifo = fifo.clone();
        move || fs::read_to_string(fifo).unwrap()
    });
    let name = fifo.display().to_string();
    secaudit(&["containers", "--host", &engine.host(), "--format", "json", "-o", &name]);
    assert!(reader.join().unwrap().contains("secaudit/scorecard/v1"));
    assert!(!fs::metadata(&fifo).unwrap().is_file(), "the FIFO is still one");

    let (file, link) = (folder.path().join("report"), folder.path().join("link"));
    fs::write(&file, "old").unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let name = link.display().to_string();
    secaudit(&["containers", "--host", &engine.host(), "--format", "json", "-o", &name]);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink(), "the link is still one");
    assert!(fs::read_to_string(&file).unwrap().contains("secaudit/scorecard/v1"));
}

#[test]
fn a_policy_that_would_never_end_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    refuses(&["containers", "--policy", &fifo.display().to_string()], 2, &["no regular file"]);
    refuses(&["containers", "--policy", "/dev/zero"], 2, &["no regular file"]);
}

#[test]
fn a_variable_that_is_no_text_disturbs_nobody() {
    use std::os::unix::ffi::OsStrExt;
    let odd = std::ffi::OsStr::from_bytes(b"\xff\xfe");
    let output =
        command(&["containers", "--engine", "auto", "nobody"]).env("ODD", odd).output().unwrap();
    assert_ne!(output.status.code(), Some(70), "{}", stderr(&output));
}

#[test]
fn options_that_contradict_each_other_are_a_usage_error() {
    refuses(
        &["containers", "--engine", "none", "--host", "unix:///x"],
        2,
        &["cannot be used with"],
    );
    refuses(&["containers", "--host", "unix:///x", "--context", "y"], 2, &["cannot be used with"]);
    refuses(&["containers", ""], 2, &["NAME"]);
}

#[test]
fn who_closes_the_pipe_early_gets_no_error() {
    let engine = FakeEngine::ordinary("1.41", &[("web", inspect('1'))]);
    let mut child = command(&["containers", "--host", &engine.host()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(stderr(&output), "");
    assert_eq!(output.status.code(), Some(3), "the gate's code, as without a pipe");
}

#[test]
fn the_gate_is_where_the_options_put_it() {
    // Declared: no health check (med), no memory limit (med); the kernel is silent.
    let engine = FakeEngine::ordinary("1.41", &[("web", inspect('1'))]);
    let code = |more: &[&str]| {
        let host = engine.host();
        let mut arguments = vec!["containers", "--host", &host];
        arguments.extend(more);
        secaudit(&arguments).status.code().unwrap()
    };
    assert_eq!(code(&["--fail-on", "high"]), 3, "much at high is unknown, nothing fails");
    assert_eq!(code(&["--fail-on", "med"]), 1, "failing goes before incomplete");
    assert_eq!(code(&["--fail-on", "none"]), 0);
    assert_eq!(code(&["--fail-on", "none", "--fail-under", "50"]), 1);
    assert_eq!(code(&["--fail-on", "none", "--min-coverage", "50"]), 3);
    assert_eq!(code(&["--fail-under", "101"]), 2);
}

#[test]
fn a_report_into_a_pipe_has_no_colour_and_80_columns_are_enough() {
    let engine = FakeEngine::ordinary(
        "1.41",
        &[("web", inspect('1')), ("a-service-with-a-very-long-name-indeed", inspect('1'))],
    );
    let arguments = ["containers", "--host", &engine.host()];
    let plain = command(&arguments).env("COLUMNS", "80").output().unwrap();
    let text = stdout(&plain);
    assert!(!text.contains('\u{1b}'), "{text}");
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{}: {line}", line.chars().count());
    }
    let painted = command(&[&arguments[..], &["--color", "always"]].concat()).output().unwrap();
    assert!(stdout(&painted).contains("\u{1b}["));
}

#[test]
fn every_rule_is_listed_and_explained() {
    let list = stdout(&secaudit(&["rules"]));
    assert_eq!(list.lines().count(), secaudit::rules::ALL.len());
    for rule in secaudit::rules::ALL {
        let text = stdout(&secaudit(&["explain", rule.id]));
        let parts = [rule.id, rule.title, "Why it matters", "How to fix"];
        for part in parts.iter().chain(rule.references) {
            assert!(text.contains(part), "{} lacks {part}", rule.id);
        }
    }
}

#[test]
fn help_names_every_command_and_every_exit_code() {
    let help = stdout(&secaudit(&["--help"]));
    for part in ["containers", "rules", "explain", "schema", "demo", "Exit codes", "70"] {
        assert!(help.contains(part), "{part}: {help}");
    }
    assert_eq!(secaudit(&[]).status.code(), Some(2));
    assert_eq!(secaudit(&["--version"]).status.code(), Some(0));
    assert_eq!(secaudit(&["containers", "--format", "yaml"]).status.code(), Some(2));
}

#[test]
fn a_policy_is_shown_with_the_file_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    let text = "[rules.healthcheck]\nenabled = false\n[rules.memory-limit]\nseverity = 'high'\n\
        [roles.node-server.rules.expected-uid]\nuids = [1000]\n";
    fs::write(&path, text).unwrap();
    let path = path.display().to_string();
    let shown = stdout(&secaudit(&["policy", "show", "--policy", &path]));
    for part in [
        "policy mine.toml",
        "fail-on high  policies/baseline.toml:",
        "healthcheck: off",
        "memory-limit: high",
        "uids 1000, as node-server",
        "node-modules: /**/node_modules, mode 500",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let squeezed: String = shown.split_whitespace().collect();
    for line in [2, 4, 6] {
        assert!(squeezed.contains(&format!("{path}:{line}")), "{line}: {shown}");
    }
}

#[test]
fn checking_policies_tells_of_every_file_and_of_checklists_too() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let good = write("good.toml", "name = 'good'\n");
    let bad = write("bad.toml", "nam = 'bad'\n");
    let list = write("list.toml", "title = 'x'\nitems = []\n");
    let output = secaudit(&["policy", "check", &bad, &good, &list]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stdout(&output).contains("good.toml: a policy that makes sense"));
    let said = stderr(&output);
    assert!(said.contains("bad.toml:1:1") && said.contains("did you mean \"name\""), "{said}");
    assert!(said.contains("list.toml:1:1") && said.contains("no items"), "{said}");
    assert_eq!(secaudit(&["policy", "check", &good]).status.code(), Some(0));
}

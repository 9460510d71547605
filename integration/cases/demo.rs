//! `secaudit demo`, as a newcomer runs it, and as one who loses patience.

use std::process::{Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{Live, live};
use crate::audit::PROGRAM;
use crate::needs::Need;
use crate::wait::until;

pub(in crate::cases) fn all() -> Vec<Live> {
    let docker = [Need::Root, Need::Docker, Need::Program("docker")];
    vec![
        live("demo::with-docker", &docker, with_docker),
        live("demo::with-namespaces", &[Need::Root], with_namespaces),
        live("demo::interrupted", &docker, interrupted),
    ]
}

fn demo(with: &str) -> Output {
    Command::new(PROGRAM).args(["demo", "--with", with]).output().expect("the program runs")
}

/// The row of the scorecard that begins with this name.
fn row<'t>(text: &'t str, name: &str) -> Vec<&'t str> {
    let row = text.lines().find(|line| line.starts_with(name));
    row.unwrap_or_else(|| panic!("{name} has no row: {text}")).split_whitespace().collect()
}

/// What of demos there is in the engine, theirs whose process is `pid`.
fn left_by(pid: u32) -> Vec<String> {
    let asked = |arguments: &[&str]| {
        let output = Command::new("docker").args(arguments).output().expect("docker runs");
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let format = "{{.ID}} {{.Label \"secaudit.demo.made-by\"}}";
    let mut found = asked(&["ps", "-a", "--filter", "label=secaudit.demo", "--format", format]);
    found.retain(|line| line.contains(&pid.to_string()));
    found.extend(asked(&["images", "-q", &format!("secaudit-demo:{pid}")]));
    found
}

fn with_docker() {
    let output = demo("docker");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(row(&text, "secaudit-demo-hardened")[1..3], ["A", "100"]);
    assert_eq!(row(&text, "secaudit-demo-typical")[1], "F");
    assert!(text.contains("no-engine-socket") && text.contains("Everything is removed"), "{text}");
    assert!(!text.contains('\u{1b}'), "no colour goes into a pipe");
}

fn with_namespaces() {
    let output = demo("namespaces");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let hardened = row(&text, "demo-hardened");
    assert_eq!(hardened[3..8], ["1000", "0", "yes", "ro", "filter"], "{text}");
    assert_eq!(row(&text, "demo-typical")[1], "F");
}

/// Each signal at a moment when there is something to remove.
fn interrupted() {
    for (signal, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143), (Signal::SIGHUP, 129)] {
        let mut child = Command::new(PROGRAM)
            .args(["demo", "--with", "docker"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program runs");
        let pid = child.id();
        until("the demo makes something", || (!left_by(pid).is_empty()).then_some(()));
        kill(Pid::from_raw(pid.cast_signed()), signal).expect("the demo can be interrupted");
        let status = child.wait().expect("the demo ends");
        assert!(matches!(status.code(), Some(0)) || status.code() == Some(code), "{status:?}");
        assert_eq!(left_by(pid), Vec::<String>::new(), "after {signal}");
    }
}

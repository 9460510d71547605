//! An auditor who is not root: less is known, and nothing turns into a pass.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use secaudit::report::v1::{Target, Verdict};
use tempfile::TempDir;

use super::docker::{hardened, with_witness};
use super::{Live, live};
use crate::audit::{Audit, PROGRAM, audit, audit_by, finding};
use crate::engine::{Container, Engine};
use crate::needs::Need;
use crate::record::record_by;
use crate::run;

/// The rules whose answer rests on what `/proc` shows to root alone.
const BEHIND_HIDEPID: [&str; 5] = [
    "non-root-user",
    "no-new-privileges",
    "capabilities-dropped",
    "seccomp-filter",
    "no-privileged-exec",
];

pub(super) fn all() -> Vec<Live> {
    let needs = &[Need::Root, Need::Docker, Need::Program("setpriv"), Need::Program("unshare")];
    vec![
        live("unprivileged::on-an-ordinary-proc", needs, on_an_ordinary_proc),
        live("unprivileged::behind-hidepid", needs, behind_hidepid),
        live("unprivileged::behind-hidepid-without-an-engine", needs, without_an_engine),
    ]
}

/// A program, as nobody in the group of the engine's socket.
fn as_nobody(folder: &TempDir, program: &Path, arguments: &[&str]) -> Vec<String> {
    let arguments = arguments.iter().map(|&word| word.to_owned());
    nobody().into_iter().chain([copy(folder, program)]).chain(arguments).collect()
}

/// How a command begins that nobody runs, in the group of the engine's socket.
pub(super) fn nobody() -> Vec<String> {
    let group = std::fs::metadata(run::DOCKER).expect("the socket is there").gid().to_string();
    ["setpriv", "--reuid", "65534", "--regid", "65534", "--groups", &group]
        .map(str::to_owned)
        .to_vec()
}

/// A copy of a program for nobody, who may not enter every folder in which
/// programs are built.
pub(super) fn copy(folder: &TempDir, program: &Path) -> String {
    let copy = folder.path().join(program.file_name().expect("a program has a name"));
    std::fs::copy(program, &copy).expect("the program can be copied");
    for path in [folder.path(), &copy] {
        let everybody = Permissions::from_mode(0o755);
        std::fs::set_permissions(path, everybody).expect("the copy is the test's own");
    }
    copy.to_string_lossy().into_owned()
}

fn audit_as_nobody(folder: &TempDir, engine: &Engine, name: &str) -> Vec<String> {
    let arguments = ["containers", "--host", &engine.address, "--format", "json", name];
    as_nobody(folder, Path::new(PROGRAM), &arguments)
}

/// The hardened container and one with nothing set, each with its engine's name.
fn containers<'e>(engine: &'e Engine, suffix: &str) -> [Container<'e>; 2] {
    let mut careful = with_witness(hardened());
    careful["Healthcheck"]["Interval"] = serde_json::json!(3_600_000_000_000_u64);
    [("careful", careful), ("careless", with_witness(serde_json::json!({})))].map(
        |(name, config)| {
            let container = engine.start(&format!("{name}-{suffix}"), &config);
            container.testimony();
            container
        },
    )
}

/// Whatever root did not see pass, nobody may see pass, and no score rises.
fn never_better(root: &Target, nobody: &Target) {
    for (root, nobody) in root.findings.iter().zip(&nobody.findings) {
        assert_eq!(root.rule, nobody.rule);
        let is_sound = nobody.verdict == root.verdict || nobody.verdict == Verdict::Unknown;
        assert!(is_sound, "{}: root sees {root:?}, nobody {nobody:?}", root.rule);
    }
    assert!(nobody.floor <= root.floor, "{} is more than {}", nobody.floor, root.floor);
}

/// The table of what rules need is true: an ordinary user loses the verdicts
/// that it says take root, no others, and is told how to get them.
fn only_what_takes_root_is_unknown(root: &Target, nobody: &Target) {
    let table = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/needs.md");
    let table = std::fs::read_to_string(table).expect("the table is there");
    let takes_root = |rule: &str| {
        let row = table.lines().find(|line| line.starts_with(&format!("| {rule} |")));
        row.is_some_and(|row| row.trim_end().ends_with("| needed |"))
    };
    for (root, nobody) in root.findings.iter().zip(&nobody.findings) {
        if root.verdict != Verdict::Unknown && nobody.verdict == Verdict::Unknown {
            let gap = nobody.gap.as_ref().expect("what is unknown has a reason");
            assert!(takes_root(&nobody.rule), "{} is lost without root: {gap:?}", nobody.rule);
            assert!(gap.remedy.contains("root"), "{}: {gap:?}", nobody.rule);
        }
    }
}

fn by_root(engine: &Engine, container: &Container<'_>) -> Audit {
    audit(&["--host", &engine.address, &container.name])
}

fn on_an_ordinary_proc() {
    let engine = run::docker();
    let folder = run::folder();
    let [careful, careless] = containers(&engine, "ordinary");
    for (container, code) in [(&careful, 3), (&careless, 1)] {
        let command = audit_as_nobody(&folder, &engine, &container.name);
        let nobody = audit_by(Command::new(&command[0]).args(&command[1..]));
        let root = by_root(&engine, container);
        never_better(root.only(), nobody.only());
        assert_eq!(nobody.code, code, "{:?}", nobody.report.gate);
        only_what_takes_root_is_unknown(root.only(), nobody.only());
    }
    let own = std::env::current_exe().expect("this program has a path");
    let command = as_nobody(&folder, &own, &["bundle", &engine.address, &careful.name]);
    record_by("unprivileged", &command);
}

/// An audit by this command, in a `/proc` that hides other users' processes.
fn hidden(command: &[String]) -> Audit {
    let script = "mount -t proc -o hidepid=2 proc /proc && exec \"$@\"";
    audit_by(Command::new("unshare").args(["--mount", "sh", "-c", script, "sh"]).args(command))
}

/// Nothing is seen, and that is not taken for nothing being there.
fn without_an_engine() {
    let engine = run::docker();
    let container = engine.start("unseen", &with_witness(serde_json::json!({})));
    container.testimony();
    let folder = run::folder();
    let arguments = ["containers", "--engine", "none", "--format", "json"];
    let nobody = hidden(&as_nobody(&folder, Path::new(PROGRAM), &arguments));
    assert!(nobody.report.targets.is_empty());
    assert_eq!(nobody.code, 3, "{:?}", nobody.report.gate);
    let gaps = &nobody.report.gate.gaps;
    assert!(gaps.iter().any(|gap| gap.contains("hidepid")), "{gaps:?}");
}

fn behind_hidepid() {
    let engine = run::docker();
    let folder = run::folder();
    let [careful, careless] = containers(&engine, "hidden");
    for (container, code) in [(&careful, 3), (&careless, 1)] {
        let nobody = hidden(&audit_as_nobody(&folder, &engine, &container.name));
        never_better(by_root(&engine, container).only(), nobody.only());
        assert_eq!(nobody.code, code, "{:?}", nobody.report.gate);
        for rule in BEHIND_HIDEPID {
            let finding = finding(nobody.only(), rule);
            let named = finding.gap.as_ref().is_some_and(|gap| gap.detail.contains("hidepid"));
            let is_said = finding.verdict == Verdict::Unknown && named;
            assert!(is_said || finding.verdict == Verdict::Fail, "{finding:?}");
        }
    }
}

//! Containers that no engine is asked about: the kernel alone tells.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use secaudit::report::v1::{FoundBy, Verdict};
use tempfile::TempDir;

use super::docker::{hardened, with_witness};
use super::{Live, live};
use crate::agree::{Expectation, agree, done, fails, gained, not_gained, passes, refused, unknown};
use crate::audit::audit;
use crate::image;
use crate::needs::Need;
use crate::record::record;
use crate::run;
use crate::testimony::Testimony;
use crate::witness::Act::{
    BecomeRoot, ChangePersonality, Mount, OpenHostQueue, OpenRawSocket, ReachHostLoopback,
    SeeOtherProcesses, WriteRoot, WriteTmp,
};
use crate::witness::WITNESS;

pub(super) fn all() -> Vec<Live> {
    let with = |program| [Need::Root, Need::Program("setpriv"), Need::Program(program)];
    vec![
        live("without-engine::docker", &[Need::Root, Need::Docker], docker),
        live("without-engine::bubblewrap", &with("bwrap"), bubblewrap),
        live("without-engine::systemd-nspawn", &with("systemd-nspawn"), nspawn),
        live("without-engine::lxc", &with("lxc-start"), lxc),
    ]
}

/// The rules on which only an engine has a word.
const BY_THE_ENGINE: &[&str] = &[
    "fixed-uid",
    "handles-sigterm",
    "healthcheck",
    "healthcheck-timing",
    "healthcheck-works",
    "log-driver",
    "no-ineffective-hardening",
    "non-root-exec",
    "pinned-image",
    "restart-policy",
];

/// The kernel's verdicts are the same, whoever named the container. Only what
/// the engine alone knows is unknown.
fn docker() {
    let engine = run::docker();
    let mut config = with_witness(hardened());
    config["Healthcheck"]["Interval"] = serde_json::json!(3_600_000_000_000_u64);
    let container = engine.start("without-engine", &config);
    let testimony = container.testimony();
    let with = audit(&["--host", &engine.address, &container.name]);
    let short: String = container.id.chars().take(12).collect();
    let without = audit(&["--engine", "none", &short]);
    assert_eq!(without.report.origin.found_by, FoundBy::Kernel);
    let target = without.only();
    let name = format!("docker-{short}");
    assert_eq!((target.id.as_str(), target.name.raw()), (container.id.as_str(), name.as_str()));
    for (alone, beside) in target.findings.iter().zip(&with.only().findings) {
        if alone.rule == "runs-as-declared" {
            assert_eq!(alone.verdict, Verdict::NotApplicable, "nothing is declared");
            continue;
        }
        let is_the_engines = BY_THE_ENGINE.contains(&&*alone.rule);
        let expected = if is_the_engines { Verdict::Unknown } else { beside.verdict };
        assert_eq!(alone.verdict, expected, "{alone:?}");
    }
    const EXPECTED: &[Expectation] = &[
        passes("non-root-user", &[refused(BecomeRoot)]),
        passes("memory-limit", &[]),
        unknown("healthcheck"),
    ];
    agree(EXPECTED, target, &testimony);
    assert_eq!(without.code, 0, "{:?}", without.report.gate);
    record("engine-less", None, &short);
}

/// A witness in a sandbox that this test made with another program.
struct Sandbox {
    child: Child,
    testimony: Testimony,
    /// The image's files; removed after the sandbox has ended.
    _folder: TempDir,
}

impl Sandbox {
    /// Starts the command that `words` makes of the folder with the image.
    fn start(words: impl FnOnce(&str) -> Vec<String>) -> Self {
        let folder = run::folder();
        let everybody = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.path(), everybody).expect("the folder is the test's own");
        let root = folder.path().join("root");
        image::unpack(&root).expect("the image can be unpacked");
        let words = words(&root.to_string_lossy());
        // It ends with the test's thread, however that ends.
        let mut child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "--"])
            .args(&words)
            .envs(run::bait().iter().filter_map(|pair| pair.split_once('=')))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("setpriv can be started");
        let testimony = Testimony::hear(&mut child);
        Self { child, testimony, _folder: folder }
    }

    /// The process that is the first of the sandbox: the only line of children.
    fn init(&self) -> u32 {
        let mut pid = self.child.id();
        while !is_first(pid) {
            pid = child_of(pid).expect("a sandbox has a first process");
        }
        pid
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let init = i32::try_from(self.init()).map(Pid::from_raw);
        // With its first process the whole sandbox ends, and its maker follows.
        let _ = init.map(|pid| kill(pid, Signal::SIGKILL));
        let _ = self.child.wait();
    }
}

fn is_first(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:")).unwrap_or_default();
    numbers.split_whitespace().skip(1).last() == Some("1")
}

fn child_of(pid: u32) -> Option<u32> {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// As an ordinary user makes it: everything apart, nothing writable but `/tmp`.
fn bubblewrap() {
    let sandbox = Sandbox::start(|root| {
        words(&[
            "setpriv",
            "--reuid",
            "1000",
            "--regid",
            "1000",
            "--clear-groups",
            "bwrap",
            "--unshare-all",
            "--as-pid-1",
            "--cap-drop",
            "ALL",
            "--new-session",
            "--ro-bind",
            root,
            "/",
            "--proc",
            "/proc",
            "--dev",
            "/dev",
            "--tmpfs",
            "/tmp",
            WITNESS,
            "witness",
        ])
    });
    let name = format!("pid-{}-", sandbox.init());
    let audit = audit(&["--engine", "none", &name]);
    const EXPECTED: &[Expectation] = &[
        passes("non-root-user", &[refused(BecomeRoot)]),
        passes("no-new-privileges", &[not_gained(BecomeRoot)]),
        passes("capabilities-dropped", &[refused(OpenRawSocket)]),
        passes("no-dangerous-capabilities", &[refused(Mount)]),
        passes("private-pid-namespace", &[refused(SeeOtherProcesses)]),
        passes("private-network-namespace", &[refused(ReachHostLoopback)]),
        passes("private-ipc-namespace", &[refused(OpenHostQueue)]),
        passes("read-only-root", &[refused(WriteRoot)]),
        fails("tmpfs-for-writes", &[done(WriteTmp)]),
        fails("seccomp-filter", &[done(ChangePersonality)]),
        unknown("healthcheck"),
    ];
    agree(EXPECTED, audit.only(), &sandbox.testimony);
    assert_eq!(audit.code, 1);
    record("bubblewrap", None, &name);
}

fn nspawn() {
    let sandbox = Sandbox::start(|root| {
        words(&[
            "systemd-nspawn",
            "--quiet",
            "--register=no",
            "--keep-unit",
            "--pipe",
            "--setenv=WITNESS_PORT",
            "--setenv=WITNESS_QUEUE",
            "--directory",
            root,
            WITNESS,
            "witness",
        ])
    });
    let name = format!("pid-{}-", sandbox.init());
    let audit = audit(&["--engine", "none", &name]);
    const EXPECTED: &[Expectation] = &[
        fails("non-root-user", &[done(BecomeRoot)]),
        fails("no-new-privileges", &[gained(BecomeRoot)]),
        fails("no-dangerous-capabilities", &[done(Mount)]),
        passes("private-pid-namespace", &[refused(SeeOtherProcesses)]),
        fails("private-network-namespace", &[done(ReachHostLoopback)]),
        passes("private-ipc-namespace", &[refused(OpenHostQueue)]),
        fails("read-only-root", &[done(WriteRoot)]),
    ];
    agree(EXPECTED, audit.only(), &sandbox.testimony);
    assert_eq!(audit.code, 1);
}

#[expect(clippy::disallowed_methods, reason = "LXC reads its configuration from a file")]
fn lxc() {
    let name = format!("secaudit-live-{}", run::id());
    let sandbox = Sandbox::start(|root| {
        let folder = Path::new(root).parent().expect("the root is in a folder");
        let configuration = folder.join("lxc.conf");
        let bait = run::bait().map(|it| format!("lxc.environment = {it}\n")).concat();
        let lines = format!(
            "lxc.uts.name = witness\nlxc.rootfs.path = dir:{root}\nlxc.net.0.type = empty\n\
             lxc.mount.auto = proc:mixed sys:ro\nlxc.init.cmd = {WITNESS} witness\n\
             lxc.console.path = none\n{bait}"
        );
        std::fs::write(&configuration, lines).expect("the folder is the test's own");
        words(&[
            "lxc-start",
            "--foreground",
            "--name",
            &name,
            "--lxcpath",
            &folder.to_string_lossy(),
            "--rcfile",
            &configuration.to_string_lossy(),
        ])
    });
    let audit = audit(&["--engine", "none", &name]);
    const EXPECTED: &[Expectation] = &[
        fails("non-root-user", &[done(BecomeRoot)]),
        fails("no-new-privileges", &[gained(BecomeRoot)]),
        fails("no-dangerous-capabilities", &[done(Mount)]),
        fails("seccomp-filter", &[done(ChangePersonality)]),
        passes("private-pid-namespace", &[refused(SeeOtherProcesses)]),
        passes("private-network-namespace", &[refused(ReachHostLoopback)]),
        passes("private-ipc-namespace", &[refused(OpenHostQueue)]),
        fails("read-only-root", &[done(WriteRoot)]),
    ];
    agree(EXPECTED, audit.only(), &sandbox.testimony);
    assert_eq!(audit.code, 1);
}

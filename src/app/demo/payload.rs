//! What runs inside a sandbox: `secaudit demo-payload`, hidden.
//!
//! No `fork` here: each stage starts the program again for the next one.

use std::fmt::Display;
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::SignalFd;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{chdir, getegid, geteuid, pivot_root};

use super::{confine, image};
use crate::app::args::DemoPayload;
use crate::app::exit::{self, Failure};
use crate::app::output;

/// What a program in a sandbox says once it is as it will be audited.
pub(super) const READY: &str = "ready";

/// Where the new root is put together: a folder that every system has. Only
/// the sandbox sees what is mounted on it.
const ROOT: &str = "/tmp";

/// The two sandboxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Hardened,
    Typical,
}

impl Kind {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Hardened => "hardened",
            Self::Typical => "typical",
        }
    }
}

/// Runs one stage.
pub(in crate::app) fn payload(payload: &DemoPayload) -> Result<u8, Failure> {
    let words: Vec<&str> = payload.words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["wait"] => until_a_signal(),
        ["healthy"] => Ok(exit::CLEAN),
        ["sandbox", "hardened"] => sandbox(Kind::Hardened),
        ["sandbox", "typical"] => sandbox(Kind::Typical),
        ["inside", "hardened"] => inside(Kind::Hardened),
        ["inside", "typical"] => inside(Kind::Typical),
        ["rest", "hardened"] => until_the_demo_ends(Kind::Hardened),
        ["rest", "typical"] => until_the_demo_ends(Kind::Typical),
        _ => Err(Failure::Usage("demo-payload is for `secaudit demo` alone".to_owned())),
    }
}

/// A container's program: waits for the engine's signal. The first process of
/// a PID namespace gets only signals that it asked for, so it asks.
fn until_a_signal() -> Result<u8, Failure> {
    let signals = SigSet::from_iter([Signal::SIGINT, Signal::SIGTERM, Signal::SIGCHLD]);
    signals.thread_block().or_fail("blocking signals")?;
    // Unlike `sigwait` this leaves what is waited for in the mask that an audit sees.
    let signals = SignalFd::new(&signals).or_fail("listening for a signal")?;
    output::print(&format!("{READY}\n"))?;
    loop {
        let signal = signals.read_signal().or_fail("waiting for a signal")?;
        if signal.is_some_and(|it| it.ssi_signo != Signal::SIGCHLD as u32) {
            return Ok(exit::CLEAN);
        }
        reap();
    }
}

/// Waits for whoever has ended: orphans of health checks and sessions are left
/// to the first process.
fn reap() {
    let ended = || waitpid(None, Some(WaitPidFlag::WNOHANG));
    while ended().is_ok_and(|status| status != WaitStatus::StillAlive) {}
}

/// The first stage: makes the namespaces that only a child can live in, and
/// starts that child.
fn sandbox(kind: Kind) -> Result<u8, Failure> {
    prctl::set_name(c"secaudit-demo").or_fail("naming the process")?;
    let may_make_any =
        caps::has_cap(None, caps::CapSet::Effective, caps::Capability::CAP_SYS_ADMIN)
            .or_fail("reading capabilities")?;
    match kind {
        Kind::Hardened => {
            if may_make_any && anybody_may_run_this() {
                // In a user namespace there may be nobody to become; the root
                // of one is an ordinary user already.
                let _ = confine::become_nobody();
            }
            user_namespace(1000)?;
            // The child is no root in there, so it would lose them at its start.
            confine::keep_capabilities_across_exec()?;
            let own = CloneFlags::CLONE_NEWPID
                | CloneFlags::CLONE_NEWNET
                | CloneFlags::CLONE_NEWIPC
                | CloneFlags::CLONE_NEWUTS
                | CloneFlags::CLONE_NEWCGROUP;
            unshare(own).or_fail("making namespaces")?;
        }
        Kind::Typical => {
            if !may_make_any {
                user_namespace(0)?;
            }
            unshare(CloneFlags::CLONE_NEWPID).or_fail("making a PID namespace")?;
        }
    }
    let mut child =
        again("/proc/self/exe", "inside", kind).spawn().or_fail("starting this program again")?;
    output::print(&format!("{}\n", child.id()))?;
    child.wait().or_fail("waiting for the sandbox")?;
    Ok(exit::CLEAN)
}

/// Whether this program can be started again by whom root becomes.
fn anybody_may_run_this() -> bool {
    std::fs::metadata("/proc/self/exe").is_ok_and(|file| file.permissions().mode() & 0o001 != 0)
}

/// Moves into a user namespace of its own, where this user is `uid`.
fn user_namespace(uid: u32) -> Result<(), Failure> {
    let (user, group) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER).or_fail("making a user namespace")?;
    // The kernel lets an ordinary user map a group only after it gave up setgroups(2).
    set("/proc/self/setgroups", "deny")?;
    set("/proc/self/uid_map", &format!("{uid} {user} 1"))?;
    set("/proc/self/gid_map", &format!("{uid} {group} 1"))
}

fn set(file: &str, value: &str) -> Result<(), Failure> {
    std::fs::File::options()
        .write(true)
        .open(file)
        .and_then(|mut file| file.write_all(value.as_bytes()))
        .or_fail(file)
}

/// The second stage, the first process of the new PID namespace: a root of its
/// own, made of the image on standard input; then the program in it.
fn inside(kind: Kind) -> Result<u8, Failure> {
    prctl::set_pdeathsig(Signal::SIGKILL).or_fail("tying the sandbox to the demo")?;
    unshare(CloneFlags::CLONE_NEWNS).or_fail("making a mount namespace")?;
    make_mount(None, "/", MsFlags::MS_REC | MsFlags::MS_PRIVATE, "")?;
    make_mount(Some("tmpfs"), ROOT, MsFlags::MS_NOSUID | MsFlags::MS_NODEV, "mode=755")?;
    let root = Path::new(ROOT);
    tar::Archive::new(io::stdin().lock()).unpack(root).or_fail("unpacking the image")?;
    let proc = root.join("proc");
    std::fs::create_dir(&proc).or_fail("making /proc")?;
    let tight = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    let access = if kind == Kind::Hardened { MsFlags::MS_RDONLY } else { MsFlags::empty() };
    // Inside another container the kernel refuses a fresh /proc; nothing here needs one.
    let _ = mount(None::<&str>, &proc, Some("proc"), tight | access, None::<&str>);
    if kind == Kind::Hardened {
        make_mount(Some("tmpfs"), &format!("{ROOT}/tmp"), tight, "size=1m,mode=1777")?;
    }
    chdir(root).or_fail("entering the new root")?;
    // The old root ends up on top of the new one, and is then taken away.
    pivot_root(".", ".").or_fail("changing the root")?;
    umount2(".", MntFlags::MNT_DETACH).or_fail("leaving the old root")?;
    chdir("/").or_fail("entering the new root")?;
    if kind == Kind::Hardened {
        let read_only = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY;
        make_mount(None, "/", read_only | MsFlags::MS_NOSUID | MsFlags::MS_NODEV, "")?;
        confine::give_everything_up()?;
    }
    let failed: Result<u8, io::Error> = Err(again(image::PROGRAM, "rest", kind).exec());
    failed.or_fail("starting the program in the sandbox")
}

fn make_mount(kind: Option<&str>, on: &str, flags: MsFlags, options: &str) -> Result<(), Failure> {
    mount(kind, on, kind, flags, Some(options)).or_fail(&format!("mounting {on}"))
}

/// The last stage. Standard input ends with the demo, however that ends.
fn until_the_demo_ends(kind: Kind) -> Result<u8, Failure> {
    let name = match kind {
        Kind::Hardened => c"demo-hardened",
        Kind::Typical => c"demo-typical",
    };
    prctl::set_name(name).or_fail("naming the process")?;
    output::print(&format!("{READY}\n"))?;
    let mut input = io::stdin().lock();
    let mut ignored = [0; 1024];
    while input.read(&mut ignored).or_fail("waiting for the demo's end")? > 0 {}
    Ok(exit::CLEAN)
}

/// This program, for another stage.
pub(super) fn again(program: &str, stage: &str, kind: Kind) -> Command {
    let mut command = Command::new(program);
    command.arg0("secaudit").args(["demo-payload", stage, kind.word()]).env_clear();
    command
}

/// Names the step that failed.
pub(super) trait OrFail<T> {
    fn or_fail(self, step: &str) -> Result<T, Failure>;
}

impl<T, E: Display> OrFail<T> for Result<T, E> {
    fn or_fail(self, step: &str) -> Result<T, Failure> {
        self.map_err(|error| Failure::Demo(format!("{step} failed: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[&str]) -> Result<u8, Failure> {
        payload(&DemoPayload { words: words.iter().map(|&word| word.to_owned()).collect() })
    }

    #[test]
    fn a_container_that_is_asked_for_its_health_has_it() {
        assert_eq!(of(&["healthy"]).unwrap(), 0);
    }

    #[test]
    fn other_words_are_a_usage_error() {
        for words in [[].as_slice(), &["sandbox"], &["sandbox", "other"], &["wait", "here"]] {
            assert!(matches!(of(words), Err(Failure::Usage(_))), "{words:?}");
        }
    }
}

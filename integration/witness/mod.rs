//! What runs inside a container: it tries acts and says what came of them.
//!
//! The witness is this very test program. It writes one JSON line for each
//! act, a last line once it has tried them all, and then stays until it is told
//! to end, so that the audit meets the container in the state it spoke about.

mod acts;
mod rewrite;

use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use caps::CapSet;
use clap::ValueEnum;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::SignalFd;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Gid, Uid, chroot, getuid, setgroups, setresgid, setresuid};
use serde::{Deserialize, Serialize};

pub(crate) use acts::{
    Act, CONFIGURATION, DISK, DISK_NODE, GROUP_SECRET, HOST_NAME, KEY, MODULE, NAME, PEER, PORT,
    QUEUE,
};

/// Where the image holds the witness, and where its setuid-root copy.
pub(crate) use secaudit::app::demo::image::PROGRAM as WITNESS;
/// The witness once more, under the name of a shell.
pub(crate) const SHELL: &str = "/bin/sh";
/// Begins like the witness, by which the witnesses know each other.
pub(crate) const SETUID: &str = "/secaudit-setuid";

/// What came of an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    Done,
    Refused,
}

/// Who tried the act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum By {
    /// The witness as it was started.
    Itself,
    /// An ordinary user who executes the setuid-root copy.
    Setuid,
}

/// One line of the report.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Line {
    Tried {
        act: Act,
        by: By,
        outcome: Outcome,
        why: String,
    },
    /// Everything has been tried, and the witness stays.
    End,
}

/// The witness's command line: `witness`, then what to do.
pub(crate) fn main(words: &[&str]) -> u8 {
    match words {
        [] => testify(),
        ["drop"] => {
            become_ordinary();
            testify()
        }
        ["disguise"] => {
            disguise();
            testify()
        }
        ["jail"] => testify_then(hide_the_mounts),
        ["half"] => testify_then(drop_in_one_thread),
        ["alias"] => testify_then(take_another_name),
        // Started again by itself, with a password that nobody else gave it.
        ["export"] => {
            let error =
                Command::new(WITNESS).arg("witness").env("DB_PASSWORD", "kW7vPq29sLx").exec();
            panic!("the witness could not start itself again: {error}")
        }
        // Words that the audit must not repeat.
        ["whatever", ..] => testify(),
        ["echo", words @ ..] => {
            print!("{}", words.join(" "));
            0
        }
        ["master"] => testify_then(hire_workers),
        ["work"] => {
            wait_for_the_end();
            0
        }
        ["remount"] => {
            make_the_root_writable();
            0
        }
        ["rewrite", path, uid, gid, groups, bits] => rewrite::run(path, uid, gid, groups, bits),
        ["healthy"] => 0,
        ["serve", addresses @ ..] => serve(addresses),
        ["connect", address] => connect(address),
        ["deaf"] => testify_then_stay(|| {
            loop {
                std::thread::park();
            }
        }),
        ["listening"] => testify_then_stay(sleep_until_a_signal_comes),
        ["zombies"] => testify_then(leave_zombies),
        ["parent"] => testify_then(have_a_child),
        ["fourth-time"] if starts_before() < 3 => 1,
        ["fourth-time"] => testify(),
        ["sick"] => 1,
        ["linger"] => {
            linger();
            0
        }
        ["act", name] => match Act::named(name).attempt() {
            Ok(()) => 0,
            Err(error) => {
                print!("{error}");
                1
            }
        },
        other => panic!("the witness does not understand {other:?}"),
    }
}

/// Tries everything, says so, and stays until SIGTERM.
fn testify() -> u8 {
    testify_then_stay(reap_until_the_end)
}

/// As [`testify`], but does something to itself before it says that it is done:
/// what it could do then, it can do still.
fn testify_then(at_last: fn()) -> u8 {
    try_all();
    at_last();
    say(&Line::End);
    wait_for_the_end();
    0
}

/// As [`testify`], but waits for its end in another way.
fn testify_then_stay(stay: fn()) -> u8 {
    try_all();
    say(&Line::End);
    stay();
    0
}

fn try_all() {
    for &act in Act::value_variants() {
        say(&tried(act, By::Itself));
        if !act.is_greedy() {
            say(&tried(act, By::Setuid));
        }
    }
}

fn terminate() -> SigSet {
    let mut terminate = SigSet::empty();
    terminate.add(Signal::SIGTERM);
    terminate.thread_block().expect("a process may block its signals");
    terminate
}

/// Blocks SIGTERM and reads it from a file, as an event loop does.
fn wait_for_the_end() {
    let signals = SignalFd::new(&terminate()).expect("a blocked signal can be read");
    signals.read_signal().expect("the signal comes");
}

/// As a careful program does that is PID 1: it waits for whoever is left to it.
fn reap_until_the_end() {
    let mut awaited = terminate();
    awaited.add(Signal::SIGCHLD);
    awaited.thread_block().expect("a process may block its signals");
    let signals = SignalFd::new(&awaited).expect("a blocked signal can be read");
    loop {
        let signal = signals.read_signal().expect("the signal comes");
        if signal.is_some_and(|it| it.ssi_signo == Signal::SIGTERM as u32) {
            return;
        }
        let ended = || waitpid(None, Some(WaitPidFlag::WNOHANG));
        while ended().is_ok_and(|status| status != WaitStatus::StillAlive) {}
    }
}

/// Takes SIGTERM out of the blocked signals as long as it sleeps.
fn sleep_until_a_signal_comes() {
    terminate().wait().expect("a blocked signal can be waited for");
}

/// Starts something that ends, and never asks what became of it.
fn leave_zombies() {
    for _ in 0..2 {
        let mut child = Command::new(WITNESS);
        child.args(["witness", "healthy"]).stdout(Stdio::null()).stderr(Stdio::piped());
        let output = child.spawn().expect("a child can be started").stderr;
        // At the end of its output the child has ended, or is about to.
        let mut output = output.expect("its output is piped");
        std::io::copy(&mut output, &mut std::io::sink()).expect("a pipe can be read");
    }
}

/// Starts something that stays.
#[expect(clippy::zombie_processes, reason = "it outlives the test and ends with the container")]
fn have_a_child() {
    let child = Command::new(WITNESS).args(["witness", "linger"]).stdout(Stdio::null()).spawn();
    child.expect("a child can be started");
}

/// Stays for longer than any test takes.
fn linger() {
    std::thread::park_timeout(Duration::from_secs(3600));
}

/// How often it was started before, as its own file system remembers.
#[expect(clippy::disallowed_methods, reason = "the witness counts its starts")]
fn starts_before() -> usize {
    let starts = std::fs::read("/starts").unwrap_or_default();
    std::fs::write("/starts", [starts.as_slice(), b"x"].concat()).expect("the root is writable");
    starts.len()
}

/// Listens on these addresses, and stays until SIGTERM.
fn serve(addresses: &[&str]) -> u8 {
    terminate();
    for address in addresses {
        let listener = TcpListener::bind(address).expect("the address is free");
        std::thread::spawn(move || for _ in listener.incoming() {});
    }
    say(&Line::End);
    wait_for_the_end();
    0
}

/// How long a connection may take: what drops packets never answers.
const PATIENCE: Duration = Duration::from_millis(600);

/// Connects once.
fn connect(address: &str) -> u8 {
    let address = address.parse().expect("an address and a port");
    u8::from(TcpStream::connect_timeout(&address, PATIENCE).is_err())
}

fn say(line: &Line) {
    println!("{}", serde_json::to_string(line).expect("a line is JSON"));
}

/// Every act is tried by a child, so that it leaves no trace in the witness.
fn tried(act: Act, by: By) -> Line {
    let mut child = match by {
        By::Itself => Command::new(WITNESS),
        By::Setuid => Command::new(SETUID),
    };
    if by == By::Setuid && getuid().is_root() {
        child.uid(65534).gid(65534);
    }
    let done = child.args(["witness", "act", &act.name()]).stderr(Stdio::inherit()).output();
    let (outcome, why) = match done {
        Ok(output) if output.status.success() => (Outcome::Done, String::new()),
        Ok(output) => {
            let why = String::from_utf8_lossy(&output.stdout).into_owned();
            (Outcome::Refused, format!("{} {why}", output.status))
        }
        Err(error) => (Outcome::Refused, format!("not started: {error}")),
    };
    Line::Tried { act, by, outcome, why }
}

/// What a careful service does by itself: it gives up root for good.
fn become_ordinary() {
    let (uid, gid) = (Uid::from_raw(1000), Gid::from_raw(1000));
    setgroups(&[]).expect("root may drop its groups");
    setresgid(gid, gid, gid).expect("root may change its group");
    setresuid(uid, uid, uid).expect("root may change its user");
}

/// What nginx does: it stays root itself, and has the work done by others.
#[expect(clippy::zombie_processes, reason = "the workers end with the container")]
fn hire_workers() {
    for _ in 0..2 {
        Command::new(WITNESS)
            .args(["witness", "work"])
            .uid(1000)
            .gid(1000)
            .stdout(Stdio::null())
            .spawn()
            .expect("root may start a process as somebody else");
    }
}

/// Takes the read-only flag off the root's mount: the engine learns nothing of it.
fn make_the_root_writable() {
    let flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND;
    mount(None::<&str>, "/", None::<&str>, flags, None::<&str>)
        .expect("the host's root may remount what it likes");
}

/// Changes its root, below which the kernel shows it no mount any more.
fn hide_the_mounts() {
    chroot("/tmp").expect("root may change its root");
}

/// Gives up every capability in the first thread, while another keeps them.
fn drop_in_one_thread() {
    let (ready, started) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        ready.send(()).expect("the first thread waits");
        loop {
            std::thread::park();
        }
    });
    started.recv().expect("the other thread starts");
    for set in [CapSet::Bounding, CapSet::Effective, CapSet::Permitted, CapSet::Inheritable] {
        caps::clear(None, set).expect("a thread may give up what it has");
    }
}

/// Makes a user namespace of its own in which the host's root is uid 1000.
#[expect(clippy::disallowed_methods, reason = "a user namespace is mapped by a file")]
fn take_another_name() {
    unshare(CloneFlags::CLONE_NEWUSER).expect("root may make a user namespace");
    std::fs::write("/proc/self/uid_map", "1000 0 1").expect("its maker may map it");
}

/// Takes the name of a runtime that is just starting something.
#[expect(clippy::disallowed_methods, reason = "a process renames itself by a file")]
fn disguise() {
    std::fs::write("/proc/self/comm", "runc:[2:INIT]").expect("a process may rename itself");
}

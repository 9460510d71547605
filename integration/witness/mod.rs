//! What runs inside a container: it tries acts and says what came of them.
//!
//! The witness is this very test program. It writes one JSON line for each
//! act, a last line once it has tried them all, and then stays until it is told
//! to end, so that the audit meets the container in the state it spoke about.

mod acts;

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use caps::CapSet;
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::{Gid, Uid, chroot, getuid, setgroups, setresgid, setresuid};
use serde::{Deserialize, Serialize};

pub(crate) use acts::{Act, HOST_NAME, NAME, PORT, QUEUE};

/// Where the image holds the witness, and where its setuid-root copy.
pub(crate) use secaudit::app::demo::image::PROGRAM as WITNESS;
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
        ["healthy"] => 0,
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
    testify_then(|| {})
}

/// As [`testify`], but does something to itself before it says that it is done:
/// what it could do then, it can do still.
fn testify_then(at_last: fn()) -> u8 {
    let mut terminate = SigSet::empty();
    terminate.add(Signal::SIGTERM);
    terminate.thread_block().expect("a process may block its signals");
    for act in Act::ALL {
        say(&tried(act, By::Itself));
        if !act.is_greedy() {
            say(&tried(act, By::Setuid));
        }
    }
    at_last();
    say(&Line::End);
    terminate.wait().expect("a blocked signal can be waited for");
    0
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
    let done = child.args(["witness", "act", act.name()]).stderr(Stdio::inherit()).output();
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

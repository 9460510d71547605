//! What a process can reach beyond an ordinary container.

use crate::model::fact::Fact;
use crate::model::reading::Reading;
use crate::parse::document::Document;
use crate::parse::proc::mountinfo;

use super::capabilities::{self, Capabilities, Scope};
use super::identity::{self, User};
use super::seccomp::{self, Mode};
use super::view::{Process, View};
use super::{Held, no_new_privileges};

/// The marks of the engine's privileged mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Asked for, or not.
    Asked(bool),
    /// Not asked for, but to have `/proc` as it is: nothing masked, or nothing protected.
    OpenProc,
    /// What the kernel shows of a first process.
    Seen {
        /// It can gain every capability that the host's first process can.
        all_capabilities: bool,
        /// No seccomp filter is active.
        unfiltered: bool,
        /// `/sys` is writable.
        open_sys: bool,
        /// `/proc` is writable, and no part of it is masked or protected.
        open_proc: bool,
        /// All this counts only inside a user namespace.
        namespaced: bool,
    },
}

pub(super) fn reach(view: &View<'_>) -> Fact<Reach> {
    let inspect = view.inspect();
    let open = inspect
        .is_emptied("/HostConfig/MaskedPaths")
        .zip(inspect.is_emptied("/HostConfig/ReadonlyPaths"))
        .map(|(unmasked, unprotected)| unmasked || unprotected);
    let mode = || inspect.flag("/HostConfig/Privileged").map(|on| on == Some(true));
    let asked = or_mode(inspect, open.clone()).unshown();
    // What decides is the evidence: the mode, or what stands open without it.
    let declared = asked.and_then(|(privileged, is_open)| {
        if is_open && !privileged {
            open.map(|_| Reach::OpenProc)
        } else {
            mode().map(Reach::Asked)
        }
    });
    let effective = Reading::from(view.init()).and_then(|process| seen(view, &process));
    Fact::new(declared, effective)
}

/// Whether privileged mode is asked for, and what else is. Where it is, nothing
/// else decides, so it alone is the evidence.
pub(super) fn or_mode<T>(inspect: &Document<'_>, rest: Reading<T>) -> Reading<(bool, T)> {
    let mode = inspect.flag("/HostConfig/Privileged").map(|on| on == Some(true));
    if mode.known() == Some(&true) { mode.zip(rest.unshown()) } else { mode.unshown().zip(rest) }
}

fn seen(view: &View<'_>, process: &Process<'_>) -> Reading<Reach> {
    let host = view.host_init().status("CapBnd", |status| status.capabilities("CapBnd")).unshown();
    capabilities::effective(process, process)
        .zip(seccomp::effective(process))
        .zip(view.mounts().map(|mounts| (opens_sys(&mounts), opens_proc(&mounts))))
        .zip(host)
        .map(|(((capabilities, mode), (open_sys, open_proc)), host)| Reach::Seen {
            all_capabilities: host.without(capabilities.attainable).is_empty(),
            unfiltered: mode == Mode::Disabled,
            open_sys,
            open_proc,
            namespaced: capabilities.scope != Scope::Host,
        })
}

/// Ordinary containers get `/sys` read-only (OCI runtime specification).
fn opens_sys(mounts: &[mountinfo::Mount]) -> bool {
    let sys = mountinfo::at(mounts, "/sys");
    sys.is_some_and(|sys| sys.kind == "sysfs" && !sys.is_read_only())
}

/// What runtimes mask or protect in `/proc` (OCI runtime specification,
/// `maskedPaths` and `readonlyPaths`; LXC's `proc:mixed`): any of these will do
/// to show that it was not left open. Other mounts there, such as lxcfs's,
/// show nothing.
const PROTECTED: [&str; 6] = [
    "/proc/sys",
    "/proc/kcore",
    "/proc/keys",
    "/proc/timer_list",
    "/proc/sysrq-trigger",
    "/proc/bus",
];

fn opens_proc(mounts: &[mountinfo::Mount]) -> bool {
    let proc = mountinfo::at(mounts, "/proc");
    proc.is_some_and(|proc| proc.kind == "proc" && !proc.is_read_only())
        && !mounts.iter().any(|mount| PROTECTED.contains(&mount.point.as_str()))
}

/// One process's privileges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Privileges {
    /// Its user in the container's numbering, whatever it calls itself in a user
    /// namespace that it made.
    pub user: User,
    /// Its capabilities.
    pub capabilities: Capabilities,
    /// Whether executing a file can raise them.
    pub no_new_privileges: bool,
    /// Its seccomp mode.
    pub seccomp: Mode,
}

/// A process beside the container's first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The process's own.
    pub own: Privileges,
    /// Those of the first process.
    pub first: Privileges,
    /// Whether the process stands outside the container's cgroup and only
    /// shares its PID or mount namespace.
    pub entered: bool,
}

/// Every process beside the first. A declaration has no word on this: it
/// describes what the container was started with.
pub(super) fn beside_first(view: &View<'_>) -> Fact<Held<Comparison>> {
    let each = view.processes().and_then(|processes| {
        let first = view.process(processes.init);
        view.of_each(|process| {
            let entered = processes.strays.contains(&process.pid);
            privileges(process, &first)
                .zip(privileges(&first, &first).unshown())
                .map(|(own, first)| Comparison { own, first, entered })
        })
    });
    Fact::of_each(Reading::Inapplicable, view.processes_source(), each)
}

fn privileges(process: &Process<'_>, first: &Process<'_>) -> Reading<Privileges> {
    identity::as_seen_by(first, process)
        .zip(capabilities::effective(process, first))
        .zip(no_new_privileges::effective(process).zip(seccomp::effective(process)))
        .map(|((user, capabilities), (no_new_privileges, seccomp))| Privileges {
            user,
            capabilities,
            no_new_privileges,
            seccomp,
        })
}

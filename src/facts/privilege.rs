//! What a process can reach beyond an ordinary container.

use crate::model::capability::CapabilitySet;
use crate::model::fact::Fact;
use crate::model::reading::Reading;
use crate::parse::proc::mountinfo;

use super::capabilities::{self, Capabilities};
use super::identity::{self, User};
use super::seccomp::{self, Mode};
use super::view::{Process, View};
use super::{Held, no_new_privileges};

/// The marks of the engine's privileged mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Asked for, or not.
    Asked(bool),
    /// What the kernel shows of a first process.
    Seen {
        /// It can gain every capability that the host's first process can.
        all_capabilities: bool,
        /// No seccomp filter is active.
        unfiltered: bool,
        /// The kernel's own settings are open to it: `/sys` is writable and no
        /// part of `/proc` is masked, as only privileged mode leaves them.
        /// This stays so even where the process gave up its capabilities, and
        /// a later `exec` gets them all.
        open_kernel: bool,
        /// All this counts only inside a user namespace.
        namespaced: bool,
    },
}

pub(super) fn reach(view: &View<'_>) -> Fact<Reach> {
    let declared =
        view.inspect().flag("/HostConfig/Privileged").map(|on| Reach::Asked(on == Some(true)));
    let effective = match view.init() {
        Ok(process) => seen(view, &process),
        Err(gap) => Reading::Missing(gap),
    };
    Fact::new(declared, effective)
}

fn seen(view: &View<'_>, process: &Process<'_>) -> Reading<Reach> {
    let host = view
        .host_init()
        .status("CapBnd", |status| status.capabilities("CapBnd"))
        .shown_as(|_| vec![]);
    capabilities::effective(process)
        .zip(seccomp::effective(process))
        .zip(view.mounts().map(|mounts| opens_kernel(&mounts)))
        .zip(host)
        .map(
            |(((capabilities, mode), open_kernel), host): (
                ((Capabilities, Mode), bool),
                CapabilitySet,
            )| {
                Reach::Seen {
                    all_capabilities: host.without(capabilities.attainable).is_empty(),
                    unfiltered: mode == Mode::Disabled,
                    open_kernel,
                    namespaced: capabilities.namespaced,
                }
            },
        )
}

/// Ordinary containers get a read-only `/sys` and mounts that mask or protect
/// parts of `/proc` (OCI runtime specification, `maskedPaths`, `readonlyPaths`).
fn opens_kernel(mounts: &[mountinfo::Mount]) -> bool {
    let sys = mountinfo::at(mounts, "/sys");
    let writable = sys.is_some_and(|sys| sys.kind == "sysfs" && !sys.is_read_only());
    writable && !mounts.iter().any(|mount| mount.point.starts_with("/proc/"))
}

/// One process's privileges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Privileges {
    /// Its user.
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
    /// shares its PID namespace.
    pub entered: bool,
}

/// Every process beside the first. A declaration has no word on this: it
/// describes what the container was started with.
pub(super) fn beside_first(view: &View<'_>) -> Fact<Held<Comparison>> {
    let each = view.processes().and_then(|processes| {
        let first = view.process(processes.init);
        view.of_each(|process| {
            let entered = processes.strays.contains(&process.pid);
            privileges(process)
                .zip(privileges(&first).shown_as(|_| vec![]))
                .map(|(own, first)| Comparison { own, first, entered })
        })
    });
    Fact::of_each(Reading::Inapplicable, &view.processes_source(), each)
}

fn privileges(process: &Process<'_>) -> Reading<Privileges> {
    identity::effective(process)
        .zip(capabilities::effective(process))
        .zip(no_new_privileges::effective(process).zip(seccomp::effective(process)))
        .map(|((user, capabilities), (no_new_privileges, seccomp))| Privileges {
            user,
            capabilities,
            no_new_privileges,
            seccomp,
        })
}

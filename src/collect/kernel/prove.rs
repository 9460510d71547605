//! Which processes are really a container's.
//!
//! An engine's `State.Pid` belongs to the engine's PID namespace. Read on
//! another host, in another namespace or a moment too late, the same number is
//! a stranger. So the process must itself carry the container's id.

use std::path::Path;

use super::neighbours::neighbours;
use super::process::Process;
use super::table::{Row, Table};
use crate::model::bundle::Processes;
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::parse::path::is_within;
use crate::parse::proc::cgroup;

/// A container and the process that is said to be its first.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The target's id.
    pub id: String,
    /// The first process, or why it is not known.
    pub init: Result<u32, Gap>,
    /// How the claim is to be proved.
    pub by: Proof,
}

/// How a claim is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The container's id must stand in the process's cgroup or mounts.
    Id,
    /// The process itself was found first; whatever shares its cgroup, or its
    /// PID or mount namespace, belongs to it.
    Seen,
}

pub(super) fn prove(
    claim: &Claim,
    claims: &[Claim],
    table: &Table,
    proc: &Path,
) -> Result<Processes, Gap> {
    let init = claim.init.clone()?;
    if let Some(gap) = &table.hidden {
        return Err(gap.clone());
    }
    let row = table.rows.get(&init).ok_or_else(|| gone(init, claim))?;
    let own: Vec<(String, String)> = match claim.by {
        Proof::Id => carrying(row, &claim.id),
        Proof::Seen => seen(row),
    };
    if own.is_empty() && claim.by == Proof::Id && !mounts_name(init, &claim.id, proc) {
        return Err(unproved(init, &claim.id));
    }
    let in_cgroup = |row: &Row| {
        row.cgroups.iter().any(|(controllers, path)| {
            own.iter().any(|(known, prefix)| known == controllers && is_within(path, prefix))
        })
    };
    let is_boxed = |pid: u32, row: &Row| own.is_empty() && boxed_with(init, pid, row, table);
    if row.has_ended {
        return Err(gone(init, claim));
    }
    let mut members: Vec<u32> = table
        .rows
        .iter()
        .filter(|(pid, row)| !row.has_ended && (in_cgroup(row) || is_boxed(**pid, row)))
        .map(|(pid, _)| *pid)
        .collect();
    if !members.contains(&init) {
        members.push(init);
        members.sort_unstable();
    }
    let strays = strays(row, claims, &members, table);
    let viewer = viewer(init, &members, table);
    let zombies = Some(zombies(&members, table));
    let found =
        Processes { init, viewer, members, strays, cgroups: own, zombies, ..Processes::default() };
    let neighbours = neighbours(init, &found.all(), table);
    Ok(Processes { neighbours, ..found })
}

/// Who has ended and waits to be waited for by one of the container's processes.
fn zombies(members: &[u32], table: &Table) -> Vec<(u32, u32)> {
    table
        .rows
        .iter()
        .filter(|(_, row)| row.has_ended && members.contains(&row.parent))
        .map(|(pid, row)| (*pid, row.parent))
        .collect()
}

/// Who still has the container's root. After `chroot(2)` the kernel tells a
/// process only the mounts below its new root, and all others look unmounted.
fn viewer(init: u32, members: &[u32], table: &Table) -> u32 {
    let Some(first) = table.rows.get(&init) else { return init };
    let sees_all = |pid: &u32| {
        table
            .rows
            .get(pid)
            .is_some_and(|row| !row.has_other_root && row.mount_namespace == first.mount_namespace)
    };
    if sees_all(&init) { init } else { members.iter().copied().find(sees_all).unwrap_or(init) }
}

/// The hierarchies in which the process stands in a cgroup named after `id`.
fn carrying(row: &Row, id: &str) -> Vec<(String, String)> {
    row.cgroups
        .iter()
        .filter_map(|(controllers, path)| {
            Some((controllers.clone(), cgroup::prefix_with(path, id)?.to_owned()))
        })
        .collect()
}

/// The container's cgroups by what their paths tell; none where the process
/// shares its cgroup with the rest of the host.
fn seen(row: &Row) -> Vec<(String, String)> {
    row.cgroups
        .iter()
        .filter_map(|(controllers, path)| {
            Some((controllers.clone(), cgroup::container(path)?.path.to_owned()))
        })
        .collect()
}

/// Engines bind `/etc/hostname` and its like from a folder named after the
/// container: a second proof, for engines that make no cgroup.
fn mounts_name(pid: u32, id: &str, proc: &Path) -> bool {
    Process::open(proc, pid)
        .ok()
        .and_then(|process| process.peek("mountinfo"))
        .is_some_and(|mounts| mounts.contains(id))
}

/// Whether a process shares the box of a container that has no cgroup of its
/// own: the mount namespace, or descent inside the nested PID namespace.
fn boxed_with(init: u32, pid: u32, row: &Row, table: &Table) -> bool {
    let Some(first) = table.rows.get(&init) else { return false };
    if first.ns_pids.len() > 1 {
        row.ns_pids.len() >= first.ns_pids.len()
            && table.lineage(pid).any(|(ancestor, _)| ancestor == init)
    } else {
        row.mount_namespace.is_some() && row.mount_namespace == first.mount_namespace
    }
}

/// Processes that share a namespace of the container's own, its PIDs or its
/// mounts, and stand in no container's cgroup: somebody entered it from outside.
fn strays(init: &Row, claims: &[Claim], members: &[u32], table: &Table) -> Vec<u32> {
    let own_pids = init.pid_namespace.as_ref().filter(|_| init.ns_pids.len() > 1);
    let own_mounts = init
        .mount_namespace
        .as_ref()
        .filter(|own| table.host_mounts().is_some_and(|hosts| hosts != own.as_str()));
    let shared = |row: &Row| {
        (own_pids.is_some() && own_pids == row.pid_namespace.as_ref())
            || (own_mounts.is_some() && own_mounts == row.mount_namespace.as_ref())
    };
    // Another container is one whether it is audited or not. But a container
    // around this one is what counts as the host here.
    let around = |controllers: &str, path: &str| {
        init.cgroups.iter().any(|(ours, own)| ours == controllers && is_within(own, path))
    };
    let elsewhere = |row: &Row| {
        row.cgroups.iter().any(|(controllers, path)| {
            claims.iter().any(|claim| cgroup::prefix_with(path, &claim.id).is_some())
                || cgroup::container(path).is_some_and(|other| !around(controllers, other.path))
        })
    };
    table
        .rows
        .iter()
        .filter(|(pid, row)| {
            shared(row) && !row.has_ended && !members.contains(pid) && !elsewhere(row)
        })
        .map(|(pid, _)| *pid)
        .collect()
}

pub(super) fn gone(pid: u32, claim: &Claim) -> Gap {
    Gap::new(
        Reason::Gone,
        Source::Processes(claim.id.as_str().into()),
        format!("there is no process {pid}: the container has stopped, or runs where this auditor cannot see it"),
    )
    .mend("run again; in a container of its own, secaudit needs the host's PID namespace (--pid host)")
}

fn unproved(pid: u32, id: &str) -> Gap {
    Gap::new(
        Reason::Unproved,
        Source::Processes(id.into()),
        format!("process {pid} carries no sign of this container, so it may be a stranger"),
    )
    .mend("run secaudit on the engine's own host; in a container, with --pid host and --cgroupns host")
}

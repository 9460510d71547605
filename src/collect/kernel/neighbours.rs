//! Processes of other containers that live in a namespace of this one.
//!
//! `--network container:…`, compose's `network_mode: service:…` and pods put
//! several containers into one namespace. Whoever else is in it is looked for
//! among all processes, and not only among the containers that are audited:
//! what is said of one container must not depend on who else was asked about.

use super::table::{Row, Table};
use crate::model::bundle::{Neighbour, Neighbours};
use crate::parse::path::is_within;
use crate::parse::proc::cgroup;

/// The most neighbours that are looked at of one container.
const MOST: usize = 64;

/// Whether a process, by its pid and row, is in the same namespace as the first
/// process of the container; `None` where that cannot be told.
type Same<'a> = &'a dyn Fn(u32, &Row, &Row) -> Option<bool>;

/// Who lives in a namespace of `init` and in another container. A namespace in
/// which somebody may live and nobody can tell is left out.
pub(super) fn neighbours(init: u32, own: &[u32], table: &Table) -> Neighbours {
    let mut found = Neighbours::new();
    let Some(first) = table.rows.get(&init) else { return found };
    let others: Vec<(u32, &Row, &str)> = table
        .rows
        .iter()
        .filter(|(pid, row)| !row.has_ended && !row.is_kernel_thread && !own.contains(pid))
        .filter_map(|(pid, row)| Some((*pid, row, container_of(row, first)?)))
        .collect();
    let pid = same_pids(init, table);
    let kinds: [(&str, Same<'_>); 3] = [("pid", &pid), ("net", &same_network), ("ipc", &same_ipc)];
    for (kind, same) in kinds {
        let verdicts: Option<Vec<bool>> =
            others.iter().map(|(pid, row, _)| same(*pid, row, first)).collect();
        let Some(verdicts) = verdicts else { continue };
        let living: Vec<Neighbour> = others
            .iter()
            .zip(verdicts)
            .filter(|(_, is_here)| *is_here)
            .map(|((pid, _, container), _)| Neighbour {
                pid: *pid,
                container: (*container).to_owned(),
            })
            .collect();
        if living.len() <= MOST {
            found.insert(kind.to_owned(), living);
        }
    }
    found
}

/// The container that a process belongs to by its cgroup, where it is another
/// than the one whose first process is `first`, and not one around it.
fn container_of<'a>(row: &'a Row, first: &Row) -> Option<&'a str> {
    let around = |controllers: &str, path: &str| {
        first.cgroups.iter().any(|(ours, own)| ours == controllers && is_within(own, path))
    };
    row.cgroups.iter().find_map(|(controllers, path)| {
        let other = cgroup::container(path)?;
        (!around(controllers, other.path)).then_some(other.id)
    })
}

fn both<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> Option<bool> {
    Some(one? == other?)
}

/// By the link, or else by the first process of the namespace. The parent of a
/// session, such as a health check, is none of the container's; it is taken to
/// live in the namespace that its container has of its own.
fn same_pids(init: u32, table: &Table) -> impl Fn(u32, &Row, &Row) -> Option<bool> + '_ {
    move |pid, row, first| {
        if row.ns_pids.len() != first.ns_pids.len() && !row.ns_pids.is_empty() {
            return Some(false);
        }
        both(row.pid_namespace.as_ref(), first.pid_namespace.as_ref()).or_else(|| {
            (first.ns_pids.len() == 1).then_some(true).or_else(|| {
                let of_its_container = || table.first_beside(row);
                let theirs = table.namespace_init(pid).or_else(of_its_container);
                both(theirs.as_ref(), table.namespace_init(init).as_ref())
            })
        })
    }
}

/// By the link, or else by the inode of a file that each network namespace has once.
fn same_network(_: u32, row: &Row, first: &Row) -> Option<bool> {
    both(row.network_namespace.as_ref(), first.network_namespace.as_ref())
        .or_else(|| both(row.network_inode.as_ref(), first.network_inode.as_ref()))
}

/// By the link, or else by the file system of its message queues.
fn same_ipc(_: u32, row: &Row, first: &Row) -> Option<bool> {
    both(row.ipc_namespace.as_ref(), first.ipc_namespace.as_ref())
        .or_else(|| both(row.queues.as_ref(), first.queues.as_ref()))
}

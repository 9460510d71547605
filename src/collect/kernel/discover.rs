//! Containers seen without an engine: process trees of their own.
//!
//! A tree counts when its cgroup is named as a runtime names them, when it
//! lives in a nested PID namespace, or when its root is not the host's. That
//! covers Docker, Podman, containerd, CRI-O, LXC, systemd-nspawn, bubblewrap
//! and anything else that puts a program into a box.

use std::collections::BTreeMap;

use super::process::Process;
use super::prove::Proof;
use super::table::{Row, Table};
use super::{Claim, Kernel};
use crate::model::reading::Gap;
use crate::parse::proc::{cgroup, mountinfo};

/// A container that was found in `/proc`.
#[derive(Clone, Debug)]
pub struct Discovered {
    /// What the cgroup's path tells, such as `docker-0123456789ab` or an LXC
    /// container's name; without such a path the first process's name.
    pub name: String,
    /// The claim to be proved.
    pub claim: Claim,
}

/// What keeps the processes of one container together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Cgroup { runtime: &'static str, id: String },
    PidNamespace { init: u32 },
    Root { mounts: String },
}

impl Kernel {
    /// Looks for containers in `/proc`, and says so where it cannot see all.
    pub fn discover(&self) -> (Vec<Discovered>, Option<Gap>) {
        let table = Table::scan(&self.proc);
        let host_root =
            Process::open(&self.proc, 1).ok().and_then(|first| root_of(&first)).or_else(|| {
                Process::open(&self.proc, std::process::id()).ok().and_then(|own| root_of(&own))
            });
        let mut groups: BTreeMap<Key, Vec<u32>> = BTreeMap::new();
        // A kernel thread may have a root of its own and is no container.
        for (pid, row) in table.rows.iter().filter(|(_, row)| !row.is_kernel_thread) {
            if let Some(key) = self.key(*pid, row, &table, host_root.as_deref()) {
                groups.entry(key).or_default().push(*pid);
            }
        }
        let mut found: Vec<Discovered> =
            groups.into_iter().filter_map(|(key, pids)| discovered(key, &pids, &table)).collect();
        name_apart(&mut found);
        (found, table.hidden)
    }

    fn key(&self, pid: u32, row: &Row, table: &Table, host_root: Option<&str>) -> Option<Key> {
        let named = row.cgroups.iter().find_map(|(_, path)| cgroup::container(path));
        if let Some(named) = named {
            return Some(Key::Cgroup { runtime: named.runtime, id: named.id.to_owned() });
        }
        if row.ns_pids.len() > 1 {
            return Some(Key::PidNamespace { init: table.namespace_init(pid)? });
        }
        let root = Process::open(&self.proc, pid).ok().and_then(|process| root_of(&process))?;
        let differs = host_root.is_some_and(|host| host != root);
        let mounts = row.mount_namespace.clone().unwrap_or(root);
        differs.then_some(Key::Root { mounts })
    }
}

/// What is mounted on the process's `/`: device and folder.
fn root_of(process: &Process) -> Option<String> {
    let mounts = mountinfo::parse(&process.peek("mountinfo")?).ok()?;
    let root = mountinfo::at(&mounts, "/")?;
    Some(format!("{} {}", root.device, root.root))
}

fn discovered(key: Key, pids: &[u32], table: &Table) -> Option<Discovered> {
    let rows = || pids.iter().filter_map(|pid| Some((*pid, table.rows.get(pid)?)));
    let (init, row) = match &key {
        Key::PidNamespace { init } => (*init, table.rows.get(init)?),
        // The first process of the group's own PID namespace; without one, the oldest.
        Key::Cgroup { .. } | Key::Root { .. } => rows()
            .filter(|(_, row)| row.is_namespace_init())
            .min_by_key(|(_, row)| row.ns_pids.len())
            .or_else(|| rows().min_by_key(|(pid, row)| (row.start, *pid)))?,
    };
    let (id, name) = match key {
        Key::Cgroup { runtime, id } => {
            let is_digits = id.len() == 64;
            let name = match id.get(..12).filter(|_| is_digits) {
                Some(short) => format!("{runtime}-{short}"),
                None => id.clone(),
            };
            (id, name)
        }
        Key::PidNamespace { .. } | Key::Root { .. } => {
            (format!("pid-{init}-{}", row.start), row.name.clone())
        }
    };
    let claim = Claim { id, init: Ok(init), by: Proof::Seen };
    Some(Discovered { name, claim })
}

/// Names that several containers share get the first process's pid.
fn name_apart(found: &mut [Discovered]) {
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for each in found.iter() {
        *count.entry(each.name.clone()).or_default() += 1;
    }
    for each in found {
        if let (Some(2..), Ok(init)) = (count.get(&each.name), &each.claim.init) {
            each.name = format!("{}-{init}", each.name);
        }
    }
}

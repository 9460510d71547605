//! One pass over `/proc`: which processes there are and where they stand.

use std::collections::BTreeMap;
use std::path::Path;

use caps::Capability;

use super::process::Process;
use crate::model::bundle::Answer;
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::parse::proc::status::Status;
use crate::parse::proc::{cgroup, mountinfo};

/// What the pass learns of one process.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    /// When it started; with the pid it names the process for good.
    pub(super) start: u64,
    /// Controllers and path in each hierarchy.
    pub(super) cgroups: Vec<(String, String)>,
    /// Its PID namespace, where that can be read.
    pub(super) pid_namespace: Option<String>,
    /// Its mount namespace, where that can be read.
    pub(super) mount_namespace: Option<String>,
    /// Its network namespace, where that can be read.
    pub(super) network_namespace: Option<String>,
    /// The inode that stands for its network namespace, where that can be read.
    pub(super) network_inode: Option<u64>,
    /// Its IPC namespace, where that can be read.
    pub(super) ipc_namespace: Option<String>,
    /// In a container: the device of the message queues' file system that is
    /// mounted there. Each IPC namespace has one of its own (`mq_overview(7)`),
    /// and everybody may look it up.
    pub(super) queues: Option<String>,
    /// Whether it is known to have another root than its mount namespace.
    pub(super) has_other_root: bool,
    /// Its parent.
    pub(super) parent: u32,
    /// Its pid in each nested PID namespace, the auditor's own first.
    pub(super) ns_pids: Vec<u32>,
    /// The command's name.
    pub(super) name: String,
    /// Whether it runs in the kernel alone.
    pub(super) is_kernel_thread: bool,
    /// Whether it has ended and only waits for its parent. A process whose
    /// first thread has ended while others go on looks alike, but is not.
    pub(super) has_ended: bool,
}

impl Row {
    /// Whether this is the first process of a nested PID namespace.
    pub(super) fn is_namespace_init(&self) -> bool {
        matches!(self.ns_pids.as_slice(), [_, .., 1])
    }
}

/// All processes that `/proc` shows, and whether it shows them all.
pub(super) struct Table {
    pub(super) rows: BTreeMap<u32, Row>,
    /// Why processes may be missing from the rows.
    pub(super) hidden: Option<Gap>,
}

impl Table {
    pub(super) fn scan(proc: &Path) -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is where /proc is listed")]
        let entries = std::fs::read_dir(proc);
        let own = Process::own(proc);
        let mut hidden = hidden(own.as_ref().ok());
        if let Err(error) = &entries {
            hidden.get_or_insert_with(|| unreadable(&error.to_string()));
        }
        let mut rows = BTreeMap::new();
        let pids = entries
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        for pid in pids {
            let Ok(process) = Process::open(proc, pid) else { continue };
            match process.read("cgroup") {
                Ok(Answer::Text(cgroups)) => {
                    rows.extend(row(&process, cgroups.raw()).map(|row| (pid, row)));
                }
                Err(gap) if gap.reason == Reason::Gone => {}
                // Whose process it is cannot be told: it may be anybody's.
                Err(gap) => {
                    hidden.get_or_insert(gap);
                }
                Ok(_) => {}
            }
        }
        Self { rows, hidden }
    }

    pub(super) fn starts(&self) -> BTreeMap<u32, u64> {
        self.rows.iter().map(|(pid, row)| (*pid, row.start)).collect()
    }

    /// The host's mount namespace: that of its first process, or where that
    /// may not be traced the auditor's own.
    pub(super) fn host_mounts(&self) -> Option<&str> {
        [1, std::process::id()]
            .into_iter()
            .find_map(|pid| self.rows.get(&pid)?.mount_namespace.as_deref())
    }

    /// The process itself and its ancestors, the nearest first.
    pub(super) fn lineage(&self, pid: u32) -> impl Iterator<Item = (u32, &Row)> {
        let here = |pid: u32| self.rows.get(&pid).map(|row| (pid, row));
        // A parent is never the child of its own child, but the rows were read
        // one after another: the bound holds whatever they claim.
        std::iter::successors(here(pid), move |(_, row)| here(row.parent)).take(self.rows.len())
    }

    /// The first process of the PID namespace that `pid` lives in, found by
    /// its ancestors alone: that needs no privilege.
    pub(super) fn namespace_init(&self, pid: u32) -> Option<u32> {
        self.lineage(pid).find(|(_, row)| row.is_namespace_init()).map(|(pid, _)| pid)
    }
}

fn row(process: &Process, cgroups: &str) -> Option<Row> {
    let start = process.start()?;
    let namespace = |kind: &str| process.peek_link(&format!("ns/{kind}"));
    let [pid_namespace, mount_namespace, network_namespace, ipc_namespace] =
        ["pid", "mnt", "net", "ipc"].map(namespace);
    let network_inode = process.peek_inode("net/dev");
    // The status comes last: whoever has given up its namespaces meanwhile is
    // seen to have ended, and not to live where nobody can tell.
    let status = process.peek("status").unwrap_or_default();
    let status = Status::parse(&status);
    let is_zombie = status.field("State").is_ok_and(|state| state.starts_with('Z'));
    let cgroups = cgroup::parse(cgroups);
    let in_container = cgroups.iter().any(|at| cgroup::container(at.path).is_some());
    Some(Row {
        start,
        cgroups: cgroups
            .into_iter()
            .map(|at| (at.controllers.to_owned(), at.path.to_owned()))
            .collect(),
        pid_namespace,
        mount_namespace,
        network_namespace,
        network_inode,
        ipc_namespace,
        queues: in_container.then(|| queues(process)).flatten(),
        has_other_root: process.peek_link("root").is_some_and(|root| root != "/"),
        parent: status.number("PPid").unwrap_or_default(),
        ns_pids: status.numbers("NSpid").unwrap_or_default(),
        name: status.name().raw().to_owned(),
        is_kernel_thread: !is_zombie && status.field("VmSize").is_err(),
        has_ended: is_zombie && status.number("Threads").is_ok_and(|threads| threads <= 1),
    })
}

fn queues(process: &Process) -> Option<String> {
    let mounts = mountinfo::parse(&process.peek("mountinfo")?).ok()?;
    Some(mounts.into_iter().find(|mount| mount.kind == "mqueue")?.device)
}

/// Whether `/proc` is mounted with `hidepid` (`proc(5)`) and hides processes
/// from this one. Who may trace every process sees every process. Where that
/// cannot be found out, it counts as hidden.
fn hidden(own: Option<&Process>) -> Option<Gap> {
    let Some(text) = own.and_then(|own| own.peek("mountinfo")) else {
        return Some(unreadable("its own mounts cannot be read"));
    };
    let mounts = match mountinfo::parse(&text) {
        Ok(mounts) => mounts,
        Err(detail) => return Some(unreadable(&detail)),
    };
    let setting = mountinfo::at(&mounts, "/proc")?.super_option("hidepid")?;
    if matches!(setting, "0" | "off") {
        return None;
    }
    let status = own.and_then(|own| own.peek("status")).unwrap_or_default();
    let sees_all = Status::parse(&status)
        .capabilities("CapEff")
        .is_ok_and(|held| held.has(Capability::CAP_SYS_PTRACE));
    (!sees_all).then(|| {
        let source = Source::Kernel("/proc".to_owned());
        let detail =
            format!("/proc is mounted with hidepid={setting} and hides other users' processes");
        Gap::new(Reason::Denied, source, detail)
            .mend("run as root, or as a member of the group that the mount's gid= names")
    })
}

fn unreadable(detail: &str) -> Gap {
    let source = Source::Kernel("/proc".to_owned());
    Gap::new(Reason::Denied, source, format!("/proc cannot be read as a whole: {detail}"))
        .mend("run where /proc is mounted, as root")
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test lays out its own files")]
mod tests {
    use super::*;

    #[test]
    fn a_proc_that_hides_processes_is_noticed_unless_the_reader_may_trace_all() {
        let dir = tempfile::tempdir().unwrap();
        let own = dir.path().join("self");
        std::fs::create_dir_all(&own).unwrap();
        let write = |options: &str, effective: &str| {
            let mounts = format!("22 1 0:21 / /proc rw - proc proc rw,{options}\n");
            std::fs::write(own.join("mountinfo"), mounts).unwrap();
            std::fs::write(own.join("status"), format!("CapEff:\t{effective}\n")).unwrap();
            Table::scan(dir.path()).hidden.map(|gap| gap.reason)
        };
        assert_eq!(write("hidepid=invisible", "0000000000000000"), Some(Reason::Denied));
        assert_eq!(write("hidepid=2", "0000000000000000"), Some(Reason::Denied));
        assert_eq!(write("hidepid=2", "0000000000080000"), None);
        assert_eq!(write("hidepid=off", "0000000000000000"), None);
        assert_eq!(write("relatime", "0000000000000000"), None);
    }

    #[test]
    fn the_scan_finds_this_process() {
        let table = Table::scan(Path::new("/proc"));
        let row = table.rows.get(&std::process::id()).unwrap();
        assert!(!row.cgroups.is_empty() && row.start > 0);
    }
}

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
    /// In a container, and asked only where some container's IPC namespace
    /// cannot be read: the device of the message queues' file system that is
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
    /// Whether its cgroup is a container's.
    pub(super) fn is_in_container(&self) -> bool {
        self.cgroups.iter().any(|(_, path)| cgroup::container(path).is_some())
    }

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
        let mut table = Self::of_those(proc, |_| true);
        // Who may read the links needs no second sign of an IPC namespace, and
        // this one stands in the longest file of all.
        let in_containers = || table.rows.iter().filter(|(_, row)| row.is_in_container());
        if in_containers().any(|(_, row)| row.ipc_namespace.is_none() && !row.has_ended) {
            let found: Vec<_> =
                in_containers().map(|(pid, row)| (*pid, queues(proc, *pid, row.start))).collect();
            for (pid, queues) in found {
                table.rows.entry(pid).and_modify(|row| row.queues = queues);
            }
        }
        table
    }

    /// The rows of the processes that are wanted; what is hidden is told of all.
    /// No row knows its message queues.
    pub(super) fn of_those(proc: &Path, is_wanted: impl Fn(&Process) -> bool) -> Self {
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
                    if is_wanted(&process) {
                        rows.extend(row(&process, cgroups.raw()).map(|row| (pid, row)));
                    }
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

    /// The first process of a PID namespace that belongs to the same container,
    /// by its cgroup.
    pub(super) fn first_beside(&self, row: &Row) -> Option<u32> {
        let container = |row: &Row| {
            let ids = row.cgroups.iter().filter_map(|(_, path)| cgroup::container(path));
            ids.map(|it| it.id.to_owned()).next()
        };
        let own = container(row)?;
        let is_first =
            |other: &Row| other.is_namespace_init() && other.ns_pids.len() == row.ns_pids.len();
        let mut all = self.rows.iter();
        all.find(|(_, other)| is_first(other) && container(other).as_ref() == Some(&own))
            .map(|(pid, _)| *pid)
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
    Some(Row {
        start,
        cgroups: cgroup::parse(cgroups)
            .into_iter()
            .map(|at| (at.controllers.to_owned(), at.path.to_owned()))
            .collect(),
        pid_namespace,
        mount_namespace,
        network_namespace,
        network_inode,
        ipc_namespace,
        queues: None,
        has_other_root: process.peek_link("root").is_some_and(|root| root != "/"),
        parent: status.number("PPid").unwrap_or_default(),
        ns_pids: status.numbers("NSpid").unwrap_or_default(),
        name: status.name().raw().to_owned(),
        is_kernel_thread: !is_zombie && status.field("VmSize").is_err(),
        has_ended: is_zombie && status.number("Threads").is_ok_and(|threads| threads <= 1),
    })
}

/// Of the very process that started then: the number may be another's by now.
fn queues(proc: &Path, pid: u32, start: u64) -> Option<String> {
    let process = Process::open(proc, pid).ok().filter(|it| it.start() == Some(start))?;
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
        let source = Source::Kernel("/proc".into());
        let detail =
            format!("/proc is mounted with hidepid={setting} and hides other users' processes");
        Gap::new(Reason::Denied, source, detail)
            .mend("run as root, or as a member of the group that the mount's gid= names")
    })
}

fn unreadable(detail: &str) -> Gap {
    let source = Source::Kernel("/proc".into());
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
    fn the_second_sign_of_an_ipc_namespace_is_looked_for_where_the_first_cannot_be_read() {
        let dir = tempfile::tempdir().unwrap();
        for (pid, state) in [(70, "S (sleeping)"), (71, "S (sleeping)"), (72, "Z (zombie)")] {
            let process = dir.path().join(pid.to_string());
            std::fs::create_dir_all(process.join("ns")).unwrap();
            let write = |file: &str, text: &str| std::fs::write(process.join(file), text).unwrap();
            write("cgroup", &format!("0::/docker/{}\n", "ab".repeat(32)));
            write("stat", &format!("{pid} (web) S 1{}\n", " 5".repeat(40)));
            write("status", &format!("Name:\tweb\nState:\t{state}\nThreads:\t1\nPPid:\t1\n"));
            write("mountinfo", "9 1 0:44 / /dev/mqueue rw - mqueue mqueue rw\n");
        }
        let link = |pid: &str| {
            let link = dir.path().join(pid).join("ns/ipc");
            std::os::unix::fs::symlink("ipc:[4026532000]", link).unwrap();
        };
        let queues = || Table::scan(dir.path()).rows.remove(&70).unwrap().queues;
        link("70");
        assert_eq!(queues().as_deref(), Some("0:44"), "what 71 has is told by nothing else");
        link("71");
        assert_eq!(queues(), None, "who has ended lives in no namespace");
    }

    #[test]
    fn the_scan_finds_this_process() {
        let table = Table::scan(Path::new("/proc"));
        let row = table.rows.get(&std::process::id()).unwrap();
        assert!(!row.cgroups.is_empty() && row.start > 0);
    }
}

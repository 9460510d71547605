//! A host laid out as files: the collector reads them as it would the kernel's.

use std::fs;
use std::os::unix::fs::symlink;

use secaudit::collect::kernel::{Claim, Kernel, Proof};
use secaudit::judge::Accept;
use secaudit::model::bundle::{Bundle, Origin};
use secaudit::model::target::{Kind, Target};
use secaudit::policy::Policy;
use secaudit::report::v1::{Finding, Verdict};
use tempfile::TempDir;

/// A host made of files: systemd, cgroup version 2, nothing hidden.
pub(crate) struct Host {
    pub(crate) root: TempDir,
}

/// One process of it.
pub(crate) struct Process<'a> {
    pub(crate) pid: u32,
    pub(crate) parent: u32,
    /// Its pid in each PID namespace.
    pub(crate) ns_pids: &'a str,
    pub(crate) cgroup: &'a str,
    pub(crate) label: Option<&'a str>,
    pub(crate) mounts: &'a str,
    /// The number of its namespaces.
    pub(crate) namespace: u32,
    pub(crate) uid: u32,
}

pub(crate) const HOST_MOUNTS: &str = "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
    22 20 0:4 / /proc rw - proc proc rw\n\
    30 20 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";

pub(crate) const CONTAINER_MOUNTS: &str = "40 30 0:44 / / ro - overlay overlay rw\n\
    45 40 0:48 / /tmp rw,nosuid,nodev,noexec - tmpfs tmpfs rw,size=16384k\n";

impl Host {
    pub(crate) fn new() -> Self {
        let host = Self { root: tempfile::tempdir().unwrap() };
        host.write("proc/self/mountinfo", HOST_MOUNTS);
        host.write("proc/meminfo", "MemTotal: 8388608 kB\n");
        host.write("proc/sys/kernel/pid_max", "4194304\n");
        host.write("sys/devices/system/cpu/online", "0-3\n");
        host.write("proc/self/status", "CapEff:\t0000000000000000\n");
        host.process(&Process {
            pid: 1,
            parent: 0,
            ns_pids: "1",
            cgroup: "/init.scope",
            label: Some("unconfined\n"),
            mounts: HOST_MOUNTS,
            namespace: 1,
            uid: 0,
        });
        host
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn process(&self, process: &Process<'_>) {
        let Process { pid, parent, ns_pids, cgroup, label, mounts, namespace, uid } = process;
        let bounding = if *pid == 1 { "000001ffffffffff" } else { "0000000000000000" };
        self.write(
            &format!("proc/{pid}/status"),
            &format!(
                "Name:\tapp{pid}\nState:\tS (sleeping)\nPPid:\t{parent}\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\n\
                 Gid:\t{uid}\t{uid}\t{uid}\t{uid}\nGroups:\t\n\
                 NSpid:\t{ns_pids}\nVmSize:\t1 kB\nThreads:\t1\nCapInh:\t0\nCapPrm:\t0\nCapEff:\t0\n\
                 CapBnd:\t{bounding}\nCapAmb:\t0\nNoNewPrivs:\t1\nSeccomp:\t2\n\
                 SigBlk:\t0\nSigIgn:\t0\nSigCgt:\t14000\n"
            ),
        );
        let zeros = "0 ".repeat(18);
        self.write(&format!("proc/{pid}/stat"), &format!("{pid} (a) b) S {zeros}7{pid} 0\n"));
        self.write(&format!("proc/{pid}/cgroup"), &format!("0::{cgroup}\n"));
        self.write(&format!("proc/{pid}/uid_map"), "0 0 4294967295\n");
        self.write(&format!("proc/{pid}/gid_map"), "0 0 4294967295\n");
        self.write(&format!("proc/{pid}/mountinfo"), mounts);
        self.write(&format!("proc/{pid}/environ"), "");
        self.write(&format!("proc/{pid}/cmdline"), "/bin/app\0--serve\0");
        self.write(&format!("proc/{pid}/wchan"), "ep_poll");
        if let Some(label) = label {
            self.write(&format!("proc/{pid}/attr/current"), label);
        }
        let folder = self.root.path().join(format!("proc/{pid}/ns"));
        fs::create_dir_all(&folder).unwrap();
        for name in ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"] {
            let _ = fs::remove_file(folder.join(name));
            symlink(format!("{name}:[{namespace}]"), folder.join(name)).unwrap();
        }
    }

    pub(crate) fn kernel(&self) -> Kernel {
        Kernel::below(self.root.path())
    }

    /// What the kernel collector makes of a container whose first process is said to be `pid`.
    pub(crate) fn audit(&self, id: &str, pid: u32) -> (Bundle, Vec<Finding>) {
        self.audit_with(Bundle::new(Origin::Kernel), id, pid)
    }

    /// As [`Host::audit`], with what an engine has already said.
    pub(crate) fn audit_with(
        &self,
        mut bundle: Bundle,
        id: &str,
        pid: u32,
    ) -> (Bundle, Vec<Finding>) {
        bundle.add_target(Target {
            kind: Kind::Container,
            id: id.to_owned(),
            name: "web".into(),
            image: None,
        });
        let claim = Claim { id: id.to_owned(), init: Ok(pid), by: Proof::Id };
        self.kernel().observe_host(&mut bundle);
        self.kernel().observe_engine_sockets(None, &mut bundle);
        self.kernel().observe(&[claim], &[], &mut bundle);
        let report = secaudit::evaluate(&bundle, &Policy::baseline(), Accept::Kernel);
        let findings = report.targets.into_iter().next().unwrap().findings;
        (bundle, findings)
    }
}

pub(crate) fn id() -> String {
    "ab12".repeat(16)
}

pub(crate) fn verdict(findings: &[Finding], rule: &str) -> Verdict {
    findings.iter().find(|it| it.rule == rule).unwrap().verdict
}

pub(crate) fn container<'a>(pid: u32, cgroup: &'a str) -> Process<'a> {
    Process {
        pid,
        parent: 1,
        ns_pids: "70 1",
        cgroup,
        label: Some("docker-default (enforce)\n"),
        mounts: CONTAINER_MOUNTS,
        namespace: 7,
        uid: 1000,
    }
}

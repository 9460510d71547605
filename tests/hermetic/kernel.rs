//! The kernel collector on hosts that are laid out as files: cgroup version 2,
//! AppArmor, SELinux, other runtimes, strangers and processes that hide.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use secaudit::collect::kernel::{Claim, Kernel, Proof};
use secaudit::judge::Accept;
use secaudit::model::bundle::{Bundle, Origin};
use secaudit::model::reading::Reason;
use secaudit::model::source::Source;
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

const HOST_MOUNTS: &str = "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
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
                 CapBnd:\t{bounding}\nCapAmb:\t0\nNoNewPrivs:\t1\nSeccomp:\t2\n"
            ),
        );
        let zeros = "0 ".repeat(18);
        self.write(&format!("proc/{pid}/stat"), &format!("{pid} (a) b) S {zeros}7{pid} 0\n"));
        self.write(&format!("proc/{pid}/cgroup"), &format!("0::{cgroup}\n"));
        self.write(&format!("proc/{pid}/uid_map"), "0 0 4294967295\n");
        self.write(&format!("proc/{pid}/gid_map"), "0 0 4294967295\n");
        self.write(&format!("proc/{pid}/mountinfo"), mounts);
        self.write(&format!("proc/{pid}/environ"), "");
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

    fn kernel(&self) -> Kernel {
        Kernel::below(self.root.path())
    }

    /// What the kernel collector makes of a container whose first process is said to be `pid`.
    pub(crate) fn audit(&self, id: &str, pid: u32) -> (Bundle, Vec<Finding>) {
        let mut bundle = Bundle::new(Origin::Kernel);
        bundle.add_target(Target {
            kind: Kind::Container,
            id: id.to_owned(),
            name: "web".into(),
            image: None,
        });
        let claim = Claim { id: id.to_owned(), init: Ok(pid), by: Proof::Id };
        self.kernel().observe_host(&mut bundle);
        self.kernel().observe_engine_sockets(None, &mut bundle);
        self.kernel().observe(&[claim], &mut bundle);
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

#[test]
fn a_container_under_cgroup_version_2_and_apparmor_is_verified() {
    let host = Host::new();
    let scope = format!("/system.slice/docker-{}.scope", id());
    host.process(&container(70, &scope));
    host.write(&format!("sys/fs/cgroup{scope}/memory.max"), "67108864\n");
    host.write(&format!("sys/fs/cgroup{scope}/pids.max"), "max\n");
    host.write("sys/fs/cgroup/system.slice/memory.max", "max\n");
    host.write("sys/fs/cgroup/system.slice/pids.max", "512\n");
    let (_, findings) = host.audit(&id(), 70);
    for rule in [
        "non-root-user",
        "no-new-privileges",
        "capabilities-dropped",
        "seccomp-filter",
        "lsm-confined",
        "private-pid-namespace",
        "private-network-namespace",
        "read-only-root",
        "tmpfs-for-writes",
        "memory-limit",
        "pids-limit",
        "no-sensitive-mounts",
    ] {
        assert_eq!(verdict(&findings, rule), Verdict::Pass, "{rule}: {findings:#?}");
    }
    assert_eq!(verdict(&findings, "healthcheck"), Verdict::Unknown);
}

#[test]
fn a_complaining_profile_and_a_permissive_type_confine_nobody() {
    for (label, enforce, expected) in [
        ("docker-default (complain)\n", "", Verdict::Fail),
        ("unconfined\n", "", Verdict::Fail),
        ("system_u:system_r:container_t:s0:c1\0", "1", Verdict::Pass),
        ("system_u:system_r:container_t:s0:c1\0", "0", Verdict::Fail),
        ("system_u:system_r:spc_t:s0\0", "1", Verdict::Fail),
    ] {
        let host = Host::new();
        let scope = format!("/machine.slice/libpod-{}.scope/container", id());
        host.process(&Process { label: Some(label), ..container(70, &scope) });
        if !enforce.is_empty() {
            host.write("sys/fs/selinux/enforce", enforce);
        }
        let (_, findings) = host.audit(&id(), 70);
        assert_eq!(verdict(&findings, "lsm-confined"), expected, "{label}");
    }
}

#[test]
fn a_process_that_carries_no_sign_of_the_container_is_a_stranger() {
    let host = Host::new();
    host.process(&container(70, "/system.slice/nginx.service"));
    let (bundle, findings) = host.audit(&id(), 70);
    let gap = bundle.processes(&Source::Processes(id())).unwrap_err();
    assert_eq!(gap.reason, Reason::Unproved);
    assert_eq!(verdict(&findings, "non-root-user"), Verdict::Unknown);
    assert!(bundle.ask(&Source::proc(70, "status")).is_err(), "a stranger is not read");
}

#[test]
fn without_a_cgroup_of_its_own_the_containers_mounts_prove_it() {
    let host = Host::new();
    let mounts = format!(
        "{CONTAINER_MOUNTS}46 40 8:1 /containers/{}/hostname /etc/hostname rw - ext4 /dev/sda1 rw\n",
        id()
    );
    host.process(&Process { mounts: &mounts, ..container(70, "/user.slice") });
    let (bundle, findings) = host.audit(&id(), 70);
    assert_eq!(bundle.processes(&Source::Processes(id())).unwrap().init, 70);
    assert_eq!(verdict(&findings, "non-root-user"), Verdict::Pass);
}

#[test]
fn a_first_process_that_is_not_there_is_gone() {
    let host = Host::new();
    let (bundle, findings) = host.audit(&id(), 4000);
    let gap = bundle.processes(&Source::Processes(id())).unwrap_err();
    assert_eq!(gap.reason, Reason::Gone);
    assert!(findings.iter().all(|it| it.verdict != Verdict::Pass));
}

#[test]
fn every_process_below_the_containers_cgroup_counts_and_a_dead_one_does_not() {
    let host = Host::new();
    let scope = format!("/docker/{}", id());
    host.process(&container(70, &scope));
    let inner = format!("{scope}/init.scope");
    host.process(&Process { uid: 0, parent: 70, ns_pids: "71 2", ..container(71, &inner) });
    let (bundle, findings) = host.audit(&id(), 70);
    assert_eq!(bundle.processes(&Source::Processes(id())).unwrap().members, [70, 71]);
    assert_eq!(verdict(&findings, "non-root-user"), Verdict::Fail);

    let status = host.root.path().join("proc/71/status");
    let text = fs::read_to_string(&status).unwrap();
    let zombie = text.replace("S (sleeping)", "Z (zombie)").replace("VmSize:\t1 kB\n", "");
    fs::write(&status, &zombie).unwrap();
    let (bundle, _) = host.audit(&id(), 70);
    assert_eq!(bundle.processes(&Source::Processes(id())).unwrap().members, [70]);

    // Its first thread has ended, its others go on: it is very much alive.
    fs::write(&status, zombie.replace("Threads:\t1", "Threads:\t3")).unwrap();
    let (bundle, _) = host.audit(&id(), 70);
    assert_eq!(bundle.processes(&Source::Processes(id())).unwrap().members, [70, 71]);
}

#[test]
fn a_thread_that_kept_what_its_process_gave_up_is_found() {
    let host = Host::new();
    host.process(&container(70, &format!("/docker/{}", id())));
    let first = fs::read_to_string(host.root.path().join("proc/70/status")).unwrap();
    let first = first.replace("Threads:\t1", "Threads:\t3");
    host.write("proc/70/status", &first);
    host.write("proc/70/task/70/status", &first);
    host.write("proc/70/task/71/status", &first);
    host.write("proc/70/task/72/status", &first.replace("CapEff:\t0", "CapEff:\t200000"));
    let (bundle, findings) = host.audit(&id(), 70);
    assert_eq!(bundle.processes(&Source::Processes(id())).unwrap().threads, [(70, 72)]);
    assert!(bundle.ask(&Source::proc(70, "task/71/status")).is_err(), "it is as the first");
    let found = findings.iter().find(|it| it.rule == "no-dangerous-capabilities").unwrap();
    assert_eq!(found.verdict, Verdict::Fail);
    assert!(found.statements[0].starts_with("thread 72 of process 70 (app70)"), "{found:?}");
}

#[test]
fn a_process_that_only_shares_the_pid_namespace_is_found_as_a_stray() {
    let host = Host::new();
    host.process(&container(70, &format!("/docker/{}", id())));
    host.process(&Process {
        uid: 0,
        ns_pids: "90 9",
        ..container(90, "/user.slice/session-1.scope")
    });
    let (bundle, findings) = host.audit(&id(), 70);
    assert_eq!(bundle.processes(&Source::Processes(id())).unwrap().strays, [90]);
    assert_eq!(verdict(&findings, "no-privileged-exec"), Verdict::Fail);
}

#[test]
fn containers_of_every_runtime_are_found_without_an_engine() {
    let host = Host::new();
    let docker = format!("/docker/{}", id());
    host.process(&container(70, &docker));
    host.process(&Process { namespace: 8, ..container(80, "/lxc.payload.shop") });
    host.process(&Process { namespace: 9, ..container(90, "/machine.slice/machine-db.scope") });
    // A sandbox without a cgroup of its own, and a child inside.
    let other = "50 30 0:99 / / rw - tmpfs tmpfs rw\n";
    let sandbox = Process { namespace: 10, mounts: other, ..container(100, "/user.slice") };
    host.process(&Process { ns_pids: "100 1", ..sandbox });
    host.process(&Process {
        parent: 100,
        ns_pids: "101 2",
        namespace: 10,
        mounts: other,
        ..container(101, "/user.slice")
    });
    // An ordinary service is none.
    host.process(&Process {
        ns_pids: "60",
        mounts: HOST_MOUNTS,
        namespace: 1,
        ..container(60, "/system.slice/cron.service")
    });
    let (found, hidden) = host.kernel().discover();
    let mut names: Vec<&str> = found.iter().map(|it| it.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["app100", "db", "docker-ab12ab12ab12", "shop"]);
    assert_eq!(hidden, None);
}

#[test]
fn a_proc_that_hides_processes_makes_nothing_pass() {
    let host = Host::new();
    host.process(&container(70, &format!("/docker/{}", id())));
    host.write("proc/self/mountinfo", "22 20 0:4 / /proc rw - proc proc rw,hidepid=invisible\n");
    let (_, findings) = host.audit(&id(), 70);
    assert!(findings.iter().all(|it| it.verdict == Verdict::Unknown), "{findings:#?}");
    let said = findings.iter().filter_map(|it| it.gap.as_ref());
    assert!(said.into_iter().any(|gap| gap.detail.contains("hidepid=invisible")));
}

#[test]
fn a_symlink_in_the_container_does_not_lead_to_a_file_of_the_host() {
    let host = Host::new();
    host.process(&container(70, &format!("/docker/{}", id())));
    let secret = host.root.path().join("secret");
    fs::write(&secret, "thief:x:0:0::/:/bin/sh\n").unwrap();
    let etc = host.root.path().join("proc/70/root/etc");
    fs::create_dir_all(&etc).unwrap();
    symlink(&secret, etc.join("passwd")).unwrap();
    let (bundle, _) = host.audit(&id(), 70);
    assert!(bundle.ask(&Source::proc(70, "root/etc/passwd")).is_err());

    fs::remove_file(etc.join("passwd")).unwrap();
    let fifo = etc.join("passwd");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let (bundle, _) = host.audit(&id(), 70);
    assert!(bundle.ask(&Source::proc(70, "root/etc/passwd")).is_err(), "a FIFO is not read");
    assert!(Path::new(&fifo).exists());
}

#[test]
fn the_files_are_walked_only_where_a_process_can_gain_by_them() {
    let host = Host::new();
    let root = host.root.path().join("proc/70/root");
    fs::create_dir_all(root.join("bin")).unwrap();
    fs::write(root.join("bin/su"), "").unwrap();
    fs::set_permissions(root.join("bin/su"), fs::Permissions::from_mode(0o4755)).unwrap();
    let handle = fs::File::open(&root).unwrap();
    let info = format!("/proc/self/fdinfo/{}", std::os::fd::AsRawFd::as_raw_fd(&handle));
    let info = fs::read_to_string(info).unwrap();
    let number = info.lines().find_map(|line| line.strip_prefix("mnt_id:")).unwrap().trim();
    let mounts = CONTAINER_MOUNTS.replace("40 30", &format!("{number} 30"));
    host.process(&Process { mounts: &mounts, ..container(70, &format!("/docker/{}", id())) });
    let (bundle, findings) = host.audit(&id(), 70);
    assert!(bundle.ask(&Source::Files(id())).is_err(), "nobody asked");
    assert_eq!(verdict(&findings, "no-setuid-escalation"), Verdict::Pass);

    let status = host.root.path().join("proc/70/status");
    let text = fs::read_to_string(&status).unwrap();
    fs::write(&status, text.replace("NoNewPrivs:\t1", "NoNewPrivs:\t0")).unwrap();
    let (bundle, findings) = host.audit(&id(), 70);
    let listing = bundle.files(&Source::Files(id())).unwrap();
    assert_eq!(listing.files.len(), 1, "{listing:?}");
    assert_eq!(listing.files[0].path.raw(), "/bin/su");
    assert_eq!(listing.unread, []);
    // Who runs the test owns the file, and may be the process's own user.
    let own = listing.files[0].uid == 1000;
    let expected = if own { Verdict::Pass } else { Verdict::Fail };
    assert_eq!(verdict(&findings, "no-setuid-escalation"), expected);
}

//! The kernel collector at the container's walls: who else lives in its
//! namespaces, which devices it may use, and what stands at its mount points.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use secaudit::model::bundle::Bundle;
use secaudit::model::source::Source;
use secaudit::report::v1::{Finding, Verdict};

use crate::host::{CONTAINER_MOUNTS, Host, Process, container, id, verdict};

fn statements<'a>(findings: &'a [Finding], rule: &str) -> &'a [std::borrow::Cow<'static, str>] {
    &findings.iter().find(|it| it.rule == rule).unwrap().statements
}

/// The number of the mount on which the laid out files really are.
fn real_mount(host: &Host) -> String {
    use std::os::fd::AsRawFd;
    let handle = fs::File::open(host.root.path()).unwrap();
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{}", handle.as_raw_fd())).unwrap();
    let line = info.lines().find_map(|line| line.strip_prefix("mnt_id:")).unwrap();
    line.trim().to_owned()
}

/// A host whose own files are laid out too, as the auditor sees them.
fn with_files() -> (Host, PathBuf) {
    let host = Host::new();
    let files = host.root.path().join("files");
    fs::create_dir_all(files.join("run")).unwrap();
    symlink(&files, host.root.path().join("proc/self/root")).unwrap();
    let mount = real_mount(&host);
    host.write(
        "proc/self/mountinfo",
        &format!(
            "{mount} 1 8:1 / / rw - ext4 /dev/sda1 rw\n22 {mount} 0:4 / /proc rw - proc proc rw\n"
        ),
    );
    (host, files)
}

fn with_mount(host: &Host, line: &str) -> (Bundle, Vec<Finding>) {
    let mounts = format!("{CONTAINER_MOUNTS}{line}\n");
    host.process(&Process { mounts: &mounts, ..container(70, &format!("/docker/{}", id())) });
    host.audit(&id(), 70)
}

#[test]
fn a_hard_link_to_an_engines_socket_is_the_socket_and_another_socket_is_not() {
    let (host, files) = with_files();
    let _engine = UnixListener::bind(files.join("run/docker.sock")).unwrap();
    fs::create_dir_all(files.join("srv/shop")).unwrap();
    fs::hard_link(files.join("run/docker.sock"), files.join("srv/shop/db")).unwrap();
    let _other = UnixListener::bind(files.join("srv/cache")).unwrap();

    let (_, findings) = with_mount(&host, "60 40 8:1 /srv/shop/db /db rw - ext4 /dev/sda1 rw");
    assert_eq!(verdict(&findings, "no-engine-socket"), Verdict::Fail);
    let said = "/db is the engine's socket /run/docker.sock";
    assert!(statements(&findings, "no-engine-socket").iter().any(|it| it == said));

    let (_, findings) = with_mount(&host, "60 40 8:1 /srv/shop /shop rw - ext4 /dev/sda1 rw");
    let said = "/shop/db is the engine's socket /run/docker.sock";
    assert!(statements(&findings, "no-engine-socket").iter().any(|it| it == said));

    let (_, findings) = with_mount(&host, "60 40 8:1 /srv/cache /cache rw - ext4 /dev/sda1 rw");
    assert_eq!(verdict(&findings, "no-engine-socket"), Verdict::Pass);
}

#[test]
fn a_socket_at_which_an_engine_listens_is_found_wherever_it_is() {
    let (host, files) = with_files();
    fs::create_dir_all(files.join("srv/engine")).unwrap();
    let _engine = UnixListener::bind(files.join("srv/engine/e")).unwrap();
    host.process(&Process {
        ns_pids: "50",
        namespace: 1,
        mounts: "",
        ..container(50, "/system.slice/docker.service")
    });
    let status = fs::read_to_string(host.root.path().join("proc/50/status")).unwrap();
    host.write("proc/50/status", &status.replace("app50", "dockerd"));
    host.write("proc/50/net/unix", "a: 2 0 00010000 0001 01 77 /srv/engine/e\n");
    fs::create_dir_all(host.root.path().join("proc/50/fd")).unwrap();
    symlink("socket:[77]", host.root.path().join("proc/50/fd/5")).unwrap();

    let (bundle, findings) =
        with_mount(&host, "60 40 8:1 /srv/engine /shop rw - ext4 /dev/sda1 rw");
    let sockets = bundle.files(&Source::engine_sockets()).unwrap();
    assert_eq!(sockets.files.len(), 1, "{sockets:?}");
    assert_eq!(verdict(&findings, "no-engine-socket"), Verdict::Fail);
}

#[test]
fn what_stands_at_a_mount_point_is_recorded_with_its_owner_and_mode() {
    let (host, files) = with_files();
    fs::create_dir_all(files.join("srv/data")).unwrap();
    let (bundle, _) = with_mount(&host, "60 40 8:1 /srv/data /data rw - ext4 /dev/sda1 rw");
    let points = bundle.files(&Source::mount_points(70)).unwrap();
    let point = points.files.iter().find(|file| file.path.raw() == "/data").unwrap();
    assert_eq!(point.kind.letter(), 'd');
    assert_eq!(point.uid, nix::unistd::getuid().as_raw());
    // The container's own root is not laid out: that is said, and not passed over.
    assert!(!points.unread.is_empty());
}

#[test]
fn a_container_in_the_same_network_is_a_neighbour_and_one_beside_it_is_not() {
    let host = Host::new();
    host.process(&container(70, &format!("/docker/{}", id())));
    let other = "0d".repeat(32);
    let cgroup = format!("/docker/{other}");
    host.process(&Process { ns_pids: "80 1", namespace: 8, ..container(80, &cgroup) });
    let (bundle, findings) = host.audit(&id(), 70);
    let processes = bundle.processes(&Source::Processes(id().into())).unwrap();
    assert!(processes.neighbours.values().all(Vec::is_empty), "{:?}", processes.neighbours);
    assert_eq!(verdict(&findings, "private-network-namespace"), Verdict::Pass);

    let net = host.root.path().join("proc/80/ns/net");
    fs::remove_file(&net).unwrap();
    symlink("net:[7]", &net).unwrap();
    let (bundle, findings) = host.audit(&id(), 70);
    let processes = bundle.processes(&Source::Processes(id().into())).unwrap();
    let net: Vec<_> =
        processes.neighbours["net"].iter().map(|it| (it.pid, &it.container)).collect();
    assert_eq!(net, [(80, &other)]);
    assert_eq!(verdict(&findings, "private-network-namespace"), Verdict::Pass);
    assert_eq!(
        statements(&findings, "private-network-namespace").last().unwrap(),
        "the network namespace is shared with container 0d0d0d0d0d0d"
    );

    // The neighbour alone is privileged; it is not audited, and counts all the same.
    let status = host.root.path().join("proc/80/status");
    let text = fs::read_to_string(&status).unwrap();
    fs::write(&status, text.replace("CapBnd:\t0000000000000000", "CapBnd:\t000001ffffffffff"))
        .unwrap();
    let (_, findings) = host.audit(&id(), 70);
    assert_eq!(verdict(&findings, "private-network-namespace"), Verdict::Fail);
    assert_eq!(verdict(&findings, "private-ipc-namespace"), Verdict::Pass);
}

#[test]
fn a_neighbour_whose_namespace_cannot_be_told_leaves_it_unknown() {
    let host = Host::new();
    host.process(&container(70, &format!("/docker/{}", id())));
    let cgroup = format!("/docker/{}", "0d".repeat(32));
    host.process(&Process { ns_pids: "80 1", namespace: 8, ..container(80, &cgroup) });
    fs::remove_file(host.root.path().join("proc/80/ns/ipc")).unwrap();
    let (_, findings) = host.audit(&id(), 70);
    assert_eq!(verdict(&findings, "private-ipc-namespace"), Verdict::Unknown);

    // Each IPC namespace has one file system of message queues.
    let queue = |device: &str| format!("{CONTAINER_MOUNTS}46 40 {device} / /q rw - mqueue q rw\n");
    host.write("proc/70/mountinfo", &queue("0:70"));
    host.write("proc/80/mountinfo", &queue("0:80"));
    let (_, findings) = host.audit(&id(), 70);
    assert_eq!(verdict(&findings, "private-ipc-namespace"), Verdict::Pass);
}

#[test]
fn without_privilege_a_session_of_another_container_lives_in_that_ones_namespace() {
    let host = Host::new();
    host.process(&container(70, &format!("/docker/{}", id())));
    let cgroup = format!("/docker/{}", "0d".repeat(32));
    let session = Process { ns_pids: "81 9", namespace: 8, parent: 5, ..container(81, &cgroup) };
    host.process(&session);
    let unreadable = || {
        for pid in [70, 80, 81] {
            let _ = fs::remove_file(host.root.path().join(format!("proc/{pid}/ns/pid")));
        }
    };
    unreadable();
    let (_, findings) = host.audit(&id(), 70);
    assert_eq!(verdict(&findings, "private-pid-namespace"), Verdict::Unknown);
    host.process(&Process { ns_pids: "80 1", namespace: 8, ..container(80, &cgroup) });
    unreadable();
    let (_, findings) = host.audit(&id(), 70);
    assert_eq!(verdict(&findings, "private-pid-namespace"), Verdict::Pass);
}

#[test]
fn the_cgroups_list_of_devices_decides_under_version_1() {
    for (list, expected) in
        [("c 1:3 rwm\nc *:* m\n", Verdict::Pass), ("a *:* rwm\n", Verdict::Fail)]
    {
        let host = Host::new();
        host.process(&container(70, "/"));
        host.write("proc/70/cgroup", &format!("5:devices:/docker/{}\n0::/\n", id()));
        host.write(
            "proc/self/mountinfo",
            "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n22 20 0:4 / /proc rw - proc proc rw\n\
             31 20 0:33 / /sys/fs/cgroup/devices rw - cgroup cgroup rw,devices\n",
        );
        host.write(&format!("sys/fs/cgroup/devices/docker/{}/devices.list", id()), list);
        let (_, findings) = host.audit(&id(), 70);
        assert_eq!(verdict(&findings, "no-host-devices"), expected, "{findings:#?}");
    }
}

#[test]
fn under_version_2_dev_is_listed_and_nothing_in_it_is_opened() {
    let host = Host::new();
    let mount = real_mount(&host);
    let dev = host.root.path().join("proc/70/root/dev");
    fs::create_dir_all(dev.join("bus")).unwrap();
    nix::unistd::mkfifo(&dev.join("bus/fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    symlink("/etc/passwd", dev.join("link")).unwrap();
    let mounts = format!("{mount} 30 0:44 / / ro - overlay overlay rw\n");
    host.process(&Process { mounts: &mounts, ..container(70, &format!("/docker/{}", id())) });
    let (bundle, findings) = host.audit(&id(), 70);
    let devices = bundle.files(&Source::devices(70)).unwrap();
    assert!(devices.files.is_empty() && devices.unread.is_empty(), "{devices:?}");
    assert_eq!(verdict(&findings, "no-host-devices"), Verdict::Pass);
}

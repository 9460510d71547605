//! Each chain whole, and with a link missing.

use crate::model::files::Kind;
use crate::rules::testing::{Case, DEVICE_LIST, container};

pub(super) const SYS_ADMIN: &str = "0000000000200000";
pub(super) const SYS_PTRACE: &str = "0000000000080000";
pub(super) const SYS_MODULE: &str = "0000000000010000";
pub(super) const SYS_RAWIO: &str = "0000000000020000";
pub(super) const DAC_READ_SEARCH: &str = "0000000000000004";
pub(super) const DAC_OVERRIDE: &str = "0000000000000002";
pub(super) const MKNOD: &str = "0000000008000000";
pub(super) const CHOWN: &str = "0000000000000001";
pub(super) const ROOT: (&str, &str) = ("Uid", "0 0 0 0");
pub(super) const REMAPPED: &str = "0 165536 65536";

pub(super) const SOCKET: &str = "60 40 0:20 /docker.sock /s ro - tmpfs tmpfs rw";
pub(super) const UNUSUAL: Option<(&str, (u32, u32), u64)> = Some(("/srv/engine/e.sock", (8, 1), 9));
pub(super) const FOLDER: &str = "60 40 8:1 /srv/engine /s ro - ext4 /dev/sda1 rw";
pub(super) const ETC: &str = "60 40 8:1 /etc /host rw - ext4 /dev/sda1 rw";
pub(super) const HOSTS: &str =
    "60 40 8:1 /var/lib/docker/containers/c/hosts /etc/hosts rw - ext4 /dev/sda1 rw";
pub(super) const AGENTS: &str = "60 40 0:26 / /cg rw - cgroup cgroup rw,memory";
pub(super) const OPEN_PROC: &str =
    "40 30 0:44 / / ro - overlay overlay rw\n41 40 0:45 / /proc rw - proc proc rw\n";
pub(super) const OLD_HOST: &str = "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
    30 20 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";

pub(super) const DEVICES: &str = "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
    30 20 0:26 / /sys/fs/cgroup/devices rw - cgroup cgroup rw,devices\n";

pub(super) fn in_hosts_cgroups(case: Case) -> Case {
    case.kernel("/proc/100/ns/cgroup", "cgroup:[1]")
}

/// The first process holds this capability.
pub(super) fn holds(mask: &str) -> Case {
    container().status(&[("CapPrm", mask), ("CapBnd", mask)])
}

/// It does not hold it, and could get it from a file, if there were one.
pub(super) fn could_get(mask: &str) -> Case {
    container().status(&[("CapBnd", mask), ("NoNewPrivs", "0")]).no_files()
}

pub(super) fn with_host_pids(case: Case, mask: &str) -> Case {
    case.status(&[("CapPrm", mask), ("NSpid", "100")])
}

/// What stands at the mount points of the cases: no socket of an engine.
pub(super) fn looked_at(case: Case) -> Case {
    case.point("/s", Kind::File, (0, 20), 1).point("/host", Kind::Folder, (8, 1), 2).point(
        "/etc/hosts",
        Kind::File,
        (8, 1),
        3,
    )
}

pub(super) fn node(case: Case) -> Case {
    case.device("/dev/sda", Kind::BlockDevice, (8, 0))
}

pub(super) fn disk(case: Case) -> Case {
    node(case.kernel(DEVICE_LIST, "b 8:0 rwm\n"))
}

pub(super) fn table() -> Vec<(&'static str, Case, Vec<Case>)> {
    let remapped = |case: Case| case.uid_map(100, REMAPPED).gid_map(100, REMAPPED);
    let unfiltered = &[("CapPrm", SYS_ADMIN), ("Seccomp", "0")];
    let confined = |case: Case| case.kernel("/proc/100/attr/current", "docker-default (enforce)\n");
    let root = || container().status(&[ROOT]);
    let as_root = &[ROOT, ("CapPrm", SYS_ADMIN)];
    vec![
        (
            "engine in reach",
            container().mount(SOCKET),
            vec![
                container().mount("60 40 0:20 /other.txt /s ro - tmpfs tmpfs rw").point(
                    "/s",
                    Kind::File,
                    (0, 20),
                    9,
                ),
                container().mount(SOCKET).point("/s", Kind::Socket, (0, 20), 9),
            ],
        ),
        (
            "engine in reach",
            container().status(&[("Groups", "999")]).mount(SOCKET).point(
                "/s",
                Kind::Socket,
                (0, 20),
                9,
            ),
            vec![],
        ),
        // In a mounted folder its mode decides as well.
        (
            "engine in reach",
            container().status(&[("Groups", "999")]).engine_at(UNUSUAL).mount(FOLDER).point(
                "/s",
                Kind::Folder,
                (8, 1),
                8,
            ),
            vec![container().engine_at(UNUSUAL).mount(FOLDER).point("/s", Kind::Folder, (8, 1), 8)],
        ),
        (
            "engine over the network",
            container().engine_starts_with(&["DOCKER_HOST=tcp://host:2375"]),
            vec![container().engine_starts_with(&["DOCKER_HOST=unix:///run/docker.sock"])],
        ),
        (
            "raw disk",
            disk(root()),
            vec![
                disk(container()),
                node(container().status(&[("Groups", "6")])),
                root().kernel(DEVICE_LIST, "b 8:0 rwm\n"),
                root().kernel(DEVICE_LIST, "b *:* m\n").device(
                    "/dev/sda",
                    Kind::BlockDevice,
                    (8, 0),
                ),
            ],
        ),
        // The node is readable for its group.
        ("raw disk", disk(container().status(&[("Groups", "999")])), vec![]),
        ("raw disk", disk(holds(DAC_READ_SEARCH)), vec![]),
        (
            "raw disk",
            node(root()).without_device_list(),
            vec![node(container()).without_device_list()],
        ),
        (
            "made disk",
            holds(MKNOD).kernel(DEVICE_LIST, "b *:* rwm\n"),
            vec![
                holds(MKNOD).kernel(DEVICE_LIST, "b *:* m\n"),
                container().kernel(DEVICE_LIST, "b *:* rwm\n"),
                remapped(holds(MKNOD).kernel(DEVICE_LIST, "b *:* rwm\n")),
            ],
        ),
        (
            "privileged peer",
            holds(SYS_PTRACE).neighbour("pid", 300, &[("CapBnd", SYS_ADMIN)]),
            vec![
                holds(SYS_PTRACE).neighbour("pid", 300, &[]),
                container().neighbour("pid", 300, &[("CapBnd", SYS_ADMIN)]),
            ],
        ),
        (
            "writable host",
            root().mount(ETC),
            vec![
                container().mount(ETC).point("/host", Kind::Folder, (8, 1), 9),
                root().mount(&ETC.replace(" rw -", " ro -")),
                root().mount("60 40 8:1 /srv/data /host rw - ext4 /dev/sda1 rw"),
                holds(CHOWN).mount(ETC).point("/host", Kind::Folder, (8, 1), 9),
                remapped(container().status(&[("Uid", "165536 165536 165536 165536")]))
                    .mount(ETC)
                    .point("/host", Kind::Folder, (8, 1), 9),
            ],
        ),
        ("writable host", holds(DAC_OVERRIDE).mount(ETC), vec![]),
        (
            "writable host",
            container().status(&[("Groups", "999")]).mount(ETC).point(
                "/host",
                Kind::Folder,
                (8, 1),
                9,
            ),
            vec![],
        ),
        (
            "tracing the host",
            with_host_pids(container(), SYS_PTRACE),
            vec![
                holds(SYS_PTRACE),
                with_host_pids(container(), CHOWN),
                confined(with_host_pids(container(), SYS_PTRACE)),
            ],
        ),
        (
            "unfiltered SYS_ADMIN",
            container().status(unfiltered),
            vec![
                holds(SYS_ADMIN),
                container().status(&[("Seccomp", "0")]),
                remapped(container().status(unfiltered)),
                // Each half is another process's.
                holds(SYS_ADMIN).add_process(101, &[("Seccomp", "0")]),
            ],
        ),
        (
            "kernel modules",
            holds(SYS_MODULE),
            vec![
                remapped(holds(SYS_MODULE)),
                could_get(SYS_MODULE),
                container().status(&[("CapBnd", SYS_MODULE)]),
            ],
        ),
        (
            "kernel modules",
            could_get(SYS_MODULE).file("/bin/su", 0o4755, (0, 0)),
            vec![could_get(CHOWN).file("/bin/su", 0o4755, (0, 0))],
        ),
        ("raw hardware", holds(SYS_RAWIO), vec![remapped(holds(SYS_RAWIO))]),
        (
            "opening by handle",
            holds(DAC_READ_SEARCH).mount(HOSTS),
            vec![
                holds(DAC_READ_SEARCH),
                container().mount(HOSTS),
                holds(DAC_READ_SEARCH).mount(&HOSTS.replace("8:1", "0:77")),
            ],
        ),
        (
            "writable release_agent",
            root().mount(AGENTS).kernel("/proc/sys/kernel/osrelease", "4.18.0-553.el8"),
            vec![
                root().mount(AGENTS),
                container().mount(AGENTS),
                root().mount(&AGENTS.replace(" rw -", " ro -")),
                root().mount(&AGENTS.replace("0:26 /", "0:26 /docker/ab")),
            ],
        ),
        (
            "writable release_agent",
            container().status(as_root).mount(AGENTS),
            vec![holds(SYS_ADMIN).mount(AGENTS)],
        ),
        (
            "mounted release_agent",
            in_hosts_cgroups(container().status(as_root)),
            vec![
                // The container has a cgroup of its own among the host's devices.
                container().status(as_root).kernel("/proc/1/mountinfo", DEVICES),
                confined(in_hosts_cgroups(container().status(as_root))),
                in_hosts_cgroups(holds(SYS_ADMIN)),
            ],
        ),
        (
            "mounted release_agent",
            container().status(as_root).kernel("/proc/1/mountinfo", OLD_HOST),
            vec![holds(SYS_ADMIN).kernel("/proc/1/mountinfo", OLD_HOST)],
        ),
        (
            "writable core_pattern",
            root().mounts(OPEN_PROC),
            vec![
                root(),
                confined(root().mounts(OPEN_PROC)),
                container().mounts(OPEN_PROC),
                holds(DAC_OVERRIDE).mounts(OPEN_PROC),
                root().mounts(&format!("{OPEN_PROC}42 41 0:45 /sys /proc/sys ro - proc proc rw\n")),
            ],
        ),
    ]
}

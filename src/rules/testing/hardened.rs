//! A container with everything in order.

use serde_json::json;

use super::Case;
use super::files::socket;
use crate::model::bundle::{Answer, Bundle, Origin, Processes};
use crate::model::demand::FilePolicy;
use crate::model::files::Listing;
use crate::model::source::Source;
use crate::model::target::{Kind, Target};

/// The hardened container's first process.
pub(in crate::rules) const INIT: u32 = 100;

/// What the hardened container's cgroup lets it use.
pub(in crate::rules) const DEVICE_LIST: &str = "/sys/fs/cgroup/devices/docker/c/devices.list";

/// When the evidence was collected.
const NOW: &str = "2026-01-01T12:00:00Z";

pub(super) const STATUS: &str = "Name:\tapp\nState:\tS (sleeping)\nPPid:\t7\nUid:\t1000\t1000\t1000\t1000\n\
    Gid:\t1000\t1000\t1000\t1000\nGroups:\t1000\nNSpid:\t100\t1\n\
    RssAnon:\t1024 kB\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n\
    SigCgt:\t0000000000014000\n\
    CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n\
    CapBnd:\t0000000000000000\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n";

const HOST_MOUNTS: &str = "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
    21 20 0:20 / /run rw - tmpfs tmpfs rw\n22 20 0:4 / /proc rw - proc proc rw\n\
    23 20 0:5 / /dev rw - devtmpfs dev rw\n24 20 0:6 / /sys rw - sysfs sysfs rw\n";

pub(super) const MOUNTS: &str = "40 30 0:44 / / ro,relatime - overlay overlay rw,lowerdir=/l\n\
    41 40 0:45 / /proc rw,nosuid,nodev,noexec - proc proc rw\n\
    42 41 0:45 /sys /proc/sys ro - proc proc rw\n\
    43 40 0:46 / /sys ro,nosuid,nodev,noexec - sysfs sysfs ro\n\
    44 40 0:47 / /dev rw,nosuid - tmpfs tmpfs rw,size=65536k,mode=755\n\
    45 40 0:48 / /tmp rw,nosuid,nodev,noexec - tmpfs tmpfs rw,size=16384k\n";

/// The image that it was made from.
pub(super) const IMAGE: &str = "sha256:1";

const ROUTES: &str = "eth0 00000000 010012AC 0003 0 0 0 00000000 0 0 0\n\
    eth0 000012AC 00000000 0001 0 0 0 0000FFFF 0 0 0\n";

/// A container with everything in order, as root reads it.
pub(in crate::rules) fn container() -> Case {
    let id = "c".repeat(64);
    let mut case = Case {
        bundle: Bundle::new(Origin::Engine),
        settings: Vec::new(),
        tree: Vec::new(),
        unread: Vec::new(),
        policy: FilePolicy::default(),
        sought: Vec::new(),
    };
    case.bundle.add_target(Target {
        kind: Kind::Container,
        id: id.clone(),
        name: "web".into(),
        image: Some("web:1.0".into()),
    });
    let inspect = json!({
        "Config": {
            "User": "1000:1000", "Healthcheck": {"Test": ["CMD", "x"]},
            "ExposedPorts": {"80/tcp": {}},
        },
        "HostConfig": {
            "Privileged": false, "CapAdd": null, "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"], "PidMode": "", "NetworkMode": "default",
            "IpcMode": "private", "CgroupnsMode": "private", "UsernsMode": "", "ReadonlyRootfs": true,
            "Memory": 67_108_864, "PidsLimit": 100, "Tmpfs": {"/tmp": "size=16m"},
            "NanoCpus": 500_000_000, "LogConfig": {"Type": "local", "Config": {}},
            "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 5},
        },
        "Path": "/bin/app", "Args": ["…"], "RestartCount": 0,
        "State": {
            "StartedAt": "2026-01-01T11:59:00.5Z",
            "Health": {"Status": "healthy", "FailingStreak": 0, "Log": []},
        },
        "Mounts": [], "AppArmorProfile": "", "Image": IMAGE,
        "NetworkSettings": {
            "Ports": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}]},
            "Networks": {"shop": {"NetworkID": "a1"}},
        },
    });
    let networks = json!([
        {"Name": "bridge", "Id": "b1", "Driver": "bridge", "Internal": false,
         "Options": {"com.docker.network.bridge.default_bridge": "true"},
         "IPAM": {"Config": [{"Subnet": "172.17.0.0/16"}]}},
        {"Name": "shop", "Id": "a1", "Driver": "bridge", "Internal": false, "Options": {},
         "IPAM": {"Config": [{"Subnet": "172.18.0.0/16"}]}},
    ]);
    case.put(Source::networks(), Answer::Json(networks));
    case.put(Source::container(&id), Answer::Json(inspect));
    case.put(
        Source::engine_info(),
        Answer::Json(json!({"SecurityOptions": ["name=seccomp,profile=default"]})),
    );
    let limit_files: Vec<String> = [
        ("memory", "memory.limit_in_bytes"),
        ("pids", "pids.max"),
        ("cpu", "cpu.cfs_quota_us"),
        ("cpu", "cpu.cfs_period_us"),
        ("cpuset", "cpuset.cpus"),
    ]
    .map(|(controller, file)| format!("/sys/fs/cgroup/{controller}/docker/{id}/{file}"))
    .to_vec();
    let processes = Processes {
        init: INIT,
        viewer: INIT,
        members: vec![INIT],
        limit_files,
        cgroups: vec![("devices".to_owned(), "/docker/c".to_owned())],
        device_list: Some(DEVICE_LIST.to_owned()),
        neighbours: ["pid", "net", "ipc"].map(|kind| (kind.to_owned(), vec![])).into(),
        zombies: Some(vec![]),
        ..Processes::default()
    };
    case.put(Source::Processes(id.into()), Answer::Processes(processes));
    for source in [Source::devices(INIT), Source::mount_points(INIT)] {
        case.put(source, Answer::Files(Listing::default()));
    }
    let socket = socket("/run/docker.sock", (0, 20), 3577);
    let sockets = Listing { files: vec![socket], unread: vec![] };
    case.put(Source::engine_sockets(), Answer::Files(sockets));
    case.put(Source::Clock, Answer::Text(NOW.into()));
    for (path, text) in [
        ("/sys/devices/system/cpu/online", "0-3\n"),
        (DEVICE_LIST, "c 1:3 rwm\nc *:* m\nc 136:* rwm\n"),
        ("/proc/1/status", "Name:\tsystemd\nCapBnd:\t000001ffffffffff\n"),
        ("/proc/1/mountinfo", HOST_MOUNTS),
        ("/proc/1/ns/net", "net:[1]"),
        ("/proc/1/ns/ipc", "ipc:[1]"),
        ("/proc/1/ns/uts", "uts:[1]"),
        ("/proc/1/ns/cgroup", "cgroup:[1]"),
        ("/proc/self/ns/ipc", "ipc:[4026531839]"),
        ("/proc/self/ns/uts", "uts:[4026531838]"),
        ("/proc/self/ns/cgroup", "cgroup:[4026531835]"),
        ("/proc/meminfo", "MemTotal:        8388608 kB\n"),
        ("/proc/sys/kernel/pid_max", "4194304\n"),
        ("/proc/sys/kernel/osrelease", "6.1.0\n"),
        ("/proc/1/net/dev (inode)", "11"),
        ("/proc/100/net/dev (inode)", "77"),
        ("/proc/100/wchan", "ep_poll"),
        ("/proc/100/ns/net", "net:[7]"),
        ("/proc/100/ns/ipc", "ipc:[7]"),
        ("/proc/100/ns/uts", "uts:[7]"),
        ("/proc/100/ns/cgroup", "cgroup:[7]"),
        ("/proc/100/mountinfo", MOUNTS),
        ("/proc/100/net/tcp", "0: 00000000:0050 00000000:0000 0A 0:0 00:0 0 1000 0 9 1\n"),
        ("/proc/100/net/tcp6", ""),
        ("/proc/100/net/udp", ""),
        ("/proc/100/net/udp6", ""),
        ("/proc/100/net/route", ROUTES),
        ("/proc/100/net/ipv6_route", ""),
        (
            "/proc/100/root/etc/passwd",
            "root:x:0:0:::/bin/sh\napp:x:1000:1000:::/bin/false\ntoor:x:0:0:::\n",
        ),
        ("/proc/100/root/etc/group", "root:x:0:\nshadow:x:42:\napp:x:1000:\n"),
        ("/proc/1/root/etc/group", "root:x:0:\nshadow:x:42:\ndocker:x:998:\nalice:x:1000:\n"),
    ] {
        case = case.kernel(path, text);
    }
    case.put(
        Source::image(IMAGE),
        Answer::Json(
            json!({"Config": {"User": "1000:1000", "Healthcheck": {"Test": ["CMD", "x"]}}}),
        ),
    );
    case = case.shells(&["/bin/false", "/bin/sh"]);
    case.limit("memory.limit_in_bytes", "67108864")
        .limit("pids.max", "100")
        .limit("cpu.cfs_quota_us", "50000")
        .limit("cpu.cfs_period_us", "100000")
        .limit("cpuset.cpus", "0-3")
        .add_process(INIT, &[])
        .engine_starts_with(&["PATH=/bin"])
}

//! Ways out of a container, each beside a near miss, and what a file gives.

use serde_json::{Value, json};

use super::Case;
use crate::agree::{done, fails, gained, not_gained, passes, refused};
use crate::run;
use crate::witness::Act::{
    BecomeRoot, Mount, OpenDisk, OpenKernelSetting, ReachEngine, SetAgents, TraceHost,
    WriteHostSecret,
};
use crate::witness::DISK_NODE;

/// Under no security module's profile: some hosts have one, some have none.
pub(super) fn free(capabilities: &[&str]) -> Value {
    json!({"HostConfig": {"CapAdd": capabilities, "SecurityOpt": ["apparmor=unconfined"]}})
}

/// Somebody who has nothing and is given nothing by a file.
pub(super) fn bound(mut config: Value) -> Value {
    config["User"] = json!("1000");
    let options = config["HostConfig"]["SecurityOpt"].as_array().cloned().unwrap_or_default();
    let options: Vec<Value> = options.into_iter().chain([json!("no-new-privileges")]).collect();
    config["HostConfig"]["SecurityOpt"] = json!(options);
    config
}

pub(super) fn set(mut config: Value, key: &str, value: Value) -> Value {
    config["HostConfig"][key] = value;
    config
}

fn host_etc() -> Value {
    json!({"HostConfig": {"Binds": ["/etc:/host-etc"]}})
}

fn unfiltered(capabilities: &[&str]) -> Value {
    let options = json!(["apparmor=unconfined", "seccomp=unconfined"]);
    set(free(capabilities), "SecurityOpt", options)
}

fn agents(capabilities: &[&str]) -> Value {
    set(free(capabilities), "Binds", json!(["/sys/fs/cgroup:/mnt"]))
}

/// The node of a disk, with which the cgroup lets it do this.
pub(super) fn with_disk(node: &str, access: &str) -> Value {
    let disk = json!({
        "PathOnHost": node, "PathInContainer": DISK_NODE, "CgroupPermissions": access,
    });
    json!({"HostConfig": {"Devices": [disk]}})
}

fn hosts_disk(access: &str) -> Value {
    let (node, _) = run::disk().expect("the case needs a disk");
    with_disk(&node, access)
}

/// No node, and a cgroup that lets it do this with the disk.
fn disk_rule(access: &str) -> Value {
    let (_, numbers) = run::disk().expect("the case needs a disk");
    json!({"HostConfig": {"DeviceCgroupRules": [format!("b {numbers} {access}")]}})
}

pub(super) const CASES: &[Case] = &[
    Case {
        name: "setuid-file",
        config: || json!({"User": "1000"}),
        code: 1,
        expected: &[fails("no-setuid-escalation", &[gained(BecomeRoot)])],
    },
    Case {
        name: "setuid-file-without-new-privileges",
        config: || bound(json!({})),
        code: 1,
        expected: &[passes("no-setuid-escalation", &[not_gained(BecomeRoot)])],
    },
    Case {
        name: "setuid-file-of-root-for-root",
        config: || json!({}),
        code: 1,
        expected: &[
            passes("no-setuid-escalation", &[done(BecomeRoot)]),
            passes("no-escape-path", &[refused(Mount)]),
        ],
    },
    Case {
        name: "near-miss-socket-of-another-user",
        config: || bound(set(json!({}), "Binds", json!(["/var/run/docker.sock:/tmp/innocent"]))),
        code: 1,
        expected: &[
            fails("no-engine-socket", &[]),
            passes("no-escape-path", &[refused(ReachEngine), not_gained(ReachEngine)]),
        ],
    },
    Case {
        name: "escape-writable-host",
        config: host_etc,
        code: 1,
        expected: &[fails("no-escape-path", &[done(WriteHostSecret)])],
    },
    Case {
        name: "escape-writable-host-by-a-setuid-file",
        config: || {
            let mut config = host_etc();
            config["User"] = json!("1000");
            config
        },
        code: 1,
        expected: &[fails("no-escape-path", &[refused(WriteHostSecret), gained(WriteHostSecret)])],
    },
    Case {
        name: "near-miss-writable-host-of-another-user",
        config: || bound(host_etc()),
        code: 1,
        expected: &[passes(
            "no-escape-path",
            &[refused(WriteHostSecret), not_gained(WriteHostSecret)],
        )],
    },
    Case {
        name: "near-miss-readable-host",
        config: || json!({"HostConfig": {"Binds": ["/etc:/host-etc:ro"]}}),
        code: 1,
        expected: &[passes("no-escape-path", &[refused(WriteHostSecret)])],
    },
    Case {
        name: "escape-tracing",
        config: || set(free(&["SYS_PTRACE"]), "PidMode", json!("host")),
        code: 1,
        expected: &[fails("no-escape-path", &[done(TraceHost)])],
    },
    Case {
        name: "near-miss-tracing-itself",
        config: || free(&["SYS_PTRACE"]),
        code: 1,
        expected: &[passes("no-escape-path", &[refused(TraceHost)])],
    },
    Case {
        name: "near-miss-tracing-out-of-reach",
        config: || bound(set(free(&["SYS_PTRACE"]), "PidMode", json!("host"))),
        code: 1,
        expected: &[passes("no-escape-path", &[refused(TraceHost), not_gained(TraceHost)])],
    },
    Case {
        name: "escape-unfiltered-admin",
        config: || unfiltered(&["SYS_ADMIN"]),
        code: 1,
        expected: &[fails("no-escape-path", &[done(Mount)])],
    },
    Case {
        name: "near-miss-unfiltered",
        config: || unfiltered(&[]),
        code: 1,
        expected: &[passes("no-escape-path", &[refused(Mount)])],
    },
    Case {
        name: "near-miss-unfiltered-admin-out-of-reach",
        config: || bound(unfiltered(&["SYS_ADMIN"])),
        code: 1,
        expected: &[passes("no-escape-path", &[refused(Mount), not_gained(Mount)])],
    },
    // No witness tries these three: a kernel may be built without modules, and
    // ports and handles have no safe call.
    Case {
        name: "escape-modules",
        config: || free(&["SYS_MODULE"]),
        code: 1,
        expected: &[fails("no-escape-path", &[])],
    },
    Case {
        name: "near-miss-modules-out-of-reach",
        config: || bound(free(&["SYS_MODULE"])),
        code: 1,
        expected: &[passes("no-escape-path", &[])],
    },
    Case {
        name: "escape-hardware",
        config: || free(&["SYS_RAWIO"]),
        code: 1,
        expected: &[fails("no-escape-path", &[])],
    },
    Case {
        name: "near-miss-hardware-out-of-reach",
        config: || bound(free(&["SYS_RAWIO"])),
        code: 1,
        expected: &[passes("no-escape-path", &[])],
    },
    Case {
        name: "escape-handles",
        config: || free(&["DAC_READ_SEARCH"]),
        code: 1,
        expected: &[fails("no-escape-path", &[])],
    },
    Case {
        name: "near-miss-handles-out-of-reach",
        config: || bound(free(&["DAC_READ_SEARCH"])),
        code: 1,
        expected: &[passes("no-escape-path", &[])],
    },
    Case {
        name: "escape-core-pattern",
        config: || set(free(&[]), "ReadonlyPaths", json!([])),
        code: 1,
        expected: &[fails("no-escape-path", &[done(OpenKernelSetting)])],
    },
    Case {
        name: "near-miss-core-pattern-of-another-user",
        config: || bound(set(free(&[]), "ReadonlyPaths", json!([]))),
        code: 1,
        expected: &[passes(
            "no-escape-path",
            &[refused(OpenKernelSetting), not_gained(OpenKernelSetting)],
        )],
    },
];

/// Where the host has hierarchies of cgroup version 1.
pub(super) const WITH_AGENTS: &[Case] = &[
    Case {
        name: "escape-release-agent",
        config: || agents(&["SYS_ADMIN"]),
        code: 1,
        expected: &[fails("no-escape-path", &[done(SetAgents)])],
    },
    // Linux since 5.17.
    Case {
        name: "near-miss-release-agent-without-admin",
        config: || agents(&[]),
        code: 1,
        expected: &[passes("no-escape-path", &[refused(SetAgents)])],
    },
    Case {
        name: "near-miss-release-agent-of-another-user",
        config: || bound(agents(&["SYS_ADMIN"])),
        code: 1,
        expected: &[passes("no-escape-path", &[refused(SetAgents), not_gained(SetAgents)])],
    },
    Case {
        name: "escape-mounted-release-agent",
        config: || free(&["SYS_ADMIN"]),
        code: 1,
        expected: &[fails("no-escape-path", &[done(SetAgents)])],
    },
    Case {
        name: "near-miss-mounting-out-of-reach",
        config: || bound(free(&["SYS_ADMIN"])),
        code: 1,
        expected: &[passes("no-escape-path", &[refused(SetAgents), not_gained(SetAgents)])],
    },
    // Mounted in a namespace of its own the hierarchy begins at its own cgroup.
    Case {
        name: "near-miss-mounting-in-a-cgroup-namespace",
        config: || set(free(&["SYS_ADMIN"]), "CgroupnsMode", json!("private")),
        code: 1,
        expected: &[passes("no-escape-path", &[refused(SetAgents), not_gained(SetAgents)])],
    },
];

/// Where the host has a disk. It is only ever opened for reading.
pub(super) const WITH_DISK: &[Case] = &[
    Case {
        name: "escape-raw-disk",
        config: || hosts_disk("r"),
        code: 1,
        expected: &[fails("no-escape-path", &[done(OpenDisk)])],
    },
    Case {
        name: "near-miss-raw-disk-of-another-user",
        config: || bound(hosts_disk("r")),
        code: 1,
        expected: &[passes("no-escape-path", &[refused(OpenDisk), not_gained(OpenDisk)])],
    },
    Case {
        name: "near-miss-raw-disk-that-the-cgroup-forbids",
        config: || hosts_disk("m"),
        code: 1,
        expected: &[passes("no-escape-path", &[refused(OpenDisk), not_gained(OpenDisk)])],
    },
    Case {
        name: "escape-made-disk",
        config: || disk_rule("rm"),
        code: 1,
        expected: &[fails("no-escape-path", &[done(OpenDisk)])],
    },
    Case {
        name: "near-miss-made-disk-without-mknod",
        config: || set(disk_rule("rm"), "CapDrop", json!(["MKNOD"])),
        code: 1,
        expected: &[passes("no-escape-path", &[refused(OpenDisk), not_gained(OpenDisk)])],
    },
    Case {
        name: "near-miss-made-disk-that-the-cgroup-forbids",
        config: || disk_rule("m"),
        code: 1,
        expected: &[passes("no-escape-path", &[refused(OpenDisk), not_gained(OpenDisk)])],
    },
];

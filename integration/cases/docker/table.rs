//! The table: how each container is started, and what must be found.

use secaudit::model::severity::Severity;
use serde_json::{Value, json};

use super::{Case, hardened};
use crate::agree::{Expectation, done, fails, gained, not_applicable, not_gained, passes, refused};
use crate::witness::Act::{
    BecomeRoot, ChangePersonality, ExceedMemory, ExceedPids, Mount, OpenHostDevice, OpenHostQueue,
    OpenKernelSetting, OpenRawSocket, ReachEngine, ReachHostLoopback, ReadGroupSecret,
    ReadHostSecret, SeeHostName, SeeOtherProcesses, SeeOwnCgroup, StartOwnShell, WriteRoot,
    WriteTmp,
};
use crate::witness::WITNESS;

fn host(key: &str, value: &Value) -> Value {
    json!({"HostConfig": {key: value}})
}

const SOCKET: &[Expectation] = &[
    fails("no-engine-socket", &[done(ReachEngine)]),
    fails("no-escape-path", &[done(ReachEngine)]),
];

pub(super) const CASES: &[Case] = &[
    Case {
        name: "hardened",
        config: hardened,
        code: 0,
        expected: &[
            passes("non-root-user", &[refused(BecomeRoot)]),
            passes("non-root-exec", &[]),
            not_applicable("expected-uid", &[]),
            passes("fixed-uid", &[]),
            passes("pinned-image", &[]),
            passes("no-login-shell", &[refused(StartOwnShell)]),
            passes("no-privileged-groups", &[refused(ReadGroupSecret)]),
            passes("no-new-privileges", &[not_gained(BecomeRoot)]),
            passes("capabilities-dropped", &[refused(OpenRawSocket), not_gained(OpenRawSocket)]),
            passes("no-dangerous-capabilities", &[refused(Mount), not_gained(Mount)]),
            passes("not-privileged", &[refused(OpenKernelSetting), not_gained(OpenKernelSetting)]),
            passes("seccomp-filter", &[refused(ChangePersonality)]),
            passes("no-privileged-exec", &[]),
            passes("no-setuid-escalation", &[not_gained(BecomeRoot)]),
            passes("no-escape-path", &[refused(ReachEngine), refused(Mount)]),
            passes("private-pid-namespace", &[refused(SeeOtherProcesses)]),
            passes("private-network-namespace", &[refused(ReachHostLoopback)]),
            passes("private-ipc-namespace", &[refused(OpenHostQueue)]),
            passes("private-uts-namespace", &[refused(SeeHostName)]),
            passes("private-cgroup-namespace", &[refused(SeeOwnCgroup)]),
            not_applicable(
                "private-user-namespace",
                &[refused(BecomeRoot), not_gained(BecomeRoot)],
            ),
            passes("no-engine-socket", &[refused(ReachEngine)]),
            passes("no-sensitive-mounts", &[refused(ReadHostSecret)]),
            passes("no-host-devices", &[refused(OpenHostDevice), not_gained(OpenHostDevice)]),
            passes("no-shared-propagation", &[]),
            passes("read-only-root", &[refused(WriteRoot)]),
            passes("tmpfs-for-writes", &[done(WriteTmp)]),
            passes("memory-limit", &[refused(ExceedMemory)]),
            passes("pids-limit", &[refused(ExceedPids)]),
            passes("cpu-limit", &[]),
            not_applicable("heap-fits-limit", &[]),
            passes("healthcheck", &[]),
            passes(
                "runs-as-declared",
                &[refused(BecomeRoot), refused(OpenRawSocket), refused(WriteRoot)],
            ),
            passes("no-ineffective-hardening", &[]),
            passes("healthcheck-timing", &[]),
            passes("healthcheck-works", &[]),
            passes("init-process", &[]),
            passes("handles-sigterm", &[]),
            passes("restart-policy", &[]),
            passes("exec-form-command", &[]),
            passes("log-driver", &[]),
        ],
    },
    Case {
        name: "root-default",
        config: || json!({}),
        code: 1,
        expected: &[
            fails("non-root-user", &[done(BecomeRoot)]).at(Severity::High),
            fails("non-root-exec", &[done(BecomeRoot)]),
            not_applicable("fixed-uid", &[]),
            passes("no-login-shell", &[refused(StartOwnShell)]),
            not_applicable("no-privileged-groups", &[done(ReadGroupSecret)]),
            fails("no-new-privileges", &[gained(BecomeRoot)]),
            fails("capabilities-dropped", &[done(OpenRawSocket)]),
            passes("runs-as-declared", &[]),
            passes("no-dangerous-capabilities", &[refused(Mount)]),
            passes("not-privileged", &[refused(OpenKernelSetting)]),
            passes("seccomp-filter", &[refused(ChangePersonality)]),
            passes("no-privileged-exec", &[]),
            passes("private-pid-namespace", &[refused(SeeOtherProcesses)]),
            passes("private-network-namespace", &[refused(ReachHostLoopback)]),
            passes("private-ipc-namespace", &[refused(OpenHostQueue)]),
            passes("private-uts-namespace", &[refused(SeeHostName)]),
            fails("private-user-namespace", &[done(BecomeRoot)]).at(Severity::Med),
            passes("no-engine-socket", &[refused(ReachEngine)]),
            passes("no-sensitive-mounts", &[refused(ReadHostSecret)]),
            passes("no-host-devices", &[refused(OpenHostDevice)]),
            fails("read-only-root", &[done(WriteRoot)]),
            not_applicable("tmpfs-for-writes", &[done(WriteTmp)]),
            fails("memory-limit", &[done(ExceedMemory)]),
            fails("pids-limit", &[done(ExceedPids)]),
            fails("cpu-limit", &[]),
            fails("healthcheck", &[]),
            not_applicable("healthcheck-timing", &[]),
            not_applicable("healthcheck-works", &[]),
            fails("restart-policy", &[]),
            passes("exec-form-command", &[]),
        ],
    },
    // As a user: a machine that lacks a capability itself cannot start it as root.
    Case {
        name: "privileged",
        config: || json!({"User": "1000", "HostConfig": {"Privileged": true}}),
        code: 1,
        expected: &[
            passes("non-root-user", &[]),
            fails("not-privileged", &[gained(OpenKernelSetting)]),
            fails("no-dangerous-capabilities", &[gained(Mount)]),
            fails("capabilities-dropped", &[gained(OpenRawSocket)]),
            fails("no-new-privileges", &[gained(BecomeRoot)]),
            fails("seccomp-filter", &[done(ChangePersonality)]),
            fails("no-host-devices", &[gained(OpenHostDevice)]),
            fails("private-user-namespace", &[gained(BecomeRoot)]).at(Severity::Med),
        ],
    },
    Case {
        name: "privileged-in-all-but-name",
        config: || {
            json!({"HostConfig": {
                "CapAdd": ["ALL"], "CapDrop": ["SYS_RESOURCE"], "SecurityOpt": ["seccomp=unconfined"],
            }})
        },
        code: 1,
        expected: &[
            fails("no-dangerous-capabilities", &[done(Mount)]),
            fails("seccomp-filter", &[done(ChangePersonality)]),
        ],
    },
    Case {
        name: "no-seccomp-filter",
        config: || host("SecurityOpt", &json!(["seccomp=unconfined"])),
        code: 1,
        expected: &[fails("seccomp-filter", &[done(ChangePersonality)])],
    },
    Case {
        name: "host-namespaces",
        config: || {
            json!({"HostConfig": {
                "PidMode": "host", "NetworkMode": "host", "IpcMode": "host", "UTSMode": "host",
                "CgroupnsMode": "host",
            }})
        },
        code: 1,
        expected: &[
            fails("private-pid-namespace", &[done(SeeOtherProcesses)]),
            fails("private-network-namespace", &[done(ReachHostLoopback)]),
            fails("private-ipc-namespace", &[done(OpenHostQueue)]),
            fails("private-uts-namespace", &[done(SeeHostName)]),
            fails("private-cgroup-namespace", &[done(SeeOwnCgroup)]).at(Severity::Low),
            passes("no-privileged-exec", &[]),
        ],
    },
    Case {
        name: "host-pid-namespace",
        config: || host("PidMode", &json!("host")),
        code: 1,
        expected: &[
            fails("private-pid-namespace", &[done(SeeOtherProcesses)]),
            passes("private-network-namespace", &[refused(ReachHostLoopback)]),
            passes("private-ipc-namespace", &[refused(OpenHostQueue)]),
        ],
    },
    Case {
        name: "host-network-namespace",
        config: || host("NetworkMode", &json!("host")),
        code: 1,
        expected: &[
            passes("private-pid-namespace", &[refused(SeeOtherProcesses)]),
            fails("private-network-namespace", &[done(ReachHostLoopback)]),
            passes("private-ipc-namespace", &[refused(OpenHostQueue)]),
        ],
    },
    Case {
        name: "host-ipc-namespace",
        config: || host("IpcMode", &json!("host")),
        code: 1,
        expected: &[
            passes("private-pid-namespace", &[refused(SeeOtherProcesses)]),
            passes("private-network-namespace", &[refused(ReachHostLoopback)]),
            fails("private-ipc-namespace", &[done(OpenHostQueue)]),
        ],
    },
    Case {
        name: "host-uts-namespace",
        config: || host("UTSMode", &json!("host")),
        code: 1,
        expected: &[fails("private-uts-namespace", &[done(SeeHostName)])],
    },
    Case {
        name: "host-cgroup-namespace",
        config: || host("CgroupnsMode", &json!("host")),
        code: 1,
        expected: &[fails("private-cgroup-namespace", &[done(SeeOwnCgroup)]).at(Severity::Low)],
    },
    Case {
        name: "private-cgroup-namespace",
        config: || host("CgroupnsMode", &json!("private")),
        code: 1,
        expected: &[passes("private-cgroup-namespace", &[refused(SeeOwnCgroup)])],
    },
    Case {
        name: "one-device",
        config: || {
            let device = json!({
                "PathOnHost": "/dev/kmsg", "PathInContainer": "/dev/kmsg", "CgroupPermissions": "rwm",
            });
            host("Devices", &json!([device]))
        },
        code: 1,
        expected: &[fails("no-host-devices", &[done(OpenHostDevice)])],
    },
    // There is no node, but whoever may use a device makes one.
    Case {
        name: "a-rule-for-a-device",
        config: || host("DeviceCgroupRules", &json!(["c 1:11 rwm"])),
        code: 1,
        expected: &[fails("no-host-devices", &[done(OpenHostDevice)])],
    },
    // A node that nobody may open is none.
    Case {
        name: "a-rule-for-a-node-alone",
        config: || host("DeviceCgroupRules", &json!(["c 1:11 m"])),
        code: 1,
        expected: &[passes("no-host-devices", &[refused(OpenHostDevice)])],
    },
    Case {
        name: "engine-socket",
        config: || host("Binds", &json!(["/var/run/docker.sock:/var/run/docker.sock:ro"])),
        code: 1,
        expected: SOCKET,
    },
    Case {
        name: "engine-socket-under-another-name",
        config: || host("Binds", &json!(["/var/run/docker.sock:/tmp/innocent:ro"])),
        code: 1,
        expected: SOCKET,
    },
    Case {
        name: "engine-socket-in-a-folder",
        config: || host("Binds", &json!(["/run:/host-run:ro"])),
        code: 1,
        expected: SOCKET,
    },
    Case {
        name: "sensitive-mount",
        config: || host("Binds", &json!(["/etc:/host-etc:ro"])),
        code: 1,
        expected: &[fails("no-sensitive-mounts", &[done(ReadHostSecret)])],
    },
    Case {
        name: "no-new-privileges-false",
        config: || json!({"User": "1000", "HostConfig": {"SecurityOpt": ["no-new-privileges:false"]}}),
        code: 1,
        expected: &[
            passes("non-root-user", &[refused(BecomeRoot)]),
            fails("no-new-privileges", &[gained(BecomeRoot)]),
            fails("no-ineffective-hardening", &[gained(BecomeRoot)]),
        ],
    },
    Case {
        name: "no-new-privileges-true",
        config: || json!({"User": "app", "HostConfig": {"SecurityOpt": ["no-new-privileges:true"]}}),
        code: 1,
        expected: &[
            passes("non-root-user", &[refused(BecomeRoot)]),
            passes("no-new-privileges", &[not_gained(BecomeRoot)]),
        ],
    },
    // A changed root hides the mounts from the kernel's list, and acquits nobody.
    Case {
        name: "hides-its-mounts",
        config: || {
            json!({
                "Cmd": [WITNESS, "witness", "jail"],
                "HostConfig": {"Binds": ["/var/run/docker.sock:/var/run/docker.sock"]},
            })
        },
        code: 1,
        expected: SOCKET,
    },
    Case {
        name: "read-only-without-tmpfs",
        config: || host("ReadonlyRootfs", &json!(true)),
        code: 1,
        expected: &[
            passes("read-only-root", &[refused(WriteRoot)]),
            fails("tmpfs-for-writes", &[refused(WriteTmp)]),
        ],
    },
    Case {
        name: "read-only-with-tmpfs",
        config: || json!({"HostConfig": {"ReadonlyRootfs": true, "Tmpfs": {"/tmp": "size=1m"}}}),
        code: 1,
        expected: &[
            passes("read-only-root", &[refused(WriteRoot)]),
            passes("tmpfs-for-writes", &[done(WriteTmp)]),
        ],
    },
];

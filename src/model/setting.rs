//! What can be set of a container from outside, without a change of its image.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something that an operator can set, by a key of a compose file or an option of
/// `docker run`. What only the image can mend is none.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Setting {
    /// No privileged mode.
    Unprivileged,
    /// No mount of a part of the host that gives control of it.
    Mounts,
    /// No capabilities but those that the policy allows.
    Capabilities,
    /// A user that is not root, by its number.
    User,
    /// No gain of privileges by executing a file.
    NoNewPrivileges,
    /// A read-only root file system, and temporary ones where it must be writable.
    ReadOnlyRoot,
    /// A PID namespace of its own.
    PidNamespace,
    /// An IPC namespace of its own.
    IpcNamespace,
    /// A UTS namespace of its own.
    UtsNamespace,
    /// A cgroup namespace of its own.
    CgroupNamespace,
    /// The user namespace that the engine gives to everybody.
    UserNamespace,
    /// No devices of the host.
    Devices,
    /// The engine's seccomp profile.
    Seccomp,
    /// The profile of the host's security module.
    Confinement,
    /// No groups beside the user's own.
    Groups,
    /// A bound on memory.
    Memory,
    /// A bound on the number of processes.
    Pids,
    /// Published ports bound to loopback.
    Ports,
    /// An init as the first process.
    Init,
    /// A bound on processor time.
    Cpus,
    /// Logs that are kept and rotated.
    Logging,
    /// A restart after a failure, with an end.
    Restart,
}

impl Setting {
    /// What it does, in a few words.
    pub const fn what(self) -> &'static str {
        match self {
            Self::Unprivileged => "no privileged mode",
            Self::Mounts => "no mount that gives control of the host",
            Self::Capabilities => "drop all capabilities",
            Self::User => "a user that is not root",
            Self::NoNewPrivileges => "no new privileges",
            Self::ReadOnlyRoot => "a read-only root, with a tmpfs",
            Self::PidNamespace => "its own PID namespace",
            Self::IpcNamespace => "its own IPC namespace",
            Self::UtsNamespace => "its own UTS namespace",
            Self::CgroupNamespace => "its own cgroup namespace",
            Self::UserNamespace => "the engine's user namespace",
            Self::Devices => "no devices of the host",
            Self::Seccomp => "the engine's seccomp profile",
            Self::Confinement => "the security module's profile",
            Self::Groups => "no further groups",
            Self::Memory => "a memory limit",
            Self::Pids => "a limit on processes",
            Self::Ports => "ports on loopback alone",
            Self::Init => "an init",
            Self::Cpus => "a limit on processors",
            Self::Logging => "rotated logs",
            Self::Restart => "bounded restarts",
        }
    }

    /// What a person has to look at before it is made, where its value is a proposal
    /// or the program may need what it takes away.
    pub const fn choice(self) -> Option<&'static str> {
        Some(match self {
            Self::Capabilities => "add back to cap_add what it needs",
            Self::User => "one who may do what it needs",
            Self::ReadOnlyRoot => "a tmpfs or volume for what it writes",
            Self::Memory | Self::Cpus => "the most that it may use",
            Self::Pids => "the most that it may start",
            Self::Ports => "the address to reach it by",
            Self::Unprivileged => "whether it can do without it",
            Self::Mounts | Self::Devices | Self::Groups => "whether it can do without them",
            Self::PidNamespace
            | Self::IpcNamespace
            | Self::UtsNamespace
            | Self::CgroupNamespace
            | Self::UserNamespace => "whether it can do without the host's",
            Self::Seccomp | Self::Confinement => "whether it can do with the profile",
            Self::Logging => "where its logs are kept, and how many",
            Self::Restart => "when it is to start again",
            Self::NoNewPrivileges | Self::Init => return None,
        })
    }
}

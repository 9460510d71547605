//! The known ways out of a container, a row each.

use super::links::{
    Link, can_load_modules, can_make_nodes, can_mount_agents, can_open_by_handle,
    can_reach_hardware, can_trace, has_disk, has_engines_socket, has_unfiltered_admin,
    holds_writable_host, is_hosts_root, is_or_overrides, is_pointed_to_engine, lives_with_ruler,
    may_connect, may_open_disk, may_set_agents, may_use_disks, may_write_host, reaches_agents,
    sees_host_processes, shares_file_system, writes_agents, writes_core_pattern,
};

/// One way to the host: there only if all of its links are.
pub(super) struct Chain {
    /// Its name, in the report.
    pub(super) name: &'static str,
    /// A link; there is always one.
    pub(super) first: Link,
    /// The further ones.
    pub(super) further: &'static [Link],
    /// What whoever follows it to the end can do.
    pub(super) gives: &'static str,
}

pub(super) const CHAINS: &[Chain] = &[
    Chain {
        name: "engine in reach",
        first: has_engines_socket,
        further: &[may_connect],
        gives: "it starts a container with the host's disk mounted",
    },
    Chain {
        name: "engine over the network",
        first: is_pointed_to_engine,
        further: &[],
        gives: "it starts a container with the host's disk mounted",
    },
    Chain {
        name: "raw disk",
        first: has_disk,
        further: &[may_open_disk],
        gives: "it reads and writes the host's disk past every file system",
    },
    Chain {
        name: "made disk",
        first: may_use_disks,
        further: &[can_make_nodes],
        gives: "it makes a node for the host's disk, and reads and writes it",
    },
    Chain {
        name: "privileged peer",
        first: lives_with_ruler,
        further: &[can_trace],
        gives: "it takes the peer over, and with it the host",
    },
    Chain {
        name: "writable host",
        first: holds_writable_host,
        further: &[may_write_host],
        gives: "it rewrites what the host runs or trusts",
    },
    Chain {
        name: "tracing the host",
        first: can_trace,
        further: &[sees_host_processes],
        gives: "it runs its own code in a process of the host",
    },
    Chain {
        name: "unfiltered SYS_ADMIN",
        first: has_unfiltered_admin,
        further: &[],
        gives: "it mounts what it wants and loads programs into the kernel",
    },
    Chain {
        name: "kernel modules",
        first: can_load_modules,
        further: &[],
        gives: "it loads its own code into the kernel",
    },
    Chain {
        name: "raw hardware",
        first: can_reach_hardware,
        further: &[],
        gives: "it drives the machine's ports and memory",
    },
    // Each handle names a file of a whole file system (`open_by_handle_at(2)`),
    // so one bound file is enough to reach all others on it.
    Chain {
        name: "opening by handle",
        first: can_open_by_handle,
        further: &[shares_file_system],
        gives: "it opens any file of that file system, whatever is mounted",
    },
    Chain {
        name: "writable release_agent",
        first: writes_agents,
        further: &[is_or_overrides, may_set_agents],
        gives: "the kernel runs its program on the host when a cgroup becomes empty",
    },
    Chain {
        name: "mounted release_agent",
        first: can_mount_agents,
        further: &[reaches_agents],
        gives: "the kernel runs its program on the host when a cgroup becomes empty",
    },
    Chain {
        name: "writable core_pattern",
        first: writes_core_pattern,
        further: &[is_hosts_root],
        gives: "the kernel runs its program on the host when a program crashes",
    },
];

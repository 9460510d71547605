//! What the evidence means as posture. Pure: a bundle in, facts out.
//!
//! One file a concept. Each says what the engine declares and what the kernel
//! enforces, in the same words, with defaults resolved. No file here knows
//! whether a value is good.

pub mod attainable;
pub mod capabilities;
pub mod confinement;
pub mod devices;
pub mod engines;
mod environment;
pub mod health;
pub mod identity;
pub mod kernel_files;
pub mod limits;
pub mod mounts;
pub mod namespaces;
pub mod no_new_privileges;
pub mod privilege;
pub mod propagation;
pub mod remapping;
pub mod seccomp;
mod view;

use std::fmt;

use crate::model::bundle::Bundle;
use crate::model::fact::Fact;
use crate::model::target::Target;
use crate::model::untrusted::Untrusted;

use view::View;

/// Who holds a value: one process, or the declaration that speaks for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A process, by its pid in the auditor's numbering and its command's name.
    Process {
        /// The pid.
        pid: u32,
        /// The name, chosen by the process.
        name: Untrusted,
        /// The one thread that is meant, where its credentials are its own.
        thread: Option<u32>,
    },
    /// What was asked for.
    Declaration,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process { pid, name, thread: None } => write!(f, "process {pid} ({name})"),
            Self::Process { pid, name, thread: Some(thread) } => {
                write!(f, "thread {thread} of process {pid} ({name})")
            }
            Self::Declaration => f.write_str("the declaration"),
        }
    }
}

/// A value together with who holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held<T> {
    /// Who.
    pub by: Holder,
    /// What.
    pub value: T,
}

impl<T> Held<T> {
    /// A value that was asked for.
    pub const fn declared(value: T) -> Self {
        Self { by: Holder::Declaration, value }
    }
}

/// Everything that is known of one target's posture.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Which user each process is.
    pub user: Fact<Held<identity::User>>,
    /// Whether a process can gain privileges by executing a file.
    pub no_new_privileges: Fact<Held<bool>>,
    /// Which capabilities each process holds or can gain.
    pub capabilities: Fact<Held<capabilities::Capabilities>>,
    /// What each process can get, also by executing files.
    pub powers: attainable::Powers,
    /// Whether the container has the reach of the engine's privileged mode.
    pub privileged: Fact<privilege::Reach>,
    /// Each process's privileges beside those of the first process.
    pub beside_first: Fact<Held<privilege::Comparison>>,
    /// Whether a seccomp filter is active for each process.
    pub seccomp: Fact<Held<seccomp::Mode>>,
    /// How a security module confines each process.
    pub confinement: Fact<Held<confinement::Confinement>>,
    /// Whose PID namespace the container lives in.
    pub pid_namespace: Fact<namespaces::Namespace>,
    /// Whose network namespace the container lives in.
    pub network_namespace: Fact<namespaces::Namespace>,
    /// Whose IPC namespace the container lives in.
    pub ipc_namespace: Fact<namespaces::Namespace>,
    /// Who else lives in the container's PID namespace.
    pub pid_company: Fact<namespaces::Company>,
    /// Who else lives in the container's network namespace.
    pub network_company: Fact<namespaces::Company>,
    /// Who else lives in the container's IPC namespace.
    pub ipc_company: Fact<namespaces::Company>,
    /// Whose host and domain names the container has.
    pub uts_namespace: Fact<namespaces::Namespace>,
    /// Whose cgroup namespace the container lives in, and what it can write there.
    pub cgroup_namespace: Fact<namespaces::CgroupView>,
    /// How near each process is to the host's root.
    pub nearness: Fact<Held<remapping::Nearness>>,
    /// Whether the root file system is read-only.
    pub root_read_only: Fact<bool>,
    /// What is mounted below the root, whatever it is on the host.
    pub mount_points: Fact<Vec<mounts::Mount>>,
    /// What is mounted below the root, and which part of the host it is.
    pub mounts: Fact<Vec<mounts::Mount>>,
    /// The file systems that the container shares with the host.
    pub shared_with_host: Fact<Vec<mounts::Mount>>,
    /// Where the container can write what the kernel runs when a program crashes.
    pub core_pattern: Fact<Vec<kernel_files::Place>>,
    /// Where it can write what the kernel runs when a cgroup becomes empty.
    pub release_agents: Fact<Vec<kernel_files::Place>>,
    /// The kernel's release, and whether it guards such an agent from a mere root.
    pub guarded_agents: Fact<(String, bool)>,
    /// The host's hierarchies of cgroup version 1, which have such agents.
    pub host_hierarchies: Fact<Vec<kernel_files::Place>>,
    /// The engines' sockets that are mounted, by what they are on disk.
    pub engine_sockets: Fact<Vec<engines::InReach>>,
    /// The mounts whose changes the host sees too.
    pub shared_mounts: Fact<Vec<propagation::Shared>>,
    /// The devices that the container has.
    pub devices: Fact<Vec<devices::Grant>>,
    /// The devices that it could make nodes for and use.
    pub device_rules: Fact<Vec<devices::Grant>>,
    /// The engines that the environment points the container to.
    pub engine_variables: Fact<Vec<String>>,
    /// The bound on memory.
    pub memory_limit: Fact<limits::Limit>,
    /// The bound on the number of processes and threads.
    pub pids_limit: Fact<limits::Limit>,
    /// How the engine finds out whether the container works.
    pub healthcheck: Fact<health::Healthcheck>,
}

/// Derives the facts of every target of a bundle, in the bundle's order.
pub fn derive(bundle: &Bundle) -> Vec<(Target, Facts)> {
    bundle
        .targets
        .iter()
        .map(|target| (target.clone(), of_container(&View::new(bundle, target))))
        .collect()
}

fn of_container(view: &View<'_>) -> Facts {
    Facts {
        user: identity::user(view),
        no_new_privileges: no_new_privileges::fact(view),
        capabilities: capabilities::fact(view),
        powers: attainable::powers(view),
        privileged: privilege::reach(view),
        beside_first: privilege::beside_first(view),
        seccomp: seccomp::fact(view),
        confinement: confinement::fact(view),
        pid_namespace: namespaces::pid(view),
        network_namespace: namespaces::network(view),
        ipc_namespace: namespaces::ipc(view),
        pid_company: namespaces::pid_company(view),
        network_company: namespaces::network_company(view),
        ipc_company: namespaces::ipc_company(view),
        uts_namespace: namespaces::uts(view),
        cgroup_namespace: namespaces::cgroup(view),
        nearness: remapping::fact(view),
        root_read_only: mounts::root_read_only(view),
        mount_points: mounts::mount_points(view),
        mounts: mounts::fact(view),
        shared_with_host: mounts::shared_with_host(view),
        core_pattern: kernel_files::core_pattern(view),
        release_agents: kernel_files::release_agents(view),
        guarded_agents: kernel_files::guarded_agents(view),
        host_hierarchies: kernel_files::host_hierarchies(view),
        engine_sockets: engines::fact(view),
        shared_mounts: propagation::fact(view),
        devices: devices::nodes(view),
        device_rules: devices::rules(view),
        engine_variables: environment::engine_variables(view),
        memory_limit: limits::memory(view),
        pids_limit: limits::pids(view),
        healthcheck: health::fact(view),
    }
}

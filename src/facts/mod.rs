//! What the evidence means as posture. Pure: a bundle in, facts out.
//!
//! One file a concept. Each says what the engine declares and what the kernel
//! enforces, in the same words, with defaults resolved. No file here knows
//! whether a value is good.

pub mod attainable;
pub mod build;
pub mod capabilities;
pub mod command;
pub mod confinement;
pub mod devices;
pub mod engines;
pub mod env_files;
pub mod environment;
pub mod files;
pub mod groups;
pub mod gunicorn;
pub mod health;
pub mod heap;
pub mod hooks;
pub mod identity;
pub mod idle;
pub mod image;
pub mod kernel_files;
pub mod limits;
pub mod lineage;
pub mod log;
pub mod login;
pub mod mounts;
pub mod namespaces;
pub mod network;
pub mod nginx;
pub mod no_new_privileges;
mod numbering;
pub mod pins;
pub mod privilege;
pub mod propagation;
pub mod remapping;
pub mod restart;
pub mod runtime;
pub mod seccomp;
pub mod signals;
pub mod signs;
pub mod storage;
pub mod supply;
mod view;

use std::fmt;

use crate::model::bundle::{Bundle, Origin};
use crate::model::fact::Fact;
use crate::model::reading::{Evidence, Reading};
use crate::model::secret::Variable;
use crate::model::target::{Kind, Target};
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
    /// A service of which no process is there yet.
    Service,
    /// A container that nobody has made of an image.
    Run,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process { pid, name, thread: None } => write!(f, "process {pid} ({name})"),
            Self::Process { pid, name, thread: Some(thread) } => {
                write!(f, "thread {thread} of process {pid} ({name})")
            }
            Self::Declaration => f.write_str("the declaration"),
            Self::Service => f.write_str("the service"),
            Self::Run => f.write_str("a container of it"),
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

/// Everything that is known of one target's posture.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Which user each process is.
    pub user: Fact<Held<identity::User>>,
    /// Which user each process is in the container's own numbering.
    pub user_in_container: Fact<Held<identity::User>>,
    /// Which user each process is, and which workers it stands above.
    pub standing: Fact<Held<lineage::Standing>>,
    /// The user as it was written.
    pub written_user: Fact<Option<Untrusted>>,
    /// What a later `exec` starts with.
    pub session: Fact<identity::Session>,
    /// With which shell somebody could log in as a process's user.
    pub login: Fact<Held<login::Login>>,
    /// Each process's groups, as the host numbers them.
    pub groups: Fact<Held<groups::Groups>>,
    /// Each process's groups, as the host names them.
    pub groups_by_host: Fact<Held<groups::Groups>>,
    /// Each process's groups, as the container names them.
    pub groups_by_container: Fact<Held<groups::Groups>>,
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
    /// What each command is that is to be executed in a service's container.
    pub hooks: Fact<hooks::Hook>,
    /// Whether a seccomp filter is active for each process.
    pub seccomp: Fact<Held<seccomp::Mode>>,
    /// How a security module confines each process.
    pub confinement: Fact<Held<confinement::Confinement>>,
    /// Whether an engine says anything of the container.
    pub declaration: Fact<bool>,
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
    pub cgroup_namespace: Fact<namespaces::Namespace>,
    /// Whether the host's root is a user of each process's user namespace.
    pub hosts_root: Fact<Held<bool>>,
    /// Where in the container cgroups can be written.
    pub writable_cgroups: Fact<Vec<String>>,
    /// How near each process is to the host's root.
    pub nearness: Fact<Held<remapping::Nearness>>,
    /// The container's files.
    pub files: files::Files,
    /// What tells what the container is for.
    pub signs: signs::Signs,
    /// Whether the root file system is read-only.
    pub root_read_only: Fact<bool>,
    /// What is mounted below the root, whatever it is on the host.
    pub mount_points: Fact<Vec<mounts::Mount>>,
    /// What is mounted below the root, and which part of the host it is.
    pub mounts: Fact<Vec<mounts::Mount>>,
    /// Where what it writes stays.
    pub storage: storage::Storage,
    /// The file systems that the container shares with the host.
    pub shared_with_host: Fact<Vec<mounts::Mount>>,
    /// Where the container can write what the kernel runs when a program crashes.
    pub core_pattern: Fact<Vec<kernel_files::Place>>,
    /// Where it can write what the kernel runs when a cgroup becomes empty.
    pub release_agents: Fact<Vec<kernel_files::Place>>,
    /// The kernel's release, and whether it guards such an agent from a mere root.
    pub guarded_agents: Fact<(String, bool)>,
    /// The host's hierarchies, which have such agents, that do not bind the container.
    pub open_hierarchies: Fact<Vec<kernel_files::Place>>,
    /// The engines' sockets that are mounted, by what they are on disk.
    pub engine_sockets: Fact<Vec<engines::InReach>>,
    /// The mounts whose changes the host sees too.
    pub shared_mounts: Fact<Vec<propagation::Shared>>,
    /// The devices that the container has.
    pub devices: Fact<Vec<devices::Grant>>,
    /// The nodes of devices that stand in the container and can be opened.
    pub opened_devices: Fact<Vec<devices::Grant>>,
    /// The devices that it could make nodes for and use.
    pub device_rules: Fact<Vec<devices::Grant>>,
    /// The engines that the environment points the container to.
    pub engine_variables: Fact<Vec<Variable>>,
    /// The environment that the container is started with.
    pub given_environment: environment::Given,
    /// The environment of the first process, beside the declared one.
    pub first_environment: Fact<environment::Environment>,
    /// The environment that each process was started with.
    pub environments: Fact<Held<environment::Environment>>,
    /// What runtimes are told by variables, and do unasked.
    pub runtimes: runtime::Runtimes,
    /// How the environment files are kept that a project reads.
    pub env_files: env_files::EnvFiles,
    /// The bounds on what a container can use.
    pub limits: limits::Limits,
    /// What a container makes of its image's own configuration.
    pub image: image::Image,
    /// Where an image comes from, and what its making left in it.
    pub supply: supply::Supply,
    /// How the engine finds out whether a container works, and what it found.
    pub health: health::Health,
    /// Who can reach a container, and what answers.
    pub network: network::Network,
    /// How nginx answers, where there is one.
    pub nginx: nginx::Nginx,
    /// How much memory each process's runtime may fill, beside the limit.
    pub heap: Fact<Held<heap::Heap>>,
    /// How gunicorn is told to run its workers.
    pub gunicorn: gunicorn::Gunicorn,
    /// Who PID 1 is.
    pub first: Fact<signals::First>,
    /// Who PID 1 is, and whether it reaps.
    pub init: Fact<signals::Init>,
    /// What the signal that stops the container does to PID 1.
    pub stop: Fact<signals::Stop>,
    /// When the engine starts the container again.
    pub restart_policy: Fact<restart::Policy>,
    /// How often it did, and how long the container has run since.
    pub restarts: Fact<restart::Restarts>,
    /// Which halves of that were set.
    pub halves: Fact<command::Halves>,
    /// What PID 1 was started as.
    pub command: Fact<command::Command>,
    /// Where the container's output goes.
    pub log: Fact<log::Log>,
    /// Which images it is made from, as they are asked for.
    pub pins: Fact<Vec<pins::Asked>>,
    /// How it is built.
    pub build: build::Build,
    /// What was asked for and does nothing; never empty.
    pub idle: Vec<Fact<idle::Effect>>,
}

/// A target and its facts, which are too many to be moved about.
pub type Derived = (Target, Box<Facts>);

/// Derives the facts of every target of a bundle, in the bundle's order.
pub fn derive(bundle: &Bundle) -> Vec<Derived> {
    bundle.targets.iter().map(|target| of(bundle, target)).collect()
}

/// Derives the facts of one target of a bundle.
pub fn of(bundle: &Bundle, target: &Target) -> Derived {
    (target.clone(), of_container(&View::new(bundle, target)))
}

fn of_container(view: &View<'_>) -> Box<Facts> {
    let (build, mounts) = (build::all(view), mounts::fact(view));
    let (signs, given) = (signs::all(view), environment::given(view));
    Box::new(Facts {
        user: identity::fact(view),
        user_in_container: identity::user_in_container(view),
        standing: lineage::standing(view),
        written_user: identity::written(view),
        session: where_it_runs(view, identity::session),
        login: login::fact(view),
        groups: groups::by_number(view),
        groups_by_host: groups::by_host(view),
        groups_by_container: groups::by_container(view),
        no_new_privileges: no_new_privileges::fact(view),
        capabilities: capabilities::fact(view),
        powers: attainable::powers(view),
        privileged: privilege::reach(view),
        beside_first: where_it_runs(view, privilege::beside_first),
        hooks: hooks::fact(view),
        seccomp: seccomp::fact(view),
        confinement: confinement::fact(view),
        declaration: declaration(view),
        pid_namespace: namespaces::pid(view),
        network_namespace: namespaces::network(view),
        ipc_namespace: namespaces::ipc(view),
        pid_company: namespaces::pid_company(view),
        network_company: namespaces::network_company(view),
        ipc_company: namespaces::ipc_company(view),
        uts_namespace: namespaces::uts(view),
        cgroup_namespace: namespaces::cgroup(view),
        hosts_root: namespaces::hosts_root(view),
        writable_cgroups: namespaces::writable_cgroups(view),
        nearness: remapping::fact(view),
        files: files::all(view),
        nginx: nginx::all(view, &signs),
        signs,
        root_read_only: mounts::root_read_only(view),
        mount_points: mounts::mount_points(view, &mounts),
        mounts,
        storage: storage::all(view, &given),
        shared_with_host: mounts::shared_with_host(view),
        core_pattern: kernel_files::core_pattern(view),
        release_agents: kernel_files::release_agents(view),
        guarded_agents: kernel_files::guarded_agents(view),
        open_hierarchies: kernel_files::open_hierarchies(view),
        engine_sockets: engines::fact(view),
        shared_mounts: propagation::fact(view),
        devices: devices::nodes(view),
        opened_devices: devices::opened(view),
        device_rules: devices::rules(view),
        engine_variables: environment::engine_variables(view),
        given_environment: given,
        first_environment: environment::first(view),
        environments: where_it_runs(view, environment::of_processes),
        runtimes: runtime::all(view),
        env_files: env_files::all(view),
        limits: limits::all(view),
        image: image::all(view),
        supply: supply::all(view),
        health: health::all(view),
        network: network::all(view),
        heap: heap::fact(view),
        gunicorn: gunicorn::all(view, &build),
        first: signals::first(view),
        init: signals::init(view),
        stop: where_it_runs(view, signals::stop),
        restart_policy: restart::policy(view),
        restarts: where_it_runs(view, restart::restarts),
        halves: command::halves(view),
        command: command::fact(view),
        log: log::fact(view),
        pins: pins::fact(view, &build.layout),
        build,
        idle: idle::all(view),
    })
}

/// A question that only what runs can answer, and that nobody asks of a service.
fn where_it_runs<T>(view: &View<'_>, fact: impl FnOnce(&View<'_>) -> Fact<T>) -> Fact<T> {
    if view.kind().is_to_come() { Fact::to_come() } else { fact(view) }
}

/// What is declared, and `whole` the fact that it makes. Where a service's lists
/// have items that nobody knows, the others may convict: each item adds something.
fn each_known<T>(
    view: &View<'_>,
    declared: impl Fn(&View<'_>) -> Reading<T>,
    whole: impl FnOnce(Reading<T>) -> Fact<T>,
) -> Fact<T> {
    match declared(view) {
        Reading::Missing(gap)
            if view.kind().is_to_come()
                && let Some(in_part) = view.in_part() =>
        {
            Fact::declared_in_part(declared(&in_part), Some(gap))
        }
        reading @ (Reading::Known(..) | Reading::Missing(_) | Reading::Inapplicable) => {
            whole(reading)
        }
    }
}

/// What was asked for beside what is in force, of which a service has nothing yet.
fn beside<T>(
    view: &View<'_>,
    declared: Reading<T>,
    in_force: impl FnOnce() -> Reading<T>,
) -> Fact<T> {
    match view.kind() {
        Kind::Service | Kind::Image | Kind::Dockerfile => Fact::declared_only(declared),
        Kind::Container => Fact::new(declared, in_force()),
    }
}

/// A container that was found in `/proc` has a declaration at most elsewhere.
fn declaration(view: &View<'_>) -> Fact<bool> {
    let (source, said) = (view.inspect().source().clone(), view.origin() == Origin::Engine);
    let shown = if said { "the engine listed it" } else { "no engine was asked" };
    Fact::declared_only(Reading::Known(said, vec![Evidence::new(source, "", shown)]))
}

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
mod lazy;
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
use std::rc::Rc;

use crate::model::bundle::{Bundle, Origin};
use crate::model::fact::Fact;
use crate::model::reading::{Evidence, Reading};
use crate::model::secret::Variable;
use crate::model::target::{Kind, Target};
use crate::model::untrusted::Untrusted;

pub use lazy::Lazy;
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
#[derive(Debug)]
pub struct Facts<'a> {
    /// Which user each process is.
    pub user: Lazy<'a, Fact<Held<identity::User>>>,
    /// Which user each process is in the container's own numbering.
    pub user_in_container: Lazy<'a, Fact<Held<identity::User>>>,
    /// Which user each process is, and which workers it stands above.
    pub standing: Lazy<'a, Fact<Held<lineage::Standing>>>,
    /// The user as it was written.
    pub written_user: Lazy<'a, Fact<Option<Untrusted>>>,
    /// What a later `exec` starts with.
    pub session: Lazy<'a, Fact<identity::Session>>,
    /// With which shell somebody could log in as a process's user.
    pub login: Lazy<'a, Fact<Held<login::Login>>>,
    /// Each process's groups, as the host numbers them.
    pub groups: Lazy<'a, Fact<Held<groups::Groups>>>,
    /// Each process's groups, as the host names them.
    pub groups_by_host: Lazy<'a, Fact<Held<groups::Groups>>>,
    /// Each process's groups, as the container names them.
    pub groups_by_container: Lazy<'a, Fact<Held<groups::Groups>>>,
    /// Whether a process can gain privileges by executing a file.
    pub no_new_privileges: Lazy<'a, Fact<Held<bool>>>,
    /// Which capabilities each process holds or can gain.
    pub capabilities: Lazy<'a, Fact<Held<capabilities::Capabilities>>>,
    /// What each process can get, also by executing files.
    pub powers: Lazy<'a, attainable::Powers>,
    /// Whether the container has the reach of the engine's privileged mode.
    pub privileged: Lazy<'a, Fact<privilege::Reach>>,
    /// Each process's privileges beside those of the first process.
    pub beside_first: Lazy<'a, Fact<Held<privilege::Comparison>>>,
    /// What each command is that is to be executed in a service's container.
    pub hooks: Lazy<'a, Fact<hooks::Hook>>,
    /// Whether a seccomp filter is active for each process.
    pub seccomp: Lazy<'a, Fact<Held<seccomp::Mode>>>,
    /// How a security module confines each process.
    pub confinement: Lazy<'a, Fact<Held<confinement::Confinement>>>,
    /// Whether an engine says anything of the container.
    pub declaration: Lazy<'a, Fact<bool>>,
    /// Whose PID namespace the container lives in.
    pub pid_namespace: Lazy<'a, Fact<namespaces::Namespace>>,
    /// Whose network namespace the container lives in.
    pub network_namespace: Lazy<'a, Fact<namespaces::Namespace>>,
    /// Whose IPC namespace the container lives in.
    pub ipc_namespace: Lazy<'a, Fact<namespaces::Namespace>>,
    /// Who else lives in the container's PID namespace.
    pub pid_company: Lazy<'a, Fact<namespaces::Company>>,
    /// Who else lives in the container's network namespace.
    pub network_company: Lazy<'a, Fact<namespaces::Company>>,
    /// Who else lives in the container's IPC namespace.
    pub ipc_company: Lazy<'a, Fact<namespaces::Company>>,
    /// Whose host and domain names the container has.
    pub uts_namespace: Lazy<'a, Fact<namespaces::Namespace>>,
    /// Whose cgroup namespace the container lives in, and what it can write there.
    pub cgroup_namespace: Lazy<'a, Fact<namespaces::Namespace>>,
    /// Whether the host's root is a user of each process's user namespace.
    pub hosts_root: Lazy<'a, Fact<Held<bool>>>,
    /// Where in the container cgroups can be written.
    pub writable_cgroups: Lazy<'a, Fact<Vec<String>>>,
    /// How near each process is to the host's root.
    pub nearness: Lazy<'a, Fact<Held<remapping::Nearness>>>,
    /// The container's files.
    pub files: Lazy<'a, files::Files>,
    /// What tells what the container is for.
    pub signs: Lazy<'a, Rc<signs::Signs>>,
    /// Whether the root file system is read-only.
    pub root_read_only: Lazy<'a, Fact<bool>>,
    /// What is mounted below the root, whatever it is on the host.
    pub mount_points: Lazy<'a, Fact<Vec<mounts::Mount>>>,
    /// What is mounted below the root, and which part of the host it is.
    pub mounts: Lazy<'a, Rc<Fact<Vec<mounts::Mount>>>>,
    /// Where what it writes stays.
    pub storage: Lazy<'a, storage::Storage>,
    /// The file systems that the container shares with the host.
    pub shared_with_host: Lazy<'a, Fact<Vec<mounts::Mount>>>,
    /// Where the container can write what the kernel runs when a program crashes.
    pub core_pattern: Lazy<'a, Fact<Vec<kernel_files::Place>>>,
    /// Where it can write what the kernel runs when a cgroup becomes empty.
    pub release_agents: Lazy<'a, Fact<Vec<kernel_files::Place>>>,
    /// The kernel's release, and whether it guards such an agent from a mere root.
    pub guarded_agents: Lazy<'a, Fact<(String, bool)>>,
    /// The host's hierarchies, which have such agents, that do not bind the container.
    pub open_hierarchies: Lazy<'a, Fact<Vec<kernel_files::Place>>>,
    /// The engines' sockets that are mounted, by what they are on disk.
    pub engine_sockets: Lazy<'a, Fact<Vec<engines::InReach>>>,
    /// The mounts whose changes the host sees too.
    pub shared_mounts: Lazy<'a, Fact<Vec<propagation::Shared>>>,
    /// The devices that the container has.
    pub devices: Lazy<'a, Fact<Vec<devices::Grant>>>,
    /// The nodes of devices that stand in the container and can be opened.
    pub opened_devices: Lazy<'a, Fact<Vec<devices::Grant>>>,
    /// The devices that it could make nodes for and use.
    pub device_rules: Lazy<'a, Fact<Vec<devices::Grant>>>,
    /// The engines that the environment points the container to.
    pub engine_variables: Lazy<'a, Fact<Vec<Variable>>>,
    /// The environment that the container is started with.
    pub given_environment: Lazy<'a, Rc<environment::Given>>,
    /// The environment of the first process, beside the declared one.
    pub first_environment: Lazy<'a, Fact<environment::Environment>>,
    /// The environment that each process was started with.
    pub environments: Lazy<'a, Fact<Held<environment::Environment>>>,
    /// What runtimes are told by variables, and do unasked.
    pub runtimes: Lazy<'a, runtime::Runtimes>,
    /// How the environment files are kept that a project reads.
    pub env_files: Lazy<'a, env_files::EnvFiles>,
    /// The bounds on what a container can use.
    pub limits: Lazy<'a, limits::Limits>,
    /// What a container makes of its image's own configuration.
    pub image: Lazy<'a, image::Image>,
    /// Where an image comes from, and what its making left in it.
    pub supply: Lazy<'a, supply::Supply>,
    /// How the engine finds out whether a container works, and what it found.
    pub health: Lazy<'a, health::Health>,
    /// Who can reach a container, and what answers.
    pub network: Lazy<'a, network::Network>,
    /// How nginx answers, where there is one.
    pub nginx: Lazy<'a, nginx::Nginx>,
    /// How much memory each process's runtime may fill, beside the limit.
    pub heap: Lazy<'a, Fact<Held<heap::Heap>>>,
    /// How gunicorn is told to run its workers.
    pub gunicorn: Lazy<'a, gunicorn::Gunicorn>,
    /// Who PID 1 is.
    pub first: Lazy<'a, Fact<signals::First>>,
    /// Who PID 1 is, and whether it reaps.
    pub init: Lazy<'a, Fact<signals::Init>>,
    /// What the signal that stops the container does to PID 1.
    pub stop: Lazy<'a, Fact<signals::Stop>>,
    /// When the engine starts the container again.
    pub restart_policy: Lazy<'a, Fact<restart::Policy>>,
    /// How often it did, and how long the container has run since.
    pub restarts: Lazy<'a, Fact<restart::Restarts>>,
    /// Which halves of that were set.
    pub halves: Lazy<'a, Fact<command::Halves>>,
    /// What PID 1 was started as.
    pub command: Lazy<'a, Fact<command::Command>>,
    /// Where the container's output goes.
    pub log: Lazy<'a, Fact<log::Log>>,
    /// Which images it is made from, as they are asked for.
    pub pins: Lazy<'a, Fact<Vec<pins::Asked>>>,
    /// How it is built.
    pub build: Lazy<'a, Rc<build::Build>>,
    /// What was asked for and does nothing; never empty.
    pub idle: Lazy<'a, Vec<Fact<idle::Effect>>>,
}

/// A target and its facts, which are too many to be moved about.
pub type Derived<'a> = (Target, Box<Facts<'a>>);

/// The facts of every target of a bundle, in the bundle's order.
pub fn derive(bundle: &Bundle) -> Vec<Derived<'_>> {
    bundle.targets.iter().map(|target| of(bundle, target)).collect()
}

/// The facts of one target of a bundle.
pub fn of<'a>(bundle: &'a Bundle, target: &'a Target) -> Derived<'a> {
    (target.clone(), Box::new(of_container(View::new(bundle, target))))
}

fn of_container(view: View<'_>) -> Facts<'_> {
    let view = Rc::new(view);
    Facts {
        user: Lazy::new(&view, identity::fact),
        user_in_container: Lazy::new(&view, identity::user_in_container),
        standing: Lazy::new(&view, lineage::standing),
        written_user: Lazy::new(&view, identity::written),
        session: Lazy::new(&view, |view| where_it_runs(view, identity::session)),
        login: Lazy::new(&view, login::fact),
        groups: Lazy::new(&view, groups::by_number),
        groups_by_host: Lazy::new(&view, groups::by_host),
        groups_by_container: Lazy::new(&view, groups::by_container),
        no_new_privileges: Lazy::new(&view, no_new_privileges::fact),
        capabilities: Lazy::new(&view, capabilities::fact),
        powers: Lazy::new(&view, attainable::powers),
        privileged: Lazy::new(&view, privilege::reach),
        beside_first: Lazy::new(&view, |view| where_it_runs(view, privilege::beside_first)),
        hooks: Lazy::new(&view, hooks::fact),
        seccomp: Lazy::new(&view, seccomp::fact),
        confinement: Lazy::new(&view, confinement::fact),
        declaration: Lazy::new(&view, declaration),
        pid_namespace: Lazy::new(&view, namespaces::pid),
        network_namespace: Lazy::new(&view, namespaces::network),
        ipc_namespace: Lazy::new(&view, namespaces::ipc),
        pid_company: Lazy::new(&view, namespaces::pid_company),
        network_company: Lazy::new(&view, namespaces::network_company),
        ipc_company: Lazy::new(&view, namespaces::ipc_company),
        uts_namespace: Lazy::new(&view, namespaces::uts),
        cgroup_namespace: Lazy::new(&view, namespaces::cgroup),
        hosts_root: Lazy::new(&view, namespaces::hosts_root),
        writable_cgroups: Lazy::new(&view, namespaces::writable_cgroups),
        nearness: Lazy::new(&view, remapping::fact),
        files: Lazy::new(&view, files::all),
        signs: Lazy::new(&view, signs::all),
        root_read_only: Lazy::new(&view, mounts::root_read_only),
        mount_points: Lazy::new(&view, |view| mounts::mount_points(view, &mounts::fact(view))),
        mounts: Lazy::new(&view, mounts::fact),
        storage: Lazy::new(&view, |view| storage::all(view, &environment::given(view))),
        shared_with_host: Lazy::new(&view, mounts::shared_with_host),
        core_pattern: Lazy::new(&view, kernel_files::core_pattern),
        release_agents: Lazy::new(&view, kernel_files::release_agents),
        guarded_agents: Lazy::new(&view, kernel_files::guarded_agents),
        open_hierarchies: Lazy::new(&view, kernel_files::open_hierarchies),
        engine_sockets: Lazy::new(&view, engines::fact),
        shared_mounts: Lazy::new(&view, propagation::fact),
        devices: Lazy::new(&view, devices::nodes),
        opened_devices: Lazy::new(&view, devices::opened),
        device_rules: Lazy::new(&view, devices::rules),
        engine_variables: Lazy::new(&view, environment::engine_variables),
        given_environment: Lazy::new(&view, environment::given),
        first_environment: Lazy::new(&view, environment::first),
        environments: Lazy::new(&view, |view| where_it_runs(view, environment::of_processes)),
        runtimes: Lazy::new(&view, runtime::all),
        env_files: Lazy::new(&view, env_files::all),
        limits: Lazy::new(&view, limits::all),
        image: Lazy::new(&view, image::all),
        supply: Lazy::new(&view, supply::all),
        health: Lazy::new(&view, health::all),
        network: Lazy::new(&view, network::all),
        nginx: Lazy::new(&view, |view| nginx::all(view, &signs::all(view))),
        heap: Lazy::new(&view, heap::fact),
        gunicorn: Lazy::new(&view, |view| gunicorn::all(view, &build::all(view))),
        first: Lazy::new(&view, signals::first),
        init: Lazy::new(&view, signals::init),
        stop: Lazy::new(&view, |view| where_it_runs(view, signals::stop)),
        restart_policy: Lazy::new(&view, restart::policy),
        restarts: Lazy::new(&view, |view| where_it_runs(view, restart::restarts)),
        halves: Lazy::new(&view, command::halves),
        command: Lazy::new(&view, command::fact),
        log: Lazy::new(&view, log::fact),
        pins: Lazy::new(&view, |view| pins::fact(view, &build::all(view).layout)),
        build: Lazy::new(&view, build::all),
        idle: Lazy::new(&view, idle::all),
    }
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

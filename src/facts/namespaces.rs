//! Whose namespaces a container lives in (`namespaces(7)`), and who else does.

use crate::model::fact::Fact;
use crate::model::reading::{Evidence, Gap, Reading, Reason};
use crate::model::source::Source;
use crate::model::untrusted::Untrusted;
use crate::parse::proc::mountinfo::Mount;

use super::Held;
use super::Holder;
use super::beside;
use super::capabilities::{self, Capabilities};
use super::identity;
use super::view::{Process, View};

/// Whose namespace it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Namespace {
    /// The container's own, or one shared among containers.
    NotTheHosts(String),
    /// The host's.
    Host,
}

/// Who lives in a namespace beside the container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Company {
    /// Nobody.
    Alone,
    /// A process of another container.
    Neighbour(Box<Neighbour>),
    /// Another container that was asked for, of which nothing else is known.
    Asked(Untrusted),
}

/// A process of another container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// The other container: its name, or the beginning of its id.
    pub container: Untrusted,
    /// The process.
    pub process: Holder,
    /// What it holds and can gain.
    pub capabilities: Capabilities,
    /// Whether it sees the host's processes.
    pub in_host_pids: bool,
}

/// The kernel shows each process's pid in every nested PID namespace that it
/// lives in; one number alone means the host's. That needs no privilege.
pub(super) fn pid(view: &View<'_>) -> Fact<Namespace> {
    let own = |process: &Process<'_>| {
        process.status("NSpid", |status| status.numbers("NSpid")).map(|pids| {
            if pids.len() > 1 {
                Namespace::NotTheHosts("nested PID namespace".to_owned())
            } else {
                Namespace::Host
            }
        })
    };
    beside(view, declared(view, "/HostConfig/PidMode"), || of_init(view, own))
}

/// By the namespace's link, which takes the right to trace the process, or else
/// by the inode of a file that each network namespace has once, which takes none.
pub(super) fn network(view: &View<'_>) -> Fact<Namespace> {
    let of = |name: &'static str| {
        of_init(view, |process| process.text(name)).zip(view.host_init().text(name))
    };
    beside(view, declared(view, "/HostConfig/NetworkMode"), || {
        of("ns/net").or_else(|| of("net/dev (inode)")).map(compared)
    })
}

pub(super) fn ipc(view: &View<'_>) -> Fact<Namespace> {
    beside(view, declared(view, "/HostConfig/IpcMode"), || numbered(view, &IPC))
}

pub(super) fn uts(view: &View<'_>) -> Fact<Namespace> {
    beside(view, declared(view, "/HostConfig/UTSMode"), || numbered(view, &UTS))
}

pub(super) fn cgroup(view: &View<'_>) -> Fact<Namespace> {
    beside(view, declared_cgroup(view), || numbered(view, &CGROUP))
}

/// Where cgroups can be written: a namespace hides names and not powers.
pub(super) fn writable_cgroups(view: &View<'_>) -> Fact<Vec<String>> {
    let declared = view.inspect().flag("/HostConfig/Privileged").map(|privileged| {
        let all = (privileged == Some(true)).then(|| "/sys/fs/cgroup".to_owned());
        all.into_iter().collect()
    });
    let is_cgroup = |it: &Mount| matches!(it.kind.as_str(), "cgroup" | "cgroup2");
    let effective = view
        .mounts()
        .map(|mounts| mounts.into_iter().filter(|it| is_cgroup(it) && !it.is_read_only()))
        .map(Iterator::collect::<Vec<_>>)
        .shown_as(|writable| {
            let viewer = view.processes().map(|processes| processes.viewer);
            let source = viewer.map(|pid| Source::proc(pid, "mountinfo"));
            let source = source.unwrap_or_else(|_| view.processes_source().clone());
            let line =
                |it: &Mount| Evidence::new(source.clone(), it.point.as_str(), it.line.as_str());
            writable.first().map(line).into_iter().collect()
        })
        .map(|writable| writable.into_iter().map(|it| it.point).collect());
    Fact::new(declared, effective)
}

/// Whether the host's root is a user of each process's user namespace: the
/// cgroup file systems belong to him.
pub(super) fn hosts_root(view: &View<'_>) -> Fact<Held<bool>> {
    let namespaced = identity::namespaced_by_engine(view, view.inspect());
    let each = view.of_each(|process| process.uid_map().map(|map| map.inside(0).is_some()));
    let declared = namespaced.map(|it| view.declared(!it));
    Fact::of_each(declared, view.processes_source(), each)
}

/// A namespace whose first one has a number that never changes.
struct Numbered {
    link: &'static str,
    own: &'static str,
    first: &'static str,
}

/// `PROC_IPC_INIT_INO` and its like in the kernel's `include/linux/proc_ns.h`.
const IPC: Numbered =
    Numbered { link: "ns/ipc", own: "/proc/self/ns/ipc", first: "ipc:[4026531839]" };
const UTS: Numbered =
    Numbered { link: "ns/uts", own: "/proc/self/ns/uts", first: "uts:[4026531838]" };
const CGROUP: Numbered =
    Numbered { link: "ns/cgroup", own: "/proc/self/ns/cgroup", first: "cgroup:[4026531835]" };

/// The container's own beside the host's. Where the host's first process may
/// not be traced, its namespace is the auditor's own, if that is the machine's first.
fn numbered(view: &View<'_>, kind: &Numbered) -> Reading<Namespace> {
    let own = of_init(view, |process| process.text(kind.link));
    let hosts = view.host_init().text(kind.link).or_else(|| {
        view.host_file(kind.own).and_then(|own| {
            if own == kind.first {
                return Reading::of(own);
            }
            let source = Source::proc(1, kind.link);
            Reading::Missing(
                Gap::new(Reason::Denied, source, "the host's own namespace could not be read")
                    .mend("run as root on the host itself, outside any container"),
            )
        })
    });
    own.zip(hosts).map(compared)
}

fn compared((own, hosts): (&str, &str)) -> Namespace {
    if own == hosts { Namespace::Host } else { Namespace::NotTheHosts(own.to_owned()) }
}

fn of_init<'a, T>(view: &View<'a>, read: impl FnOnce(&Process<'a>) -> Reading<T>) -> Reading<T> {
    Reading::from(view.init()).and_then(|process| read(&process))
}

fn declared(view: &View<'_>, pointer: &str) -> Reading<Namespace> {
    view.inspect().text(pointer).and_then(|mode| match mode {
        Some("host") => Reading::of(Namespace::Host),
        Some(mode) if view.kind().is_to_come() && mode.starts_with(OF_CONTAINER) => {
            lent(view, mode, pointer)
        }
        mode => {
            let mode = mode.filter(|mode| !mode.is_empty());
            Reading::of(Namespace::NotTheHosts(mode.unwrap_or("the engine's default").to_owned()))
        }
    })
}

/// How an engine is told to use another container's namespace.
const OF_CONTAINER: &str = "container:";

/// How many containers may lend their namespace to the next.
const LENDERS: usize = 4;

/// The namespace of the service that lends it, whosever that is.
fn lent(view: &View<'_>, mode: &str, pointer: &str) -> Reading<Namespace> {
    let mut mode = mode.to_owned();
    let first = mode.clone();
    for _ in 0..LENDERS {
        let Some(lender) = mode.strip_prefix(OF_CONTAINER) else { break };
        match view.inspect_of(lender).text(pointer) {
            Reading::Known(Some("host"), evidence) => {
                return Reading::Known(Namespace::Host, evidence);
            }
            Reading::Known(next, _) => mode = next.unwrap_or_default().to_owned(),
            Reading::Missing(gap) => return Reading::Missing(gap),
            Reading::Inapplicable => break,
        }
    }
    let lender = first.strip_prefix(OF_CONTAINER).unwrap_or_default();
    Reading::of(Namespace::NotTheHosts(format!("{}'s", view.name_of(lender))))
}

/// Where nothing is asked for, engines give a private namespace under cgroup
/// version 2 and the host's under version 1 (dockerd's
/// `--default-cgroupns-mode`, podman's `--cgroupns`).
fn declared_cgroup(view: &View<'_>) -> Reading<Namespace> {
    view.inspect().text("/HostConfig/CgroupnsMode").and_then(|mode| match mode {
        Some("host") => Reading::of(Namespace::Host),
        Some(mode) if !mode.is_empty() => Reading::of(Namespace::NotTheHosts(mode.to_owned())),
        _ => view.info().text("/CgroupVersion").map(|version| match version {
            Some("2") => Namespace::NotTheHosts("the engine's default".to_owned()),
            _ => Namespace::Host,
        }),
    })
}

pub(super) fn pid_company(view: &View<'_>) -> Fact<Company> {
    company(view, "pid", "/HostConfig/PidMode")
}

pub(super) fn network_company(view: &View<'_>) -> Fact<Company> {
    company(view, "net", "/HostConfig/NetworkMode")
}

pub(super) fn ipc_company(view: &View<'_>) -> Fact<Company> {
    company(view, "ipc", "/HostConfig/IpcMode")
}

/// Everybody of another container in the container's namespace of this kind.
fn company(view: &View<'_>, kind: &str, pointer: &str) -> Fact<Company> {
    let declared = view.inspect().text(pointer).map(|mode| {
        match mode.and_then(|mode| mode.strip_prefix(OF_CONTAINER)) {
            Some(other) => asked(view, other),
            None => Company::Alone,
        }
    });
    let source = view.processes_source();
    let each = view.processes().and_then(|processes| {
        let living = processes.neighbours.get(kind).ok_or_else(|| {
            let detail = format!("who else lives in the container's {kind} namespace is not known");
            Gap::new(Reason::Denied, source.clone(), detail)
                .mend("run as root, or with CAP_SYS_PTRACE on the host")
        })?;
        if living.is_empty() {
            let shown = Evidence::new(source.clone(), kind, "no process of another container");
            return Ok(vec![Reading::Known(Company::Alone, vec![shown])]);
        }
        Ok(living.iter().map(|it| neighbour(view, &view.process(it.pid), &it.container)).collect())
    });
    Fact::of_each(declared, source, each)
}

/// Another container that was asked for: what it will hold is known of a
/// service of the same project.
fn asked(view: &View<'_>, other: &str) -> Company {
    let name = view.name_of(other);
    if !view.kind().is_to_come() {
        return Company::Asked(name);
    }
    let inspect = view.inspect_of(other);
    match capabilities::of_declared(view, &inspect).known() {
        Some(held) => Company::Neighbour(Box::new(Neighbour {
            container: name,
            process: held.by.clone(),
            capabilities: held.value.clone(),
            in_host_pids: inspect.text("/HostConfig/PidMode").known() == Some(&Some("host")),
        })),
        None => Company::Asked(name),
    }
}

fn neighbour(view: &View<'_>, process: &Process<'_>, container: &str) -> Reading<Company> {
    capabilities::effective(process, process)
        .zip(process.status("NSpid", |status| status.numbers("NSpid")).unshown())
        .map(|(capabilities, pids)| {
            Company::Neighbour(Box::new(Neighbour {
                container: view.name_of(container),
                process: process.holder(),
                capabilities,
                in_host_pids: pids.len() == 1,
            }))
        })
}

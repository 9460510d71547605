//! Whose namespaces a container lives in (`namespaces(7)`).

use crate::model::fact::Fact;
use crate::model::reading::{Gap, Reading, Reason};
use crate::model::source::Source;

use super::view::{Process, View};

/// Whose namespace it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Namespace {
    /// The container's own, or one shared among containers.
    NotTheHosts(String),
    /// The host's.
    Host,
}

/// The kernel shows each process's pid in every nested PID namespace that it
/// lives in; one number alone means the host's. That needs no privilege.
pub(super) fn pid(view: &View<'_>) -> Fact<Namespace> {
    let effective = of_init(view, |process| {
        process.status("NSpid", |status| status.numbers("NSpid")).map(|pids| {
            if pids.len() > 1 {
                Namespace::NotTheHosts("nested PID namespace".to_owned())
            } else {
                Namespace::Host
            }
        })
    });
    Fact::new(declared(view, "/HostConfig/PidMode"), effective)
}

/// By the namespace's link, which takes the right to trace the process, or else
/// by the inode of a file that each network namespace has once, which takes none.
pub(super) fn network(view: &View<'_>) -> Fact<Namespace> {
    let of = |name: &'static str| {
        of_init(view, |process| process.text(name)).zip(view.host_init().text(name))
    };
    let effective = of("ns/net").or_else(|| of("net/dev (inode)")).map(compared);
    Fact::new(declared(view, "/HostConfig/NetworkMode"), effective)
}

pub(super) fn ipc(view: &View<'_>) -> Fact<Namespace> {
    let own = of_init(view, |process| process.text("ns/ipc"));
    let hosts = view.host_init().text("ns/ipc").or_else(|| first_ipc_namespace(view));
    Fact::new(declared(view, "/HostConfig/IpcMode"), own.zip(hosts).map(compared))
}

/// The machine's first IPC namespace always has this number
/// (`PROC_IPC_INIT_INO` in the kernel's `include/linux/proc_ns.h`).
const FIRST_IPC_NAMESPACE: &str = "ipc:[4026531839]";

/// The host's namespace where its first process may not be traced: the
/// auditor's own, if that is the machine's first.
fn first_ipc_namespace<'a>(view: &View<'a>) -> Reading<&'a str> {
    view.host_file("/proc/self/ns/ipc").and_then(|own| {
        if own == FIRST_IPC_NAMESPACE {
            return Reading::Known(own, vec![]);
        }
        let source = Source::proc(1, "ns/ipc");
        Reading::Missing(
            Gap::new(Reason::Denied, source, "the host's own IPC namespace could not be read")
                .mend("run as root on the host itself, outside any container"),
        )
    })
}

fn compared((own, hosts): (&str, &str)) -> Namespace {
    if own == hosts { Namespace::Host } else { Namespace::NotTheHosts(own.to_owned()) }
}

fn of_init<'a, T>(view: &View<'a>, read: impl FnOnce(&Process<'a>) -> Reading<T>) -> Reading<T> {
    match view.init() {
        Ok(process) => read(&process),
        Err(gap) => Reading::Missing(gap),
    }
}

fn declared(view: &View<'_>, pointer: &str) -> Reading<Namespace> {
    view.inspect().text(pointer).map(|mode| match mode {
        Some("host") => Namespace::Host,
        other => Namespace::NotTheHosts(other.unwrap_or("the engine's default").to_owned()),
    })
}

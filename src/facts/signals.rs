//! What signals do to a container's first process, and what becomes of orphans.

use crate::model::bundle::Processes;
use crate::model::fact::Fact;
use crate::model::reading::{Evidence, Gap, Reading, Reason};
use crate::model::source::Source;
use crate::model::target::Kind;
use crate::model::untrusted::Untrusted;
use crate::parse::command::program;
use crate::parse::command::programs::{Role, role};
use crate::parse::proc::status::Status;
use crate::parse::signal::Signal;

use super::Held;
use super::view::{Process, View};

/// What a process does with one signal (`proc_pid_status(5)`: `SigBlk`,
/// `SigIgn`, `SigCgt`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// It has a handler.
    Caught,
    /// It is waited for: blocked, as for `signalfd(2)`, or by an init that
    /// sleeps until a signal comes.
    Waited,
    /// It is discarded.
    Ignored,
    /// The kernel's default, which for PID 1 is to discard it
    /// (`pid_namespaces(7)`: only signals with a handler reach it).
    Default,
}

/// The first process as the one that must wait for orphans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Init {
    /// Its name.
    pub name: Untrusted,
    /// Whether it is PID 1 of a PID namespace: orphans become its children.
    pub is_first: bool,
    /// Whether it goes by the name of a program that is made to be PID 1.
    pub is_known: bool,
    /// What it does when a child ends.
    pub on_child: Disposition,
    /// Its children that still run.
    pub children: Vec<Held<()>>,
    /// Its children that have ended and for which it has not waited.
    pub zombies: Vec<u32>,
}

/// The first process by what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct First {
    /// Its name.
    pub name: Untrusted,
    /// Whether it is PID 1 of a PID namespace.
    pub is_first: bool,
    /// Whether it goes by the name of a program that is made to be PID 1.
    pub is_init: bool,
}

/// The first process as the one that is told to stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// Its name.
    pub name: Untrusted,
    /// The signal that the engine sends.
    pub signal: Signal,
    /// Whether it is PID 1 of a PID namespace.
    pub is_first: bool,
    /// What it does with the signal.
    pub disposition: Disposition,
}

pub(super) fn init(view: &View<'_>) -> Fact<Init> {
    let effective = Reading::from(view.processes()).and_then(|processes| {
        let first = view.process(processes.init);
        let seen = on(&first, Signal::CHILD);
        seen.zip(children(view, processes)).zip(zombies(view, processes)).and_then(
            |((seen, children), zombies)| {
                // Without children it does not matter what becomes of them.
                let matters = zombies.is_empty() && !children.is_empty();
                let seen = if matters { seen.or_waits(&first) } else { Reading::of(seen) };
                seen.map(|seen| Init {
                    is_known: seen.is_known_init(),
                    name: seen.name,
                    is_first: seen.is_first,
                    on_child: seen.disposition,
                    children,
                    zombies,
                })
            },
        )
    });
    if view.kind().is_to_come() {
        return Fact::declared_only(init_of_service(view));
    }
    let asked = view.inspect().flag("/HostConfig/Init").map(|on| on == Some(true));
    // Whether an init was asked for says who PID 1 should be, not who it is.
    let declared = asked.and_then(|asked| match asked {
        true => Reading::of(known_init("docker-init", true)),
        false => Reading::Inapplicable,
    });
    Fact::new(declared, effective)
}

pub(super) fn first(view: &View<'_>) -> Fact<First> {
    let init = || First { name: "docker-init".into(), is_first: true, is_init: true };
    let asked = view.inspect().flag("/HostConfig/Init").map(|on| on == Some(true));
    if view.kind().is_to_come() {
        let path = view.inspect().text("/Path").map(|path| path.unwrap_or_default());
        let first = joins(view).and_then(|joins| match joins {
            true => Reading::of(First { is_first: false, ..init() }),
            false => asked.and_then(|asked| match asked {
                true => Reading::of(init()),
                false => path.map(|path| {
                    let is_init = role(path) == Role::Init;
                    First { name: path.into(), is_first: true, is_init }
                }),
            }),
        });
        return Fact::declared_only(first);
    }
    let effective = Reading::from(view.processes()).and_then(|processes| {
        on(&view.process(processes.init), Signal::CHILD).map(|seen| First {
            is_init: seen.is_known_init(),
            name: seen.name,
            is_first: seen.is_first,
        })
    });
    let declared = asked.and_then(|asked| match asked {
        true => Reading::of(init()),
        false => Reading::Inapplicable,
    });
    Fact::new(declared, effective)
}

/// Whether what does not run yet will live in another's PID namespace.
fn joins(view: &View<'_>) -> Reading<bool> {
    let mode = view.inspect().text("/HostConfig/PidMode");
    mode.map(|mode| mode.is_some_and(|mode| mode == "host" || mode.starts_with("container:")))
}

fn known_init(name: &str, is_first: bool) -> Init {
    Init {
        name: name.into(),
        is_first,
        is_known: true,
        on_child: Disposition::Caught,
        children: vec![],
        zombies: vec![],
    }
}

/// Programs that wait for the children that they started themselves and for no others.
const NEVER_REAP: [&str; 6] = ["java", "node", "npm", "npx", "pnpm", "yarn"];

/// Who will be PID 1: the engine's init, or what the command begins with. What
/// a program does with its children shows only where it runs.
fn init_of_service(view: &View<'_>) -> Reading<Init> {
    let inspect = view.inspect();
    let asked = inspect.flag("/HostConfig/Init").map(|on| on == Some(true));
    joins(view).and_then(|joins| {
        if joins {
            return Reading::of(known_init("another's", false));
        }
        asked.and_then(|asked| {
            if asked {
                return Reading::of(known_init("docker-init", true));
            }
            inspect.text("/Path").and_then(|path| {
                let path = path.unwrap_or_default();
                if role(path) == Role::Init {
                    return Reading::of(known_init(path, true));
                }
                if NEVER_REAP.iter().any(|it| program(path) == Some(it)) {
                    let unknown = Init {
                        is_known: false,
                        on_child: Disposition::Default,
                        ..known_init(path, true)
                    };
                    return Reading::of(unknown);
                }
                let source = inspect.source().clone();
                let detail = "whether its first process reaps shows only where it runs";
                Reading::Missing(Gap::new(Reason::NotRunning, source, detail).mend(
                    match view.kind() {
                        Kind::Container | Kind::Service => {
                            "set init: true, or begin its entrypoint with an init such as tini"
                        }
                        Kind::Image | Kind::Dockerfile => {
                            "begin ENTRYPOINT with an init such as tini, or run it with --init"
                        }
                    },
                ))
            })
        })
    })
}

/// The first process's children. Who reaps needs no list of those who are well.
fn children(view: &View<'_>, processes: &Processes) -> Reading<Vec<Held<()>>> {
    let others = processes.all().into_iter().filter(|pid| *pid != processes.init);
    let each: Reading<Vec<_>> = others
        .map(|pid| {
            let process = view.process(pid);
            let parent = process.status("PPid", |status| status.number("PPid"));
            let held = || Held { by: process.holder(), value: () };
            parent.map(|parent| (parent == processes.init).then(held))
        })
        .collect();
    each.unshown().map(|each| each.into_iter().flatten().collect())
}

/// The first process's children that have ended and wait for it.
fn zombies(view: &View<'_>, processes: &Processes) -> Reading<Vec<u32>> {
    let Some(all) = &processes.zombies else {
        return Reading::Missing(Gap::not_collected(view.processes_source().clone()));
    };
    let own = all.iter().filter(|(_, parent)| *parent == processes.init);
    let own: Vec<u32> = own.map(|(pid, _)| *pid).collect();
    let shown = format!("{} zombies wait for the first process", own.len());
    Reading::Known(own, vec![Evidence::new(view.processes_source().clone(), "", shown)])
}

pub(super) fn stop(view: &View<'_>) -> Fact<Stop> {
    let inspect = view.inspect();
    let source = inspect.source().clone();
    let signal = inspect.text("/Config/StopSignal").and_then(|text| {
        // The engine's default (`docker run --stop-signal`).
        let text = text.filter(|text| !text.is_empty()).unwrap_or("SIGTERM");
        match Signal::parse(text) {
            Some(signal) => Reading::of(signal),
            None => {
                let detail = "/Config/StopSignal names no signal";
                Reading::Missing(Gap::new(Reason::Malformed, source, detail))
            }
        }
    });
    let effective = Reading::from(view.init()).and_then(|first| {
        signal.and_then(|signal| {
            on(&first, signal).and_then(|seen| seen.or_waits(&first)).map(|seen| Stop {
                name: seen.name,
                signal,
                is_first: seen.is_first,
                disposition: seen.disposition,
            })
        })
    });
    Fact::new(Reading::Inapplicable, effective)
}

struct Seen {
    name: Untrusted,
    is_first: bool,
    disposition: Disposition,
}

impl Seen {
    fn is_known_init(&self) -> bool {
        role(self.name.raw()) == Role::Init
    }

    /// Where nothing handles the signal, the process may still be waiting for
    /// it: `sigtimedwait(2)` takes the signals that it waits for out of the
    /// blocked ones as long as it sleeps, and the kernel shows them nowhere.
    fn or_waits(self, process: &Process<'_>) -> Reading<Self> {
        if self.disposition != Disposition::Default || !self.is_first {
            return Reading::of(self);
        }
        waits_for_signals(process).and_then(|waits| match (waits, self.is_known_init()) {
            (false, _) => Reading::of(self),
            (true, true) => Reading::of(Self { disposition: Disposition::Waited, ..self }),
            (true, false) => {
                let source = Source::proc(process.pid, "status");
                let detail =
                    "it sleeps until a signal comes (sigwait), and the kernel does not show which";
                Reading::Missing(
                    Gap::new(Reason::Unsupported, source, detail).mend(
                        "let the program use a handler or signalfd, or start it below an init",
                    ),
                )
            }
        })
    }
}

/// Whether a process sleeps in `sigtimedwait(2)`, by the name of the kernel's
/// function that it sleeps in (`proc_pid_wchan(5)`). The kernel writes `0` for
/// one that does not sleep, and for what it does not tell.
fn waits_for_signals(process: &Process<'_>) -> Reading<bool> {
    let source = Source::proc(process.pid, "wchan");
    let runs = process.status("State", |status| Ok(status.field("State")?.starts_with('R')));
    runs.unshown().and_then(|runs| {
        if runs {
            return Reading::of(false);
        }
        process.text("wchan").unshown().and_then(|place| match place.trim() {
            "" | "0" => {
                let detail = "the kernel does not tell what the process sleeps in";
                Reading::Missing(
                    Gap::new(Reason::Unsupported, source, detail)
                        .mend("run as root, or with CAP_SYS_PTRACE on the host"),
                )
            }
            place => Reading::of(place.contains("sigtimedwait")),
        })
    })
}

/// What a process does with a signal, all by one file.
fn on(process: &Process<'_>, signal: Signal) -> Reading<Seen> {
    process.status("SigCgt", |status| {
        let has = |field: &str| mask(status, field).map(|mask| signal.is_in(mask));
        let disposition = if has("SigCgt")? {
            Disposition::Caught
        } else if has("SigBlk")? {
            Disposition::Waited
        } else if has("SigIgn")? {
            Disposition::Ignored
        } else {
            Disposition::Default
        };
        let is_first = status.numbers("NSpid")?.last() == Some(&1);
        Ok(Seen { name: status.name(), is_first, disposition })
    })
}

fn mask(status: &Status<'_>, field: &str) -> Result<u64, String> {
    let value = status.field(field)?;
    u64::from_str_radix(value, 16).map_err(|_| format!("line {field} holds {value:?}, no mask"))
}

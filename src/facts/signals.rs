//! What signals do to a container's first process, and what becomes of orphans.

use crate::model::fact::Fact;
use crate::model::reading::{Evidence, Gap, Reading, Reason};
use crate::model::untrusted::Untrusted;
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
    /// It is blocked in the first thread: to be waited for, as by `signalfd(2)`.
    Blocked,
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
    let effective = match view.processes() {
        Err(gap) => Reading::Missing(gap),
        Ok(processes) => {
            let first = view.process(processes.init);
            let zombies = match &processes.zombies {
                Some(all) => {
                    let own: Vec<u32> = all
                        .iter()
                        .filter(|(_, parent)| *parent == processes.init)
                        .map(|(pid, _)| *pid)
                        .collect();
                    let shown = format!("{} zombies wait for the first process", own.len());
                    Reading::Known(own, vec![Evidence::new(view.processes_source(), "", shown)])
                }
                None => Reading::Missing(Gap::not_collected(view.processes_source())),
            };
            let others: Vec<Process<'_>> = processes
                .all()
                .into_iter()
                .filter(|pid| *pid != processes.init)
                .map(|pid| view.process(pid))
                .collect();
            let children = others.iter().fold(Reading::Known(Vec::new(), vec![]), |known, each| {
                known.and_then(|mut known: Vec<Held<()>>| {
                    each.status("PPid", |status| status.number("PPid")).and_then(|parent| {
                        if parent == processes.init {
                            known.push(Held { by: each.holder(), value: () });
                        }
                        Reading::Known(known, vec![])
                    })
                })
            });
            // Who reaps needs no list of those who are well.
            let children = children.shown_as(|_| vec![]);
            on(&first, Signal::CHILD).zip(children).zip(zombies).map(
                |((seen, children), zombies)| Init {
                    is_known: role(seen.name.raw()) == Role::Init,
                    name: seen.name,
                    is_first: seen.is_first,
                    on_child: seen.disposition,
                    children,
                    zombies,
                },
            )
        }
    };
    let asked = view.inspect().flag("/HostConfig/Init").map(|on| on == Some(true));
    // Whether an init was asked for says who PID 1 should be, not who it is.
    let declared = asked.and_then(|asked| match asked {
        true => Reading::Known(
            Init {
                name: "docker-init".into(),
                is_first: true,
                is_known: true,
                on_child: Disposition::Caught,
                children: vec![],
                zombies: vec![],
            },
            vec![],
        ),
        false => Reading::Inapplicable,
    });
    Fact::new(declared, effective)
}

pub(super) fn stop(view: &View<'_>) -> Fact<Stop> {
    let inspect = view.inspect();
    let source = inspect.source().clone();
    let signal = inspect.text("/Config/StopSignal").and_then(|text| {
        // The engine's default (`docker run --stop-signal`).
        let text = text.filter(|text| !text.is_empty()).unwrap_or("SIGTERM");
        match Signal::parse(text) {
            Some(signal) => Reading::Known(signal, vec![]),
            None => {
                let detail = "/Config/StopSignal names no signal";
                Reading::Missing(Gap::new(Reason::Malformed, source, detail))
            }
        }
    });
    let effective = match view.init() {
        Err(gap) => Reading::Missing(gap),
        Ok(first) => signal.and_then(|signal| {
            on(&first, signal).map(|seen| Stop {
                name: seen.name,
                signal,
                is_first: seen.is_first,
                disposition: seen.disposition,
            })
        }),
    };
    Fact::new(Reading::Inapplicable, effective)
}

struct Seen {
    name: Untrusted,
    is_first: bool,
    disposition: Disposition,
}

/// What a process does with a signal, all by one file.
fn on(process: &Process<'_>, signal: Signal) -> Reading<Seen> {
    process.status("SigCgt", |status| {
        let has = |field: &str| mask(status, field).map(|mask| signal.is_in(mask));
        let disposition = if has("SigCgt")? {
            Disposition::Caught
        } else if has("SigBlk")? {
            Disposition::Blocked
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

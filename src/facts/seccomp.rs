//! Whether a seccomp filter stands between a process and the kernel.

use crate::model::bundle::Bundle;
use crate::model::fact::Fact;
use crate::model::reading::{Gap, Reading, Reason};
use crate::model::target::Target;

use super::identity::names;
use super::view::{Process, View};
use super::{Held, each_known};

/// The seccomp mode of a process (`seccomp(2)`, field `Seccomp` of `status`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// No filter.
    Disabled,
    /// Only `read`, `write`, `exit` and `sigreturn`.
    Strict,
    /// One or more filters.
    Filter,
}

pub(super) fn fact(view: &View<'_>) -> Fact<Held<Mode>> {
    each_known(view, declared, |declared| {
        Fact::of_each(declared, view.processes_source(), view.of_each(effective))
    })
}

pub(super) fn effective(process: &Process<'_>) -> Reading<Mode> {
    process.status("Seccomp", |status| match status.number("Seccomp")? {
        0 => Ok(Mode::Disabled),
        1 => Ok(Mode::Strict),
        2 => Ok(Mode::Filter),
        other => Err(format!("line Seccomp holds the unknown mode {other}")),
    })
}

/// Whether a target's processes are filtered by what was asked for.
pub fn is_asked_for(bundle: &Bundle, target: &Target) -> bool {
    declared(&View::new(bundle, target)).known().is_some_and(|it| it.value == Mode::Filter)
}

/// Privileged mode and `unconfined` turn the filter off; else the engine's
/// default profile applies, if the engine has seccomp at all.
pub(super) fn declared(view: &View<'_>) -> Reading<Held<Mode>> {
    let inspect = view.inspect();
    let asked = inspect
        .texts("/HostConfig/SecurityOpt")
        .map(|options| options.iter().rev().find_map(|option| profile(option)));
    let privileged = inspect.flag("/HostConfig/Privileged").map(|on| on == Some(true));
    let mode = match (asked.known(), privileged.known()) {
        (Some(None), Some(true)) => privileged.map(|_| Mode::Disabled),
        _ => asked.zip(privileged.unshown()).and_then(|(asked, _)| match asked {
            None => by_default(view),
            Some("unconfined") => Reading::of(Mode::Disabled),
            Some("builtin") => Reading::of(Mode::Filter),
            Some(_) if view.kind().is_to_come() => Reading::Missing(unread(view)),
            Some(_) => Reading::of(Mode::Filter),
        }),
    };
    mode.map(|mode| view.declared(mode))
}

/// A profile of the service's own may forbid everything or nothing.
fn unread(view: &View<'_>) -> Gap {
    let source = view.inspect().source().clone();
    let detail = "what the service's own seccomp profile forbids was not read";
    Gap::new(Reason::NotCollected, source, detail)
        .mend("leave the engine's profile in force, without seccomp in security_opt")
}

fn by_default(view: &View<'_>) -> Reading<Mode> {
    view.info().texts("/SecurityOptions").map(|options| {
        match options.iter().find(|option| names(option, "seccomp")) {
            Some(option) if !option.contains("profile=unconfined") => Mode::Filter,
            Some(_) | None => Mode::Disabled,
        }
    })
}

/// The profile that one security option asks for, written with `=` or `:`.
fn profile(option: &str) -> Option<&str> {
    let rest = option.strip_prefix("seccomp")?;
    rest.strip_prefix('=').or_else(|| rest.strip_prefix(':'))
}

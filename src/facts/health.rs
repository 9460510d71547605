//! How the engine finds out whether a container works, and what it found.

use std::time::Duration;

use serde_json::Value;

use crate::model::fact::Fact;
use crate::model::reading::{Evidence, Gap, Reading, Reason};
use crate::model::untrusted::Untrusted;
use crate::parse::command::check::{Check, has_failed};
use crate::parse::document::Document;
use crate::parse::path::{candidates, search_path};
use crate::parse::time::Instant;

use super::restart::running_for;
use super::view::View;

/// How the engine finds out whether a container works, and what it found.
#[derive(Clone, Debug)]
pub struct Health {
    /// How the engine finds out whether the container works.
    pub check: Fact<Healthcheck>,
    /// How often the check is run and how long it is waited for.
    pub timing: Fact<Timing>,
    /// What came of the check so far.
    pub record: Fact<Record>,
    /// Whether the check's programs are in the container, where that matters.
    pub programs: Fact<Programs>,
}

pub(super) fn all(view: &View<'_>) -> Health {
    Health {
        check: check(view),
        timing: timing(view),
        record: record(view),
        programs: programs(view),
    }
}

/// A container's health check, merged by the engine from image and run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Healthcheck {
    /// Neither the image nor the run defines one.
    Undefined,
    /// One was defined by the image and switched off.
    Disabled,
    /// One is defined; how its command is given: `CMD` or `CMD-SHELL`.
    Defined(String),
}

/// When a check is run, the engine's defaults resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Between two runs.
    pub interval: Duration,
    /// After how long a run counts as failed.
    pub timeout: Duration,
    /// For how long after the start a failed run does not count.
    pub start_period: Duration,
    /// After how many failed runs in a row the container is unhealthy.
    pub retries: u64,
}

/// When the check is run, where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// No check is defined.
    Undefined,
    /// One is.
    Of(Schedule),
}

/// What came of the check so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// No check is defined.
    Undefined,
    /// What the engine recorded.
    Of(History),
    /// It has never run; how it comes that it will succeed whatever happens, if so.
    NeverRun(Option<String>),
}

/// The engine's record of a check's runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// What the engine takes the container for.
    pub status: Status,
    /// How many runs in a row have failed.
    pub failing: u64,
    /// How it comes that the check succeeds whatever happens, if so.
    pub always_true: Option<String>,
    /// The longest of the runs that the engine remembers.
    pub slowest: Option<Duration>,
    /// When the check is run.
    pub schedule: Schedule,
}

/// What the engine takes a container for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The last run succeeded.
    Healthy,
    /// As many runs failed as the check allows.
    Unhealthy,
    /// No run has decided yet, for so long.
    Starting(Duration),
}

/// The programs of a check as files of the container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Programs {
    /// No check is defined, or none has failed: there is nothing to explain.
    NotAsked,
    /// They are there, as far as they can be told.
    There,
    /// These are not, or cannot be executed; what of them is wrong.
    Missing(Vec<String>),
}

/// Only the engine runs health checks, so only it can speak of them.
fn check(view: &View<'_>) -> Fact<Healthcheck> {
    Fact::declared_only(declared(view.inspect()))
}

/// The check that a configuration defines, a container's or an image's.
pub(super) fn declared(configuration: &Document<'_>) -> Reading<Healthcheck> {
    test_of(configuration).map(|test| defined(&test))
}

fn test_of<'a>(configuration: &Document<'a>) -> Reading<Vec<&'a str>> {
    configuration.texts("/Config/Healthcheck/Test")
}

fn test<'a>(view: &View<'a>) -> Reading<Vec<&'a str>> {
    test_of(view.inspect())
}

fn defined(test: &[&str]) -> Healthcheck {
    match test.first() {
        None => Healthcheck::Undefined,
        Some(&"NONE") => Healthcheck::Disabled,
        Some(how) => Healthcheck::Defined((*how).to_owned()),
    }
}

fn is_defined(test: &[&str]) -> bool {
    matches!(defined(test), Healthcheck::Defined(_))
}

fn timing(view: &View<'_>) -> Fact<Timing> {
    // The command is not what this fact speaks of.
    let test = test(view).unshown();
    Fact::declared_only(test.and_then(|test| {
        if is_defined(&test) {
            schedule(view).map(Timing::Of)
        } else {
            Reading::of(Timing::Undefined)
        }
    }))
}

/// 0 and absent mean the engine's default: 30s, 30s, 0s and 3
/// (Dockerfile reference, `HEALTHCHECK`). The API counts in nanoseconds.
fn schedule(view: &View<'_>) -> Reading<Schedule> {
    let inspect = view.inspect();
    let number = |name: &str| inspect.count(&format!("/Config/Healthcheck/{name}"));
    let or = |number: u64, default: u64| if number == 0 { default } else { number };
    let default = 30_000_000_000;
    number("Interval").zip(number("Timeout")).zip(number("StartPeriod")).zip(number("Retries")).map(
        |(((interval, timeout), start_period), retries)| Schedule {
            interval: Duration::from_nanos(or(interval, default)),
            timeout: Duration::from_nanos(or(timeout, default)),
            start_period: Duration::from_nanos(start_period),
            retries: or(retries, 3),
        },
    )
}

fn record(view: &View<'_>) -> Fact<Record> {
    let inspect = view.inspect();
    Fact::declared_only(test(view).and_then(|test| {
        if !is_defined(&test) {
            return Reading::of(Record::Undefined);
        }
        let always_true = Check::parse(&test).and_then(Check::is_always_true);
        if view.kind().is_to_come() {
            return Reading::of(Record::NeverRun(always_true));
        }
        let failing = inspect.count("/State/Health/FailingStreak");
        let log = inspect.objects("/State/Health/Log").unshown();
        let schedule = schedule(view).unshown();
        status(view).zip(failing).zip(log).zip(schedule).map(
            |(((status, failing), log), schedule)| {
                Record::Of(History {
                    status,
                    failing,
                    always_true,
                    slowest: log.into_iter().filter_map(took).max(),
                    schedule,
                })
            },
        )
    }))
}

fn status(view: &View<'_>) -> Reading<Status> {
    let inspect = view.inspect();
    let source = inspect.source().clone();
    inspect.text("/State/Health/Status").and_then(|status| match status {
        Some("healthy") => Reading::of(Status::Healthy),
        Some("unhealthy") => Reading::of(Status::Unhealthy),
        Some("starting") => running_for(view).map(Status::Starting),
        _ => {
            let detail = "the engine has no record of the health check's runs";
            Reading::Missing(Gap::new(Reason::Unsupported, source, detail))
        }
    })
}

/// How long one run took.
fn took(run: &Value) -> Option<Duration> {
    let at = |key: &str| Instant::parse(run.get(key)?.as_str()?);
    Some(at("End")?.since(at("Start")?))
}

/// The kernel's word on the programs of a check that fails: their absence
/// explains why it always will.
fn programs(view: &View<'_>) -> Fact<Programs> {
    if view.kind().is_to_come() {
        return Fact::declared_only(Reading::of(Programs::NotAsked));
    }
    let inspect = view.inspect();
    let variables = inspect.variables("/Config/Env");
    let told = test(view).zip(has_failed(inspect)).zip(variables).unshown();
    let effective = told.and_then(|((test, has_failed), variables)| {
        let Some(check) = Check::parse(&test).filter(|_| has_failed) else {
            return Reading::of(Programs::NotAsked);
        };
        let path = search_path(&variables);
        let faults: Reading<Vec<Option<String>>> =
            check.programs().iter().map(|program| fault(view, program, path)).collect();
        faults.map(|faults| {
            let missing: Vec<String> = faults.into_iter().flatten().collect();
            if missing.is_empty() { Programs::There } else { Programs::Missing(missing) }
        })
    });
    Fact::new(Reading::Inapplicable, effective)
}

/// What is wrong with a program: it is not there, or it cannot be executed.
fn fault(view: &View<'_>, program: &str, path: Option<&str>) -> Reading<Option<String>> {
    let shown = Untrusted::from(program);
    let mut asked: Vec<Evidence> = Vec::new();
    let candidates = candidates(program, path);
    if candidates.is_empty() {
        // A folder of the path is not known, so the program may be in it.
        return Reading::of(None);
    }
    for candidate in candidates {
        match view.file(&candidate) {
            Reading::Known(None, evidence) => asked.extend(evidence),
            Reading::Known(Some(file), evidence) => {
                let fault = (file.mode & 0o111 == 0).then(|| format!("{shown} is not executable"));
                return Reading::Known(fault, evidence);
            }
            Reading::Missing(gap) => return Reading::Missing(gap),
            Reading::Inapplicable => return Reading::Inapplicable,
        }
    }
    Reading::Known(Some(format!("{shown} is not in the container")), asked)
}

//! When the engine starts a container again, and how often it did.

use std::time::Duration;

use crate::model::fact::Fact;
use crate::model::reading::{Gap, Reading, Reason};
use crate::parse::time::Instant;

use super::view::View;

/// What the engine does when the container ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// `no`, `always`, `on-failure` or `unless-stopped`.
    pub name: String,
    /// After how many restarts in a row it gives up; 0 means never.
    pub most: u64,
}

/// How often the engine has started the container again by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restarts {
    /// How often, since somebody started it.
    pub count: u64,
    /// How long it has run since, where it was started again often enough to ask.
    pub running: Option<Duration>,
}

/// From so many restarts on it matters how long the container has run.
pub const MANY: u64 = 3;

/// The kernel restarts nothing; only the engine can speak of it.
pub(super) fn policy(view: &View<'_>) -> Fact<Policy> {
    let inspect = view.inspect();
    let declared = inspect
        .text("/HostConfig/RestartPolicy/Name")
        .zip(inspect.count("/HostConfig/RestartPolicy/MaximumRetryCount"))
        .map(|(name, most)| Policy {
            // The engine writes the default as an empty name or as `no`.
            name: name.filter(|name| !name.is_empty()).unwrap_or("no").to_owned(),
            most,
        });
    Fact::declared_only(declared)
}

pub(super) fn restarts(view: &View<'_>) -> Fact<Restarts> {
    let inspect = view.inspect();
    let declared = inspect.count("/RestartCount").and_then(|count| {
        if count < MANY {
            return Reading::of(Restarts { count, running: None });
        }
        running_for(view).map(|running| Restarts { count, running: Some(running) })
    });
    Fact::declared_only(declared)
}

/// How long the container has run, by the engine's record and the clock.
pub(super) fn running_for(view: &View<'_>) -> Reading<Duration> {
    let inspect = view.inspect();
    let source = inspect.source().clone();
    let started =
        inspect.text("/State/StartedAt").and_then(|text| match text.and_then(Instant::parse) {
            Some(started) => Reading::of(started),
            None => {
                let detail = "/State/StartedAt is no time";
                Reading::Missing(Gap::new(Reason::Malformed, source, detail))
            }
        });
    started.zip(view.clock()).map(|(started, now)| now.since(started))
}

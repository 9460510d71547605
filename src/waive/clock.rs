//! What day it is at the earliest.
//!
//! A clock that is set back would bring waivers back that have ended. What the
//! evidence itself shows to be past has been, whatever the clock says.

use std::time::Duration;

use jiff::civil::Date;

use crate::model::bundle::Bundle;
use crate::model::source::Source;
use crate::model::target::Kind;
use crate::model::untrusted::Untrusted;
use crate::parse::time::Instant;
use crate::policy::Policy;

/// By how much the clock may be behind before that is told.
const SLACK: Duration = Duration::from_hours(24);

/// When what happened to a container, as its engine writes it down. What its image
/// says of itself shows nothing: whoever makes one can write any time.
const OF_CONTAINERS: [(&str, &str); 3] =
    [("/Created", "created"), ("/State/StartedAt", "started"), ("/State/FinishedAt", "ended")];

/// The day that counts for waivers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Today {
    /// The day, in UTC.
    pub day: Date,
    /// What shows that the clock is more than a day behind.
    pub behind: Option<Behind>,
}

/// Something that is past, and of which the clock says that it is to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behind {
    /// When it was.
    pub at: Instant,
    /// What it was, as the end of a sentence.
    pub by: Untrusted,
}

/// The day of the clock, or a later one of which something shows that it has begun.
/// Without a clock nobody knows.
pub fn today(bundle: &Bundle, policy: &Policy) -> Option<Today> {
    let clock = Instant::parse(bundle.text(&Source::Clock).ok()?.raw().trim())?;
    let later = past(bundle, policy).into_iter().filter(|it| it.at > clock);
    Some(match later.max_by_key(|it| it.at) {
        None => Today { day: clock.day(), behind: None },
        Some(it) => Today { day: it.at.day(), behind: (it.at.since(clock) > SLACK).then_some(it) },
    })
}

/// Everything that the evidence shows to be past.
fn past(bundle: &Bundle, policy: &Policy) -> Vec<Behind> {
    let of = |source: &Source, pointer: &str| {
        Instant::parse(bundle.json(source).ok()?.pointer(pointer)?.as_str()?)
    };
    let engine = of(&Source::engine_info(), "/SystemTime")
        .map(|at| Behind { at, by: "the engine's clock says so".into() });
    let baseline = policy.baseline.as_ref().and_then(|it| {
        let at = Instant::parse(it.collected_at.raw())?;
        Some(Behind { at, by: format!("{} was collected then", it.file.raw()).into() })
    });
    let containers = bundle.targets.iter().filter(|it| it.kind == Kind::Container);
    let containers = containers.flat_map(|target| {
        let source = Source::container(&target.id);
        OF_CONTAINERS.into_iter().filter_map(move |(pointer, what)| {
            let by = format!("the container {} was {what} then", target.name.raw()).into();
            Some(Behind { at: of(&source, pointer)?, by })
        })
    });
    engine.into_iter().chain(baseline).chain(containers).collect()
}

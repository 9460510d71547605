//! What has changed between two audits, finding by finding.
//!
//! Replicas of one service are one thing here, and the worst of them counts. To
//! know less than before is never better: what failed and is unknown now is not
//! fixed, and what passes on a declaration alone where it failed is not either.
//!
//! One order serves both: `secaudit diff` tells every change, and a baseline
//! excuses what has become neither new nor worse.

mod baseline;
mod card;
mod difference;
mod posture;

#[cfg(test)]
mod tests;

use crate::model::finding::Finding;
use crate::model::severity::Severity;
use crate::model::verdict::Verdict;

pub use baseline::Baseline;
pub use card::{Card, CardError, Counted, LARGEST, SCHEMA, Said, Subject};
pub use difference::{Difference, Row, Score, Standings, between};
pub use posture::Posture;

/// How one finding stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// The rule holds, or does not apply.
    Well,
    /// It holds by a declaration alone (`--accept declared`).
    Stated,
    /// It is broken or unknown, and somebody answers for it.
    Waived,
    /// Nobody can tell.
    Unknown,
    /// It is broken.
    Failing,
}

impl State {
    /// How a finding of a ledger stands.
    pub const fn of(finding: &Finding) -> Self {
        match (&finding.verdict, finding.waiver.is_some()) {
            (Verdict::Fail(_) | Verdict::Unknown { .. }, true) => Self::Waived,
            (Verdict::Fail(_), false) => Self::Failing,
            (Verdict::Unknown { .. }, false) => Self::Unknown,
            (Verdict::Pass(proof), _) if proof.is_stated() => Self::Stated,
            (Verdict::Pass(_) | Verdict::NotApplicable(_), _) => Self::Well,
        }
    }
}

/// How a rule stands on all that share an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The gravest failure that nobody answers for.
    pub failing: Option<Severity>,
    /// The gravest of what nobody can tell.
    pub unknown: Option<Severity>,
    /// Whether somebody answers for any of them.
    pub is_waived: bool,
    /// Whether any passes on a declaration alone.
    pub is_stated: bool,
    /// The gravest severity that the rule has on any of them.
    pub severity: Severity,
}

impl Standing {
    /// How one finding stands.
    pub fn of(state: State, severity: Severity) -> Self {
        Self {
            failing: (state == State::Failing).then_some(severity),
            unknown: (state == State::Unknown).then_some(severity),
            is_waived: state == State::Waived,
            is_stated: state == State::Stated,
            severity,
        }
    }

    /// The worst of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            failing: self.failing.max(other.failing),
            unknown: self.unknown.max(other.unknown),
            is_waived: self.is_waived || other.is_waived,
            is_stated: self.is_stated || other.is_stated,
            severity: self.severity.max(other.severity),
        }
    }

    /// The one state that says most of it: the worst.
    pub const fn state(&self) -> State {
        match self {
            Self { failing: Some(_), .. } => State::Failing,
            Self { unknown: Some(_), .. } => State::Unknown,
            Self { is_waived: true, .. } => State::Waived,
            Self { is_stated: true, .. } => State::Stated,
            Self { .. } => State::Well,
        }
    }

    /// Whether something is wrong or unknown, answered for or not.
    const fn is_bad(&self) -> bool {
        !matches!(self.state(), State::Well | State::Stated)
    }

    /// The gravest that it may be as far as anybody knows.
    fn gravest(&self) -> Option<Severity> {
        self.failing.max(self.unknown)
    }
}

/// Whether what stood like this before excuses a finding that stands so now: it
/// was there already, and has become neither worse nor graver. What somebody
/// answered for is excused by nothing but his waiver.
pub fn excuses(before: &Standing, now: State, severity: Severity) -> bool {
    match now {
        State::Failing => before.failing >= Some(severity),
        // What failed and cannot be told now can be no worse than it was.
        State::Unknown => before.gravest() >= Some(severity),
        State::Well | State::Stated | State::Waived => false,
    }
}

/// How a finding has changed, in the order in which a reader asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// It fails, and nothing was said of it before.
    New,
    /// It fails and did not, or more gravely than it did.
    Worse,
    /// Nobody can tell now, and it was told before or not asked.
    UnknownNow,
    /// Somebody answers for it now.
    WaivedNow,
    /// It is milder, or known to hold where it was unknown.
    Better,
    /// It held neither before nor was it unknown, and is known to hold.
    Fixed,
    /// It was bad, and nothing is said of it any more.
    Gone,
    /// As before.
    Unchanged,
}

impl Change {
    /// All of them, in their order.
    pub const ALL: [Self; 8] = [
        Self::New,
        Self::Worse,
        Self::UnknownNow,
        Self::WaivedNow,
        Self::Better,
        Self::Fixed,
        Self::Gone,
        Self::Unchanged,
    ];

    /// From how it stood to how it stands; where nothing was said, none.
    pub fn from(before: Option<&Standing>, now: Option<&Standing>) -> Self {
        let (before, now) = match (before, now) {
            (None, None) => return Self::Unchanged,
            (Some(before), None) if before.is_bad() => return Self::Gone,
            (Some(_), None) => return Self::Unchanged,
            (before, Some(now)) => (before, now),
        };
        let Some(before) = before else {
            return match now.state() {
                State::Failing => Self::New,
                State::Unknown => Self::UnknownNow,
                State::Waived => Self::WaivedNow,
                State::Well | State::Stated => Self::Unchanged,
            };
        };
        if now.failing > before.failing {
            return Self::Worse;
        }
        if now.unknown > before.gravest() {
            return Self::UnknownNow;
        }
        let is_known_less = now.unknown > before.unknown;
        match (before.failing, now.failing) {
            (Some(one), Some(other)) if one == other => Self::Unchanged,
            (Some(_), _) if is_known_less => Self::UnknownNow,
            (Some(_), Some(_)) => Self::Better,
            (Some(_), None) => now.unless_known().unwrap_or(Self::Fixed),
            (None, _) if now.unknown < before.unknown => {
                let is_answered = now.state() == State::Waived && !before.is_waived;
                if is_answered { Self::WaivedNow } else { Self::Better }
            }
            (None, _) if now.unknown.is_some() => Self::Unchanged,
            (None, _) => match (before.is_waived, now.is_waived) {
                (false, true) => Self::WaivedNow,
                (true, false) => now.unless_known().unwrap_or(Self::Fixed),
                (true, true) | (false, false) => Self::Unchanged,
            },
        }
    }

    /// The word used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Worse => "worse",
            Self::UnknownNow => "unknown now",
            Self::WaivedNow => "waived now",
            Self::Better => "better",
            Self::Fixed => "fixed",
            Self::Gone => "gone",
            Self::Unchanged => "unchanged",
        }
    }
}

impl Standing {
    /// What keeps something that fails no more from being fixed.
    const fn unless_known(&self) -> Option<Change> {
        match self.state() {
            State::Waived => Some(Change::WaivedNow),
            State::Unknown | State::Stated => Some(Change::UnknownNow),
            State::Failing | State::Well => None,
        }
    }
}

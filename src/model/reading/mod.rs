//! One question and what came back: a value with its evidence, or a gap.

mod evidence;
mod gap;

use super::untrusted::Untrusted;

pub(super) use evidence::written;
pub use evidence::{Datum, Evidence, Part, Whole, shown};
pub use gap::{Gap, Reason};

/// A value with its evidence, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading<T> {
    /// Read, and where.
    Known(T, Vec<Evidence>),
    /// Asked, and no answer.
    Missing(Gap),
    /// This target has no such reading by its nature.
    Inapplicable,
}

impl<T> From<Result<T, Gap>> for Reading<T> {
    /// A list or document that is there, or why it is not; what is read of it is
    /// the evidence.
    fn from(answer: Result<T, Gap>) -> Self {
        answer.map_or_else(Self::Missing, Self::of)
    }
}

impl<T> FromIterator<Reading<T>> for Reading<Vec<T>> {
    /// Known only if all are; the first that is not decides.
    fn from_iter<I: IntoIterator<Item = Reading<T>>>(each: I) -> Self {
        each.into_iter().fold(Self::of(Vec::new()), |all, one| {
            all.zip(one).map(|(mut all, one)| {
                all.push(one);
                all
            })
        })
    }
}

impl<T> Reading<T> {
    /// A value without evidence of its own: what it was worked out from is shown.
    pub const fn of(value: T) -> Self {
        Self::Known(value, Vec::new())
    }

    /// The same reading without its evidence, where another's says enough.
    #[must_use]
    pub fn unshown(self) -> Self {
        self.shown_as(|_| Vec::new())
    }

    /// Turns the value into another, keeping the evidence.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Reading<U> {
        match self {
            Self::Known(value, evidence) => Reading::Known(change(value), evidence),
            Self::Missing(gap) => Reading::Missing(gap),
            Self::Inapplicable => Reading::Inapplicable,
        }
    }

    /// Turns the value into another reading; the evidence of both is kept.
    pub fn and_then<U>(self, change: impl FnOnce(T) -> Reading<U>) -> Reading<U> {
        match self {
            Self::Known(value, mut evidence) => match change(value) {
                Reading::Known(value, more) => {
                    evidence.extend(more);
                    Reading::Known(value, evidence)
                }
                Reading::Missing(gap) => Reading::Missing(gap),
                Reading::Inapplicable => Reading::Inapplicable,
            },
            Self::Missing(gap) => Reading::Missing(gap),
            Self::Inapplicable => Reading::Inapplicable,
        }
    }

    /// Two readings as one: known only if both are.
    pub fn zip<U>(self, other: Reading<U>) -> Reading<(T, U)> {
        self.and_then(|left| other.map(|right| (left, right)))
    }

    /// The same reading of a borrowed value, for what many others rest on.
    pub fn as_ref(&self) -> Reading<&T> {
        match self {
            Self::Known(value, evidence) => Reading::Known(value, evidence.clone()),
            Self::Missing(gap) => Reading::Missing(gap.clone()),
            Self::Inapplicable => Reading::Inapplicable,
        }
    }

    /// Asks elsewhere where there is no answer. What was known stays.
    #[must_use]
    pub fn or_else(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::Missing(gap) => match other() {
                Self::Missing(_) => Self::Missing(gap),
                answer @ (Self::Known(..) | Self::Inapplicable) => answer,
            },
            answer @ (Self::Known(..) | Self::Inapplicable) => answer,
        }
    }

    /// Changes each piece of evidence.
    #[must_use]
    pub fn with_evidence(self, change: impl Fn(Evidence) -> Evidence) -> Self {
        match self {
            Self::Known(value, evidence) => {
                Self::Known(value, evidence.into_iter().map(change).collect())
            }
            other @ (Self::Missing(_) | Self::Inapplicable) => other,
        }
    }

    /// Tells the value in other words, at the place where it was read.
    #[must_use]
    pub fn told_as<V: Into<Untrusted>>(self, words: impl FnOnce(&T) -> V) -> Self {
        match self {
            Self::Known(value, evidence) => {
                let first = evidence.into_iter().next();
                let told = first.map(|it| it.saying(words(&value)));
                Self::Known(value, told.into_iter().collect())
            }
            other @ (Self::Missing(_) | Self::Inapplicable) => other,
        }
    }

    /// The value, where it is known.
    pub const fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value, _) => Some(value),
            Self::Missing(_) | Self::Inapplicable => None,
        }
    }

    /// Replaces the evidence, for readings whose whole source would be noise.
    #[must_use]
    pub fn shown_as(self, evidence: impl FnOnce(&T) -> Vec<Evidence>) -> Self {
        match self {
            Self::Known(value, _) => {
                let evidence = evidence(&value);
                Self::Known(value, evidence)
            }
            other @ (Self::Missing(_) | Self::Inapplicable) => other,
        }
    }
}

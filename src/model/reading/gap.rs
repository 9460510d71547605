//! Why a question has no answer.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::source::Source;

/// The kind of reason why a question has no answer.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The kernel or the engine refused.
    Denied,
    /// It was there and went away during the audit.
    Gone,
    /// This kernel or engine does not know the question.
    Unsupported,
    /// An answer came and could not be understood.
    Malformed,
    /// No answer came in time.
    TimedOut,
    /// The answer was larger than the auditor accepts.
    TooLarge,
    /// It could not be proved that the answer speaks of this container.
    Unproved,
    /// The container runs under another kernel than this one.
    OtherKernel,
    /// Nobody asked.
    NotCollected,
    /// A variable that decides it has no value.
    Unset,
    /// There is no process yet that the kernel could speak of.
    NotRunning,
}

impl Reason {
    /// The word used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Gone => "gone",
            Self::Unsupported => "unsupported",
            Self::Malformed => "malformed",
            Self::TimedOut => "timed out",
            Self::TooLarge => "too large",
            Self::Unproved => "unproved",
            Self::OtherKernel => "other kernel",
            Self::NotCollected => "not collected",
            Self::Unset => "not set",
            Self::NotRunning => "not running",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Why there is no answer, and the one thing that would close the gap.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Gap {
    /// The kind of reason.
    pub reason: Reason,
    /// What was asked.
    pub source: Source,
    /// What happened, as a fragment without a full stop.
    pub detail: Cow<'static, str>,
    /// What a person can do about it; may be empty where nothing can be done.
    #[serde(default)]
    pub remedy: Cow<'static, str>,
}

impl Gap {
    /// A gap without a remedy; add one with [`Gap::mend`].
    pub fn new(reason: Reason, source: Source, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { reason, source, detail: detail.into(), remedy: Cow::default() }
    }

    /// Says what would close the gap.
    #[must_use]
    pub fn mend(mut self, remedy: impl Into<Cow<'static, str>>) -> Self {
        self.remedy = remedy.into();
        self
    }

    /// What happened and what to do about it, in one line.
    pub fn in_words(&self) -> String {
        if self.remedy.is_empty() {
            self.detail.to_string()
        } else {
            format!("{}; {}", self.detail, self.remedy)
        }
    }

    /// The gap of a question that nobody asked.
    pub fn not_collected(source: Source) -> Self {
        Self::new(Reason::NotCollected, source, "the evidence does not hold this reading")
            .mend("collect the evidence again with this version of secaudit")
    }
}

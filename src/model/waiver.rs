//! Exceptions from rules, for which somebody answers for a while.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::draft::Written;
use super::target::Kind;
use super::untrusted::Untrusted;

/// A line and a column of it in characters, both from 1.
pub type Position = (u32, u32);

/// A waiver as somebody wrote it. It changes no verdict: it lies over one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiver {
    /// Where it was written.
    pub at: Written,
    /// What it speaks of and what it says, or why it cannot be understood.
    pub terms: Result<(Scope, Terms), Slip>,
}

/// What a waiver speaks of: targets as a whole, or else a part of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// The file, by the path that a person knows it by.
    pub file: Untrusted,
    /// What the file asks for: services, or an image by a Dockerfile.
    pub kind: Kind,
    /// Where the part begins.
    pub first: Position,
    /// Where the last of it begins.
    pub last: Position,
    /// The targets, by their ids, that are spoken of as a whole, whatever line shows it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<String>,
}

impl Scope {
    /// Whether a place is spoken of.
    pub fn holds(&self, place: &Written) -> bool {
        let at = (place.line, place.column);
        self.targets.is_empty() && self.file == place.file && (self.first..=self.last).contains(&at)
    }
}

/// What a waiver says. All of it has to be said, but for the ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The rule's id, as written.
    pub rule: Untrusted,
    /// The last day on which it holds, in UTC.
    pub until: Date,
    /// Who answers for it.
    pub owner: Untrusted,
    /// Why the rule may be broken.
    pub reason: Untrusted,
    /// Where the work on it is tracked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Untrusted>,
}

/// Why a waiver cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slip {
    /// What is the matter, as a fragment without a full stop.
    pub what: String,
    /// What to write instead; may be empty.
    pub help: String,
}

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
    pub at: Place,
    /// What it speaks of and what it says, or why it cannot be understood.
    pub terms: Result<(Scope, Terms), Slip>,
}

/// Where a waiver was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// In a file: a comment, an entry of a policy, or a label of a service.
    File(Written),
    /// In a label that no file is known to hold.
    Label(Label),
}

/// A label of a target.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Label {
    /// What the target is called.
    pub of: Untrusted,
    /// What the label is called.
    pub name: Untrusted,
    /// What it says.
    pub value: Untrusted,
}

impl Place {
    /// The place as people write it.
    pub fn in_words(&self) -> Untrusted {
        match self {
            Self::File(Written { file, line, column, .. }) => {
                format!("{}:{line}:{column}", file.raw()).into()
            }
            Self::Label(Label { of, name, .. }) => {
                format!("{}, label {}", of.raw(), name.raw()).into()
            }
        }
    }
}

/// What a waiver speaks of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// What a part of a file says.
    Part(Part),
    /// Targets as a whole, by their ids, whatever shows it.
    Whole(Vec<String>),
}

/// A part of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The file, by the path that a person knows it by.
    pub file: Untrusted,
    /// What the file asks for: services, or an image by a Dockerfile.
    pub kind: Kind,
    /// Where the part begins.
    pub first: Position,
    /// Where the last of it begins.
    pub last: Position,
}

impl Scope {
    /// Whether a place in a file is spoken of.
    pub fn holds(&self, place: &Written) -> bool {
        let at = (place.line, place.column);
        match self {
            Self::Part(part) => part.file == place.file && (part.first..=part.last).contains(&at),
            Self::Whole(_) => false,
        }
    }

    /// Whether a target is spoken of as a whole, by its id.
    pub fn is_whole(&self, id: &str) -> bool {
        matches!(self, Self::Whole(targets) if targets.iter().any(|it| it == id))
    }
}

/// What a waiver says. All of it has to be said, but for the ticket and the evidence.
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
    /// The [digest](super::pin::digest) of the evidence that is answered for; none:
    /// whatever shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}

/// Why a waiver cannot be understood, or does not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slip {
    /// What is the matter, as a fragment without a full stop.
    pub what: String,
    /// What to write instead; may be empty.
    pub help: String,
}

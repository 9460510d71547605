//! What differs by intent: each with its reason, and each must occur.

use super::differences::Difference;
use super::normal::{UNSET, stands};

/// A kind of difference that is right as it is.
pub(crate) struct Explained {
    /// Where, as in [`stands`]; empty: anywhere.
    pub(crate) at: &'static str,
    /// Which of the differences there.
    pub(crate) is: fn(&Difference) -> bool,
    /// Why each side is as it is.
    pub(crate) why: &'static str,
}

impl Explained {
    pub(crate) fn explains(&self, difference: &Difference) -> bool {
        (self.at.is_empty() || stands(self.at, &difference.path)) && (self.is)(difference)
    }
}

/// A refusal of one side that the other side need not share.
pub(crate) struct Refused {
    /// A part of what it says.
    pub(crate) says: &'static str,
    /// Why the other side accepts it.
    pub(crate) why: &'static str,
}

pub(crate) const EXPLAINED: &[Explained] = &[Explained {
    at: "",
    is: |it| it.ours.as_ref().is_some_and(|ours| ours.get(UNSET).is_some()),
    why: "where nobody sets a variable it puts an empty text and warns; we leave the value open",
}];

/// What the reference refuses, and the Compose Specification allows.
pub(crate) const REFUSED_BY_REFERENCE: &[Refused] = &[
    Refused {
        says: "does not match any of the regexes: '^x-'",
        why: "the key is younger than the reference",
    },
    Refused {
        says: "Invalid interpolation format",
        why: "it knows neither `${X:+y}` nor variables in defaults",
    },
    Refused {
        says: "\"disable: true\" cannot be combined with other options",
        why: "it wants a disabled health check to have lost everything else, also in a merge",
    },
    Refused {
        says: "expected a single document in the stream",
        why: "several documents in a file are merged since version 2.21 of compose",
    },
    Refused {
        says: "could not determine a constructor for the tag '!override'",
        why: "the tags came with version 2.24 of compose",
    },
    Refused {
        says: "Duplicate mount points",
        why: "it merges volumes before it resolves their targets, so that two spellings are two",
    },
];

/// What we refuse, and the reference takes.
pub(crate) const REFUSED_BY_US: &[Refused] = &[];

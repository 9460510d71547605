//! What is wrong with a value, and where it stands.

use super::tree::Place;

/// Why a value cannot be understood.
///
/// It never repeats the value: that may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Where the value stands.
    pub at: Place,
    /// What is wrong, as a fragment without a full stop.
    pub what: String,
    /// What to do about it; may be empty.
    pub help: String,
}

impl Wrong {
    /// What is wrong at a place, and what to write instead.
    pub fn new(at: Place, what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { at, what: what.into(), help: help.into() }
    }
}

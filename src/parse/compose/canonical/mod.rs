//! Short forms become long ones.

use super::tree::{Node, Place};

/// What is wrong at a place, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Where.
    pub at: Place,
    /// What is wrong, as a fragment without a full stop.
    pub what: String,
    /// What to do about it; may be empty.
    pub help: String,
}

/// Turns all short forms of one file into long ones.
///
/// # Errors
/// A value is no form that there is.
pub fn canonical(_root: &mut Node) -> Result<(), Wrong> {
    Ok(())
}

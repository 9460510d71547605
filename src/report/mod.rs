//! The public shape of a result, and one pure writer for each format.

mod assemble;
mod checklists;
pub mod diff;
pub mod drift;
pub mod matrix;
pub mod policy;
mod reachability;
pub mod recorded;
pub mod reference;
pub mod terminal;
pub mod v1;
mod waivers;

use schemars::JsonSchema;
use serde::Serialize;

pub use assemble::{Part, Run, assemble, baseline, fleet, targets};
use assemble::{tool, written};
pub use checklists::Roll;
pub use waivers::{Gathered, waivers};

/// A result as JSON, with a final newline.
///
/// # Errors
/// Never in practice: every key is text and every number is finite.
pub fn json<T: Serialize>(result: &T) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(result).map(|text| text + "\n")
}

/// The JSON Schema (2020-12) of a result, with a final newline.
///
/// # Errors
/// As for [`json`].
pub fn schema<T: JsonSchema>() -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(&schemars::schema_for!(T)).map(|text| text + "\n")
}

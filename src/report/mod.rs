//! The public shape of a result, and one pure writer for each format.

mod assemble;
pub mod drift;
mod reachability;
pub mod matrix;
pub mod reference;
pub mod terminal;
pub mod v1;

pub use assemble::{Run, assemble, fleet};
use assemble::{tool, written};

/// The report as JSON, with a final newline.
///
/// # Errors
/// Never in practice: every key is text and every number is finite.
pub fn json(report: &v1::Report) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(report).map(|text| text + "\n")
}

/// The JSON Schema (2020-12) of the report, with a final newline.
///
/// # Errors
/// As for [`json`].
pub fn schema() -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(&schemars::schema_for!(v1::Report)).map(|text| text + "\n")
}

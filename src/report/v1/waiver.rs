//! Waivers, and what came of each.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Written;
use crate::model::untrusted::Untrusted;

/// An exception from a rule, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// Where it is written.
    pub at: Written,
    /// What came of it.
    pub state: WaiverState,
    /// The rule that it waives, as written; absent where it cannot be understood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Untrusted>,
    /// Its last day, in UTC (ISO 8601).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// How many days are left after today; less than 0: how many are past.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days_left: Option<i32>,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Untrusted>,
    /// Why the rule may be broken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Untrusted>,
    /// Where the work on it is tracked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Untrusted>,
    /// The names of the targets that it covers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub covers: Vec<Untrusted>,
    /// What is the matter with it, and what to do about that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Untrusted>,
}

/// What came of a waiver.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum WaiverState {
    /// It cannot be understood, and covers nothing.
    Misread,
    /// Its last day is over: what it covered counts again.
    Expired,
    /// It covers nothing.
    Unused,
    /// It covers findings, and ends within two weeks.
    Ending,
    /// It covers findings.
    InForce,
}

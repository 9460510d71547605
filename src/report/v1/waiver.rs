//! Waivers, and what came of each.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Written;
use crate::model::untrusted::Untrusted;

/// An exception from a rule, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// Where it is written, where that is a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Written>,
    /// The label that it is, where no file is known to hold that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Label>,
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
    /// The digest of the evidence that it answers for; absent: whatever shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// The digests of what shows the failures that it covers; of one that is void, of
    /// those that it does not cover any more.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub evidence_now: BTreeSet<String>,
    /// The names of the targets that it covers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub covers: Vec<Untrusted>,
    /// What is the matter with it, and what to do about that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Untrusted>,
}

/// A label of a target.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// The target's name.
    pub of: Untrusted,
    /// The label's name.
    pub name: Untrusted,
    /// What it says.
    pub value: Untrusted,
}

/// What came of a waiver.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum WaiverState {
    /// It cannot be understood, and covers nothing.
    Misread,
    /// It is a label that does not count, and covers nothing.
    NotAccepted,
    /// Its last day is over: what it covered counts again.
    Expired,
    /// Other evidence than it answers for shows a finding, which counts again.
    Void,
    /// It covers nothing.
    Unused,
    /// It covers findings, and ends within the days that the policy warns before.
    Ending,
    /// It covers findings.
    InForce,
}

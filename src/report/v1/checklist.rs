//! The checklists that targets were held against.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Evidence, Verdict};
use crate::model::reading::Gap;
use crate::score::Met;

/// A checklist, and how all targets together stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Checklist {
    /// What it is called, as `--checklist` names it.
    pub name: String,
    /// The title of the document that it is made from.
    pub title: String,
    /// How the fleet stands: an item is met where every target meets it that it applies to.
    pub fleet: Standing,
    /// What it asks for, in its order.
    pub items: Vec<Item>,
}

/// What a checklist asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// How it is referred to, such as `0.4`.
    pub id: String,
    /// What must hold.
    pub title: String,
    /// The section of the document that asks for it; may be empty.
    pub section: String,
    /// The rules that decide it.
    pub rules: Vec<String>,
    /// What it is for the fleet: the worst that it is for any target.
    pub fleet: Ticked,
}

/// Items counted, and what that is in per cent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// The items that are met.
    pub met: u32,
    /// Those that are not.
    pub not_met: u32,
    /// Those of which nobody can tell.
    pub unknown: u32,
    /// Those that do not apply.
    pub not_applicable: u32,
    /// Met of those that apply, in per cent, rounded down; what is unknown is not met.
    /// 100 where none applies.
    pub floor: u8,
    /// The same with what is unknown met.
    pub ceiling: u8,
}

impl From<Met> for Standing {
    fn from(count: Met) -> Self {
        let Met { met, not_met, unknown, not_applicable } = count;
        let (floor, ceiling) = (count.floor(), count.ceiling());
        Self { met, not_met, unknown, not_applicable, floor, ceiling }
    }
}

/// A target beside a checklist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sheet {
    /// What the checklist is called.
    pub checklist: String,
    /// How the target stands.
    pub standing: Standing,
    /// Every item, in the checklist's order.
    pub items: Vec<Tick>,
}

/// Whether a target meets an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tick {
    /// The item's.
    pub id: String,
    /// The answer.
    pub verdict: Ticked,
    /// What each rule says that was asked, with the item's own parameters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub by: BTreeMap<String, Verdict>,
    /// What was found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<String>,
    /// What shows it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// Why nobody can tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<Gap>,
}

/// Whether an item is met. In the order from the best to the worst.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Ticked {
    /// It does not apply.
    NotApplicable,
    /// It is met.
    Met,
    /// Nobody can tell.
    Unknown,
    /// It is not met.
    NotMet,
}

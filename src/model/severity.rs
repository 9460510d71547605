//! How bad a broken rule is.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How bad it is when a rule does not hold. The order is from mild to grave.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Good practice; little to gain for an attacker by itself.
    Low,
    /// Removes a mitigation or a limit.
    Med,
    /// Gives an attacker in the container a real step further.
    High,
    /// The container holds, or nearly holds, the host.
    Crit,
}

impl Severity {
    /// All severities, the gravest first: the order of every table.
    pub const ALL: [Self; 4] = [Self::Crit, Self::High, Self::Med, Self::Low];

    /// The word used in policies, reports and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Med => "med",
            Self::High => "high",
            Self::Crit => "crit",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

//! What a file says of a gate.

use super::file::{File, Value};
use super::{Gate, PolicyError};
use crate::model::severity::Severity;

/// The keys of a gate.
pub(super) const KEYS: [&str; 3] = ["fail-on", "fail-under", "min-coverage"];

/// What a file says of a gate; what it does not say stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stated {
    /// `fail-on`; `Some(None)`: no finding fails.
    pub fail_on: Option<Option<Severity>>,
    /// `fail-under`.
    pub fail_under: Option<u8>,
    /// `min-coverage`.
    pub min_coverage: Option<u8>,
}

impl Stated {
    /// What holds of a gate that this is laid over.
    #[must_use]
    pub fn over(self, gate: Gate) -> Gate {
        Gate {
            fail_on: self.fail_on.unwrap_or(gate.fail_on),
            fail_under: self.fail_under.or(gate.fail_under),
            min_coverage: self.min_coverage.or(gate.min_coverage),
        }
    }
}

impl File<'_> {
    /// The keys of a gate.
    pub(super) fn gate(&self, value: &Value<'_>) -> Result<Stated, PolicyError> {
        let mut stated = Stated::default();
        for (key, value) in self.table(value)? {
            match key.get_ref().as_ref() {
                "fail-on" => stated.fail_on = Some(self.severity_or_none(value)?),
                "fail-under" => stated.fail_under = Some(self.percent(value)?),
                "min-coverage" => stated.min_coverage = Some(self.percent(value)?),
                _ => return Err(self.unknown(key, "the gate", &KEYS)),
            }
        }
        Ok(stated)
    }

    fn percent(&self, value: &Value<'_>) -> Result<u8, PolicyError> {
        let number = self.number(value, 100)?;
        u8::try_from(number).map_err(|_| self.expected(value, "a whole number from 0 to 100"))
    }

    fn severity_or_none(&self, value: &Value<'_>) -> Result<Option<Severity>, PolicyError> {
        match self.text(value)? {
            "none" => Ok(None),
            name => {
                self.one_of(name, &value.span(), &["crit", "high", "med", "low", "none"]).map(Some)
            }
        }
    }
}

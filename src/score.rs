//! The score, model 1: what was proved, out of what applies.
//!
//! Each rule that applies counts by its severity. The *floor* takes what is
//! unknown as failed, the *ceiling* as passed; the floor is the headline. One
//! grave failure caps the whole, so that no number of small virtues outweighs it.

#[cfg(test)]
mod properties;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::finding::{Ledger, Mark};
use crate::model::severity::Severity;
use crate::model::verdict::Class;
use crate::policy::Weights;

/// The number printed with every score; another way to count gets another.
pub const MODEL: u32 = 1;

/// A school grade of the floor.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum Grade {
    /// 90 and above.
    A,
    /// 80 and above.
    B,
    /// 70 and above.
    C,
    /// 40 and above.
    D,
    /// Below 40.
    F,
}

impl Grade {
    /// The grade of a score from 0 to 100.
    pub const fn of(score: u8) -> Self {
        match score {
            90.. => Self::A,
            80.. => Self::B,
            70.. => Self::C,
            40.. => Self::D,
            _ => Self::F,
        }
    }

    /// The letter.
    pub const fn letter(self) -> char {
        match self {
            Self::A => 'A',
            Self::B => 'B',
            Self::C => 'C',
            Self::D => 'D',
            Self::F => 'F',
        }
    }
}

/// A target's score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scorecard {
    /// From 0 to 100, with what is unknown counted as failed.
    pub floor: u8,
    /// From 0 to 100, with what is unknown counted as passed.
    pub ceiling: u8,
    /// How many rules apply, are verified, stated, unknown.
    pub coverage: Coverage,
}

/// How much of the verdict rests on knowledge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    /// Rules that apply, or may apply.
    pub applicable: u32,
    /// Rules decided by evidence.
    pub verified: u32,
    /// Rules passed on a declaration alone, by `--accept declared`.
    pub stated: u32,
    /// Rules that could not be decided.
    pub unknown: u32,
}

impl Coverage {
    /// The verified share of what applies in per cent, rounded down. Where
    /// nothing applies, nothing is missing: 100.
    pub fn percent(self) -> u8 {
        percent(u64::from(self.verified), u64::from(self.applicable))
    }
}

impl Scorecard {
    /// The grade of the floor.
    pub const fn grade(&self) -> Grade {
        Grade::of(self.floor)
    }
}

/// Scores every sheet of a ledger, in its order.
pub fn all(ledger: &Ledger, weights: Weights) -> Vec<Scorecard> {
    ledger.sheets.iter().map(|sheet| score(&sheet.findings, weights)).collect()
}

/// Scores one target's findings.
pub fn score<M: Into<Mark>>(findings: impl IntoIterator<Item = M>, weights: Weights) -> Scorecard {
    let mut coverage = Coverage::default();
    let (mut passed, mut open, mut applicable) = (0, 0, 0);
    let (mut cap_floor, mut cap_ceiling) = (100, 100);
    for Mark { severity, class, is_waived, .. } in findings.into_iter().map(Into::into) {
        let weight = u64::from(weights.of(severity));
        // What is waived earns nothing, and does not cap.
        let cap = if is_waived { 100 } else { cap(severity) };
        match class {
            Class::NotApplicable => continue,
            Class::Pass => {
                passed += weight;
                coverage.verified += 1;
            }
            Class::Stated => {
                passed += weight;
                coverage.stated += 1;
            }
            Class::Fail => {
                cap_floor = cap_floor.min(cap);
                cap_ceiling = cap_ceiling.min(cap);
                coverage.verified += 1;
            }
            Class::Unknown => {
                open += weight;
                cap_floor = cap_floor.min(cap);
                coverage.unknown += 1;
            }
        }
        applicable += weight;
        coverage.applicable += 1;
    }
    Scorecard {
        floor: percent(passed, applicable).min(cap_floor),
        ceiling: percent(passed + open, applicable).min(cap_ceiling),
        coverage,
    }
}

/// The most that a target can score with a failure of this severity.
pub const fn cap(severity: Severity) -> u8 {
    match severity {
        Severity::Crit => 39,
        Severity::High => 69,
        Severity::Med => 89,
        Severity::Low => 100,
    }
}

fn percent(part: u64, whole: u64) -> u8 {
    let share = (part * 100).checked_div(whole).unwrap_or(100);
    u8::try_from(share).unwrap_or(100)
}

/// The items of a checklist, counted by what came of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Met {
    /// Those that are met.
    pub met: u32,
    /// Those that are not.
    pub not_met: u32,
    /// Those of which nobody can tell.
    pub unknown: u32,
    /// Those that do not apply.
    pub not_applicable: u32,
}

impl Met {
    /// Met of those that apply in per cent, rounded down, with what is unknown not
    /// met. 100 where none applies.
    pub fn floor(self) -> u8 {
        percent(self.met.into(), self.applicable())
    }

    /// The same with what is unknown met.
    pub fn ceiling(self) -> u8 {
        percent(u64::from(self.met) + u64::from(self.unknown), self.applicable())
    }

    fn applicable(self) -> u64 {
        [self.met, self.not_met, self.unknown].map(u64::from).iter().sum()
    }
}

/// What the scores of many targets say together: never a mean alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fleet {
    /// The lowest floor.
    pub worst: u8,
    /// The floor in the middle; of an even number, the lower of the two.
    pub median: u8,
}

/// The fleet's figures; `None` where there is no target.
pub fn fleet(floors: impl IntoIterator<Item = u8>) -> Option<Fleet> {
    let mut floors: Vec<u8> = floors.into_iter().collect();
    floors.sort_unstable();
    let middle = floors.len().checked_sub(1)? / 2;
    Some(Fleet { worst: *floors.first()?, median: *floors.get(middle)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grades_begin_where_the_model_says() {
        for (score, grade) in [
            (100, 'A'),
            (90, 'A'),
            (89, 'B'),
            (80, 'B'),
            (79, 'C'),
            (70, 'C'),
            (69, 'D'),
            (40, 'D'),
            (39, 'F'),
            (0, 'F'),
        ] {
            assert_eq!(Grade::of(score).letter(), grade, "{score}");
        }
    }

    #[test]
    fn where_nothing_applies_nothing_is_missing() {
        assert_eq!(percent(0, 0), 100);
        assert_eq!(percent(2, 3), 66);
    }

    #[test]
    fn the_fleet_is_told_by_its_worst_and_its_middle() {
        assert_eq!(fleet([]), None);
        assert_eq!(fleet([90, 10, 50, 70]), Some(Fleet { worst: 10, median: 50 }));
    }
}

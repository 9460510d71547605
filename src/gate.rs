//! Whether an audit fails, is incomplete, or is clean and complete.

use crate::model::bundle::Bundle;
use crate::model::finding::{Finding, Ledger};
use crate::model::reading::Gap;
use crate::model::severity::Severity;
use crate::model::verdict::Verdict;
use crate::policy::Gate;
use crate::score::Scorecard;
use crate::waive::Standing;

/// What is held against a gate, counted over one audit or many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many findings at or above the gate failed.
    pub failed: usize,
    /// How many of them are unknown.
    pub unknown: usize,
    /// Targets that score less than is asked.
    pub failures: Vec<String>,
    /// What was named and is not there.
    pub missing: Vec<String>,
    /// Targets that are verified to less than is asked.
    pub uncovered: Vec<String>,
    /// How many waivers waive nothing.
    pub idle: usize,
}

/// What the gate says, with every reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Why the audit fails; empty: it does not.
    pub failures: Vec<String>,
    /// Why the audit is incomplete; empty: it is complete.
    pub gaps: Vec<String>,
}

impl Outcome {
    /// 0 clean and complete, 1 failed, 3 incomplete; failing goes first.
    pub const fn exit_code(&self) -> u8 {
        match (self.failures.is_empty(), self.gaps.is_empty()) {
            (false, _) => 1,
            (true, false) => 3,
            (true, true) => 0,
        }
    }
}

impl Tally {
    /// Counts one audit. `cards` are the scores of the ledger's sheets, in their order.
    pub fn of(
        bundle: &Bundle,
        (ledger, waivers): (&Ledger, &[Standing]),
        cards: &[Scorecard],
        gate: &Gate,
    ) -> Self {
        let mut tally = Self::default();
        tally.missing.extend(bundle.missing.iter().map(Gap::in_words));
        if let Some(fail_on) = gate.fail_on {
            let is_at_gate = |it: &Finding| it.severity >= fail_on && it.waiver.is_none();
            let at_gate = || ledger.findings().filter(|(_, finding)| is_at_gate(finding));
            tally.failed =
                at_gate().filter(|(_, it)| matches!(it.verdict, Verdict::Fail(_))).count();
            tally.unknown =
                at_gate().filter(|(_, it)| matches!(it.verdict, Verdict::Unknown { .. })).count();
        }
        tally.idle = waivers.iter().filter(|it| it.state.is_idle()).count();
        for (sheet, card) in ledger.sheets.iter().zip(cards) {
            let name = &sheet.target.name;
            if let Some(least) = gate.fail_under.filter(|least| card.floor < *least) {
                tally.failures.push(format!("{name} scores {}, less than {least}", card.floor));
            }
            let coverage = card.coverage.percent();
            if let Some(least) = gate.min_coverage.filter(|least| coverage < *least) {
                tally
                    .uncovered
                    .push(format!("{name} is verified to {coverage} %, less than {least} %"));
            }
        }
        tally
    }

    /// Counts another audit in.
    pub fn add(&mut self, other: &Self) {
        self.failed += other.failed;
        self.unknown += other.unknown;
        self.idle += other.idle;
        self.failures.extend_from_slice(&other.failures);
        self.missing.extend_from_slice(&other.missing);
        self.uncovered.extend_from_slice(&other.uncovered);
    }

    /// What the gate says to all that was counted. What was named and is not there
    /// leaves the audit incomplete whatever the gate asks.
    pub fn outcome(&self, gate: &Gate) -> Outcome {
        let mut outcome = Outcome { failures: self.failures.clone(), gaps: self.missing.clone() };
        if let Some(fail_on) = gate.fail_on {
            if self.failed > 0 {
                let text = format!("{} at {fail_on} or above", counted(self.failed, "finding"));
                outcome.failures.insert(0, text);
            }
            // A waiver that waives nothing is as bad as the mildest finding.
            if self.idle > 0 && fail_on == Severity::Low {
                outcome.failures.push(format!("{} nothing", waivers(self.idle)));
            }
            if self.unknown > 0 {
                let checks = counted(self.unknown, "check");
                let text = format!("{checks} at {fail_on} or above could not be verified");
                outcome.gaps.push(text);
            }
        }
        outcome.gaps.extend(self.uncovered.iter().cloned());
        outcome
    }
}

fn waivers(count: usize) -> String {
    format!("{} {}", counted(count, "waiver"), if count == 1 { "waives" } else { "waive" })
}

/// `1 finding`, `2 findings`.
fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

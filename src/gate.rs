//! Whether an audit fails, is incomplete, or is clean and complete.

use crate::model::bundle::Bundle;
use crate::model::finding::Ledger;
use crate::model::reading::Gap;
use crate::model::verdict::Verdict;
use crate::policy::Gate;
use crate::score::Scorecard;

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

/// Holds a ledger and its scores against the gate. What the bundle misses
/// leaves the audit incomplete whatever the gate asks. `cards` are the scores of
/// the ledger's sheets, in their order.
pub fn outcome(bundle: &Bundle, ledger: &Ledger, cards: &[Scorecard], gate: &Gate) -> Outcome {
    let mut outcome = Outcome::default();
    outcome.gaps.extend(bundle.missing.iter().map(Gap::in_words));
    if let Some(fail_on) = gate.fail_on {
        let at_gate = || ledger.findings().filter(|(_, finding)| finding.severity >= fail_on);
        let failed = at_gate().filter(|(_, it)| matches!(it.verdict, Verdict::Fail(_))).count();
        let unknown =
            at_gate().filter(|(_, it)| matches!(it.verdict, Verdict::Unknown { .. })).count();
        if failed > 0 {
            let text = format!("{} at {fail_on} or above", counted(failed, "finding"));
            outcome.failures.push(text);
        }
        if unknown > 0 {
            let text = format!(
                "{} at {fail_on} or above could not be verified",
                counted(unknown, "check")
            );
            outcome.gaps.push(text);
        }
    }
    for (sheet, card) in ledger.sheets.iter().zip(cards) {
        let name = &sheet.target.name;
        if let Some(least) = gate.fail_under.filter(|least| card.floor < *least) {
            outcome.failures.push(format!("{name} scores {}, less than {least}", card.floor));
        }
        let coverage = card.coverage.percent();
        if let Some(least) = gate.min_coverage.filter(|least| coverage < *least) {
            outcome.gaps.push(format!("{name} is verified to {coverage} %, less than {least} %"));
        }
    }
    outcome
}

/// `1 finding`, `2 findings`.
fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

//! Whether an audit fails, is incomplete, or is clean and complete.

use std::collections::BTreeMap;

use crate::compare::{Baseline, Card, Counted, State};
use crate::model::bundle::Bundle;
use crate::model::finding::Ledger;
use crate::model::reading::Gap;
use crate::model::severity::Severity;
use crate::model::untrusted::Untrusted;
use crate::policy::Gate;
use crate::score::{Coverage, Scorecard};
use crate::waive::Standing;

/// What is held against a gate, counted over one audit or many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many findings at or above the gate failed.
    pub failed: usize,
    /// How many of them are unknown.
    pub unknown: usize,
    /// How many at or above the gate were there already, and are held against nobody;
    /// none where there is nothing that they could have been in.
    pub known: Option<usize>,
    /// Targets that score less than is asked.
    pub failures: Vec<String>,
    /// What was named and is not there.
    pub missing: Vec<String>,
    /// Targets that are verified to less than is asked.
    pub uncovered: Vec<String>,
    /// Whether the waiver at a place waives nothing, in any of the audits.
    pub idle: BTreeMap<Untrusted, bool>,
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
    /// Counts one audit, which may be held against an earlier one. `cards` are the
    /// scores of the ledger's sheets, in their order.
    pub fn of(
        bundle: &Bundle,
        (ledger, waivers): (&Ledger, &[Standing]),
        cards: &[Scorecard],
        gate: &Gate,
        is_compared: bool,
    ) -> Self {
        let mut tally = Self::default();
        tally.missing.extend(bundle.missing.iter().map(Gap::in_words));
        tally.known = is_compared.then_some(0);
        for (_, it) in ledger.findings() {
            tally.hold(State::of(it), it.severity, it.is_known, gate);
        }
        for Standing { waiver, state, .. } in waivers {
            tally.note(waiver.at.in_words(), state.is_idle());
        }
        for (sheet, card) in ledger.sheets.iter().zip(cards) {
            tally.weigh(&sheet.target.name, card.floor, card.coverage, gate);
        }
        tally
    }

    /// Counts a scorecard on record, as [`Tally::of`] would have counted its audit.
    pub fn of_card(card: &Card, baseline: Option<&Baseline>, gate: &Gate) -> Self {
        let mut tally = Self { known: baseline.map(|_| 0), ..Self::default() };
        tally.missing.extend(card.origin.gaps.iter().map(|it| it.detail.to_string()));
        for subject in &card.targets {
            for said in &subject.findings {
                let (state, severity) = (said.state(), said.severity);
                let is_known =
                    baseline.is_some_and(|it| it.knows(subject, &said.rule, state, severity));
                tally.hold(state, severity, is_known, gate);
            }
            let Counted { applicable, verified, stated, unknown } = subject.coverage;
            let coverage = Coverage { applicable, verified, stated, unknown };
            tally.weigh(&subject.name, subject.floor, coverage, gate);
        }
        for waiver in &card.waivers {
            tally.note(waiver.place(), waiver.is_idle());
        }
        tally
    }

    /// Counts a waiver: what covers something anywhere is not idle.
    fn note(&mut self, place: Untrusted, is_idle: bool) {
        *self.idle.entry(place).or_insert(true) &= is_idle;
    }

    /// Counts a finding.
    fn hold(&mut self, state: State, severity: Severity, is_known: bool, gate: &Gate) {
        if gate.fail_on.is_none_or(|fail_on| severity < fail_on) {
            return;
        }
        match (state, &mut self.known) {
            (State::Failing | State::Unknown, Some(known)) if is_known => *known += 1,
            (State::Failing, _) => self.failed += 1,
            (State::Unknown, _) => self.unknown += 1,
            (State::Well | State::Stated | State::Waived, _) => {}
        }
    }

    /// Counts what a target scores, and to what it is verified.
    fn weigh(&mut self, name: &Untrusted, floor: u8, coverage: Coverage, gate: &Gate) {
        if let Some(least) = gate.fail_under.filter(|least| floor < *least) {
            self.failures.push(format!("{name} scores {floor}, less than {least}"));
        }
        let coverage = coverage.percent();
        if let Some(least) = gate.min_coverage.filter(|least| coverage < *least) {
            self.uncovered.push(format!("{name} is verified to {coverage} %, less than {least} %"));
        }
    }

    /// Counts another audit in.
    pub fn add(&mut self, other: &Self) {
        self.failed += other.failed;
        self.unknown += other.unknown;
        self.known = match (self.known, other.known) {
            (Some(one), Some(more)) => Some(one + more),
            (one, more) => one.or(more),
        };
        for (place, is_idle) in &other.idle {
            self.note(place.clone(), *is_idle);
        }
        self.failures.extend_from_slice(&other.failures);
        self.missing.extend_from_slice(&other.missing);
        self.uncovered.extend_from_slice(&other.uncovered);
    }

    /// What the gate says to all that was counted. What was named and is not there
    /// leaves the audit incomplete whatever the gate asks.
    pub fn outcome(&self, gate: &Gate) -> Outcome {
        let mut outcome = Outcome { failures: self.failures.clone(), gaps: self.missing.clone() };
        if let Some(fail_on) = gate.fail_on {
            let (new, known) = match self.known {
                None => ("", String::new()),
                Some(known) => ("new ", format!(", {known} known")),
            };
            if self.failed > 0 {
                let findings = counted(self.failed, &format!("{new}finding"));
                outcome.failures.insert(0, format!("{findings} at {fail_on} or above{known}"));
            }
            // A waiver that waives nothing is as bad as the mildest finding.
            let idle = self.idle.values().filter(|it| **it).count();
            if idle > 0 && fail_on == Severity::Low {
                outcome.failures.push(format!("{} nothing", waivers(idle)));
            }
            if self.unknown > 0 {
                let checks = counted(self.unknown, "check");
                let before = if new.is_empty() { "" } else { " and stood better before" };
                let known = if self.failed > 0 { "" } else { &known };
                let text =
                    format!("{checks} at {fail_on} or above could not be verified{before}{known}");
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
pub(crate) fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

//! Scorecards on record, held against a gate: for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::terminal::Look;
use crate::compare::{Baseline, Card, State};
use crate::gate::{Outcome, Tally, counted};
use crate::model::severity::Severity;
use crate::model::untrusted::Untrusted;
use crate::policy::Gate;

/// A scorecard of a file.
pub type Recorded = (Untrusted, Card);

/// What the gate says of all of them together.
pub fn outcome(all: &[Recorded], baseline: Option<&Baseline>, gate: &Gate) -> Outcome {
    let mut tally = Tally::default();
    all.iter().for_each(|it| tally.add(&of(it, baseline, gate)));
    tally.outcome(gate)
}

/// What it counts of one. A scorecard on which nothing was judged clears nobody.
fn of((file, card): &Recorded, baseline: Option<&Baseline>, gate: &Gate) -> Tally {
    let mut tally = Tally::of_card(card, baseline, gate);
    if card.targets.is_empty() && tally.missing.is_empty() {
        tally.missing.push(format!("{file} has no target"));
    }
    tally
}

/// Writes each scorecard with what is held against it, and what the gate says.
pub fn render(all: &[Recorded], baseline: Option<&Baseline>, gate: &Gate, look: Look) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_all(&mut out, all, baseline, gate, look);
    out
}

fn write_all(
    out: &mut String,
    all: &[Recorded],
    baseline: Option<&Baseline>,
    gate: &Gate,
    look: Look,
) -> std::fmt::Result {
    for recorded in all {
        let (file, card) = recorded;
        let worst = card.targets.iter().map(|it| it.floor).min();
        let worst = worst.map(|it| format!(", worst {it}")).unwrap_or_default();
        let text = format!(
            "{file} · {}{worst} · {} · policy {} · score model {}",
            counted(card.targets.len(), "target"),
            card.collected_at,
            card.policy,
            card.score_model
        );
        writeln!(out, "{}", look.bold(&look.wrap("", "  ", &text)))?;
        for ((_, severity, state, rule), names) in held(card, baseline, gate) {
            let mark = if state == State::Unknown { "?" } else { severity.name() };
            let label = format!("{:4}", mark.to_uppercase());
            let first = format!("  {label} ");
            let text = look.wrap(&first, "       ", &format!("{rule}: {}", names.join(", ")));
            let rest = text.strip_prefix(&first).unwrap_or(&text);
            writeln!(out, "  {} {rest}", look.severity(severity, &label))?;
        }
        let said = conclusion(&of(recorded, baseline, gate), gate);
        writeln!(out, "{}\n", look.wrap("  ", "    ", &said))?;
    }
    let mut tally = Tally::default();
    all.iter().for_each(|it| tally.add(&of(it, baseline, gate)));
    writeln!(out, "{}", look.wrap("", "  ", &conclusion(&tally, gate)))
}

/// What is held against somebody, the gravest first, with the names of the targets.
type Held<'a> = BTreeMap<(std::cmp::Reverse<Severity>, Severity, State, &'a str), Vec<String>>;

fn held<'a>(card: &'a Card, baseline: Option<&Baseline>, gate: &Gate) -> Held<'a> {
    let mut all = Held::new();
    let Some(least) = gate.fail_on else { return all };
    for subject in &card.targets {
        for said in &subject.findings {
            let (state, severity) = (said.state(), said.severity);
            let is_open = matches!(state, State::Failing | State::Unknown) && severity >= least;
            let is_known =
                || baseline.is_some_and(|it| it.knows(subject, &said.rule, state, severity));
            if is_open && !is_known() {
                let key = (std::cmp::Reverse(severity), severity, state, said.rule.as_str());
                all.entry(key).or_default().push(subject.name.to_string());
            }
        }
    }
    all
}

fn conclusion(tally: &Tally, gate: &Gate) -> String {
    let Outcome { failures, gaps } = tally.outcome(gate);
    super::terminal::verdict((&failures, &gaps), gate.fail_on, tally.known)
}

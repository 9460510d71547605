//! Waivers over the ledger: what somebody answers for, for a while.
//!
//! A waiver changes no verdict. What it covers is shown, earns nothing, and is
//! not held against the gate; one that covers nothing is told.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::civil::Date;

use crate::model::bundle::Bundle;
use crate::model::draft::{Origin, Written};
use crate::model::finding::{Finding, Ledger};
use crate::model::reading::Evidence;
use crate::model::source::Source;
use crate::model::target::Target;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::Verdict;
use crate::model::waiver::{Scope, Slip, Terms, Waiver};
use crate::parse::time;
use crate::policy::{Policy, nearest};
use crate::rules;

/// How many days before its end a waiver is said to end.
pub const SOON: i32 = 14;

/// A waiver, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The waiver.
    pub waiver: Arc<Waiver>,
    /// What came of it.
    pub state: State,
}

/// What comes of a waiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It covers findings.
    InForce {
        /// How many days are left after this one; 0 on its last day.
        left: i32,
        /// The names of the targets, each once, in their order.
        over: Vec<Untrusted>,
    },
    /// Its last day is over.
    Expired {
        /// How many days ago that was.
        ago: i32,
    },
    /// It covers nothing.
    Unused {
        /// Where a finding on its rule is shown that it does not cover: the target's
        /// name and the place. None: what it waived is mended.
        elsewhere: Option<(Untrusted, Written)>,
    },
    /// It cannot be understood.
    Misread(Slip),
}

impl State {
    /// Whether it waives nothing.
    pub const fn is_idle(&self) -> bool {
        !matches!(self, Self::InForce { .. })
    }
}

/// Lays waivers over the ledger of a bundle; each with what came of it, in their order.
pub fn lay(
    ledger: &mut Ledger,
    waivers: &[Arc<Waiver>],
    bundle: &Bundle,
    policy: &Policy,
) -> Vec<Standing> {
    if waivers.is_empty() {
        return Vec::new();
    }
    // Without a clock nothing is known to be in force still.
    let today = bundle.text(&Source::Clock).ok().and_then(|it| time::day(it.raw()));
    let mut standing: Vec<Standing> = waivers
        .iter()
        .map(|waiver| Standing { waiver: Arc::clone(waiver), state: begin(waiver, today) })
        .collect();
    for sheet in &mut ledger.sheets {
        for finding in &mut sheet.findings {
            cover(finding, &sheet.target, &mut standing);
        }
    }
    let is_selected = |rule: &str| policy.rules.iter().any(|it| it.rule.id == rule);
    for Standing { waiver, state } in &mut standing {
        let (State::InForce { over, .. }, Ok(terms)) = (&*state, &waiver.terms) else { continue };
        if over.is_empty() {
            *state = match unknown(terms) {
                Some(slip) => State::Misread(slip),
                None if !is_selected(terms.rule.raw()) => State::Misread(Slip {
                    what: format!("the policy switches {} off", terms.rule),
                    help: "remove the waiver".to_owned(),
                }),
                None => {
                    State::Unused { elsewhere: elsewhere(ledger, terms.rule.raw(), &waiver.scope) }
                }
            };
        }
    }
    standing
}

/// The first line outside a scope that shows a failure of a rule for which nobody answers.
fn elsewhere(ledger: &Ledger, rule: &str, scope: &Scope) -> Option<(Untrusted, Written)> {
    let open = |it: &&(&Target, &Finding)| it.1.rule == rule && it.1.waiver.is_none();
    ledger.findings().filter(|it| open(&it)).find_map(|(target, finding)| match &finding.verdict {
        Verdict::Fail(proof) => {
            let lines = lines(proof.evidence());
            let line = lines.into_iter().find(|line| !scope.holds(line))?;
            Some((target.name.clone(), line.clone()))
        }
        Verdict::Pass(_) | Verdict::Unknown { .. } | Verdict::NotApplicable(_) => None,
    })
}

/// What a waiver is before it has met a finding.
fn begin(waiver: &Waiver, today: Option<Date>) -> State {
    let terms = match &waiver.terms {
        Ok(terms) => terms,
        Err(slip) => return State::Misread(slip.clone()),
    };
    let left = today.and_then(|today| Some(today.until(terms.until).ok()?.get_days()));
    match left {
        Some(left @ 0..) => State::InForce { left, over: Vec::new() },
        Some(past) => State::Expired { ago: past.saturating_neg() },
        None => State::Misread(Slip {
            what: "nobody knows what day it is".to_owned(),
            help: "record the time with the evidence".to_owned(),
        }),
    }
}

/// A rule that there is not.
fn unknown(terms: &Terms) -> Option<Slip> {
    let named = terms.rule.raw();
    let ids: Vec<&str> = rules::ALL.iter().map(|rule| rule.id).collect();
    if ids.contains(&named) {
        return None;
    }
    let help = nearest(named, &ids).map_or_else(
        || "`secaudit rules` lists them all".to_owned(),
        |id| format!("`{id}` is meant"),
    );
    Some(Slip { what: format!("there is no rule {}", terms.rule), help })
}

/// Lets the waivers cover a finding that is not well: the target as a whole, or
/// each line that shows it.
fn cover(finding: &mut Finding, target: &Target, standing: &mut [Standing]) {
    let lines = match &finding.verdict {
        Verdict::Fail(proof) => lines(proof.evidence()),
        Verdict::Unknown { .. } => Vec::new(),
        Verdict::Pass(_) | Verdict::NotApplicable(_) => return,
    };
    let is_of_rule = |it: &Standing| {
        let is_in_force = matches!(it.state, State::InForce { .. });
        is_in_force && it.waiver.terms.as_ref().is_ok_and(|it| it.rule.raw() == finding.rule)
    };
    let holds = |it: &Standing, line: &Written| is_of_rule(it) && it.waiver.scope.holds(line);
    let is_whole = |it: &Standing| it.waiver.scope.target.as_deref() == Some(target.id.as_str());
    let whole = standing.iter().position(|it| is_of_rule(it) && is_whole(it));
    let of_line = |line: &&Written| standing.iter().position(|it| holds(it, line));
    let all: Option<Vec<usize>> = match whole {
        Some(place) => Some(vec![place]),
        None => lines.iter().map(of_line).collect(),
    };
    for place in all.unwrap_or_default() {
        let Some(Standing { waiver, state }) = standing.get_mut(place) else { continue };
        finding.waiver.get_or_insert_with(|| Arc::clone(waiver));
        if let State::InForce { over, .. } = state
            && over.last() != Some(&target.name)
        {
            over.push(target.name.clone());
        }
    }
}

/// The lines of files that show something: those that say it, or where nothing does,
/// those where it could be said.
fn lines(evidence: &[Evidence]) -> Vec<&Written> {
    let all = || evidence.iter().filter_map(Evidence::line);
    let says_it = |line: &&Arc<Origin>| !line.key.raw().is_empty();
    let is_said = all().any(|line| says_it(&line));
    all().filter(|line| !is_said || says_it(line)).map(|line| &line.at).collect()
}

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
use crate::model::target::{Kind, Target};
use crate::model::untrusted::Untrusted;
use crate::model::verdict::Verdict;
use crate::model::waiver::{Scope, Slip, Terms, Waiver};
use crate::parse::time;
use crate::policy::{Policy, nearest};
use crate::rules;

/// How many days before its end a waiver is said to end.
pub const SOON: i32 = 14;

/// The most bytes of a name that may be meant for a rule's.
const LONGEST_RULE: usize = 64;

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
    /// It covers nothing, and what it waives is like this.
    Unused(Rest),
    /// It cannot be understood.
    Misread(Slip),
}

/// What is left of that which a waiver does not cover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rest {
    /// Nothing: it is mended.
    Mended,
    /// A target breaks the rule, at this line.
    Elsewhere(Untrusted, Written),
    /// Of a target nobody knows whether it breaks the rule.
    Unknown(Untrusted),
    /// Nobody that it speaks of was asked.
    NotAsked,
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
        let (State::InForce { over, .. }, Ok((scope, terms))) = (&*state, &waiver.terms) else {
            continue;
        };
        if over.is_empty() {
            *state = match unknown(terms) {
                Some(slip) => State::Misread(slip),
                None if !is_selected(terms.rule.raw()) => State::Misread(Slip {
                    what: format!("the policy switches {} off", terms.rule),
                    help: "remove the waiver".to_owned(),
                }),
                None if !is_asked_of(terms.rule.raw(), scope.kind) => State::Misread(Slip {
                    what: format!("{} is not asked of a {}", terms.rule, scope.kind.name()),
                    help: "put it where the rule is asked".to_owned(),
                }),
                None => State::Unused(rest(ledger, terms.rule.raw(), scope)),
            };
        }
    }
    // One of somebody else than is asked here may cover something there.
    standing.retain(|it| it.state != State::Unused(Rest::NotAsked));
    standing
}

fn is_asked_of(rule: &str, kind: Kind) -> bool {
    rules::ALL.iter().any(|it| it.id == rule && it.targets.contains(&kind))
}

/// What is left of a rule's findings that a scope does not cover.
fn rest(ledger: &Ledger, rule: &str, scope: &Scope) -> Rest {
    let is_asked = |target: &Target| match scope.targets.as_slice() {
        [] => target.kind == scope.kind,
        targets => targets.contains(&target.id),
    };
    if !ledger.sheets.iter().any(|it| is_asked(&it.target)) {
        return Rest::NotAsked;
    }
    let open = || ledger.findings().filter(|(_, it)| it.rule == rule && it.waiver.is_none());
    let broken = open().find_map(|(target, finding)| {
        let Verdict::Fail(proof) = &finding.verdict else { return None };
        let line = lines(proof.evidence()).into_iter().find(|line| !scope.holds(line))?;
        Some(Rest::Elsewhere(target.name.clone(), line.clone()))
    });
    let unknown = || {
        let mut all = open().filter(|(_, it)| matches!(it.verdict, Verdict::Unknown { .. }));
        all.next().map(|(target, _)| Rest::Unknown(target.name.clone()))
    };
    broken.or_else(unknown).unwrap_or(Rest::Mended)
}

/// What a waiver is before it has met a finding.
fn begin(waiver: &Waiver, today: Option<Date>) -> State {
    let terms = match &waiver.terms {
        Ok((_, terms)) => terms,
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
    let near = nearest(named, &ids).filter(|_| named.len() <= LONGEST_RULE);
    let help = near.map_or_else(
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
    let scope = |it: &Standing| -> Option<Scope> {
        let (scope, terms) = it.waiver.terms.as_ref().ok()?;
        let is_in_force = matches!(it.state, State::InForce { .. });
        (is_in_force && terms.rule.raw() == finding.rule).then(|| scope.clone())
    };
    let scopes: Vec<(usize, Scope)> =
        standing.iter().enumerate().filter_map(|(at, it)| Some((at, scope(it)?))).collect();
    if scopes.is_empty() {
        return;
    }
    let is_whole = scopes.iter().any(|(_, it)| it.targets.contains(&target.id));
    let is_held = |line: &&Written| scopes.iter().any(|(_, it)| it.holds(line));
    if !is_whole && (lines.is_empty() || !lines.iter().all(is_held)) {
        return;
    }
    // All that speak of it count: none of them is one too many.
    let speaks = |(_, it): &(usize, Scope)| {
        it.targets.contains(&target.id) || lines.iter().any(|line| it.holds(line))
    };
    for (place, _) in scopes.iter().filter(|it| speaks(it)) {
        let Some(Standing { waiver, state }) = standing.get_mut(*place) else { continue };
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
    // What a stage does not say could be said below its `FROM`.
    let says_it = |line: &&Arc<Origin>| !matches!(line.key.raw(), "" | "FROM");
    let is_said = all().any(|line| says_it(&line));
    all().filter(|line| !is_said || says_it(line)).map(|line| &line.at).collect()
}

//! Waivers over the ledger: what somebody answers for, for a while.
//!
//! A waiver changes no verdict. What it covers is shown, earns nothing, and is
//! not held against the gate; one that covers nothing is told.

mod clock;
mod labels;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil::Date;

use crate::model::bundle::{Bundle, Origin as FoundBy};
use crate::model::draft::{Origin, Written};
use crate::model::finding::{Finding, Ledger};
use crate::model::identity::identity;
use crate::model::reading::Evidence;
use crate::model::source::Source;
use crate::model::target::{Kind, Target};
use crate::model::untrusted::Untrusted;
use crate::model::verdict::Verdict;
use crate::model::waiver::{Place, Scope, Slip, Terms, Waiver};
use crate::policy::{Exception, Policy, nearest};
use crate::rules;

pub use clock::{Behind, Today, today};

/// The most bytes of a name that may be meant for a rule's.
const LONGEST_RULE: usize = 64;

/// A waiver, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The waiver.
    pub waiver: Arc<Waiver>,
    /// What came of it.
    pub state: State,
    /// The digests of what shows the failures that it covers, or that voided it.
    pub evidence: BTreeSet<String>,
}

impl Standing {
    fn terms(&self) -> Option<&(Scope, Terms)> {
        self.waiver.terms.as_ref().ok()
    }

    /// It covers a finding on a target.
    fn covers(&mut self, target: &Target, digest: Option<&String>) {
        if let State::InForce { over, .. } | State::Void { over, .. } = &mut self.state {
            note(over, target);
            // What voided it is what somebody has to look at.
            if matches!(self.state, State::InForce { .. }) {
                self.evidence.extend(digest.cloned());
            }
        }
    }

    /// It answers for other evidence than shows a finding on a target.
    fn is_void(&mut self, target: &Target, digest: &str) {
        if let State::InForce { over, .. } = &mut self.state {
            self.state = State::Void { of: Vec::new(), over: std::mem::take(over) };
            self.evidence.clear();
        }
        if let State::Void { of, .. } = &mut self.state {
            note(of, target);
            self.evidence.insert(digest.to_owned());
        }
    }
}

/// Adds a target's name to those of the targets before it.
fn note(names: &mut Vec<Untrusted>, target: &Target) {
    if names.last() != Some(&target.name) {
        names.push(target.name.clone());
    }
}

/// What comes of a waiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It covers findings.
    InForce {
        /// How many days are left after this one; 0 on its last day.
        left: i32,
        /// Whether those are fewer than the policy warns before.
        is_ending: bool,
        /// The names of the targets, each once, in their order.
        over: Vec<Untrusted>,
    },
    /// What shows a finding is not what it answers for.
    Void {
        /// The targets of such findings, as in [`State::InForce`].
        of: Vec<Untrusted>,
        /// Those of findings that it covers.
        over: Vec<Untrusted>,
    },
    /// Its last day is over.
    Expired {
        /// How many days ago that was.
        ago: i32,
        /// Whether what it covered may be there still.
        is_needed: bool,
    },
    /// It covers nothing, and what it waives is like this.
    Unused(Rest),
    /// It stands where it does not count.
    Refused(Slip),
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
    /// A target breaks the rule by more than its lines show.
    Beyond(Untrusted),
    /// Of a target nobody knows whether it breaks the rule.
    Unknown(Untrusted),
    /// Nothing here is called like what it speaks of.
    Nobody,
    /// Nobody that it speaks of was asked.
    NotAsked,
}

impl State {
    /// Whether it waives nothing.
    pub const fn is_idle(&self) -> bool {
        match self {
            Self::InForce { .. } => false,
            Self::Void { over, .. } => over.is_empty(),
            Self::Expired { .. } | Self::Unused(_) | Self::Refused(_) | Self::Misread(_) => true,
        }
    }

    /// Whether it covers what it speaks of.
    const fn is_in_force(&self) -> bool {
        matches!(self, Self::InForce { .. } | Self::Void { .. })
    }
}

/// Lays all waivers that speak of a bundle over its ledger, those of files beside it
/// too; each with what came of it: first those of the policy, then those of files,
/// then those of labels.
pub fn lay(
    ledger: &mut Ledger,
    of_files: &[Arc<Waiver>],
    bundle: &Bundle,
    policy: &Policy,
) -> Vec<Standing> {
    let written = bundle.waivers.iter().chain(of_files).cloned().map(|it| (it, None));
    let named = policy.waivers.exceptions.iter().filter_map(|it| named(it, bundle));
    let all: Vec<(Arc<Waiver>, Option<Slip>)> = named
        .map(|it| (it.into(), None))
        .chain(written)
        .chain(labels::all(bundle, policy))
        .collect();
    if all.is_empty() {
        return Vec::new();
    }
    // Without a clock nothing is known to be in force still.
    let today = today(bundle, policy).map(|it| it.day);
    let begin = |(waiver, refused): (Arc<Waiver>, Option<Slip>)| {
        let state = refused.map_or_else(|| begin(&waiver, today, policy), State::Refused);
        Standing { waiver, state, evidence: BTreeSet::new() }
    };
    let mut standing: Vec<Standing> = all.into_iter().map(begin).collect();
    for sheet in &mut ledger.sheets {
        for finding in &mut sheet.findings {
            cover(finding, &sheet.target, &mut standing);
        }
    }
    for Standing { waiver, state, .. } in &mut standing {
        let Ok((scope, terms)) = &waiver.terms else { continue };
        let rest = || unused(ledger, scope, terms, policy);
        if let State::InForce { over, .. } = state
            && over.is_empty()
        {
            *state = rest();
        } else if let State::Expired { is_needed, .. } = state {
            *is_needed = is_open(ledger, scope, terms)
                || !matches!(rest(), State::Misread(_) | State::Unused(Rest::Mended));
        }
    }
    // One of somebody else than is asked here may cover something there.
    standing.retain(|it| it.state != State::Unused(Rest::NotAsked));
    standing
}

/// What a policy says of targets by their names, as a waiver of those that are here.
/// None: what it speaks of may be elsewhere.
fn named(exception: &Exception, bundle: &Bundle) -> Option<Waiver> {
    let Exception { at, kind, terms, .. } = exception;
    let is_it = |it: &&Target| exception.speaks_of(it, &identity(bundle, it));
    let targets: Vec<String> =
        bundle.targets.iter().filter(is_it).map(|it| it.id.clone()).collect();
    let may_be_elsewhere = kind.is_some_and(|it| it != Kind::Container) || !has_all(bundle);
    if targets.is_empty() && may_be_elsewhere {
        return None;
    }
    Some(Waiver { at: Place::File(at.clone()), terms: Ok((Scope::Whole(targets), terms.clone())) })
}

/// Whether every container is here that its engine runs.
fn has_all(bundle: &Bundle) -> bool {
    let listed = bundle.json(&Source::container_list()).ok().and_then(|it| it.as_array());
    let is_here =
        |id: &serde_json::Value| bundle.targets.iter().any(|it| id.as_str() == Some(&it.id));
    bundle.origin == FoundBy::Engine && listed.is_some_and(|all| all.iter().all(is_here))
}

/// What a waiver is that covers nothing.
fn unused(ledger: &Ledger, scope: &Scope, terms: &Terms, policy: &Policy) -> State {
    let rule = terms.rule.raw();
    if let Some(slip) = unknown(terms) {
        return State::Misread(slip);
    }
    if !policy.rules.iter().any(|it| it.rule.id == rule) {
        return State::Misread(Slip {
            what: format!("the policy switches {} off", terms.rule),
            help: "remove the waiver".to_owned(),
        });
    }
    let kinds: BTreeSet<Kind> = match scope {
        Scope::Part(part) => [part.kind].into(),
        Scope::Whole(_) => {
            let own = ledger.sheets.iter().filter(|it| scope.is_whole(&it.target.id));
            own.map(|it| it.target.kind).collect()
        }
    };
    match kinds.first() {
        Some(kind) if !kinds.iter().any(|kind| is_asked_of(rule, *kind)) => State::Misread(Slip {
            what: format!("{} is not asked of a {}", terms.rule, kind.name()),
            help: "put it where the rule is asked".to_owned(),
        }),
        _ => State::Unused(rest(ledger, rule, scope)),
    }
}

fn is_asked_of(rule: &str, kind: Kind) -> bool {
    rules::ALL.iter().any(|it| it.id == rule && it.targets.contains(&kind))
}

/// What is left of a rule's findings that a scope does not cover.
fn rest(ledger: &Ledger, rule: &str, scope: &Scope) -> Rest {
    let is_asked = |target: &Target| match scope {
        Scope::Part(part) => target.kind == part.kind,
        Scope::Whole(_) => scope.is_whole(&target.id),
    };
    if matches!(scope, Scope::Whole(targets) if targets.is_empty()) {
        return Rest::Nobody;
    }
    if !ledger.sheets.iter().any(|it| is_asked(&it.target)) {
        return Rest::NotAsked;
    }
    // What others break is no matter of one that speaks of targets as a whole.
    let is_meant = |target: &Target| is_asked(target);
    let open = || {
        let of_rule = |it: &Finding| it.rule == rule && it.waiver.is_none();
        ledger.findings().filter(move |(target, it)| is_meant(target) && of_rule(it))
    };
    let broken = open().find_map(|(target, finding)| {
        let Verdict::Fail(proof) = &finding.verdict else { return None };
        let all = lines(proof.evidence());
        match all.iter().find(|line| !scope.holds(line)) {
            Some(line) => Some(Rest::Elsewhere(target.name.clone(), (*line).clone())),
            None if proof.more() > 0 => Some(Rest::Beyond(target.name.clone())),
            None => None,
        }
    });
    let unknown = || {
        let mut all = open().filter(|(_, it)| matches!(it.verdict, Verdict::Unknown { .. }));
        all.next().map(|(target, _)| Rest::Unknown(target.name.clone()))
    };
    broken.or_else(unknown).unwrap_or(Rest::Mended)
}

/// What a waiver is before it has met a finding.
fn begin(waiver: &Waiver, today: Option<Date>, policy: &Policy) -> State {
    let terms = match &waiver.terms {
        Ok((_, terms)) => terms,
        Err(slip) => return State::Misread(slip.clone()),
    };
    let left = today.and_then(|today| Some(today.until(terms.until).ok()?.get_days()));
    match left {
        Some(left @ 0..) => {
            State::InForce { left, is_ending: left < policy.waivers.warn_days, over: Vec::new() }
        }
        Some(past) => State::Expired { ago: past.saturating_neg(), is_needed: false },
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
/// each line that shows it. One that answers for other evidence is void.
fn cover(finding: &mut Finding, target: &Target, standing: &mut [Standing]) {
    let Some((lines, is_all)) = open(finding) else { return };
    let speaks = |it: &&mut Standing| {
        it.state.is_in_force()
            && it.terms().is_some_and(|(scope, terms)| {
                terms.rule.raw() == finding.rule && is_of(scope, target, &lines)
            })
    };
    let speaking: Vec<&mut Standing> = standing.iter_mut().filter(speaks).collect();
    if speaking.is_empty() {
        return;
    }
    let digest = finding.evidence_digest();
    let (mut meant, void): (Vec<_>, Vec<_>) = speaking.into_iter().partition(|it| {
        let pin = it.terms().and_then(|(_, terms)| terms.evidence.as_ref());
        pin.is_none_or(|pin| digest.as_ref() == Some(pin))
    });
    // What is unknown shows nothing that could be other evidence.
    if let Some(digest) = &digest {
        void.into_iter().for_each(|it| it.is_void(target, digest));
    }
    let is_whole = meant.iter().filter_map(|it| it.terms()).any(|it| it.0.is_whole(&target.id));
    let is_held =
        |line: &&Written| meant.iter().filter_map(|it| it.terms()).any(|it| it.0.holds(line));
    let is_each_held = is_all && !lines.is_empty() && lines.iter().all(is_held);
    if !is_whole && !is_each_held {
        return;
    }
    // All that speak of it count: none of them is one too many.
    for it in &mut meant {
        finding.waiver.get_or_insert_with(|| Arc::clone(&it.waiver));
        it.covers(target, digest.as_ref());
    }
}

/// The lines that show a finding that is not well, and whether they show all of it.
fn open(finding: &Finding) -> Option<(Vec<&Written>, bool)> {
    match &finding.verdict {
        Verdict::Fail(proof) => Some((lines(proof.evidence()), proof.more() == 0)),
        Verdict::Unknown { .. } => Some((Vec::new(), false)),
        Verdict::Pass(_) | Verdict::NotApplicable(_) => None,
    }
}

/// Whether a finding of a target, which these lines show, is spoken of.
fn is_of(scope: &Scope, target: &Target, lines: &[&Written]) -> bool {
    scope.is_whole(&target.id) || lines.iter().any(|line| scope.holds(line))
}

/// Whether a finding that nobody answers for is spoken of.
fn is_open(ledger: &Ledger, scope: &Scope, terms: &Terms) -> bool {
    ledger.findings().any(|(target, it)| {
        let is_meant = it.rule == terms.rule.raw() && it.waiver.is_none();
        is_meant && open(it).is_some_and(|(lines, _)| is_of(scope, target, &lines))
    })
}

/// The lines of files that show something: those that say it, or where nothing does,
/// those where it could be said.
fn lines(evidence: &[Evidence]) -> Vec<&Written> {
    let all = || evidence.iter().filter_map(|it| Some((it, it.line()?)));
    // What a stage does not say could be said below its `FROM`, which says what it rests on.
    let says_it = |(datum, line): &(&Evidence, &Arc<Origin>)| match line.key.raw() {
        "" => false,
        "FROM" => datum.place.raw() == "FROM",
        _ => true,
    };
    let is_said = all().any(|it| says_it(&it));
    all().filter(|it| !is_said || says_it(it)).map(|(_, line)| &line.at).collect()
}

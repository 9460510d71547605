//! From waivers and what came of them to the public shape.

use std::collections::BTreeMap;

use super::v1::{self, WaiverState};
use super::written;
use crate::model::draft::Origin;
use crate::model::untrusted::Untrusted;
use crate::model::waiver::{Label, Place, Slip};
use crate::waive::{Rest, Standing, State};

/// What is said of one that is over and whose findings are there still.
const OVER: &str = "what it covered counts again; mend that, or agree on a new day";

/// What is said of one that is over where nothing is left of what it covered.
const NOT_NEEDED: &str = "it is not needed any more; remove it";

/// Puts waivers into the public shape.
pub fn waivers(all: &[Standing]) -> Vec<v1::Waiver> {
    all.iter().map(public).collect()
}

/// The waivers of several audits: one that speaks of targets of many is told once.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    all: Vec<v1::Waiver>,
    places: BTreeMap<Untrusted, usize>,
}

impl Gathered {
    /// Adds those of one more.
    pub fn add(&mut self, more: Vec<v1::Waiver>) {
        for waiver in more {
            let place = place_of(&waiver);
            match self.places.get(&place).and_then(|it| self.all.get_mut(*it)) {
                Some(known) => join(known, waiver),
                None => {
                    self.places.insert(place, self.all.len());
                    self.all.push(waiver);
                }
            }
        }
    }

    /// All of them, in the order in which they came.
    pub fn close(self) -> Vec<v1::Waiver> {
        self.all
    }
}

/// Where a waiver stands, as a text.
fn place_of(waiver: &v1::Waiver) -> Untrusted {
    let at = waiver.at.as_ref().map(|it| format!("{}:{}:{}", it.file.raw(), it.line, it.column));
    let of_label = |it: &v1::Label| format!("{}\0{}", it.of.raw(), it.name.raw());
    at.or_else(|| waiver.label.as_ref().map(of_label)).unwrap_or_default().into()
}

/// Of what came of a waiver in several places that counts of which somebody has to know
/// first: what covers something in one is not unused because it covers nothing in another.
fn join(known: &mut v1::Waiver, mut other: v1::Waiver) {
    let rank = |it: &v1::Waiver| match it.state {
        WaiverState::Void => 0,
        WaiverState::Ending | WaiverState::InForce => 1,
        WaiverState::Expired if it.problem.as_ref().is_some_and(|it| it.raw() == NOT_NEEDED) => 3,
        WaiverState::Misread
        | WaiverState::NotAccepted
        | WaiverState::Expired
        | WaiverState::Unused => 2,
    };
    if rank(&other) < rank(known) {
        std::mem::swap(known, &mut other);
    }
    known.covers.append(&mut other.covers);
    known.evidence_now.append(&mut other.evidence_now);
}

fn public(Standing { waiver, state, evidence }: &Standing) -> v1::Waiver {
    let covers = match state {
        State::InForce { over, .. } | State::Void { over, .. } => over.clone(),
        State::Expired { .. } | State::Unused(_) | State::Refused(_) | State::Misread(_) => {
            Vec::new()
        }
    };
    let (state, days_left, problem) = match state {
        State::InForce { left, is_ending: true, .. } => (WaiverState::Ending, Some(*left), None),
        State::InForce { left, .. } => (WaiverState::InForce, Some(*left), None),
        State::Void { of, .. } => {
            let names: Vec<String> = of.iter().map(|it| it.raw().to_owned()).collect();
            let digests: Vec<&str> = evidence.iter().map(String::as_str).collect();
            let problem = format!(
                "the evidence on {} is not what it answers for: its digest is {} now; look at \
                 what has changed, then mend that or answer for it anew",
                names.join(", "),
                digests.join(" and ")
            );
            (WaiverState::Void, None, Some(problem))
        }
        State::Expired { ago, is_needed } => {
            let problem = if *is_needed { OVER } else { NOT_NEEDED };
            (WaiverState::Expired, Some(ago.saturating_neg()), Some(problem.to_owned()))
        }
        State::Unused(rest) => (WaiverState::Unused, None, Some(unused(rest))),
        State::Refused(slip) => (WaiverState::NotAccepted, None, Some(in_words(slip))),
        State::Misread(slip) => (WaiverState::Misread, None, Some(in_words(slip))),
    };
    let terms = waiver.terms.as_ref().ok().map(|(_, terms)| terms);
    let (at, label) = match &waiver.at {
        Place::File(at) => {
            let at = Origin { key: "waive".into(), at: at.clone(), overrode: None };
            (Some(written(&at)), None)
        }
        Place::Label(Label { of, name, value }) => {
            let (of, name, value) = (of.clone(), name.clone(), value.clone());
            (None, Some(v1::Label { of, name, value }))
        }
    };
    v1::Waiver {
        at,
        label,
        state,
        rule: terms.map(|it| it.rule.clone()),
        until: terms.map(|it| it.until.to_string()),
        days_left,
        owner: terms.map(|it| it.owner.clone()),
        reason: terms.map(|it| it.reason.clone()),
        ticket: terms.and_then(|it| it.ticket.clone()),
        evidence: terms.and_then(|it| it.evidence.clone()),
        evidence_now: evidence.clone(),
        covers,
        problem: problem.map(Untrusted::from),
    }
}

fn in_words(Slip { what, help }: &Slip) -> String {
    let between = if help.is_empty() { "" } else { "; " };
    format!("{what}{between}{help}")
}

fn unused(rest: &Rest) -> String {
    match rest {
        Rest::Mended | Rest::NotAsked => {
            "it covers nothing: what it waived is mended; remove it".to_owned()
        }
        Rest::Nobody => "it covers nothing: no container that runs here is called like that; \
            remove it, or say by `kind` what else it speaks of"
            .to_owned(),
        Rest::Elsewhere(name, at) => {
            let at = format!("{}:{}:{}", at.file, at.line, at.column);
            format!("it covers nothing: {name} breaks the rule at {at}; put it above that")
        }
        Rest::Beyond(name) => format!(
            "it covers nothing: {name} breaks the rule by more than its lines show; only one of \
             a whole target covers that"
        ),
        Rest::Unknown(name) => format!(
            "it covers nothing: whether {name} breaks the rule is unknown; only one of a whole \
             target, and without a pin, covers that too"
        ),
    }
}

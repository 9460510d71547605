//! From waivers and what came of them to the public shape.

use super::v1::{self, WaiverState};
use super::written;
use crate::model::draft::Origin;
use crate::model::untrusted::Untrusted;
use crate::waive::{Rest, SOON, Standing, State};

/// Puts waivers into the public shape.
pub fn waivers(all: &[Standing]) -> Vec<v1::Waiver> {
    all.iter().map(public).collect()
}

fn public(Standing { waiver, state }: &Standing) -> v1::Waiver {
    let covers = match state {
        State::InForce { over, .. } => over.clone(),
        State::Expired { .. } | State::Unused(_) | State::Misread(_) => Vec::new(),
    };
    let (state, days_left, problem) = match state {
        State::InForce { left, .. } if *left < SOON => (WaiverState::Ending, Some(*left), None),
        State::InForce { left, .. } => (WaiverState::InForce, Some(*left), None),
        State::Expired { ago } => {
            let problem = "what it covered counts again; mend that, or agree on a new day";
            (WaiverState::Expired, Some(ago.saturating_neg()), Some(problem.to_owned()))
        }
        State::Unused(rest) => (WaiverState::Unused, None, Some(unused(rest))),
        State::Misread(slip) => {
            let help = if slip.help.is_empty() { "" } else { "; " };
            (WaiverState::Misread, None, Some(format!("{}{help}{}", slip.what, slip.help)))
        }
    };
    let terms = waiver.terms.as_ref().ok().map(|(_, terms)| terms);
    let at = Origin { key: "waive".into(), at: waiver.at.clone(), overrode: None };
    v1::Waiver {
        at: written(&at),
        state,
        rule: terms.map(|it| it.rule.clone()),
        until: terms.map(|it| it.until.to_string()),
        days_left,
        owner: terms.map(|it| it.owner.clone()),
        reason: terms.map(|it| it.reason.clone()),
        ticket: terms.and_then(|it| it.ticket.clone()),
        covers,
        problem: problem.map(Untrusted::from),
    }
}

fn unused(rest: &Rest) -> String {
    match rest {
        Rest::Mended | Rest::NotAsked => {
            "it covers nothing: what it waived is mended; remove it".to_owned()
        }
        Rest::Elsewhere(name, at) => {
            let at = format!("{}:{}:{}", at.file, at.line, at.column);
            format!("it covers nothing: {name} breaks the rule at {at}; put it above that")
        }
        Rest::Unknown(name) => format!(
            "it covers nothing: whether {name} breaks the rule is unknown; only above the whole \
             service it covers that too"
        ),
    }
}

//! From waivers and what came of them to the public shape.

use super::v1::{self, WaiverState};
use super::written;
use crate::model::draft::Origin;
use crate::model::untrusted::Untrusted;
use crate::waive::{SOON, Standing, State};

/// Puts waivers into the public shape.
pub fn waivers(all: &[Standing]) -> Vec<v1::Waiver> {
    all.iter().map(public).collect()
}

fn public(Standing { waiver, state }: &Standing) -> v1::Waiver {
    let covers = match state {
        State::InForce { over, .. } => over.clone(),
        State::Expired { .. } | State::Unused { .. } | State::Misread(_) => Vec::new(),
    };
    let (state, days_left, problem) = match state {
        State::InForce { left, .. } if *left < SOON => (WaiverState::Ending, Some(*left), None),
        State::InForce { left, .. } => (WaiverState::InForce, Some(*left), None),
        State::Expired { ago } => {
            let problem = "what it covered counts again; mend that, or agree on a new day";
            (WaiverState::Expired, Some(ago.saturating_neg()), Some(problem.to_owned()))
        }
        State::Unused { elsewhere: None } => {
            let problem = "it covers nothing: what it waived is mended; remove it";
            (WaiverState::Unused, None, Some(problem.to_owned()))
        }
        State::Unused { elsewhere: Some((name, at)) } => {
            let at = format!("{}:{}:{}", at.file, at.line, at.column);
            let problem =
                format!("it covers nothing: {name} breaks the rule at {at}; put it above that");
            (WaiverState::Unused, None, Some(problem))
        }
        State::Misread(slip) => {
            let help = if slip.help.is_empty() { "" } else { "; " };
            (WaiverState::Misread, None, Some(format!("{}{help}{}", slip.what, slip.help)))
        }
    };
    let terms = waiver.terms.as_ref().ok();
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

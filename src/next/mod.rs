//! What to do next: the settings that raise a target's score most for the least change.
//!
//! No gain is guessed. The evidence is changed as it would be if the container were started
//! with a setting, its facts are derived and judged again by the same policy, and scored
//! again. What nobody can foretell stays as it is or unknown, so that a promise is a floor.

mod changed;
mod fragment;
mod made;
mod mounted;
mod quote;
mod wanted;

use std::collections::BTreeMap;

use crate::facts;
use crate::judge::{Accept, judge};
use crate::model::bundle::Bundle;
use crate::model::finding::{Finding, Sheet};
use crate::model::identity::role;
use crate::model::setting::Setting;
use crate::model::severity::Severity;
use crate::model::target::Kind;
use crate::model::verdict::Verdict;
use crate::policy::Policy;
use crate::rules;
use crate::score::{self, Scorecard};

use changed::Changed;
use fragment::Fragment;
pub use fragment::Run;
use wanted::Wanted;

/// What to do next with one target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Next {
    /// The steps, each of which raises the floor; empty where no setting does.
    pub steps: Vec<Step>,
    /// All of them as a compose file that is laid over the service's own; none where it is
    /// of no service, or cannot be written with certainty.
    pub compose: Option<String>,
    /// All of them as what changes on the command line of `docker run`; of a container.
    pub run: Option<Run>,
    /// The rules that fail or are unknown even then.
    pub left: Vec<&'static str>,
}

/// Settings that raise the floor together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The settings, in the order in which they count most.
    pub settings: Vec<Setting>,
    /// The rules that they mend.
    pub rules: Vec<&'static str>,
    /// The score with them and all steps before.
    pub card: Scorecard,
}

/// How often what gained nothing is tried again, beside what was made since.
const ROUNDS: usize = 2;

/// What to do next with each target of a ledger, in its order. Nothing for those of which no
/// container is made yet from outside: images and Dockerfiles.
pub fn all(
    bundle: &Bundle,
    sheets: &[Sheet],
    cards: &[Scorecard],
    policy: &Policy,
    accept: Accept,
) -> Vec<Option<Next>> {
    let is_asked = |it: &Sheet| matches!(it.target.kind, Kind::Container | Kind::Service);
    if !sheets.iter().any(is_asked) {
        return vec![None; sheets.len()];
    }
    let mut evidence = bundle.clone();
    let mut of = |(sheet, card): (&Sheet, &Scorecard)| {
        is_asked(sheet).then(|| {
            let changed = Changed::new(&mut evidence, &sheet.target);
            Plan { changed, sheet, policy, accept }.run(*card)
        })
    };
    sheets.iter().zip(cards).map(&mut of).collect()
}

/// One target under way.
struct Plan<'a> {
    changed: Changed<'a>,
    /// What was found as it is.
    sheet: &'a Sheet,
    policy: &'a Policy,
    accept: Accept,
}

impl Plan<'_> {
    fn run(mut self, card: Scorecard) -> Next {
        let mut left = candidates(self.sheet, self.policy);
        let (mut now, mut card) = (self.sheet.clone(), card);
        let mut steps: Vec<Step> = Vec::new();
        // What is made and has not raised the floor yet.
        let (mut settings, mut rules, mut open) = (Vec::new(), Vec::new(), self.changed.mark());
        let wanted = Wanted(self.policy);
        for _ in 0..ROUNDS {
            for setting in std::mem::take(&mut left) {
                let mark = self.changed.mark();
                let is_made = made::make(setting, &mut self.changed, self.sheet, wanted);
                let after = is_made.then(|| self.judged());
                let Some((after, scored)) = after.filter(|(after, scored)| {
                    scored.floor >= card.floor && mends(&now, after).next().is_some()
                }) else {
                    self.changed.back_to(mark);
                    left.push(setting);
                    continue;
                };
                settings.push(setting);
                rules.extend(mends(&now, &after).filter(|it| !is_open_in(&after, it)));
                now = after;
                if scored.floor > card.floor {
                    let settings = std::mem::take(&mut settings);
                    let rules = std::mem::take(&mut rules);
                    steps.push(Step { settings, rules, card: scored });
                    (card, open) = (scored, self.changed.mark());
                }
            }
        }
        // What gained nothing in the end is nothing to do next.
        self.changed.back_to(open);
        let (now, _) = if settings.is_empty() { (now, card) } else { self.judged() };
        let is_left = |it: &&Finding| it.waiver.is_none() && is_open(&it.verdict);
        let left = now.findings.iter().filter(is_left).map(|it| it.rule).collect();
        let after = self.changed.document().cloned().unwrap_or_default();
        self.changed.back_to(0);
        if steps.is_empty() {
            return Next { left, ..Next::default() };
        }
        let made = steps.iter().flat_map(|it| it.settings.iter().copied()).collect();
        let fragment = Fragment::of(&self.changed, &after, made);
        let compose = service(&self.changed).and_then(|name| fragment.compose(&name));
        let is_run = self.sheet.target.kind == Kind::Container;
        let run = is_run.then(|| fragment.run()).flatten();
        Next { steps, compose, run, left }
    }

    /// What the rules say of the evidence as it is now.
    fn judged(&self) -> (Sheet, Scorecard) {
        let facts = facts::of(self.changed.bundle, self.changed.target);
        let mut sheets = judge(&[facts], self.policy, self.accept).sheets;
        let mut sheet = sheets.pop().unwrap_or_else(|| self.sheet.clone());
        // Who answers for a finding answers for it as long as it is one.
        for (finding, before) in sheet.findings.iter_mut().zip(&self.sheet.findings) {
            if is_open(&finding.verdict) {
                finding.waiver.clone_from(&before.waiver);
            }
        }
        let card = score::score(&sheet, self.policy.weights);
        (sheet, card)
    }
}

const fn is_open(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Fail(_) | Verdict::Unknown { .. })
}

fn is_open_in(sheet: &Sheet, rule: &str) -> bool {
    sheet.findings.iter().any(|it| it.rule == rule && is_open(&it.verdict))
}

/// The rules that were open and are no more, or are a milder failure.
fn mends<'a>(before: &'a Sheet, after: &'a Sheet) -> impl Iterator<Item = &'static str> {
    let pairs = before.findings.iter().zip(&after.findings);
    let is_mended = |(before, after): &(&Finding, &Finding)| {
        is_open(&before.verdict)
            && (!is_open(&after.verdict) || after.severity < before.severity)
    };
    pairs.filter(is_mended).map(|(_, after)| after.rule)
}

/// The settings that may mend what fails or is unknown, those first that count most: a
/// grave finding caps the score, whatever else is well, so the gravest that one mends
/// goes before the sum of all that it mends.
fn candidates(sheet: &Sheet, policy: &Policy) -> Vec<Setting> {
    let mut worth: BTreeMap<Setting, (Severity, u64)> = BTreeMap::new();
    for finding in sheet.findings.iter().filter(|it| it.waiver.is_none() && is_open(&it.verdict)) {
        for setting in rules::find(finding.rule).map_or(&[][..], |it| it.mends) {
            let (gravest, sum) = worth.entry(*setting).or_insert((finding.severity, 0));
            *gravest = (*gravest).max(finding.severity);
            *sum += u64::from(policy.weights.of(finding.severity));
        }
    }
    let mut all: Vec<(Setting, (Severity, u64))> = worth.into_iter().collect();
    // The sort is stable: what counts alike stays in the order of the settings.
    all.sort_by(|(_, one), (_, other)| other.cmp(one));
    all.into_iter().map(|(setting, _)| setting).collect()
}

/// A service's key in its project's file, or the one that a container's labels name.
fn service(changed: &Changed<'_>) -> Option<String> {
    match changed.target.kind {
        Kind::Service => Some(changed.target.id.rsplit_once('#')?.1.to_owned()),
        Kind::Container => {
            let role = role(changed.bundle, changed.target);
            let is_of_one = !role.service.is_empty() && !role.is_one_off;
            is_of_one.then_some(role.service)
        }
        Kind::Image | Kind::Dockerfile => None,
    }
}

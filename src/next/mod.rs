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

use std::collections::{BTreeMap, BTreeSet, VecDeque};

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
    /// All of them, or where there is none what is for later, as a compose file that is laid
    /// over the service's own; none where it is of no service, or cannot be written with
    /// certainty.
    pub compose: Option<String>,
    /// The same as what changes on the command line of `docker run`; of a container.
    pub run: Option<Run>,
    /// What would mend something as well and raises the floor no further.
    pub later: Vec<Setting>,
    /// The rules that hold the floor meanwhile: the gravest that no setting mends.
    pub held: Vec<&'static str>,
    /// The rules that fail or are unknown even then: no setting mends them.
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

/// What to do next with each target of a ledger, in its order. Nothing for images and
/// Dockerfiles, of which nothing is set from outside, nor where no record says what is set.
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
        let changed = Changed::new(&mut evidence, &sheet.target);
        let is_set = is_asked(sheet) && changed.document().is_some();
        is_set.then(|| Plan { changed, sheet, policy, accept }.run(*card))
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
        let mut steps: Vec<Step> = Vec::new();
        let mut queue = VecDeque::from(candidates(self.sheet, self.policy));
        let mut now = Stand { sheet: self.sheet.clone(), card };
        let (mut gained, mut group) = (now.clone(), Vec::<(Setting, usize)>::new());
        let (mut loose, mut is_last_round) = (BTreeSet::new(), false);
        loop {
            let Some(setting) = queue.pop_front() else {
                if std::mem::replace(&mut is_last_round, true) {
                    break;
                }
                // What gained nothing is tried once more, beside what was made since, and so is
                // what would mend that which nobody asked before.
                let made = steps.iter().flat_map(|it| it.settings.iter().copied());
                let made: Vec<Setting> = made.chain(group.iter().map(|it| it.0)).collect();
                let more = candidates(&now.sheet, self.policy).into_iter();
                queue.extend(more.filter(|it| !made.contains(it)));
                continue;
            };
            let mark = self.changed.mark();
            let Some(after) = self.with(&[setting]).filter(|it| it.is_better_than(&now)) else {
                self.changed.back_to(mark);
                continue;
            };
            group.push((setting, mark));
            now = after;
            if now.card.floor == gained.card.floor {
                continue;
            }
            let made: Vec<Setting> = group.iter().map(|it| it.0).collect();
            let open = group.first().map_or(mark, |it| it.1);
            let (needed, spare) = self.needed(&made, open, &mut now, &mut loose);
            spare.into_iter().rev().for_each(|it| queue.push_front(it));
            let rules = now.mended_since(&gained);
            steps.push(Step { settings: needed, rules, card: now.card });
            group.clear();
            gained = now.clone();
        }
        let later: Vec<Setting> = group.iter().map(|it| it.0).collect();
        let held = if later.is_empty() { Vec::new() } else { now.gravest() };
        let left = now.open();
        let mut made: Vec<Setting> = steps.iter().flat_map(|it| &it.settings).copied().collect();
        match group.first() {
            // Where nothing raises the score, what mends something is worth to be written.
            Some(_) if made.is_empty() => made.clone_from(&later),
            Some((_, open)) => self.changed.back_to(*open),
            None => {}
        }
        let after = self.changed.document().cloned().unwrap_or_default();
        self.changed.back_to(0);
        if made.is_empty() {
            return Next { left, ..Next::default() };
        }
        let fragment = Fragment::of(&self.changed, &after, made);
        let compose = service(&self.changed).and_then(|name| fragment.compose(&name));
        let is_run = self.sheet.target.kind == Kind::Container;
        let run = is_run.then(|| fragment.run()).flatten();
        Next { steps, compose, run, later, held, left }
    }

    /// How the target stands with settings, if all of them can be made.
    fn with(&mut self, settings: &[Setting]) -> Option<Stand> {
        self.make(settings).then(|| self.judged())
    }

    fn make(&mut self, settings: &[Setting]) -> bool {
        let wanted = Wanted(self.policy);
        let mut all = settings.iter();
        all.all(|it| made::make(*it, &mut self.changed, self.sheet, wanted))
    }

    /// Of settings that were made since a mark and raised the floor together, those that it
    /// takes, and the others, which may gain something by themselves. None is asked twice.
    fn needed(
        &mut self,
        made: &[Setting],
        open: usize,
        now: &mut Stand,
        loose: &mut BTreeSet<Setting>,
    ) -> (Vec<Setting>, Vec<Setting>) {
        let (mut needed, mut spare) = (made.to_vec(), Vec::new());
        let Some((_, earlier)) = made.split_last() else { return (needed, spare) };
        for setting in earlier {
            if !loose.insert(*setting) {
                continue;
            }
            let others: Vec<Setting> = needed.iter().copied().filter(|it| it != setting).collect();
            self.changed.back_to(open);
            match self.with(&others).filter(|it| it.card.floor >= now.card.floor) {
                Some(without) => {
                    *now = without;
                    needed = others;
                    spare.push(*setting);
                }
                None => {
                    self.changed.back_to(open);
                    self.make(&needed);
                }
            }
        }
        (needed, spare)
    }

    /// What the rules say of the evidence as it is now.
    fn judged(&self) -> Stand {
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
        Stand { sheet, card }
    }
}

/// How a target stands.
#[derive(Clone)]
struct Stand {
    sheet: Sheet,
    card: Scorecard,
}

impl Stand {
    /// Whether a rule is mended, or broken more mildly, and the floor is no lower.
    fn is_better_than(&self, other: &Self) -> bool {
        let mut pairs = other.sheet.findings.iter().zip(&self.sheet.findings);
        let is_mended = |(before, after): (&Finding, &Finding)| {
            is_open(&before.verdict)
                && (!is_open(&after.verdict) || after.severity < before.severity)
        };
        self.card.floor >= other.card.floor && pairs.any(is_mended)
    }

    /// The rules that were open and are no more.
    fn mended_since(&self, other: &Self) -> Vec<&'static str> {
        let pairs = other.sheet.findings.iter().zip(&self.sheet.findings);
        let mended =
            pairs.filter(|(before, after)| is_open(&before.verdict) && !is_open(&after.verdict));
        mended.map(|(_, after)| after.rule).collect()
    }

    /// The rules that fail or are unknown, and that nobody answers for.
    fn open(&self) -> Vec<&'static str> {
        self.unanswered().map(|it| it.rule).collect()
    }

    /// Those of them that cap the score.
    fn gravest(&self) -> Vec<&'static str> {
        let most = self.unanswered().map(|it| it.severity).max();
        self.unanswered().filter(|it| Some(it.severity) == most).map(|it| it.rule).collect()
    }

    fn unanswered(&self) -> impl Iterator<Item = &Finding> {
        let all = self.sheet.findings.iter();
        all.filter(|it| it.waiver.is_none() && is_open(&it.verdict))
    }
}

const fn is_open(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Fail(_) | Verdict::Unknown { .. })
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
        Kind::Service => {
            let (id, name) = (&changed.target.id, changed.target.name.raw());
            // Where there are several projects, each stands before the names of its services.
            let project = changed.bundle.projects.get(id).map(|it| format!("{}/", it.raw()));
            let bare = project.and_then(|it| name.strip_prefix(&it).map(str::to_owned));
            let names = [Some(name.to_owned()), bare];
            names.into_iter().flatten().find(|it| id.ends_with(&format!("#{it}")))
        }
        Kind::Container => {
            let role = role(changed.bundle, changed.target);
            let is_of_one = !role.service.is_empty() && !role.is_one_off;
            is_of_one.then_some(role.service)
        }
        Kind::Image | Kind::Dockerfile => None,
    }
}

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
mod stand;
#[cfg(test)]
mod tests;
mod wanted;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rayon::prelude::*;

use crate::facts;
use crate::judge::{self, Accept};
use crate::model::bundle::Bundle;
use crate::model::finding::{Mark, Sheet};
use crate::model::identity::role;
use crate::model::setting::Setting;
use crate::model::severity::Severity;
use crate::model::target::{Kind, Target};
use crate::policy::{Policy, Selected};
use crate::rules::truth::runs_as_declared;
use crate::rules::{self, Rule};
use crate::score::{self, Scorecard};

use changed::Changed;
use fragment::Fragment;
pub use fragment::Run;
use stand::Stand;
use wanted::Wanted;

/// As many are done in the time that other threads take to start.
const FEW: usize = 4;

/// Each thread changes a copy of the evidence, so that no more than these are at work.
const MOST_COPIES: usize = 4;

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
    let all: Vec<Found<'_>> = sheets.iter().zip(cards).map(Found::new).collect();
    if !all.iter().any(Found::is_asked) {
        return vec![None; sheets.len()];
    }
    let of_some = |some: &[Found<'_>]| -> Vec<Option<Next>> {
        let (mut evidence, mut touched) = (bundle.clone(), by_any());
        let mut of = |found: &Found<'_>| {
            let changed = Changed::new(&mut evidence, found.target);
            let is_set = found.is_asked() && changed.document().is_some();
            is_set.then(|| Plan { changed, found, policy, accept, touched: &mut touched }.run())
        };
        some.iter().map(&mut of).collect()
    };
    if all.len() <= FEW {
        return of_some(&all);
    }
    let threads = rayon::current_num_threads().min(MOST_COPIES);
    all.par_chunks(all.len().div_ceil(threads)).flat_map_iter(of_some).collect()
}

/// The rules that any setting touches: whatever is set is declared.
fn by_any() -> BTreeSet<&'static str> {
    BTreeSet::from([runs_as_declared::RULE.id])
}

/// What was found of a target as it is, without the proofs.
struct Found<'a> {
    target: &'a Target,
    stand: Stand,
    /// The places of mounts that rules object to.
    objected: BTreeSet<String>,
}

impl<'a> Found<'a> {
    fn new((sheet, card): (&'a Sheet, &Scorecard)) -> Self {
        let marks = sheet.findings.iter().map(Mark::from).collect();
        let objected = made::isolation::objected(&sheet.findings);
        Self { target: &sheet.target, stand: Stand { marks, card: *card }, objected }
    }

    /// Whether something is set of it from outside.
    const fn is_asked(&self) -> bool {
        matches!(self.target.kind, Kind::Container | Kind::Service)
    }
}

/// One target under way.
struct Plan<'a> {
    changed: Changed<'a>,
    found: &'a Found<'a>,
    policy: &'a Policy,
    accept: Accept,
    /// The rules that settings touch, broken or not: what one target showed holds for the next.
    touched: &'a mut BTreeSet<&'static str>,
}

/// The way of a target: what was made so far, and how it stands.
struct Course {
    steps: Vec<Step>,
    /// What was made since the last step.
    group: Vec<Made>,
    /// How it stood after the last step.
    gained: Stand,
    now: Stand,
    /// What steps were tried without.
    loose: BTreeSet<Setting>,
}

/// A setting that was made.
struct Made {
    setting: Setting,
    /// How many changes were made before.
    mark: usize,
    /// The rules that it mended, and how grave they had been.
    mended: Vec<Mark>,
}

impl Course {
    /// All that was made.
    fn made(&self) -> impl Iterator<Item = Setting> {
        let steps = self.steps.iter().flat_map(|it| &it.settings);
        steps.copied().chain(self.since())
    }

    /// What was made since the last step.
    fn since(&self) -> impl Iterator<Item = Setting> {
        self.group.iter().map(|it| it.setting)
    }

    /// Whether one of them is needed for sure: it alone can mend what would cap the score.
    fn is_needed(&self, setting: Setting) -> bool {
        let caps = |it: &&Mark| !it.is_waived && score::cap(it.severity) < self.now.card.floor;
        let is_others = |it: &Mark| {
            let mends = rules::find(it.rule).map_or(&[][..], |it| it.mends);
            self.since().any(|other| other != setting && mends.contains(&other))
        };
        let own = self.group.iter().filter(|it| it.setting == setting);
        own.flat_map(|it| &it.mended).filter(caps).any(|it| !is_others(it))
    }
}

impl Plan<'_> {
    /// A setting is judged by the rules that it is to mend and those broken ones that others
    /// are to mend, and what comes of all of them by every rule. Where one says something else then, a setting has touched
    /// it, and all is tried again with an eye on it.
    fn run(mut self) -> Next {
        loop {
            let course = self.course();
            let mut overlooked = self.overlooked(&course.now);
            let is_raised = !course.steps.is_empty();
            if is_raised && let Some(Made { mark, .. }) = course.group.first() {
                self.changed.back_to(*mark);
                overlooked.extend(self.overlooked(&course.gained));
            }
            let known = self.touched.len();
            self.touched.extend(overlooked);
            if self.touched.len() == known {
                return self.told(course);
            }
            self.changed.back_to(0);
        }
    }

    fn course(&mut self) -> Course {
        let now = self.found.stand.clone();
        let mut queue = VecDeque::from(candidates(&now, self.policy));
        let (gained, loose) = (now.clone(), BTreeSet::new());
        let mut course = Course { steps: Vec::new(), group: Vec::new(), gained, now, loose };
        let mut is_last_round = false;
        loop {
            let Some(setting) = queue.pop_front() else {
                if std::mem::replace(&mut is_last_round, true) {
                    return course;
                }
                // What gained nothing is tried once more, beside what was made since, and so is
                // what would mend that which nobody asked before.
                let made: Vec<Setting> = course.made().collect();
                let more = candidates(&course.now, self.policy).into_iter();
                queue.extend(more.filter(|it| !made.contains(it)));
                continue;
            };
            let mark = self.changed.mark();
            let after = self.with(&[setting], &course.now);
            let Some(after) = after.filter(|it| it.is_better_than(&course.now)) else {
                self.changed.back_to(mark);
                continue;
            };
            let mended = after.mended_since(&course.now).copied().collect();
            course.group.push(Made { setting, mark, mended });
            course.now = after;
            if course.now.card.floor == course.gained.card.floor {
                continue;
            }
            let (settings, spare) = self.needed(&mut course);
            spare.into_iter().rev().for_each(|it| queue.push_front(it));
            let rules = course.now.mended_since(&course.gained).map(|it| it.rule).collect();
            course.steps.push(Step { settings, rules, card: course.now.card });
            course.group.clear();
            course.gained = course.now.clone();
        }
    }

    /// What is told of a way, which was made as far as it raises the score.
    fn told(mut self, course: Course) -> Next {
        let later: Vec<Setting> = course.since().collect();
        let held = if later.is_empty() { Vec::new() } else { course.now.gravest() };
        let left = course.now.open();
        let mut made: Vec<Setting> =
            course.steps.iter().flat_map(|it| &it.settings).copied().collect();
        if made.is_empty() {
            // Where nothing raises the score, what mends something is worth to be written.
            made.clone_from(&later);
        }
        let after = self.changed.document().cloned().unwrap_or_default();
        self.changed.back_to(0);
        if made.is_empty() {
            return Next { left, ..Next::default() };
        }
        let fragment = Fragment::of(&self.changed, &after, made);
        let compose = service(&self.changed).and_then(|name| fragment.compose(&name));
        let is_run = self.found.target.kind == Kind::Container;
        let run = is_run.then(|| fragment.run()).flatten();
        Next { steps: course.steps, compose, run, later, held, left }
    }

    /// How the target stands with settings, if all of them can be made; it stood as `before`.
    fn with(&mut self, settings: &[Setting], before: &Stand) -> Option<Stand> {
        if !self.make(settings) {
            return None;
        }
        Some(self.judged(before, |before, rule| {
            self.is_watched(before, rule) || settings.iter().any(|it| rule.mends.contains(it))
        }))
    }

    /// Whether a rule is asked again after each setting.
    fn is_watched(&self, mark: &Mark, rule: &Rule) -> bool {
        mark.is_open() && !rule.mends.is_empty() || self.touched.contains(rule.id)
    }

    fn make(&mut self, settings: &[Setting]) -> bool {
        let wanted = Wanted(self.policy);
        let mut all = settings.iter();
        all.all(|it| made::make(*it, &mut self.changed, &self.found.objected, wanted))
    }

    /// Of the settings that were made since the last step and raised the floor together, those
    /// that it takes, and the others, which may gain something by themselves. None is asked
    /// twice.
    fn needed(&mut self, course: &mut Course) -> (Vec<Setting>, Vec<Setting>) {
        let made: Vec<Setting> = course.since().collect();
        let open = course.group.first().map_or_else(|| self.changed.mark(), |it| it.mark);
        let (mut needed, mut spare) = (made.clone(), Vec::new());
        let Some((_, earlier)) = made.split_last() else { return (needed, spare) };
        for setting in earlier {
            if course.is_needed(*setting) || !course.loose.insert(*setting) {
                continue;
            }
            let others: Vec<Setting> = needed.iter().copied().filter(|it| it != setting).collect();
            self.changed.back_to(open);
            let without = self.with(&others, &course.gained);
            match without.filter(|it| it.card.floor >= course.now.card.floor) {
                Some(without) => {
                    course.now = without;
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

    /// The rules that say something else of the evidence as it is now. What is watched was
    /// judged when the last setting was made.
    fn overlooked(&self, stand: &Stand) -> Vec<&'static str> {
        let whole = self.judged(stand, |mark, rule| !self.is_watched(mark, rule));
        let pairs = whole.marks.iter().zip(&stand.marks);
        let others = pairs
            .filter(|(now, before)| (now.class, now.severity) != (before.class, before.severity));
        others.map(|(now, _)| now.rule).collect()
    }

    /// How the target stands with the evidence as it is now: what is found instead of those
    /// findings that are meant, and the others as they were before.
    fn judged(&self, before: &Stand, is_meant: impl Fn(&Mark, &Rule) -> bool) -> Stand {
        let derived = facts::of(self.changed.bundle, self.changed.target);
        let by = judge::one_by_one(&derived, self.policy, self.accept);
        let one = |((own, first), selected): ((&Mark, &Mark), &Selected)| {
            if !is_meant(own, selected.rule) {
                return *own;
            }
            let mark = Mark::from(&by(selected));
            // Who answers for a finding answers for it as long as it is one.
            Mark { is_waived: first.is_waived && mark.is_open(), ..mark }
        };
        let known = before.marks.iter().zip(&self.found.stand.marks);
        let marks: Vec<Mark> = known.zip(&self.policy.rules).map(one).collect();
        let card = score::score(marks.iter().copied(), self.policy.weights);
        Stand { marks, card }
    }
}

/// The settings that may mend what fails or is unknown, those first that count most: a
/// grave finding caps the score, whatever else is well, so the gravest that one mends
/// goes before the sum of all that it mends.
fn candidates(stand: &Stand, policy: &Policy) -> Vec<Setting> {
    let mut worth: BTreeMap<Setting, (Severity, u64)> = BTreeMap::new();
    for mark in stand.unanswered() {
        for setting in rules::find(mark.rule).map_or(&[][..], |it| it.mends) {
            let (gravest, sum) = worth.entry(*setting).or_insert((mark.severity, 0));
            *gravest = (*gravest).max(mark.severity);
            *sum += u64::from(policy.weights.of(mark.severity));
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

//! Two scorecards, finding by finding.

use std::collections::{BTreeMap, BTreeSet};

use super::posture::{Posture, Unit, shared};
use super::{Card, Change, Standing};
use crate::model::severity::Severity;
use crate::model::target::Kind;
use crate::model::untrusted::Untrusted;

/// What has changed from one scorecard to another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// What makes the two hard to compare, each a sentence without a full stop.
    pub remarks: Vec<String>,
    /// Every finding that has changed: by the change, then the gravest first.
    pub rows: Vec<Row>,
    /// How many findings fail or are unknown as before.
    pub still: usize,
    /// How many are well as before.
    pub well: usize,
    /// What everything scores, the worst of replicas; empty where the score models differ.
    pub scores: Vec<Score>,
}

/// A finding that has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// How.
    pub change: Change,
    /// How grave that is: of what is bad now, else of what was.
    pub severity: Severity,
    /// The rule's id.
    pub rule: String,
    /// What kind of thing it is said of.
    pub kind: Kind,
    /// What that is called across runs.
    pub identity: Untrusted,
    /// How it stood and how it stands.
    pub standings: Standings,
    /// The names of those that show it: now, or before where it is gone.
    pub on: Vec<Untrusted>,
    /// What shows it, on the first of them.
    pub words: Option<Untrusted>,
}

/// How something stood and how it stands; none where nothing is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standings {
    /// In the older scorecard.
    pub before: Option<Standing>,
    /// In the newer one.
    pub now: Option<Standing>,
}

impl Standings {
    /// How grave the change is.
    fn severity(&self, change: Change) -> Severity {
        let now = self.now.map(|it| match change {
            Change::New | Change::Worse => it.failing.unwrap_or(it.severity),
            Change::UnknownNow => it.unknown.unwrap_or(it.severity),
            Change::WaivedNow
            | Change::Better
            | Change::Fixed
            | Change::Gone
            | Change::Unchanged => it.gravest().unwrap_or(it.severity),
        });
        let before = self.before.map(|it| it.gravest().unwrap_or(it.severity));
        // What is mended was as grave as it was.
        let of_before = matches!(change, Change::Better | Change::Fixed | Change::Gone);
        let (first, second) = if of_before { (before, now) } else { (now, before) };
        first.or(second).unwrap_or(Severity::Low)
    }
}

/// What something scored and scores; none where it is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Score {
    /// What kind of thing it is.
    pub kind: Kind,
    /// What it is called across runs.
    pub identity: Untrusted,
    /// The older floor.
    pub before: Option<u8>,
    /// The newer floor.
    pub now: Option<u8>,
}

/// Compares an older scorecard with a newer one.
pub fn between(old: &Card, new: &Card) -> Difference {
    let shared: BTreeSet<String> = shared(old).union(&shared(new)).cloned().collect();
    let (before, now) = (Posture::of(old, shared.clone()), Posture::of(new, shared));
    let mut difference = Difference { remarks: remarks(old, new), ..Difference::default() };
    let (old_shown, new_shown) = (shown(old, &before), shown(new, &now));
    let nothing = BTreeMap::new();
    let units: BTreeSet<&Unit> = before.units.keys().chain(now.units.keys()).collect();
    for unit in units {
        let then = before.units.get(unit).unwrap_or(&nothing);
        let today = now.units.get(unit).unwrap_or(&nothing);
        let rules: BTreeSet<&String> = then.keys().chain(today.keys()).collect();
        for rule in rules {
            let standings =
                Standings { before: then.get(rule).copied(), now: today.get(rule).copied() };
            let change = Change::from(standings.before.as_ref(), standings.now.as_ref());
            if change == Change::Unchanged {
                let is_bad = standings.now.is_some_and(|it| it.gravest().is_some());
                *if is_bad { &mut difference.still } else { &mut difference.well } += 1;
                continue;
            }
            let shown = if standings.now.is_some() { &new_shown } else { &old_shown };
            let shown = shown.get(&(unit.clone(), rule.as_str()));
            let (on, words) = shown.cloned().unwrap_or_default();
            let (kind, ref identity, _) = *unit;
            difference.rows.push(Row {
                change,
                severity: standings.severity(change),
                rule: rule.clone(),
                kind,
                identity: identity.as_str().into(),
                standings,
                on,
                words,
            });
        }
    }
    let order = |it: &Row| (it.change, std::cmp::Reverse(it.severity));
    difference.rows.sort_by(|one, other| {
        (order(one), &one.rule, &one.identity).cmp(&(order(other), &other.rule, &other.identity))
    });
    if old.score_model == new.score_model {
        difference.scores = scores((old, &before), (new, &now));
    }
    difference
}

/// The names of those that show a finding at its worst, and what shows it.
type Shown<'a> = BTreeMap<(Unit, &'a str), (Vec<Untrusted>, Option<Untrusted>)>;

fn shown<'a>(card: &'a Card, posture: &Posture) -> Shown<'a> {
    let mut all = Shown::new();
    for subject in &card.targets {
        let unit = posture.unit(subject.kind, subject.identity(), &subject.id);
        for said in &subject.findings {
            let worst = posture.units.get(&unit).and_then(|it| it.get(&said.rule));
            if worst.is_some_and(|it| it.state() == said.state()) {
                let (on, words) = all.entry((unit.clone(), said.rule.as_str())).or_default();
                on.push(subject.name.clone());
                if words.is_none() {
                    *words = said.words().cloned();
                }
            }
        }
    }
    all
}

fn scores(old: (&Card, &Posture), new: (&Card, &Posture)) -> Vec<Score> {
    let floors = |(card, posture): (&Card, &Posture)| {
        let mut worst: BTreeMap<Unit, u8> = BTreeMap::new();
        for it in &card.targets {
            let unit = posture.unit(it.kind, it.identity(), &it.id);
            worst.entry(unit).and_modify(|floor| *floor = it.floor.min(*floor)).or_insert(it.floor);
        }
        worst
    };
    let (before, now) = (floors(old), floors(new));
    let units: BTreeSet<&Unit> = before.keys().chain(now.keys()).collect();
    let score = |unit: &Unit| Score {
        kind: unit.0,
        identity: unit.1.as_str().into(),
        before: before.get(unit).copied(),
        now: now.get(unit).copied(),
    };
    units.into_iter().map(score).collect()
}

/// What two scorecards were judged by, where that differs.
fn remarks(old: &Card, new: &Card) -> Vec<String> {
    let mut remarks = Vec::new();
    if old.score_model != new.score_model {
        remarks.push(format!(
            "scores are not compared: they are of model {} and of model {}",
            old.score_model, new.score_model
        ));
    }
    if old.policy != new.policy {
        remarks.push(format!(
            "judged by different policies, {} and {}: what a rule asks may have changed",
            old.policy, new.policy
        ));
    }
    if old.tool.version != new.tool.version {
        remarks.push(format!(
            "judged by different versions, {} and {}: what a rule asks may have changed",
            old.tool.version, new.tool.version
        ));
    }
    if old.accepts_declared != new.accepts_declared {
        let which = if new.accepts_declared { "newer" } else { "older" };
        remarks.push(format!("only in the {which} one may a declaration acquit"));
    }
    let only = |one: &Card, other: &Card| -> Vec<String> {
        one.rules.keys().filter(|it| !other.rules.contains_key(*it)).cloned().collect()
    };
    for (rules, which) in [(only(old, new), "older"), (only(new, old), "newer")] {
        if !rules.is_empty() {
            remarks.push(format!("judged in the {which} one alone: {}", rules.join(", ")));
        }
    }
    // RFC 3339 in UTC sorts as text.
    if old.collected_at > new.collected_at {
        remarks.push(
            "the older one was collected after the newer one: they may be mixed up".to_owned(),
        );
    }
    remarks
}

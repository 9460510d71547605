//! Targets beside the checklists, in the public shape.

use super::assemble::evidence;
use super::v1::checklist::{Checklist, Item, Sheet, Tick, Ticked};
use super::v1::{self, Verdict};
use crate::judge;
use crate::model::verdict;
use crate::policy;
use crate::score::Met;

/// A target's sheets, one for each checklist.
pub(super) fn sheets(
    all: &[policy::Checklist],
    ticks: &[Vec<judge::Tick<'_>>],
    is_brief: bool,
) -> Vec<Sheet> {
    let sheet = |(checklist, ticks): (&policy::Checklist, &Vec<judge::Tick<'_>>)| Sheet {
        checklist: checklist.name.clone(),
        standing: counted(ticks.iter().map(|it| ticked(&it.verdict))).into(),
        items: ticks.iter().map(|it| tick(it, is_brief)).collect(),
    };
    all.iter().zip(ticks).map(sheet).collect()
}

fn tick(tick: &judge::Tick<'_>, is_brief: bool) -> Tick {
    let (proof, gap) = match &tick.verdict {
        verdict::Verdict::Pass(proof)
        | verdict::Verdict::Fail(proof)
        | verdict::Verdict::NotApplicable(proof) => (Some(proof), None),
        verdict::Verdict::Unknown { gap, .. } => (None, Some(gap.clone())),
    };
    let by = tick.by.iter().map(|(rule, verdict)| ((*rule).to_owned(), Verdict::from(verdict)));
    Tick {
        id: tick.item.id.clone(),
        verdict: ticked(&tick.verdict),
        by: by.collect(),
        statements: proof
            .map(|it| it.statements().iter().map(ToString::to_string).collect())
            .unwrap_or_default(),
        evidence: proof.map(|it| evidence(it, is_brief)).unwrap_or_default(),
        gap,
    }
}

const fn ticked(verdict: &verdict::Verdict) -> Ticked {
    match verdict {
        verdict::Verdict::Pass(_) => Ticked::Met,
        verdict::Verdict::Fail(_) => Ticked::NotMet,
        verdict::Verdict::Unknown { .. } => Ticked::Unknown,
        verdict::Verdict::NotApplicable(_) => Ticked::NotApplicable,
    }
}

fn counted(all: impl Iterator<Item = Ticked>) -> Met {
    let mut count = Met::default();
    for it in all {
        *match it {
            Ticked::Met => &mut count.met,
            Ticked::NotMet => &mut count.not_met,
            Ticked::Unknown => &mut count.unknown,
            Ticked::NotApplicable => &mut count.not_applicable,
        } += 1;
    }
    count
}

/// The checklists over all targets, gathered as these come.
#[derive(Clone, Debug)]
pub struct Roll {
    checklists: Vec<Checklist>,
}

impl Roll {
    /// Over no target yet.
    pub fn new(all: &[policy::Checklist]) -> Self {
        let item = |it: &policy::checklist::Item| Item {
            id: it.id.clone(),
            title: it.title.clone(),
            section: it.section.clone(),
            rules: it.rules.iter().map(|it| it.rule.id.to_owned()).collect(),
            fleet: Ticked::NotApplicable,
        };
        let checklist = |it: &policy::Checklist| Checklist {
            name: it.name.clone(),
            title: it.title.clone(),
            fleet: Met::default().into(),
            items: it.items.iter().map(item).collect(),
        };
        Self { checklists: all.iter().map(checklist).collect() }
    }

    /// Counts targets in: what is worst for any is what it is for the fleet.
    pub fn add(&mut self, targets: &[v1::Target]) {
        for target in targets {
            for (checklist, sheet) in self.checklists.iter_mut().zip(&target.checklists) {
                for (item, tick) in checklist.items.iter_mut().zip(&sheet.items) {
                    item.fleet = item.fleet.max(tick.verdict);
                }
            }
        }
    }

    /// Counts those in that another has counted.
    pub fn join(&mut self, other: &Self) {
        for (mine, theirs) in self.checklists.iter_mut().zip(&other.checklists) {
            for (item, other) in mine.items.iter_mut().zip(&theirs.items) {
                item.fleet = item.fleet.max(other.fleet);
            }
        }
    }

    /// How the fleet stands.
    pub fn close(mut self) -> Vec<Checklist> {
        for checklist in &mut self.checklists {
            checklist.fleet = counted(checklist.items.iter().map(|it| it.fleet)).into();
        }
        self.checklists
    }
}

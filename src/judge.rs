//! Every selected rule on every target: no more, no less.

use crate::facts::Facts;
use crate::model::fact::Fact;
use crate::model::finding::{Finding, Ledger, Sheet};
use crate::model::reading::Reading;
use crate::model::target::{Kind, Target};
use crate::model::verdict::Verdict;
use crate::policy::checklist::Item;
use crate::policy::{Policy, Selected};
use crate::rules::recognised;

/// Whether a declaration may acquit where no kernel can be reached by nature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Accept {
    /// Only the kernel's word acquits.
    #[default]
    Kernel,
    /// A declaration acquits where the container runs under another kernel than
    /// the auditor's. What could be read here and was not stays unknown.
    Declared,
}

/// Judges all targets. The ledger always holds rules × targets findings.
///
/// Rule by rule, so that one rule's code judges them all while it is at hand.
pub fn judge(targets: &[(Target, Facts)], policy: &Policy, accept: Accept) -> Ledger {
    let sheet = |(target, _): &(Target, Facts)| Sheet {
        target: target.clone(),
        findings: Vec::with_capacity(policy.rules.len()),
    };
    let mut sheets: Vec<Sheet> = targets.iter().map(sheet).collect();
    for selected in &policy.rules {
        for (sheet, (target, facts)) in sheets.iter_mut().zip(targets) {
            sheet.findings.push(finding(selected, target.kind, facts, accept));
        }
    }
    Ledger { sheets }
}

/// An item of a checklist, held against a target.
#[derive(Clone, Debug)]
pub struct Tick<'p> {
    /// The item.
    pub item: &'p Item,
    /// Whether it is met.
    pub verdict: Verdict,
    /// What each of its rules says; of a rule that the item is not asked with, nothing.
    pub by: Vec<(&'static str, Verdict)>,
}

/// A target beside checklists: a list for each, in the order of its items.
pub type Ticks<'p> = Vec<Vec<Tick<'p>>>;

/// Holds a target against every item of the policy's checklists.
pub fn tick<'p>(target: &Target, facts: &Facts, policy: &'p Policy, accept: Accept) -> Ticks<'p> {
    let kind = target.kind;
    let one = |item: &'p Item| {
        if !item.on.contains(&kind) {
            return Tick { item, verdict: not_asked(kind), by: Vec::new() };
        }
        let asked = item.rules.iter().filter(|it| it.rule.targets.contains(&kind));
        let by = asked.map(|it| (it.rule.id, verdict(it, kind, facts, accept)));
        let by: Vec<_> = by.collect();
        let all = by.iter().map(|(_, verdict)| verdict.clone()).reduce(Verdict::and);
        let all = all.unwrap_or_else(|| not_asked(kind));
        let is_meant = policy.files.roles.iter().filter(|it| item.roles.contains(&it.name));
        let is_meant = is_meant.map(|it| recognised(facts, it)).reduce(Verdict::or);
        let verdict = is_meant.map_or_else(|| all.clone(), |it| all.clone().where_holds(it));
        Tick { item, verdict, by }
    };
    policy.checklists.iter().map(|it| it.items.iter().map(one).collect()).collect()
}

fn verdict(selected: &Selected, kind: Kind, facts: &Facts, accept: Accept) -> Verdict {
    let verdict = if selected.rule.targets.contains(&kind) {
        (selected.rule.judge)(facts, &selected.settings)
    } else {
        not_asked(kind)
    };
    match accept {
        Accept::Kernel => verdict,
        Accept::Declared => verdict.accepting_declarations(),
    }
}

fn finding(selected: &Selected, kind: Kind, facts: &Facts, accept: Accept) -> Finding {
    let verdict = verdict(selected, kind, facts, accept);
    let milder = match &verdict {
        Verdict::Fail(proof) => proof.severity(),
        Verdict::Pass(_) | Verdict::Unknown { .. } | Verdict::NotApplicable(_) => None,
    };
    let severity = milder.map_or(selected.severity, |it| it.min(selected.severity));
    Finding { rule: selected.rule.id, severity, verdict, waiver: None }
}

/// A rule about another kind of target.
fn not_asked(kind: Kind) -> Verdict {
    Fact::<()>::declared_only(Reading::Inapplicable).unasked(kind.not_asked())
}

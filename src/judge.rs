//! Every selected rule on every target: no more, no less.

use std::borrow::Cow;
use std::cell::OnceCell;

use crate::facts::{Derived, Facts};
use crate::model::demand::Role;
use crate::model::fact::Fact;
use crate::model::finding::{Finding, Ledger, Sheet};
use crate::model::reading::Reading;
use crate::model::target::{Kind, Target};
use crate::model::verdict::Verdict;
use crate::policy::checklist::Item;
use crate::policy::{Policy, Selected};
use crate::rules::{Settings, recognised};

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
pub fn judge(targets: &[Derived], policy: &Policy, accept: Accept) -> Ledger {
    let sheet = |(target, _): &Derived| Sheet {
        target: target.clone(),
        findings: Vec::with_capacity(policy.rules.len()),
    };
    let mut sheets: Vec<Sheet> = targets.iter().map(sheet).collect();
    let asked: Vec<Asked<'_, '_>> =
        targets.iter().map(|(target, facts)| Asked::new(target, facts, policy, accept)).collect();
    for selected in &policy.rules {
        for (sheet, asked) in sheets.iter_mut().zip(&asked) {
            sheet.findings.push(asked.finding(selected));
        }
    }
    Ledger { sheets }
}

/// How a target is judged by one rule and another.
pub fn one_by_one<'a>(
    (target, facts): &'a Derived<'_>,
    policy: &'a Policy,
    accept: Accept,
) -> impl Fn(&Selected) -> Finding {
    let asked = Asked::new(target, facts, policy, accept);
    move |selected| asked.finding(selected)
}

/// A target of which rules are asked.
struct Asked<'a, 'b> {
    kind: Kind,
    facts: &'a Facts<'b>,
    roles: &'a [Role],
    accept: Accept,
    /// Whether it has each of the roles, once somebody has asked.
    recognised: Vec<OnceCell<Verdict>>,
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
    let asked = Asked::new(target, facts, policy, accept);
    let kind = target.kind;
    let one = |item: &'p Item| {
        if !item.on.contains(&kind) {
            return Tick { item, verdict: not_asked(kind), by: Vec::new() };
        }
        let rules = item.rules.iter().filter(|it| it.rule.targets.contains(&kind));
        let by: Vec<_> = rules.map(|it| (it.rule.id, asked.verdict(it))).collect();
        let all = by.iter().map(|(_, verdict)| verdict.clone()).reduce(Verdict::and);
        let all = all.unwrap_or_else(|| not_asked(kind));
        let places = policy.files.roles.iter().enumerate();
        let places = places.filter(|(_, it)| item.roles.contains(&it.name)).map(|it| it.0);
        let is_meant = places.map(|it| asked.has_role(it)).reduce(Verdict::or);
        let verdict = is_meant.map_or_else(|| all.clone(), |it| all.clone().where_holds(it));
        Tick { item, verdict, by }
    };
    policy.checklists.iter().map(|it| it.items.iter().map(one).collect()).collect()
}

impl<'a, 'b> Asked<'a, 'b> {
    fn new(target: &Target, facts: &'a Facts<'b>, policy: &'a Policy, accept: Accept) -> Self {
        let roles = policy.files.roles.as_slice();
        let recognised = vec![OnceCell::new(); roles.len()];
        Self { kind: target.kind, facts, roles, accept, recognised }
    }

    /// Whether it has the role at this place.
    fn has_role(&self, place: usize) -> Verdict {
        let (Some(role), Some(cell)) = (self.roles.get(place), self.recognised.get(place)) else {
            return not_asked(self.kind);
        };
        cell.get_or_init(|| recognised(self.facts, role)).clone()
    }

    fn verdict(&self, selected: &Selected) -> Verdict {
        let Selected { rule, settings, by_role, .. } = selected;
        if !rule.targets.contains(&self.kind) {
            return not_asked(self.kind);
        }
        let own = || (rule.judge)(self.facts, settings);
        let verdict = if by_role.is_empty() {
            own()
        } else {
            let of_role = |(place, settings): &(usize, Settings)| {
                let condition = self.has_role(*place);
                // What is not meant need not be judged.
                if condition.is_ruled_out() {
                    return None;
                }
                let name = self.roles.get(*place).map_or("", |it| it.name.as_str());
                let verdict = (rule.judge)(self.facts, settings);
                let tell = |all: &[Cow<'static, str>]| format!("{} (as {name})", all.join("; "));
                Some((condition, verdict.fails_as(tell)))
            };
            Verdict::measured(own, by_role.iter().filter_map(of_role).collect())
        };
        match self.accept {
            Accept::Kernel => verdict,
            Accept::Declared => verdict.accepting_declarations(),
        }
    }

    fn finding(&self, selected: &Selected) -> Finding {
        let verdict = self.verdict(selected);
        let milder = match &verdict {
            Verdict::Fail(proof) => proof.severity(),
            Verdict::Pass(_) | Verdict::Unknown { .. } | Verdict::NotApplicable(_) => None,
        };
        let severity = milder.map_or(selected.severity, |it| it.min(selected.severity));
        Finding { rule: selected.rule.id, severity, verdict, waiver: None, is_known: false }
    }
}

/// A rule about another kind of target.
fn not_asked(kind: Kind) -> Verdict {
    Fact::<()>::declared_only(Reading::Inapplicable).unasked(kind.not_asked())
}

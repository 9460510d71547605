//! Every selected rule on every target: no more, no less.

use crate::facts::{Derived, Facts};
use crate::model::fact::Fact;
use crate::model::finding::{Finding, Ledger, Sheet};
use crate::model::reading::Reading;
use crate::model::target::Kind;
use crate::model::verdict::Verdict;
use crate::policy::{Policy, Selected};

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
    for selected in &policy.rules {
        for (sheet, (target, facts)) in sheets.iter_mut().zip(targets) {
            sheet.findings.push(finding(selected, target.kind, facts, accept));
        }
    }
    Ledger { sheets }
}

fn finding(selected: &Selected, kind: Kind, facts: &Facts, accept: Accept) -> Finding {
    let verdict = if selected.rule.targets.contains(&kind) {
        (selected.rule.judge)(facts, &selected.settings)
    } else {
        not_asked(kind)
    };
    let verdict = match accept {
        Accept::Kernel => verdict,
        Accept::Declared => verdict.accepting_declarations(),
    };
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

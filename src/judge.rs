//! Every selected rule on every target: no more, no less.

use crate::facts::Facts;
use crate::model::fact::Fact;
use crate::model::finding::{Finding, Ledger, Sheet};
use crate::model::reading::Reading;
use crate::model::target::{Kind, Target};
use crate::model::verdict::Verdict;
use crate::policy::Policy;

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
pub fn judge(targets: &[(Target, Facts)], policy: &Policy, accept: Accept) -> Ledger {
    let sheets = targets
        .iter()
        .map(|(target, facts)| Sheet {
            target: target.clone(),
            findings: policy
                .rules
                .iter()
                .map(|selected| {
                    let verdict = if selected.rule.targets.contains(&target.kind) {
                        (selected.rule.judge)(facts, &selected.settings)
                    } else {
                        not_asked(target.kind)
                    };
                    let verdict = match accept {
                        Accept::Kernel => verdict,
                        Accept::Declared => verdict.accepting_declarations(),
                    };
                    let milder = match &verdict {
                        Verdict::Fail(proof) => proof.severity(),
                        Verdict::Pass(_) | Verdict::Unknown { .. } | Verdict::NotApplicable(_) => {
                            None
                        }
                    };
                    let severity = milder.map_or(selected.severity, |it| it.min(selected.severity));
                    Finding { rule: selected.rule.id, severity, verdict }
                })
                .collect(),
        })
        .collect();
    Ledger { sheets }
}

/// A rule about another kind of target.
fn not_asked(kind: Kind) -> Verdict {
    Fact::<()>::declared_only(Reading::Inapplicable).unasked(kind.not_asked())
}

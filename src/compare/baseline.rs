//! An audit on record, of which a later one shall not be worse.

use super::posture::{Posture, is_excused, shared};
use super::{Card, State};
use crate::model::bundle::Bundle;
use crate::model::finding::Ledger;
use crate::model::identity::identity;
use crate::model::severity::Severity;
use crate::model::untrusted::Untrusted;

/// A scorecard, what it is called, and how everything stood on it.
#[derive(Clone, Debug)]
pub struct Baseline {
    /// The file that it was read from.
    pub file: Untrusted,
    /// When its evidence was collected.
    pub collected_at: Untrusted,
    /// The policy that it was judged by.
    pub policy: Untrusted,
    /// The rules that it was judged by.
    pub rules: Vec<String>,
    posture: Posture,
}

impl Baseline {
    /// Of a scorecard from a file.
    pub fn new(file: impl Into<Untrusted>, card: &Card) -> Self {
        Self {
            file: file.into(),
            collected_at: card.collected_at.clone(),
            policy: card.policy.clone(),
            rules: card.rules.keys().cloned().collect(),
            posture: Posture::of(card, shared(card)),
        }
    }

    /// Marks what was there already. It changes no verdict and no score.
    pub fn lay(&self, ledger: &mut Ledger, bundle: &Bundle) {
        for sheet in &mut ledger.sheets {
            let identity = identity(bundle, &sheet.target);
            for finding in &mut sheet.findings {
                let before = self.posture.standing(&sheet.target, identity.raw(), finding.rule);
                finding.is_known = is_excused(before, State::of(finding), finding.severity);
            }
        }
    }

    /// Whether a finding of another scorecard was there already.
    pub fn knows(
        &self,
        subject: &super::Subject,
        rule: &str,
        now: State,
        severity: Severity,
    ) -> bool {
        let unit = self.posture.unit(subject.kind, subject.identity(), &subject.id);
        let before = self.posture.units.get(&unit).and_then(|it| it.get(rule));
        is_excused(before, now, severity)
    }
}

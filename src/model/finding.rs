//! Rule × target × verdict, and the ledger of them all.

use std::sync::Arc;

use super::pin;
use super::severity::Severity;
use super::target::{Kind, Target};
use super::untrusted::Untrusted;
use super::verdict::{Class, Verdict};
use super::waiver::Waiver;

/// The verdict of one rule on one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's id.
    pub rule: &'static str,
    /// The rule's severity under the policy, or the milder one of this failure.
    pub severity: Severity,
    /// The answer.
    pub verdict: Verdict,
    /// Who answers for it, for a while, where it is not well. It changes no verdict.
    pub waiver: Option<Arc<Waiver>>,
    /// Whether it was no better in the audit that this one is held against. It changes
    /// no verdict either.
    pub is_known: bool,
}

impl Finding {
    /// The [digest](pin::digest) of what shows it, where it fails.
    pub fn evidence_digest(&self) -> Option<String> {
        match &self.verdict {
            Verdict::Fail(proof) => {
                Some(pin::digest(self.rule, self.severity, proof.evidence(), proof.more()))
            }
            Verdict::Pass(_) | Verdict::Unknown { .. } | Verdict::NotApplicable(_) => None,
        }
    }
}

/// A finding without its proof: what counts in a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The rule's id.
    pub rule: &'static str,
    /// The severity of the finding.
    pub severity: Severity,
    /// What was found.
    pub class: Class,
    /// Whether somebody answers for it.
    pub is_waived: bool,
}

impl Mark {
    /// Whether it fails or is unknown.
    pub const fn is_open(&self) -> bool {
        matches!(self.class, Class::Fail | Class::Unknown)
    }
}

impl From<&Finding> for Mark {
    fn from(Finding { rule, severity, verdict, waiver, .. }: &Finding) -> Self {
        let is_waived = waiver.is_some();
        Self { rule, severity: *severity, class: verdict.class(), is_waived }
    }
}

/// What names a finding across runs: that of a rule on a target of this kind with
/// this [identity](super::identity::identity).
///
/// The [short digest](pin::short) of rule, kind and identity.
pub fn fingerprint(rule: &str, kind: Kind, identity: &Untrusted) -> String {
    pin::short([rule, kind.name(), identity.raw()])
}

/// One target's findings, one for each rule, in the order of the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// What was judged.
    pub target: Target,
    /// One finding for each rule that the policy selects.
    pub findings: Vec<Finding>,
}

/// All findings of a run: always selected rules × targets of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// One sheet for each target, in the order of the bundle's targets.
    pub sheets: Vec<Sheet>,
}

impl Ledger {
    /// Every finding with its target.
    pub fn findings(&self) -> impl Iterator<Item = (&Target, &Finding)> {
        self.sheets
            .iter()
            .flat_map(|sheet| sheet.findings.iter().map(move |finding| (&sheet.target, finding)))
    }
}

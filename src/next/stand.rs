//! How a target stands, as it is and with settings.

use std::rc::Rc;

use crate::model::finding::Finding;
use crate::model::verdict::Verdict;
use crate::score::Scorecard;

/// How a target stands.
#[derive(Clone)]
pub(super) struct Stand {
    pub(super) findings: Vec<Rc<Finding>>,
    pub(super) card: Scorecard,
}

impl Stand {
    pub(super) fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().map(|it| &**it)
    }

    /// Whether a rule is mended, or broken more mildly, and the floor is no lower.
    pub(super) fn is_better_than(&self, other: &Self) -> bool {
        let mut pairs = other.findings().zip(self.findings());
        let is_mended = |(before, after): (&Finding, &Finding)| {
            is_open(&before.verdict)
                && (!is_open(&after.verdict) || after.severity < before.severity)
        };
        self.card.floor >= other.card.floor && pairs.any(is_mended)
    }

    /// The rules that were open and are no more.
    pub(super) fn mended_since(&self, other: &Self) -> Vec<&'static str> {
        let pairs = other.findings().zip(self.findings());
        let mended =
            pairs.filter(|(before, after)| is_open(&before.verdict) && !is_open(&after.verdict));
        mended.map(|(_, after)| after.rule).collect()
    }

    /// The rules that fail or are unknown, and that nobody answers for.
    pub(super) fn open(&self) -> Vec<&'static str> {
        self.unanswered().map(|it| it.rule).collect()
    }

    /// Those of them that cap the score.
    pub(super) fn gravest(&self) -> Vec<&'static str> {
        let most = self.unanswered().map(|it| it.severity).max();
        self.unanswered().filter(|it| Some(it.severity) == most).map(|it| it.rule).collect()
    }

    fn unanswered(&self) -> impl Iterator<Item = &Finding> {
        self.findings().filter(|it| it.waiver.is_none() && is_open(&it.verdict))
    }
}

pub(super) const fn is_open(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Fail(_) | Verdict::Unknown { .. })
}

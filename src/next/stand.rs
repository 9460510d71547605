//! How a target stands, as it is and with settings.

use crate::model::finding::Mark;
use crate::score::Scorecard;

/// How a target stands.
#[derive(Clone)]
pub(super) struct Stand {
    pub(super) marks: Vec<Mark>,
    pub(super) card: Scorecard,
}

impl Stand {
    /// Whether a rule is mended, or broken more mildly, and the floor is no lower.
    pub(super) fn is_better_than(&self, other: &Self) -> bool {
        let mut pairs = other.marks.iter().zip(&self.marks);
        let is_mended = |(before, after): (&Mark, &Mark)| {
            before.is_open() && (!after.is_open() || after.severity < before.severity)
        };
        self.card.floor >= other.card.floor && pairs.any(is_mended)
    }

    /// What was open and is no more, as it was.
    pub(super) fn mended_since<'m>(&'m self, other: &'m Self) -> impl Iterator<Item = &'m Mark> {
        let pairs = other.marks.iter().zip(&self.marks);
        let mended = pairs.filter(|(before, after)| before.is_open() && !after.is_open());
        mended.map(|(before, _)| before)
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

    /// What fails or is unknown, and nobody answers for.
    pub(super) fn unanswered(&self) -> impl Iterator<Item = &Mark> {
        self.marks.iter().filter(|it| !it.is_waived && it.is_open())
    }
}

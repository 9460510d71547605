//! The answer of a rule, and the proof that goes with it.

mod check;

use std::borrow::Cow;

use super::reading::{Evidence, Gap, Reason};
use super::severity::Severity;

pub use check::Check;

/// Why a verdict is what it is. Only a [`Fact`](super::fact::Fact) can mint one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    pub(super) statements: Vec<Cow<'static, str>>,
    pub(super) evidence: Vec<Evidence>,
    pub(super) beside: Vec<Evidence>,
    pub(super) severity: Option<Severity>,
    pub(super) stated: bool,
    /// Where a declaration convicts: why nobody knows what is in force.
    pub(super) unseen: Option<Box<Gap>>,
    /// How much else shows it that is no piece of the evidence.
    pub(super) more: usize,
}

impl Proof {
    /// What was found, the decisive statement first; never empty.
    pub fn statements(&self) -> &[Cow<'static, str>] {
        &self.statements
    }

    /// The evidence that decided.
    pub fn evidence(&self) -> &[Evidence] {
        &self.evidence
    }

    /// What the other reading says: the declaration beside the kernel's word.
    pub fn beside(&self) -> &[Evidence] {
        &self.beside
    }

    /// The severity of a failure, where it is milder than the rule's own.
    pub const fn severity(&self) -> Option<Severity> {
        self.severity
    }

    /// How much else shows it that is no piece of the evidence: who answers for each
    /// piece does not answer for all.
    pub const fn more(&self) -> usize {
        self.more
    }

    /// Whether a pass rests on a declaration alone, by `--accept declared`.
    pub const fn is_stated(&self) -> bool {
        self.stated
    }

    /// Takes the statements and evidence of `other` in addition.
    fn merge(mut self, other: Self) -> Self {
        for statement in other.statements {
            if !self.statements.contains(&statement) {
                self.statements.push(statement);
            }
        }
        for (mine, theirs) in
            [(&mut self.evidence, other.evidence), (&mut self.beside, other.beside)]
        {
            for datum in theirs {
                // Most are the very same, which takes less to see than that they say the same.
                if !mine.iter().any(|it| it.is(&datum)) && !mine.contains(&datum) {
                    mine.push(datum);
                }
            }
        }
        // The gravest of several failures decides; `None` is the rule's own severity.
        self.severity = match (self.severity, other.severity) {
            (Some(mine), Some(theirs)) => Some(mine.max(theirs)),
            (None, _) | (_, None) => None,
        };
        self.stated |= other.stated;
        self.more = self.more.saturating_add(other.more);
        // One that was seen proves it.
        self.unseen = self.unseen.and(other.unseen);
        self
    }
}

/// The answer of one rule for one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The rule holds, and this proves it.
    Pass(Proof),
    /// The rule is broken, and this proves it.
    Fail(Proof),
    /// It could not be found out.
    Unknown {
        /// What is missing.
        gap: Gap,
        /// What the declaration would prove, if it were accepted.
        stated: Option<Proof>,
    },
    /// The rule does not apply here, and this proves it.
    NotApplicable(Proof),
}

/// A verdict without its proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// It passes by evidence.
    Pass,
    /// It passes on a declaration alone, by `--accept declared`.
    Stated,
    /// It fails.
    Fail,
    /// It could not be found out.
    Unknown,
    /// It does not apply.
    NotApplicable,
}

impl Verdict {
    /// What it says, without its proof.
    pub const fn class(&self) -> Class {
        match self {
            Self::Pass(proof) if proof.is_stated() => Class::Stated,
            Self::Pass(_) => Class::Pass,
            Self::Fail(_) => Class::Fail,
            Self::Unknown { .. } => Class::Unknown,
            Self::NotApplicable(_) => Class::NotApplicable,
        }
    }

    /// Both must hold: a failure decides, then an unknown, then a pass.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Fail(mine), Self::Fail(theirs)) => Self::Fail(mine.merge(theirs)),
            (Self::Fail(proof), Self::Unknown { gap, .. })
            | (Self::Unknown { gap, .. }, Self::Fail(proof)) => Self::at_least(proof, &gap),
            (Self::Fail(proof), _) | (_, Self::Fail(proof)) => Self::Fail(proof),
            (Self::Unknown { gap, stated }, other) => {
                Self::Unknown { gap, stated: join_stated(stated, other) }
            }
            (other, Self::Unknown { gap, stated }) => {
                Self::Unknown { gap, stated: join_stated(stated, other) }
            }
            (Self::Pass(mine), Self::Pass(theirs)) => Self::Pass(mine.merge(theirs)),
            (Self::Pass(proof), Self::NotApplicable(_))
            | (Self::NotApplicable(_), Self::Pass(proof)) => Self::Pass(proof),
            (Self::NotApplicable(mine), Self::NotApplicable(theirs)) => {
                Self::NotApplicable(mine.merge(theirs))
            }
        }
    }

    /// A failure beside something that could not be read. Knowing less must not
    /// make it milder: how bad a mild one is cannot be told.
    pub(super) fn at_least(proof: Proof, gap: &Gap) -> Self {
        if proof.severity.is_none() {
            return Self::Fail(proof);
        }
        let seen = proof.statements.join("; ");
        let detail = format!("{seen}; how bad it is cannot be told: {}", gap.detail);
        Self::Unknown { gap: Gap { detail: detail.into(), ..gap.clone() }, stated: None }
    }

    /// Either is enough: a pass decides, then an unknown, then a failure.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Pass(mine), Self::Pass(theirs)) => Self::Pass(mine.merge(theirs)),
            (Self::Pass(proof), _) | (_, Self::Pass(proof)) => Self::Pass(proof),
            (Self::Unknown { gap, stated }, Self::Unknown { stated: other, .. }) => {
                Self::Unknown { gap, stated: stated.or(other) }
            }
            (unknown @ Self::Unknown { .. }, _) | (_, unknown @ Self::Unknown { .. }) => unknown,
            (Self::Fail(mine), Self::Fail(theirs)) => {
                // Either could hold after all.
                let unseen = mine.unseen.clone().or_else(|| theirs.unseen.clone());
                // Mending either would do, so the milder of the two is what it amounts to.
                let severity = match (mine.severity, theirs.severity) {
                    (Some(mine), Some(theirs)) => Some(mine.min(theirs)),
                    (mine, theirs) => mine.or(theirs),
                };
                Self::Fail(Proof { severity, unseen, ..mine.merge(theirs) })
            }
            (Self::Fail(proof), Self::NotApplicable(_))
            | (Self::NotApplicable(_), Self::Fail(proof)) => Self::Fail(proof),
            (Self::NotApplicable(mine), Self::NotApplicable(theirs)) => {
                Self::NotApplicable(mine.merge(theirs))
            }
        }
    }

    /// This verdict, a failure told in one sentence made of its statements:
    /// several findings that only together are one.
    #[must_use]
    pub fn fails_as(self, tell: impl FnOnce(&[Cow<'static, str>]) -> String) -> Self {
        match self {
            Self::Fail(proof) => {
                let statements = vec![tell(&proof.statements).into()];
                Self::Fail(Proof { statements, ..proof })
            }
            other @ (Self::Pass(_) | Self::Unknown { .. } | Self::NotApplicable(_)) => other,
        }
    }

    /// This verdict, a pass told in one sentence instead of many.
    #[must_use]
    pub fn passes_as(self, what: &'static str) -> Self {
        let tell = |proof: Proof| Proof { statements: vec![what.into()], ..proof };
        match self {
            Self::Pass(proof) => Self::Pass(tell(proof)),
            Self::Unknown { gap, stated } => Self::Unknown { gap, stated: stated.map(tell) },
            other @ (Self::Fail(_) | Self::NotApplicable(_)) => other,
        }
    }

    /// Lets a declaration acquit where the container runs under another kernel
    /// than the auditor's. What could be read here and was not stays unknown.
    #[must_use]
    pub fn accepting_declarations(self) -> Self {
        match self {
            Self::Unknown { gap, stated: Some(proof) } if gap.reason == Reason::OtherKernel => {
                Self::Pass(proof)
            }
            other @ (Self::Pass(_)
            | Self::Fail(_)
            | Self::NotApplicable(_)
            | Self::Unknown { .. }) => other,
        }
    }

    /// Whatever a failure was taken for, it is no graver than this.
    #[must_use]
    pub fn at_most(self, severity: Severity) -> Self {
        match self {
            Self::Fail(proof) => {
                let own = proof.severity.map_or(severity, |it| it.min(severity));
                Self::Fail(Proof { severity: Some(own), ..proof })
            }
            other @ (Self::Pass(_) | Self::Unknown { .. } | Self::NotApplicable(_)) => other,
        }
    }

    /// What holds where some questions decide by which measure something is judged:
    /// each `(condition, verdict)` says what it is by one measure, and whether that is
    /// meant; `own` what it is where none is.
    ///
    /// Where nobody can tell whether one is meant, nobody can tell what holds, unless
    /// all come to the same.
    #[must_use]
    pub fn measured(own: impl FnOnce() -> Self, measures: Vec<(Self, Self)>) -> Self {
        let (mut meant, mut maybe) = (None::<Self>, Vec::new());
        for (condition, verdict) in measures {
            match condition {
                Self::Pass(_) => {
                    meant = Some(match meant {
                        Some(all) => all.and(verdict),
                        None => verdict,
                    });
                }
                Self::Fail(Proof { unseen: Some(gap), .. }) => {
                    maybe.push((Self::Unknown { gap: *gap, stated: None }, verdict));
                }
                Self::Unknown { .. } => maybe.push((condition, verdict)),
                Self::Fail(_) | Self::NotApplicable(_) => {}
            }
        }
        let sure = meant.unwrap_or_else(own);
        let is_other = |it: &Self| std::mem::discriminant(it) != std::mem::discriminant(&sure);
        let undecided = maybe.into_iter().find(|(_, verdict)| is_other(verdict));
        undecided.map_or(sure, |(condition, _)| condition)
    }

    /// Whether a condition of this verdict does not hold, whatever may still be seen: what
    /// convicts where nobody can see excuses nobody from anything.
    pub const fn is_ruled_out(&self) -> bool {
        matches!(self, Self::Fail(Proof { unseen: None, .. }) | Self::NotApplicable(_))
    }

    /// This verdict where `condition` passes; elsewhere the rule does not apply.
    ///
    /// An unknown condition stays unknown: whether a rule applies is a
    /// question like any other, and not knowing it acquits nobody.
    #[must_use]
    pub fn where_holds(self, condition: Self) -> Self {
        match condition {
            // Whatever the condition is, it does not apply.
            Self::Unknown { .. } if matches!(self, Self::NotApplicable(_)) => self,
            Self::Pass(_) => self,
            Self::Fail(Proof { unseen: Some(gap), .. }) => {
                Self::Unknown { gap: *gap, stated: None }
            }
            Self::Fail(proof) | Self::NotApplicable(proof) => Self::NotApplicable(proof),
            Self::Unknown { gap, .. } => Self::Unknown { gap, stated: None },
        }
    }
}

/// What two verdicts would state together, if the declarations were accepted:
/// nothing, unless each is a pass, proved or stated.
fn join_stated(stated: Option<Proof>, other: Verdict) -> Option<Proof> {
    let stated = stated?;
    match other {
        Verdict::Pass(proof) => Some(stated.merge(proof)),
        Verdict::Unknown { stated: Some(proof), .. } => Some(stated.merge(proof)),
        Verdict::NotApplicable(_) => Some(stated),
        Verdict::Unknown { stated: None, .. } | Verdict::Fail(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Verdict;
    use crate::model::fact::Fact;
    use crate::model::reading::{Gap, Reading, Reason};
    use crate::model::source::Source;
    use crate::model::verdict::Check;

    fn known(check: fn() -> Check) -> Verdict {
        Fact::declared_only(Reading::of(())).judge(|()| check())
    }

    fn pass() -> Verdict {
        known(|| Check::holds("holds"))
    }

    fn fail() -> Verdict {
        known(|| Check::broken("broken"))
    }

    fn unknown() -> Verdict {
        let gap = Gap::new(Reason::Denied, Source::Clock, "nobody could look");
        Fact::<()>::declared_only(Reading::Missing(gap)).judge(|()| Check::holds("holds"))
    }

    /// What is meant for sure decides; what may be meant leaves it open, unless it
    /// comes to the same.
    #[test]
    fn by_which_measure_something_is_judged_is_a_question_like_any_other() {
        for (own, measures, expected) in [
            (pass(), vec![], "Pass"),
            (pass(), vec![(fail(), fail())], "Pass"),
            (pass(), vec![(pass(), fail())], "Fail"),
            (fail(), vec![(pass(), pass())], "Pass"),
            (pass(), vec![(pass(), pass()), (pass(), fail())], "Fail"),
            (pass(), vec![(unknown(), pass())], "Pass"),
            (fail(), vec![(unknown(), fail())], "Fail"),
            (pass(), vec![(unknown(), fail())], "Unknown"),
            (fail(), vec![(unknown(), pass())], "Unknown"),
            (fail(), vec![(pass(), pass()), (unknown(), fail())], "Unknown"),
            (fail(), vec![(pass(), pass()), (unknown(), pass())], "Pass"),
        ] {
            let found = Verdict::measured(|| own.clone(), measures.clone());
            let found = format!("{found:?}");
            assert!(found.starts_with(expected), "{own:?} {measures:?}: {found}");
        }
    }
}

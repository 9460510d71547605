//! Expectation, audit and witness must agree.

use secaudit::model::severity::Severity;
use secaudit::report::v1::{Target, Verdict};

use crate::audit::finding;
use crate::testimony::Testimony;
use crate::witness::{Act, By, Outcome};

/// What a rule must say, and the acts that show that it is true.
pub(crate) struct Expectation {
    rule: &'static str,
    verdict: Verdict,
    severity: Option<Severity>,
    acts: &'static [Shown],
}

/// An act with what must come of it.
pub(crate) type Shown = (Act, By, Outcome);

/// The witness does it.
pub(crate) const fn done(act: Act) -> Shown {
    (act, By::Itself, Outcome::Done)
}

/// The witness is refused.
pub(crate) const fn refused(act: Act) -> Shown {
    (act, By::Itself, Outcome::Refused)
}

/// An ordinary user does it by executing a setuid-root file.
pub(crate) const fn gained(act: Act) -> Shown {
    (act, By::Setuid, Outcome::Done)
}

/// Executing a setuid-root file does not help an ordinary user.
pub(crate) const fn not_gained(act: Act) -> Shown {
    (act, By::Setuid, Outcome::Refused)
}

pub(crate) const fn passes(rule: &'static str, acts: &'static [Shown]) -> Expectation {
    Expectation { rule, verdict: Verdict::Pass, severity: None, acts }
}

pub(crate) const fn fails(rule: &'static str, acts: &'static [Shown]) -> Expectation {
    Expectation { rule, verdict: Verdict::Fail, severity: None, acts }
}

pub(crate) const fn unknown(rule: &'static str) -> Expectation {
    Expectation { rule, verdict: Verdict::Unknown, severity: None, acts: &[] }
}

pub(crate) const fn not_applicable(rule: &'static str, acts: &'static [Shown]) -> Expectation {
    Expectation { rule, verdict: Verdict::NotApplicable, severity: None, acts }
}

impl Expectation {
    /// The finding has this severity, not the rule's own.
    pub(crate) const fn at(self, severity: Severity) -> Self {
        Self { severity: Some(severity), ..self }
    }
}

/// Holds audit and witness against the expectations.
///
/// # Panics
/// Anything disagrees; all of it is said.
pub(crate) fn agree<'a>(
    expected: impl IntoIterator<Item = &'a Expectation>,
    target: &Target,
    testimony: &Testimony,
) {
    let faults: Vec<String> =
        expected.into_iter().flat_map(|each| disagreements(each, target, testimony)).collect();
    assert!(faults.is_empty(), "{}:\n  {}", target.name, faults.join("\n  "));
}

/// Where audit and witness are not what one expectation says.
pub(crate) fn disagreements(
    expected: &Expectation,
    target: &Target,
    testimony: &Testimony,
) -> Vec<String> {
    let Expectation { rule, verdict, severity, acts } = expected;
    let found = finding(target, rule);
    let mut faults = Vec::new();
    if found.verdict != *verdict {
        let why = (&found.statements, &found.gap);
        faults.push(format!("{rule}: expected {verdict:?}, audited {:?}: {why:?}", found.verdict));
    }
    if severity.is_some_and(|severity| severity != found.severity) {
        faults.push(format!("{rule}: expected {severity:?}, audited {:?}", found.severity));
    }
    for (act, by, outcome) in *acts {
        match testimony.on(*act, *by) {
            Some((said, _)) if said == *outcome => {}
            said => faults.push(format!(
                "{rule}: expected {act:?} by {by:?} to be {outcome:?}, witnessed {said:?}"
            )),
        }
    }
    faults
}

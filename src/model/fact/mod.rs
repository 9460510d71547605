//! One question about a target, with the two readings that answer it.
//!
//! This is the only place that knows three-valued logic. A rule says what it
//! thinks of one known value ([`Check`]); the fact decides what that means when
//! there are many values, when some are missing, and when the declaration and
//! the kernel disagree.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use crate::model::reading::{self, Evidence, Gap, Reading, Reason};
use crate::model::source::Source;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Proof, Verdict};

/// One question, two readings.
#[derive(Clone, Debug)]
pub struct Fact<T> {
    declared: Reading<T>,
    /// The kernel's readings, one for each process or a single one for the
    /// container. `None`: the kernel has nothing to say on this question.
    effective: Option<Vec<Reading<T>>>,
}

impl<T> Fact<T> {
    /// A question that the kernel answers once for the whole target.
    pub fn new(declared: Reading<T>, effective: Reading<T>) -> Self {
        Self { declared, effective: Some(vec![effective]) }
    }

    /// A question that the kernel answers for every process.
    ///
    /// `whose` names the list; a list that is missing or empty is a gap,
    /// since "all of nothing" must not pass.
    pub fn of_each(
        declared: Reading<T>,
        whose: &Source,
        each: Result<Vec<Reading<T>>, Gap>,
    ) -> Self {
        let effective = match each {
            Err(gap) => vec![Reading::Missing(gap)],
            Ok(readings) if readings.is_empty() => vec![Reading::Missing(
                Gap::new(Reason::Gone, whose.clone(), "no process of the container is left")
                    .mend("run the audit again while the container runs"),
            )],
            Ok(readings) => readings,
        };
        Self { declared, effective: Some(effective) }
    }

    /// A question on which only the declaration can speak.
    pub const fn declared_only(declared: Reading<T>) -> Self {
        Self { declared, effective: None }
    }

    /// A question on which only the declaration can speak, where `known` is as
    /// much of it as is known. What is there convicts; as long as there is a gap,
    /// what is not there acquits nobody.
    pub fn declared_in_part(known: Reading<T>, gap: Option<Gap>) -> Self {
        match gap {
            None => Self::declared_only(known),
            Some(gap) => {
                let effective = Some(vec![known, Reading::Missing(gap.clone())]);
                Self { declared: Reading::Missing(gap), effective }
            }
        }
    }

    /// A question about what runs, of a target of which nothing runs yet.
    pub fn to_come() -> Self {
        let gap = Gap::new(Reason::NotRunning, Source::Clock, "");
        Self::new(Reading::Inapplicable, Reading::Missing(gap))
    }

    /// The declaration's reading.
    pub const fn declared(&self) -> &Reading<T> {
        &self.declared
    }

    /// The kernel's readings; empty where it has nothing to say.
    pub fn effective(&self) -> &[Reading<T>] {
        self.effective.as_deref().unwrap_or_default()
    }

    /// The readings that decide: the kernel's, or the declaration's where the
    /// kernel has nothing to say or there is nothing yet of which it could speak.
    pub fn deciding(&self) -> &[Reading<T>] {
        match self.effective() {
            [] => std::slice::from_ref(&self.declared),
            effective if effective.iter().any(is_to_come) => std::slice::from_ref(&self.declared),
            effective => effective,
        }
    }

    /// Judges the fact by one rule's opinion of a known value.
    ///
    /// The kernel's word is final, and it must be good for every process. Where
    /// it is missing, a bad declaration convicts and a good one acquits nobody.
    /// Where the kernel has no word by nature, the declaration decides.
    pub fn judge(&self, check: impl Fn(&T) -> Check) -> Verdict {
        let declared = self.rule_on_declaration(&check);
        // What does not run yet is what was written, and nothing else.
        let as_written = |declared| match self.declared {
            Reading::Inapplicable => self.unasked("nothing of it runs yet"),
            Reading::Known(..) | Reading::Missing(_) => declared,
        };
        let effective = match self.effective.as_deref() {
            None => return declared,
            Some([only]) if is_to_come(only) => return as_written(declared),
            Some(effective) => effective,
        };
        let verdict = effective
            .iter()
            .map(|reading| match reading {
                Reading::Known(value, evidence) => {
                    ruling(check(value), evidence, self.declared_evidence())
                }
                Reading::Missing(_) if is_to_come(reading) => as_written(declared.clone()),
                Reading::Missing(gap) => missing(gap, &declared),
                Reading::Inapplicable => declared.clone(),
            })
            .reduce(Verdict::and);
        verdict.unwrap_or(declared)
    }

    /// Says that a rule does not arise for this target, whatever the fact is:
    /// nobody set what it would be held against.
    pub fn unasked(&self, why: impl Into<Cow<'static, str>>) -> Verdict {
        Verdict::NotApplicable(proof(why, &[], &[]))
    }

    /// Judges whether what is in force keeps what was declared.
    ///
    /// `asks` says whether a declaration promises anything that could be
    /// broken, and `check` what one known pair is worth: a value that is
    /// stronger than its declaration holds. A promise whose keeping nobody can
    /// see is unknown, and so is a declaration that could not be read: it may
    /// have promised anything. Where nothing is promised, or the kernel has no
    /// word by nature, nothing can be broken.
    pub fn compare(&self, asks: impl Fn(&T) -> bool, check: impl Fn(&T, &T) -> Check) -> Verdict {
        let (declared, beside) = match &self.declared {
            Reading::Known(value, evidence) if asks(value) => (value, evidence.as_slice()),
            Reading::Known(_, evidence) => {
                return Verdict::NotApplicable(proof(
                    "nothing was declared that could be broken",
                    evidence,
                    &[],
                ));
            }
            Reading::Missing(gap) => return Verdict::Unknown { gap: gap.clone(), stated: None },
            Reading::Inapplicable => {
                return self.unasked("this target declares nothing of the kind");
            }
        };
        // Of all the pairs that are kept one is shown: the others say the same.
        let mut is_kept = false;
        let verdict = self
            .effective()
            .iter()
            .filter_map(|reading| match reading {
                Reading::Known(value, evidence) => match check(declared, value) {
                    Check::Holds(_) if std::mem::replace(&mut is_kept, true) => None,
                    said @ (Check::Holds(_) | Check::Broken { .. } | Check::Moot(_)) => {
                        Some(ruling(said, evidence, beside))
                    }
                },
                Reading::Missing(_) if is_to_come(reading) => {
                    Some(self.unasked("nothing of it runs yet"))
                }
                Reading::Missing(gap) => Some(Verdict::Unknown { gap: gap.clone(), stated: None }),
                Reading::Inapplicable => Some(self.unasked("the kernel has no word on this")),
            })
            .reduce(Verdict::and);
        verdict.unwrap_or_else(|| self.unasked("the kernel has no word on this"))
    }

    fn rule_on_declaration(&self, check: &impl Fn(&T) -> Check) -> Verdict {
        match &self.declared {
            Reading::Known(value, evidence) => ruling(check(value), evidence, &[]),
            Reading::Missing(gap) => Verdict::Unknown { gap: gap.clone(), stated: None },
            Reading::Inapplicable => {
                Verdict::NotApplicable(proof("this target declares nothing of the kind", &[], &[]))
            }
        }
    }

    fn declared_evidence(&self) -> &[Evidence] {
        match &self.declared {
            Reading::Known(_, evidence) => evidence,
            Reading::Missing(_) | Reading::Inapplicable => &[],
        }
    }
}

/// Whether nothing is there yet that could be read.
fn is_to_come<T>(reading: &Reading<T>) -> bool {
    matches!(reading, Reading::Missing(gap) if gap.reason == Reason::NotRunning)
}

/// The kernel is silent: the declaration may convict, and never acquit.
fn missing(gap: &Gap, declared: &Verdict) -> Verdict {
    match declared {
        // Under another kernel nobody here can know better by nature.
        Verdict::Fail(proof) if gap.reason == Reason::OtherKernel => Verdict::Fail(proof.clone()),
        Verdict::Fail(proof) => {
            let unseen = Some(Box::new(gap.clone()));
            Verdict::at_least(Proof { unseen, ..proof.clone() }, gap)
        }
        Verdict::Pass(proof) => {
            let stated = Proof { stated: true, ..proof.clone() };
            Verdict::Unknown { gap: gap.clone(), stated: Some(stated) }
        }
        Verdict::Unknown { .. } | Verdict::NotApplicable(_) => {
            Verdict::Unknown { gap: gap.clone(), stated: None }
        }
    }
}

fn ruling(check: Check, evidence: &[Evidence], beside: &[Evidence]) -> Verdict {
    match check {
        Check::Holds(what) => Verdict::Pass(proof(what, evidence, beside)),
        Check::Moot(why) => Verdict::NotApplicable(proof(why, evidence, beside)),
        Check::Broken { what, severity, shown, named, written, more } => {
            let mut proof = Proof { severity, more, ..proof(what, evidence, beside) };
            if let (false, Some(whole)) = (shown.is_empty(), evidence.first()) {
                let source = whole.source();
                // Fields of other sources stay beside the part that is shown.
                let is_field = |it: &&Evidence| it.source() != source && !it.place.raw().is_empty();
                let others = evidence.iter().filter(is_field).cloned();
                let part = |(place, value): (Untrusted, Untrusted)| {
                    let written = reading::written(evidence, &[&value, &place]);
                    let part = Evidence::new(source.clone(), place, value);
                    part.with(|datum| datum.written = written)
                };
                proof.evidence = shown.into_iter().map(part).chain(others).collect();
            }
            if let (false, Some(whole)) = (written.is_empty(), evidence.first()) {
                proof.evidence = written.into_iter().map(|it| whole.at(it)).collect();
            }
            let evidence = pointed_at(proof.evidence, &named);
            Verdict::Fail(Proof { evidence, ..proof })
        }
    }
}

/// Turns to each item that is named, and puts what has them first.
fn pointed_at(evidence: Vec<Evidence>, named: &[Untrusted]) -> Vec<Evidence> {
    if named.is_empty() {
        return evidence;
    }
    let (mut with_items, mut others) = (Vec::new(), Vec::new());
    let mut is_said = vec![false; named.len()];
    for datum in evidence {
        let mut items = Vec::new();
        for (is_said, item) in is_said.iter_mut().zip(datum.items_that_say(named)) {
            *is_said |= item.is_some();
            items.extend(item.filter(|it| !items.contains(it)));
        }
        if items.is_empty() {
            others.push(datum);
            continue;
        }
        let at = |origin| datum.clone().with(|it| it.written = Some(origin));
        with_items.extend(items.into_iter().map(at));
    }
    // Where items say all of it, no line of what is harmless shows any.
    let is_all = is_said.into_iter().all(|it| it);
    let unlined = |datum: Evidence| match is_all && datum.is_harmless() {
        true => datum.with(|it| it.written = None),
        false => datum,
    };
    with_items.extend(others.into_iter().map(unlined));
    with_items
}

fn proof(what: impl Into<Cow<'static, str>>, evidence: &[Evidence], beside: &[Evidence]) -> Proof {
    Proof {
        statements: vec![what.into()],
        evidence: evidence.to_vec(),
        beside: beside.to_vec(),
        severity: None,
        stated: false,
        unseen: None,
        more: 0,
    }
}

//! One question about a target, with the two readings that answer it.
//!
//! This is the only place that knows three-valued logic. A rule says what it
//! thinks of one known value ([`Check`]); the fact decides what that means when
//! there are many values, when some are missing, and when the declaration and
//! the kernel disagree.

use super::reading::{self, Evidence, Gap, Reading, Reason};
use super::source::Source;
use super::untrusted::Untrusted;
use super::verdict::{Check, Proof, Verdict};

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

    /// The declaration's reading.
    pub const fn declared(&self) -> &Reading<T> {
        &self.declared
    }

    /// The kernel's readings; empty where it has nothing to say.
    pub fn effective(&self) -> &[Reading<T>] {
        self.effective.as_deref().unwrap_or_default()
    }

    /// Judges the fact by one rule's opinion of a known value.
    ///
    /// The kernel's word is final, and it must be good for every process. Where
    /// it is missing, a bad declaration convicts and a good one acquits nobody.
    /// Where the kernel has no word by nature, the declaration decides.
    pub fn judge(&self, check: impl Fn(&T) -> Check) -> Verdict {
        let declared = self.rule_on_declaration(&check);
        let Some(effective) = &self.effective else { return declared };
        let verdict = effective
            .iter()
            .map(|reading| match reading {
                Reading::Known(value, evidence) => {
                    ruling(check(value), evidence, self.declared_evidence())
                }
                // What does not run yet is what was written, and nothing else.
                Reading::Missing(gap) if gap.reason == Reason::NotRunning => match self.declared {
                    Reading::Inapplicable => self.unasked("nothing of it runs yet"),
                    Reading::Known(..) | Reading::Missing(_) => declared.clone(),
                },
                Reading::Missing(gap) => missing(gap, &declared),
                Reading::Inapplicable => declared.clone(),
            })
            .reduce(Verdict::and);
        verdict.unwrap_or(declared)
    }

    /// Says that a rule does not arise for this target, whatever the fact is:
    /// nobody set what it would be held against.
    pub fn unasked(&self, why: &str) -> Verdict {
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
                Reading::Missing(gap) if gap.reason == Reason::NotRunning => {
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

/// The kernel is silent: the declaration may convict, and never acquit.
fn missing(gap: &Gap, declared: &Verdict) -> Verdict {
    match declared {
        // Under another kernel nobody here can know better by nature.
        Verdict::Fail(proof) if gap.reason == Reason::OtherKernel => Verdict::Fail(proof.clone()),
        Verdict::Fail(proof) => Verdict::at_least(proof.clone(), gap),
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
        Check::Holds(what) => Verdict::Pass(proof(&what, evidence, beside)),
        Check::Moot(why) => Verdict::NotApplicable(proof(&why, evidence, beside)),
        Check::Broken { what, severity, shown, named } => {
            let mut proof = Proof { severity, ..proof(&what, evidence, beside) };
            if let (false, Some(whole)) = (shown.is_empty(), evidence.first()) {
                let source = &whole.source;
                // Fields of other sources stay beside the part that is shown.
                let is_field = |it: &&Evidence| it.source != *source && !it.place.raw().is_empty();
                let others = evidence.iter().filter(is_field).cloned();
                let part = |(place, value): (Untrusted, Untrusted)| Evidence {
                    written: reading::written(evidence, &[&value, &place]),
                    ..Evidence::new(source.clone(), place, value)
                };
                proof.evidence = shown.into_iter().map(part).chain(others).collect();
            }
            point_at(&mut proof.evidence, &named);
            Verdict::Fail(proof)
        }
    }
}

/// Turns to the items that are named, and puts what has them first.
fn point_at(evidence: &mut [Evidence], named: &[Untrusted]) {
    let has = |it: &Evidence| named.iter().find_map(|name| it.part_that_says(&[name])).cloned();
    for datum in &mut *evidence {
        if let Some(origin) = has(datum) {
            datum.written = Some(origin);
        }
    }
    if !named.is_empty() {
        evidence.sort_by_cached_key(|it| has(it).is_none());
    }
}

fn proof(what: &str, evidence: &[Evidence], beside: &[Evidence]) -> Proof {
    Proof {
        statements: vec![what.to_owned()],
        evidence: evidence.to_vec(),
        beside: beside.to_vec(),
        severity: None,
        stated: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(value: bool) -> Reading<bool> {
        Reading::Known(value, vec![])
    }

    fn gap() -> Gap {
        Gap::new(Reason::Denied, Source::Clock, "refused")
    }

    fn missing() -> Reading<bool> {
        Reading::Missing(gap())
    }

    fn check(good: &bool) -> Check {
        if *good { Check::holds("good") } else { Check::broken("bad") }
    }

    fn outcome(verdict: &Verdict) -> &'static str {
        match verdict {
            Verdict::Pass(_) => "pass",
            Verdict::Fail(_) => "fail",
            Verdict::Unknown { stated: Some(_), .. } => "unknown, stated",
            Verdict::Unknown { stated: None, .. } => "unknown",
            Verdict::NotApplicable(_) => "n/a",
        }
    }

    #[test]
    fn the_whole_truth_table_of_two_readings() {
        let table = [
            (known(true), known(true), "pass"),
            (known(false), known(true), "pass"),
            (known(true), known(false), "fail"),
            (known(false), known(false), "fail"),
            (missing(), known(true), "pass"),
            (missing(), known(false), "fail"),
            (known(true), missing(), "unknown, stated"),
            (known(false), missing(), "fail"),
            (missing(), missing(), "unknown"),
            (Reading::Inapplicable, known(true), "pass"),
            (Reading::Inapplicable, missing(), "unknown"),
            (known(true), Reading::Inapplicable, "pass"),
            (known(false), Reading::Inapplicable, "fail"),
            (missing(), Reading::Inapplicable, "unknown"),
            (Reading::Inapplicable, Reading::Inapplicable, "n/a"),
        ];
        for (declared, effective, expected) in table {
            let row = format!("declared {declared:?}, effective {effective:?}");
            let verdict = Fact::new(declared, effective).judge(check);
            assert_eq!(outcome(&verdict), expected, "{row}");
        }
    }

    #[test]
    fn one_bad_process_convicts_and_one_unread_process_keeps_the_rest_from_acquitting() {
        let judge = |each: Vec<Reading<bool>>| {
            let fact = Fact::of_each(known(true), &Source::Clock, Ok(each));
            outcome(&fact.judge(check)).to_owned()
        };
        assert_eq!(judge(vec![known(true), known(true)]), "pass");
        assert_eq!(judge(vec![known(true), known(false), missing()]), "fail");
        assert_eq!(judge(vec![known(true), missing()]), "unknown, stated");
    }

    #[test]
    fn an_empty_list_of_processes_is_a_gap() {
        let fact = Fact::of_each(known(true), &Source::Clock, Ok(vec![]));
        assert_eq!(outcome(&fact.judge(check)), "unknown, stated");
    }

    #[test]
    fn the_gravest_of_several_failures_sets_the_severity() {
        use crate::model::severity::Severity;
        let check = |good: &bool| {
            if *good { Check::broken("mild").only(Severity::Low) } else { Check::broken("grave") }
        };
        let fact = Fact::of_each(
            Reading::Inapplicable,
            &Source::Clock,
            Ok(vec![known(true), known(false)]),
        );
        let Verdict::Fail(proof) = fact.judge(check) else { panic!("both are broken") };
        assert_eq!(proof.severity(), None, "the rule's own severity");
        assert_eq!(proof.statements(), ["mild", "grave"]);
    }

    #[test]
    fn how_bad_a_mild_failure_is_beside_something_unread_cannot_be_told() {
        use crate::model::severity::Severity;
        let mild = |_: &bool| Check::broken("mild").only(Severity::Low);
        let judge = |each: Vec<Reading<bool>>| {
            let fact = Fact::of_each(known(true), &Source::Clock, Ok(each));
            let Verdict::Fail(proof) = fact.judge(mild) else { panic!("all of them are broken") };
            proof.severity()
        };
        assert_eq!(judge(vec![known(true), known(true)]), Some(Severity::Low));
        let unread = || Fact::declared_only(missing()).judge(mild);
        let mild_alone = || Fact::declared_only(known(true)).judge(mild);
        for both in [mild_alone().and(unread()), unread().and(mild_alone())] {
            assert_eq!(outcome(&both), "unknown");
        }
    }

    #[test]
    fn the_whole_truth_table_of_a_promise_and_its_keeping() {
        // `true` is strong: a strong declaration promises something.
        let table = [
            (known(true), known(true), "pass"),
            (known(true), known(false), "fail"),
            (known(true), missing(), "unknown"),
            (known(true), Reading::Inapplicable, "n/a"),
            (known(false), known(true), "n/a"),
            (known(false), known(false), "n/a"),
            (known(false), missing(), "n/a"),
            (missing(), known(true), "unknown"),
            (missing(), known(false), "unknown"),
            (missing(), missing(), "unknown"),
            (Reading::Inapplicable, known(false), "n/a"),
            (Reading::Inapplicable, missing(), "n/a"),
        ];
        let weaker = |declared: &bool, effective: &bool| {
            if *declared && !effective { Check::broken("weaker") } else { Check::holds("kept") }
        };
        for (declared, effective, expected) in table {
            let row = format!("declared {declared:?}, effective {effective:?}");
            let verdict = Fact::new(declared, effective).compare(|strong| *strong, weaker);
            assert_eq!(outcome(&verdict), expected, "{row}");
        }
        let alone = Fact::declared_only(known(true)).compare(|strong| *strong, weaker);
        assert_eq!(outcome(&alone), "n/a");
        let each = Ok(vec![known(true), missing(), known(false)]);
        let each = Fact::of_each(known(true), &Source::Clock, each);
        assert_eq!(outcome(&each.compare(|strong| *strong, weaker)), "fail");
        let each = Ok(vec![known(true), known(true), known(true)]);
        let each = Fact::of_each(known(true), &Source::Clock, each);
        assert_eq!(outcome(&each.compare(|strong| *strong, weaker)), "pass");
    }

    #[test]
    fn how_bad_a_mild_declaration_is_cannot_be_told_where_the_kernel_could_have_been_asked() {
        use crate::model::severity::Severity;
        let verdict = |reason| {
            let unread = Reading::Missing(Gap { reason, ..gap() });
            Fact::new(known(false), unread)
                .judge(|_: &bool| Check::broken("mild").only(Severity::Low))
        };
        let Verdict::Unknown { gap, .. } = verdict(Reason::Denied) else { panic!("it is unknown") };
        assert_eq!(gap.detail, "mild; how bad it is cannot be told: refused");
        assert_eq!(outcome(&verdict(Reason::OtherKernel)), "fail");
    }

    #[test]
    fn a_condition_that_is_unknown_leaves_the_rule_unknown() {
        let rule = Fact::declared_only(known(true)).judge(check);
        let holds = Fact::declared_only(known(true)).judge(check);
        let broken = Fact::declared_only(known(false)).judge(check);
        let unread = Fact::declared_only(missing()).judge(check);
        assert_eq!(outcome(&rule.clone().where_holds(holds)), "pass");
        assert_eq!(outcome(&rule.clone().where_holds(broken)), "n/a");
        assert_eq!(outcome(&rule.where_holds(unread.clone())), "unknown");
        // What does not apply does not apply whatever the condition is.
        let moot = Fact::declared_only(known(true)).unasked("nobody asks");
        assert_eq!(outcome(&moot.where_holds(unread)), "n/a");
    }
}

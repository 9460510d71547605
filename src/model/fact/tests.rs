//! The truth tables of two readings.

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
    let fact =
        Fact::of_each(Reading::Inapplicable, &Source::Clock, Ok(vec![known(true), known(false)]));
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
        Fact::new(known(false), unread).judge(|_: &bool| Check::broken("mild").only(Severity::Low))
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

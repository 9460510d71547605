//! What waivers cover, and until when.

use super::*;
use crate::model::bundle::{Answer, Origin};
use crate::model::draft::Origin as Line;
use crate::model::fact::Fact;
use crate::model::finding::Sheet;
use crate::model::reading::{Gap, Reading, Reason};
use crate::model::severity::Severity;
use crate::model::target::Kind;
use crate::model::verdict::Check;
use crate::model::waiver::Scope;

/// Any rule will do.
const RULE: &str = rules::ALL[0].id;

/// Evidence that stands at a line of a file.
fn at(file: &str, line: u32) -> Evidence {
    let at = written(file, line);
    let line = Line { key: "a".into(), at, overrode: None };
    let datum = Evidence::new(Source::Compose("a#web".into()), "a", "b");
    datum.with(|it| it.written = Some(line.into()))
}

/// Evidence that nothing sets, and that could be set at a line.
fn could_be_at(file: &str, line: u32) -> Evidence {
    let line = Line { key: "".into(), at: written(file, line), overrode: None };
    at(file, 1).with(|it| it.written = Some(line.into()))
}

fn written(file: &str, line: u32) -> Written {
    Written { file: file.into(), line, column: 1, length: 1, excerpt: "".into() }
}

fn failing(lines: &[(&str, u32)]) -> Verdict {
    let evidence = lines.iter().map(|(file, line)| at(file, *line)).collect();
    Fact::declared_only(Reading::Known((), evidence)).judge(|()| Check::broken("it is broken"))
}

fn ledger(verdict: Verdict) -> Ledger {
    let finding =
        Finding { rule: RULE, severity: Severity::High, verdict, waiver: None, is_known: false };
    let target =
        Target { kind: Kind::Service, id: "a#web".into(), name: "web".into(), image: None };
    Ledger { sheets: vec![Sheet { target, findings: vec![finding] }] }
}

fn waiver(rule: &str, until: &str, (first, last): (u32, u32), target: Option<&str>) -> Waiver {
    let terms = Terms {
        rule: rule.into(),
        until: until.parse().unwrap(),
        owner: "shop".into(),
        reason: "because".into(),
        ticket: None,
    };
    let targets = target.into_iter().map(str::to_owned).collect();
    let (file, kind) = ("a".into(), Kind::Service);
    let scope = Scope { file, kind, first: (first, 1), last: (last, 9), targets };
    Waiver { at: written("a", first - 1), terms: Ok((scope, terms)) }
}

/// What comes of waivers at a time, and whether the finding is covered.
fn met(verdict: Verdict, waivers: Vec<Waiver>, now: Option<&str>) -> (Vec<State>, bool) {
    let mut bundle = Bundle::new(Origin::Compose);
    waivers.into_iter().for_each(|it| bundle.add_waiver(it));
    if let Some(now) = now {
        bundle.record(Source::Clock, Ok(Answer::Text(now.into())));
    }
    let mut ledger = ledger(verdict);
    let states = lay(&mut ledger, &bundle.waivers, &bundle, &Policy::baseline());
    let is_covered = ledger.sheets[0].findings[0].waiver.is_some();
    (states.into_iter().map(|it| it.state).collect(), is_covered)
}

const NOON: Option<&str> = Some("2026-11-20T12:00:00Z");

fn in_force(left: i32) -> State {
    State::InForce { left, over: vec!["web".into()] }
}

#[test]
fn a_waiver_holds_to_the_end_of_its_last_day_in_utc() {
    for (until, now, expected) in [
        ("2027-01-31", "2027-01-30T12:00:00Z", in_force(1)),
        ("2027-01-31", "2027-01-31T00:00:00Z", in_force(0)),
        ("2027-01-31", "2027-01-31T23:59:59Z", in_force(0)),
        ("2027-01-31", "2027-02-01T00:00:00Z", State::Expired { ago: 1 }),
        // The day is that of UTC, wherever the clock stands.
        ("2027-01-31", "2027-02-01T00:59:59+01:00", in_force(0)),
        ("2027-01-31", "2027-01-31T23:30:00-01:00", State::Expired { ago: 1 }),
        // Leap days, and the years that have none.
        ("2028-02-29", "2028-02-28T12:00:00Z", in_force(1)),
        ("2028-03-01", "2028-02-28T12:00:00Z", in_force(2)),
        ("2027-03-01", "2027-02-28T12:00:00Z", in_force(1)),
        // A clock that is set back finds the waiver as it was then.
        ("2027-01-31", "1970-01-01T00:00:00Z", in_force(20_849)),
    ] {
        let (states, is_covered) =
            met(failing(&[("a", 5)]), vec![waiver(RULE, until, (5, 5), None)], Some(now));
        assert_eq!(states, [expected], "{until} {now}");
        assert_eq!(is_covered, !states[0].is_idle(), "{until} {now}");
    }
}

#[test]
fn without_a_clock_nothing_is_waived() {
    let waivers = vec![waiver(RULE, "2999-01-01", (5, 5), None)];
    let (states, is_covered) = met(failing(&[("a", 5)]), waivers, None);
    assert!(matches!(&states[..], [State::Misread(slip)] if slip.what.contains("what day")));
    assert!(!is_covered);
}

#[test]
fn every_line_that_shows_a_failure_has_to_be_covered() {
    for (lines, scopes, is_expected) in [
        (vec![("a", 5)], vec![(5, 5)], true),
        (vec![("a", 5)], vec![(4, 6)], true),
        (vec![("a", 7)], vec![(4, 6)], false),
        (vec![("b", 5)], vec![(4, 6)], false),
        (vec![("a", 5), ("a", 7)], vec![(4, 6)], false),
        (vec![("a", 5), ("a", 7)], vec![(4, 6), (7, 7)], true),
        // What no line shows is not covered by any.
        (vec![], vec![(1, 99)], false),
    ] {
        let count = scopes.len();
        let waivers = scopes.into_iter().map(|it| waiver(RULE, "2027-01-31", it, None)).collect();
        let (states, is_covered) = met(failing(&lines), waivers, NOON);
        assert_eq!(is_covered, is_expected, "{lines:?}");
        let outside = lines.iter().find(|(file, line)| *file == "b" || *line == 7);
        let rest = outside.map_or(Rest::Mended, |(file, line)| {
            Rest::Elsewhere("web".into(), written(file, *line))
        });
        let expected = if is_expected { in_force(72) } else { State::Unused(rest) };
        assert_eq!(states, vec![expected; count], "{lines:?}");
    }
}

#[test]
fn where_a_line_says_it_the_place_of_what_is_not_said_counts_for_nothing() {
    let failing = |evidence| {
        let reading = Reading::Known((), evidence);
        Fact::declared_only(reading).judge(|()| Check::broken("it is broken"))
    };
    let own = || vec![waiver(RULE, "2027-01-31", (5, 6), None)];
    let said = failing(vec![at("a", 5), could_be_at("a", 9)]);
    assert!(met(said, own(), NOON).1);
    for (line, is_expected) in [(5, true), (9, false)] {
        assert_eq!(met(failing(vec![could_be_at("a", line)]), own(), NOON).1, is_expected);
    }
}

#[test]
fn above_a_service_a_waiver_covers_it_wherever_the_line_stands_and_known_or_not() {
    let gap = Gap::new(Reason::Unset, Source::Clock, "TAG is not set");
    let unknown = Fact::<()>::declared_only(Reading::Missing(gap)).judge(|()| Check::holds("a"));
    for verdict in [failing(&[("other", 99)]), failing(&[]), unknown] {
        let own = || waiver(RULE, "2027-01-31", (5, 9), Some("a#web"));
        assert_eq!(met(verdict.clone(), vec![own()], NOON), (vec![in_force(72)], true));
        let another = waiver(RULE, "2027-01-31", (5, 9), Some("a#db"));
        // Who was not asked may need it elsewhere.
        assert_eq!(met(verdict, vec![another], NOON), (vec![], false));
    }
}

#[test]
fn a_rule_that_nobody_asks_of_such_a_file_is_told_and_a_file_that_is_not_judged_here_is_not() {
    let of_builds = rules::ALL.iter().find(|it| it.targets == [Kind::Dockerfile]).unwrap();
    let own = waiver(of_builds.id, "2027-01-31", (5, 9), Some("a#web"));
    let (states, _) = met(failing(&[("a", 5)]), vec![own.clone()], NOON);
    assert!(matches!(&states[..], [State::Misread(slip)] if slip.what.contains("not asked of")));
    let (mut scope, terms) = own.terms.unwrap();
    (scope.kind, scope.targets) = (Kind::Dockerfile, Vec::new());
    let own = Waiver { terms: Ok((scope, terms)), ..own };
    assert_eq!(met(failing(&[("a", 5)]), vec![own], NOON).0, []);
}

#[test]
fn what_is_well_needs_no_waiver() {
    let well = Fact::declared_only(Reading::of(())).judge(|()| Check::holds("it is well"));
    let own = waiver(RULE, "2027-01-31", (5, 9), Some("a#web"));
    assert_eq!(met(well, vec![own], NOON), (vec![State::Unused(Rest::Mended)], false));
}

#[test]
fn a_rule_that_there_is_not_is_told_with_the_one_that_is_meant() {
    let own = waiver(&format!("{RULE}s"), "2027-01-31", (5, 9), Some("a#web"));
    let (states, is_covered) = met(failing(&[("a", 5)]), vec![own], NOON);
    let [State::Misread(slip)] = &states[..] else { panic!("{states:?}") };
    assert_eq!(slip.what, format!("there is no rule {RULE}s"));
    assert_eq!(slip.help, format!("`{RULE}` is meant"));
    assert!(!is_covered);
}

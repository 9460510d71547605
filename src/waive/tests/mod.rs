//! What waivers cover, and until when.

mod origins;

use super::*;
use crate::model::bundle::{Answer, Origin};
use crate::model::draft::Origin as Line;
use crate::model::fact::Fact;
use crate::model::finding::Sheet;
use crate::model::reading::{Gap, Reading, Reason};
use crate::model::severity::Severity;
use crate::model::target::Kind;
use crate::model::verdict::Check;
use crate::model::waiver::Part;

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
        evidence: None,
    };
    let part =
        || Part { file: "a".into(), kind: Kind::Service, first: (first, 1), last: (last, 9) };
    let scope = target.map_or_else(|| Scope::Part(part()), |it| Scope::Whole(vec![it.to_owned()]));
    Waiver { at: Place::File(written("a", first - 1)), terms: Ok((scope, terms)) }
}

/// The same, of nothing but what this digest is of.
fn pinned(waiver: Waiver, evidence: &str) -> Waiver {
    let pin = |(scope, terms)| (scope, Terms { evidence: Some(evidence.to_owned()), ..terms });
    Waiver { terms: waiver.terms.map(pin), ..waiver }
}

/// What comes of waivers at a time, and whether the finding is covered.
fn met(verdict: Verdict, waivers: Vec<Waiver>, now: Option<&str>) -> (Vec<State>, bool) {
    let mut bundle = Bundle::new(Origin::Compose);
    waivers.into_iter().for_each(|it| bundle.add_waiver(it));
    if let Some(now) = now {
        bundle.record(Source::Clock, Ok(Answer::Text(now.into())));
    }
    let mut ledger = ledger(verdict);
    let states = lay(&mut ledger, &[], &bundle, &Policy::baseline());
    let is_covered = ledger.sheets[0].findings[0].waiver.is_some();
    (states.into_iter().map(|it| it.state).collect(), is_covered)
}

const NOON: Option<&str> = Some("2026-11-20T12:00:00Z");

fn in_force(left: i32) -> State {
    State::InForce { left, is_ending: left < 14, over: vec!["web".into()] }
}

fn expired(ago: i32) -> State {
    State::Expired { ago, is_needed: true }
}

#[test]
fn a_waiver_holds_to_the_end_of_its_last_day_in_utc() {
    for (until, now, expected) in [
        ("2027-01-31", "2027-01-30T12:00:00Z", in_force(1)),
        ("2027-01-31", "2027-01-31T00:00:00Z", in_force(0)),
        ("2027-01-31", "2027-01-31T23:59:59Z", in_force(0)),
        ("2027-01-31", "2027-02-01T00:00:00Z", expired(1)),
        // The day is that of UTC, wherever the clock stands.
        ("2027-01-31", "2027-02-01T00:59:59+01:00", in_force(0)),
        ("2027-01-31", "2027-01-31T23:30:00-01:00", expired(1)),
        // Leap days, and the years that have none.
        ("2028-02-29", "2028-02-28T12:00:00Z", in_force(1)),
        ("2028-03-01", "2028-02-28T12:00:00Z", in_force(2)),
        ("2027-03-01", "2027-02-28T12:00:00Z", in_force(1)),
        // Where nothing else tells the time, the clock does.
        ("2027-01-31", "1970-01-01T00:00:00Z", in_force(20_849)),
        // Near its end it says so, on the day and at the hour of UTC.
        ("2027-01-31", "2027-01-17T23:59:59Z", in_force(14)),
        ("2027-01-31", "2027-01-18T00:00:00Z", in_force(13)),
        ("2027-01-31", "2027-01-18T00:30:00+02:00", in_force(14)),
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
    let (_, terms) = own.terms.unwrap();
    let part = Part { file: "a".into(), kind: Kind::Dockerfile, first: (1, 1), last: (9, 9) };
    let own = Waiver { terms: Ok((Scope::Part(part), terms)), ..own };
    assert_eq!(met(failing(&[("a", 5)]), vec![own], NOON).0, []);
}

#[test]
fn what_is_well_needs_no_waiver() {
    let well = Fact::declared_only(Reading::of(())).judge(|()| Check::holds("it is well"));
    let own = waiver(RULE, "2027-01-31", (5, 9), Some("a#web"));
    assert_eq!(met(well, vec![own], NOON), (vec![State::Unused(Rest::Mended)], false));
}

#[test]
fn a_waiver_that_is_over_and_needed_no_more_is_told_so() {
    let over = Some("2027-02-01T00:00:00Z");
    let well = || Fact::declared_only(Reading::of(())).judge(|()| Check::holds("it is well"));
    let gap = Gap::new(Reason::Unset, Source::Clock, "TAG is not set");
    let unknown = Fact::<()>::declared_only(Reading::Missing(gap)).judge(|()| Check::holds("a"));
    let of_builds = rules::ALL.iter().find(|it| it.targets == [Kind::Dockerfile]).unwrap();
    for (rule, verdict, target, is_needed) in [
        (RULE, well(), None, false),
        (RULE, well(), Some("a#web"), false),
        (of_builds.id, failing(&[("a", 5)]), None, false),
        (RULE, failing(&[("a", 5)]), None, true),
        (RULE, failing(&[("a", 5), ("a", 7)]), None, true),
        (RULE, failing(&[]), Some("a#web"), true),
        (RULE, unknown.clone(), None, true),
        (RULE, unknown, Some("a#web"), true),
    ] {
        let own = waiver(rule, "2027-01-31", (5, 5), target);
        let (states, is_covered) = met(verdict.clone(), vec![own], over);
        assert_eq!(states, [State::Expired { ago: 1, is_needed }], "{rule} {verdict:?}");
        assert!(!is_covered);
    }
    let renewed = ["2027-01-31", "2027-12-31"].map(|it| waiver(RULE, it, (5, 5), None));
    let (states, _) = met(failing(&[("a", 5)]), renewed.into(), over);
    assert_eq!(states[0], State::Expired { ago: 1, is_needed: false });
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

/// What shows that a target of this rule is broken, and its digest.
fn digest(verdict: &Verdict) -> String {
    ledger(verdict.clone()).sheets[0].findings[0].evidence_digest().unwrap()
}

#[test]
fn a_waiver_that_is_pinned_covers_what_it_was_pinned_to_and_is_void_for_anything_else() {
    let (looked_at, another) = (failing(&[("a", 5)]), shown("/run/docker.sock"));
    let own = |target| waiver(RULE, "2027-01-31", (5, 5), target);
    let (old, new) = (digest(&looked_at), digest(&another));
    assert_ne!(old, new);
    for target in [None, Some("a#web")] {
        let well = met(looked_at.clone(), vec![pinned(own(target), &old)], NOON);
        assert_eq!(well, (vec![in_force(72)], true));
        // A moved line is no other evidence.
        let moved = waiver(RULE, "2027-01-31", (7, 7), target);
        let well = met(failing(&[("a", 7)]), vec![pinned(moved, &old)], NOON);
        assert_eq!(well, (vec![in_force(72)], true));
        let void = State::Void { of: vec!["web".into()], over: vec![] };
        let changed = met(another.clone(), vec![pinned(own(target), &old)], NOON);
        assert_eq!(changed, (vec![void], false));
        // One that is not pinned still covers it, and the other stays void.
        let both = vec![pinned(own(target), &old), own(target)];
        assert!(met(another.clone(), both, NOON).1);
        let over =
            met(another.clone(), vec![pinned(own(target), &old)], Some("2027-02-01T00:00:00Z"));
        assert_eq!(over, (vec![expired(1)], false));
    }
    // Of what nobody can tell nobody knows that it is what was looked at.
    let gap = Gap::new(Reason::Unset, Source::Clock, "TAG is not set");
    let unknown = Fact::<()>::declared_only(Reading::Missing(gap)).judge(|()| Check::holds("a"));
    let (states, is_covered) = met(unknown, vec![pinned(own(Some("a#web")), &old)], NOON);
    assert_eq!((states, is_covered), (vec![State::Unused(Rest::Unknown("web".into()))], false));
}

/// A failure that a path shows.
fn shown(path: &str) -> Verdict {
    let datum = at("a", 5).with(|it| it.value = path.into());
    Fact::declared_only(Reading::Known((), vec![datum])).judge(|()| Check::broken("it is broken"))
}

#[test]
fn what_breaks_a_rule_beyond_its_lines_nobody_answers_for_line_by_line() {
    let reading = Reading::Known((), vec![at("a", 5)]);
    let fact = Fact::declared_only(reading);
    for check in [
        || Check::broken("it is broken").and_more(1),
        || Check::broken("it is broken").beyond_its_lines(),
    ] {
        let own = || waiver(RULE, "2027-01-31", (5, 5), None);
        let (states, is_covered) = met(fact.judge(|()| check()), vec![own()], NOON);
        assert_eq!(states, [State::Unused(Rest::Beyond("web".into()))]);
        assert!(!is_covered);
        let whole = waiver(RULE, "2027-01-31", (5, 9), Some("a#web"));
        assert!(met(fact.judge(|()| check()), vec![whole], NOON).1);
    }
}

#[test]
fn a_from_that_breaks_a_rule_itself_has_to_be_covered_too() {
    let line = |place: &str, line: u32| {
        let origin = Line { key: place.into(), at: written("a", line), overrode: None };
        let datum = Evidence::new(Source::Compose("a#web".into()), place, "x");
        datum.with(|it| it.written = Some(origin.into()))
    };
    let reading = Reading::Known((), vec![line("FROM", 1), line("COPY", 4)]);
    let verdict = Fact::declared_only(reading).judge(|()| Check::broken("it is broken"));
    let own = waiver(RULE, "2027-01-31", (4, 4), None);
    assert!(!met(verdict.clone(), vec![own.clone()], NOON).1);
    assert!(met(verdict, vec![own, waiver(RULE, "2027-01-31", (1, 1), None)], NOON).1);
}

//! Waivers that stand in a policy or in a label, and the day by which all of them end.

use serde_json::{Value, json};

use super::*;

/// What an engine says of a container.
fn container(id: &str, name: &str, record: Value) -> (Target, Source, Value) {
    let kind = Kind::Container;
    let target = Target { kind, id: id.into(), name: name.into(), image: None };
    (target, Source::container(id), record)
}

/// The evidence about containers, all that their engine runs.
fn running(containers: Vec<(Target, Source, Value)>, clock: &str) -> Bundle {
    let mut bundle = Bundle::new(FoundBy::Engine);
    let ids = containers.iter().map(|(target, ..)| target.id.as_str());
    bundle.record(Source::container_list(), Ok(Answer::Json(ids.collect())));
    bundle.record(Source::Clock, Ok(Answer::Text(clock.into())));
    for (target, source, record) in containers {
        bundle.record(source, Ok(Answer::Json(record)));
        bundle.add_target(target);
    }
    bundle
}

/// A policy with more in it than the baseline.
fn policy(more: &str) -> Policy {
    Policy::parse("shop.toml", more).unwrap()
}

/// A policy's waiver of the rule for what is called like this.
fn waives(target: &str, more: &str) -> Policy {
    policy(&format!(
        "[[waive]]\nrule = '{RULE}'\ntarget = '{target}'\nuntil = 2027-01-31\nowner = 'o'\n\
         reason = 'r'\n{more}\n"
    ))
}

/// What comes of the waivers of a bundle whose targets all break the rule.
fn all_fail(bundle: &Bundle, policy: &Policy) -> (Vec<State>, Vec<bool>) {
    let sheet = |target: &Target| {
        let mut sheet = ledger(failing(&[])).sheets.remove(0);
        sheet.target = target.clone();
        sheet
    };
    let mut ledger = Ledger { sheets: bundle.targets.iter().map(sheet).collect() };
    let states = lay(&mut ledger, &[], bundle, policy).into_iter().map(|it| it.state).collect();
    (states, ledger.findings().map(|(_, it)| it.waiver.is_some()).collect())
}

fn of_web() -> Value {
    json!({"com.docker.compose.project": "shop", "com.docker.compose.service": "web",
           "com.docker.compose.container-number": "1"})
}

#[test]
fn a_policy_waives_by_name_or_by_what_a_target_is_called_across_runs() {
    let labelled = |labels: Value| json!({"Config": {"Labels": labels}});
    let bundle = running(
        vec![
            container("1", "shop-probe-1", labelled(json!({}))),
            container("2", "shop-web-7", labelled(of_web())),
            container("3", "web", labelled(json!({}))),
        ],
        NOON.unwrap(),
    );
    for (target, more, expected) in [
        ("shop-probe-*", "", [true, false, false]),
        ("shop/web", "", [false, true, false]),
        ("shop/*", "kind = 'container'", [false, true, false]),
        ("web", "", [false, false, true]),
        ("*web*", "", [false, true, true]),
        ("*", "", [true, true, true]),
    ] {
        let (states, covered) = all_fail(&bundle, &waives(target, more));
        assert_eq!(covered, expected, "{target}");
        assert!(matches!(states[..], [State::InForce { left: 72, .. }]), "{target}: {states:?}");
    }
    // What is not here may be elsewhere, unless everything is here that it can speak of.
    for (target, more, expected) in [
        ("shop/db", "", vec![State::Unused(Rest::Nobody)]),
        ("shop/db", "kind = 'container'", vec![State::Unused(Rest::Nobody)]),
        ("shop/web", "kind = 'service'", vec![]),
        ("shop/web:1", "kind = 'image'", vec![]),
    ] {
        assert_eq!(all_fail(&bundle, &waives(target, more)).0, expected, "{target} {more}");
    }
    let mut some = bundle.clone();
    some.targets.truncate(1);
    assert_eq!(all_fail(&some, &waives("shop/db", "")).0, []);
}

#[test]
fn how_early_an_end_is_told_is_the_policys_to_say() {
    let bundle = |day: &str| {
        running(vec![container("1", "web", json!({}))], &format!("2027-01-{day}T12:00:00Z"))
    };
    for (days, day, is_expected) in [
        ("14", "17", false),
        ("14", "18", true),
        ("0", "31", false),
        ("1", "31", true),
        ("40", "01", true),
    ] {
        let policy = waives("web", &format!("[waivers]\nwarn-days = {days}"));
        let (states, _) = all_fail(&bundle(day), &policy);
        let [State::InForce { is_ending, .. }] = states[..] else { panic!("{states:?}") };
        assert_eq!(is_ending, is_expected, "{days} {day}");
    }
}

/// What else tells the time, whether the waiver is in force then, and what day it is.
type Case<'a> = (&'a str, &'a dyn Fn(&mut Bundle), bool, &'a str);

#[test]
fn a_clock_that_is_set_back_brings_no_waiver_back() {
    let late = "2027-03-01T09:00:00Z";
    let with = |change: &dyn Fn(&mut Bundle)| {
        let mut bundle = running(vec![container("1", "web", json!({}))], "2026-11-20T12:00:00Z");
        change(&mut bundle);
        let (states, covered) = all_fail(&bundle, &waives("web", ""));
        (states, covered[0], today(&bundle, &waives("web", "")).unwrap())
    };
    let record = |document: Value| {
        move |it: &mut Bundle| it.record(Source::container("1"), Ok(Answer::Json(document.clone())))
    };
    let engine = |it: &mut Bundle| {
        it.record(Source::engine_info(), Ok(Answer::Json(json!({"SystemTime": late}))));
    };
    let image = |it: &mut Bundle| {
        let document = json!({"Created": late, "Config": {"Labels": {"built": late}}});
        it.record(Source::image("sha256:1"), Ok(Answer::Json(document)));
        it.record(Source::container("1"), Ok(Answer::Json(json!({"Image": "sha256:1"}))));
    };
    let created = record(json!({"Created": late}));
    let started = record(json!({"State": {"StartedAt": "2027-03-01T10:00:00+01:00"}}));
    let ended = record(json!({"State": {"FinishedAt": late, "StartedAt": "0001-01-01T00:00:00Z"}}));
    let never = record(json!({"Created": "yesterday", "State": {"StartedAt": 7}}));
    let soon = record(json!({"Created": "2026-11-21T11:00:00Z"}));
    let cases: [Case<'_>; 8] = [
        ("nothing else tells", &|_| (), true, "2026-11-20"),
        ("the engine's clock", &engine, false, "2027-03-01"),
        ("when a container was created", &created, false, "2027-03-01"),
        ("when it was started, in another zone", &started, false, "2027-03-01"),
        ("when it ended", &ended, false, "2027-03-01"),
        ("what is no time", &never, true, "2026-11-20"),
        ("what an image says of itself", &image, true, "2026-11-20"),
        ("less than a day", &soon, true, "2026-11-21"),
    ];
    for (what, change, is_in_force, day) in cases {
        let (states, is_covered, today) = with(change);
        assert_eq!(is_covered, is_in_force, "{what}: {states:?}");
        assert_eq!(today.day.to_string(), day, "{what}");
        assert_eq!(today.behind.is_some(), !is_in_force, "{what}");
        if let Some(behind) = today.behind {
            assert_eq!(behind.at.to_string(), late, "{what}");
            assert_eq!(states, [expired(29)], "{what}");
        }
    }
}

#[test]
fn a_label_counts_where_the_policy_says_so_and_never_if_the_image_brings_it() {
    const OWN: &str = "until=2027-01-31 owner=o reason=r";
    let name = format!("secaudit.waive.{RULE}");
    let labelled = |value: &str, image: Option<Value>| {
        let record = json!({"Image": "sha256:1", "Config": {"Labels": {(name.as_str()): value}}});
        let mut bundle = running(vec![container("1", "web", record)], NOON.unwrap());
        if let Some(labels) = image {
            let document = json!({"Config": {"Labels": labels}});
            bundle.record(Source::image("sha256:1"), Ok(Answer::Json(document)));
        }
        bundle
    };
    let brings = |value: &str| Some(json!({(name.as_str()): value}));
    let (yes, no) = (policy("[waivers]\nlabels = true\n"), Policy::baseline());
    let none = || Some(json!(null));
    for (bundle, policy, expected) in [
        (labelled(OWN, none()), &yes, Ok(in_force(72))),
        (labelled(OWN, none()), &no, Err("the policy does not accept labels")),
        (labelled(OWN, brings(OWN)), &yes, Err("it comes with the image")),
        (labelled(OWN, brings(OWN)), &no, Err("it comes with the image")),
        (labelled(OWN, brings("until=2026-01-31")), &yes, Ok(in_force(72))),
        (labelled(OWN, None), &yes, Err("whether its image brings it along is unknown")),
        (labelled("until=2026-11-19 owner=o reason=r", none()), &yes, Ok(expired(1))),
        (labelled("until=2027-01-31 reason=r", none()), &yes, Err("it does not say `owner=`")),
    ] {
        let (states, covered) = all_fail(&bundle, policy);
        match (&states[..], expected) {
            ([state], Ok(expected)) => {
                assert_eq!(*state, expected);
                assert_eq!(covered[0], matches!(state, State::InForce { .. }));
            }
            ([State::Refused(slip) | State::Misread(slip)], Err(what)) => {
                assert!(slip.what.contains(what), "{slip:?}");
                assert!(!slip.help.is_empty());
                assert!(!covered[0], "{what}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_pin_voids_a_waiver_where_other_evidence_shows_it_and_nowhere_else() {
    let bundle = running(
        vec![container("1", "web-1", json!({})), container("2", "web-2", json!({}))],
        NOON.unwrap(),
    );
    let verdicts = [shown("/srv/cache"), shown("/run/docker.sock")];
    let sheets = bundle.targets.iter().zip(&verdicts).map(|(target, verdict)| {
        let mut sheet = ledger(verdict.clone()).sheets.remove(0);
        sheet.target = target.clone();
        sheet
    });
    let mut ledger = Ledger { sheets: sheets.collect() };
    let [looked_at, another] = verdicts.each_ref().map(digest);
    let policy = waives("web-*", &format!("kind = 'container'\nevidence = '{looked_at}'"));
    let standing = lay(&mut ledger, &[], &bundle, &policy);
    let [it] = standing.as_slice() else { panic!("{standing:?}") };
    assert_eq!(it.state, State::Void { of: vec!["web-2".into()], over: vec!["web-1".into()] });
    assert_eq!(it.evidence, [another].into());
    assert!(!it.state.is_idle(), "it still covers the first");
    let covered: Vec<bool> = ledger.findings().map(|(_, it)| it.waiver.is_some()).collect();
    assert_eq!(covered, [true, false]);
}

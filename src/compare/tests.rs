//! What must hold of every change.

use serde_json::{Value, json};

use super::*;
use crate::model::target::Kind;

const STATES: [State; 5] =
    [State::Well, State::Stated, State::Waived, State::Unknown, State::Failing];

/// Every way in which one finding can stand.
fn all() -> Vec<(State, Severity)> {
    STATES.into_iter().flat_map(|state| Severity::ALL.map(|severity| (state, severity))).collect()
}

fn change(before: (State, Severity), now: (State, Severity)) -> Change {
    let of = |(state, severity)| Standing::of(state, severity);
    Change::from(Some(&of(before)), Some(&of(now)))
}

#[test]
fn nothing_changes_where_nothing_has_changed() {
    for one in all() {
        assert_eq!(change(one, one), Change::Unchanged, "{one:?}");
    }
}

#[test]
fn to_know_less_is_never_better() {
    for before in all() {
        for now in all() {
            let is_less = matches!(now.0, State::Unknown | State::Stated);
            let was_known = !matches!(before.0, State::Unknown | State::Stated);
            let seems_better = matches!(change(before, now), Change::Better | Change::Fixed);
            assert!(!(is_less && was_known && seems_better), "{before:?} {now:?}");
        }
    }
}

#[test]
fn a_baseline_excuses_exactly_what_the_difference_does_not_hold_against_anybody() {
    for before in all() {
        for now in all().into_iter().filter(|it| matches!(it.0, State::Failing | State::Unknown)) {
            let excused = excuses(&Standing::of(before.0, before.1), now.0, now.1);
            let told = change(before, now);
            if now.0 == State::Failing {
                assert_eq!(excused, told != Change::Worse, "{before:?} {now:?} {told:?}");
            } else if before.0 == State::Failing {
                // What failed and is unknown is told, and excused: it can be no worse.
                assert_eq!(excused, before.1 >= now.1, "{before:?} {now:?}");
            } else {
                assert_eq!(excused, told != Change::UnknownNow, "{before:?} {now:?}");
            }
        }
    }
}

#[test]
fn a_worse_audit_is_excused_by_no_milder_one_and_by_every_worse_one() {
    let rank = |(state, severity): (State, Severity)| match state {
        State::Failing => (2, Some(severity)),
        State::Unknown => (1, Some(severity)),
        State::Well | State::Stated | State::Waived => (0, None),
    };
    for now in all() {
        for one in all() {
            for worse in all().into_iter().filter(|it| rank(*it).0 >= rank(one).0) {
                let excused =
                    |it: (State, Severity)| excuses(&Standing::of(it.0, it.1), now.0, now.1);
                if rank(worse).1 >= rank(one).1 && excused(one) {
                    assert!(excused(worse), "{one:?} excuses {now:?}, and {worse:?} does not");
                }
            }
        }
    }
}

#[test]
fn of_several_replicas_the_worst_counts_and_each_is_excused_by_its_like() {
    let of = |state, severity| Standing::of(state, severity);
    let mixed = of(State::Failing, Severity::Low).and(of(State::Unknown, Severity::High));
    assert_eq!(mixed.state(), State::Failing);
    assert!(excuses(&mixed, State::Failing, Severity::Low));
    assert!(excuses(&mixed, State::Unknown, Severity::High));
    assert!(!excuses(&mixed, State::Failing, Severity::High));
    assert_eq!(Change::from(Some(&mixed), Some(&mixed)), Change::Unchanged);
    let (well, failing) = (of(State::Well, Severity::High), of(State::Failing, Severity::High));
    assert_eq!(Change::from(Some(&failing), Some(&well.and(failing))), Change::Unchanged);
    assert_eq!(Change::from(Some(&well.and(failing)), Some(&well)), Change::Fixed);
}

/// A scorecard of these targets: kind, identity, id, and how one rule stands.
fn card(targets: &[(&str, &str, &str, &str)]) -> Card {
    let target = |(kind, identity, id, verdict): &(&str, &str, &str, &str)| {
        json!({
            "kind": kind, "identity": identity, "id": id, "name": format!("{identity}-{id}"),
            "floor": 40, "findings": [finding(verdict)], "later": {"versions": ["add fields"]},
            "coverage": {"applicable": 1, "verified": 1, "stated": 0, "unknown": 0},
        })
    };
    let targets: Vec<Value> = targets.iter().map(target).collect();
    Card::read(document(&json!(targets)).to_string().as_bytes()).unwrap()
}

fn finding(verdict: &str) -> Value {
    json!({"rule": "a-rule", "severity": "high", "verdict": verdict,
           "statements": ["the root file system is writable"]})
}

fn document(targets: &Value) -> Value {
    json!({
        "schema": SCHEMA, "tool": {"name": "secaudit", "version": "0.1.0"},
        "collected_at": "2026-10-01T00:00:00Z", "score_model": 1, "policy": "baseline",
        "accepts_declared": false, "origin": {"gaps": []}, "targets": targets,
        "rules": {"a-rule": {"title": "the root is read-only", "severity": "high"}},
    })
}

fn changes(old: &Card, new: &Card) -> Vec<(Change, String, Vec<String>)> {
    let row = |it: Row| {
        let on = it.on.iter().map(ToString::to_string).collect();
        (it.change, it.identity.to_string(), on)
    };
    between(old, new).rows.into_iter().map(row).collect()
}

#[test]
fn a_new_replica_that_fails_as_the_others_do_is_nothing_new() {
    let one = card(&[("container", "shop/web", "a", "fail")]);
    let two =
        card(&[("container", "shop/web", "b", "fail"), ("container", "shop/web", "c", "fail")]);
    assert_eq!(changes(&one, &two), []);
    let well = card(&[("container", "shop/web", "a", "pass")]);
    let on = vec!["shop/web-b".to_owned(), "shop/web-c".to_owned()];
    assert_eq!(changes(&well, &two), [(Change::Worse, "shop/web".to_owned(), on)]);
}

#[test]
fn services_of_two_projects_with_one_name_are_two() {
    let old =
        card(&[("service", "app/web", "a#web", "fail"), ("service", "app/web", "b#web", "pass")]);
    let new =
        card(&[("service", "app/web", "a#web", "fail"), ("service", "app/web", "b#web", "fail")]);
    let on = vec!["app/web-b#web".to_owned()];
    assert_eq!(changes(&old, &new), [(Change::Worse, "app/web".to_owned(), on)]);
    let baseline = Baseline::new("old.json", &old);
    let knows =
        |at: usize| baseline.knows(&new.targets[at], "a-rule", State::Failing, Severity::High);
    assert!(knows(0) && !knows(1));
}

#[test]
fn what_is_no_longer_there_is_gone_and_what_was_not_there_is_new() {
    let old = card(&[("image", "shop/web", "1", "fail"), ("image", "well", "2", "pass")]);
    let new = card(&[("image", "shop/api", "3", "fail"), ("image", "db", "4", "unknown")]);
    let told: Vec<_> = changes(&old, &new).into_iter().map(|it| (it.0, it.1)).collect();
    let row = |change, name: &str| (change, name.to_owned());
    assert_eq!(
        told,
        [
            row(Change::New, "shop/api"),
            row(Change::UnknownNow, "db"),
            row(Change::Gone, "shop/web"),
        ]
    );
    let scores = between(&old, &new).scores;
    let of = |name: &str| scores.iter().find(|it| it.identity.raw() == name).unwrap();
    assert_eq!((of("well").before, of("well").now), (Some(40), None));
    assert_eq!((of("db").before, of("db").now), (None, Some(40)));
}

#[test]
fn what_was_judged_otherwise_is_said() {
    let old = card(&[]);
    assert_eq!(between(&old, &old).remarks, [] as [String; 0]);
    let mut new = old.clone();
    new.score_model = 2;
    new.policy = "strict".into();
    new.tool.version = "0.2.0".into();
    new.accepts_declared = true;
    new.collected_at = "2026-09-01T00:00:00Z".into();
    new.rules.clear();
    let remarks = between(&old, &new).remarks.join("\n");
    for part in [
        "of model 1 and of model 2",
        "baseline and strict",
        "0.1.0 and 0.2.0",
        "only in the newer one may a declaration acquit",
        "judged in the older one alone: a-rule",
        "mixed up",
    ] {
        assert!(remarks.contains(part), "{part}: {remarks}");
    }
}

#[test]
fn what_is_no_scorecard_is_refused_with_a_reason() {
    let read = |value: &Value| Card::read(value.to_string().as_bytes()).unwrap_err().to_string();
    let with = |pointer: &str, value: Value| {
        let one = json!([{"kind": "container", "id": "a", "name": "web", "floor": 40,
            "findings": [finding("fail")],
            "coverage": {"applicable": 1, "verified": 1, "stated": 0, "unknown": 0}}]);
        let mut document = document(&one);
        *document.pointer_mut(pointer).unwrap() = value;
        document
    };
    assert!(Card::read(with("/policy", json!("mine")).to_string().as_bytes()).is_ok());
    for (document, said) in [
        (json!([]), "no scorecard"),
        (json!({}), "no schema"),
        (json!({"schema": 1}), "no scorecard"),
        (with("/schema", json!("secaudit/drift/v1")), "it is secaudit/drift/v1 and no"),
        (with("/schema", json!("secaudit/scorecard/v2")), "scorecard/v2 and no"),
        (with("/schema", json!("\u{1b}[2J")), "it is \\u{1b}[2J and no"),
        (with("/targets", json!({"a": 1})), "invalid type"),
        (with("/targets/0/floor", json!(101)), "what web scores"),
        (with("/targets/0/floor", json!(-1)), "invalid value"),
        (with("/targets/0/kind", json!("planet")), "unknown variant"),
        (with("/targets/0/coverage/unknown", json!(9)), "what web scores, or is verified to"),
        (with("/targets/0/findings/0/rule", json!("a\u{1b}]0;b")), "a rule a\\u{1b}"),
        (with("/targets/0/findings/0/rule", json!("another")), "which it did not judge by"),
        (with("/targets/0/findings/0/verdict", json!("fine")), "unknown variant"),
        (with("/rules", json!({"x".repeat(65): {"title": "", "severity": "low"}})), "a rule"),
    ] {
        let error = read(&document);
        assert!(error.contains(said), "{said}: {error}");
        assert!(!error.contains('\u{1b}'), "{error:?}");
    }
    let deep = "[".repeat(1 << 20);
    assert!(Card::read(deep.as_bytes()).is_err());
    let deep = format!("{{\"schema\":\"{SCHEMA}\",\"targets\":{deep}");
    assert!(Card::read(deep.as_bytes()).is_err());
    assert!(Card::read(b"\xff\xfe").is_err());
    assert_eq!(card(&[("container", "", "a", "pass")]).targets[0].kind, Kind::Container);
}

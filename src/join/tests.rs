//! Every pair of what a service and its Dockerfile may say, and the lines it leads to.

use serde_json::json;

use super::*;
use crate::model::build::Recipe;
use crate::model::bundle::{Answer, Origin as FoundBy};
use crate::model::draft::{Draft, Written};
use crate::model::fact::Fact;
use crate::model::reading::{Gap, Reading};
use crate::model::severity::Severity;
use crate::model::verdict::Check;

const ID: &str = "compose.yaml#web";
const RULE: &str = "rule";

/// A key at a line of a file.
type Line = (&'static str, &'static str, u32);

const USER: Line = ("compose.yaml", "user", 5);
const CAP_ADD: Line = ("compose.yaml", "cap_add", 6);
const WEB: Line = ("compose.yaml", "", 3);
const FROM: Line = ("Dockerfile", "FROM", 1);
const BUILT_USER: Line = ("Dockerfile", "USER", 7);
const BUILT_ENV: Line = ("Dockerfile", "ENV", 4);

fn origin((file, key, line): Line) -> Arc<Origin> {
    let at = Written { file: file.into(), line, column: 1, length: 1, excerpt: "".into() };
    Arc::new(Origin { key: key.into(), at, overrode: None })
}

fn judged(lines: &[Line], check: &Check) -> Verdict {
    let evidence = lines.iter().map(|line| {
        let line = origin(*line);
        let datum = Evidence::new(Source::Compose(ID.into()), "", "");
        datum.with(|it| it.written = Some(line))
    });
    Fact::declared_only(Reading::Known((), evidence.collect())).judge(|()| check.clone())
}

fn breaks(lines: &[Line]) -> Verdict {
    judged(lines, &Check::broken("it is broken"))
}

fn keeps(lines: &[Line]) -> Verdict {
    judged(lines, &Check::holds("it holds"))
}

fn moot() -> Verdict {
    judged(&[], &Check::moot("nobody asks"))
}

fn unknown(reason: Reason) -> Verdict {
    let gap = Gap::new(reason, Source::Clock, "nobody knows");
    Verdict::Unknown { gap, stated: None }
}

fn ledger(kind: Kind, id: &str, name: &str, verdict: Verdict) -> Ledger {
    let target = Target { kind, id: id.to_owned(), name: name.into(), image: None };
    let finding =
        Finding { rule: RULE, severity: Severity::High, verdict, waiver: None, is_known: false };
    Ledger { sheets: vec![Sheet { target, findings: vec![finding] }] }
}

fn drafted(source: Source, whole: Line) -> Bundle {
    let mut bundle = Bundle::new(FoundBy::Compose);
    let origins = [(String::new(), origin(whole))].into();
    let draft = Draft { origins, ..Draft::default() };
    bundle.record(source, Ok(Answer::Draft(draft.into())));
    bundle
}

/// The places that would mend a container with these labels, each with whether it is
/// right there already.
fn joined(
    labels: &serde_json::Value,
    container: Verdict,
    service: Verdict,
    dockerfile: Option<Verdict>,
) -> Vec<(Line, bool)> {
    let mut bundle = Bundle::new(FoundBy::Engine);
    let inspect = json!({"Config": {"Labels": labels}});
    bundle.record(Source::container("c1"), Ok(Answer::Json(inspect)));
    let own = ledger(Kind::Container, "c1", "shop-web-1", container);
    let services = drafted(Source::Compose(ID.into()), WEB);
    let mut builds = drafted(Source::Run(ID.into()), FROM);
    let recipe = Recipe { file: "Dockerfile".into(), ..Recipe::default() };
    builds.record(Source::Dockerfile(ID.into()), Ok(Answer::Recipe(recipe.into())));
    let mut asked =
        vec![Asked { bundle: &services, ledger: ledger(Kind::Service, ID, "shop/web", service) }];
    asked.extend(dockerfile.map(|verdict| {
        let ledger = ledger(Kind::Dockerfile, ID, "Dockerfile", verdict);
        Asked { bundle: &builds, ledger }
    }));
    let all = join(&bundle, &own, &asked);
    let places = all.of(&own.sheets[0].target, RULE).iter().map(|mend| {
        let lines = [USER, CAP_ADD, WEB, FROM, BUILT_USER, BUILT_ENV];
        let line = lines.into_iter().find(|it| origin(*it) == mend.origin).unwrap();
        let is_build = line.0 == "Dockerfile";
        assert_eq!(mend.kind, if is_build { Kind::Dockerfile } else { Kind::Service });
        (line, mend.is_asked)
    });
    places.collect()
}

fn of_web() -> serde_json::Value {
    json!({"com.docker.compose.project": "shop", "com.docker.compose.service": "web"})
}

#[test]
fn a_failure_leads_to_the_lines_that_would_mend_it() {
    let open = || unknown(Reason::NotCollected);
    let cases: Vec<(Verdict, Option<Verdict>, &[Line])> = vec![
        (breaks(&[USER]), None, &[USER]),
        (breaks(&[CAP_ADD, USER, CAP_ADD, WEB]), None, &[USER, CAP_ADD]),
        (breaks(&[WEB]), None, &[WEB]),
        (breaks(&[]), None, &[WEB]),
        // The Dockerfile says it, and a key of the service could overrule that.
        (breaks(&[BUILT_USER]), Some(breaks(&[BUILT_USER])), &[WEB, BUILT_USER]),
        // What is in the image is mended where it is made.
        (breaks(&[BUILT_ENV]), Some(breaks(&[BUILT_ENV])), &[BUILT_ENV]),
        (breaks(&[USER]), Some(breaks(&[BUILT_USER])), &[USER, BUILT_USER]),
        (breaks(&[USER]), Some(keeps(&[BUILT_USER])), &[USER]),
        (breaks(&[WEB]), Some(breaks(&[FROM])), &[WEB, FROM]),
        // Both leave it to a base that nobody has.
        (open(), Some(open()), &[WEB, FROM]),
        (open(), None, &[WEB]),
        (breaks(&[USER]), Some(open()), &[USER]),
        // A variable that nobody set stands somewhere.
        (unknown(Reason::Unset), None, &[]),
        (moot(), Some(breaks(&[BUILT_USER])), &[BUILT_USER]),
        (moot(), Some(open()), &[FROM]),
        (moot(), None, &[]),
    ];
    for (service, dockerfile, expected) in cases {
        let case = format!("{service:?}, {dockerfile:?}");
        let expected: Vec<_> = expected.iter().map(|it| (*it, false)).collect();
        assert_eq!(joined(&of_web(), breaks(&[]), service, dockerfile), expected, "{case}");
    }
}

#[test]
fn files_that_are_right_already_are_said_to_be() {
    let cases: Vec<(Verdict, Option<Verdict>, &[Line])> = vec![
        (keeps(&[USER]), Some(breaks(&[BUILT_USER])), &[USER]),
        (keeps(&[BUILT_USER]), Some(keeps(&[BUILT_USER])), &[BUILT_USER]),
        (keeps(&[WEB]), None, &[WEB]),
        (moot(), Some(keeps(&[BUILT_USER])), &[BUILT_USER]),
    ];
    for (service, dockerfile, expected) in cases {
        let expected: Vec<_> = expected.iter().map(|it| (*it, true)).collect();
        let said = joined(&of_web(), breaks(&[]), service.clone(), dockerfile.clone());
        assert_eq!(said, expected);
        // Nobody knows that it runs otherwise.
        assert_eq!(joined(&of_web(), unknown(Reason::Denied), service, dockerfile), []);
    }
}

#[test]
fn what_is_unknown_leads_to_what_breaks_the_rule_in_the_files() {
    let said = joined(&of_web(), unknown(Reason::Denied), breaks(&[USER]), None);
    assert_eq!(said, [(USER, false)]);
}

#[test]
fn what_passes_and_what_is_of_no_service_has_nothing_to_mend() {
    assert_eq!(joined(&of_web(), keeps(&[]), breaks(&[USER]), None), []);
    for labels in [
        json!(null),
        json!({"com.docker.compose.service": "web"}),
        json!({"com.docker.compose.service": "shop/web", "com.docker.compose.project": ""}),
        json!({"com.docker.compose.project": "shop", "com.docker.compose.service": "db"}),
        json!({"com.docker.compose.project": "other", "com.docker.compose.service": "web"}),
        json!({"com.docker.compose.project": ["shop"], "com.docker.compose.service": "web"}),
    ] {
        assert_eq!(joined(&labels, breaks(&[]), breaks(&[USER]), None), []);
    }
}

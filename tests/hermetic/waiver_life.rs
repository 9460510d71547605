//! The life of waivers wherever they stand: in a policy, in a file, in a label; by a
//! clock that is pinned, through the whole program.

use std::path::Path;
use std::process::Output;
use std::sync::Arc;

use secaudit::compare::{Baseline, Card};
use secaudit::judge::Accept;
use secaudit::model::bundle::Answer;
use secaudit::model::source::Source;
use secaudit::policy::Policy;
use secaudit::report::{self, v1};
use serde_json::{Value, json};

use crate::compose::{document, fits, laid_out};
use crate::compose_spans::bundle;
use crate::support::{
    Answer as Says, FakeEngine, command, inspect, schema, script, stderr, stdout,
};

/// The waiver of every origin ends on a leap day.
const LAST: &str = "2028-02-29";
const RULE: &str = "not-privileged";

/// A project with a waiver of one of three origins, or none.
fn shop(origin: &str, pin: Option<&str>, privileged: &str) -> (String, String) {
    let evidence = |it: &str| pin.map(|pin| format!("{it}{pin}")).unwrap_or_default();
    let fields = format!("until={LAST} owner=shop reason=it is moved{}", evidence(" evidence="));
    let comment = format!("    # secaudit: waive {RULE} {fields}\n");
    let label = format!("    labels: {{ secaudit.waive.{RULE}: {fields} }}\n");
    let own = pin.map(|pin| format!("kind = 'service'\nevidence = '{pin}'\n")).unwrap_or_default();
    let policy = format!(
        "[waivers]\nlabels = true\n[[waive]]\nrule = '{RULE}'\ntarget = 'shop/web'\nuntil = {LAST}\n\
         owner = 'shop'\nreason = 'it is moved'\n{own}"
    );
    let accepts = "[waivers]\nlabels = true\n";
    let (comment, label, policy) = match origin {
        "comment" => (comment.as_str(), "", accepts),
        "label" => ("", label.as_str(), accepts),
        "policy" => ("", "", policy.as_str()),
        _ => ("", "", accepts),
    };
    let yaml = format!(
        "name: shop\nservices:\n  web:\n    image: shop/web:1.4\n    user: '1000:1000'\n{label}\
         {comment}    privileged: {privileged}\n"
    );
    (yaml, policy.to_owned())
}

/// What is said of a project at a time, perhaps held against what was said before.
fn judged((yaml, policy): &(String, String), now: &str, before: Option<&v1::Report>) -> v1::Report {
    let mut bundle = bundle(yaml);
    bundle.record(Source::Clock, Ok(Answer::Text(now.into())));
    let mut policy = Policy::parse("shop.toml", policy).unwrap();
    policy.baseline = before.map(|it| {
        let card = Card::read(report::json(it).unwrap().as_bytes()).unwrap();
        Arc::new(Baseline::new("known.json", &card))
    });
    secaudit::evaluate(&bundle, &policy, Accept::Kernel)
}

fn of_rule(report: &v1::Report) -> &v1::Finding {
    report.targets[0].findings.iter().find(|it| it.rule == RULE).unwrap()
}

const ORIGINS: [&str; 3] = ["policy", "comment", "label"];

#[test]
fn a_waiver_of_every_origin_lives_to_the_end_of_its_last_day() {
    use v1::WaiverState::{Ending, Expired, InForce};
    for origin in ORIGINS {
        for (now, state, left) in [
            ("2026-11-20T12:00:00Z", InForce, 466),
            ("2028-02-15T23:59:59Z", InForce, 14),
            ("2028-02-16T00:00:00Z", Ending, 13),
            ("2028-02-28T23:59:59Z", Ending, 1),
            ("2028-02-29T00:00:00Z", Ending, 0),
            ("2028-02-29T23:59:59.999Z", Ending, 0),
            ("2028-03-01T00:00:00Z", Expired, -1),
            // A zone moves the clock's hands and not the day of UTC.
            ("2028-03-01T01:59:59+02:00", Ending, 0),
            ("2028-02-29T23:00:00-01:00", Expired, -1),
            ("2029-02-28T00:00:00Z", Expired, -365),
        ] {
            let report = judged(&shop(origin, None, "true"), now, None);
            let [waiver] = report.waivers.as_slice() else { panic!("{origin}: {report:?}") };
            assert_eq!((waiver.state, waiver.days_left), (state, Some(left)), "{origin} {now}");
            let is_over = state == Expired;
            assert_eq!(of_rule(&report).waived_at.is_none(), is_over, "{origin} {now}");
            assert_eq!(waiver.covers.is_empty(), is_over);
            assert_eq!(waiver.problem.is_some(), is_over, "one that is over says what to do");
            assert_eq!(waiver.owner.as_ref().unwrap().raw(), "shop");
            assert!(waiver.at.is_some(), "{origin}: it stands in a file");
            assert_eq!(report.clock_behind, None);
        }
    }
}

#[test]
fn a_waiver_of_every_origin_is_told_when_it_is_not_needed_any_more() {
    for origin in ORIGINS {
        let report = judged(&shop(origin, None, "false"), "2027-01-01T00:00:00Z", None);
        assert_eq!(report.waivers[0].state, v1::WaiverState::Unused, "{origin}");
        assert!(report.waivers[0].problem.as_ref().unwrap().raw().contains("mended"));
    }
}

#[test]
fn a_pin_holds_a_waiver_of_every_origin_to_what_was_looked_at() {
    let now = "2027-01-01T00:00:00Z";
    let open = judged(&shop("", None, "true"), now, None);
    let digest = of_rule(&open).evidence_digest.clone().unwrap();
    for origin in ORIGINS {
        let project = |pin| shop(origin, Some(pin), "true");
        let report = judged(&project(&digest), now, None);
        assert_eq!(report.waivers[0].state, v1::WaiverState::InForce, "{origin}");
        assert_eq!(report.waivers[0].evidence_now, [digest.clone()].into());
        let (yaml, policy) = project(&digest);
        let moved = judged(&(format!("# moved\n\n\n{yaml}"), policy), now, None);
        assert!(of_rule(&moved).waived_at.is_some(), "{origin}: a line is no evidence");
        let report = judged(&project("0123456789abcdef"), now, None);
        let [waiver] = report.waivers.as_slice() else { panic!("{origin}: {report:?}") };
        assert_eq!(waiver.state, v1::WaiverState::Void, "{origin}");
        assert!(waiver.problem.as_ref().unwrap().raw().contains(&digest), "{origin}");
        assert_eq!(of_rule(&report).waived_at, None, "{origin}: the finding is back");
        assert_eq!(report.gate.exit_code, 1);
    }
}

#[test]
fn a_baseline_of_a_later_day_shows_that_the_clock_was_set_back() {
    for origin in ORIGINS {
        let project = shop(origin, None, "true");
        let known = |day: &str| judged(&project, &format!("{day}T12:00:00Z"), None);
        for (before, now, is_over, is_behind) in [
            ("2028-01-01", "2028-02-29T12:00:00Z", false, false),
            ("2028-02-29", "2028-02-28T12:30:00Z", false, false),
            ("2028-03-01", "2028-02-29T12:30:00Z", true, false),
            ("2028-03-01", "2028-02-28T12:00:00Z", true, true),
            ("2028-03-01", "1970-01-01T00:00:00Z", true, true),
        ] {
            let report = judged(&project, now, Some(&known(before)));
            let is_waived = of_rule(&report).waived_at.is_some();
            assert_eq!(is_waived, !is_over, "{origin}: {before}, then {now}");
            assert_eq!(report.clock_behind.is_some(), is_behind, "{origin}: {before}, then {now}");
        }
    }
}

/// A container that is privileged, and its labels.
fn privileged(labels: Value) -> Value {
    let mut record = inspect('1');
    record["HostConfig"]["Privileged"] = json!(true);
    record["Config"]["Labels"] = labels;
    record
}

/// An engine that runs one container, whose image has these labels.
fn engine(record: &Value, of_image: &Value, info: &Value) -> FakeEngine {
    let mut script = script("1.41", &[("shop-probe-1", record.clone())]);
    let image = record["Image"].as_str().unwrap();
    let document =
        json!({"Id": image, "Config": {"Labels": of_image}, "Created": "2999-06-01T00:00:00Z"});
    let body = |it: &Value| Says::Body(200, it.to_string().into_bytes());
    script.insert(format!("images/{image}/json"), body(&document));
    script.insert("info".to_owned(), body(info));
    FakeEngine::start(script)
}

fn audit(folder: &Path, engine: &FakeEngine, arguments: &[&str]) -> Output {
    let host = engine.host();
    let all = [&["containers", "--host", &host], arguments].concat();
    command(&all).current_dir(folder).env("COLUMNS", "80").output().unwrap()
}

#[test]
fn a_label_of_a_container_counts_where_the_operator_says_so_and_that_of_its_image_never() {
    const TERMS: &str = "until=2999-12-31 owner=probe reason=it reads counters ticket=OPS-814";
    let name = format!("secaudit.waive.{RULE}");
    let label = json!({(name.as_str()): TERMS});
    let folder = laid_out(&[("yes.toml", "[waivers]\nlabels = true\n"), ("no.toml", "")]);
    let info = json!({"ServerVersion": "1.2.3"});
    let well = privileged(label.clone());
    for (policy, record, of_image, state, problem) in [
        ("yes.toml", &well, json!(null), "in-force", None),
        ("no.toml", &well, json!({}), "not-accepted", Some("labels = true")),
        ("yes.toml", &well, label.clone(), "not-accepted", Some("it comes with the image")),
        ("no.toml", &well, label.clone(), "not-accepted", Some("it comes with the image")),
    ] {
        let engine = engine(record, &of_image, &info);
        let told =
            document(&audit(folder.path(), &engine, &["--policy", policy, "--format", "json"]));
        schema().validate(&told).unwrap_or_else(|error| panic!("{error}"));
        let waiver = &told["waivers"][0];
        assert_eq!(waiver["state"], state, "{policy} {of_image}: {waiver}");
        assert_eq!(waiver["label"]["name"], name.as_str());
        assert_eq!(waiver["label"]["of"], "shop-probe-1");
        assert!(waiver.get("at").is_none());
        let said = waiver["problem"].as_str().unwrap_or_default();
        assert!(problem.is_none_or(|it| said.contains(it)), "{said}");
        let text = audit(folder.path(), &engine, &["--policy", policy]);
        fits(&text, 80);
        let words = stdout(&text).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(&format!("label {name} of shop-probe-1")), "{words}");
        assert!(words.contains("ticket OPS-814"), "{words}");
    }
}

#[test]
fn a_label_with_capital_letters_is_told_with_the_name_that_is_meant() {
    let label = json!({"Secaudit.Waive.not-privileged": "until=2999-12-31 owner=o reason=r"});
    let folder = laid_out(&[("p.toml", "[waivers]\nlabels = true\n")]);
    let engine = engine(&privileged(label), &json!({}), &json!({}));
    let arguments = ["--policy", "p.toml", "--format", "json"];
    let told = document(&audit(folder.path(), &engine, &arguments));
    let waiver = &told["waivers"][0];
    assert_eq!(waiver["state"], "misread", "{told}");
    let problem = waiver["problem"].as_str().unwrap();
    assert!(problem.contains("`secaudit.waive.not-privileged` is meant"), "{problem}");
}

#[test]
fn a_pin_counts_a_port_that_was_asked_for_and_none_that_the_engine_chose() {
    let folder = laid_out(&[]);
    let digest = |asked: &str, port: &str| {
        let mut record = inspect('1');
        record["HostConfig"]["PortBindings"] = json!({"80/tcp": [{"HostPort": asked}]});
        record["NetworkSettings"]["Ports"] = json!({"80/tcp": [{"HostIp": "", "HostPort": port}]});
        let engine = engine(&record, &json!({}), &json!({}));
        let told = document(&audit(folder.path(), &engine, &["--format", "json"]));
        let all = told["targets"][0]["findings"].as_array().unwrap();
        let own = all.iter().find(|it| it["rule"] == "published-ports-bound").unwrap();
        own["evidence_digest"].as_str().unwrap_or_else(|| panic!("{own}")).to_owned()
    };
    assert_eq!(digest("", "32768"), digest("", "49153"));
    assert_eq!(digest("8000-9000", "8000"), digest("8000-9000", "8001"));
    assert_ne!(digest("40000", "40000"), digest("40001", "40001"));
    let of_file = |port: u16| {
        let yaml = format!("services: {{ web: {{ image: a, ports: ['{port}:80'] }} }}");
        let report = judged(&(yaml, String::new()), "2027-01-01T00:00:00Z", None);
        let all = report.targets[0].findings.iter();
        let own = all.clone().find(|it| it.rule == "published-ports-bound").unwrap();
        own.evidence_digest.clone().unwrap()
    };
    assert_ne!(of_file(40_000), of_file(40_001));
}

#[test]
fn an_engine_whose_clock_is_ahead_shows_that_this_one_was_set_back() {
    let waive = format!(
        "[[waive]]\nrule = '{RULE}'\ntarget = 'shop-probe-*'\nuntil = 2999-06-30\nowner = 'o'\nreason = 'r'\n"
    );
    let folder = laid_out(&[("p.toml", &waive)]);
    let told = |record: &Value, info: &Value| {
        let engine = engine(record, &json!({}), info);
        let arguments = ["--policy", "p.toml", "--format", "json"];
        let told = document(&audit(folder.path(), &engine, &arguments));
        schema().validate(&told).unwrap_or_else(|error| panic!("{error}"));
        let text = stdout(&audit(folder.path(), &engine, &arguments[..2]));
        assert_eq!(
            text.contains("the clock is behind"),
            told.get("clock_behind").is_some(),
            "{text}"
        );
        told
    };
    // That the image says it was made in 2999 shows nothing.
    let well = privileged(json!({}));
    let now = told(&well, &json!({}));
    assert_eq!(now["waivers"][0]["state"], "in-force", "{}", now["waivers"]);
    assert_eq!(now["waivers"][0]["at"]["file"], "p.toml");
    assert!(now.get("clock_behind").is_none());
    let later = told(&well, &json!({"SystemTime": "2999-07-01T00:30:00+00:00"}));
    assert_eq!(later["waivers"][0]["state"], "expired");
    assert_eq!(later["clock_behind"]["by"], "the engine's clock says so");
    let mut started = well;
    started["State"]["StartedAt"] = json!("2999-07-02T00:00:00.5Z");
    let later = told(&started, &json!({}));
    assert_eq!(later["waivers"][0]["days_left"], -2);
    assert_eq!(later["clock_behind"]["at"], "2999-07-02T00:00:00Z");
}

#[test]
fn a_policys_waiver_of_many_projects_is_told_once_and_is_not_unused_because_one_needs_it_not() {
    let project = |name: &str, privileged: bool| {
        format!("name: {name}\nservices:\n  web:\n    image: a\n    privileged: {privileged}\n")
    };
    let folder = laid_out(&[
        ("a/compose.yaml", &project("shop-a", true)),
        ("b/compose.yaml", &project("shop-b", true)),
        ("c/compose.yaml", &project("shop-c", false)),
        ("d/compose.yaml", &project("other", true)),
        (
            "p.toml",
            "[[waive]]\nrule = 'not-privileged'\ntarget = 'shop-*/web'\nuntil = 2999-12-31\n\
             owner = 'o'\nreason = 'r'\n",
        ),
    ]);
    let run = |arguments: &[&str]| {
        let all = [&["compose", "--engine", "none", "--policy", "p.toml"], arguments].concat();
        command(&all).current_dir(folder.path()).env("COLUMNS", "80").output().unwrap()
    };
    let all = ["a", "b", "c", "d"];
    let told = document(&run(&[&all[..], &["--format", "json", "--fail-on", "low"]].concat()));
    schema().validate(&told).unwrap_or_else(|error| panic!("{error}"));
    let [waiver] = told["waivers"].as_array().unwrap().as_slice() else { panic!("{told}") };
    assert_eq!(
        (&waiver["state"], waiver["covers"].as_array().unwrap().len()),
        (&json!("in-force"), 2)
    );
    let failures = told["gate"]["failures"].to_string();
    assert!(!failures.contains("waive"), "{failures}");
    let waived = |at: usize| {
        let all = told["targets"][at]["findings"].as_array().unwrap();
        all.iter().find(|it| it["rule"] == RULE).unwrap().get("waived_at").cloned()
    };
    assert_eq!(
        (0..4).map(|at| waived(at).is_some()).collect::<Vec<_>>(),
        [true, true, false, false]
    );
    assert_eq!(waived(0).unwrap(), "p.toml:2:8");
    fits(&run(&all), 80);
    // Where nobody needs it, it is one waiver too many.
    let told = document(&run(&["c", "d", "--format", "json", "--fail-on", "low"]));
    assert_eq!(told["waivers"][0]["state"], "unused", "{}", told["waivers"]);
    assert!(told["gate"]["failures"].to_string().contains("1 waiver waives nothing"));
    // And what it speaks of is elsewhere, where it is not here.
    let told = document(&run(&["d", "--format", "json"]));
    assert!(told.get("waivers").is_none(), "{}", told["waivers"]);
}

#[test]
fn who_reads_a_policy_sees_its_waivers_and_what_is_wrong_with_one() {
    let waive = "[[waive]]\nrule = 'not-privileged'\ntarget = 'shop-probe-*'\nkind = 'container'\n\
        until = 2028-02-29\nowner = 'probe-team'\nreason = 'r'\n";
    let folder = laid_out(&[
        ("p.toml", waive),
        ("other.toml", &waive.replace("shop-probe-*", "else")),
        ("wrong.toml", &waive.replace("2028", "2027")),
    ]);
    let run = |arguments: &[&str]| command(arguments).current_dir(folder.path()).output().unwrap();
    let text = stdout(&run(&["policy", "show", "--policy", "p.toml"]));
    let line = "not-privileged on shop-probe-* (container), until 2028-02-29, owner probe-team";
    assert!(text.contains(line) && text.contains("p.toml:2"), "{text}");
    assert!(text.contains("warn-days 14") && text.contains("labels false"), "{text}");
    let engine = engine(&privileged(json!({})), &json!({}), &json!({}));
    let host = engine.host();
    let shown = |policy: &str| {
        let arguments = ["policy", "show", "shop-probe-1", "--host", &host, "--policy", policy];
        stdout(&run(&arguments))
    };
    assert!(shown("p.toml").contains(line), "{}", shown("p.toml"));
    assert!(!shown("other.toml").contains("owner probe-team"));
    let output = run(&["policy", "check", "wrong.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("wrong.toml:5:"), "{}", stderr(&output));
}

#[test]
fn the_policies_of_the_documentation_make_sense() {
    let page = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        std::fs::read_to_string(path).unwrap()
    };
    let (waivers, readme) = (page("docs/waivers.md"), page("README.md"));
    let blocks = waivers.split("```toml\n").chain(readme.split("```toml\n").skip(1)).skip(1);
    let blocks: Vec<&str> = blocks.map(|it| it.split_once("```").unwrap().0).collect();
    let waived = |text: &&str| Policy::parse("p.toml", text).unwrap().waivers.exceptions.len();
    assert_eq!(blocks.iter().map(waived).sum::<usize>(), 2, "{blocks:?}");
    // What stands in the comments of the shipped policy makes sense too.
    let shipped = page("policies/baseline.toml");
    let (_, example) = shipped.split_once("# [[waive]]\n").unwrap();
    let lines =
        example.lines().map_while(|it| it.strip_prefix("# ")).collect::<Vec<_>>().join("\n");
    assert_eq!(waived(&&*format!("[[waive]]\n{lines}\n")), 1);
}

#[test]
fn what_an_engine_or_a_label_says_is_printed_and_does_nothing_else() {
    let hostile = "until=2999-12-31 owner=o reason=\u{1b}[2J\u{202e}";
    let labels = json!({
        "secaudit.waive.not-privileged": hostile, "secaudit.waive.\u{1b}]0;x\u{7}": hostile,
        "secaudit.waive.": "", "secaudit.waive.read-only-root": "until=soon owner=o reason=r",
    });
    let folder = laid_out(&[("p.toml", "[waivers]\nlabels = true\n")]);
    let engine = engine(&privileged(labels), &json!({}), &json!({"SystemTime": "\u{1b}[2J"}));
    let text = stdout(&audit(folder.path(), &engine, &["--policy", "p.toml"]));
    assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{text:?}");
    for part in ["in force", "not understood", "`soon` is no day of the calendar"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

//! What goes over an engine's socket, and what happens when it misbehaves.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::support::{Answer, FakeEngine, inspect, script, secaudit, stderr, stdout};
use serde_json::{Value, json};

fn audit(engine: &FakeEngine, more: &[&str]) -> std::process::Output {
    let host = engine.host();
    let mut arguments = vec!["containers", "--host", &host];
    arguments.extend(more);
    secaudit(&arguments)
}

fn report(engine: &FakeEngine) -> Value {
    let output = audit(engine, &["--format", "json"]);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", stderr(&output)))
}

#[test]
fn an_audit_asks_for_one_list_each_container_once_and_each_image_once() {
    let fleet = [
        ("a", inspect('1')),
        ("b", inspect('1')),
        ("c", inspect('2')),
        ("d", inspect('2')),
        ("e", inspect('2')),
    ];
    let engine = FakeEngine::ordinary("1.41", &fleet);
    assert_eq!(report(&engine)["targets"].as_array().unwrap().len(), 5);
    let requests = engine.requests();
    let count = |part: &str| requests.iter().filter(|line| line.contains(part)).count();
    assert_eq!(count("/containers/json"), 1, "{requests:#?}");
    assert_eq!(count("/images/"), 2, "{requests:#?}");
    for index in 0..fleet.len() {
        assert_eq!(count(&format!("/containers/{index:064x}/json")), 1);
    }
    assert_eq!(count("/networks"), 1, "{requests:#?}");
    // Beside these, only the version and the engine's facts about itself.
    assert_eq!(requests.len(), 1 + fleet.len() + 2 + 1 + 2, "{requests:#?}");
}

#[test]
fn who_joined_anothers_network_is_judged_by_the_others_ports() {
    let mut lender = inspect('1');
    lender["NetworkSettings"] =
        json!({"Ports": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "80"}]}, "Networks": {}});
    let mut joined = inspect('1');
    joined["HostConfig"]["NetworkMode"] = json!(format!("container:{:064x}", 0));
    let engine = FakeEngine::ordinary("1.41", &[("lender", lender), ("joined", joined)]);
    let output = audit(&engine, &["joined", "--format", "json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["targets"].as_array().unwrap().len(), 1);
    let findings = report["targets"][0]["findings"].as_array().unwrap();
    let ports = findings.iter().find(|it| it["rule"] == "published-ports-bound").unwrap();
    assert_eq!(ports["verdict"], "fail", "{ports}");
    let asked = format!("/containers/{:064x}/json", 0);
    assert_eq!(engine.requests().iter().filter(|line| line.contains(&asked)).count(), 1);
}

#[test]
fn every_request_is_a_get_in_the_version_that_was_agreed_on() {
    for (offered, spoken) in [("1.41", "1.41"), ("1.44", "1.44"), ("1.99", "1.53")] {
        let engine = FakeEngine::ordinary(offered, &[("web", inspect('1'))]);
        report(&engine);
        let requests = engine.requests();
        assert_eq!(requests.first().map(String::as_str), Some("GET /version HTTP/1.1"));
        for line in requests.iter().skip(1) {
            assert!(line.starts_with(&format!("GET /v{spoken}/")), "{line}");
        }
    }
}

#[test]
fn an_engine_that_has_dropped_every_known_version_is_told_so() {
    let mut script = script("1.80", &[]);
    let version = json!({"ApiVersion": "1.80", "MinAPIVersion": "1.70"}).to_string();
    script.insert("version".into(), Answer::Body(200, version.into_bytes()));
    let output = audit(&FakeEngine::start(script), &[]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("needs API 1.70 or newer"), "{}", stderr(&output));
}

#[test]
fn values_that_no_type_knows_lose_nothing() {
    let mut odd = inspect('1');
    odd["State"] =
        json!({"Status": "configured", "Pid": 4_294_967_295_u32, "Health": {"Status": "Healthy"}});
    odd["HostConfig"]["CgroupnsMode"] = json!("container:x");
    odd["Config"]["Entrypoint"] = json!("/a/text/and/no/list");
    odd["HostConfig"]["ReadonlyRootfs"] = json!(false);
    let mut script = script("1.41", &[("odd", odd), ("web", inspect('1'))]);
    let list = json!([
        {"Id": format!("{:064x}", 0), "Names": ["/odd"], "State": "stopped"},
        {"Id": format!("{:064x}", 1), "Names": ["/web"], "State": "running"},
    ]);
    script.insert("containers/json".into(), Answer::Body(200, list.to_string().into_bytes()));
    let report = report(&FakeEngine::start(script));
    let odd = &report["targets"][0];
    assert_eq!(odd["name"], "odd");
    let root = odd["findings"].as_array().unwrap().iter().find(|it| it["rule"] == "read-only-root");
    assert_eq!(root.unwrap()["verdict"], "fail", "the odd container's own declaration convicts it");
    assert_eq!(report["targets"][1]["name"], "web");
}

#[test]
fn a_container_that_goes_away_is_reported_as_gone_and_harms_no_other() {
    let gone = json!({"State": {"Status": "exited", "Running": false, "Pid": 0}, "Image": null,
                      "Config": null, "HostConfig": null});
    let mut script =
        script("1.41", &[("gone", gone), ("lost", inspect('1')), ("web", inspect('1'))]);
    script.remove(&format!("containers/{:064x}/json", 1));
    let report = report(&FakeEngine::start(script));
    let reason = |target: usize| {
        let findings = report["targets"][target]["findings"].as_array().unwrap();
        let user = findings.iter().find(|it| it["rule"] == "seccomp-filter").unwrap();
        (user["verdict"].clone(), user["gap"]["reason"].clone())
    };
    assert_eq!(reason(0), (json!("unknown"), json!("gone")));
    assert_eq!(reason(1), (json!("unknown"), json!("gone")));
    assert_eq!(report["targets"].as_array().unwrap().len(), 3);
}

#[test]
fn a_body_that_never_ends_is_cut_off_in_time_and_in_size() {
    for (answer, expected) in [(Answer::Endless, "larger than"), (Answer::Stalled, "within 1 s")] {
        let mut script = script("1.41", &[("web", inspect('1'))]);
        script.insert("containers/json".into(), answer);
        let engine = FakeEngine::start(script);
        let before = Instant::now();
        let output = audit(&engine, &["--timeout", "1"]);
        assert!(before.elapsed() < Duration::from_secs(8), "{:?}", before.elapsed());
        assert_eq!(output.status.code(), Some(3));
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    }
}

#[test]
fn one_container_that_stalls_is_unknown_and_the_others_are_judged() {
    let mut script = script("1.41", &[("slow", inspect('1')), ("web", inspect('1'))]);
    script.insert(format!("containers/{:064x}/json", 0), Answer::Stalled);
    let engine = FakeEngine::start(script);
    let output = audit(&engine, &["--timeout", "1", "--format", "json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let health = |target: usize| {
        let findings = report["targets"][target]["findings"].as_array().unwrap();
        findings.iter().find(|it| it["rule"] == "healthcheck").unwrap().clone()
    };
    assert_eq!(health(0)["gap"]["reason"], "timed-out");
    assert_eq!(health(1)["verdict"], "fail");
}

#[test]
fn what_is_not_an_engine_is_named_as_such_with_the_next_step() {
    let page = Answer::Body(200, b"<html>hello</html>".to_vec());
    let other = Answer::Body(200, br#"{"version":"1.0"}"#.to_vec());
    let wrong = Answer::Body(404, b"nothing".to_vec());
    for answer in [Answer::Garbage, page, other, wrong] {
        let engine = FakeEngine::start(BTreeMap::from([("version".to_owned(), answer)]));
        let output = audit(&engine, &[]);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.contains("not a container engine") && said.contains("--host"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn an_id_that_would_change_the_request_is_never_sent() {
    let mut script = script("1.41", &[]);
    let list = json!([{"Id": "../info?", "Names": ["/x"]}]).to_string();
    script.insert("containers/json".into(), Answer::Body(200, list.into_bytes()));
    let engine = FakeEngine::start(script);
    let output = audit(&engine, &[]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("not a name or id"), "{}", stderr(&output));
    assert_eq!(engine.requests().len(), 3, "{:?}", engine.requests());
}

#[test]
fn secrets_in_the_engines_answers_are_in_no_output() {
    let canary = "s3cr3t-canary-42";
    let mut leaky = inspect('1');
    leaky["Config"]["Env"] =
        json!([format!("DB_PASSWORD={canary}"), format!("DOCKER_HOST=tcp://u:{canary}@h:1")]);
    leaky["Config"]["Healthcheck"] = json!({"Test": ["CMD", "redis-cli", "-a", canary, "ping"]});
    leaky["Path"] = json!("/bin/sh");
    leaky["Args"] = json!(["-c", format!("exec mysqld --password={canary} || exit 1"), canary]);
    leaky["Config"]["Cmd"] = json!([canary]);
    let run = json!({"Start": canary, "End": "", "ExitCode": 1, "Output": canary});
    leaky["State"]["Health"] = json!({"Status": "unhealthy", "FailingStreak": 1, "Log": [run]});
    leaky["HostConfig"]["LogConfig"] =
        json!({"Type": "json-file", "Config": {"max-size": "1m", "labels": canary}});
    let engine = FakeEngine::ordinary("1.41", &[("leaky", leaky)]);
    for format in ["terminal", "json"] {
        let output = audit(&engine, &["--format", format]);
        assert!(!stdout(&output).contains(canary) && !stderr(&output).contains(canary));
    }
}

#[test]
fn a_variable_that_names_an_engine_is_shown_as_evidence() {
    let mut pointed = inspect('1');
    pointed["Config"]["Env"] = json!(["PATH=/bin", "DOCKER_HOST=tcp://10.0.0.1:2375"]);
    let report = report(&FakeEngine::ordinary("1.41", &[("web", pointed)]));
    let findings = report["targets"][0]["findings"].as_array().unwrap();
    let found = findings.iter().find(|it| it["rule"] == "no-engine-socket").unwrap();
    assert_eq!(found["verdict"], "fail");
    assert_eq!(found["evidence"][0]["place"], "/Config/Env");
    assert_eq!(found["evidence"][0]["value"], "DOCKER_HOST=tcp://");
}

#[test]
fn a_container_of_another_kernel_is_unknown_until_declarations_are_accepted() {
    let mut script = script("1.41", &[("far", inspect('1'))]);
    let info =
        json!({"KernelVersion": "0.0.0-far", "SecurityOptions": ["name=seccomp"]}).to_string();
    script.insert("info".into(), Answer::Body(200, info.into_bytes()));
    let engine = FakeEngine::start(script);
    let verdict = |arguments: &[&str]| {
        let output = audit(&engine, &[arguments, &["--format", "json"]].concat());
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let findings = report["targets"][0]["findings"].as_array().unwrap().clone();
        let user = findings.iter().find(|it| it["rule"] == "non-root-user").unwrap().clone();
        (user["verdict"].clone(), user["stated"].clone(), user["gap"]["reason"].clone())
    };
    assert_eq!(verdict(&[]), (json!("unknown"), json!(false), json!("other-kernel")));
    assert_eq!(verdict(&["--accept", "declared"]), (json!("pass"), json!(true), Value::Null));
}

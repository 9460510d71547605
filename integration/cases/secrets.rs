//! Secrets: found where they stand, and never repeated by anything.

use std::process::Command;

use secaudit::model::severity::Severity;
use secaudit::report::v1::Verdict;
use serde_json::{Value, json};

use super::docker::{hardened, with_witness};
use super::{Live, live};
use crate::agree::{Expectation, agree, done, fails, passes, refused};
use crate::audit::{PROGRAM, audit, finding};
use crate::needs::Need;
use crate::record;
use crate::run;
use crate::witness::Act::FindPassword;
use crate::witness::WITNESS;

pub(super) fn all() -> Vec<Live> {
    let needs = &[Need::Root, Need::Docker];
    vec![
        live("secrets::nothing-repeats-a-planted-value", needs, nothing_repeats_a_planted_value),
        live("secrets::given-in-the-environment", needs, given_in_the_environment),
        live("secrets::given-in-a-file", needs, given_in_a_file),
        live("secrets::exported-by-the-program-itself", needs, exported_by_the_program_itself),
        live("secrets::weak-and-default", needs, weak_and_default),
        live("secrets::that-a-policy-requires", needs, that_a_policy_requires),
    ]
}

/// A value that stands nowhere else on the machine.
fn canary() -> String {
    format!("hunter2-{}", run::id())
}

/// The hardened container with these variables, nothing else to hold against it.
fn with(variables: &[String]) -> Value {
    let mut config = with_witness(hardened());
    config["Healthcheck"] = Value::Null;
    let given = config["Env"].as_array_mut().expect("the environment is a list");
    given.extend(variables.iter().map(|it| json!(it)));
    config
}

fn given_in_the_environment() {
    let engine = run::docker();
    let strong = "JWT_SECRET=q8Zr2vT1xYp0sK7mB4nC9dF6gH3jL5wQeRtUiOaS".to_owned();
    let config = with(&[format!("DB_PASSWORD={}", canary()), strong]);
    let container = engine.start("secret-in-environment", &config);
    const EXPECTED: &[Expectation] = &[
        passes("strong-secrets", &[]),
        fails("no-secrets-in-environment", &[done(FindPassword)]),
        passes("no-default-credentials", &[]),
    ];
    let testimony = container.testimony();
    let audit = audit(&["--host", &engine.address, &container.name]);
    agree(EXPECTED, audit.only(), &testimony);
    assert_eq!(audit.code, 1);
    record::record("secrets-strong", Some(&engine.address), &container.name);
}

/// Where the secret is is no secret.
fn given_in_a_file() {
    let engine = run::docker();
    let config = with(&[
        "DB_PASSWORD_FILE=/run/secrets/db".to_owned(),
        "libcrypto3=3.1.4".to_owned(),
        "KEYCLOAK_AUTH_SERVER_URL=http://keycloak:8080/auth".to_owned(),
    ]);
    let container = engine.start("secret-in-file", &config);
    const EXPECTED: &[Expectation] = &[
        passes("no-secrets-in-environment", &[refused(FindPassword)]),
        passes("no-default-credentials", &[]),
    ];
    let testimony = container.testimony();
    let audit = audit(&["--host", &engine.address, &container.name]);
    agree(EXPECTED, audit.only(), &testimony);
}

/// The engine's record is clean; the kernel's is not.
fn exported_by_the_program_itself() {
    let engine = run::docker();
    let mut config = with(&[]);
    config["Cmd"] = json!([WITNESS, "witness", "export"]);
    let container = engine.start("secret-exported", &config);
    let testimony = container.testimony();
    let audit = audit(&["--host", &engine.address, &container.name]);
    const EXPECTED: &[Expectation] =
        &[fails("no-secrets-in-environment", &[done(FindPassword)]).at(Severity::Med)];
    agree(EXPECTED, audit.only(), &testimony);
}

fn weak_and_default() {
    let engine = run::docker();
    let config =
        with(&["POSTGRES_PASSWORD=postgres".to_owned(), "JWT_SECRET=kW7vPq29sLx".to_owned()]);
    let container = engine.start("secret-weak", &config);
    let testimony = container.testimony();
    let audit = audit(&["--host", &engine.address, &container.name]);
    const EXPECTED: &[Expectation] = &[
        fails("no-default-credentials", &[]),
        fails("strong-secrets", &[]),
        fails("no-secrets-in-environment", &[refused(FindPassword)]),
    ];
    agree(EXPECTED, audit.only(), &testimony);
    record::record("secrets", Some(&engine.address), &container.name);
}

/// Only a policy knows what a service needs.
#[expect(clippy::disallowed_methods, reason = "a policy is a file")]
fn that_a_policy_requires() {
    let engine = run::docker();
    let folder = run::folder();
    let policy = folder.path().join("policy.toml");
    std::fs::write(&policy, "[rules.required-env]\nnames = ['DB_PASSWORD']\n")
        .expect("it can be written");
    let policy = policy.to_string_lossy();
    const SET: &[Expectation] = &[passes("required-env", &[done(FindPassword)])];
    const UNSET: &[Expectation] = &[fails("required-env", &[refused(FindPassword)])];
    let given = format!("DB_PASSWORD={}", canary());
    for (name, variables, expected) in [("set", vec![given], SET), ("unset", vec![], UNSET)] {
        let container = engine.start(&format!("required-{name}"), &with(&variables));
        let testimony = container.testimony();
        let audit = audit(&["--host", &engine.address, "--policy", &policy, &container.name]);
        agree(expected, audit.only(), &testimony);
    }
}

/// Wherever people put passwords: no output, no bundle and no error has one.
fn nothing_repeats_a_planted_value() {
    let engine = run::docker();
    let canary = canary();
    let mut config = with(&[
        format!("DB_PASSWORD={canary}"),
        format!("DATABASE_URL=postgres://app:{canary}@db/shop"),
        format!("DOCKER_HOST=tcp://me:{canary}@host:2375"),
        format!("JWT_SECRET={canary}"),
        format!("NODE_OPTIONS=--title={canary}"),
        format!("JAVA_TOOL_OPTIONS=-Dpassword={canary} -Xmx64m"),
        canary.clone(),
    ]);
    config["Cmd"] = json!([WITNESS, "witness", "whatever", format!("--password={canary}"), canary]);
    config["Healthcheck"] = json!({
        "Test": ["CMD", WITNESS, "witness", "echo", canary], "Interval": 1_000_000_000,
    });
    config["HostConfig"]["LogConfig"] =
        json!({"Type": "json-file", "Config": {"max-size": "1m", "env": canary}});
    let container = engine.start("canary", &config);
    container.testimony();
    container.wait_until_healthy();

    let everything = [
        vec!["containers", "--host", &engine.address, &container.name],
        vec!["containers", "--host", &engine.address, &container.name, "--format", "json"],
        vec!["containers", "--host", &engine.address, &container.name, "-v"],
        vec!["containers", "--engine", "none", "--format", "json"],
        vec!["containers", "--host", &engine.address, "nobody-of-this-name"],
    ];
    for arguments in everything {
        let output = Command::new(PROGRAM)
            .args(&arguments)
            .env("RUST_LOG", "trace")
            .output()
            .expect("it runs");
        for stream in [&output.stdout, &output.stderr] {
            let text = String::from_utf8_lossy(stream);
            assert!(!text.contains(&canary), "{arguments:?} repeats it: {text}");
        }
    }
    for host in [Some(engine.address.as_str()), None] {
        let name = if host.is_some() { &container.name } else { &container.id };
        let bundle = record::bundle(host, name);
        assert!(bundle.contains("DB_PASSWORD"), "the evidence speaks of it");
        assert!(!bundle.contains(&canary), "the evidence repeats it");
    }
    let audit = audit(&["--host", &engine.address, &container.name]);
    let found = finding(audit.only(), "no-secrets-in-environment");
    assert_eq!(found.verdict, Verdict::Fail);
    assert!(found.statements[0].contains("DATABASE_URL"), "{:?}", found.statements);
}

//! How containers live and die: each started one way, and met in that state.

use secaudit::model::severity::Severity;
use secaudit::report::v1::Target;
use serde_json::{Value, json};

use super::{hardened, with_witness};
use crate::agree::{Expectation, agree, fails, not_applicable, passes, unknown};
use crate::audit::{audit, finding};
use crate::cases::Live;
use crate::needs::Need;
use crate::record::record;
use crate::run;
use crate::witness::{SHELL, WITNESS};

/// A way to live, and what must be found.
struct Life {
    name: &'static str,
    config: fn() -> Value,
    /// When the container is in the state that is meant, by the engine's record.
    ready: fn(&Value) -> bool,
    expected: &'static [Expectation],
}

pub(super) fn all() -> impl Iterator<Item = Live> {
    let live = |life: &'static Life| Live {
        name: format!("docker::lifecycle::{}", life.name),
        needs: vec![Need::Root, Need::Docker],
        run: Box::new(|| run(life)),
    };
    let told = Live {
        name: "docker::lifecycle::use-and-kills-are-said-beside-the-limits".to_owned(),
        needs: vec![Need::Root, Need::Docker],
        run: Box::new(says_what_is_used),
    };
    let silent = Live {
        name: "docker::lifecycle::output-that-is-thrown-away".to_owned(),
        needs: vec![Need::Root, Need::Docker],
        run: Box::new(throws_its_output_away),
    };
    LIVES.iter().map(live).chain([told, silent])
}

fn run(life: &Life) {
    let engine = run::docker();
    let container = engine.start(life.name, &with_witness((life.config)()));
    container.wait_until(life.name, life.ready);
    let testimony = container.testimony();
    let audit = audit(&["--host", &engine.address, &container.name]);
    agree(life.expected, audit.only(), &testimony);
    record(life.name, Some(&engine.address), &container.name);
}

fn witness(word: &str) -> Value {
    json!({"Cmd": [WITNESS, "witness", word]})
}

/// A check that runs every second, with these further settings.
fn checked(test: &[&str], further: &[(&str, u64)]) -> Value {
    let mut check = json!({"Test": test, "Interval": 1_000_000_000, "Retries": 2});
    for (name, value) in further {
        check[*name] = json!(value);
    }
    json!({"Healthcheck": check})
}

fn always(_: &Value) -> bool {
    true
}

fn is(record: &Value, status: &str) -> bool {
    record["State"]["Health"]["Status"] == status
}

const LIVES: &[Life] = &[
    Life {
        name: "deaf",
        config: || witness("deaf"),
        ready: always,
        expected: &[fails("handles-sigterm", &[]), fails("init-process", &[]).at(Severity::Low)],
    },
    // The kernel takes what is waited for out of the mask that it shows.
    Life {
        name: "sleeps-until-a-signal-comes",
        config: || witness("listening"),
        ready: always,
        expected: &[unknown("handles-sigterm")],
    },
    Life {
        name: "leaves-zombies",
        config: || witness("zombies"),
        ready: always,
        expected: &[passes("handles-sigterm", &[]), fails("init-process", &[])],
    },
    Life {
        name: "has-a-child",
        config: || witness("parent"),
        ready: always,
        expected: &[fails("init-process", &[])],
    },
    Life {
        name: "shell-around-the-program",
        config: || json!({"Cmd": [SHELL, "-c", format!("{WITNESS} witness parent")]}),
        ready: always,
        expected: &[fails("exec-form-command", &[])],
    },
    // Everything at once that one container can do wrong.
    Life {
        name: "lives-badly",
        config: || {
            let mut config =
                checked(&["CMD", WITNESS, "witness", "healthy"], &[("Interval", 600_000_000_000)]);
            config["Cmd"] = json!([SHELL, "-c", format!("{WITNESS} witness zombies")]);
            config["StopSignal"] = json!("SIGKILL");
            config
        },
        ready: always,
        expected: &[
            fails("exec-form-command", &[]),
            fails("init-process", &[]),
            fails("handles-sigterm", &[]),
            fails("healthcheck-timing", &[]),
            not_applicable("healthcheck-works", &[]),
        ],
    },
    Life {
        name: "unhealthy",
        config: || checked(&["CMD", WITNESS, "witness", "sick"], &[]),
        ready: |record| is(record, "unhealthy"),
        expected: &[
            passes("healthcheck", &[]),
            passes("healthcheck-timing", &[]),
            fails("healthcheck-works", &[]),
        ],
    },
    Life {
        name: "check-that-is-not-there",
        config: || checked(&["CMD", "/no/such/program"], &[]),
        ready: |record| is(record, "unhealthy"),
        expected: &[fails("healthcheck-works", &[])],
    },
    Life {
        name: "check-that-cannot-fail",
        config: || checked(&["CMD-SHELL", &format!("{WITNESS} witness healthy || true")], &[]),
        ready: |record| is(record, "healthy"),
        expected: &[fails("healthcheck-works", &[])],
    },
    Life {
        name: "check-slower-than-its-timeout",
        config: || {
            let patient = [("Timeout", 1_000_000_000), ("Retries", 100)];
            checked(&["CMD", WITNESS, "witness", "linger"], &patient)
        },
        ready: |record| {
            record["State"]["Health"]["Log"].as_array().is_some_and(|log| !log.is_empty())
        },
        expected: &[fails("healthcheck-works", &[])],
    },
    Life {
        name: "restart-loop",
        config: || {
            let mut config = witness("fourth-time");
            let policy = json!({"Name": "on-failure", "MaximumRetryCount": 5});
            config["HostConfig"] = json!({"RestartPolicy": policy});
            config
        },
        ready: |record| record["RestartCount"] == 3 && record["State"]["Restarting"] == false,
        expected: &[fails("restart-policy", &[]), not_applicable("healthcheck-works", &[])],
    },
    Life {
        name: "fewer-processors",
        config: || json!({"HostConfig": {"CpusetCpus": "0"}}),
        ready: always,
        expected: &[passes("cpu-limit", &[])],
    },
];

/// The witness has touched more memory than it may, and was killed for it.
fn says_what_is_used() {
    let engine = run::docker();
    let mut config = with_witness(hardened());
    config["Healthcheck"] = Value::Null;
    let container = engine.start("use-and-kills", &config);
    container.testimony();
    let audit = audit(&["--host", &engine.address, &container.name]);
    let said = |rule: &str| statement(audit.only(), rule);
    assert!(said("memory-limit").starts_with("at most 96 MiB; uses "), "{}", said("memory-limit"));
    assert!(said("memory-limit").contains("peak 96 MiB, 1 OOM kills"), "{}", said("memory-limit"));
    assert!(said("pids-limit").contains("; uses 1"), "{}", said("pids-limit"));
    assert!(said("pids-limit").contains("refused forks"), "{}", said("pids-limit"));
    assert!(said("cpu-limit").starts_with("at most 0.9 processors"), "{}", said("cpu-limit"));
}

fn statement(target: &Target, rule: &str) -> String {
    finding(target, rule).statements.first().map(ToString::to_string).unwrap_or_default()
}

/// Nobody can hear the first witness: another one speaks when the audit is over.
fn throws_its_output_away() {
    let engine = run::docker();
    let mut config = with_witness(witness("linger"));
    config["HostConfig"] = json!({"LogConfig": {"Type": "none"}});
    let container = engine.start("silent-log", &config);
    let audit = audit(&["--host", &engine.address, &container.name]);
    const EXPECTED: &[Expectation] = &[fails("log-driver", &[])];
    agree(EXPECTED, audit.only(), &container.exec("0", &[]));
    record("silent-log", Some(&engine.address), &container.name);
}

//! Real runtimes, told how to run by whoever starts them in the end.

use serde_json::{Value, json};

use super::services::NEEDS;
use super::{Live, live};
use crate::agree::{Expectation, agree, fails, passes, unknown};
use crate::audit::audit;
use crate::engine::image;
use crate::run;
use crate::services::{GUNICORN, NODE, Service};
use crate::wait::until;

pub(super) fn all() -> Vec<Live> {
    vec![
        live("config::node-is-told-to-run-in-production", &NEEDS, node_in_production),
        live("config::python-does-some-of-it-unasked", &NEEDS, python_unasked),
        live("config::gunicorn-is-told-in-several-places", &NEEDS, gunicorn_in_several_places),
    ]
}

/// One way to start a service, and what must be found.
struct Start {
    name: &'static str,
    command: &'static [&'static str],
    environment: &'static [&'static str],
    expected: Expectation,
}

/// Starts a service in each of the ways, and audits it as soon as it answers.
#[expect(clippy::disallowed_methods, reason = "a policy is a file")]
fn each(service: &Service, policy: &str, starts: &[Start]) {
    let engine = run::with_services();
    let folder = run::folder();
    let file = folder.path().join("policy.toml");
    std::fs::write(&file, policy).expect("it can be written");
    let file = file.to_string_lossy();
    for Start { name, command, environment, expected } in starts {
        let plain: Value = (service.plain)();
        let config = json!({
            "Image": image(&run::services_tag()),
            "WorkingDir": plain["WorkingDir"],
            "Cmd": command,
            "Env": environment,
        });
        let container = engine.start(name, &config);
        until(&format!("{name} answers"), || {
            (service.ask)(&container).filter(|answer| answer.contains(service.answer))
        });
        let audit = audit(&["--host", &engine.address, "--policy", &file, &container.name]);
        agree([expected], audit.only(), &container.exec("root", &[]));
    }
}

fn node_in_production() {
    let policy = "[rules.runtime-env]\nvariables = ['NODE_ENV=production']\n";
    let starts = [
        Start {
            name: "node-told",
            command: &["dumb-init", "--", "node", "server.js"],
            environment: &["PORT=3000", "NODE_ENV=production"],
            expected: passes("runtime-env", &[]),
        },
        Start {
            name: "node-told-otherwise-in-the-end",
            command: &["env", "NODE_ENV=development", "node", "server.js"],
            environment: &["PORT=3000", "NODE_ENV=production"],
            expected: fails("runtime-env", &[]),
        },
        Start {
            name: "node-told-by-its-script",
            command: &["sh", "-c", "NODE_ENV=production node server.js; exit"],
            environment: &["PORT=3000"],
            expected: passes("runtime-env", &[]),
        },
    ];
    each(&NODE, policy, &starts);
}

fn python_unasked() {
    let policy = "[rules.runtime-env]\nvariables = ['PYTHONUNBUFFERED', 'PYTHONHASHSEED=random']\n";
    let starts = [
        Start {
            name: "python-told-on-its-command-line",
            command: &["python3", "-u", "-m", "gunicorn", "--bind", "0.0.0.0:8000", "app:app"],
            environment: &[],
            expected: passes("runtime-env", &[]),
        },
        Start {
            name: "python-told-its-seed",
            command: &["gunicorn", "--bind", "0.0.0.0:8000", "app:app"],
            environment: &["PYTHONUNBUFFERED=1", "PYTHONHASHSEED=0"],
            expected: fails("runtime-env", &[]),
        },
    ];
    each(&GUNICORN, policy, &starts);
}

fn gunicorn_in_several_places() {
    let starts = [
        Start {
            name: "gunicorn-told-by-its-variable",
            command: &["gunicorn", "--bind", "0.0.0.0:8000", "app:app"],
            environment: &["GUNICORN_CMD_ARGS=--timeout 60 --keep-alive 5", "WEB_CONCURRENCY=2"],
            expected: passes("gunicorn-tuned", &[]),
        },
        Start {
            name: "gunicorn-without-a-timeout",
            command: &[
                "sh",
                "-c",
                "T=0; exec gunicorn -t $T --keep-alive 5 -w2 --bind 0.0.0.0:8000 app:app",
            ],
            environment: &[],
            expected: fails("gunicorn-tuned", &[]),
        },
        Start {
            name: "gunicorn-told-by-a-file",
            command: &[
                "sh",
                "-c",
                "echo 'timeout = 60' > gunicorn.conf.py && exec gunicorn --bind 0.0.0.0:8000 app:app",
            ],
            environment: &[],
            expected: unknown("gunicorn-tuned"),
        },
    ];
    each(&GUNICORN, "", &starts);
}

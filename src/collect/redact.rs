//! Keeps values that may be secret out of the evidence, at the door.
//!
//! A bundle is meant to be handed on. So what people put passwords into
//! (environment values, command lines, health checks, log driver options)
//! never enters one; only what a rule needs of it does.

use serde_json::{Value, json};

use crate::parse::command::{self, options};

/// What stands in the place of a value that is not recorded.
const WITHHELD: &str = "(not recorded)";

/// Fields whose content may hold a secret and that no rule reads.
const WITHHOLD: [&str; 5] =
    ["/Command", "/ContainerConfig", "/HostConfig/Annotations", "/HttpProxy", "/HttpsProxy"];

/// Variables that name an engine, of which the scheme is kept: a rule asks
/// whether a container is handed an engine over TCP.
const ENGINE_VARIABLES: [&str; 2] = ["DOCKER_HOST", "CONTAINER_HOST"];

/// The schemes of an engine's address; what else stands before `://` may be anything.
const SCHEMES: [&str; 7] = ["unix", "tcp", "http", "https", "ssh", "npipe", "fd"];

/// Labels that say what a container is part of. Others hold anything, password
/// hashes of reverse proxies among it.
const LABELS: [&str; 2] = ["com.docker.compose.", "secaudit."];

/// The document without what may be secret.
pub(super) fn document(mut document: Value) -> Value {
    for pointer in WITHHOLD {
        if let Some(value) = document.pointer_mut(pointer).filter(|value| !value.is_null()) {
            *value = json!(WITHHELD);
        }
    }
    if let Some(Value::Array(variables)) = document.pointer_mut("/Config/Env") {
        variables.iter_mut().for_each(|variable| *variable = withhold_value(variable));
    }
    commands(&mut document);
    if let Some(test) = document.pointer_mut("/Config/Healthcheck/Test") {
        *test = health_check(test);
    }
    for log in ["/State/Health/Log", "/State/Healthcheck/Log"] {
        if let Some(log) = document.pointer_mut(log).filter(|log| !log.is_null()) {
            *log = health_log(log);
        }
    }
    if let Some(Value::Object(options)) = document.pointer_mut("/HostConfig/LogConfig/Config") {
        options.retain(|name, value| is_kept_of_log(name, value.as_str().unwrap_or_default()));
    }
    if let Some(Value::Object(labels)) = document.pointer_mut("/Config/Labels") {
        let is_kept = |name: &str| LABELS.iter().any(|prefix| name.starts_with(prefix));
        labels.retain(|name, _| is_kept(name));
    }
    if let Some(Value::Array(mounts)) = document.pointer_mut("/HostConfig/Mounts") {
        for options in mounts.iter_mut().filter_map(|it| it.pointer_mut("/VolumeOptions")) {
            *options = json!(WITHHELD);
        }
    }
    document
}

/// The places of a command in two parts: a program, and what it is told.
const COMMANDS: [(&str, &str); 2] = [("/Path", "/Args"), ("/Config/Entrypoint", "/Config/Cmd")];

/// Leaves of each command its skeleton. The second part is told to the first,
/// so its first word is a program only where there is no first part.
fn commands(document: &mut Value) {
    for (first, second) in COMMANDS {
        let part = |place| document.pointer(place).map_or(Ok(vec![]), words);
        let (kept, place) = match (part(first), part(second)) {
            (Ok(first), Ok(second)) => {
                let kept = command::arguments(&[first.as_slice(), second.as_slice()].concat());
                (kept, first.len())
            }
            // What is no list of texts is nothing that a rule reads.
            _ => (Vec::new(), 0),
        };
        let (head, tail) = kept.split_at_checked(place).unwrap_or_default();
        for (place, kept) in [(first, head), (second, tail)] {
            match document.pointer_mut(place) {
                Some(Value::Null) | None => {}
                Some(Value::String(text)) if kept.len() == 1 => *text = kept.concat(),
                Some(Value::Array(list)) if kept.len() == list.len() => *list = texts(kept),
                Some(other) => *other = json!(WITHHELD),
            }
        }
    }
}

/// The words of a command: a list of texts, or a single one.
fn words(value: &Value) -> Result<Vec<&str>, ()> {
    match value {
        Value::Null => Ok(vec![]),
        Value::String(word) => Ok(vec![word]),
        Value::Array(list) => list.iter().map(|word| word.as_str().ok_or(())).collect(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => Err(()),
    }
}

fn texts(words: &[String]) -> Vec<Value> {
    words.iter().map(|word| json!(word)).collect()
}

/// How a check is run, and the skeleton of what is run.
fn health_check(test: &Value) -> Value {
    let Ok(words) = words(test) else { return json!(WITHHELD) };
    match words.split_first() {
        None => json!([]),
        Some((&"CMD-SHELL", rest)) => {
            let scripts = rest.iter().map(|script| command::script(script));
            json!(["CMD-SHELL"].map(str::to_owned).into_iter().chain(scripts).collect::<Vec<_>>())
        }
        Some((how @ (&"CMD" | &"NONE"), rest)) => {
            let rest = command::arguments(rest);
            json!([(*how).to_owned()].into_iter().chain(rest).collect::<Vec<_>>())
        }
        Some(_) => json!(words.iter().map(|_| WITHHELD).collect::<Vec<_>>()),
    }
}

/// When each run of a check began and ended and what became of it, without
/// what it said.
fn health_log(log: &Value) -> Value {
    let runs = log.as_array().into_iter().flatten().map(|run| {
        let time = |key: &str| {
            let text = run.get(key)?.as_str()?;
            let is_time =
                text.len() <= 40 && text.bytes().all(|it| b"0123456789T:Z.+-".contains(&it));
            is_time.then_some(text)
        };
        let code = run.get("ExitCode").and_then(Value::as_i64);
        json!({"Start": time("Start"), "End": time("End"), "ExitCode": code, "Output": WITHHELD})
    });
    runs.collect()
}

/// Whether an option of a log driver says how much is kept, and nothing else.
fn is_kept_of_log(name: &str, value: &str) -> bool {
    match name {
        "max-size" | "max-buffer-size" => options::bytes(value).is_some() && value.len() <= 12,
        "max-file" => value.len() <= 9 && value.parse::<u32>().is_ok(),
        "mode" => matches!(value, "blocking" | "non-blocking"),
        "compress" => matches!(value, "true" | "false"),
        _ => false,
    }
}

/// A command line of `/proc/<pid>/cmdline`, as its skeleton: a word each line.
pub(super) fn command_line(text: &str) -> String {
    let words: Vec<&str> = text.strip_suffix('\0').unwrap_or(text).split('\0').collect();
    if text.is_empty() {
        return String::new();
    }
    command::arguments(&words).into_iter().map(|word| word + "\n").collect()
}

/// A process's environment without what may be secret: only the variables that
/// name an engine and those that size a runtime, a line each.
pub(super) fn environment(text: &str) -> String {
    text.split('\0')
        .filter(|variable| {
            let name = variable.split('=').next().unwrap_or_default();
            let sizes_a_runtime = options::VARIABLES.contains(&name) && name != "PATH";
            ENGINE_VARIABLES.contains(&name) || sizes_a_runtime
        })
        .map(|variable| format!("{}\n", without_value(variable)))
        .collect()
}

fn withhold_value(variable: &Value) -> Value {
    json!(variable.as_str().map_or_else(|| WITHHELD.to_owned(), without_value))
}

fn without_value(variable: &str) -> String {
    let Some((name, value)) = variable.split_once('=') else { return WITHHELD.to_owned() };
    if let Some(kept) = command::kept_of_variable(name, value) {
        return format!("{name}={kept}");
    }
    if !ENGINE_VARIABLES.contains(&name) || value.is_empty() {
        let value = if value.is_empty() { "" } else { WITHHELD };
        return format!("{name}={value}");
    }
    // A bare path is a local socket to every client.
    let scheme = match value.split_once("://") {
        Some((scheme, _)) => SCHEMES.iter().find(|known| **known == scheme),
        None => value.starts_with('/').then_some(&"unix"),
    };
    scheme.map_or_else(
        || format!("{name}={WITHHELD}"),
        |scheme| format!("{name}={scheme}://{WITHHELD}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_that_may_be_a_secret_is_recorded() {
        let canary = "hunter2-canary";
        let document = document(json!({
            "Id": "ab", "Path": "/bin/sh", "Args": ["-c", format!("mysql -p{canary} || exit 1"), canary],
            "Command": format!("x {canary}"),
            "Config": {
                "Env": [format!("PASSWORD={canary}"), canary, "PATH=/bin",
                        format!("NODE_OPTIONS=--require {canary} --max-old-space-size=256"),
                        format!("JAVA_OPTS=-Dpassword={canary} -Xmx{canary}"),
                        format!("WEB_CONCURRENCY={canary}"),
                        format!("DOCKER_HOST=tcp://me:{canary}@host:2375")],
                "Cmd": [canary, "-w", canary], "Entrypoint": ["gunicorn", "-k", canary],
                "Labels": {"traefik.users": canary, "com.docker.compose.project": "shop"},
                "Healthcheck": {"Test": ["CMD-SHELL", format!("redis-cli -a {canary} ping")]},
            },
            "ContainerConfig": {"Env": [canary], "Cmd": [canary]},
            "State": {"Health": {"Status": "healthy", "Log": [
                {"Start": "2026-01-01T00:00:00Z", "End": canary, "ExitCode": 0, "Output": canary},
                canary,
            ]}},
            "HostConfig": {
                "LogConfig": {"Type": "splunk", "Config": {
                    "splunk-token": canary, "max-size": "10m", "max-file": canary, "mode": canary,
                }},
                "Mounts": [{"Type": "volume", "VolumeOptions": {"DriverConfig": {"Options": {"o": canary}}}}],
            },
            "HttpProxy": format!("http://me:{canary}@proxy"),
        }));
        let text = document.to_string();
        assert!(!text.contains(canary), "{text}");
        assert!(text.contains("DOCKER_HOST=tcp://") && text.contains("PASSWORD="));
        assert!(text.contains("com.docker.compose.project"));
        assert_eq!(document.pointer("/Config/Healthcheck/Test/0"), Some(&json!("CMD-SHELL")));
        assert_eq!(document.pointer("/State/Health/Status"), Some(&json!("healthy")));
        for (place, expected) in [
            ("/Args", json!(["-c", "mysql … || exit 1", "…"])),
            ("/Config/Cmd", json!(["…", "-w", "…"])),
            ("/Config/Entrypoint", json!(["gunicorn", "-k", "…"])),
            ("/Config/Healthcheck/Test/1", json!("redis-cli …")),
            ("/State/Health/Log/0/Start", json!("2026-01-01T00:00:00Z")),
            ("/State/Health/Log/0/ExitCode", json!(0)),
            ("/HostConfig/LogConfig/Config", json!({"max-size": "10m"})),
        ] {
            assert_eq!(document.pointer(place), Some(&expected), "{place}");
        }
    }

    #[test]
    fn a_command_that_is_no_list_of_texts_is_not_recorded() {
        let canary = "hunter2-canary";
        for odd in [json!(canary), json!([[canary]]), json!({"a": canary}), json!([1, canary])] {
            let document = document(json!({
                "Path": odd, "Args": odd, "State": {"Health": {"Log": odd}},
                "Config": {"Cmd": odd, "Entrypoint": odd, "Healthcheck": {"Test": odd}},
            }));
            assert!(!document.to_string().contains(canary), "{document}");
        }
    }

    #[test]
    fn of_a_command_line_the_skeleton_is_kept() {
        let text = command_line("/usr/bin/node\0--max-old-space-size=256\0hunter2\0\0");
        assert_eq!(text, "/usr/bin/node\n--max-old-space-size=256\n…\n…\n");
        assert_eq!(command_line("postgres: hunter2 db idle\0\0"), "…\n…\n");
        assert_eq!(command_line(""), "");
    }

    #[test]
    fn of_an_environment_only_the_engines_variables_are_kept() {
        let sized =
            environment("NODE_OPTIONS=--inspect=hunter2 --max-old-space-size=9\0PATH=/bin\0");
        assert_eq!(sized, "NODE_OPTIONS=… --max-old-space-size=9\n");
        let text = environment("PASSWORD=hunter2\0DOCKER_HOST=tcp://u:hunter2@h\0PATH=/bin\0");
        assert_eq!(text, "DOCKER_HOST=tcp://(not recorded)\n");
        assert_eq!(environment("DOCKER_HOST=\0"), "DOCKER_HOST=\n");
        assert_eq!(environment("DOCKER_HOST=/a.sock"), "DOCKER_HOST=unix://(not recorded)\n");
        assert_eq!(environment("DOCKER_HOST=hunter2://x"), "DOCKER_HOST=(not recorded)\n");
    }

    #[test]
    fn nulls_stay_nulls() {
        let document = document(json!({"Args": null, "Config": {"Env": null, "Cmd": null}}));
        assert_eq!(document.pointer("/Config/Env"), Some(&Value::Null));
        assert_eq!(document.pointer("/Config/Cmd"), Some(&Value::Null));
    }
}

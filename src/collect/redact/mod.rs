//! Keeps values that may be secret out of the evidence, at the door.
//!
//! A bundle is meant to be handed on. So what people put passwords into
//! (environment values, command lines, health checks, log driver options)
//! never enters one; only what a rule needs of it does. An environment's values
//! are sealed: see [`crate::model::secret`].

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::model::secret::{Key, Variable};
use crate::model::untrusted::Untrusted;
use crate::parse::command::{self, options};
use crate::parse::secret;

/// What stands in the place of a value that is not recorded.
pub(super) const WITHHELD: &str = "(not recorded)";

/// Fields whose content may hold a secret and that no rule reads.
const WITHHOLD: [&str; 12] = [
    "/Author",
    "/Command",
    "/Comment",
    "/Config/OnBuild",
    "/Config/Shell",
    "/ContainerConfig",
    "/HostConfig/Annotations",
    "/HttpProxy",
    "/HttpsProxy",
    "/Labels",
    "/RegistryConfig",
    "/State/Error",
];

/// Variables that name an engine, of which the scheme is kept: a rule asks
/// whether a container is handed an engine over TCP.
const ENGINE_VARIABLES: [&str; 2] = ["DOCKER_HOST", "CONTAINER_HOST"];

/// The schemes of an engine's address; what else stands before `://` may be anything.
const SCHEMES: [&str; 7] = ["unix", "tcp", "http", "https", "ssh", "npipe", "fd"];

/// Settings by which a database lets everybody in, and the values that do it.
const OPEN_DOORS: [(&str, &[&str]); 5] = [
    ("POSTGRES_HOST_AUTH_METHOD", &["trust"]),
    ("MYSQL_ALLOW_EMPTY_PASSWORD", ALLOWED),
    ("MARIADB_ALLOW_EMPTY_ROOT_PASSWORD", ALLOWED),
    ("ALLOW_EMPTY_PASSWORD", ALLOWED),
    ("ALLOW_ANONYMOUS_LOGIN", ALLOWED),
];
const ALLOWED: &[&str] = &["yes", "true", "1", "on"];

/// The longest name of a variable that is recorded.
const LONGEST_NAME: usize = 128;

/// Labels that say what a container is part of. Others hold anything, password
/// hashes of reverse proxies among it.
const LABELS: [&str; 2] = ["com.docker.compose.", "secaudit."];

/// What is kept of a network, and of its options. The others hold what plugins
/// want to know, keys of overlays among it.
const NETWORK: [&str; 6] = ["Name", "Id", "Driver", "Scope", "Internal", "EnableIPv6"];
const NETWORK_OPTIONS: [&str; 3] = [
    "com.docker.network.bridge.default_bridge",
    "com.docker.network.bridge.enable_icc",
    "com.docker.network.bridge.name",
];

/// The engine's networks by what rules ask of them, and nothing else.
pub(super) fn networks(document: Value) -> Value {
    let Value::Array(all) = document else { return document };
    let only = |names: &[&str], of: Option<&Value>| -> Value {
        let fields = of.and_then(Value::as_object).into_iter().flatten();
        let kept = fields.filter(|(name, _)| names.contains(&name.as_str()));
        Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
    };
    let reduced = all.into_iter().map(|network| {
        let mut kept = only(&NETWORK, Some(&network));
        let pools = network.pointer("/IPAM/Config").and_then(Value::as_array);
        let pools =
            pools.into_iter().flatten().map(|pool| only(&["Subnet", "Gateway"], Some(pool)));
        if let Value::Object(kept) = &mut kept {
            kept.insert("Options".to_owned(), only(&NETWORK_OPTIONS, network.get("Options")));
            kept.insert("IPAM".to_owned(), json!({"Config": pools.collect::<Vec<_>>()}));
        }
        kept
    });
    Value::Array(reduced.collect())
}

/// The document without what may be secret.
pub(super) fn document(mut document: Value) -> Value {
    for pointer in WITHHOLD {
        if let Some(value) = document.pointer_mut(pointer).filter(|value| !value.is_null()) {
            *value = json!(WITHHELD);
        }
    }
    if let Some(Value::Array(variables)) = document.pointer_mut("/Config/Env") {
        variables.iter_mut().for_each(|it| *it = sealed(it));
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
    if let Some(Value::Object(networks)) = document.pointer_mut("/NetworkSettings/Networks") {
        for options in networks.values_mut().filter_map(|it| it.get_mut("DriverOpts")) {
            if !options.is_null() {
                *options = json!(WITHHELD);
            }
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

/// An environment as `execve(2)` was given it, its values sealed.
pub(super) fn environment(text: &str) -> Vec<Variable> {
    text.split('\0').filter(|it| !it.is_empty()).map(variable).collect()
}

/// `NAME=value`, its value sealed. What has no name may be all secret, and is
/// recorded as an unnamed value.
pub(crate) fn variable(text: &str) -> Variable {
    static KEY: LazyLock<Key> = LazyLock::new(drawn);
    let named =
        text.split_once('=').filter(|(name, value)| !secret::stands_for_a_name(name, value));
    let (name, value) = named.unwrap_or(("", text));
    Variable {
        name: name.chars().take(LONGEST_NAME).collect::<String>().into(),
        value: secret::seal(value, &KEY),
        kept: kept(name, value).map(Untrusted::from),
    }
}

/// The key of this run: in no bundle and no report, so that no list of
/// passwords can be held against a digest.
#[expect(clippy::expect_used, reason = "without it nothing may be recorded")]
fn drawn() -> Key {
    let mut key = [0; 32];
    getrandom::fill(&mut key).expect("the kernel gives random numbers");
    Key(key)
}

/// What of a value is known to be no secret, where a rule needs it.
fn kept(name: &str, value: &str) -> Option<String> {
    if ENGINE_VARIABLES.contains(&name) {
        return engines_scheme(value);
    }
    let opens = |(setting, values): &(&str, &[&str])| *setting == name && values.contains(&value);
    command::kept_of_variable(name, value)
        .or_else(|| OPEN_DOORS.iter().any(opens).then(|| value.to_owned()))
}

/// Whether a client is pointed to an engine over the network or to a socket.
fn engines_scheme(value: &str) -> Option<String> {
    // A bare path is a local socket to every client.
    let scheme = match value.split_once("://") {
        Some((scheme, _)) => SCHEMES.iter().find(|known| **known == scheme),
        None => value.starts_with('/').then_some(&"unix"),
    };
    scheme.map(|scheme| format!("{scheme}://"))
}

/// One entry of the engine's list.
fn sealed(entry: &Value) -> Value {
    if let Some(text) = entry.as_str() {
        return json!(variable(text));
    }
    // An image's variables were sealed when its engine told them, and of one that
    // nobody has set only the name is known.
    let is_name_alone = entry.as_object().is_some_and(|it| it.len() == 1)
        && entry.get("name").is_some_and(Value::is_string);
    let is_sealed = is_name_alone || Variable::deserialize(entry).is_ok();
    if is_sealed { entry.clone() } else { json!(WITHHELD) }
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
                "OnBuild": [format!("RUN curl -u me:{canary} http://x")], "Shell": ["sh", canary],
                "Labels": {"traefik.users": canary, "com.docker.compose.project": "shop"},
                "Healthcheck": {"Test": ["CMD-SHELL", format!("redis-cli -a {canary} ping")]},
            },
            "ContainerConfig": {"Env": [canary], "Cmd": [canary]},
            "State": {"Error": format!("exec {canary}: not found"), "Health": {"Status": "healthy", "Log": [
                {"Start": "2026-01-01T00:00:00Z", "End": canary, "ExitCode": 0, "Output": canary},
                canary,
            ]}},
            "HostConfig": {
                "LogConfig": {"Type": "splunk", "Config": {
                    "splunk-token": canary, "max-size": "10m", "max-file": canary, "mode": canary,
                }},
                "Mounts": [{"Type": "volume", "VolumeOptions": {"DriverConfig": {"Options": {"o": canary}}}}],
            },
            "NetworkSettings": {"Networks": {"shop": {"DriverOpts": {"key": canary}}}},
            "HttpProxy": format!("http://me:{canary}@proxy"),
            "RegistryConfig": {"Mirrors": [format!("https://me:{canary}@mirror/")]},
            "Labels": [format!("token={canary}")], "Comment": canary, "Author": canary,
        }));
        let text = document.to_string();
        assert!(!text.contains(canary), "{text}");
        assert!(text.contains("tcp://") && text.contains("PASSWORD"));
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
    fn of_a_value_only_what_is_known_to_be_harmless_is_kept() {
        let kept = |text: &str| variable(text).kept.map(|it| it.raw().to_owned());
        assert_eq!(kept("PASSWORD=hunter2"), None);
        assert_eq!(kept("DOCKER_HOST=tcp://u:hunter2@h").as_deref(), Some("tcp://"));
        assert_eq!(kept("DOCKER_HOST=/a.sock").as_deref(), Some("unix://"));
        assert_eq!(kept("DOCKER_HOST=hunter2://x"), None);
        assert_eq!(kept("POSTGRES_HOST_AUTH_METHOD=trust").as_deref(), Some("trust"));
        assert_eq!(kept("POSTGRES_HOST_AUTH_METHOD=hunter2"), None);
    }

    #[test]
    fn an_environment_is_read_variable_by_variable_and_what_has_no_name_is_sealed_whole() {
        let variables = environment("A=1\0hunter2\0B=x=y\0");
        let names: Vec<&str> = variables.iter().map(|it| it.name.raw()).collect();
        assert_eq!(names, ["A", "", "B"]);
        assert_eq!(variables[1].value.length, 7);
        assert_eq!(variables[2].value.length, 3);
    }

    #[test]
    fn of_a_network_only_what_rules_ask_is_kept() {
        let kept = networks(json!([{
            "Name": "shop", "Internal": true, "Labels": {"token": "hunter2"},
            "Options": {"com.docker.network.bridge.enable_icc": "false", "encrypted": "hunter2"},
            "IPAM": {"Options": {"x": "hunter2"}, "Config": [{"Subnet": "10.0.0.0/24", "IPRange": "hunter2"}]},
            "Containers": {"ab": {"Name": "hunter2"}},
        }]));
        assert!(!kept.to_string().contains("hunter2"), "{kept}");
        assert_eq!(kept.pointer("/0/Internal"), Some(&json!(true)));
        assert_eq!(kept.pointer("/0/IPAM/Config/0/Subnet"), Some(&json!("10.0.0.0/24")));
        assert_eq!(kept[0]["Options"]["com.docker.network.bridge.enable_icc"], "false");
    }

    #[test]
    fn nulls_stay_nulls() {
        let document = document(json!({"Args": null, "Config": {"Env": null, "Cmd": null}}));
        assert_eq!(document.pointer("/Config/Env"), Some(&Value::Null));
        assert_eq!(document.pointer("/Config/Cmd"), Some(&Value::Null));
    }
}

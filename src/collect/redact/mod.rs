//! Keeps values that may be secret out of the evidence, at the door.
//!
//! A bundle is meant to be handed on. So what people put passwords into
//! (environment values, command lines, health checks, log driver options)
//! never enters one; only what a rule needs of it does. An environment's values
//! are sealed: see [`crate::model::secret`].

mod history;

use std::sync::{Arc, LazyLock};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::model::pointer;
use crate::model::secret::{Form, Key, Variable};
use crate::model::untrusted::Untrusted;
use crate::parse::command::{self, options};
use crate::parse::secret;
use crate::parse::secret::promise::{Promise, promise};

pub(crate) use history::{of_config as history_of_config, of_engine as history_of_engine};

/// What stands in the place of a value that is not recorded.
pub(super) const WITHHELD: &str = "(not recorded)";

/// Fields whose content may hold a secret and that no rule reads.
const WITHHOLD: [&str; 8] = [
    "Author",
    "Command",
    "Comment",
    "ContainerConfig",
    "HttpProxy",
    "HttpsProxy",
    "Labels",
    "RegistryConfig",
];
const WITHHOLD_OF_CONFIG: [&str; 2] = ["OnBuild", "Shell"];
const WITHHOLD_OF_HOST: [&str; 1] = ["Annotations"];
const WITHHOLD_OF_STATE: [&str; 1] = ["Error"];

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
const LABELS: &str = "com.docker.compose.";

/// Labels that speak to secaudit, in whatever case: one that is mistyped is told.
const OWN_LABELS: &str = "secaudit.";

/// Labels that say where an image comes from, of which a value is kept where it
/// looks like what such a label holds.
const ABOUT_THE_IMAGE: [&str; 2] = ["org.opencontainers.image.", "org.label-schema."];

/// The longest value of such a label.
const LONGEST_LABEL: usize = 256;

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
pub(crate) fn document(mut document: Value) -> Value {
    withhold(&mut document, &WITHHOLD);
    skeleton(&mut document, "Path", "Args");
    if let Some(config) = document.get_mut("Config") {
        of_config(config);
    }
    if let Some(host) = document.get_mut("HostConfig") {
        of_host(host);
    }
    if let Some(state) = document.get_mut("State") {
        withhold(state, &WITHHOLD_OF_STATE);
        for log in ["/Health/Log", "/Healthcheck/Log"] {
            if let Some(log) = pointer::get_mut(state, log).filter(|log| !log.is_null()) {
                *log = health_log(log);
            }
        }
    }
    if let Some(Value::Object(networks)) =
        pointer::get_mut(&mut document, "/NetworkSettings/Networks")
    {
        networks.values_mut().for_each(|it| withhold(it, &["DriverOpts"]));
    }
    document
}

fn withhold(fields: &mut Value, names: &[&str]) {
    for name in names {
        if let Some(value) = fields.get_mut(name).filter(|value| !value.is_null()) {
            *value = json!(WITHHELD);
        }
    }
}

fn of_config(config: &mut Value) {
    withhold(config, &WITHHOLD_OF_CONFIG);
    if let Some(Value::Array(variables)) = config.get_mut("Env") {
        variables.iter_mut().for_each(|it| *it = sealed(it));
    }
    skeleton(config, "Entrypoint", "Cmd");
    if let Some(test) = pointer::get_mut(config, "/Healthcheck/Test") {
        *test = health_check(test);
    }
    if let Some(Value::Object(labels)) = config.get_mut("Labels") {
        let is_own = |name: &str| {
            name.get(..OWN_LABELS.len()).is_some_and(|it| it.eq_ignore_ascii_case(OWN_LABELS))
        };
        let is_kept = |name: &str| name.starts_with(LABELS) || is_own(name);
        let is_about = |name: &str| ABOUT_THE_IMAGE.iter().any(|prefix| name.starts_with(prefix));
        labels.retain(|name, _| is_kept(name) || is_about(name));
        for (_, value) in labels.iter_mut().filter(|(name, _)| is_about(name)) {
            if !value.as_str().is_some_and(is_public) {
                *value = json!(WITHHELD);
            }
        }
    }
}

fn of_host(host: &mut Value) {
    withhold(host, &WITHHOLD_OF_HOST);
    if let Some(Value::Object(options)) = pointer::get_mut(host, "/LogConfig/Config") {
        options.retain(|name, value| is_kept_of_log(name, value.as_str().unwrap_or_default()));
    }
    if let Some(Value::Array(mounts)) = host.get_mut("Mounts") {
        for options in mounts.iter_mut().filter_map(|it| it.get_mut("VolumeOptions")) {
            if let Value::Object(all) = options {
                let hidden = all.iter_mut().filter(|(name, value)| !is_kept_of_volume(name, value));
                hidden.for_each(|(_, value)| *value = json!(WITHHELD));
            } else {
                *options = json!(WITHHELD);
            }
        }
    }
}

/// Whether a label's value gives nothing away.
fn is_public(value: &str) -> bool {
    let is_secret =
        matches!(secret::form(value), Form::Token(_) | Form::PrivateKey | Form::Credentials { .. });
    value.len() <= LONGEST_LABEL && !is_secret
}

/// Leaves of a command in two parts its skeleton. The second part is told to the first,
/// so its first word is a program only where there is no first part.
fn skeleton(fields: &mut Value, first: &str, second: &str) {
    let part = |name| fields.get(name).map_or(Ok(vec![]), words);
    let (kept, place) = match (part(first), part(second)) {
        (Ok(first), Ok(second)) => {
            let kept = command::arguments(&[first.as_slice(), second.as_slice()].concat());
            (kept, first.len())
        }
        // What is no list of texts is nothing that a rule reads.
        _ => (Vec::new(), 0),
    };
    let (head, tail) = kept.split_at_checked(place).unwrap_or_default();
    for (name, kept) in [(first, head), (second, tail)] {
        match fields.get_mut(name) {
            Some(Value::Null) | None => {}
            Some(Value::String(text)) if kept.len() == 1 => *text = kept.concat(),
            Some(Value::Array(list)) if kept.len() == list.len() => *list = texts(kept),
            Some(other) => *other = json!(WITHHELD),
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

/// Whether an option of a volume says what of it is mounted, and nothing else.
fn is_kept_of_volume(name: &str, value: &Value) -> bool {
    matches!((name, value), ("NoCopy", Value::Bool(_)) | ("Subpath", Value::String(_)))
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
pub(super) fn environment(text: &str) -> Arc<[Variable]> {
    text.split('\0').filter(|it| !it.is_empty()).map(variable).collect()
}

/// `NAME=value`, its value sealed. What has no name may be all secret, and is
/// recorded as an unnamed value.
pub(crate) fn variable(text: &str) -> Variable {
    let named =
        text.split_once('=').filter(|(name, value)| !secret::stands_for_a_name(name, value));
    let (name, value) = named.unwrap_or(("", text));
    Variable {
        name: name.chars().take(LONGEST_NAME).collect::<String>().into(),
        value: secret::seal(value, &KEY),
        kept: kept(name, value).map(Untrusted::from),
    }
}

/// The most values of one text.
const MOST_PAIRS: usize = 256;

/// Names and values, sealed, without what can be no secret; whether there were
/// more than are kept.
pub(crate) fn pairs(given: Vec<(String, String)>) -> (Vec<Variable>, bool) {
    let mut variables: Vec<Variable> = Vec::new();
    for (name, value) in given {
        let variable = match name.as_str() {
            "" => Variable { name: "".into(), value: secret::seal(&value, &KEY), kept: None },
            name => Variable { kept: None, ..variable(&format!("{name}={value}")) },
        };
        let is_told = match &variable.value.form {
            Form::Token(_) | Form::PrivateKey | Form::Credentials { .. } => true,
            // What has no name that promises a secret is a word like any other.
            Form::Opaque
            | Form::Common
            | Form::Hash
            | Form::Number
            | Form::Version
            | Form::Address => promise(variable.name.raw()) != Promise::Nothing,
            Form::Empty | Form::Flag | Form::Path | Form::Url | Form::Public | Form::Reference => {
                false
            }
        };
        if is_told && !variables.contains(&variable) {
            if variables.len() == MOST_PAIRS {
                return (variables, true);
            }
            variables.push(variable);
        }
    }
    (variables, false)
}

static KEY: LazyLock<Key> = LazyLock::new(drawn);

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
mod tests;

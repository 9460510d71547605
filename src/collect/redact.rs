//! Keeps values that may be secret out of the evidence, at the door.
//!
//! A bundle is meant to be handed on. So what people put passwords into
//! (environment values, command lines, health checks, log driver options)
//! never enters one; only what a rule needs of it does.

use serde_json::{Value, json};

/// What stands in the place of a value that is not recorded.
const WITHHELD: &str = "(not recorded)";

/// Fields whose content may hold a secret and that no rule reads.
const WITHHOLD: [&str; 10] = [
    "/Args",
    "/Command",
    "/Config/Cmd",
    "/Config/Entrypoint",
    "/ContainerConfig",
    "/State/Health/Log",
    "/HostConfig/LogConfig/Config",
    "/HostConfig/Annotations",
    "/HttpProxy",
    "/HttpsProxy",
];

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
    if let Some(Value::Array(test)) = document.pointer_mut("/Config/Healthcheck/Test") {
        test.iter_mut().skip(1).for_each(|word| *word = json!(WITHHELD));
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

/// A process's environment without what may be secret: only the variables that
/// name an engine, a line each.
pub(super) fn environment(text: &str) -> String {
    text.split('\0')
        .filter(|variable| {
            let name = variable.split('=').next().unwrap_or_default();
            ENGINE_VARIABLES.contains(&name)
        })
        .map(|variable| format!("{}\n", without_value(variable)))
        .collect()
}

fn withhold_value(variable: &Value) -> Value {
    json!(variable.as_str().map_or_else(|| WITHHELD.to_owned(), without_value))
}

fn without_value(variable: &str) -> String {
    let Some((name, value)) = variable.split_once('=') else { return WITHHELD.to_owned() };
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
            "Id": "ab", "Args": ["--password", canary], "Command": format!("x {canary}"),
            "Config": {
                "Env": [format!("PASSWORD={canary}"), canary, "PATH=/bin",
                        format!("DOCKER_HOST=tcp://me:{canary}@host:2375")],
                "Cmd": [canary], "Entrypoint": [canary],
                "Labels": {"traefik.users": canary, "com.docker.compose.project": "shop"},
                "Healthcheck": {"Test": ["CMD-SHELL", format!("redis-cli -a {canary} ping")]},
            },
            "ContainerConfig": {"Env": [canary], "Cmd": [canary]},
            "State": {"Health": {"Status": "healthy", "Log": [{"Output": canary}]}},
            "HostConfig": {
                "LogConfig": {"Type": "splunk", "Config": {"splunk-token": canary}},
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
    }

    #[test]
    fn of_an_environment_only_the_engines_variables_are_kept() {
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

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
    if let Some(Value::Object(networks)) = document.pointer_mut("/NetworkSettings/Networks") {
        for options in networks.values_mut().filter_map(|it| it.get_mut("DriverOpts")) {
            if !options.is_null() {
                *options = json!(WITHHELD);
            }
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
            "NetworkSettings": {"Networks": {"shop": {"DriverOpts": {"key": canary}}}},
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

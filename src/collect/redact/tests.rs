//! What is recorded, and what is not.

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
            "Mounts": [
                {"Type": "volume", "VolumeOptions": {
                    "DriverConfig": {"Options": {"o": canary}}, "Labels": {"key": canary},
                    "NoCopy": true, "Subpath": "a",
                }},
                {"Type": "volume", "VolumeOptions": canary},
            ],
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
        ("/HostConfig/Mounts/0/VolumeOptions/NoCopy", json!(true)),
        ("/HostConfig/Mounts/0/VolumeOptions/Subpath", json!("a")),
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

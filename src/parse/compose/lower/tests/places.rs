//! Where each part was written.

use super::*;

const EVERYTHING: &str = r#"{
    "image": "a", "user": "1", "read_only": true, "privileged": true, "init": true,
    "cap_add": ["A", "B"], "cap_drop": ["ALL"], "security_opt": ["apparmor=p", "systempaths=unconfined"],
    "environment": ["A=1", "B=2"], "labels": {"a/b": "c"}, "command": ["x", "y"],
    "entrypoint": "z w", "healthcheck": {"test": ["CMD", "a"], "interval": "1s", "retries": 2},
    "volumes": ["./a:/a", "v:/v", "/n"], "tmpfs": ["/t", "/u:size=1m"], "secrets": ["s"],
    "networks": {"n": null, "m": null}, "ports": ["1:80", "2:80", "5-6:5-6/udp"], "expose": ["9"],
    "mem_limit": "1g", "cpus": 1, "pids_limit": 5, "restart": "always", "ulimits": {"nofile": 1},
    "deploy": {"resources": {"reservations": {"memory": "2g"}}},
    "logging": {"driver": "local", "options": {"max-size": "1m"}}, "devices": ["/dev/a"],
    "gpus": "all", "sysctls": {"a": "b"}, "group_add": ["1"], "pid": "host", "ipc": "host",
    "userns_mode": "host", "uts": "host", "cgroup": "host", "stop_signal": "INT",
    "stop_grace_period": "1s", "shm_size": "1m", "volumes_from": ["db"], "dns": "1.1.1.1",
    "extra_hosts": ["a=1.1.1.1"], "device_cgroup_rules": ["c 1:1 r"], "container_name": "n"
}"#;

fn everything() -> Json {
    let service: Json = serde_json::from_str(EVERYTHING).unwrap();
    json!({
        "services": {"web": service, "db": {"volumes": ["/lent:/lent"]}},
        "secrets": {"s": {"file": "s"}}, "networks": {"n": null, "m": null}, "volumes": {"v": null},
    })
}

#[test]
fn every_part_that_was_written_is_a_part_of_the_document() {
    let draft = lower(&project(&everything()), "web", &bare());
    assert_eq!(draft.gaps, [].into());
    for (pointer, origin) in &draft.origins {
        assert!(draft.document.pointer(pointer).is_some(), "{pointer}");
        assert_eq!(origin.at.file.raw(), "shop/compose.yaml");
        assert_eq!(origin.at.excerpt.raw(), format!("line {}", origin.at.line), "{pointer}");
    }
}

#[test]
fn every_key_of_the_service_decides_something() {
    let draft = lower(&project(&everything()), "web", &bare());
    let keys: Vec<&str> = draft.origins.values().map(|it| it.key.raw()).collect();
    let service: Json = serde_json::from_str(EVERYTHING).unwrap();
    for key in service.as_object().unwrap().keys() {
        let decides = |it: &&str| *it == key || it.starts_with(&format!("{key}."));
        assert!(keys.iter().any(decides), "{key}");
    }
}

#[test]
fn a_value_is_shown_where_it_stands_and_a_list_at_its_key() {
    let root = json!({"services": {"web": {
        "cap_add": ["A", "B"], "healthcheck": {"test": ["CMD", "x"]}, "read_only": true
    }}});
    let mut project = project(&root);
    // The keys stand two lines above what stands below them.
    fn apart(node: &mut Node) {
        if let Value::Map(entries) = &mut node.value {
            for entry in entries {
                entry.key_at.line += 100;
                apart(&mut entry.node);
            }
        }
    }
    apart(&mut project.root);
    let draft = lower(&project, "web", &bare());
    for (pointer, key, line) in [
        ("", "", 103),
        ("/HostConfig/CapAdd", "cap_add", 104),
        ("/HostConfig/CapAdd/0", "cap_add", 5),
        ("/HostConfig/CapAdd/1", "cap_add", 6),
        ("/Config/Healthcheck", "healthcheck", 107),
        ("/Config/Healthcheck/Test", "healthcheck.test", 108),
        ("/Config/Healthcheck/Test/1", "healthcheck.test", 10),
        ("/HostConfig/ReadonlyRootfs", "read_only", 11),
    ] {
        let origin = &draft.origins[pointer];
        assert_eq!((origin.key.raw(), origin.at.line), (key, line), "{pointer}");
    }
    assert_eq!(draft.origin("/HostConfig/Privileged").unwrap().key.raw(), "");
}

#[test]
fn what_was_overridden_is_named() {
    let mut project = project(&json!({"services": {"web": {"privileged": true}}}));
    fn mark(node: &mut Node) {
        node.overrode = Some(Place { line: 42, ..node.at });
        if let Value::Map(entries) = &mut node.value {
            entries.iter_mut().for_each(|entry| mark(&mut entry.node));
        }
    }
    mark(&mut project.root);
    let draft = lower(&project, "web", &bare());
    let before = draft.origins["/HostConfig/Privileged"].overrode.clone().unwrap();
    assert_eq!((before.line, before.excerpt.raw()), (42, "line 42"));
}

#[test]
fn what_a_dockerfile_says_is_shown_there() {
    let written = crate::model::draft::Written {
        file: "Dockerfile".into(),
        line: 7,
        column: 1,
        length: 4,
        excerpt: "USER app".into(),
    };
    let origin = std::sync::Arc::new(crate::model::draft::Origin {
        key: "USER".into(),
        at: written,
        overrode: None,
    });
    let parts = ["/User", "/Env/1", "/Healthcheck", "/Cmd", "/Entrypoint", "/ExposedPorts/80~1tcp"];
    let shipped = Shipped::Known {
        config: json!({
            "User": "app", "Env": ["A=1", "B=2"], "Healthcheck": {"Test": ["CMD", "x"]},
            "Cmd": ["a"], "Entrypoint": ["e", "f"], "ExposedPorts": {"80/tcp": {}},
        }),
        origins: parts.map(|part| (part.to_owned(), std::sync::Arc::clone(&origin))).into(),
        gaps: [].into(),
        id: None,
    };
    let draft = web(json!({"environment": ["A=own", "C=3"]}), &shipped);
    assert_eq!(at(&draft, "/Config/Env"), json!(["A=own", "C=3", "B=2"]));
    for pointer in [
        "/Config/User",
        "/Config/Env/2",
        "/Config/Healthcheck",
        "/Config/ExposedPorts/80~1tcp",
        "/Path",
        "/Args/0",
        "/Args/1",
    ] {
        assert_eq!(draft.origin(pointer).unwrap().at.file.raw(), "Dockerfile", "{pointer}");
    }
    assert_eq!(draft.document.get("Image"), Some(&Json::Null));
}

#[test]
fn what_a_dockerfile_cannot_tell_is_a_gap_of_that_part_alone() {
    let gap = Gap::new(Reason::Unset, Source::image("x"), "ARG has no value");
    let shipped = Shipped::Known {
        config: json!({"User": null, "Cmd": ["a"], "Env": ["A", "B=1"]}),
        origins: [].into(),
        gaps: [("/User".to_owned(), gap.clone()), ("/Env/0".to_owned(), gap)].into(),
        id: None,
    };
    let draft = web(json!({}), &shipped);
    let gaps: Vec<&str> = draft.gaps.keys().map(String::as_str).collect();
    assert_eq!(gaps, ["/Config/Env/0", "/Config/User"]);
    assert_eq!(at(&draft, "/Path"), "a");
}

#[test]
fn a_line_that_nobody_could_read_is_not_shown() {
    let mut project = project(&json!({"services": {"web": {"privileged": true}}}));
    project.texts = vec!["x".repeat(100_000)];
    let draft = lower(&project, "web", &bare());
    assert!(draft.origins.values().all(|it| it.at.excerpt.raw().is_empty()));
}

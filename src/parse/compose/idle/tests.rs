//! What is told of what was written for nothing, and what is not.

use std::path::PathBuf;

use serde_json::{Value as Json, json};

use super::*;
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::parse::compose::canonical::canonical;
use crate::parse::compose::{Project, testing};

/// What a project of these top-level keys says of `web` for nothing, made from
/// an image with this configuration: the keys, what is the matter, and what to
/// write instead.
fn idle_from(image: &Shipped, root: &Json) -> Vec<(String, String, String)> {
    let mut root = testing::node(root);
    canonical(&mut root).unwrap();
    let project = Project {
        env_files: Vec::new(),
        name: "shop".to_owned(),
        file: PathBuf::from("compose.yaml"),
        files: vec![PathBuf::from("compose.yaml")],
        texts: vec![String::new()],
        directory: PathBuf::from("/srv/shop"),
        root,
        inactive: vec![],
        remarks: vec![],
        waivers: vec![],
        unread: vec![],
    };
    let lowering = Lowering::new(&project);
    let web = project.root.get("services").unwrap().entry("web").unwrap();
    let found = Idling::new(&lowering).of(web, image);
    found.into_iter().map(|it| (it.origin.key.raw().to_owned(), it.what, it.instead)).collect()
}

fn bare() -> Shipped {
    image(json!({}))
}

fn image(config: Json) -> Shipped {
    Shipped::Known { config, origins: [].into(), gaps: [].into(), id: None }
}

fn nobody_knows() -> Shipped {
    Shipped::Unknown(Gap::new(Reason::NotCollected, Source::Clock, "nobody asked"))
}

fn idle(service: Json) -> Vec<(String, String, String)> {
    let mut root = json!({"services": {}});
    root["services"]["web"] = service;
    idle_from(&bare(), &root)
}

/// The keys alone.
fn keys(service: Json) -> Vec<String> {
    idle(service).into_iter().map(|(key, ..)| key).collect()
}

#[test]
fn a_key_that_compose_does_not_know_is_told_with_the_form_that_works() {
    for (key, instead) in [
        ("read_only_root_filesystem", "write read_only: true"),
        ("readOnlyRootFilesystem", "write read_only: true"),
        ("no_new_privileges", "write security_opt: [\"no-new-privileges:true\"]"),
        ("seccompProfile", "write security_opt: [\"seccomp:profile.json\"]"),
        ("capabilities", "write cap_drop: [ALL], and only what the program needs in cap_add"),
        ("cap-drop", "write cap_drop: [ALL]"),
        ("memory", "write mem_limit: 512m"),
        ("runAsUser", "write user: \"1000:1000\""),
        ("healthchek", "write healthcheck"),
        ("limits", "write deploy.resources.limits"),
        ("resources", "write deploy.resources"),
        ("internal", "write internal: true of a network, at the top level of the file"),
        ("wibble", "remove it, or begin it with x- if it is meant for another tool"),
    ] {
        let mut service = json!({});
        service[key] = json!({});
        let found = idle(service);
        assert_eq!(found.len(), 1, "{key}: {found:?}");
        assert_eq!((found[0].0.as_str(), found[0].2.as_str()), (key, instead));
        assert!(found[0].1.contains("is no key of compose"), "{}", found[0].1);
    }
}

#[test]
fn a_services_key_in_the_wrong_place_is_told_where_it_belongs() {
    let found = idle(json!({"deploy": {"cap_drop": ["ALL"]}}));
    assert_eq!(found[0].0, "deploy.cap_drop");
    assert_eq!(found[0].2, "write cap_drop directly below the service");
    let root = json!({"services": {"web": {}}, "read_only": true, "x-own": {"read_only": true}});
    let found = idle_from(&bare(), &root);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].2, "write read_only below each service");
}

#[test]
fn a_misspelt_key_of_a_resource_concerns_those_who_use_it() {
    let root = |service: Json| {
        json!({
            "services": {"web": service},
            "networks": {"back": {"internl": true}}, "secrets": {"key": {"file": "k", "mod": 1}},
            "volumes": {"data": {"drivr": "local"}},
        })
    };
    let uses = json!({"networks": ["back"], "secrets": ["key"], "volumes": ["data:/data"]});
    let found = idle_from(&bare(), &root(uses));
    let keys: Vec<&str> = found.iter().map(|it| it.0.as_str()).collect();
    assert_eq!(keys, ["volumes.data.drivr", "secrets.key.mod", "networks.back.internl"]);
    assert_eq!(found[2].2, "write internal");
    assert!(idle_from(&bare(), &root(json!({}))).is_empty());
}

#[test]
fn what_compose_leaves_to_swarm_is_told() {
    let deploy = json!({
        "mode": "global", "endpoint_mode": "vip", "labels": {"a": "b"},
        "placement": {"constraints": ["node.role==worker"]},
        "update_config": {"order": "start-first"}, "rollback_config": {"order": "stop-first"},
        "resources": {
            "limits": {"memory": "64m", "cpus": "0.5", "pids": 50},
            "reservations": {"cpus": "0.1", "memory": "32m", "generic_resources": []},
        },
        "restart_policy": {"condition": "on-failure", "delay": "5s", "window": "10s"},
    });
    assert_eq!(
        keys(json!({"deploy": deploy})),
        [
            "deploy.endpoint_mode",
            "deploy.labels",
            "deploy.placement",
            "deploy.resources.reservations.cpus",
            "deploy.resources.reservations.generic_resources",
            "deploy.restart_policy.delay",
            "deploy.restart_policy.window",
            "deploy.rollback_config",
            "deploy.update_config",
            "deploy.mode",
        ]
    );
    let applied =
        json!({"replicas": 2, "mode": "replicated", "resources": {"limits": {"pids": 9}}});
    assert!(keys(json!({"deploy": applied})).is_empty());
}

#[test]
fn of_two_restart_policies_that_differ_that_of_deploy_holds() {
    let with = |own: &str, condition: &str| {
        keys(json!({"restart": own, "deploy": {"restart_policy": {"condition": condition}}}))
    };
    assert_eq!(with("always", "on-failure"), ["restart"]);
    assert!(with("always", "any").is_empty());
    assert!(with("no", "none").is_empty());
}

#[test]
fn a_bound_of_nothing_is_no_bound() {
    for (key, bound) in [("mem_limit", json!(0)), ("pids_limit", json!(-1)), ("cpus", json!(0))] {
        let mut service = json!({});
        service[key] = bound;
        let found = idle(service);
        assert_eq!(found.len(), 1, "{key}");
        assert!(found[0].1.contains("no limit"), "{found:?}");
    }
    let limits = json!({"deploy": {"resources": {"limits": {"memory": "0", "pids": 0}}}});
    let expected = ["deploy.resources.limits.memory", "deploy.resources.limits.pids"];
    assert_eq!(keys(limits), expected);
    assert!(keys(json!({"mem_limit": "64m", "pids_limit": 9, "cpus": 0.5})).is_empty());
}

#[test]
fn of_two_bounds_that_differ_that_of_deploy_holds() {
    let with = |own: &str| {
        keys(json!({"mem_limit": own, "deploy": {"resources": {"limits": {"memory": "64m"}}}}))
    };
    assert_eq!(with("1g"), ["mem_limit"]);
    assert!(with("65536k").is_empty());
}

#[test]
fn what_windows_alone_has_is_told() {
    assert_eq!(keys(json!({"cpu_count": 2, "cpu_percent": 50})), ["cpu_count", "cpu_percent"]);
}

#[test]
fn a_files_own_mode_counts_and_not_the_one_that_is_asked_for() {
    let root = |secret: Json| {
        let web =
            json!({"secrets": [{"source": "key", "uid": "1000", "gid": "1000", "mode": "0400"}]});
        json!({"services": {"web": web}, "secrets": {"key": secret}})
    };
    let found = idle_from(&bare(), &root(json!({"file": "./key.txt"})));
    let keys: Vec<&str> = found.iter().map(|it| it.0.as_str()).collect();
    assert_eq!(keys, ["secrets.uid", "secrets.gid", "secrets.mode"]);
    assert!(found[2].2.contains("chmod 0440 ./key.txt"), "{found:?}");
    for honoured in [json!({"environment": "KEY"}), json!({"external": true})] {
        assert!(idle_from(&bare(), &root(honoured)).is_empty());
    }
    let config = json!({
        "services": {"web": {"configs": [{"source": "c", "mode": "0400"}]}},
        "configs": {"c": {"content": "x"}},
    });
    assert!(idle_from(&bare(), &config).is_empty());
}

#[test]
fn the_options_of_another_type_of_mount_do_nothing() {
    let mount = json!({"type": "volume", "source": "d", "target": "/d", "tmpfs": {"size": "1m"}});
    assert_eq!(keys(json!({"volumes": [mount]})), ["volumes.tmpfs"]);
    assert!(keys(json!({"volumes": ["./a:/a:ro", "d:/d:nocopy"]})).is_empty());
}

#[test]
fn the_parts_of_a_check_that_is_switched_off_do_nothing() {
    let off = json!({"healthcheck": {"disable": true, "test": ["CMD", "x"], "interval": "5s"}});
    assert_eq!(keys(off), ["healthcheck.interval", "healthcheck.test"]);
    let none = json!({"healthcheck": {"test": ["NONE"], "retries": 3}});
    assert_eq!(keys(none), ["healthcheck.retries"]);
    assert!(keys(json!({"healthcheck": {"disable": true}})).is_empty());
}

#[test]
fn the_timing_of_a_check_that_nobody_has_does_nothing() {
    let service = json!({"healthcheck": {"interval": "5s"}});
    assert_eq!(keys(service.clone()), ["healthcheck.interval"]);
    let root = json!({"services": {"web": service}});
    let checked = image(json!({"Healthcheck": {"Test": ["CMD", "x"]}}));
    assert!(idle_from(&checked, &root).is_empty());
    assert!(idle_from(&nobody_knows(), &root).is_empty());
}

#[test]
fn the_images_user_does_nothing_where_the_service_runs_as_root() {
    let with = |user: &str, own: &str| {
        let root = json!({"services": {"web": {"user": own}}});
        let found = idle_from(&image(json!({"User": user})), &root);
        found.into_iter().map(|(key, ..)| key).collect::<Vec<_>>()
    };
    for root in ["root", "0", "0:0", "00"] {
        assert_eq!(with("app", root), ["user"], "{root}");
        assert!(with("", root).is_empty());
        assert!(with("root", root).is_empty());
    }
    assert!(with("app", "1000").is_empty());
    assert!(with("app", "").is_empty());
}

#[test]
fn an_internal_network_that_no_service_is_on_isolates_nobody() {
    let root = |service: Json| json!({"services": {"web": service}, "networks": {"back": {"internal": true}}});
    let found = idle_from(&bare(), &root(json!({})));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, "networks.back.internal");
    assert!(idle_from(&bare(), &root(json!({"networks": ["back"]}))).is_empty());
    let default = json!({"services": {"web": {}}, "networks": {"default": {"internal": true}}});
    assert!(idle_from(&bare(), &default).is_empty());
}

#[test]
fn what_is_harmless_or_meant_for_others_is_not_told() {
    let root = json!({
        "version": "3.8", "x-any": {"wibble": 1},
        "services": {"web": {
            "image": "web:1", "expose": ["80"], "links": ["db"], "container_name": "w",
            "x-own": {"read_only_root_filesystem": true}, "read_only": true,
            "cap_drop": ["ALL"], "security_opt": ["no-new-privileges:true"],
        }},
    });
    assert!(idle_from(&bare(), &root).is_empty());
}

#[test]
fn a_hostile_file_is_told_in_bounds() {
    let mut service = json!({});
    for number in 0..5_000 {
        service[format!("key_number_{number}")] = json!(1);
    }
    assert_eq!(idle(service).len(), MOST);
    let mut services = json!({});
    for number in 0..3_000 {
        services[format!("s{number}")] = json!({"wobble": 1, "wubble": 2});
    }
    services["web"] = json!({});
    assert!(idle_from(&bare(), &json!({"services": services})).is_empty());
}

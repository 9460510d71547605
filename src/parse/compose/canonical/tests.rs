//! Every short form with its long one, as the specification has them.

use serde_json::{Value as Json, json};

use super::super::testing;
use super::*;

/// What a key of a service becomes.
fn long(key: &str, short: Json) -> Json {
    let mut root = service(key, short);
    canonical(&mut root).unwrap();
    testing::json(&root)["services"]["web"][key].take()
}

fn service(key: &str, value: Json) -> Node {
    let mut root = json!({"services": {"web": {}}});
    root["services"]["web"][key] = value;
    testing::node(&root)
}

fn wrong(key: &str, value: Json) -> Wrong {
    canonical(&mut service(key, value)).unwrap_err()
}

/// One port, its parts in the order of the specification.
fn port(address: &str, target: &str, published: &str, protocol: &str) -> Json {
    let mut port = json!({"mode": "ingress", "target": target, "protocol": protocol});
    for (key, value) in [("host_ip", address), ("published", published)] {
        if !value.is_empty() {
            port[key] = value.into();
        }
    }
    port
}

#[test]
fn the_short_forms_of_a_port_are_those_of_the_specification() {
    for (short, expected) in [
        (json!("3000"), vec![port("", "3000", "", "tcp")]),
        (json!(3000), vec![port("", "3000", "", "tcp")]),
        (json!("3000-3002"), (3000..3003).map(|it| port("", &it.to_string(), "", "tcp")).collect()),
        (json!("8000:80"), vec![port("", "80", "8000", "tcp")]),
        (
            json!("9090-9091:8080-8081"),
            vec![port("", "8080", "9090", "tcp"), port("", "8081", "9091", "tcp")],
        ),
        (json!("3000-3003:80"), vec![port("", "80", "3000-3003", "tcp")]),
        (json!("127.0.0.1:8001:80"), vec![port("127.0.0.1", "80", "8001", "tcp")]),
        (
            json!("127.0.0.1:5000-5001:5000-5001/UDP"),
            vec![
                port("127.0.0.1", "5000", "5000", "udp"),
                port("127.0.0.1", "5001", "5001", "udp"),
            ],
        ),
        (json!("6060:6060/udp"), vec![port("", "6060", "6060", "udp")]),
        (json!("127.0.0.1::90"), vec![port("127.0.0.1", "90", "", "tcp")]),
        (json!("[::1]:6001:7001"), vec![port("::1", "7001", "6001", "tcp")]),
        (json!("::1:6001:7001"), vec![port("::1", "7001", "6001", "tcp")]),
        (json!("132/sctp"), vec![port("", "132", "", "sctp")]),
    ] {
        assert_eq!(long("ports", json!([short])), Json::Array(expected), "{short}");
    }
}

#[test]
fn the_long_form_of_a_port_keeps_what_it_says() {
    let port = json!({"target": 80, "published": "8080-8090", "mode": "host", "name": "web"});
    let expected = json!([{
        "target": "80", "published": "8080-8090", "mode": "host", "name": "web", "protocol": "tcp"
    }]);
    assert_eq!(long("ports", json!([port])), expected);
}

#[test]
fn a_port_that_the_engine_would_not_take_is_wrong_at_its_place() {
    for (short, what) in [
        ("80/http", "the protocol of this port is none of tcp, udp and sctp"),
        ("70000", "the port in the container is no port"),
        ("", "the port in the container is no port"),
        ("+80", "the port in the container is no port"),
        ("90-80", "the port in the container is no port"),
        ("web:80", "the port of the host is no port"),
        ("localhost:80:80", "the address of this port is no IP address"),
        ("8000-8001:80-82", "the two ranges of this port differ in length"),
    ] {
        let wrong = wrong("ports", json!(["81", short]));
        assert_eq!((wrong.what.as_str(), wrong.at.line), (what, 6), "{short}");
        assert!(wrong.help.contains("127.0.0.1:8080:80"));
    }
}

#[test]
fn ranges_without_end_are_refused_before_they_cost_anything() {
    let all = vec!["1-65535:1-65535"; 1000];
    assert!(wrong("ports", json!(all)).what.contains("too long"));
    assert_eq!(
        long("ports", json!(["16384-32768:16384-32768/udp"])).as_array().unwrap().len(),
        16385
    );
}

#[test]
fn the_short_forms_of_a_volume_are_those_of_the_specification() {
    let made = || json!({"create_host_path": "true"});
    for (short, expected) in [
        ("/var/lib/a", json!({"type": "volume", "target": "/var/lib/a"})),
        ("data:/data", json!({"type": "volume", "source": "data", "target": "/data"})),
        (
            "data:/data:nocopy",
            json!({"type": "volume", "source": "data", "target": "/data", "volume": {"nocopy": "true"}}),
        ),
        (
            "/opt/data:/data//x/",
            json!({"type": "bind", "source": "/opt/data", "target": "/data/x", "bind": made()}),
        ),
        (
            "./cache:/tmp/cache:ro",
            json!({"type": "bind", "source": "./cache", "target": "/tmp/cache", "read_only": "true", "bind": made()}),
        ),
        (
            "~/c:/etc/c",
            json!({"type": "bind", "source": "~/c", "target": "/etc/c", "bind": made()}),
        ),
        (
            "/a:/b:ro,Z,rshared,cached",
            json!({
                "type": "bind", "source": "/a", "target": "/b", "read_only": "true",
                "bind": {"selinux": "Z", "propagation": "rshared", "create_host_path": "true"}
            }),
        ),
        (
            r"C:\data:/data:rw",
            json!({"type": "bind", "source": r"C:\data", "target": "/data", "bind": made()}),
        ),
        // One letter and a colon are a Windows drive, wherever it runs.
        ("n:/data", json!({"type": "volume", "target": "n:/data"})),
    ] {
        assert_eq!(long("volumes", json!([short])), json!([expected]), "{short}");
    }
}

#[test]
fn the_long_form_of_a_volume_stays() {
    let volumes = json!([
        {"type": "bind", "source": "/a", "target": "/b", "bind": {"propagation": "rshared", "selinux": "z"}},
        {"type": "tmpfs", "target": "/t", "tmpfs": {"size": "64m", "mode": "01777"}},
        {"type": "volume", "source": "d", "target": "/d", "volume": {"nocopy": "true", "subpath": "x"}},
        {"type": "image", "source": "busybox", "target": "/i", "image": {"subpath": "bin"}},
        {"type": "npipe", "source": r"\\.\pipe\docker_engine", "target": r"\\.\pipe\docker_engine"},
        {"type": "cluster", "source": "c", "target": "/c"},
    ]);
    assert_eq!(long("volumes", volumes.clone()), volumes);
}

#[test]
fn a_volume_with_an_empty_or_a_further_part_is_wrong() {
    for short in ["", ":/ab", "ab::ro", "/a:/b:ro:z"] {
        assert!(wrong("volumes", json!([short])).what.starts_with("this volume has"), "{short}");
    }
}

#[test]
fn lists_of_pairs_are_mappings_and_the_last_of_the_same_key_counts() {
    let short = json!(["A=1", "B", "C=x=y", "A=2", "D="]);
    let expected = json!({"A": "2", "B": null, "C": "x=y", "D": ""});
    for key in ["environment", "labels", "annotations", "sysctls"] {
        assert_eq!(long(key, short.clone()), expected, "{key}");
        assert_eq!(long(key, json!({"A": 1, "B": null})), json!({"A": "1", "B": null}), "{key}");
    }
    let build = json!({"context": ".", "args": ["V=1", "W"]});
    assert_eq!(long("build", build)["args"], json!({"V": "1", "W": null}));
}

#[test]
fn a_pair_that_is_a_mapping_is_wrong_at_its_place() {
    let wrong = wrong("environment", json!(["A=1", {"B": "2"}]));
    assert_eq!(wrong.at.line, 6);
}

#[test]
fn hosts_have_all_their_addresses() {
    let short = json!(["a=10.0.0.1", "b:10.0.0.2", "c=[::1]", "d:::1", "a=10.0.0.3,10.0.0.4"]);
    let expected = json!({
        "a": ["10.0.0.1", "10.0.0.3", "10.0.0.4"], "b": ["10.0.0.2"], "c": ["::1"], "d": ["::1"]
    });
    assert_eq!(long("extra_hosts", short), expected);
    let mapping = json!({"a": "[::1]", "b": ["1.1.1.1"]});
    assert_eq!(long("extra_hosts", mapping), json!({"a": ["::1"], "b": ["1.1.1.1"]}));
    assert!(wrong("extra_hosts", json!(["nowhere"])).help.contains("HOST=ADDRESS"));
}

#[test]
fn one_text_is_a_list_of_one_where_the_specification_says_so() {
    for key in ["dns", "dns_search", "tmpfs", "label_file"] {
        assert_eq!(long(key, json!("one")), json!(["one"]), "{key}");
        assert_eq!(long(key, json!(["one", "two"])), json!(["one", "two"]), "{key}");
    }
    for key in ["cap_add", "cap_drop", "security_opt", "expose", "group_add", "profiles"] {
        assert_eq!(wrong(key, json!("ALL")).what, "this is no list", "{key}");
    }
}

#[test]
fn references_get_their_long_forms() {
    assert_eq!(long("secrets", json!(["key"])), json!([{"source": "key"}]));
    assert_eq!(long("configs", json!([{"source": "a", "mode": "0440"}]))[0]["mode"], "0440");
    assert_eq!(long("build", json!("./dir")), json!({"context": "./dir"}));
    assert_eq!(long("extends", json!("base")), json!({"service": "base"}));
    assert_eq!(long("networks", json!(["a", "b"])), json!({"a": null, "b": null}));
    assert_eq!(long("models", json!(["llm"])), json!({"llm": null}));
    let needed = json!({"condition": "service_started", "required": "true"});
    assert_eq!(long("depends_on", json!(["db"])), json!({"db": needed}));
    let healthy = json!({"db": {"condition": "service_healthy"}});
    assert_eq!(long("depends_on", healthy)["db"]["required"], "true");
    let file = json!([{"path": "a.env", "required": "true"}]);
    assert_eq!(long("env_file", json!("a.env")), file);
    assert_eq!(long("env_file", json!(["a.env"])), file);
    let optional = json!([{"path": "a.env", "required": false}]);
    assert_eq!(long("env_file", optional)[0]["required"], "false");
}

#[test]
fn devices_are_paths_or_names_of_the_device_interface() {
    for (short, source, target, permissions) in [
        ("/dev/a", "/dev/a", "/dev/a", "rwm"),
        ("/dev/a:/dev/b", "/dev/a", "/dev/b", "rwm"),
        ("/dev/a:/dev/b:r", "/dev/a", "/dev/b", "r"),
        ("vendor.com/gpu=all", "vendor.com/gpu=all", "vendor.com/gpu=all", "rwm"),
    ] {
        let expected = json!([{"source": source, "target": target, "permissions": permissions}]);
        assert_eq!(long("devices", json!([short])), expected, "{short}");
    }
    assert!(wrong("devices", json!(["/a:/b:r:w"])).what.contains("three parts"));
}

#[test]
fn numbers_and_requests_get_their_long_forms() {
    let limits = json!({"nproc": 65535, "nofile": {"soft": 1, "hard": 2}});
    let expected = json!({
        "nproc": {"soft": "65535", "hard": "65535"}, "nofile": {"soft": "1", "hard": "2"}
    });
    assert_eq!(long("ulimits", limits), expected);
    assert_eq!(long("gpus", json!("all")), json!([{"count": "all"}]));
    assert_eq!(
        long("gpus", json!([{"driver": "nvidia"}])),
        json!([{"driver": "nvidia", "count": "all"}])
    );
    assert_eq!(long("gpus", json!([{"device_ids": ["1"]}])), json!([{"device_ids": ["1"]}]));
    assert!(wrong("gpus", json!("one")).what.contains("all"));
}

#[test]
fn commands_stay_as_they_were_written() {
    for key in ["command", "entrypoint"] {
        assert_eq!(long(key, json!("sh -c 'a b'")), json!("sh -c 'a b'"), "{key}");
        assert_eq!(long(key, json!(["sh", "-c"])), json!(["sh", "-c"]), "{key}");
        assert_eq!(wrong(key, json!({"a": "b"})).at.line, 4, "{key}");
    }
    let check = json!({"test": "curl -f http://localhost", "retries": 3});
    assert_eq!(long("healthcheck", check)["test"], "curl -f http://localhost");
}

#[test]
fn the_top_level_has_short_forms_too() {
    let mut root = testing::node(&json!({
        "include": ["a.yaml", {"path": "b.yaml", "env_file": "b.env"}],
        "networks": {"front": {"external": {"name": "lan"}}, "back": null},
        "volumes": {"data": {"external": {}}},
    }));
    canonical(&mut root).unwrap();
    assert_eq!(
        testing::json(&root),
        json!({
            "include": [{"path": ["a.yaml"]}, {"path": ["b.yaml"], "env_file": ["b.env"]}],
            "networks": {"front": {"external": "true", "name": "lan"}, "back": null},
            "volumes": {"data": {"external": "true"}},
        })
    );
    let two = json!({"networks": {"n": {"name": "a", "external": {"name": "b"}}}});
    assert!(canonical(&mut testing::node(&two)).unwrap_err().what.contains("two names"));
}

#[test]
fn what_is_new_stands_where_it_came_from() {
    let mut root =
        testing::node(&json!({"services": {"web": {"ports": ["1-2", "3"], "build": "."}}}));
    canonical(&mut root).unwrap();
    let web = root.get("services").and_then(|it| it.get("web")).unwrap();
    let ports = web.get("ports").unwrap();
    let lines: Vec<u32> = ports.items().iter().map(|it| it.at.line).collect();
    assert_eq!((ports.at.line, lines), (5, vec![6, 6, 7]));
    let target = ports.items()[1].entry("target").unwrap();
    assert_eq!((target.key_at.line, target.node.at.line), (6, 6));
    let context = web.get("build").and_then(|it| it.entry("context")).unwrap();
    assert_eq!((context.key_at.line, context.node.at.line), (4, 4));
}

#[test]
fn what_cannot_be_told_yet_stays_as_it_is() {
    for key in ["ports", "volumes", "devices", "secrets", "cap_add", "dns"] {
        assert_eq!(long(key, json!(["${X}"]))[0], "${X}", "{key}");
    }
    for key in ["build", "extends", "privileged", "mem_limit", "networks", "healthcheck"] {
        assert_eq!(long(key, json!("${X}")), "${X}", "{key}");
    }
    assert_eq!(long("environment", json!(["${X}", "A=1"])), json!({"${X}": "${X}", "A": "1"}));
}

#[test]
fn what_a_merge_is_to_forget_may_be_anything() {
    assert_eq!(long("ports", json!("!reset")), "!reset");
}

#[test]
fn a_value_that_is_not_what_its_key_takes_is_wrong_at_its_place() {
    for (key, value, what) in [
        ("privileged", json!("maybe"), "this is neither true nor false"),
        ("privileged", json!(["true"]), "this is neither true nor false"),
        ("pids_limit", json!("many"), "this is no whole number"),
        ("mem_limit", json!("1x"), "this is no number of bytes"),
        ("stop_grace_period", json!("soon"), "this is no length of time"),
        ("cpus", json!("half"), "this is no number"),
        ("image", json!(["a"]), "here only one value can stand"),
        ("logging", json!("json-file"), "this is no mapping"),
        ("healthcheck", json!(["CMD"]), "this is no mapping"),
        ("deploy", json!([]), "this is no mapping"),
        ("cap_drop", json!({"ALL": null}), "this is no list"),
        ("cap_drop", json!([null]), "this item is empty"),
        ("environment", json!("A=1"), "this is no mapping"),
        ("volumes", json!({"a": "/b"}), "this is no list"),
        ("depends_on", json!({"db": null}), "this dependency says nothing"),
    ] {
        let wrong = wrong(key, value.clone());
        assert_eq!(wrong.what, what, "{key}: {value}");
        assert!(wrong.at.line >= 4 && !wrong.help.is_empty(), "{key}: {value}");
    }
}

#[test]
fn a_service_has_a_name_that_a_host_could_have() {
    let mut root = json!({"services": {}});
    root["services"]["a".repeat(256)] = json!({"image": "x"});
    let wrong = canonical(&mut testing::node(&root)).unwrap_err();
    assert!(wrong.what.contains("too long"));
}

#[test]
fn what_a_value_says_is_in_no_error() {
    for key in ["privileged", "mem_limit", "ports", "environment", "healthcheck"] {
        let wrong = wrong(key, json!("s3cret"));
        assert!(!format!("{wrong:?}").contains("s3cret"), "{key}");
    }
}

#[test]
fn keys_that_compose_does_not_know_are_left_alone() {
    let odd =
        json!({"services": {"web": {"readonly": {"any": [null]}, "x-y": "z"}}, "x-a": [null]});
    let mut root = testing::node(&odd);
    canonical(&mut root).unwrap();
    assert_eq!(testing::json(&root), odd);
}

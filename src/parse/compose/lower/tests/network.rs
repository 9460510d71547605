//! Networks and ports.

use super::*;

fn networks(root: &Json) -> Vec<Json> {
    let project = project(root);
    let Json::Array(all) = Lowering::new(&project).networks() else { panic!("no list") };
    all
}

#[test]
fn a_service_is_on_the_networks_that_it_names_or_on_the_default_one() {
    let root = json!({
        "services": {
            "plain": {},
            "two": {"networks": {"front": {"aliases": ["www"]}, "back": null}},
            "first": {"networks": {"back": {"priority": 1}, "a": {"priority": 1}, "front": {"priority": 1000}}},
            "theirs": {"networks": ["lan"]},
        },
        "networks": {
            "front": null, "a": null, "back": {"internal": true, "name": "backend"},
            "lan": {"external": true},
        },
    });
    let project = project(&root);
    for (service, mode, attached) in [
        ("plain", "shop_default", &["shop_default"] as &[&str]),
        ("two", "backend", &["backend", "shop_front"]),
        ("first", "shop_front", &["backend", "shop_a", "shop_front"]),
        ("theirs", "lan", &["lan"]),
    ] {
        let draft = lower(&project, service, &bare());
        assert_eq!(at(&draft, "/HostConfig/NetworkMode"), mode, "{service}");
        let on = at(&draft, "/NetworkSettings/Networks");
        let on: Vec<&String> = on.as_object().unwrap().keys().collect();
        assert_eq!(on, attached, "{service}");
    }
    let draft = lower(&project, "two", &bare());
    assert_eq!(at(&draft, "/NetworkSettings/Networks/shop_front/Aliases"), json!(["www"]));
}

#[test]
fn a_mode_goes_before_every_network() {
    for (mode, expected, attached) in [
        ("host", "host", json!(["host"])),
        ("none", "none", json!(["none"])),
        ("bridge", "bridge", json!(["bridge"])),
        ("service:db", "container:shop/compose.yaml#db", json!([])),
        ("container:x", "container:x", json!([])),
        ("mine", "mine", json!(["mine"])),
    ] {
        let draft = web(json!({"network_mode": mode, "ports": ["80:80"]}), &bare());
        assert_eq!(at(&draft, "/HostConfig/NetworkMode"), expected);
        let on = at(&draft, "/NetworkSettings/Networks");
        let on: Vec<&String> = on.as_object().unwrap().keys().collect();
        assert_eq!(json!(on), attached, "{mode}");
        let is_published = matches!(mode, "bridge" | "mine");
        let ports = at(&draft, "/NetworkSettings/Ports");
        assert_eq!(ports != json!({}), is_published, "{mode}: {ports}");
    }
}

#[test]
fn what_is_not_set_leaves_the_networks_unknown() {
    for (service, top, pointer) in [
        (json!({"network_mode": "${M}"}), json!({}), "/HostConfig/NetworkMode"),
        (json!({"network_mode": "${M}"}), json!({}), "/NetworkSettings/Ports"),
        (json!({"networks": ["${N}"]}), json!({}), "/NetworkSettings/Networks"),
        (
            json!({"networks": ["n"]}),
            json!({"n": {"internal": "${I}"}}),
            "/NetworkSettings/Networks",
        ),
        (json!({}), json!({"default": {"name": "${I}"}}), "/NetworkSettings/Networks"),
    ] {
        let root = json!({"services": {"web": service}, "networks": top});
        let draft = lower(&project(&root), "web", &bare());
        assert_eq!(at(&draft, pointer), "(not set)", "{root}");
    }
}

#[test]
fn the_networks_are_listed_as_an_engine_lists_them() {
    let all = networks(&json!({"networks": {
        "back": {"internal": true, "driver_opts": {"com.docker.network.bridge.enable_icc": "false"},
                 "ipam": {"config": [{"subnet": "10.1.0.0/16", "ip_range": "10.1.1.0/24"}]}},
        "swarm": {"driver": "overlay", "name": "mesh", "enable_ipv6": "yes"},
        "lan": {"external": true, "name": "lan-of-theirs"},
        "engine": {"external": true, "name": "bridge"},
    }}));
    let names: Vec<&Json> = all.iter().map(|it| &it["Name"]).collect();
    assert_eq!(
        names,
        ["bridge", "host", "none", "shop_back", "lan-of-theirs", "mesh", "shop_default"]
    );
    assert_eq!(
        all[3],
        json!({
            "Name": "shop_back", "Id": "shop_back", "Scope": "local", "Driver": "bridge",
            "Internal": true, "EnableIPv6": false, "Attachable": false,
            "Options": {"com.docker.network.bridge.enable_icc": "false"},
            "IPAM": {"Driver": "default",
                     "Config": [{"Subnet": "10.1.0.0/16", "IPRange": "10.1.1.0/24"}]},
        })
    );
    assert_eq!(all[4], json!({"Name": "lan-of-theirs", "Id": "lan-of-theirs"}));
    assert_eq!((&all[5]["Driver"], &all[5]["EnableIPv6"]), (&json!("overlay"), &json!(true)));
    assert_eq!(all[6]["Internal"], false);
    assert_eq!(all[0]["Options"]["com.docker.network.bridge.default_bridge"], "true");
}

#[test]
fn ports_are_published_where_the_file_says() {
    let on = |address: &str, port: &str| json!({"HostIp": address, "HostPort": port});
    for (ports, expected) in [
        (json!(["8080:80"]), json!({"80/tcp": [on("0.0.0.0", "8080")]})),
        (json!(["127.0.0.1:8080:80/udp"]), json!({"80/udp": [on("127.0.0.1", "8080")]})),
        (json!(["[::1]:1:2"]), json!({"2/tcp": [on("::1", "1")]})),
        // The engine looks for a free port.
        (json!(["80"]), json!({"80/tcp": [on("0.0.0.0", "0")]})),
        (json!(["8000-8010:80"]), json!({"80/tcp": [on("0.0.0.0", "0")]})),
        (
            json!(["1:80", "2:80", "1:80"]),
            json!({"80/tcp": [on("0.0.0.0", "1"), on("0.0.0.0", "2")]}),
        ),
        (
            json!([{"target": 80, "published": "90", "host_ip": "10.0.0.1"}]),
            json!({"80/tcp": [on("10.0.0.1", "90")]}),
        ),
        (json!(["80", "${P}"]), json!("(not set)")),
        (json!([{"target": 80, "published": "${P}"}]), json!("(not set)")),
    ] {
        let draft = web(json!({"ports": ports}), &bare());
        assert_eq!(at(&draft, "/NetworkSettings/Ports"), expected, "{ports}");
    }
}

#[test]
fn what_is_exposed_is_published_nowhere() {
    let service = json!({"ports": ["1:80"], "expose": ["3000-3001/udp", 4000]});
    let draft = web(service, &image(json!({"ExposedPorts": {"443/tcp": {}}})));
    let exposed = at(&draft, "/Config/ExposedPorts");
    let exposed: Vec<&String> = exposed.as_object().unwrap().keys().collect();
    assert_eq!(exposed, ["3000/udp", "3001/udp", "4000/tcp", "443/tcp", "80/tcp"]);
    assert_eq!(at(&draft, "/NetworkSettings/Ports/443~1tcp"), Json::Null);
    assert_eq!(at(&draft, "/NetworkSettings/Ports/80~1tcp/0/HostPort"), "1");
    let draft = web(json!({"expose": ["http"]}), &bare());
    assert_eq!(at(&draft, "/Config/ExposedPorts"), "(malformed)");
}

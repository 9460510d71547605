//! What of a service concerns the host: isolation, bounds, mounts, devices.

use super::*;

#[test]
fn isolation_goes_to_the_engine_as_it_is_written() {
    each(vec![
        (json!({"privileged": true}), "/HostConfig/Privileged", json!(true)),
        (json!({"privileged": "yes"}), "/HostConfig/Privileged", json!(true)),
        (json!({"read_only": "on"}), "/HostConfig/ReadonlyRootfs", json!(true)),
        (json!({"init": false}), "/HostConfig/Init", json!(false)),
        (json!({"cap_add": ["NET_ADMIN"]}), "/HostConfig/CapAdd", json!(["NET_ADMIN"])),
        (json!({"cap_drop": ["ALL"]}), "/HostConfig/CapDrop", json!(["ALL"])),
        (json!({"pid": "host"}), "/HostConfig/PidMode", json!("host")),
        (
            json!({"pid": "service:db"}),
            "/HostConfig/PidMode",
            json!("container:shop/compose.yaml#db"),
        ),
        (json!({"ipc": "container:x"}), "/HostConfig/IpcMode", json!("container:x")),
        (
            json!({"ipc": "service:db"}),
            "/HostConfig/IpcMode",
            json!("container:shop/compose.yaml#db"),
        ),
        (json!({"ipc": ""}), "/HostConfig/IpcMode", json!("private")),
        (json!({"uts": "host"}), "/HostConfig/UTSMode", json!("host")),
        (json!({"cgroup": "host"}), "/HostConfig/CgroupnsMode", json!("host")),
        (json!({"cgroup_parent": "a"}), "/HostConfig/CgroupParent", json!("a")),
        (json!({"userns_mode": "host"}), "/HostConfig/UsernsMode", json!("host")),
        (json!({"runtime": "runsc"}), "/HostConfig/Runtime", json!("runsc")),
        (json!({"group_add": ["docker", 999]}), "/HostConfig/GroupAdd", json!(["docker", "999"])),
        (json!({"sysctls": ["a.b=1"]}), "/HostConfig/Sysctls", json!({"a.b": "1"})),
        (json!({"dns": "1.1.1.1"}), "/HostConfig/Dns", json!(["1.1.1.1"])),
        (json!({"extra_hosts": ["a=::1"]}), "/HostConfig/ExtraHosts", json!(["a:::1"])),
        (json!({"annotations": {"a": null}}), "/HostConfig/Annotations", json!({"a": ""})),
        (
            json!({"device_cgroup_rules": ["c 1:3 mr"]}),
            "/HostConfig/DeviceCgroupRules",
            json!(["c 1:3 mr"]),
        ),
    ]);
}

#[test]
fn security_options_are_those_that_reach_the_engine() {
    let options = "/HostConfig/SecurityOpt";
    each(vec![
        (
            json!({"security_opt": ["no-new-privileges:true", "seccomp=unconfined"]}),
            options,
            json!(["no-new-privileges:true", "seccomp=unconfined"]),
        ),
        // Compose turns this one into paths that nothing covers.
        (
            json!({"security_opt": ["systempaths=unconfined", "label=disable"]}),
            options,
            json!(["label=disable"]),
        ),
        (json!({"security_opt": ["systempaths=unconfined"]}), "/HostConfig/MaskedPaths", json!([])),
        (json!({"privileged": true}), "/HostConfig/MaskedPaths", Json::Null),
        // The engine gives up labels where they would stand in the way.
        (json!({"privileged": true}), options, json!(["label=disable"])),
        (json!({"pid": "host"}), options, json!(["label=disable"])),
        (
            json!({"privileged": true, "security_opt": ["label=type:t"]}),
            options,
            json!(["label=type:t"]),
        ),
        (json!({"security_opt": ["apparmor:unconfined"]}), "/AppArmorProfile", json!("unconfined")),
    ]);
}

#[test]
fn bounds_are_in_the_engines_units() {
    each(vec![
        (json!({"mem_limit": "512m"}), "/HostConfig/Memory", json!(512 << 20)),
        (json!({"mem_limit": 1000}), "/HostConfig/Memory", json!(1000)),
        (json!({"mem_limit": "512m"}), "/HostConfig/MemorySwap", json!(1 << 30)),
        (
            json!({"mem_limit": "1g", "memswap_limit": "1g"}),
            "/HostConfig/MemorySwap",
            json!(1 << 30),
        ),
        (json!({"mem_limit": "1g", "memswap_limit": -1}), "/HostConfig/MemorySwap", json!(-1)),
        (json!({"mem_reservation": "1m"}), "/HostConfig/MemoryReservation", json!(1 << 20)),
        (json!({"cpus": 0.5}), "/HostConfig/NanoCpus", json!(500_000_000)),
        (json!({"cpus": "1.5"}), "/HostConfig/NanoCpus", json!(1_500_000_000)),
        (json!({"cpu_quota": 50000}), "/HostConfig/CpuQuota", json!(50000)),
        (json!({"cpuset": "0-1"}), "/HostConfig/CpusetCpus", json!("0-1")),
        (json!({"pids_limit": 100}), "/HostConfig/PidsLimit", json!(100)),
        (json!({"pids_limit": -1}), "/HostConfig/PidsLimit", json!(-1)),
        (json!({"pids_limit": 0}), "/HostConfig/PidsLimit", Json::Null),
        (json!({"shm_size": "1g"}), "/HostConfig/ShmSize", json!(1 << 30)),
        (json!({"stop_grace_period": "1m30s"}), "/Config/StopTimeout", json!(90)),
        (
            json!({"ulimits": {"nofile": 9, "core": {"soft": 0, "hard": -1}}}),
            "/HostConfig/Ulimits",
            json!([
                {"Name": "core", "Soft": 0, "Hard": -1}, {"Name": "nofile", "Soft": 9, "Hard": 9}
            ]),
        ),
    ]);
}

#[test]
fn the_limits_of_deploy_go_before_the_services_own() {
    let deploy = |resources: Json| json!({"resources": resources});
    let limits = deploy(json!({"limits": {"memory": "64m", "cpus": "0.25", "pids": 50}}));
    let both = json!({"mem_limit": "1g", "cpus": 2, "pids_limit": 9, "deploy": limits});
    each(vec![
        (both.clone(), "/HostConfig/Memory", json!(64 << 20)),
        (both.clone(), "/HostConfig/NanoCpus", json!(250_000_000)),
        (both.clone(), "/HostConfig/PidsLimit", json!(50)),
        (
            json!({"deploy": deploy(json!({"reservations": {"memory": "32m", "cpus": "1"}}))}),
            "/HostConfig/MemoryReservation",
            json!(32 << 20),
        ),
        // Compose applies only a number of processes that is one.
        (
            json!({"pids_limit": 9, "deploy": deploy(json!({"limits": {"pids": -1}}))}),
            "/HostConfig/PidsLimit",
            json!(9),
        ),
        // A reservation of processors is for Swarm alone.
        (
            json!({"deploy": deploy(json!({"reservations": {"cpus": "1"}}))}),
            "/HostConfig/NanoCpus",
            json!(0),
        ),
    ]);
    let draft = web(both, &bare());
    let origin = draft.origin("/HostConfig/Memory").unwrap();
    assert_eq!(origin.key.raw(), "deploy.resources.limits.memory");
    let own = &draft.origins["/HostConfig/Memory"].overrode.as_ref().unwrap().excerpt;
    assert!(own.raw().starts_with("line "));
}

#[test]
fn restart_is_what_compose_makes_of_it() {
    let policy = |name: &str, count: u64| json!({"Name": name, "MaximumRetryCount": count});
    let deploy = |policy: Json| json!({"restart_policy": policy});
    let pointer = "/HostConfig/RestartPolicy";
    each(vec![
        (json!({"restart": "no"}), pointer, policy("no", 0)),
        (json!({"restart": "always"}), pointer, policy("always", 0)),
        (json!({"restart": "unless-stopped"}), pointer, policy("unless-stopped", 0)),
        (json!({"restart": "on-failure:3"}), pointer, policy("on-failure", 3)),
        (json!({"deploy": deploy(json!({"condition": "any"}))}), pointer, policy("always", 0)),
        (
            json!({"deploy": deploy(json!({"condition": "on-failure", "max_attempts": 5}))}),
            pointer,
            policy("on-failure", 5),
        ),
        (
            json!({"restart": "always", "deploy": deploy(json!({"condition": "none"}))}),
            pointer,
            policy("no", 0),
        ),
        // Without a condition the engine is told none.
        (json!({"restart": "always", "deploy": deploy(json!({}))}), pointer, policy("no", 0)),
        (json!({"restart": "${R}"}), pointer, json!("(not set)")),
    ]);
}

#[test]
fn logging_keeps_the_default_driver_where_only_options_are_given() {
    let log = |driver: &str, options: Json| json!({"Type": driver, "Config": options});
    let pointer = "/HostConfig/LogConfig";
    each(vec![
        (
            json!({"logging": {"driver": "local", "options": {"max-size": "10m", "max-file": 3}}}),
            pointer,
            log("local", json!({"max-file": "3", "max-size": "10m"})),
        ),
        (
            json!({"logging": {"options": {"max-size": "1m"}}}),
            pointer,
            log("json-file", json!({"max-size": "1m"})),
        ),
        (json!({"logging": {"driver": "none"}}), pointer, log("none", json!({}))),
    ]);
}

fn bind(source: &str, point: &str, mode: &str, propagation: &str) -> Json {
    json!({
        "Type": "bind", "Source": source, "Destination": point, "Mode": mode,
        "RW": !mode.starts_with("ro"), "Propagation": propagation,
    })
}

/// A bind that the engine is asked for in its long form.
fn long_bind(source: &str, point: &str, is_writable: bool, propagation: &str) -> Json {
    let mut bind = bind(source, point, "", propagation);
    bind["RW"] = is_writable.into();
    bind
}

#[test]
fn binds_have_absolute_sources() {
    let mounts = "/Mounts";
    each(vec![
        (
            json!({"volumes": ["./data:/data", "../x:/x:ro,z", "/var/run/docker.sock:/d.sock"]}),
            mounts,
            json!([
                bind("/srv/shop/data", "/data", "rw", "rprivate"),
                bind("/srv/x", "/x", "ro,z", "rprivate"),
                bind("/var/run/docker.sock", "/d.sock", "rw", "rprivate"),
            ]),
        ),
        (
            json!({"volumes": [{
                "type": "bind", "source": "a", "target": "/a/", "read_only": true,
                "bind": {"propagation": "rshared"},
            }]}),
            mounts,
            json!([long_bind("/srv/shop/a", "/a", false, "rshared")]),
        ),
        (json!({"volumes": ["~/x:/x"]}), "/Mounts/0/Source", json!("(not set)")),
        (json!({"volumes": ["~/x:/x"]}), "/Mounts/0/Destination", json!("/x")),
        (
            json!({"volumes": [{
                "type": "bind", "source": "/a", "target": "/a",
                "bind": {"create_host_path": false},
            }]}),
            "/HostConfig/Mounts",
            json!([{"Type": "bind", "Source": "/a", "Target": "/a", "ReadOnly": false}]),
        ),
        (
            json!({"volumes": [{
                "type": "bind", "source": "/a", "target": "/a",
                "bind": {"propagation": "rslave", "recursive": "readonly"},
            }]}),
            "/HostConfig/Mounts/0/BindOptions",
            json!({
                "Propagation": "rslave", "ReadOnlyForceRecursive": true, "CreateMountpoint": true,
            }),
        ),
        (
            json!({"volumes": [{
                "type": "volume", "target": "/a", "volume": {"nocopy": true, "subpath": "b"},
            }]}),
            "/HostConfig/Mounts/0/VolumeOptions",
            json!({"NoCopy": true, "Subpath": "b"}),
        ),
        (json!({"use_api_socket": true}), "/Mounts/0/Source", json!("/var/run/docker.sock")),
        (json!({"volumes": ["./a:/a:ro"]}), "/HostConfig/Binds", json!(["/srv/shop/a:/a:ro"])),
    ]);
}

#[test]
fn volumes_have_the_names_that_the_engine_knows() {
    let root = json!({
        "services": {"web": {"volumes": [
            "data:/data:ro", "named:/named", "theirs:/theirs", "/anonymous", "etc:/etc-of-host",
            {"type": "tmpfs", "target": "/t", "tmpfs": {"size": "1m", "mode": "0700"}},
        ]}},
        "volumes": {
            "data": null,
            "named": {"name": "own", "driver": "nfs"},
            "theirs": {"external": true},
            "etc": {"driver_opts": {"type": "none", "o": "bind", "device": "/etc"}},
        },
    });
    let draft = lower(&project(&root), "web", &bare());
    let fields = |field: &str| -> Vec<Json> {
        let mounts = draft.document["Mounts"].as_array().unwrap();
        mounts.iter().map(|it| it.get(field).cloned().unwrap_or_default()).collect()
    };
    assert_eq!(
        fields("Name"),
        [
            json!("shop_data"),
            json!("own"),
            json!("theirs"),
            json!(""),
            json!("shop_etc"),
            Json::Null
        ]
    );
    assert_eq!(fields("RW"), [false, true, true, true, true, true].map(Json::from));
    assert_eq!(fields("Driver")[1], "nfs");
    // A volume that is a folder of the host's in disguise is called what it is.
    assert_eq!(fields("Type"), ["volume", "volume", "volume", "volume", "bind", "tmpfs"]);
    assert_eq!(fields("Source")[4], "/etc");
    let asked = draft.document.pointer("/HostConfig/Mounts").unwrap().as_array().unwrap();
    assert_eq!(asked[4]["Type"], "volume");
    assert_eq!(asked[5]["TmpfsOptions"], json!({"SizeBytes": 1 << 20, "Mode": 0o700}));
}

#[test]
fn temporary_file_systems_are_listed_apart() {
    each(vec![
        (
            json!({"tmpfs": ["/tmp:size=16m,noexec", "/run"]}),
            "/HostConfig/Tmpfs",
            json!({"/run": "", "/tmp": "size=16m,noexec"}),
        ),
        (json!({"tmpfs": "/tmp"}), "/Mounts", json!([])),
        (json!({"tmpfs": ["/run", "${X}"]}), "/HostConfig/Tmpfs", json!("(not set)")),
    ]);
}

#[test]
fn secrets_and_configs_are_files_that_cannot_be_written() {
    let root = json!({
        "services": {"web": {
            "secrets": ["key", {"source": "key", "target": "other"}, "env", "theirs", "missing"],
            "configs": ["conf", {"source": "conf", "target": "/etc/conf", "mode": "0440"}, "text"],
        }},
        "secrets": {
            "key": {"file": "./key.pem"}, "env": {"environment": "KEY"},
            "theirs": {"external": true},
        },
        "configs": {"conf": {"file": "/etc/conf"}, "text": {"content": "hello"}},
    });
    let draft = lower(&project(&root), "web", &bare());
    let expected = [
        long_bind("/srv/shop/key.pem", "/run/secrets/key", false, "rprivate"),
        long_bind("/srv/shop/key.pem", "/run/secrets/other", false, "rprivate"),
        long_bind("", "/run/secrets/theirs", false, "rprivate"),
        long_bind("", "/run/secrets/missing", false, "rprivate"),
        long_bind("/etc/conf", "/conf", false, "rprivate"),
        long_bind("/etc/conf", "/etc/conf", false, "rprivate"),
    ];
    assert_eq!(draft.document["Mounts"], json!(expected));
    let gaps: Vec<&str> = draft.gaps.keys().map(String::as_str).collect();
    assert_eq!(gaps, ["/Mounts/3/Source"]);
}

#[test]
fn a_point_is_taken_once() {
    let service = json!({
        "volumes": ["data:/a", "./b:/a:ro", "./key:/run/secrets/key"], "secrets": ["key"]
    });
    let root = json!({"services": {"web": service}, "secrets": {"key": {"file": "k"}}});
    let draft = lower(&project(&root), "web", &image(json!({"Volumes": {"/a": {}, "/b": {}}})));
    let mounts = draft.document["Mounts"].as_array().unwrap();
    let points: Vec<&Json> = mounts.iter().map(|it| &it["Destination"]).collect();
    assert_eq!(points, ["/a", "/run/secrets/key", "/b"]);
    assert_eq!(mounts[0]["Source"], "/srv/shop/b");
    assert_eq!(mounts[2]["Type"], "volume");
}

#[test]
fn what_another_service_has_mounted_is_lent() {
    let root = json!({"services": {
        "web": {"volumes_from": ["db:ro", "container:else"], "volumes": ["/own:/own"]},
        "db": {"volumes": ["/data:/data", "/x:/own"], "volumes_from": ["web", "deep"]},
        "deep": {"volumes": ["/deep:/deep"]},
    }});
    let draft = lower(&project(&root), "web", &bare());
    let mounts = draft.document["Mounts"].as_array().unwrap();
    let seen: Vec<_> = mounts.iter().map(|it| (&it["Source"], &it["RW"])).collect();
    let (yes, no) = (json!(true), json!(false));
    assert_eq!(seen, [(&json!("/own"), &yes), (&json!("/data"), &no), (&json!("/deep"), &no)]);
    let from = json!(["shop/compose.yaml#db:ro", "else"]);
    assert_eq!(draft.document.pointer("/HostConfig/VolumesFrom"), Some(&from));
    assert_eq!(draft.gaps["/Mounts/-"].reason, Reason::Unsupported);
}

#[test]
fn lenders_without_end_leave_the_mounts_unknown() {
    let volumes: Vec<String> = (0..100).map(|it| format!("/{it}:/{it}")).collect();
    let root = json!({"services": {
        "web": {"volumes_from": ["db"]}, "db": {"volumes": volumes},
    }});
    let draft = lower(&project(&root), "web", &bare());
    assert_eq!(draft.gaps["/Mounts/-"].reason, Reason::TooLarge);
    assert_eq!(lower(&project(&root), "db", &bare()).gaps, [].into());
}

#[test]
fn devices_and_requests_for_them_reach_the_engine() {
    let request = |driver: &str, count: i64, ids: Json, capabilities: Json| {
        json!({
            "Driver": driver, "Count": count, "DeviceIDs": ids, "Capabilities": capabilities,
            "Options": {}
        })
    };
    let device = json!([{
        "PathOnHost": "/dev/a", "PathInContainer": "/dev/b", "CgroupPermissions": "r"
    }]);
    let reserved = json!({"resources": {"reservations": {"devices": [
        {"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}
    ]}}});
    each(vec![
        (json!({"devices": ["/dev/a:/dev/b:r"]}), "/HostConfig/Devices", device),
        (
            json!({"devices": ["vendor.com/gpu=all"]}),
            "/HostConfig/DeviceRequests",
            json!([request("cdi", 0, json!(["vendor.com/gpu=all"]), Json::Null)]),
        ),
        (
            json!({"gpus": "all"}),
            "/HostConfig/DeviceRequests",
            json!([request("", -1, json!([]), json!([["gpu"]]))]),
        ),
        (
            json!({"deploy": reserved}),
            "/HostConfig/DeviceRequests",
            json!([request("nvidia", 1, json!([]), json!([["gpu"]]))]),
        ),
        (json!({"devices": ["${D}"]}), "/HostConfig/Devices", json!("(not set)")),
    ]);
}

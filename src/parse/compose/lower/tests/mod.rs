//! What services become, as the specification and the engine have it.

mod host;
mod hostile;
mod inside;
mod network;
mod places;
mod volumes;

use std::path::PathBuf;

use serde_json::{Value as Json, json};

use super::*;
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::parse::compose::{canonical::canonical, testing};

/// A project of these top-level keys, in the folder `/srv/shop`.
fn project(root: &Json) -> Project {
    let mut root = testing::node(root);
    canonical(&mut root).unwrap();
    let lines: Vec<String> = (1..200).map(|line| format!("line {line}")).collect();
    Project {
        env_files: Vec::new(),
        name: "shop".to_owned(),
        file: PathBuf::from("shop/compose.yaml"),
        files: vec![PathBuf::from("shop/compose.yaml")],
        texts: vec![lines.join("\n")],
        directory: PathBuf::from("/srv/shop"),
        root,
        inactive: vec![],
        remarks: vec![],
        waivers: vec![],
        unread: vec![],
    }
}

fn lower(project: &Project, service: &str, shipped: &Shipped) -> Draft {
    let lowering = Lowering::new(project);
    let entry = project.root.get("services").unwrap().entry(service).unwrap();
    lowering.container(entry, shipped)
}

/// The container of the service `web` of a project with nothing else.
fn web(service: Json, shipped: &Shipped) -> Draft {
    let mut root = json!({"services": {}});
    root["services"]["web"] = service;
    lower(&project(&root), "web", shipped)
}

/// An image with this configuration.
fn image(config: Json) -> Shipped {
    Shipped::Known { config, origins: [].into(), gaps: [].into(), id: Some("sha256:ab".to_owned()) }
}

/// An image that says nothing.
fn bare() -> Shipped {
    image(json!({}))
}

fn unknown() -> Shipped {
    let gap = Gap::new(Reason::NotCollected, Source::image("web"), "nobody asked");
    Shipped::Unknown(gap)
}

/// What stands at a pointer, where that can be told.
fn at(draft: &Draft, pointer: &str) -> Json {
    if let Some(gap) = draft.gap(pointer) {
        return format!("({})", gap.reason).into();
    }
    draft.document.pointer(pointer).cloned().unwrap_or(Json::Null)
}

/// Each key alone, with what it makes of a pointer.
fn each(cases: Vec<(Json, &str, Json)>) {
    for (service, pointer, expected) in cases {
        let draft = web(service.clone(), &bare());
        assert_eq!(at(&draft, pointer), expected, "{service} {pointer}");
    }
}

#[test]
fn a_service_that_asks_for_nothing_gets_the_engines_defaults() {
    let draft = web(json!({"image": "nginx"}), &bare());
    for (pointer, expected) in [
        ("/Id", json!("shop/compose.yaml#web")),
        ("/Name", json!("/shop-web-1")),
        ("/Image", json!("sha256:ab")),
        ("/State/Status", json!("created")),
        ("/Config/Image", json!("nginx")),
        ("/Config/User", json!("")),
        ("/Config/Env", json!([])),
        ("/Config/Healthcheck", Json::Null),
        ("/Config/ExposedPorts", json!({})),
        ("/HostConfig/Privileged", json!(false)),
        ("/HostConfig/ReadonlyRootfs", json!(false)),
        ("/HostConfig/CapAdd", Json::Null),
        ("/HostConfig/CapDrop", Json::Null),
        ("/HostConfig/SecurityOpt", Json::Null),
        ("/HostConfig/CgroupnsMode", json!("private")),
        ("/HostConfig/IpcMode", json!("private")),
        ("/HostConfig/PidMode", json!("")),
        ("/HostConfig/UTSMode", json!("")),
        ("/HostConfig/UsernsMode", json!("")),
        ("/HostConfig/NetworkMode", json!("shop_default")),
        ("/HostConfig/Memory", json!(0)),
        ("/HostConfig/MemorySwap", json!(0)),
        ("/HostConfig/NanoCpus", json!(0)),
        ("/HostConfig/PidsLimit", Json::Null),
        ("/HostConfig/ShmSize", json!(67_108_864)),
        ("/HostConfig/Runtime", json!("runc")),
        ("/HostConfig/RestartPolicy", json!({"Name": "no", "MaximumRetryCount": 0})),
        ("/HostConfig/LogConfig", json!({"Type": "json-file", "Config": {}})),
        ("/HostConfig/PortBindings", json!({})),
        ("/Mounts", json!([])),
        ("/NetworkSettings/Ports", json!({})),
        (
            "/NetworkSettings/Networks",
            json!({"shop_default": {"NetworkID": "shop_default", "Aliases": []}}),
        ),
    ] {
        assert_eq!(at(&draft, pointer), expected, "{pointer}");
    }
    assert_eq!(draft.gaps, [].into());
}

#[test]
fn a_service_without_an_image_has_the_one_that_is_built() {
    each(vec![
        (json!({"build": "."}), "/Config/Image", json!("shop-web")),
        (json!({"build": ".", "image": "own/web"}), "/Config/Image", json!("own/web")),
        (json!({"image": "${IMAGE}"}), "/Config/Image", json!("(not set)")),
        (json!({"container_name": "front"}), "/Name", json!("/front")),
    ]);
    let project = project(&json!({"services": {"web": {"build": "."}, "db": {"image": "${DB}"}}}));
    let services = project.root.get("services").unwrap();
    assert_eq!(image_of(&project, services.entry("web").unwrap()).unwrap(), "shop-web");
    assert_eq!(image_of(&project, services.entry("db").unwrap()), None);
}

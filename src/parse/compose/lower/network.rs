//! The networks that the container is attached to, and the project's networks.

use std::sync::LazyLock;

use serde_json::{Map, Value as Json, json};

use crate::parse::compose::Project;
use crate::parse::compose::schema::cast;
use crate::parse::compose::tree::{Entry, Node, Value};

use super::sheet::{Given, Sheet};
use super::{is_external, joined, member, named};

const MODE: &str = "/HostConfig/NetworkMode";
const NETWORKS: &str = "/NetworkSettings/Networks";

/// The networks that every engine has.
const OF_ENGINE: [&str; 3] = ["bridge", "host", "none"];

pub(super) fn fill(sheet: &mut Sheet<'_>) {
    let service = &sheet.service.node;
    let mode = Given::of(Some(service), "network_mode").filter(|it| it.node.text() != Some(""));
    let attached = match mode {
        Some(given) => of_mode(sheet, given),
        None => match Given::of(Some(service), "networks") {
            Some(given) => of_networks(sheet, given),
            None => by_default(sheet),
        },
    };
    sheet.set("/NetworkSettings", json!({"Networks": attached}));
}

/// `network_mode`: one of the engine's networks, another's, or another
/// container's.
fn of_mode(sheet: &mut Sheet<'_>, given: Given<'_>) -> Map<String, Json> {
    let project = sheet.project();
    let told = |node: &Node| Ok(node.text().map(|it| joined(project, it)));
    let mode = sheet.meaning(given, MODE, told);
    sheet.wrote(NETWORKS, given);
    let Some(mode) = mode else {
        if let Some(gap) = sheet.gap_of(MODE) {
            sheet.gap(NETWORKS, gap.clone());
            sheet.gap("/NetworkSettings/Ports", gap);
        }
        return Map::new();
    };
    sheet.set(MODE, mode.as_str());
    let network = match mode.as_str() {
        "default" => "bridge",
        other => other,
    };
    if mode.starts_with("container:") {
        return Map::new();
    }
    sheet.wrote(&format!("{NETWORKS}/{}", member(network)), given);
    [(network.to_owned(), endpoint(network, &[]))].into_iter().collect()
}

/// `networks`, of which the one with the highest priority gives the mode, and
/// among equals the first by name.
fn of_networks(sheet: &mut Sheet<'_>, given: Given<'_>) -> Map<String, Json> {
    sheet.wrote(NETWORKS, given);
    sheet.wrote(MODE, given);
    if let Some(gap) = sheet.unset(given.node) {
        sheet.gap(NETWORKS, gap.clone());
        sheet.gap(MODE, gap);
        return Map::new();
    }
    let entries = given.node.entries();
    if entries.is_empty() {
        return by_default(sheet);
    }
    let priority = |entry: &Entry| {
        let said = entry.node.get("priority").map(cast::integer);
        said.and_then(Result::ok).flatten().unwrap_or(0)
    };
    let first = entries.iter().min_by_key(|it| (std::cmp::Reverse(priority(it)), it.key.as_str()));
    let mut attached = Map::new();
    for entry in entries {
        let name = sheet.lowering.name_of("networks", &entry.key);
        let pointer = format!("{NETWORKS}/{}", member(&name));
        let key = format!("networks.{}", entry.key);
        let own = Given { key: &key, node: &entry.node, at: entry.key_at };
        let is_first = first.is_some_and(|it| it.key == entry.key);
        sheet.wrote(&pointer, own);
        if is_first {
            sheet.wrote(MODE, own);
            sheet.set(MODE, name.as_str());
        }
        if let Some(gap) = sheet.unset(&entry.node) {
            sheet.gap(&pointer, gap.clone());
            if is_first {
                sheet.gap(MODE, gap);
            }
        }
        untold(sheet, &entry.key, &pointer);
        let aliases = entry.node.get("aliases").map(Node::items).unwrap_or_default();
        let aliases: Vec<&str> = aliases.iter().filter_map(Node::text).collect();
        attached.insert(name.clone(), endpoint(&name, &aliases));
    }
    attached
}

/// A service that asks for nothing is on the project's own default network.
fn by_default(sheet: &mut Sheet<'_>) -> Map<String, Json> {
    let name = sheet.lowering.name_of("networks", "default");
    let pointer = format!("{NETWORKS}/{}", member(&name));
    sheet.set(MODE, name.as_str());
    if let Some(entry) = sheet.lowering.entry("networks", "default") {
        let given = Given { key: "networks.default", node: &entry.node, at: entry.key_at };
        sheet.wrote(&pointer, given);
    }
    untold(sheet, "default", &pointer);
    [(name.clone(), endpoint(&name, &[]))].into_iter().collect()
}

/// Of a network that the project makes, what nobody can tell is a gap of whoever
/// is attached to it.
fn untold(sheet: &mut Sheet<'_>, key: &str, pointer: &str) {
    let Some(network) = sheet.lowering.resource("networks", key) else { return };
    let options = network.get("driver_opts");
    let parts = ["name", "driver", "internal", "external", "driver_opts"].into_iter();
    let parts = parts.filter_map(|part| network.get(part)).chain([network]);
    let options = options.into_iter().flat_map(Node::entries).map(|it| &it.node);
    if let Some(gap) = parts.chain(options).find_map(|it| sheet.unset(it)) {
        sheet.gap(pointer, gap);
    }
}

/// Where a container is attached. A network that is not made yet has no other
/// id than its name.
fn endpoint(network: &str, aliases: &[&str]) -> Json {
    json!({"NetworkID": network, "Aliases": aliases})
}

/// The engine's networks and the project's.
pub(super) fn all(project: &Project) -> Json {
    static ALWAYS: LazyLock<Vec<Json>> =
        LazyLock::new(|| OF_ENGINE.iter().map(|name| of_engine(name)).collect());
    let mut all = ALWAYS.clone();
    let top = project.root.get("networks");
    for entry in top.into_iter().flat_map(Node::entries) {
        let name = named(project, Some(&entry.node), &entry.key);
        if !OF_ENGINE.contains(&name.as_str()) {
            all.push(of_project(&name, &entry.node));
        }
    }
    if top.and_then(|it| it.get("default")).is_none() {
        let name = named(project, None, "default");
        all.push(of_project(&name, &Node::new(Value::Null, project.root.at)));
    }
    Json::Array(all)
}

/// One of the networks that every engine has, with its default addresses.
fn of_engine(name: &str) -> Json {
    const PREFIX: &str = "com.docker.network.bridge";
    let (driver, options, pools) = match name {
        "bridge" => (
            "bridge",
            json!({
                format!("{PREFIX}.default_bridge"): "true",
                format!("{PREFIX}.enable_icc"): "true",
                format!("{PREFIX}.name"): "docker0",
            }),
            json!([{"Subnet": "172.17.0.0/16"}]),
        ),
        "none" => ("null", json!({}), json!([])),
        other => (other, json!({}), json!([])),
    };
    json!({
        "Name": name, "Id": name, "Scope": "local", "Driver": driver, "EnableIPv6": false,
        "Internal": false, "Options": options, "IPAM": {"Driver": "default", "Config": pools},
    })
}

fn of_project(name: &str, node: &Node) -> Json {
    let mut network = Map::new();
    network.insert("Name".to_owned(), name.into());
    network.insert("Id".to_owned(), name.into());
    // Whoever made it knows the rest.
    if is_external(Some(node)) {
        return Json::Object(network);
    }
    network.insert("Scope".to_owned(), "local".into());
    let driver = node.get("driver").map(|it| it.text());
    if let Some(driver) = driver.unwrap_or(Some("bridge")) {
        let driver = if driver.is_empty() { "bridge" } else { driver };
        network.insert("Driver".to_owned(), driver.into());
    }
    for (key, field) in
        [("internal", "Internal"), ("enable_ipv6", "EnableIPv6"), ("attachable", "Attachable")]
    {
        let flag = match node.get(key) {
            Some(said) if said.value != Value::Null => cast::flag(said).ok().flatten(),
            _ => Some(false),
        };
        network.extend(flag.map(|it| (field.to_owned(), Json::from(it))));
    }
    let texts = |of: Option<&Node>, rename: &dyn Fn(&str) -> String| -> Map<String, Json> {
        let entries = of.into_iter().flat_map(Node::entries);
        entries.filter_map(|it| Some((rename(&it.key), it.node.text()?.into()))).collect()
    };
    let options = texts(node.get("driver_opts"), &str::to_owned);
    network.insert("Options".to_owned(), Json::Object(options));
    let ipam = node.get("ipam");
    let pools = ipam.and_then(|it| it.get("config")).map(Node::items).unwrap_or_default();
    let field = |key: &str| match key {
        "subnet" => "Subnet".to_owned(),
        "gateway" => "Gateway".to_owned(),
        "ip_range" => "IPRange".to_owned(),
        other => other.to_owned(),
    };
    let pools: Vec<Json> =
        pools.iter().map(|pool| Json::Object(texts(Some(pool), &field))).collect();
    let driver = ipam.and_then(|it| it.get("driver")).and_then(Node::text).unwrap_or("default");
    network.insert("IPAM".to_owned(), json!({"Driver": driver, "Config": pools}));
    Json::Object(network)
}

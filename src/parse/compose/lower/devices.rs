//! Devices: those that are named, and those that drivers are asked for.

use serde_json::{Value as Json, json};

use crate::parse::compose::tree::{Node, Value};

use super::sheet::{Given, Sheet};

const DEVICES: &str = "/HostConfig/Devices";
const REQUESTS: &str = "/HostConfig/DeviceRequests";

pub(super) fn fill(sheet: &mut Sheet<'_>, service: &Node) {
    let mut devices: Vec<Json> = Vec::new();
    let mut requests: Vec<Json> = Vec::new();
    if let Some(given) = Given::of(Some(service), "devices") {
        sheet.wrote(DEVICES, given);
        if let Some(gap) = sheet.unset(given.node) {
            sheet.gap(DEVICES, gap);
        }
        for item in given.node.items() {
            device(sheet, Given::item("devices", item), &mut devices, &mut requests);
        }
    }
    let reserved = service.get("deploy").and_then(|it| it.get("resources"));
    let reserved = reserved.and_then(|it| it.get("reservations"));
    let lists = [
        Given::of(reserved, "deploy.resources.reservations.devices"),
        Given::of(Some(service), "gpus"),
    ];
    for given in lists.into_iter().flatten() {
        sheet.wrote(REQUESTS, given);
        if let Some(gap) = sheet.unset(given.node) {
            sheet.gap(REQUESTS, gap);
        }
        for item in given.node.items() {
            let request = request(sheet, Given::item(given.key, item), requests.len());
            requests.push(request);
        }
    }
    for (pointer, all) in [(DEVICES, devices), (REQUESTS, requests)] {
        if !all.is_empty() {
            sheet.set(pointer, all);
        }
    }
}

/// A device by its path, or by its name if it is one of the Container Device
/// Interface (`vendor.com/class=name`).
fn device(
    sheet: &mut Sheet<'_>,
    given: Given<'_>,
    devices: &mut Vec<Json>,
    requests: &mut Vec<Json>,
) {
    let part = |key: &str| given.node.get(key).and_then(Node::text);
    let (source, target) = (part("source"), part("target"));
    let is_named = source.is_some_and(|it| it.contains('=') && !it.starts_with('/'));
    if is_named && (target.is_none() || target == source) {
        sheet.wrote(&format!("{REQUESTS}/{}", requests.len()), given);
        requests.push(json!({
            "Driver": "cdi", "Count": 0, "DeviceIDs": [source], "Capabilities": null, "Options": {}
        }));
        return;
    }
    let pointer = format!("{DEVICES}/{}", devices.len());
    sheet.wrote(&pointer, given);
    let parts = given.node.entries().iter().map(|entry| &entry.node).chain([given.node]);
    if let Some(gap) = parts.filter_map(|it| sheet.unset(it)).next() {
        sheet.gap(&pointer, gap);
    }
    devices.push(json!({
        "PathOnHost": source.unwrap_or_default(),
        "PathInContainer": target.or(source).unwrap_or_default(),
        "CgroupPermissions": part("permissions").unwrap_or("rwm"),
    }));
}

fn request(sheet: &mut Sheet<'_>, given: Given<'_>, place: usize) -> Json {
    let pointer = format!("{REQUESTS}/{place}");
    sheet.wrote(&pointer, given);
    let parts = given.node.entries().iter().map(|entry| &entry.node).chain([given.node]);
    if let Some(gap) = parts.filter_map(|it| sheet.unset(it)).next() {
        sheet.gap(&pointer, gap);
    }
    let texts = |key: &str| -> Vec<&str> {
        let items = given.node.get(key).map(Node::items).unwrap_or_default();
        items.iter().filter_map(Node::text).collect()
    };
    let mut capabilities = texts("capabilities");
    if given.key == "gpus" {
        capabilities.push("gpu");
    }
    // All of them is -1 to the engine.
    let count = match given.node.get("count").map(|it| &it.value) {
        Some(Value::Text { text, .. }) if text.eq_ignore_ascii_case("all") => -1,
        Some(Value::Text { text, .. }) => text.parse().unwrap_or(0),
        _ => 0,
    };
    json!({
        "Driver": given.node.get("driver").and_then(Node::text).unwrap_or_default(),
        "Count": count,
        "DeviceIDs": texts("device_ids"),
        "Capabilities": [capabilities],
        "Options": {},
    })
}

//! The ports that are published to the host, and those that are only exposed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use crate::model::reading::{Gap, Reason};
use crate::parse::compose::tree::{Node, Value};

use super::image::Image;
use super::member;
use super::sheet::{Given, Sheet};

const PUBLISHED: &str = "/NetworkSettings/Ports";
const EXPOSED: &str = "/Config/ExposedPorts";

/// How many ports a service may expose, ranges counted out.
const MOST: usize = 20_000;

/// Where each port of the container is published.
type Bindings = BTreeMap<String, Vec<Json>>;

pub(super) fn fill(sheet: &mut Sheet<'_>, image: Image<'_>) {
    let service = &sheet.service.node;
    // Nothing is forwarded to who has no network of his own.
    let mode = sheet.get("/HostConfig/NetworkMode").and_then(|it| it.as_str().map(str::to_owned));
    let mode = mode.unwrap_or_default();
    let is_forwarded = !matches!(mode.as_str(), "host" | "none") && !mode.starts_with("container:");
    let mut exposed: Map<String, Json> = Map::new();
    if let Some(given) = Given::of(Some(service), "expose") {
        expose(sheet, given, &mut exposed);
    }
    let mut asked = Bindings::new();
    let mut bound = Bindings::new();
    if let Some(given) = Given::of(Some(service), "ports") {
        publish(sheet, given, is_forwarded, &mut asked, &mut bound);
        sheet.wrote("/HostConfig/PortBindings", given);
        exposed.extend(asked.keys().map(|it| (it.clone(), json!({}))));
    }
    let (brought, gap) = image.known("/ExposedPorts");
    for port in brought.and_then(Json::as_object).into_iter().flat_map(Map::keys) {
        if exposed.contains_key(port) {
            continue;
        }
        let part = member(port);
        if let Some(origin) = image.origin(&format!("/ExposedPorts/{part}")) {
            sheet.came_from(format!("{EXPOSED}/{part}"), origin);
        }
        exposed.insert(port.clone(), json!({}));
    }
    if let Some(gap) = gap {
        sheet.gap("/Config/ExposedPorts/-", gap.clone());
    }
    let object = |bindings: Bindings| -> Map<String, Json> {
        bindings.into_iter().map(|(port, all)| (port, Json::Array(all))).collect()
    };
    let mut listed = object(bound);
    if is_forwarded {
        // What is only exposed stands there with nothing.
        for port in exposed.keys() {
            listed.entry(port).or_insert(Json::Null);
        }
    }
    if let Some(Json::Object(network)) = sheet.get("/NetworkSettings") {
        network.insert("Ports".to_owned(), Json::Object(listed));
    }
    sheet.set("/HostConfig/PortBindings", object(asked));
    sheet.set(EXPOSED, exposed);
}

/// `ports`, in their long form: what the engine is asked for, and where it
/// publishes them.
fn publish(
    sheet: &mut Sheet<'_>,
    given: Given<'_>,
    is_forwarded: bool,
    asked: &mut Bindings,
    bound: &mut Bindings,
) {
    if is_forwarded {
        sheet.wrote(PUBLISHED, given);
    }
    if let Some(gap) = sheet.unset(given.node) {
        sheet.gap(PUBLISHED, gap.clone());
        sheet.gap(EXPOSED, gap);
    }
    let mut seen: BTreeSet<(String, String, String)> = BTreeSet::new();
    for item in given.node.items().iter().map(|item| Given::item("ports", item)) {
        let text = |key: &str| item.node.get(key).and_then(Node::text).unwrap_or_default();
        let unset = |sheet: &Sheet<'_>, key: &str| sheet.unset(item.node.get(key)?);
        let whole = sheet.unset(item.node);
        let whole = whole.or_else(|| unset(sheet, "target")).or_else(|| unset(sheet, "protocol"));
        if let Some(gap) = whole {
            for pointer in ["/NetworkSettings/Ports/-", "/Config/ExposedPorts/-"] {
                sheet.wrote(pointer, item);
                sheet.gap(pointer, gap.clone());
            }
            continue;
        }
        let protocol = Some(text("protocol")).filter(|it| !it.is_empty()).unwrap_or("tcp");
        let port = format!("{}/{protocol}", text("target"));
        sheet.wrote(&format!("{EXPOSED}/{}", member(&port)), item);
        let (address, published) = (text("host_ip"), text("published"));
        let gap = unset(sheet, "host_ip").or_else(|| unset(sheet, "published"));
        let key = (port.clone(), address.to_owned(), published.to_owned());
        if gap.is_none() && !seen.insert(key) {
            continue;
        }
        let all = asked.entry(port.clone()).or_default();
        all.push(json!({"HostIp": address, "HostPort": published}));
        if !is_forwarded {
            continue;
        }
        let all = bound.entry(port.clone()).or_default();
        let of_port = format!("{PUBLISHED}/{}", member(&port));
        let pointer = format!("{of_port}/{}", all.len());
        if all.is_empty() {
            sheet.wrote(&of_port, item);
        }
        sheet.wrote(&pointer, item);
        if let Some(gap) = gap {
            sheet.gap(&pointer, gap);
        }
        // Without an address it is every one; of a range the engine takes a port
        // that is free, and of none at all any: then it is 0 here.
        let address = if address.is_empty() { "0.0.0.0" } else { address };
        let first = published.split('-').next().filter(|it| !it.is_empty()).unwrap_or("0");
        all.push(json!({"HostIp": address, "HostPort": first}));
    }
}

/// `expose`: `PORT[-PORT][/PROTOCOL]`.
fn expose(sheet: &mut Sheet<'_>, given: Given<'_>, exposed: &mut Map<String, Json>) {
    sheet.wrote(EXPOSED, given);
    if let Some(gap) = sheet.unset(given.node) {
        sheet.gap(EXPOSED, gap);
    }
    for item in given.node.items().iter().map(|item| Given::item("expose", item)) {
        let Value::Text { text, .. } = &item.node.value else {
            let gap = sheet.unset(item.node);
            gap.into_iter().for_each(|gap| sheet.gap("/Config/ExposedPorts/-", gap));
            continue;
        };
        let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
        let (Ok(first), Ok(last)) = (first.parse::<u16>(), last.parse::<u16>()) else {
            let gap = Gap::new(Reason::Malformed, sheet.source(), "expose: this is no port")
                .mend("write PORT[-PORT][/PROTOCOL]");
            sheet.gap("/Config/ExposedPorts/-", gap);
            continue;
        };
        if exposed.len() + usize::from(last.saturating_sub(first)) > MOST {
            let detail = "expose: so many ports are not counted out";
            let gap = Gap::new(Reason::TooLarge, sheet.source(), detail);
            sheet.gap("/Config/ExposedPorts/-", gap.mend("expose fewer ports"));
            continue;
        }
        for port in first..=last {
            let port = format!("{port}/{protocol}");
            sheet.wrote(&format!("{EXPOSED}/{}", member(&port)), item);
            exposed.insert(port, json!({}));
        }
    }
}

//! Who can reach the container.

use serde_json::{Map, Value};

use crate::next::changed::Changed;
use crate::next::wanted::Wanted;
use crate::rules::network::published_ports_bound;

const ASKED: &str = "/HostConfig/PortBindings";
const BOUND: &str = "/NetworkSettings/Ports";

/// What is published on every interface is published on loopback instead.
pub(super) fn ports(changed: &mut Changed<'_>, wanted: Wanted<'_>) -> bool {
    if [ASKED, BOUND].iter().any(|it| !changed.is_known(it)) {
        return false;
    }
    let accepted = wanted.list(&published_ports_bound::RULE, "accept");
    let all = |pointer: &str| changed.value(pointer).and_then(Value::as_object).cloned();
    let (Some(asked), Some(bound)) = (all(ASKED), all(BOUND)) else { return false };
    let (asked, bound) = (on_loopback(asked, accepted), on_loopback(bound, accepted));
    changed.follow(BOUND, bound.into());
    changed.set(ASKED, "ports", asked.into())
}

fn on_loopback(ports: Map<String, Value>, accepted: &[String]) -> Map<String, Value> {
    let each = |(port, places): (String, Value)| {
        let Value::Array(places) = places else { return (port, places) };
        let mut kept: Vec<Value> = Vec::new();
        for mut place in places {
            let text = |name: &str| place.get(name).and_then(Value::as_str).unwrap_or_default();
            let is_open = matches!(text("HostIp"), "" | "0.0.0.0" | "::");
            let is_accepted = accepted.iter().any(|it| it == text("HostPort"));
            if let (true, false, Value::Object(fields)) = (is_open, is_accepted, &mut place) {
                fields.insert("HostIp".to_owned(), "127.0.0.1".into());
            }
            // What was there for IPv4 and for IPv6 is there once.
            if !kept.contains(&place) {
                kept.push(place);
            }
        }
        (port, kept.into())
    };
    ports.into_iter().map(each).collect()
}

//! Networks that isolate nobody.

use std::collections::BTreeSet;

use crate::parse::compose::schema::cast;
use crate::parse::compose::tree::{Entry, Node};

use super::{Page, find, shown};

/// The `internal` networks that no service is on, those behind profiles included.
pub(super) fn deserted(root: &Node) -> Vec<&Entry> {
    let entries = |section: &str| root.get(section).map(Node::entries).unwrap_or_default();
    let is_internal = |it: &&Entry| {
        it.node.get("internal").is_some_and(|flag| cast::flag(flag) == Ok(Some(true)))
    };
    let mut internal = entries("networks").iter().filter(is_internal).peekable();
    if internal.peek().is_none() {
        return Vec::new();
    }
    let used: BTreeSet<&str> = entries("services").iter().flat_map(|it| used(&it.node)).collect();
    internal.filter(|it| !used.contains(it.key.as_str())).collect()
}

/// The networks that a service is on; one that names none is on the default one.
fn used(service: &Node) -> Vec<&str> {
    let own = service.get("networks").map(Node::entries).unwrap_or_default();
    let is_default = own.is_empty() && service.get("network_mode").is_none();
    own.iter().map(|it| it.key.as_str()).chain(is_default.then_some("default")).collect()
}

pub(super) fn read(page: &mut Page<'_>, deserted: &[&Entry]) {
    for network in deserted {
        let Some(entry) = find(&network.node, "internal") else { continue };
        let name = shown(&network.key);
        let what = format!("the internal network {name} isolates nobody: no service is on it");
        let instead = format!("write networks: [{name}] below the services that it is for");
        page.entry(&format!("networks.{}.internal", network.key), entry, what, instead);
    }
}

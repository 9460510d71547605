//! What compose refuses of a project whose values are all understood: volumes and
//! networks that services name and nobody defines, and settings that exclude each
//! other (compose-go, `checkConsistency`).

use std::collections::BTreeSet;

use super::sources::Sources;
use super::tree::{Entry, Node, Place, Value};
use super::wrong::Wrong;

/// What the top level defines of a kind.
struct Defined<'a> {
    names: BTreeSet<&'a str>,
    /// Whether it is a variable that nobody set, which may define anything.
    is_untold: bool,
}

impl<'a> Defined<'a> {
    fn of(top: Option<&'a Node>) -> Self {
        let names = top.map(Node::entries).unwrap_or_default().iter();
        let is_untold = top.is_some_and(|it| matches!(it.value, Value::Unset { .. }));
        Self { names: names.map(|Entry { key, .. }| key.as_str()).collect(), is_untold }
    }

    fn has(&self, name: &str) -> bool {
        self.is_untold || self.names.contains(name)
    }
}

/// The first of these, of a service that is started.
pub(super) fn fault(root: &Node, inactive: &[String], sources: &Sources<'_>) -> Option<Wrong> {
    let services = root.get("services").map(Node::entries).unwrap_or_default();
    let inactive: BTreeSet<&String> = inactive.iter().collect();
    let [volumes, networks] = ["volumes", "networks"].map(|kind| Defined::of(root.get(kind)));
    let active = services.iter().filter(|it| !inactive.contains(&it.key));
    for (name, node) in active.map(|it| (&it.key, &it.node)) {
        if let Some(wrong) = two_networks(name, node, sources) {
            return Some(wrong);
        }
        for volume in node.get("volumes").map(Node::items).unwrap_or_default() {
            let Some(source) = volume.get("source") else { continue };
            let is_named = volume.get("type").and_then(Node::text) == Some("volume");
            let said = source.text().filter(|it| is_named && !it.is_empty());
            if let Some(said) = said.filter(|it| !volumes.has(it)) {
                let what = format!("{name} mounts the volume {said}, which is defined nowhere");
                let help = "define it under the top level's `volumes`, or begin a path with ./";
                return Some(Wrong::new(source.at, what, help));
            }
        }
        for network in node.get("networks").map(Node::entries).unwrap_or_default() {
            let key = &network.key;
            if key != "default" && !networks.has(key) {
                let what =
                    format!("{name} is attached to the network {key}, which is defined nowhere");
                let help = "define it under the top level's `networks`";
                return Some(Wrong::new(network.key_at, what, help));
            }
        }
    }
    None
}

/// A service that shares somebody else's network, and is attached to some as well.
fn two_networks(name: &str, service: &Node, sources: &Sources<'_>) -> Option<Wrong> {
    let mode = service.entry("network_mode")?;
    mode.node.text().filter(|it| !it.is_empty())?;
    let networks = service.entry("networks").filter(|it| !it.node.entries().is_empty())?;
    let Place { file, line, column, .. } = networks.key_at;
    let what = format!(
        "{name} has `network_mode`, and `networks` at {}:{line}:{column}: either excludes the other",
        sources.name(file),
    );
    Some(Wrong::new(mode.key_at, what, "take one of them away"))
}

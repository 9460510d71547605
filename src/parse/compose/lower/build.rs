//! At which stage compose has the image of a service built.
//!
//! No engine hears of it, so it stands in a place of its own: `/Build`, with the
//! `Target` that is asked for.

use serde_json::json;

use crate::parse::compose::tree::Node;

use super::sheet::{Given, Sheet, text};

pub(super) fn fill(sheet: &mut Sheet<'_>, service: &Node) {
    let Some(build) = Given::of(Some(service), "build").filter(|_| !is_always_pulled(service))
    else {
        return;
    };
    sheet.wrote("/Build", build);
    // An empty one is the last stage, as for builders.
    let target = Given::of(Some(build.node), "build.target");
    let target = target.filter(|it| it.node.text() != Some(""));
    let target = target.and_then(|it| sheet.meaning(it, "/Build/Target", text));
    sheet.set("/Build", json!({"Target": target}));
}

/// Whether compose pulls a service's image each time, whatever could build it.
pub fn is_always_pulled(service: &Node) -> bool {
    let policy = service.get("pull_policy").and_then(Node::text).unwrap_or_default();
    let is_named = service.get("image").is_some_and(|it| !it.is_null());
    is_named && (matches!(policy, "always" | "daily" | "weekly") || policy.starts_with("every_"))
}

//! What an image hardens and the service takes back.

use serde_json::Value as Json;

use crate::model::draft::Shipped;
use crate::parse::compose::tree::Node;

use super::{Page, find, shown};

pub(super) fn read(page: &mut Page<'_>, service: &Node, shipped: &Shipped) {
    let Shipped::Known { config, gaps, .. } = shipped else { return };
    let Some(own) = find(service, "user") else { return };
    let brought = config.get("User").and_then(Json::as_str).unwrap_or_default();
    let is_told = !gaps.keys().any(|it| it.starts_with("/User"));
    if is_told
        && !is_root(brought)
        && own.node.text().is_some_and(|it| !it.is_empty() && is_root(it))
    {
        let what =
            format!("the image's user {} does nothing: the service runs as root", shown(brought));
        let instead = format!("remove user, or write user: \"{}\"", shown(brought));
        page.entry("user", own, what, instead);
    }
}

/// Whether a `user[:group]` is root: uid 0 in whatever spelling, or nobody named.
fn is_root(user: &str) -> bool {
    let name = user.split(':').next().unwrap_or_default();
    name.is_empty() || name == "root" || name.parse::<i64>() == Ok(0)
}

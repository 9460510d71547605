//! What is said of files that a service is handed, and that nobody carries out.
//!
//! A secret or config `file:` is bind-mounted: the file's own owner and mode
//! count, whatever the service asks for (docker/compose issue 9648;
//! `buildContainerSecretMounts` in `pkg/compose/create.go`). One from
//! `environment:` or `content:` is copied, and gets what is asked for.

use crate::parse::compose::tree::{Entry, Node};

use super::{Page, shown};

pub(super) fn read(page: &mut Page<'_>, service: &Node) {
    for section in ["secrets", "configs"] {
        for item in service.get(section).map(Node::items).unwrap_or_default() {
            reference(page, section, item);
        }
    }
    for item in service.get("volumes").map(Node::items).unwrap_or_default() {
        options(page, item);
    }
}

fn reference(page: &mut Page<'_>, section: &str, item: &Node) {
    let Some(name) = item.get("source").and_then(Node::text) else { return };
    let Some(resource) = page.resource(section, name) else { return };
    let Some(file) = resource.get("file") else { return };
    let file = file.text().map_or_else(|| "the file".to_owned(), |it| shown(it).to_string());
    for key in ["uid", "gid", "mode"] {
        let Some(entry) = item.entry(key).filter(|it| !is_nothing(&it.node)) else { continue };
        let name = shown(name);
        let what = format!(
            "{key} of {section} {name} is ignored: it comes from a file, whose own owner and mode count"
        );
        let instead = match key {
            "mode" => format!("chmod 0440 {file}, or take it from environment:"),
            _ => format!("chown {file}, or take it from environment:"),
        };
        page.entry(&format!("{section}.{key}"), entry, what, instead);
    }
}

/// The options of another type of mount, which are passed over in silence.
fn options(page: &mut Page<'_>, item: &Node) {
    let Some(kind) = item.get("type").and_then(Node::text) else { return };
    for other in ["bind", "volume", "tmpfs"].into_iter().filter(|it| *it != kind) {
        // In the short form a flag such as `z` belongs to every type.
        let is_meant = |it: &&Entry| !it.node.entries().is_empty() && it.key_at != item.at;
        let Some(entry) = item.entry(other).filter(is_meant) else {
            continue;
        };
        let what = format!("{other} options do nothing on a mount of type {}", shown(kind));
        let instead = format!("write type: {other}, or remove them");
        page.entry(&format!("volumes.{other}"), entry, what, instead);
    }
}

fn is_nothing(node: &Node) -> bool {
    node.text().is_some_and(str::is_empty)
}

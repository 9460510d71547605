//! Bounds that bound nothing: zero and less, which engines read as no bound;
//! two that contradict each other; and those that Windows alone has.

use crate::parse::compose::schema::cast;
use crate::parse::compose::tree::Node;
use crate::parse::compose::wrong::Wrong;

use super::{Page, find};

type Read = fn(&Node) -> Result<Option<i64>, Wrong>;

/// A service's own key, that of `deploy`, how both are read, and a bound that is one.
const BOUNDS: [(&str, &str, Read, &str); 3] = [
    ("mem_limit", "deploy.resources.limits.memory", cast::size, "512m"),
    ("cpus", "deploy.resources.limits.cpus", cast::billionths, "0.5"),
    ("pids_limit", "deploy.resources.limits.pids", cast::integer, "100"),
];

/// Keys that only containers of Windows know (Engine API, `HostConfig`).
const WINDOWS: [&str; 2] = ["cpu_count", "cpu_percent"];

pub(super) fn read(page: &mut Page<'_>, service: &Node) {
    for (own, deployed, read, example) in BOUNDS {
        let said = |key: &str| {
            let entry = find(service, key)?;
            Some((entry, read(&entry.node).ok().flatten()?))
        };
        for key in [own, deployed] {
            if let Some((entry, _)) = said(key).filter(|(_, bound)| *bound <= 0) {
                let what = format!("{key}: {} means no limit at all", text(&entry.node));
                page.entry(key, entry, what, format!("write a limit, such as {key}: {example}"));
            }
        }
        let both = said(own).zip(said(deployed));
        let differ =
            both.filter(|((_, own), (_, deployed))| own != deployed && *own > 0 && *deployed > 0);
        if let Some(((entry, _), _)) = differ {
            let what = format!(
                "{own} is overruled by {deployed}, which says otherwise: newer versions of docker compose refuse the two"
            );
            page.entry(own, entry, what, format!("write {deployed} alone"));
        }
    }
    for key in WINDOWS {
        if let Some(entry) = find(service, key) {
            let what = format!("{key} does nothing on Linux: only Windows containers have it");
            page.entry(key, entry, what, "write cpus: 0.5");
        }
    }
}

fn text(node: &Node) -> &str {
    node.text().unwrap_or_default()
}

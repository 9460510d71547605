//! Mounts that the container and the host keep in step (`mount_namespaces(7)`).

use crate::model::fact::Fact;
use crate::model::reading::{Gap, Reading};

use super::view::View;

/// One mount whose changes the host sees too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// Where it is in the container.
    pub point: String,
    /// What shows it: the kernel's line or the engine's entry.
    pub shown: String,
}

/// The mounts in a peer group of the host's. Peer groups are numbered for the
/// whole machine, so a number that both tables name is one group. A group in
/// which only the container's own mounts are does nothing to the host, and
/// `master:` alone carries changes from the host and none to it.
pub(super) fn fact(view: &View<'_>) -> Fact<Vec<Shared>> {
    let (known, gap) = declared(view);
    if view.kind().is_to_come() {
        return Fact::declared_in_part(known, gap);
    }
    let effective = view.mounts().zip(view.host_mounts().unshown()).map(|(own, host)| {
        let is_shared = |tags: &[String]| {
            let mut groups = tags.iter().filter(|tag| tag.starts_with("shared:"));
            groups.any(|group| host.iter().any(|theirs| theirs.tags.contains(group)))
        };
        own.iter()
            .filter(|mount| is_shared(&mount.tags))
            .map(|mount| Shared { point: mount.point.clone(), shown: mount.line.clone() })
            .collect()
    });
    Fact::new(gap.map_or(known, Reading::Missing), effective)
}

fn declared(view: &View<'_>) -> (Reading<Vec<Shared>>, Option<Gap>) {
    let entries = view.inspect().entries("/Mounts", &["Destination", "Propagation"]);
    let gap = entries.gap();
    let known = entries.known.map(|mounts| {
        mounts
            .into_iter()
            .filter(|entry| {
                let propagation = entry.get("Propagation").and_then(serde_json::Value::as_str);
                matches!(propagation, Some("shared" | "rshared"))
            })
            .map(|entry| Shared {
                point: entry
                    .get("Destination")
                    .and_then(serde_json::Value::as_str)
                    .unwrap_or_default()
                    .to_owned(),
                shown: entry.to_string(),
            })
            .collect()
    });
    (known, gap)
}

//! What can be written.

use serde_json::{Map, Value};

use crate::next::changed::Changed;
use crate::next::mounted;
use crate::next::wanted::Wanted;
use crate::parse::path::is_within;
use crate::parse::proc::mountinfo;
use crate::rules::filesystem::tmpfs_for_writes;

const ROOT: &str = "/HostConfig/ReadonlyRootfs";
const TMPFS: &str = "/HostConfig/Tmpfs";

/// Large enough for what programs put aside, and small beside a machine's memory.
const SIZE: &str = "size=64m";

/// The same in the words of the kernel.
const KERNEL_SIZE: &str = "size=65536k";

/// A read-only root leaves the paths that the policy names, or most programs break; what can
/// be written is bounded.
pub(super) fn read_only_root(changed: &mut Changed<'_>, wanted: Wanted<'_>) -> bool {
    let is_read_only = changed.flag(ROOT);
    if !is_read_only && !changed.set(ROOT, "read_only", true.into()) {
        return false;
    }
    let mut all: Map<String, Value> =
        changed.value(TMPFS).and_then(Value::as_object).cloned().unwrap_or_default();
    let unbounded: Vec<String> = unbounded(&all);
    let writable = points(changed);
    let paths = wanted.list(&tmpfs_for_writes::RULE, "paths").iter();
    // What stands behind a colon would be options.
    let lacking: Vec<&String> = paths
        .filter(|it| !it.contains(':') && !writable.iter().any(|at| is_within(it, at)))
        .collect();
    if is_read_only && lacking.is_empty() && unbounded.is_empty() {
        return false;
    }
    if !lacking.is_empty() || !unbounded.is_empty() {
        all.extend(lacking.iter().map(|it| ((*it).clone(), Value::from(SIZE))));
        for point in &unbounded {
            let options = all.get(point).and_then(Value::as_str).filter(|it| !it.is_empty());
            let bounded = options.map_or_else(|| SIZE.to_owned(), |it| format!("{it},{SIZE}"));
            all.insert(point.clone(), bounded.into());
        }
        // Of those that nobody knows one may be it, and the engine takes no point twice.
        if !changed.is_known(TMPFS) || !changed.set(TMPFS, "tmpfs", all.into()) {
            return false;
        }
    }
    changed.mounts(|text| {
        let root = mountinfo::parse(text).ok();
        let root = root.and_then(|all| Some(mountinfo::at(&all, "/")?.id));
        let text = mounted::read_only(text, |it| Some(it.id) == root);
        let text = mounted::bounded(&text, KERNEL_SIZE, |it| unbounded.contains(&it.point));
        lacking.iter().fold(text, |text, point| {
            let options = "rw,nosuid,nodev,noexec,relatime";
            mounted::with(&text, point, "tmpfs", options, &format!("rw,{KERNEL_SIZE}"))
        })
    });
    true
}

/// The points that may fill the memory.
fn unbounded(tmpfs: &Map<String, Value>) -> Vec<String> {
    let is_bound = |it: &str| it.split(',').any(|it| it.starts_with("size="));
    let all = tmpfs.iter().filter(|(_, it)| it.as_str().is_some_and(|it| !is_bound(it)));
    all.map(|(point, _)| point.clone()).collect()
}

/// Where something is mounted already, by the record.
fn points(changed: &Changed<'_>) -> Vec<String> {
    let tmpfs = changed.value(TMPFS).and_then(Value::as_object);
    let tmpfs = tmpfs.into_iter().flat_map(Map::keys).cloned();
    let at = |list: &str, field: &str| -> Vec<String> {
        let all = changed.list(list);
        let points = all.iter().filter_map(|it| it.get(field)?.as_str().map(str::to_owned));
        points.collect()
    };
    tmpfs.chain(at("/Mounts", "Destination")).chain(at("/HostConfig/Mounts", "Target")).collect()
}

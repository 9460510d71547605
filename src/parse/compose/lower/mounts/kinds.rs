//! What each kind of mount is for the engine.

use serde_json::{Value as Json, json};

use crate::model::reading::{Gap, Reason};
use crate::model::untrusted::Untrusted;
use crate::parse::compose::lower::is_external;
use crate::parse::compose::lower::sheet::{Given, Sheet};
use crate::parse::compose::schema::cast;
use crate::parse::compose::tree::Node;
use crate::parse::path::clean;

use super::Mount;
use super::entry::{bound, put, volume};

/// One item of `volumes`.
pub(super) fn of_volume<'a>(sheet: &Sheet<'a>, given: Given<'a>) -> Mount<'a> {
    let Given { node, .. } = given;
    let text = |key: &str| node.get(key).and_then(Node::text).unwrap_or_default();
    let point = clean(text("target"));
    let is_read_only = node.get("read_only").map(cast::flag) == Some(Ok(Some(true)));
    let bind = node.get("bind");
    let bind = |key: &str| bind.and_then(|it| it.get(key)).and_then(Node::text).unwrap_or_default();
    let mut gaps = Vec::new();
    let mut options = None;
    let entry = match text("type") {
        "bind" => {
            let mut mode = vec![if is_read_only { "ro" } else { "rw" }];
            mode.extend(Some(bind("selinux")).filter(|it| !it.is_empty()));
            let propagation = Some(bind("propagation")).filter(|it| !it.is_empty());
            // What the engine's short form cannot say is asked for in the long one.
            let is_made = node.get("bind").and_then(|it| it.get("create_host_path"));
            let is_made = is_made.is_none_or(|it| cast::flag(it) != Ok(Some(false)));
            let is_short = propagation.is_none() && bind("recursive").is_empty() && is_made;
            let mode = if is_short { mode.join(",") } else { String::new() };
            options = Some(("BindOptions", of_bind(propagation, bind("recursive"), is_made)));
            let source = on_host(sheet, text("source"), &mut gaps);
            bound(&source, &point, !is_read_only, &mode, propagation.unwrap_or("rprivate"))
        }
        "tmpfs" => {
            options = Some(("TmpfsOptions", of_tmpfs(node.get("tmpfs"))));
            json!({
                "Type": "tmpfs", "Source": "", "Destination": point, "Mode": "",
                "RW": !is_read_only, "Propagation": "",
            })
        }
        "volume" => {
            options = node.get("volume").map(|it| ("VolumeOptions", of_named(it)));
            named_volume(sheet, text("source"), &point, !is_read_only, &mut gaps)
        }
        other => json!({
            "Type": other, "Source": text("source"), "Destination": point, "Mode": "",
            "RW": !is_read_only, "Propagation": "",
        }),
    };
    let parts = [
        (Some(node), ""),
        (node.get("type"), ""),
        (node.get("source"), "/Source"),
        (node.get("target"), "/Destination"),
        (node.get("read_only"), "/RW"),
        (node.get("bind").and_then(|it| it.get("propagation")), "/Propagation"),
        (node.get("tmpfs").and_then(|it| it.get("size")), "/TmpfsOptions"),
    ];
    gaps.extend(parts.into_iter().filter_map(|(part, rest)| Some((rest, sheet.unset(part?)?))));
    let is_told = gaps.iter().all(|(rest, _)| !matches!(*rest, "" | "/Destination"));
    let point = if is_told { point } else { String::new() };
    Mount { point, entry, options, given, gaps, is_own: true }
}

/// What the engine is told of a bind beside (`docker compose`, `buildBindOption`).
fn of_bind(propagation: Option<&str>, recursive: &str, is_made: bool) -> Json {
    let mut options = json!({});
    propagation.into_iter().for_each(|it| put(&mut options, "Propagation", it));
    let recursive = match recursive {
        "disabled" => Some("NonRecursive"),
        "writable" => Some("ReadOnlyNonRecursive"),
        "readonly" => Some("ReadOnlyForceRecursive"),
        _ => None,
    };
    let flags = recursive.into_iter().chain(is_made.then_some("CreateMountpoint"));
    flags.for_each(|it| put(&mut options, it, true));
    options
}

/// What it is told of a temporary file system.
fn of_tmpfs(node: Option<&Node>) -> Json {
    let mut options = json!({});
    let size = node.and_then(|it| it.get("size")).map(cast::size);
    let mode = node.and_then(|it| it.get("mode")).map(cast::mode);
    let (size, mode) = (size.and_then(Result::ok).flatten(), mode.and_then(Result::ok).flatten());
    size.into_iter().for_each(|size| put(&mut options, "SizeBytes", size));
    mode.into_iter().for_each(|mode| put(&mut options, "Mode", mode));
    options
}

/// What it is told of a volume (`docker compose`, `buildVolumeOptions`).
fn of_named(node: &Node) -> Json {
    let mut options = json!({});
    if node.get("nocopy").map(cast::flag) == Some(Ok(Some(true))) {
        put(&mut options, "NoCopy", true);
    }
    for (key, name) in [("subpath", "Subpath"), ("labels", "Labels")] {
        if let Some(value) = node.get(key) {
            put(&mut options, name, value.text());
        }
    }
    options
}

/// A volume by its name; without a name it is one that the engine makes.
///
/// One of the engine's own driver can be a part of the host's in disguise, see
/// [`behind`]. The engine calls it a volume all the same; what it gives away is
/// the host's, so that is what is said of it here. Of a volume that somebody else
/// made, or another driver keeps, the files do not tell what is behind it.
fn named_volume(
    sheet: &Sheet<'_>,
    source: &str,
    point: &str,
    is_writable: bool,
    gaps: &mut Vec<(&'static str, Gap)>,
) -> Json {
    let resource = sheet.lowering.resource("volumes", source);
    let name =
        if source.is_empty() { String::new() } else { sheet.lowering.name_of("volumes", source) };
    let mut entry = volume(point, &name, is_writable);
    let Some(resource) = resource else { return entry };
    gaps.extend(resource.get("name").and_then(|it| Some(("/Name", sheet.unset(it)?))));
    let untold = |why: &str| {
        let detail = format!("volumes: {} is {why}", Untrusted::from(source));
        let gap = Gap::new(Reason::NotCollected, sheet.source(), detail);
        ("/Source", gap.mend("audit the container that mounts it, with the engine"))
    };
    if is_external(Some(resource)) {
        gaps.push(untold("external: what is behind it only who made it knows"));
        put(&mut entry, "Source", "");
        return entry;
    }
    let driver = resource.get("driver").and_then(Node::text).filter(|it| !it.is_empty());
    let options = resource.get("driver_opts");
    let option = |name: &str| options.and_then(|it| it.get(name));
    let said = ["type", "o", "device"].map(option);
    for part in [Some(resource), resource.get("driver"), options].into_iter().chain(said) {
        gaps.extend(part.and_then(|it| Some(("/Source", sheet.unset(it)?))));
    }
    if let Some(driver) = driver.filter(|it| *it != "local") {
        put(&mut entry, "Driver", driver);
        put(&mut entry, "Source", "");
        gaps.push(untold("of another driver than local: where that keeps it the files do not say"));
        return entry;
    }
    let [kind, flags, device] = said.map(|it| it.and_then(Node::text).unwrap_or_default());
    match behind(kind, flags, device) {
        Behind::Engine => return entry,
        Behind::Folder(folder) => {
            put(&mut entry, "Type", "bind");
            put(&mut entry, "Source", on_host(sheet, folder, gaps));
        }
        Behind::Several => {
            put(&mut entry, "Source", "");
            gaps.push(untold("an overlay of several folders of the host"));
        }
    }
    if flags.split(',').any(|it| it == "ro") {
        put(&mut entry, "RW", false);
    }
    entry
}

/// What is behind a volume of the engine's own driver.
enum Behind<'a> {
    /// Its own folder, memory, or another host's files.
    Engine,
    /// A folder or a device of the host's.
    Folder(&'a str),
    /// Several folders, of which none stands for all.
    Several,
}

/// What the engine's own driver mounts by its options, which are those of
/// `mount(8)`: `{type: TYPE, o: FLAGS, device: PATH}`.
fn behind<'a>(kind: &str, flags: &'a str, device: &'a str) -> Behind<'a> {
    let flags = || flags.split(',').map(str::trim);
    if device.is_empty() {
        return Behind::Engine;
    }
    if flags().any(|it| matches!(it, "bind" | "rbind")) {
        return Behind::Folder(device);
    }
    match kind {
        "tmpfs" | "ramfs" | "nfs" | "nfs4" | "cifs" | "smb3" => Behind::Engine,
        // The kernel's own file systems have no device: what that says is nothing.
        "proc" => Behind::Folder("/proc"),
        "sysfs" => Behind::Folder("/sys"),
        "devtmpfs" => Behind::Folder("/dev"),
        "cgroup" | "cgroup2" => Behind::Folder("/sys/fs/cgroup"),
        "bpf" => Behind::Folder("/sys/fs/bpf"),
        "debugfs" => Behind::Folder("/sys/kernel/debug"),
        "tracefs" => Behind::Folder("/sys/kernel/tracing"),
        "securityfs" => Behind::Folder("/sys/kernel/security"),
        "overlay" => {
            let layers = flags().filter_map(|it| {
                it.strip_prefix("lowerdir=").or_else(|| it.strip_prefix("upperdir="))
            });
            let layers: Vec<&str> =
                layers.flat_map(|it| it.split(':')).filter(|it| !it.is_empty()).collect();
            match layers.as_slice() {
                [folder] => Behind::Folder(folder),
                // Nothing gives away more than all there is.
                all if all.iter().any(|it| clean(it) == "/") => Behind::Folder("/"),
                _ => Behind::Several,
            }
        }
        _ => Behind::Folder(device),
    }
}

/// A secret or a config: a file of the host's, which nobody can write through
/// the mount. What has its content in the project or in the environment is
/// copied into the container, and is no mount.
pub(super) fn handed_over<'a>(
    sheet: &Sheet<'a>,
    given: Given<'a>,
    folder: &str,
) -> Option<Mount<'a>> {
    let Given { key, node, .. } = given;
    let text = |key: &str| node.get(key).and_then(Node::text).filter(|it| !it.is_empty());
    let parts = [Some(node), node.get("source"), node.get("target")];
    if let Some(gap) = parts.into_iter().flatten().find_map(|it| sheet.unset(it)) {
        let gaps = vec![("", gap)];
        return Some(Mount { gaps, ..Mount::new("", bound("", "", false, "", "rprivate"), given) });
    }
    let source = text("source").unwrap_or_default();
    let target = text("target").unwrap_or(source);
    let point = if target.starts_with('/') { clean(target) } else { format!("{folder}{target}") };
    let definition = sheet.lowering.resource(key, source);
    let says = |part: &str| definition.is_some_and(|it| it.get(part).is_some());
    if says("environment") || says("content") {
        return None;
    }
    let mut gaps = Vec::new();
    if definition.is_none() {
        let detail = format!("{key}: the top level does not define {}", Untrusted::from(source));
        let gap = sheet.unsupported(detail, "define it there, with the file that holds it");
        gaps.push(("/Source", gap));
    }
    let file = definition.and_then(|it| it.get("file"));
    gaps.extend(file.and_then(|it| Some(("/Source", sheet.unset(it)?))));
    let source = file.and_then(Node::text).map(|it| on_host(sheet, it, &mut gaps));
    let entry = bound(&source.unwrap_or_default(), &point, false, "", "rprivate");
    Some(Mount { gaps, ..Mount::new(&point, entry, given) })
}

/// A path as the host knows it; a gap where nobody knows whose home is meant.
fn on_host(sheet: &Sheet<'_>, path: &str, gaps: &mut Vec<(&'static str, Gap)>) -> String {
    if path.is_empty() {
        return String::new();
    }
    sheet.lowering.on_host(path).unwrap_or_else(|| {
        let home = ["HOME".to_owned()];
        gaps.push(("/Source", sheet.not_set(&home, None, sheet.service.key_at)));
        path.to_owned()
    })
}

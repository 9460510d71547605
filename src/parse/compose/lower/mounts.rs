//! What is mounted in the container: binds, volumes and temporary file systems,
//! the secrets and configs that compose hands over as files, what another
//! service's container lends, and the volumes that the image asks for.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use crate::model::reading::Gap;
use crate::parse::compose::schema::cast;
use crate::parse::compose::tree::{Entry, Node};
use crate::parse::path::clean;

use super::image::Image;
use super::sheet::{Given, Sheet};
use super::{is_external, member};

/// How many services may lend their mounts to the next.
const LENDERS: usize = 8;

/// Where the engine's own driver keeps its volumes.
const VOLUMES: &str = "/var/lib/docker/volumes";

/// One entry of the engine's `Mounts` that is to be.
struct Mount<'a> {
    /// Where it is in the container.
    point: String,
    entry: Json,
    /// The options of a temporary file system.
    tmpfs: Option<Json>,
    given: Given<'a>,
    /// What of the entry cannot be told, by the rest of its pointer.
    gaps: Vec<(&'static str, Gap)>,
    /// Whether it is the service's own, and not lent.
    is_own: bool,
}

/// Mounts by their points, each of which can be taken once.
#[derive(Default)]
struct Mounts<'a> {
    all: Vec<Mount<'a>>,
    places: BTreeMap<String, usize>,
}

impl<'a> Mounts<'a> {
    /// Adds a mount; one that has its point already stays where it is, unless
    /// the new one goes before it.
    fn add(&mut self, mount: Mount<'a>, goes_before: bool) {
        let taken = self.places.get(&mount.point).and_then(|place| self.all.get_mut(*place));
        match taken {
            Some(before) if goes_before => *before = mount,
            Some(_) => {}
            None => {
                // Of one whose point cannot be told there may be several.
                if !mount.point.is_empty() {
                    self.places.insert(mount.point.clone(), self.all.len());
                }
                self.all.push(mount);
            }
        }
    }
}

pub(super) fn fill(sheet: &mut Sheet<'_>, image: Image<'_>) {
    let service = sheet.service;
    let mut mounts = Mounts::default();
    own(sheet, service, true, &mut mounts);
    lent(sheet, service, &mut mounts);
    let temporary = temporary(sheet, &service.node);
    if let Some(given) = Given::of(Some(&service.node), "volumes") {
        sheet.wrote("/Mounts", given);
    }
    let (mut listed, mut binds, mut asked) = (Vec::new(), Vec::new(), Vec::new());
    for mount in mounts.all {
        let pointer = format!("/Mounts/{}", listed.len());
        sheet.wrote(&pointer, mount.given);
        for (rest, gap) in mount.gaps {
            sheet.gap(&format!("{pointer}{rest}"), gap);
        }
        match bind(&mount.entry) {
            _ if !mount.is_own => {}
            Some(bind) => binds.push(Json::from(bind)),
            None => {
                sheet.wrote(&format!("/HostConfig/Mounts/{}", asked.len()), mount.given);
                asked.push(ask(&mount.entry, mount.tmpfs));
            }
        }
        listed.push(mount.entry);
    }
    // An unknown image can add volumes of its own, and nothing of the host's.
    sheet.inherit(image, "/Volumes");
    let brought = image.get("/Volumes").ok().flatten().and_then(Json::as_object);
    for (point, _) in brought.into_iter().flatten() {
        let point = clean(point);
        if mounts.places.contains_key(&point) || temporary.contains(&point) {
            continue;
        }
        if let Some(origin) = image.origin(&format!("/Volumes/{}", member(&point))) {
            sheet.came_from(format!("/Mounts/{}", listed.len()), origin);
        }
        listed.push(volume(&point, "", true));
    }
    sheet.set("/Mounts", listed);
    for (pointer, all) in [("/HostConfig/Binds", binds), ("/HostConfig/Mounts", asked)] {
        if !all.is_empty() {
            sheet.set(pointer, all);
        }
    }
}

/// What a service mounts by itself.
fn own<'a>(sheet: &mut Sheet<'a>, service: &'a Entry, is_own: bool, mounts: &mut Mounts<'a>) {
    let node = &service.node;
    for kind in ["volumes", "secrets", "configs", "volumes_from"] {
        if let Some(gap) = node.get(kind).and_then(|it| sheet.unset(it)) {
            sheet.gap("/Mounts/-", gap);
        }
    }
    let items = |kind: &'static str| {
        let items = node.get(kind).map(Node::items).unwrap_or_default();
        items.iter().map(move |item| Given::item(kind, item))
    };
    for item in items("volumes") {
        let mount = of_volume(sheet, item);
        mounts.add(Mount { is_own, ..mount }, true);
    }
    for (kind, folder) in [("secrets", "/run/secrets/"), ("configs", "/")] {
        for item in items(kind) {
            if let Some(mount) = handed_over(sheet, item, folder) {
                mounts.add(Mount { is_own, ..mount }, false);
            }
        }
    }
    let socket = Given::of(Some(node), "use_api_socket");
    if let Some(given) = socket.filter(|it| cast::flag(it.node) == Ok(Some(true))) {
        const SOCKET: &str = "/var/run/docker.sock";
        let entry = bound(SOCKET, SOCKET, true, "rw", "rprivate");
        mounts.add(Mount { is_own, ..Mount::new(SOCKET, entry, given) }, true);
    }
}

/// What the containers of other services lend: `SERVICE[:ro]`, and
/// `container:NAME[:ro]` for one of somebody else's.
fn lent<'a>(sheet: &mut Sheet<'a>, service: &'a Entry, mounts: &mut Mounts<'a>) {
    const FROM: &str = "/HostConfig/VolumesFrom";
    let Some(given) = Given::of(Some(&service.node), "volumes_from") else { return };
    sheet.wrote(FROM, given);
    let mut all: Vec<Json> = Vec::new();
    for item in given.node.items().iter().map(|item| Given::item("volumes_from", item)) {
        let pointer = format!("{FROM}/{}", all.len());
        let said = sheet.item(item, &pointer);
        let Some(said) = said.as_str() else {
            let gap = sheet.unset(item.node);
            gap.into_iter().for_each(|gap| sheet.gap("/Mounts/-", gap));
            all.push(Json::Null);
            continue;
        };
        if let Some(theirs) = said.strip_prefix("container:") {
            let detail = "what another container lends is not in the files";
            let gap = sheet.unsupported(detail, "name the volumes themselves");
            sheet.gap("/Mounts/-", gap);
            all.push(theirs.into());
            continue;
        }
        let (lender, mode) = said.split_once(':').unwrap_or((said, "rw"));
        let id = super::id_of(sheet.project(), lender);
        all.push(if mode == "rw" { id } else { format!("{id}:{mode}") }.into());
        for mount in of_lenders(sheet, lender) {
            let mut mount = Mount { given: item, is_own: false, ..mount };
            if mode.split(',').any(|it| it == "ro") {
                put(&mut mount.entry, "RW", false);
            }
            mounts.add(mount, false);
        }
    }
    sheet.set(FROM, all);
}

/// What a service's container has mounted, with what it was lent itself.
fn of_lenders<'a>(sheet: &mut Sheet<'a>, lender: &str) -> Vec<Mount<'a>> {
    let mut mounts = Mounts::default();
    let mut next = vec![lender.to_owned()];
    let mut seen: BTreeSet<String> = BTreeSet::new();
    while let Some(name) = next.pop() {
        if seen.len() >= LENDERS || !seen.insert(name.clone()) {
            continue;
        }
        let Some(service) = sheet.lowering.service(&name) else { continue };
        own(sheet, service, false, &mut mounts);
        let lenders = service.node.get("volumes_from").map(Node::items).unwrap_or_default();
        next.extend(lenders.iter().filter_map(Node::text).filter_map(|it| {
            let name = it.split(':').next().unwrap_or(it);
            (name != "container").then(|| name.to_owned())
        }));
    }
    mounts.all
}

impl<'a> Mount<'a> {
    fn new(point: &str, entry: Json, given: Given<'a>) -> Self {
        let point = point.to_owned();
        Self { point, entry, tmpfs: None, given, gaps: Vec::new(), is_own: true }
    }
}

/// One item of `volumes`.
fn of_volume<'a>(sheet: &Sheet<'a>, given: Given<'a>) -> Mount<'a> {
    let Given { node, .. } = given;
    let text = |key: &str| node.get(key).and_then(Node::text).unwrap_or_default();
    let point = clean(text("target"));
    let is_read_only = node.get("read_only").map(cast::flag) == Some(Ok(Some(true)));
    let bind = node.get("bind");
    let bind = |key: &str| bind.and_then(|it| it.get(key)).and_then(Node::text).unwrap_or_default();
    let mut gaps = Vec::new();
    let mut tmpfs = None;
    let entry = match text("type") {
        "bind" => {
            let mut mode = vec![if is_read_only { "ro" } else { "rw" }];
            mode.extend(Some(bind("selinux")).filter(|it| !it.is_empty()));
            let propagation = Some(bind("propagation")).filter(|it| !it.is_empty());
            let source = on_host(sheet, text("source"), &mut gaps);
            let propagation = propagation.unwrap_or("rprivate");
            bound(&source, &point, !is_read_only, &mode.join(","), propagation)
        }
        "tmpfs" => {
            let options = node.get("tmpfs");
            let size = options.and_then(|it| it.get("size")).map(cast::size);
            let mode = options.and_then(|it| it.get("mode")).map(cast::mode);
            let (size, mode) = (size.and_then(Result::ok), mode.and_then(Result::ok));
            tmpfs = Some(json!({"SizeBytes": size.flatten(), "Mode": mode.flatten()}));
            json!({
                "Type": "tmpfs", "Source": "", "Destination": point, "Mode": "",
                "RW": !is_read_only, "Propagation": "",
            })
        }
        "volume" => named_volume(sheet, text("source"), &point, !is_read_only, &mut gaps),
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
    Mount { point, entry, tmpfs, given, gaps, is_own: true }
}

/// A volume by its name; without a name it is one that the engine makes.
///
/// One of the engine's own driver can be a folder of the host's in disguise
/// (`driver_opts: {o: bind, device: PATH}`). The engine calls it a volume all the
/// same; what it gives away is the folder, so that is what is said of it here.
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
    let Some(resource) = resource.filter(|it| !is_external(Some(it))) else { return entry };
    gaps.extend(resource.get("name").and_then(|it| Some(("/Name", sheet.unset(it)?))));
    let driver = resource.get("driver").and_then(Node::text).filter(|it| !it.is_empty());
    if let Some(driver) = driver {
        put(&mut entry, "Driver", driver);
    }
    let options = resource.get("driver_opts");
    let option = |name: &str| options.and_then(|it| it.get(name));
    for part in [Some(resource), resource.get("driver"), options, option("o"), option("device")] {
        gaps.extend(part.and_then(|it| Some(("/Source", sheet.unset(it)?))));
    }
    let flags = option("o").and_then(Node::text).unwrap_or_default();
    let is_bind = flags.split(',').any(|it| matches!(it, "bind" | "rbind"));
    let device = option("device").and_then(Node::text).filter(|_| is_bind);
    if let (Some(device), None | Some("local")) = (device, driver) {
        put(&mut entry, "Type", "bind");
        put(&mut entry, "Source", on_host(sheet, device, gaps));
        if flags.split(',').any(|it| it == "ro") {
            put(&mut entry, "RW", false);
        }
    }
    entry
}

/// A secret or a config: a file of the host's, which nobody can write through
/// the mount. What has its content in the project or in the environment is
/// copied into the container, and is no mount.
fn handed_over<'a>(sheet: &Sheet<'a>, given: Given<'a>, folder: &str) -> Option<Mount<'a>> {
    let Given { key, node, .. } = given;
    let text = |key: &str| node.get(key).and_then(Node::text).filter(|it| !it.is_empty());
    let mut gaps = Vec::new();
    gaps.extend(sheet.unset(node).map(|gap| ("", gap)));
    for (part, rest) in [("source", "/Source"), ("target", "/Destination")] {
        gaps.extend(node.get(part).and_then(|it| Some((rest, sheet.unset(it)?))));
    }
    let source = text("source").unwrap_or_default();
    let target = text("target").unwrap_or(source);
    let point = if target.starts_with('/') { clean(target) } else { format!("{folder}{target}") };
    let definition = sheet.lowering.resource(key, source);
    let says = |part: &str| definition.is_some_and(|it| it.get(part).is_some());
    if gaps.is_empty() && (says("environment") || says("content")) {
        return None;
    }
    if gaps.is_empty() && definition.is_none() {
        let detail = format!("a service takes what {key} at the top level do not define");
        let gap = sheet.unsupported(detail, "define it there, with the file that holds it");
        gaps.push(("/Source", gap));
    }
    let file = definition.and_then(|it| it.get("file"));
    gaps.extend(file.and_then(|it| Some(("/Source", sheet.unset(it)?))));
    let file = file.and_then(Node::text);
    let source = file.map(|it| on_host(sheet, it, &mut gaps)).unwrap_or_default();
    let entry = bound(&source, &point, false, "ro", "rprivate");
    let point = if node.text().is_none() && gaps.iter().any(|(rest, _)| *rest != "/Source") {
        String::new()
    } else {
        point
    };
    Some(Mount { point, entry, tmpfs: None, given, gaps, is_own: true })
}

/// `tmpfs: PATH[:OPTIONS]`, which the engine lists apart. The points.
fn temporary(sheet: &mut Sheet<'_>, service: &Node) -> BTreeSet<String> {
    const TMPFS: &str = "/HostConfig/Tmpfs";
    let Some(given) = Given::of(Some(service), "tmpfs") else { return BTreeSet::new() };
    sheet.wrote(TMPFS, given);
    if let Some(gap) = sheet.unset(given.node) {
        sheet.gap(TMPFS, gap);
    }
    let mut all = Map::new();
    for item in given.node.items().iter().map(|item| Given::item("tmpfs", item)) {
        if let Some(gap) = sheet.unset(item.node) {
            sheet.gap("/HostConfig/Tmpfs/-", gap);
        }
        let Some(said) = item.node.text() else { continue };
        let (point, options) = said.split_once(':').unwrap_or((said, ""));
        sheet.wrote(&format!("{TMPFS}/{}", member(point)), item);
        all.insert(point.to_owned(), options.into());
    }
    let points = all.keys().map(|it| clean(it)).collect();
    sheet.set(TMPFS, all);
    points
}

/// A path as the host knows it; a gap where nobody knows whose home is meant.
fn on_host(sheet: &Sheet<'_>, path: &str, gaps: &mut Vec<(&'static str, Gap)>) -> String {
    sheet.lowering.on_host(path).unwrap_or_else(|| {
        let home = ["HOME".to_owned()];
        gaps.push(("/Source", sheet.not_set(&home, None)));
        path.to_owned()
    })
}

fn bound(source: &str, point: &str, is_writable: bool, mode: &str, propagation: &str) -> Json {
    json!({
        "Type": "bind", "Source": source, "Destination": point, "Mode": mode,
        "RW": is_writable, "Propagation": propagation,
    })
}

fn volume(point: &str, name: &str, is_writable: bool) -> Json {
    let source = if name.is_empty() { String::new() } else { format!("{VOLUMES}/{name}/_data") };
    json!({
        "Type": "volume", "Name": name, "Source": source, "Destination": point,
        "Driver": "local", "Mode": "z", "RW": is_writable, "Propagation": "",
    })
}

fn put(entry: &mut Json, key: &str, value: impl Into<Json>) {
    if let Some(fields) = entry.as_object_mut() {
        fields.insert(key.to_owned(), value.into());
    }
}

/// A bind in the engine's short form; none for what goes to it as a mount.
fn bind(entry: &Json) -> Option<String> {
    let text = |key: &str| entry.get(key).and_then(Json::as_str).unwrap_or_default();
    let is_bind = text("Type") == "bind" && entry.get("Name").is_none();
    is_bind.then(|| format!("{}:{}:{}", text("Source"), text("Destination"), text("Mode")))
}

/// What the engine is asked for, in its long form.
fn ask(entry: &Json, tmpfs: Option<Json>) -> Json {
    let is_volume = entry.get("Name").is_some();
    let kind = if is_volume { Some(Json::from("volume")) } else { entry.get("Type").cloned() };
    let source = entry.get(if is_volume { "Name" } else { "Source" });
    let mut asked = json!({
        "Type": kind, "Source": source, "Target": entry.get("Destination"),
        "ReadOnly": entry.get("RW") == Some(&Json::from(false)),
    });
    if let Some(options) = tmpfs {
        put(&mut asked, "TmpfsOptions", options);
    }
    asked
}

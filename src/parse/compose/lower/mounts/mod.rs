//! What is mounted in the container: binds, volumes and temporary file systems,
//! the secrets and configs that compose hands over as files, what another
//! service's container lends, and the volumes that the image asks for.

mod entry;
mod kinds;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use crate::model::reading::{Gap, Reason};
use crate::parse::compose::schema::cast;
use crate::parse::compose::tree::{Entry, Node};
use crate::parse::path::{beneath, clean};

use super::image::Image;
use super::member;
use super::sheet::{Given, Sheet};
use entry::{ask, bind, bound, put, volume};
use kinds::{handed_over, of_volume};

/// How many services may lend their mounts to the next.
const LENDERS: usize = 8;

/// How many mounts one service may lend: each costs memory again in whoever
/// borrows it.
const LENT: usize = 64;

/// One entry of the engine's `Mounts` that is to be.
struct Mount<'a> {
    /// Where it is in the container.
    point: String,
    entry: Json,
    /// What the engine is told beside, by its name for that.
    options: Option<(&'static str, Json)>,
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
    own(sheet, service, None, &mut mounts);
    lent(sheet, service, &mut mounts);
    let temporary = temporary(sheet, &service.node);
    if let Some(given) = Given::of(Some(&service.node), "volumes") {
        sheet.wrote("/Mounts", given);
    }
    let (mut listed, mut binds, mut asked) = (Vec::new(), Vec::new(), Vec::new());
    for mount in mounts.all {
        let pointer = format!("/Mounts/{}", listed.len());
        sheet.wrote(&pointer, mount.given);
        name_source(sheet, &pointer, &mount);
        for (rest, gap) in mount.gaps {
            sheet.gap(&format!("{pointer}{rest}"), gap);
        }
        match bind(&mount.entry) {
            _ if !mount.is_own => {}
            Some(bind) => binds.push(Json::from(bind)),
            None => {
                sheet.wrote(&format!("/HostConfig/Mounts/{}", asked.len()), mount.given);
                asked.push(ask(&mount.entry, mount.options));
            }
        }
        listed.push(mount.entry);
    }
    // An unknown image can add volumes of its own, and nothing of the host's.
    sheet.inherit(image, "/Config/Volumes");
    let brought = image.known("/Volumes").0.and_then(Json::as_object);
    for (point, _) in brought.into_iter().flatten() {
        let point = clean(point);
        if mounts.places.contains_key(&point) || temporary.contains(&point) {
            continue;
        }
        if let Some(origin) = image.origin(&format!("/Volumes/{}", member(&point))) {
            sheet.came_from(format!("/Mounts/{}", listed.len()), origin);
        }
        let mut entry = volume(&point, "", true);
        put(&mut entry, "Mode", "");
        listed.push(entry);
    }
    sheet.set("/Mounts", listed);
    for (pointer, all) in [("/HostConfig/Binds", binds), ("/HostConfig/Mounts", asked)] {
        if !all.is_empty() {
            sheet.set(pointer, all);
        }
    }
}

/// Says by which key the file has a volume that a service mounts, which the engine calls
/// otherwise, and by which path from the project's folder on a bind begins.
fn name_source(sheet: &mut Sheet<'_>, pointer: &str, mount: &Mount<'_>) {
    let Mount { given, entry, is_own, .. } = mount;
    let Some(node) = given.node.get("source").filter(|_| *is_own && given.key == "volumes") else {
        return;
    };
    // What is said of a bind does not reach a volume.
    let is_plain = given.node.get("bind").is_none();
    if let (Some(source), Some(_), true) = (node.text(), entry.get("Name"), is_plain) {
        let key = format!("volumes.{source}");
        sheet.wrote(&format!("{pointer}/Name"), Given { key: &key, ..*given });
    } else if entry.get("Name").is_none() {
        let whole = entry.get("Source").and_then(Json::as_str).unwrap_or_default();
        let folder = sheet.project().directory.to_string_lossy();
        let inner = beneath(whole, &folder).filter(|_| folder.len() > 1);
        let inner = inner.map(|it| format!("./{it}")).unwrap_or_default();
        let key = format!("volumes.{inner}");
        sheet.wrote(&format!("{pointer}/Source"), Given::item(&key, node));
    }
}

/// What a service mounts by itself; of every kind only so many, where it lends.
fn own<'a>(
    sheet: &mut Sheet<'a>,
    service: &'a Entry,
    most: Option<usize>,
    mounts: &mut Mounts<'a>,
) {
    let node = &service.node;
    let is_own = most.is_none();
    for kind in ["volumes", "secrets", "configs", "volumes_from"] {
        if let Some(gap) = node.get(kind).and_then(|it| sheet.unset(it)) {
            sheet.gap("/Mounts/-", gap);
        }
    }
    let items = |kind: &'static str| {
        let items = node.get(kind).map(Node::items).unwrap_or_default();
        let most = most.unwrap_or(items.len());
        items.iter().take(most).map(move |item| Given::item(kind, item))
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
    let mut seen: BTreeSet<String> = BTreeSet::new();
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
        // Whoever lends a second time has nothing left that is not taken.
        if !seen.insert(lender.to_owned()) {
            continue;
        }
        let borrowed = if seen.len() <= LENT {
            of_lenders(sheet, lender)
        } else {
            too_many(sheet);
            Vec::new()
        };
        for mount in borrowed {
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
        if seen.contains(&name) {
            continue;
        }
        if seen.len() >= LENDERS {
            too_many(sheet);
            break;
        }
        seen.insert(name.clone());
        let Some(service) = sheet.lowering.entry("services", &name) else { continue };
        own(sheet, service, Some(LENT), &mut mounts);
        let count = |kind: &str| service.node.get(kind).map_or(0, |it| it.items().len());
        if ["volumes", "secrets", "configs"].into_iter().any(|kind| count(kind) > LENT) {
            too_many(sheet);
        }
        let lenders = service.node.get("volumes_from").map(Node::items).unwrap_or_default();
        next.extend(lenders.iter().filter_map(Node::text).filter_map(|it| {
            let name = it.split(':').next().unwrap_or(it);
            (name != "container").then(|| name.to_owned())
        }));
    }
    mounts.all
}

/// Says that not all of what is lent was looked at.
fn too_many(sheet: &mut Sheet<'_>) {
    let detail = "volumes_from: so many mounts are lent that not all were looked at";
    let gap = Gap::new(Reason::TooLarge, sheet.source(), detail);
    sheet.gap("/Mounts/-", gap.mend("name the volumes themselves"));
}

impl<'a> Mount<'a> {
    fn new(point: &str, entry: Json, given: Given<'a>) -> Self {
        let point = point.to_owned();
        Self { point, entry, options: None, given, gaps: Vec::new(), is_own: true }
    }
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

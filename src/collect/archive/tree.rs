//! A container's files, put together from the archives of its root and of what
//! is mounted into it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::sync::Arc;

use super::entries::{Entries, Entry, Told};
use super::links::Links;
use super::name::{absolute, is_within, split};
use super::{Limits, broken_off};
use crate::collect::by_path::ByPath;
use crate::collect::places::Places;
use crate::model::files::Kind;
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::survey::{Numbering, Survey, Traits};
use crate::model::untrusted::Untrusted;
use crate::parse::pattern::Patterns;

/// What a remembered folder or link takes beside its path, about.
const ROW: usize = 256;

/// What is known so far.
pub(super) struct Tree {
    files: ByPath,
    unread: Places,
    source: Source,
    limits: Limits,
    /// Where something is mounted: the root first.
    points: Vec<Vec<u8>>,
    links: Links,
    /// Symbolic links that somebody asks for, so that what they lead to counts.
    asked: Vec<(Vec<u8>, Traits)>,
    names: u64,
    memory: usize,
}

impl Tree {
    /// Nothing yet. `points` are the paths at which something is mounted.
    pub(super) fn new(
        patterns: Arc<Patterns>,
        source: Source,
        limits: Limits,
        points: impl IntoIterator<Item = Vec<u8>>,
    ) -> Self {
        Self {
            files: ByPath::new(patterns),
            unread: Places::default(),
            source,
            limits,
            points: std::iter::once(b"/".to_vec()).chain(points).collect(),
            links: Links::default(),
            asked: Vec::new(),
            names: 0,
            memory: 0,
        }
    }

    /// The archive of the root: its names are paths.
    pub(super) fn read_root(&mut self, input: impl Read) {
        self.read(input, 0, absolute);
    }

    /// The root itself, which its own archive leaves out: the first entry of
    /// another one.
    pub(super) fn read_root_itself(&mut self, input: impl Read) {
        let told = Entries::new(input).next();
        let gap = match told {
            Ok(Some(Told::Entry(entry))) if absolute(&entry.name) == Ok(b"/".to_vec()) => {
                return self.files.meet(b"/", entry.traits, 0);
            }
            Ok(_) => self.gap(Reason::Malformed, "the engine does not tell of the root itself"),
            Err(error) => broken_off(error, &self.source, "nothing"),
        };
        self.note(b"/", gap);
    }

    /// The archive of what is mounted at a point: its names begin with the
    /// point's last one.
    pub(super) fn read_mount(&mut self, input: impl Read, point: usize) {
        let Some(at) = self.points.get(point).cloned() else { return };
        let before = self.names;
        self.read(input, point, |name| {
            let path = absolute(name)?;
            let rest = path.strip_prefix(b"/").unwrap_or(&path);
            let slash = rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len());
            Ok([&at, rest.get(slash..).unwrap_or_default()].concat())
        });
        if self.names == before {
            let gap = self.gap(
                Reason::Unsupported,
                "the engine's archive of what is mounted there is empty; it cannot hold a socket",
            );
            self.note(&at, gap);
        }
    }

    fn read(
        &mut self,
        input: impl Read,
        point: usize,
        path: impl Fn(&[u8]) -> Result<Vec<u8>, (Reason, &'static str)>,
    ) {
        let at = self.point(point).to_vec();
        let mut entries = Entries::new(input);
        let before = self.names;
        // The first that was refused, and how many.
        let mut refused: Option<(Reason, String)> = None;
        let mut refusals = 0;
        let end = loop {
            let reason = match entries.next() {
                Ok(None) => break None,
                Err(error) => {
                    let names = self.names - before;
                    let after = format!("{} bytes and {names} names", entries.passed());
                    break Some(broken_off(error, &self.source, &after));
                }
                Ok(Some(told)) => {
                    self.names += 1;
                    if let Some(gap) = self.is_over() {
                        break Some(gap);
                    }
                    match told {
                        Told::Refused(reason, detail) => (reason, detail),
                        Told::Entry(entry) => match path(&entry.name) {
                            Ok(path) => {
                                self.meet(&path, entry, point);
                                continue;
                            }
                            Err((reason, what)) => (reason, shown(what, &entry.name)),
                        },
                    }
                }
            };
            refusals += 1;
            refused.get_or_insert(reason);
        };
        if let Some((reason, detail)) = refused {
            let gap = self.gap(reason, refusal(&detail, refusals));
            self.note(&at, gap);
        }
        if let Some(gap) = end {
            self.note(&at, gap);
        }
    }

    fn meet(&mut self, path: &[u8], entry: Entry, point: usize) {
        let Entry { target, traits, .. } = entry;
        // A link is never mounted over: what it leads to is.
        let around = if traits.kind == Kind::Link { split(path).0 } else { path };
        // What something is mounted over cannot be seen.
        if self.point_of(around) != point {
            return;
        }
        if let Some(target) = target.filter(|it| it.len() <= LONGEST_TARGET) {
            self.memory += path.len() + target.len() + ROW;
            self.links.add(path, target);
        }
        if traits.kind == Kind::Folder {
            self.memory += path.len() + ROW;
        }
        if traits.kind == Kind::Link && point == 0 && self.files.fits(path) {
            self.memory += path.len() + ROW;
            return self.asked.push((path.to_vec(), traits));
        }
        self.files.meet(path, traits, point);
    }

    /// What the links lead to that somebody asks for, where it is on the root's
    /// own file system and no folder: those are known.
    pub(super) fn wanted(&self) -> BTreeSet<Vec<u8>> {
        let resolved = self.asked.iter().filter_map(|(path, _)| self.links.resolved(path));
        let is_wanted = |it: &Vec<u8>| self.is_on_root(it) && self.files.folder(it).is_none();
        resolved.filter(is_wanted).collect()
    }

    /// Counts the links that somebody asks for, with what they lead to where
    /// that was found.
    pub(super) fn meet_links(&mut self, found: &BTreeMap<Vec<u8>, Traits>) {
        for (path, own) in std::mem::take(&mut self.asked) {
            let target = self.links.resolved(&path).filter(|it| self.is_on_root(it));
            let target = target.and_then(|it| self.files.folder(&it).or_else(|| found.get(&it)));
            let traits =
                target.map(|it| Traits { linked: true, acl: None, capability: None, ..it.clone() });
            self.files.meet(&path, traits.unwrap_or(own), 0);
        }
    }

    /// Whether a path is on the root's own file system.
    fn is_on_root(&self, path: &[u8]) -> bool {
        self.point_of(path) == 0
    }

    /// The mount that a path is on: the deepest around it.
    fn point_of(&self, path: &[u8]) -> usize {
        let around = self.points.iter().enumerate().filter(|(_, it)| is_within(path, it));
        around.max_by_key(|(_, it)| it.len()).map_or(0, |(place, _)| place)
    }

    fn is_over(&self) -> Option<Gap> {
        let Limits { names, memory, .. } = self.limits;
        let detail = if self.names > names {
            format!("the look ended after {names} names")
        } else if self.memory > memory {
            format!(
                "the look ended after {} names: there are too many folders and links",
                self.names
            )
        } else {
            return None;
        };
        Some(self.gap(Reason::TooLarge, detail))
    }

    fn gap(&self, reason: Reason, detail: impl Into<Cow<'static, str>>) -> Gap {
        Gap::new(reason, self.source.clone(), detail)
    }

    /// Notes a place that could not be looked at.
    pub(super) fn note(&mut self, below: &[u8], gap: Gap) {
        self.unread.add(below, gap);
    }

    /// Finds where a mount point really is, by the symbolic links on the way to
    /// it: an engine tells of it as it was asked for, such as `/var/run/x`. What
    /// it is mounted over was read by then, and counts as well.
    pub(super) fn settle(&mut self, point: usize) {
        if let Some(it) = self.points.get_mut(point)
            && let Some(path) = self.links.resolved(it)
        {
            *it = path;
        }
    }

    /// Where something is mounted, by its place.
    pub(super) fn point(&self, place: usize) -> &[u8] {
        self.points.get(place).map_or(b"/", Vec::as_slice)
    }

    /// The survey of all that was read.
    pub(super) fn survey(mut self) -> Survey {
        self.meet_links(&BTreeMap::new());
        let Self { files, unread, source, points, .. } = self;
        let unread = unread.told(&source);
        let point =
            |place: usize| Untrusted::from_bytes(points.get(place).map_or(b"/", Vec::as_slice));
        files.survey(Numbering::Container, &source, unread, point)
    }
}

/// The longest path that a link can hold (`PATH_MAX`).
const LONGEST_TARGET: usize = 4096;

/// The most bytes of a name in a message.
const MOST_SHOWN: usize = 256;

/// What is wrong, and with which name.
pub(super) fn shown(what: &str, name: &[u8]) -> String {
    let name = Untrusted::from_bytes(name.get(..MOST_SHOWN).unwrap_or(name));
    format!("{what}: {name}")
}

/// What of an archive is left out, though the rest is read.
pub(super) fn refusal(first: &str, count: u64) -> String {
    match count {
        1 => format!("one entry of the engine's archive is not understood: {first}"),
        _ => format!(
            "{count} entries of the engine's archive are not understood; of the first, {first}"
        ),
    }
}

/// Where a link in a folder leads, without a slash at its end. `..` of the root
/// is the root. None where there is nothing to follow.
pub(super) fn joined(folder: &[u8], target: &[u8]) -> Option<Vec<u8>> {
    let mut parts: Vec<&[u8]> =
        folder.split(|it| *it == b'/').filter(|it| !it.is_empty()).collect();
    for part in target.split(|it| *it == b'/') {
        match part {
            b"" | b"." => {}
            b".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    (!target.is_empty() && parts.len() < 128)
        .then(|| parts.iter().flat_map(|it| [b"/", *it].concat()).collect())
}

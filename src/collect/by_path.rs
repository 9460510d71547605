//! A survey of files that are told one after another by their paths, as an
//! archive tells them: each folder before what is in it.

use std::collections::HashMap;
use std::sync::Arc;

use super::tally::{MOST_GROUPS, Met, Tally, doors_below};
use crate::model::files::Kind;
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::survey::{Door, Numbering, Survey, Traits, Unread};
use crate::model::untrusted::Untrusted;
use crate::parse::pattern::{Cursor, Marks, Patterns};

/// The files so far.
pub(crate) struct ByPath {
    patterns: Arc<Patterns>,
    tally: Tally,
    folders: HashMap<Vec<u8>, Folder>,
    names: u64,
    hits: Vec<usize>,
}

/// What is known of a folder and of everything in it.
struct Folder {
    cursor: Arc<Cursor>,
    traits: Traits,
    /// The patterns that it fits itself.
    fits: Marks,
    mount: usize,
    /// The doors above the folder, and those above what is in it.
    above: Arc<[Door]>,
    doors: Arc<[Door]>,
    /// The patterns to whose files it is known to lead.
    leads: Marks,
}

/// A folder and those above it, the root as an empty path last.
fn ancestors(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::successors(Some(path), |path| {
        let slash = path.iter().rposition(|byte| *byte == b'/')?;
        path.get(..slash)
    })
}

/// Whether somebody may ask for a file: it fits a pattern, everybody may write
/// it, or it gives privileges.
pub(crate) fn matters(fits: Marks, traits: &Traits) -> bool {
    !fits.is_none() || traits.is_exposed() || traits.gives()
}

impl ByPath {
    /// Nothing yet.
    pub(crate) fn new(patterns: Arc<Patterns>) -> Self {
        Self {
            patterns,
            tally: Tally::default(),
            folders: HashMap::new(),
            names: 0,
            hits: Vec::new(),
        }
    }

    /// Names of which it is known that they do not matter.
    pub(crate) fn pass(&mut self, names: u64) {
        self.names += names;
    }

    /// A folder that was met, written as for [`ByPath::meet`].
    pub(crate) fn folder(&self, path: &[u8]) -> Option<&Traits> {
        let path = path.strip_suffix(b"/").unwrap_or(path);
        self.folders.get(path).map(|it| &it.traits)
    }

    /// Whether a path fits a pattern, written as for [`ByPath::meet`].
    pub(crate) fn fits(&mut self, path: &[u8]) -> bool {
        let slash = path.iter().rposition(|byte| *byte == b'/').unwrap_or_default();
        let (above, name) = path.split_at(slash);
        self.hits.clear();
        self.patterns.names(name.strip_prefix(b"/").unwrap_or(name), &mut self.hits);
        let known = self.folders.get(above).map(|it| Arc::clone(&it.cursor));
        let cursor = known.unwrap_or_else(|| self.patterns.at(above));
        !cursor.fits(&self.hits).is_none()
    }

    /// One more file. `path` begins with a slash and has none at its end but for
    /// the root; `mount` is the mount's place in the caller's list.
    pub(crate) fn meet(&mut self, path: &[u8], traits: Traits, mount: usize) {
        self.names += 1;
        let none: Arc<[Door]> = Arc::new([]);
        let is_root = path == b"/";
        let path = if is_root { b"" } else { path };
        let slash = path.iter().rposition(|byte| *byte == b'/').unwrap_or_default();
        let (above, name) = path.split_at(slash);
        self.hits.clear();
        self.patterns.names(name.strip_prefix(b"/").unwrap_or(name), &mut self.hits);
        let (outer, doors) = match self.folders.get(above).filter(|_| !is_root) {
            Some(folder) => (Arc::clone(&folder.cursor), Arc::clone(&folder.doors)),
            None if is_root => (self.patterns.start(), none),
            None => {
                // Not every archive tells of every folder.
                let known = ancestors(above).find_map(|it| self.folders.get(it));
                (self.patterns.at(above), known.map_or(none, |it| Arc::clone(&it.doors)))
            }
        };
        let fits = if is_root { Marks::NONE } else { outer.fits(&self.hits) };
        if matters(fits, &traits) {
            let shown = if is_root { b"/" } else { path };
            let met =
                Met { path: shown, fits, leads_to: None, mount, traits: &traits, doors: &doors };
            self.tally.add(&met);
            self.lead(above, fits, is_root);
        }
        if traits.kind == Kind::Folder {
            let cursor = if is_root { outer } else { self.patterns.below(&outer, &self.hits) };
            let inner = doors_below(&doors, &traits);
            let folder = Folder {
                cursor,
                traits,
                fits,
                mount,
                above: doors,
                doors: inner,
                leads: Marks::NONE,
            };
            self.folders.insert(path.to_vec(), folder);
        }
    }

    /// Notes in every folder above that files of these patterns are below it.
    fn lead(&mut self, above: &[u8], fits: Marks, is_root: bool) {
        if is_root {
            return;
        }
        for path in ancestors(above) {
            let Some(folder) = self.folders.get_mut(path) else { continue };
            let fresh = fits.without(folder.leads);
            if fresh.is_none() {
                return;
            }
            folder.leads.join(fresh);
            for pattern in fresh.places() {
                let Folder { traits, fits, above, mount, .. } = &*folder;
                self.tally.add(&Met {
                    path: if path.is_empty() { b"/" } else { path },
                    fits: *fits,
                    leads_to: Some(pattern),
                    mount: *mount,
                    traits,
                    doors: above,
                });
            }
        }
    }

    /// The survey of all files told. `point` tells where each mount is.
    pub(crate) fn survey(
        self,
        numbering: Numbering,
        source: &Source,
        mut unread: Vec<Unread>,
        point: impl Fn(usize) -> Untrusted,
    ) -> Survey {
        let (groups, over) = self.tally.groups(point);
        unread.extend(over.map(|path| {
            let detail =
                format!("the files differ in more than {MOST_GROUPS} ways, {path} among them");
            Unread { below: "/".into(), gap: Gap::new(Reason::TooLarge, source.clone(), detail) }
        }));
        unread.sort();
        Survey {
            numbering,
            patterns: self.patterns.texts().to_vec(),
            privileged: true,
            names: self.names,
            groups,
            unread,
        }
    }
}

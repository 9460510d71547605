//! One layer, entry by entry.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read};
use std::sync::Arc;

use super::{Layer, contents};
use crate::collect::archive::entries::Entry;
use crate::collect::archive::name::split;
use crate::collect::archive::tree::shown;
use crate::collect::by_path::matters;
use crate::model::files::Kind;
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::survey::Traits;
use crate::model::untrusted::Untrusted;
use crate::parse::pattern::{Cursor, Patterns};

/// What something remembered takes beside its path, about.
const ROW: usize = 256;

/// How a name begins that takes away what lower layers hold.
const WHITEOUT: &[u8] = b".wh.";

/// What takes away everything that lower layers hold in a folder.
const OPAQUE: &[u8] = b".wh..wh..opq";

/// How names begin that mean something only to an old union file system.
const METADATA: &[u8] = b".wh..wh.";

/// A layer while it is read.
pub(super) struct Reading {
    layer: Layer,
    patterns: Arc<Patterns>,
    hasher: RandomState,
    /// The places of the folders in which something clean was met.
    folders: HashMap<Vec<u8>, usize>,
    /// The folder of the entry before, and how far the patterns go in it:
    /// neighbours stand together.
    last: Option<(Vec<u8>, Arc<Cursor>)>,
    hits: Vec<usize>,
    /// The first file of whose content there was more than is read, and why.
    more: Option<(Vec<u8>, &'static str)>,
}

impl Reading {
    /// Nothing yet.
    pub(super) fn new(patterns: Arc<Patterns>, hasher: RandomState) -> Self {
        Self {
            layer: Layer::default(),
            patterns,
            hasher,
            folders: HashMap::new(),
            last: None,
            hits: Vec::new(),
            more: None,
        }
    }

    /// Looks into a file, if its content is asked for; how much memory that takes.
    pub(super) fn look(
        &mut self,
        path: &[u8],
        entry: &Entry,
        content: &mut impl Read,
    ) -> io::Result<usize> {
        // Of two with one path the later one counts.
        self.layer.contents.remove(path);
        let noted = self.layer.detours.meet(path, entry, &self.hasher);
        let Some(interest) = contents::interest(path) else { return Ok(noted) };
        let (found, more) = contents::read(interest, path, entry, content)?;
        if let Some(what) = more {
            self.more.get_or_insert_with(|| (path.to_vec(), what));
        }
        let memory = found.as_ref().map_or(0, |it| it.memory() + path.len());
        self.layer.contents.extend(found.map(|it| (path.to_vec(), it)));
        Ok(noted + memory)
    }

    /// Takes in an entry; how much memory it takes.
    pub(super) fn take(&mut self, path: Vec<u8>, entry: Entry) -> Result<usize, (Reason, String)> {
        let (folder, name) = split(&path);
        if let Some(gone) = name.strip_prefix(WHITEOUT) {
            if name == OPAQUE {
                self.layer.opaque.insert(self.hasher.hash_one(folder));
            } else if matches!(gone, b"" | b"." | b"..") {
                return Err((Reason::Malformed, shown("a whiteout of no name", &path)));
            } else if !name.starts_with(METADATA) {
                let gone = [folder, b"/", gone].concat();
                self.layer.whiteouts.insert(self.hasher.hash_one(gone.as_slice()));
            }
            return Ok(64);
        }
        let is_root = path == b"/";
        let traits = entry.traits;
        if is_root {
            self.layer.kept.insert(Vec::new(), traits);
            return Ok(ROW);
        }
        // Of two with one path the later one counts.
        self.layer.kept.remove(&path);
        if traits.kind == Kind::Folder || self.matters(folder, name, &traits) {
            let memory = path.len() + ROW;
            self.layer.kept.insert(path, traits);
            return Ok(memory);
        }
        let number = self.hasher.hash_one(path.as_slice());
        let (place, memory) = match self.folders.get(folder) {
            Some(place) => (*place, 16),
            None => {
                self.layer.folders.push(folder.to_vec());
                let place = self.layer.folders.len() - 1;
                self.folders.insert(folder.to_vec(), place);
                (place, 2 * folder.len() + ROW)
            }
        };
        self.layer.clean.push((number, place));
        Ok(memory)
    }

    fn matters(&mut self, folder: &[u8], name: &[u8], traits: &Traits) -> bool {
        if self.last.as_ref().is_none_or(|(known, _)| known != folder) {
            self.last = Some((folder.to_vec(), self.patterns.at(folder)));
        }
        let Some((_, followed)) = &self.last else { return true };
        self.hits.clear();
        self.patterns.names(name, &mut self.hits);
        matters(followed.fits(&self.hits), traits)
    }

    /// The layer, once all of it was read.
    pub(super) fn done(self, source: &Source) -> Layer {
        let Self { mut layer, hasher, more, .. } = self;
        layer.untold = more.map(|(path, what)| {
            let detail = format!("{} {what}", Untrusted::from_bytes(&path));
            Gap::new(Reason::TooLarge, source.clone(), detail)
        });
        let kept: BTreeSet<u64> =
            layer.kept.keys().map(|it| hasher.hash_one(it.as_slice())).collect();
        // Of two with one path the later one counts, and what matters stays.
        layer.clean.sort_unstable();
        layer.clean.dedup_by_key(|(number, _)| *number);
        layer.clean.retain(|(number, _)| !kept.contains(number));
        layer
    }
}

//! An image's files, by its layers, as an engine saves them.
//!
//! The archive holds an archive for each layer, in any order, and documents
//! that tell the order, perhaps last. So of each layer everything that can
//! matter in the end is remembered, and of everything else a number that stands
//! for its path, since what an upper layer holds hides what a lower one holds
//! (OCI image specification, "Layer filesystem changeset").

mod order;
mod reading;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Cursor, Read};
use std::sync::Arc;

use serde_json::Value;

use crate::collect::archive::entries::{BLOCK, Entries, Told, is_header};
use crate::collect::archive::name::{absolute, split};
use crate::collect::archive::tree::{joined, refusal, shown};
use crate::collect::archive::{Limits, broken_off};
use crate::collect::by_path::ByPath;
use crate::collect::engine::EngineError;
use crate::collect::places::Places;
use crate::model::files::Kind;
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::survey::{Numbering, Survey, Traits};
use crate::model::untrusted::Untrusted;
use crate::parse::pattern::Patterns;
use order::{followed, order};
use reading::Reading;

/// The most bytes of a document.
const LONGEST_DOCUMENT: u64 = 4 << 20;

/// The most bytes of all documents.
const ALL_DOCUMENTS: u64 = 16 << 20;

/// The most files of the outer archive: an image has at most some hundred layers.
const MOST_PARTS: u64 = 10_000;

/// How compressed layers begin: gzip, zstd, xz and bzip2.
const COMPRESSED: [&[u8]; 4] = [b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ", b"BZh"];

/// The files of an image, by the archive that an engine saves of it.
pub fn survey(archive: impl Read, patterns: Arc<Patterns>, source: &Source) -> Survey {
    within(archive, patterns, source, Limits::default())
}

fn within(archive: impl Read, patterns: Arc<Patterns>, source: &Source, limits: Limits) -> Survey {
    let mut saved = Saved {
        patterns,
        source,
        limits,
        hasher: RandomState::new(),
        parts: BTreeMap::new(),
        unread: Places::default(),
        names: 0,
        memory: 0,
        documents: 0,
        is_whole: true,
    };
    if let Err(gap) = saved.read(archive) {
        saved.unread.add(b"/", gap);
        saved.is_whole = false;
    }
    saved.survey()
}

/// One file of the outer archive.
enum Part {
    Layer(Layer),
    Document(Value),
    /// The same as another, by its path.
    Link(Vec<u8>),
    Compressed,
}

/// What a layer holds, and what it takes away from those below it.
#[derive(Default)]
struct Layer {
    /// Its folders, and everything else that matters.
    kept: BTreeMap<Vec<u8>, Traits>,
    /// All else, by its path's number and the place of its folder.
    clean: Vec<(u64, usize)>,
    folders: Vec<Vec<u8>>,
    /// What it takes away, by number: a path with all below it, and what is in
    /// a folder.
    whiteouts: BTreeSet<u64>,
    opaque: BTreeSet<u64>,
}

/// What the layers so far hide of those below them, by number.
#[derive(Default)]
struct Hidden {
    /// Paths at which they have something, or take it away.
    at: BTreeSet<u64>,
    /// Paths below which nothing of lower layers is left.
    below: BTreeSet<u64>,
}

/// An image's archive, as far as it was read.
struct Saved<'a> {
    patterns: Arc<Patterns>,
    source: &'a Source,
    limits: Limits,
    /// Its key is made anew each time: nobody can choose two paths of one number.
    hasher: RandomState,
    parts: BTreeMap<Vec<u8>, Part>,
    unread: Places,
    names: u64,
    memory: usize,
    documents: u64,
    /// Whether it was read to its end.
    is_whole: bool,
}

impl Saved<'_> {
    fn gap(&self, reason: Reason, detail: impl Into<Cow<'static, str>>) -> Gap {
        Gap::new(reason, self.source.clone(), detail)
    }

    fn read(&mut self, archive: impl Read) -> Result<(), Gap> {
        let mut entries = Entries::new(archive);
        for _ in 0..MOST_PARTS {
            let entry = match entries.next() {
                Ok(None) => return Ok(()),
                Ok(Some(Told::Entry(entry))) => entry,
                Ok(Some(Told::Refused(reason, detail))) => {
                    return Err(self.gap(reason, format!("the image's archive: {detail}")));
                }
                Err(error) => return Err(self.broken(error, entries.passed())),
            };
            let Ok(path) = absolute(&entry.name) else {
                let detail = "a name in the image's archive leads out of it";
                return Err(self.gap(Reason::Malformed, detail));
            };
            let part = match (entry.traits.kind, entry.target) {
                (Kind::Link, Some(target)) => joined(split(&path).0, &target).map(Part::Link),
                (Kind::File, _) => match self.part(&mut entries.content()) {
                    Ok(part) => part,
                    Err(Ended::Here(gap)) => return Err(gap),
                    Err(Ended::Stream(error)) => return Err(self.broken(error, entries.passed())),
                },
                _ => None,
            };
            if let Some(part) = part {
                self.parts.insert(path, part);
            }
        }
        Err(self.gap(Reason::TooLarge, format!("the image has more than {MOST_PARTS} parts")))
    }

    fn broken(&self, error: io::Error, passed: u64) -> Gap {
        broken_off(error, self.source, &format!("{passed} bytes and {} names", self.names))
    }

    /// What a file of the outer archive is, by how it begins.
    fn part(&mut self, content: &mut impl Read) -> Result<Option<Part>, Ended> {
        let mut begin = Vec::new();
        content.take(BLOCK).read_to_end(&mut begin)?;
        if let Ok(block) = <&[u8; BLOCK as usize]>::try_from(begin.as_slice())
            && (is_header(block) || *block == [0; BLOCK as usize])
        {
            return self.layer(Cursor::new(begin).chain(content)).map(|it| Some(Part::Layer(it)));
        }
        if COMPRESSED.iter().any(|magic| begin.starts_with(magic)) {
            return Ok(Some(Part::Compressed));
        }
        if begin.starts_with(b"{") || begin.starts_with(b"[") {
            content.take(LONGEST_DOCUMENT).read_to_end(&mut begin)?;
            self.documents += begin.len() as u64;
            if self.documents > ALL_DOCUMENTS {
                let detail = format!("the image's documents take more than {ALL_DOCUMENTS} bytes");
                return Err(Ended::Here(self.gap(Reason::TooLarge, detail)));
            }
            // What is cut short is no document any more.
            return Ok(serde_json::from_slice(&begin).ok().map(Part::Document));
        }
        Ok(None)
    }

    fn layer(&mut self, content: impl Read) -> Result<Layer, Ended> {
        let mut reading = Reading::new(Arc::clone(&self.patterns), self.hasher.clone());
        let mut entries = Entries::new(content);
        let mut refused: Option<(Reason, String)> = None;
        let mut refusals = 0;
        loop {
            let told = match entries.next() {
                Ok(None) => break,
                Ok(Some(told)) => told,
                Err(error) if error.get_ref().is_some_and(|it| it.is::<EngineError>()) => {
                    return Err(Ended::Stream(error));
                }
                // The layer is shorter than it says, and the image may go on.
                Err(error) => {
                    let gap = self.broken(error, entries.passed());
                    self.unread.add(b"/", gap);
                    break;
                }
            };
            self.names += 1;
            let taken = match told {
                Told::Refused(reason, detail) => Err((reason, detail)),
                Told::Entry(entry) => match absolute(&entry.name) {
                    Ok(path) => reading.take(path, entry),
                    Err((reason, what)) => Err((reason, shown(what, &entry.name))),
                },
            };
            match taken {
                Ok(memory) => self.memory += memory,
                Err(refusal) => {
                    refusals += 1;
                    refused.get_or_insert(refusal);
                }
            }
            if self.names > self.limits.names || self.memory > self.limits.memory {
                let Self { names, memory, .. } = self;
                let detail = format!(
                    "the look ended after {names} names, {memory} bytes of them to be remembered"
                );
                return Err(Ended::Here(self.gap(Reason::TooLarge, detail)));
            }
        }
        if let Some((reason, detail)) = refused {
            let gap = self.gap(reason, refusal(&detail, refusals));
            self.unread.add(b"/", gap);
        }
        Ok(reading.done())
    }

    /// Lays the layers over each other, the uppermost first.
    fn survey(mut self) -> Survey {
        let order = order(&self.parts).unwrap_or_else(|detail| {
            // Of what was not read to its end that is no wonder.
            if self.is_whole {
                let gap = self.gap(Reason::Malformed, detail);
                self.unread.add(b"/", gap);
            }
            Vec::new()
        });
        let mut hidden = Hidden::default();
        let mut visible: BTreeMap<&[u8], &Traits> = BTreeMap::new();
        let mut clean = 0;
        let mut gaps = Vec::new();
        for path in order.iter().rev() {
            let name = Untrusted::from_bytes(path);
            let layer = match followed(&self.parts, path) {
                Some(Part::Layer(layer)) => layer,
                Some(Part::Compressed) => {
                    let detail =
                        format!("the layer {name} is compressed, and such layers are not read yet");
                    let gap = self.gap(Reason::Unsupported, detail);
                    gaps.push(
                        gap.mend("save the image with an engine that keeps its layers unpacked"),
                    );
                    continue;
                }
                Some(Part::Document(_) | Part::Link(_)) | None => {
                    let detail = format!("the layer {name} is not in the image's archive");
                    gaps.push(self.gap(Reason::Malformed, detail));
                    continue;
                }
            };
            clean += lay(layer, &mut hidden, &mut visible, &self.hasher);
        }
        let mut files = ByPath::new(Arc::clone(&self.patterns));
        for (path, traits) in visible {
            files.meet(if path.is_empty() { b"/" } else { path }, traits.clone(), 0);
        }
        files.pass(clean);
        gaps.into_iter().for_each(|gap| self.unread.add(b"/", gap));
        let unread = self.unread.told(self.source);
        files.survey(Numbering::Container, self.source, unread, |_| "/".into())
    }
}

/// Why a part was not read to its end.
enum Ended {
    /// A limit was reached.
    Here(Gap),
    /// The stream failed.
    Stream(io::Error),
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        Self::Stream(error)
    }
}

/// Lays a layer below those that are known: what of it can be seen, and how
/// much else of it.
fn lay<'l>(
    layer: &'l Layer,
    hidden: &mut Hidden,
    visible: &mut BTreeMap<&'l [u8], &'l Traits>,
    hasher: &RandomState,
) -> u64 {
    let number = |path: &[u8]| hasher.hash_one(path);
    // The folders around a path, the root as an empty one last.
    let is_cut = |folder: &[u8]| {
        let up = |path: &&[u8]| path.iter().rposition(|byte| *byte == b'/');
        let around = std::iter::successors(Some(folder), |path| path.get(..up(path)?));
        let mut around = around.map(number);
        around.any(|it| hidden.below.contains(&it))
    };
    for (path, traits) in &layer.kept {
        if !hidden.at.contains(&number(path)) && (path.is_empty() || !is_cut(split(path).0)) {
            visible.insert(path, traits);
        }
    }
    let cut: Vec<bool> = layer.folders.iter().map(|folder| is_cut(folder)).collect();
    let is_seen = |(it, folder): &&(u64, usize)| {
        !hidden.at.contains(it) && cut.get(*folder).is_some_and(|is_cut| !is_cut)
    };
    let seen = layer.clean.iter().filter(is_seen).count() as u64;

    for (path, traits) in &layer.kept {
        hidden.at.insert(number(path));
        if traits.kind != Kind::Folder {
            hidden.below.insert(number(path));
        }
    }
    for it in layer.clean.iter().map(|(it, _)| it).chain(&layer.whiteouts) {
        hidden.at.insert(*it);
        hidden.below.insert(*it);
    }
    hidden.below.extend(&layer.opaque);
    seen
}

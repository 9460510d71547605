//! An image's files, by its layers, as an engine saves them.
//!
//! The archive holds an archive for each layer, in any order, and documents
//! that tell the order, perhaps last. So of each layer everything that can
//! matter in the end is remembered, and of everything else a number that stands
//! for its path, since what an upper layer holds hides what a lower one holds
//! (OCI image specification, "Layer filesystem changeset").

mod accounts;
mod contents;
#[cfg(test)]
mod images;
mod nginx;
mod order;
mod overlay;
mod reading;
#[cfg(test)]
mod tests;
mod unpacked;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::RandomState;
use std::io::{self, Read};
use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;

use crate::collect::archive::entries::{BLOCK, Entries, Told, is_header};
use crate::collect::archive::name::{absolute, split};
use crate::collect::archive::tree::{joined, refusal, shown};
use crate::collect::archive::{Limits, broken_off};
use crate::collect::engine::EngineError;
use crate::model::bundle::Answer;
use crate::model::files::Kind;
use crate::model::layers::{Layers, Step};
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::survey::{Survey, Traits};
use crate::model::untrusted::Untrusted;
use crate::parse::pattern::Patterns;
pub use accounts::Accounts;
use accounts::Detours;
use contents::Content;
use reading::Reading;
use unpacked::{Bounded, Exceeded, Form, Hashed, Spent, again};

/// The most bytes of a document.
const LONGEST_DOCUMENT: u64 = 4 << 20;

/// The most bytes of all documents.
const ALL_DOCUMENTS: u64 = 16 << 20;

/// The most files of the outer archive: an image has at most some hundred layers.
const MOST_PARTS: u64 = 10_000;

/// What is wanted of an archive.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The path patterns of the files that are looked for.
    pub patterns: Arc<Patterns>,
    /// The platform that is chosen of several, such as `linux/amd64`.
    pub platform: String,
}

/// An image of an archive.
#[derive(Clone, Debug)]
pub struct Image {
    /// Its id: the digest of its configuration.
    pub id: String,
    /// Its names with tags.
    pub names: Vec<Untrusted>,
    /// Its platform, where it was chosen from several.
    pub platform: Option<Untrusted>,
    /// What it says of itself, as an engine would tell it.
    pub document: Result<Value, Gap>,
    /// How it was made, the newest step last.
    pub history: Result<Vec<Step>, Gap>,
    /// What its layers hold.
    pub laid: Laid,
}

/// The layers of an image, laid over each other.
#[derive(Clone, Debug)]
pub struct Laid {
    /// Its files.
    pub survey: Survey,
    /// What the contents of its layers tell.
    pub layers: Layers,
    /// Its own accounts and groups.
    pub accounts: Accounts,
    /// How nginx is configured; nothing where there is no nginx.
    pub nginx: Result<Answer, Gap>,
}

/// The files of an image, by the archive that an engine saves of it.
pub fn survey(archive: impl Read, patterns: Arc<Patterns>, source: &Source) -> Survey {
    within(archive, patterns, source, Limits::default())
}

/// The files of the only image of an archive, and what its layers' contents tell.
pub(super) fn of_one(
    archive: impl Read,
    patterns: Arc<Patterns>,
    source: &Source,
    limits: Limits,
) -> Laid {
    let wanted = Wanted { patterns, platform: String::new() };
    let mut saved = Saved::new(&wanted, source, limits);
    saved.read_whole(archive);
    saved.only()
}

fn within(archive: impl Read, patterns: Arc<Patterns>, source: &Source, limits: Limits) -> Survey {
    of_one(archive, patterns, source, limits).survey
}

/// One file of the outer archive.
enum Part {
    Layer(Box<Layer>),
    Document {
        value: Value,
        digest: String,
    },
    /// The same as another, by its path.
    Link(Vec<u8>),
    /// In a way that is not read.
    Compressed(&'static str),
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
    /// What was read of files' contents.
    contents: BTreeMap<Vec<u8>, Content>,
    /// What may be accounts by another path.
    detours: Detours,
    /// The digest of the whole; none where it was not read to its end.
    digest: Option<String>,
    /// What of it could not be read.
    gaps: Vec<Gap>,
    /// What of the contents of its files was not read.
    untold: Option<Gap>,
}

/// An archive, as far as it was read.
pub(super) struct Saved<'a> {
    wanted: &'a Wanted,
    source: &'a Source,
    limits: Limits,
    spent: Spent,
    /// Its key is made anew each time: nobody can choose two paths of one number.
    hasher: RandomState,
    parts: BTreeMap<Vec<u8>, Part>,
    /// Why it was not all read.
    gaps: Vec<Gap>,
    names: u64,
    memory: usize,
    documents: u64,
    /// Whether it was read to its end.
    is_whole: bool,
}

impl<'a> Saved<'a> {
    pub(super) fn new(wanted: &'a Wanted, source: &'a Source, limits: Limits) -> Self {
        Self {
            wanted,
            source,
            limits,
            spent: Spent::new(limits.unpacked, Instant::now() + limits.time),
            hasher: RandomState::new(),
            parts: BTreeMap::new(),
            gaps: Vec::new(),
            names: 0,
            memory: 0,
            documents: 0,
            is_whole: true,
        }
    }

    fn gap(&self, reason: Reason, detail: impl Into<Cow<'static, str>>) -> Gap {
        Gap::new(reason, self.source.clone(), detail)
    }

    /// Reads an archive to its end, or as far as it can be read.
    pub(super) fn read_whole(&mut self, archive: impl Read) {
        if let Err(gap) = self.read(archive) {
            self.give_up(gap);
        }
    }

    /// Notes why nothing more is read.
    pub(super) fn give_up(&mut self, gap: Gap) {
        self.gaps.push(gap);
        self.is_whole = false;
    }

    fn read(&mut self, archive: impl Read) -> Result<(), Gap> {
        let mut archive = Bounded::new(archive, self.spent.in_time());
        let mut begin = Vec::new();
        let telling = archive.by_ref().take(unpacked::TELLING as u64).read_to_end(&mut begin);
        telling.map_err(|error| self.broken(error, 0))?;
        // People compress what an engine has saved.
        match unpacked::form(&begin) {
            None => self.read_parts(again(begin, archive)),
            Some(form) => {
                let unpacked = unpacked::unpacked(form, again(begin, archive));
                let unpacked = unpacked.map_err(|error| self.broken(error, 0))?;
                self.read_parts(Bounded::new(unpacked, self.spent.clone()))
            }
        }
    }

    fn read_parts(&mut self, archive: impl Read) -> Result<(), Gap> {
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
            match (entry.traits.kind, entry.target) {
                (Kind::Link, Some(target)) => {
                    if let Some(target) = joined(split(&path).0, &target) {
                        self.parts.insert(path, Part::Link(target));
                    }
                }
                (Kind::File, _) => match self.take(path, &mut entries.content()) {
                    Ok(()) => {}
                    Err(Ended::Here(gap)) => return Err(gap),
                    Err(Ended::Stream(error)) => return Err(self.broken(error, entries.passed())),
                },
                _ => {}
            }
        }
        Err(self.gap(Reason::TooLarge, format!("the image has more than {MOST_PARTS} parts")))
    }

    fn broken(&self, error: io::Error, passed: u64) -> Gap {
        let after = format!("{passed} bytes and {} names", self.names);
        match error.downcast::<Exceeded>() {
            Ok(Exceeded(reason, what)) => self.exceeded(reason, what),
            Err(error) => broken_off(error, self.source, &after),
        }
    }

    fn exceeded(&self, reason: Reason, what: &str) -> Gap {
        let gap = self.gap(reason, format!("{what}: the look ended after {} names", self.names));
        let is_late = reason == Reason::TimedOut;
        if is_late { gap.mend("run again with a larger --timeout") } else { gap }
    }

    /// Takes in a file of the outer archive, which is what it begins as.
    pub(super) fn take(&mut self, path: Vec<u8>, content: &mut impl Read) -> Result<(), Ended> {
        let mut begin = Vec::new();
        content.take(BLOCK).read_to_end(&mut begin)?;
        let part = if is_tar(&begin) {
            Some(Part::Layer(self.bounded_layer(again(begin, content))?.into()))
        } else if let Some(form) = unpacked::form(&begin) {
            self.compressed(form, again(begin, content))?
        } else if begin.starts_with(b"{") || begin.starts_with(b"[") {
            content.take(LONGEST_DOCUMENT).read_to_end(&mut begin)?;
            self.document(&path, &begin)?
        } else {
            None
        };
        if let Some(part) = part {
            self.parts.insert(path, part);
        }
        Ok(())
    }

    /// A document, if it is one and what its name says.
    fn document(&mut self, path: &[u8], text: &[u8]) -> Result<Option<Part>, Ended> {
        self.documents += text.len() as u64;
        if self.documents > ALL_DOCUMENTS {
            let detail = format!("the image's documents take more than {ALL_DOCUMENTS} bytes");
            return Err(Ended::Here(self.gap(Reason::TooLarge, detail)));
        }
        let digest = unpacked::digest(text);
        let name = String::from_utf8_lossy(split(path).1);
        let told = name.strip_suffix(".json").unwrap_or(&name);
        let is_digest = told.len() == 64 && told.bytes().all(|it| it.is_ascii_hexdigit());
        if is_digest && digest.strip_prefix("sha256:") != Some(told) {
            let detail =
                format!("{} has not the digest that it is named by", Untrusted::from(&*name));
            self.gaps.push(self.gap(Reason::Malformed, detail));
            return Ok(None);
        }
        // What is cut short is no document any more.
        let value = serde_json::from_slice(text).ok();
        Ok(value.map(|value| Part::Document { value, digest }))
    }

    fn compressed(&mut self, form: Form, content: impl Read) -> Result<Option<Part>, Ended> {
        if let Form::Other(name) = form {
            return Ok(Some(Part::Compressed(name)));
        }
        let unpacked = unpacked::unpacked(form, content)?;
        let mut unpacked = Bounded::new(unpacked, self.spent.clone());
        let mut begin = Vec::new();
        if let Err(error) = unpacked.by_ref().take(BLOCK).read_to_end(&mut begin) {
            let mut layer = Layer::default();
            self.break_off(&mut layer, error, 0)?;
            return Ok(Some(Part::Layer(layer.into())));
        }
        if !is_tar(&begin) {
            return Ok(None);
        }
        self.layer(again(begin, unpacked)).map(|it| Some(Part::Layer(it.into())))
    }

    fn bounded_layer(&mut self, content: impl Read) -> Result<Layer, Ended> {
        self.layer(Bounded::new(content, self.spent.clone()))
    }

    /// Notes that a layer is shorter than it says, unless it is the stream that failed.
    fn break_off(&self, layer: &mut Layer, error: io::Error, passed: u64) -> Result<(), Ended> {
        match error.get_ref() {
            Some(inner) if inner.is::<EngineError>() => Err(Ended::Stream(error)),
            Some(inner) if inner.is::<Exceeded>() => Err(Ended::Here(self.broken(error, passed))),
            _ => {
                layer.gaps.push(self.broken(error, passed));
                Ok(())
            }
        }
    }

    fn layer(&mut self, content: impl Read) -> Result<Layer, Ended> {
        let mut reading = Reading::new(Arc::clone(&self.wanted.patterns), self.hasher.clone());
        let mut entries = Entries::new(Hashed::new(content));
        let mut refused: Option<(Reason, String)> = None;
        let mut refusals = 0;
        let broken = loop {
            let told = match entries.next() {
                Ok(None) => break None,
                Ok(Some(told)) => told,
                Err(error) => break Some(error),
            };
            self.names += 1;
            let taken = match told {
                Told::Refused(reason, detail) => Err((reason, detail)),
                Told::Entry(entry) => match absolute(&entry.name) {
                    Ok(path) => match reading.look(&path, &entry, &mut entries.content()) {
                        Ok(memory) => {
                            self.memory += memory;
                            reading.take(path, entry)
                        }
                        Err(error) => break Some(error),
                    },
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
        };
        let passed = entries.passed();
        let mut layer = reading.done(self.source);
        // What follows the end counts for the digest as well.
        match broken.map_or_else(|| entries.into_inner().finish(), Err) {
            Ok(digest) => layer.digest = Some(digest),
            Err(error) => self.break_off(&mut layer, error, passed)?,
        }
        if let Some((reason, detail)) = refused {
            layer.gaps.push(self.gap(reason, refusal(&detail, refusals)));
        }
        Ok(layer)
    }
}

fn is_tar(begin: &[u8]) -> bool {
    <&[u8; BLOCK as usize]>::try_from(begin)
        .is_ok_and(|block| is_header(block) || *block == [0; BLOCK as usize])
}

/// Why a part was not read to its end.
pub(super) enum Ended {
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

//! Path patterns with `*` and `**`, matched name by name on the way down a tree.
//!
//! A pattern is an absolute path. `*`, `?`, `[a-z]` and `{a,b}` stand for a part
//! of one name and never for a slash; `**` as a whole name stands for any number
//! of folders, none included, and as the last name for everything below.

mod marks;
#[cfg(test)]
mod tests;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use globset::{Candidate, Glob, GlobBuilder, GlobSet, GlobSetBuilder};

use super::path::is_within;

pub use marks::Marks;

/// The most patterns that one walk looks for.
pub const MOST: usize = 256;

/// The most names of one pattern.
const LONGEST: usize = 31;

/// The names of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// `**`: any number of folders.
    Folders,
    /// `*`: any one name.
    Any,
    /// A name, by its place among the set's.
    Name(usize),
}

/// A set of patterns.
#[derive(Clone, Debug)]
pub struct Patterns {
    texts: Vec<String>,
    steps: Vec<Vec<Step>>,
    /// Whose steps they are, by the text's place.
    owners: Vec<usize>,
    globs: Vec<Glob>,
    names: GlobSet,
}

/// How far each pattern of a set has been followed down to one folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Each pattern that something below may still fit, with the set of its
    /// steps that may come next.
    alive: Vec<(usize, u32)>,
    /// The patterns that every name in the folder fits.
    every: Marks,
    /// The patterns that a name in the folder fits, by the name's place.
    last: Vec<(usize, Marks)>,
}

/// Whether a text is a pattern.
///
/// # Errors
/// What is wrong with it, as a fragment.
pub fn check(text: &str) -> Result<(), String> {
    steps(text).map(|_| ())
}

/// The pattern that only this path fits.
pub fn literal(path: &str) -> String {
    globset::escape(path)
}

/// Whether a text stands for others than itself.
fn is_special(text: &str) -> bool {
    text.contains(['*', '?', '[', '{', '\\'])
}

/// Where the runtime puts devices and shared memory: what is there is nobody's
/// file, and is meant only by a pattern that says so.
const DEVICES: &str = "/dev";

/// Whether a path is the runtime's and none of these patterns speaks of it.
pub fn is_left_out<S: AsRef<str>>(path: &str, patterns: &[S]) -> bool {
    let speaks_of_it = |text: &S| is_within(literal_prefix(text.as_ref()), DEVICES);
    is_within(path, DEVICES) && !patterns.iter().any(speaks_of_it)
}

/// The part of a pattern before the first name that is not written out.
pub fn literal_prefix(text: &str) -> &str {
    let mut end = 0;
    for name in text.split_inclusive('/') {
        if is_special(name) {
            break;
        }
        end += name.len();
    }
    text.get(..end).unwrap_or_default().trim_end_matches('/')
}

fn steps(text: &str) -> Result<Vec<Option<Glob>>, String> {
    let Some(rest) = text.strip_prefix('/') else {
        return Err(format!("{text:?} is no absolute path such as /etc/nginx/**"));
    };
    let mut steps = Vec::new();
    for name in rest.split('/') {
        let step = match name {
            "" | "." | ".." => {
                return Err(format!("{text:?} has a name that is empty, . or .. between slashes"));
            }
            "**" => None,
            name if name.contains("**") => {
                return Err(format!("in {text:?} the ** is only a part of a name"));
            }
            // A name has no slash, so that `*` may stand for one does no harm,
            // and what ends in `.pem` is found without trying every pattern.
            name => {
                let glob =
                    GlobBuilder::new(name).literal_separator(false).empty_alternates(true).build();
                Some(glob.map_err(|error| format!("{text:?}: {}", error.kind()))?)
            }
        };
        steps.push(step);
    }
    if let Some(None) = steps.last() {
        steps.push(Some(Glob::new("*").map_err(|error| error.to_string())?));
    }
    if steps.len() > LONGEST {
        return Err(format!("{text:?} has more than {LONGEST} names"));
    }
    Ok(steps)
}

impl Patterns {
    /// Compiles a set; a text that stands in it twice counts once.
    ///
    /// # Errors
    /// The first text that is no pattern, or too many of them.
    pub fn new<S: AsRef<str>>(texts: impl IntoIterator<Item = S>) -> Result<Self, String> {
        let mut set = Self {
            texts: Vec::new(),
            steps: Vec::new(),
            owners: Vec::new(),
            globs: Vec::new(),
            names: GlobSet::empty(),
        };
        for text in texts {
            let text = text.as_ref();
            if !set.texts.iter().any(|it| it == text) {
                set.add(text, set.texts.len())?;
                set.texts.push(text.to_owned());
            }
        }
        if set.texts.len() > MOST {
            let count = set.texts.len();
            return Err(format!(
                "there are {count} path patterns, and no more than {MOST} can be looked for"
            ));
        }
        set.compiled()
    }

    /// The same patterns, each fitting in addition what another text of it fits:
    /// the same place by another path. What is no pattern adds nothing.
    ///
    /// # Errors
    /// The texts together are too large.
    pub fn also(mut self, other: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        for (place, text) in self.texts.clone().iter().enumerate() {
            if let Some(text) = other(text).filter(|it| check(it).is_ok()) {
                self.add(&text, place)?;
            }
        }
        self.compiled()
    }

    fn add(&mut self, text: &str, owner: usize) -> Result<(), String> {
        let steps = steps(text)?.into_iter().map(|step| match step {
            None => Step::Folders,
            Some(glob) if glob.glob() == "*" => Step::Any,
            Some(glob) => {
                let known = self.globs.iter().position(|it| *it == glob);
                Step::Name(known.unwrap_or_else(|| {
                    self.globs.push(glob);
                    self.globs.len() - 1
                }))
            }
        });
        self.steps.push(steps.collect());
        self.owners.push(owner);
        Ok(())
    }

    fn compiled(self) -> Result<Self, String> {
        let mut names = GlobSetBuilder::new();
        for glob in &self.globs {
            names.add(glob.clone());
        }
        let names = names.build().map_err(|error| error.to_string())?;
        Ok(Self { names, ..self })
    }

    /// The patterns as they were written.
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    /// Nothing followed yet: what the names in the root may fit.
    pub fn start(&self) -> Arc<Cursor> {
        let first = |steps: &Vec<Step>| closed(steps, 1);
        let alive = self.steps.iter().map(first).enumerate().collect();
        Arc::new(self.cursor(alive))
    }

    fn cursor(&self, alive: Vec<(usize, u32)>) -> Cursor {
        let mut every = Marks::NONE;
        let mut last: Vec<(usize, Marks)> = Vec::new();
        for (pattern, set) in &alive {
            let Some(steps) = self.steps.get(*pattern) else { continue };
            let Some(owner) = self.owners.get(*pattern) else { continue };
            let end = steps.len().saturating_sub(1);
            if set >> end & 1 == 0 {
                continue;
            }
            match steps.last() {
                Some(Step::Any) => every.set(*owner),
                Some(Step::Name(name)) => match last.iter_mut().find(|(it, _)| it == name) {
                    Some((_, marks)) => marks.set(*owner),
                    None => {
                        let mut marks = Marks::NONE;
                        marks.set(*owner);
                        last.push((*name, marks));
                    }
                },
                Some(Step::Folders) | None => {}
            }
        }
        Cursor { alive, every, last }
    }

    /// The set's names that this one fits, put into `hits`.
    pub fn names(&self, name: &[u8], hits: &mut Vec<usize>) {
        self.names.matches_candidate_into(&Candidate::new(OsStr::from_bytes(name)), hits);
    }

    /// How far the patterns go in a folder below, whose name fits `hits`.
    #[must_use]
    pub fn below(&self, cursor: &Arc<Cursor>, hits: &[usize]) -> Arc<Cursor> {
        let mut alive = Vec::with_capacity(cursor.alive.len());
        for (pattern, set) in &cursor.alive {
            let Some(steps) = self.steps.get(*pattern) else { continue };
            let mut next = 0;
            for (place, step) in steps.iter().enumerate().filter(|(place, _)| set >> place & 1 == 1)
            {
                next |= match step {
                    Step::Folders => 1 << place,
                    Step::Any => 2 << place,
                    Step::Name(name) if hits.contains(name) => 2 << place,
                    Step::Name(_) => 0,
                };
            }
            let next = closed(steps, next) & !(u32::MAX << steps.len());
            if next != 0 {
                alive.push((*pattern, next));
            }
        }
        if alive == cursor.alive { Arc::clone(cursor) } else { Arc::new(self.cursor(alive)) }
    }

    /// Whether something at or below this absolute path may fit a pattern.
    pub fn reaches(&self, path: &[u8]) -> bool {
        let slash = path.iter().rposition(|byte| *byte == b'/').unwrap_or_default();
        let (folder, name) = path.split_at(slash);
        let mut hits = Vec::new();
        self.names(name.strip_prefix(b"/").unwrap_or(name), &mut hits);
        let cursor = self.at(folder);
        !cursor.fits(&hits).is_none() || !self.below(&cursor, &hits).is_done()
    }

    /// Whether this absolute path fits a pattern.
    pub fn fit(&self, path: &[u8]) -> bool {
        let slash = path.iter().rposition(|byte| *byte == b'/').unwrap_or_default();
        let (folder, name) = path.split_at(slash);
        let mut hits = Vec::new();
        self.names(name.strip_prefix(b"/").unwrap_or(name), &mut hits);
        !self.at(folder).fits(&hits).is_none()
    }

    /// How far the patterns go in the folder of this absolute path.
    #[must_use]
    pub fn at(&self, path: &[u8]) -> Arc<Cursor> {
        let mut hits = Vec::new();
        let names = path.split(|byte| *byte == b'/').filter(|name| !name.is_empty());
        names.fold(self.start(), |cursor, name| {
            self.names(name, &mut hits);
            self.below(&cursor, &hits)
        })
    }
}

impl Cursor {
    /// The patterns that a name in this folder fits, whose name fits `hits`.
    pub fn fits(&self, hits: &[usize]) -> Marks {
        let mut marks = self.every;
        for hit in hits {
            if let Some((_, more)) = self.last.iter().find(|(name, _)| name == hit) {
                marks.join(*more);
            }
        }
        marks
    }

    /// Whether nothing in or below this folder can fit any pattern.
    pub const fn is_done(&self) -> bool {
        self.alive.is_empty()
    }
}

/// With every `**` the step after it may come next too.
fn closed(steps: &[Step], mut set: u32) -> u32 {
    for (place, step) in steps.iter().enumerate() {
        if *step == Step::Folders && set >> place & 1 == 1 {
            set |= 2 << place;
        }
    }
    set
}

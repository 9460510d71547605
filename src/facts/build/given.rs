//! What of the names that a build is given comes to lie where in a stage.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::model::build::Context;
use crate::model::untrusted::Untrusted;
use crate::parse::dockerfile::Keyword;
use crate::parse::dockerignore::{self, Effort, Ignore, Pattern};
use crate::parse::path::clean;

use super::steps::{Done, Untold, in_context};

/// The longest name in a source.
const LONGEST: usize = 128;

/// What a name costs that is held against a source, in the steps of patterns.
const NAME: usize = 64;

/// What is in folders whose inside is not listed, as far as everybody knows it.
const CLOSED: (&str, &str) = (".git/", "HEAD");

/// What the build is given, as far as it enters.
#[derive(Debug)]
pub struct Given<'c> {
    context: &'c Context,
    ignore: Ignore,
    /// What became of the names that were asked for.
    left_out: RefCell<BTreeMap<String, Option<bool>>>,
}

impl<'c> Given<'c> {
    /// A context, held against the file that says what is left out; none where
    /// builders refuse that file.
    pub fn new(context: &'c Context) -> Option<Self> {
        let ignore = match &context.ignore {
            Some((_, text)) => dockerignore::parse(text.raw()).ok()?,
            None => Ignore::default(),
        };
        Some(Self { context, ignore, left_out: RefCell::default() })
    }

    /// Whether a name is kept out of the build; none where nobody works that out.
    pub fn is_left_out(&self, name: &str) -> Option<bool> {
        if let Some(known) = self.left_out.borrow().get(name) {
            return *known;
        }
        let is_out = self.ignore.excludes(name);
        self.left_out.borrow_mut().insert(name.to_owned(), is_out);
        is_out
    }

    /// Its names; a folder's ends with a slash.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.context.names.iter().map(Untrusted::raw)
    }

    /// Why not all of it is known.
    pub fn untold(&self) -> Untold {
        in_context(self.context, &self.ignore.effort)
    }

    /// Hands on each file that a `COPY` or `ADD` takes of it, with where it comes to lie,
    /// if that path matters. Whether all of them are known; none where nobody can tell
    /// what is copied. A file has two paths where its target may be a folder.
    pub fn copied(
        &self,
        done: Done<'_>,
        folder: Option<&str>,
        matters: &dyn Fn(&str) -> bool,
        found: &mut dyn FnMut(String, &str),
    ) -> Option<bool> {
        let it = done.instruction;
        let is_plain = ["from", "parents", "exclude"].iter().all(|flag| it.flag(flag).is_none());
        let words: Option<Vec<&str>> =
            done.step.files.iter().map(|it| it.as_deref().ok()).collect();
        let words = words.filter(|_| is_plain && it.heredocs.is_empty())?;
        let (target, sources) = words.split_last()?;
        let base = match target.strip_prefix('/') {
            Some(_) => clean(target),
            None => clean(&format!("{}/{target}", folder?)),
        };
        let mut is_whole = true;
        for source in sources {
            let is_other = source.contains("://") || source.starts_with("git@");
            let is_packed = done.is(Keyword::Add) && source.contains(".t");
            if is_other || is_packed {
                return None;
            }
            let source = clean(source.trim_start_matches('/'));
            let part = |it: &str| Pattern::new(it).ok().filter(|_| it.len() <= LONGEST);
            let parts = source.split('/').map(part).collect::<Option<Vec<Pattern>>>()?;
            is_whole &= self.tells(&source);
            for name in self.names().filter(|it| !it.ends_with('/') || it.ends_with(CLOSED.0)) {
                if self.ignore.effort.spend(NAME).is_none() {
                    return Some(false);
                }
                let inside = name.ends_with('/').then(|| format!("{name}{}", CLOSED.1));
                let file = inside.as_deref().unwrap_or(name);
                // What is in a folder is copied, and not the folder.
                let effort = &self.ignore.effort;
                let inner = if source == "." { Some(file) } else { taken(file, &parts, effort) };
                let Some(inner) = inner else { continue };
                let last = file.rsplit('/').next().unwrap_or_default();
                let below = if inner.is_empty() { last } else { inner };
                // A file may be the target itself.
                let own = inner.is_empty().then(|| base.clone());
                for path in own.into_iter().chain([clean(&format!("{base}/{below}"))]) {
                    if !matters(&path) {
                        continue;
                    }
                    match self.is_left_out(file) {
                        Some(true) => {}
                        Some(false) => found(path, file),
                        None => is_whole = false,
                    }
                }
            }
        }
        Some(is_whole && !self.ignore.effort.is_spent())
    }

    /// Whether all is known that a source stands for: a file that was looked at, or
    /// anything where no name was left out.
    fn tells(&self, source: &str) -> bool {
        !self.context.is_cut || self.names().any(|it| it == source)
    }
}

/// What of a file's path lies below a source that stands for it or a folder above
/// it; empty where it is the file itself.
pub fn taken<'f>(file: &'f str, source: &[Pattern], effort: &Effort) -> Option<&'f str> {
    let mut rest = file;
    for part in source {
        let (first, below) = rest.split_once('/').unwrap_or((rest, ""));
        if rest.is_empty() || part.fits(first, effort) != Some(true) {
            return None;
        }
        rest = below;
    }
    Some(rest)
}

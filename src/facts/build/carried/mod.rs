//! Where what lies in a stage comes to lie in what ships: by `FROM` and `COPY --from`,
//! unless somebody takes it away.

mod read;
mod roots;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use crate::parse::dockerfile::Place;
use crate::parse::dockerignore::{Effort, Pattern};
use crate::parse::path::{clean, is_within};

use super::Layout;
use super::steps::{Doubt, Started, Turn};
use read::plain;

/// Something that lies in a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lies {
    /// The stage.
    pub stage: usize,
    /// When it came there.
    pub turn: Turn,
    /// Its path there.
    pub path: String,
    /// Whether it is a folder: then what is in it is meant.
    pub is_folder: bool,
}

/// What becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is part of what ships.
    Ships {
        /// Its paths there.
        paths: Vec<String>,
        /// The line that copies it there, where it came by a copy.
        by: Option<u32>,
        /// The line that hides it in a layer of its own.
        hidden: Option<u32>,
    },
    /// It is thrown away.
    Stays,
    /// Nobody can tell.
    Untold(Doubt),
}

/// What stages take over from one another, and what is taken away in them.
#[derive(Debug)]
pub struct Carriage<'l> {
    layout: &'l Layout,
    taken: Vec<Taken>,
    removed: Vec<Removed>,
    /// Each stage that is built upon another, below first.
    above: Vec<(usize, usize)>,
    /// The environments of Python that are made in each stage.
    venvs: BTreeMap<usize, Vec<String>>,
    patterns: Effort,
    /// How many comparisons are still made.
    left: Cell<usize>,
}

/// Files that a stage takes over from another.
#[derive(Debug)]
struct Taken {
    from: usize,
    into: usize,
    turn: Turn,
    place: Place,
    /// The names of the source's path; none where all may be taken.
    source: Option<Vec<Name>>,
    target: Target,
    /// Whether the source's own path is kept below the target.
    keeps_path: bool,
}

/// Where they come to lie.
#[derive(Debug)]
enum Target {
    At(String),
    /// Nobody can tell whether they do, and why.
    Untold(String),
}

/// A name of a path.
#[derive(Debug)]
enum Name {
    Plain(String),
    Like(Pattern),
    Any,
}

/// Something that is taken away.
#[derive(Debug)]
struct Removed {
    stage: usize,
    turn: Turn,
    line: u32,
    /// What, or why nobody can tell.
    what: Result<String, Doubt>,
    /// Whether it is by name and not by path: then a folder is not meant.
    is_package: bool,
}

/// The most comparisons of one file, and the most places that one thing is followed to.
const COMPARISONS: usize = 1 << 18;
const PLACES: usize = 256;

/// The most copies of one file that are followed, and the most removals.
const MOST: usize = 4_096;

const FIRST: Place = Place { line: 1, column: 1, length: 1 };

impl<'l> Carriage<'l> {
    /// A call takes a package away, by a path that tells it.
    pub fn uninstall(&mut self, started: &Started<'_>, what: Result<String, Doubt>) {
        self.remove(started, what, true);
    }

    /// A call takes away what is at a path and below it.
    pub fn clear(&mut self, started: &Started<'_>, path: String) {
        self.remove(started, Ok(path), false);
    }

    fn remove(&mut self, started: &Started<'_>, what: Result<String, Doubt>, is_package: bool) {
        let Started { done, call, turn, .. } = started;
        let (stage, line) = (done.step.stage, call.program.place.line);
        if self.removed.len() == MOST {
            // Nothing is followed any more.
            self.left.set(0);
            return;
        }
        self.removed.push(Removed { stage, turn: *turn, line, what, is_package });
    }

    /// What becomes of something that lies in a stage.
    pub fn fate(&self, lies: Lies) -> Fate {
        let mut seen = BTreeSet::new();
        let mut waiting = vec![(lies, None)];
        let (mut paths, mut by, mut hidden, mut untold) = (Vec::new(), None, None, None);
        while let Some((it, line)) = waiting.pop() {
            if !seen.insert((it.stage, it.path.clone())) {
                continue;
            }
            if seen.len() > PLACES || self.left.get() == 0 {
                let why = "more is carried and taken away than is followed".to_owned();
                let place = self.layout.final_stage().map(|it| it.from.place);
                untold.get_or_insert((place.unwrap_or(FIRST), why));
                break;
            }
            let is_own = self.ships(it.stage);
            match self.removed(&it) {
                Some(Removed { what: Err(doubt), .. }) => {
                    untold.get_or_insert_with(|| doubt.clone());
                    continue;
                }
                Some(removed) => {
                    // The layers before have it all the same.
                    let is_hidden = is_own && removed.turn.0 != it.turn.0;
                    hidden = hidden.or_else(|| is_hidden.then_some((it.path, line, removed.line)));
                    continue;
                }
                None if is_own => {
                    by = by.or(line);
                    paths.push(it.path);
                    continue;
                }
                None => {}
            }
            let above = self.above.iter().filter(|(below, _)| *below == it.stage);
            waiting.extend(above.map(|(_, at)| (Lies { stage: *at, ..it.clone() }, line)));
            for taken in self.taken.iter().filter(|taken| taken.from == it.stage) {
                let Some(rest) = self.rest(taken, &it.path) else { continue };
                match &taken.target {
                    Target::Untold(why) => {
                        untold.get_or_insert_with(|| (taken.place, why.clone()));
                    }
                    Target::At(target) => {
                        let at = |path| Lies {
                            stage: taken.into,
                            turn: taken.turn,
                            path,
                            is_folder: it.is_folder,
                        };
                        let paths = landing(taken, target, rest, &it);
                        waiting.extend(paths.map(|path| (at(path), Some(taken.place.line))));
                    }
                }
            }
        }
        if !paths.is_empty() {
            return Fate::Ships { paths, by, hidden: None };
        }
        match (untold, hidden) {
            (Some(doubt), _) => Fate::Untold(doubt),
            (None, Some((path, by, line))) => {
                Fate::Ships { paths: vec![path], by, hidden: Some(line) }
            }
            (None, None) => Fate::Stays,
        }
    }

    /// Whether anything of a folder in a stage may be part of what ships.
    pub fn may_ship(&self, stage: usize, path: &str) -> bool {
        let mut seen = BTreeSet::new();
        let mut waiting = vec![(stage, path)];
        while let Some((stage, path)) = waiting.pop() {
            if self.ships(stage) {
                return true;
            }
            if !seen.insert(stage) {
                continue;
            }
            let above = self.above.iter().filter(|(below, _)| *below == stage);
            waiting.extend(above.map(|(_, at)| (*at, path)));
            let taken = self.taken.iter().filter(|it| it.from == stage);
            let some = taken.filter(|it| self.overlaps(it, path));
            // Where in the next stage is no matter: it is enough that it may be anywhere.
            waiting.extend(some.map(|it| (it.into, "/")));
        }
        false
    }

    fn ships(&self, stage: usize) -> bool {
        self.layout.plan.ships.contains(&stage)
    }

    /// What takes something away after it came.
    fn removed(&self, lies: &Lies) -> Option<&Removed> {
        let is_own = self.ships(lies.stage);
        let mut after = self.removed.iter().filter(|it| {
            self.left.set(self.left.get().saturating_sub(1));
            let is_here = it.stage == lies.stage || is_own && self.ships(it.stage);
            is_here && it.turn > lies.turn
        });
        let covers = |it: &&Removed| it.what.as_ref().is_ok_and(|path| is_within(&lies.path, path));
        after
            .clone()
            .find(covers)
            .or_else(|| after.find(|it| it.what.is_err() && it.is_package != lies.is_folder))
    }

    /// Whether what is taken lies below a path, or around it.
    fn overlaps(&self, taken: &Taken, path: &str) -> bool {
        let own = path.split('/').filter(|it| !it.is_empty());
        own.zip(taken.source.iter().flatten()).all(|(own, name)| self.fits(name, own))
    }

    fn fits(&self, name: &Name, own: &str) -> bool {
        match name {
            Name::Any => true,
            Name::Plain(it) => it == plain(own),
            Name::Like(it) => !own.is_empty() && it.fits(own, &self.patterns) == Some(true),
        }
    }

    /// What of a path lies below what is taken; empty where it is that itself.
    fn rest<'p>(&self, taken: &Taken, path: &'p str) -> Option<&'p str> {
        self.left.set(self.left.get().saturating_sub(1));
        let mut rest = path.trim_start_matches('/');
        for name in taken.source.iter().flatten() {
            let (first, below) = rest.split_once('/').unwrap_or((rest, ""));
            if !self.fits(name, first) {
                return None;
            }
            rest = below;
        }
        Some(rest)
    }
}

/// Where something comes to lie of which this much is below what is taken.
fn landing(
    taken: &Taken,
    target: &str,
    rest: &str,
    lies: &Lies,
) -> impl Iterator<Item = String> + use<> {
    let last = lies.path.rsplit('/').next().unwrap_or_default();
    let [first, second] = if taken.keeps_path {
        [Some(format!("{target}/{}", lies.path)), None]
    } else if !rest.is_empty() {
        [Some(format!("{target}/{rest}")), None]
    } else if lies.is_folder {
        [Some(target.to_owned()), None]
    } else {
        // A file may be the target itself, unless that is known to be a folder.
        let own = (!target.ends_with('/')).then(|| target.to_owned());
        [own, Some(format!("{target}/{last}"))]
    };
    first.into_iter().chain(second).map(|it| clean(&it))
}

//! Where what lies in a stage comes to lie in what ships: by `FROM` and `COPY --from`,
//! unless somebody takes it away.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use crate::parse::dockerfile::{Act, From, Keyword, Manager, Place};
use crate::parse::dockerignore::{Effort, Pattern};
use crate::parse::path::{clean, is_within};

use super::steps::{Doubt, Started, Turn};
use super::{Done, Layout};

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

/// The most environments of one stage, and the longest name in a source.
const VENVS: usize = 8;
const LONGEST: usize = 128;

/// Programs that may take files of a mount along.
const COPIERS: [&str; 6] = ["cp", "install", "ln", "mv", "rsync", "tar"];

impl<'l> Carriage<'l> {
    /// What stages of a Dockerfile take over from one another, and what `rm` takes away.
    pub fn new(layout: &'l Layout) -> Self {
        let mut carriage = Self {
            layout,
            taken: Vec::new(),
            removed: Vec::new(),
            venvs: BTreeMap::new(),
            patterns: Effort::default(),
            left: Cell::new(COMPARISONS),
        };
        for (turn, done) in layout.used().enumerate() {
            if done.is(Keyword::Copy) {
                carriage.copy(done, turn);
            } else if done.is(Keyword::Run) {
                carriage.mount(done, turn);
            }
        }
        for started in layout.started() {
            match started.call.name() {
                "rm" => carriage.rm(&started),
                "python" | "python3" | "virtualenv" | "uv" => carriage.venv(&started),
                _ => {}
            }
        }
        carriage
    }

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
                let why = "too much is copied from stage to stage".to_owned();
                let first = self.taken.first().map(|it| (it.place, why));
                untold = untold.or(first);
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
            for (at, from) in self.layout.plan.from.iter().enumerate() {
                if *from == From::Stage(it.stage) && self.layout.plan.is_used(at) {
                    waiting.push((Lies { stage: at, ..it.clone() }, line));
                }
            }
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
            for (at, from) in self.layout.plan.from.iter().enumerate() {
                if *from == From::Stage(stage) && self.layout.plan.is_used(at) {
                    waiting.push((at, path));
                }
            }
            let taken = self.taken.iter().filter(|it| it.from == stage);
            let some = taken.filter(|it| self.overlaps(it, path));
            // Where in the next stage is no matter: it is enough that it may be anywhere.
            waiting.extend(some.map(|it| (it.into, "/")));
        }
        false
    }

    /// The folders to one of which a package manager installs here.
    pub fn roots(&self, started: &Started<'_>, act: &Act<'_>) -> Vec<String> {
        let folder = started.folder.as_deref();
        let whole = |path: &str| absolute(folder, path);
        let named = |options: &'static [&'static str]| act.values(options).last().map(&whole);
        match act.manager {
            Manager::Apt | Manager::Apk | Manager::Dnf | Manager::Zypper => {
                let root = named(&["-p", "--root", "-R", "--installroot"]);
                vec![root.unwrap_or_default()]
            }
            Manager::Npm | Manager::Yarn | Manager::Pnpm if act.is_global() => {
                vec![named(&["--prefix"]).unwrap_or_else(|| "/usr/local".to_owned())]
            }
            Manager::Npm | Manager::Yarn | Manager::Pnpm => {
                let own = named(&["--prefix", "--cwd", "--dir", "-C"]);
                vec![own.unwrap_or_else(|| whole("."))]
            }
            Manager::Pip => {
                let named = named(&["--prefix", "--root", "--target", "-t"]);
                named.map_or_else(|| self.of_python(started), |it| vec![it])
            }
        }
    }

    /// Where Python's packages come to lie.
    pub fn of_python(&self, started: &Started<'_>) -> Vec<String> {
        let program = started.call.program.told().unwrap_or_default();
        if let Some((root, _)) = program.rsplit_once("/bin/") {
            return vec![absolute(started.folder.as_deref(), root)];
        }
        let mut roots = Vec::new();
        let mut stage = Some(started.done.step.stage);
        // A stage rests on one before it, so there is an end to it.
        while let Some(at) = stage {
            roots.extend(self.venvs.get(&at).into_iter().flatten().cloned());
            stage = match self.layout.plan.from.get(at) {
                Some(From::Stage(below)) => Some(*below),
                _ => None,
            };
        }
        roots.extend(["/usr/local", "/usr", "/root/.local"].map(str::to_owned));
        roots
    }

    fn ships(&self, stage: usize) -> bool {
        self.layout.plan.ships.contains(&stage)
    }

    fn copy(&mut self, done: Done<'_>, turn: usize) {
        let it = done.instruction;
        let Some(from) = it.flag("from").and_then(|it| it.value.as_deref()) else { return };
        let Some(from) = self.layout.stage_of(from) else { return };
        let Some((target, sources)) = done.step.files.split_last() else { return };
        let folder = done.step.folder.as_deref();
        for source in sources {
            let (target, source) = match (target, source) {
                (Ok(target), Ok(source)) => {
                    let is_folder = target.ends_with('/') || sources.len() > 1;
                    let end = if is_folder { "/" } else { "" };
                    (Target::At(format!("{}{end}", absolute(folder, target))), names(source))
                }
                (Err(why), Ok(source)) => (Target::Untold(why.clone()), names(source)),
                (_, Err(why)) => (Target::Untold(why.clone()), None),
            };
            self.taken.push(Taken {
                from,
                into: done.step.stage,
                turn: (turn, 0),
                place: it.place_of_arguments(),
                source,
                target,
                keeps_path: it.flag("parents").is_some(),
            });
        }
    }

    /// What a command may take along of another stage while it is mounted.
    fn mount(&mut self, done: Done<'_>, turn: usize) {
        if !done.step.calls.iter().any(|it| COPIERS.contains(&it.name())) {
            return;
        }
        for mount in done.instruction.mounts().filter(|it| it.kind == "bind") {
            let Some(from) = self.layout.stage_of(&mount.from).filter(|_| !mount.from.is_empty())
            else {
                continue;
            };
            let why = "a command may take files of that stage along".to_owned();
            self.taken.push(Taken {
                from,
                into: done.step.stage,
                turn: (turn, 0),
                place: mount.place,
                source: names(&mount.source),
                target: Target::Untold(why),
                keeps_path: false,
            });
        }
    }

    fn rm(&mut self, started: &Started<'_>) {
        for word in &started.call.arguments {
            match &word.text {
                Ok(it) if it.starts_with('-') => {}
                Ok(it) => {
                    let inner = it.trim_end_matches('*').trim_end_matches('/');
                    if !inner.contains(['*', '?', '[', '{']) && !inner.is_empty() {
                        let path = absolute(started.folder.as_deref(), inner);
                        self.clear(started, path);
                    }
                }
                Err(why) => self.remove(started, Err((word.place, why.clone())), false),
            }
        }
    }

    fn venv(&mut self, started: &Started<'_>) {
        let call = started.call;
        let words: Vec<&str> = call.words().filter(|it| !it.starts_with('-')).collect();
        let folder = match (call.name(), words.as_slice()) {
            ("python" | "python3", ["venv" | "virtualenv", .., to]) | ("virtualenv", [.., to]) => {
                to
            }
            ("uv", ["venv", .., to]) => to,
            ("uv", ["venv"]) => ".venv",
            _ => return,
        };
        let all = self.venvs.entry(started.done.step.stage).or_default();
        if all.len() < VENVS {
            all.push(absolute(started.folder.as_deref(), folder));
        }
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

/// The names of a source; none where it is everything.
fn names(source: &str) -> Option<Vec<Name>> {
    let source = clean(&format!("/{source}"));
    let name = |it: &str| match it {
        "*" => Some(Name::Any),
        it if it.contains(['*', '?', '[', '\\']) => {
            let pattern = Pattern::new(it).ok().filter(|_| it.len() <= LONGEST);
            // What is too long to be compared may be anything.
            Some(pattern.map_or(Name::Any, Name::Like))
        }
        it => Some(Name::Plain(plain(it).to_owned())),
    };
    let parts = source.split('/').filter(|it| !it.is_empty());
    parts.map(name).collect()
}

/// A folder of Python's goes by its version as well: `python3.12`.
fn plain(name: &str) -> &str {
    let is_python =
        name.strip_prefix("python3.").is_some_and(|it| it.bytes().all(|it| it.is_ascii_digit()));
    if is_python { "python3" } else { name }
}

/// A path below the folder that a command is run in. One of the base image's own is
/// the same for all.
pub(super) fn absolute(folder: Option<&str>, path: &str) -> String {
    if path.starts_with('/') {
        return clean(path);
    }
    clean(&format!("{}/{path}", folder.unwrap_or("/?")))
}

//! What the instructions of a Dockerfile carry from stage to stage, and take away.

use std::cell::Cell;
use std::collections::BTreeMap;

use crate::facts::build::steps::Started;
use crate::facts::build::{Done, Layout};
use crate::parse::dockerfile::{From, Keyword};
use crate::parse::dockerignore::{Effort, Pattern};
use crate::parse::path::clean;

use super::{COMPARISONS, Carriage, MOST, Name, Taken, Target};

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
            above: above(layout),
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
            self.take(Taken {
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
            self.take(Taken {
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

    fn take(&mut self, taken: Taken) {
        if self.taken.len() == MOST {
            // Nothing is followed any more.
            self.left.set(0);
        } else {
            self.taken.push(taken);
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
}

/// Each stage that is built upon another, below first.
fn above(layout: &Layout) -> Vec<(usize, usize)> {
    let used = layout.plan.from.iter().enumerate().filter(|(at, _)| layout.plan.is_used(*at));
    let below = |(at, from): (usize, &From)| match from {
        From::Stage(below) => Some((*below, at)),
        From::Image(_) | From::Scratch | From::Untold(_) => None,
    };
    used.filter_map(below).collect()
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
pub(super) fn plain(name: &str) -> &str {
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

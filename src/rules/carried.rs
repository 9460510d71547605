//! Which files of what a build is given end up in what ships, also by way of a stage
//! before.

use crate::facts::build::{Done, Layout, taken};
use crate::model::untrusted::Untrusted;
use crate::parse::dockerfile::{From, Keyword, Place};
use crate::parse::dockerignore::{Effort, Pattern};
use crate::parse::path::{clean, is_within};

/// The most files that stages inherit from each other.
const MOST: usize = 1_000;

/// What it costs to hold a name against a source: some ten thousand are held.
const COST: usize = 1 << 9;

/// A file that a copy brings into a stage.
#[derive(Clone, Debug)]
pub(super) struct Brought {
    /// What it is called in what the build is given.
    pub(super) name: String,
    /// Its path in the stage; empty where that cannot be told.
    path: String,
}

/// What copies bring along, and where it is before it ships.
pub(super) struct Carried<'l> {
    layout: &'l Layout,
    brings: &'l dyn Fn(Done<'_>) -> Vec<Brought>,
    /// The files in stages that do not ship: the stage, and their paths.
    held: Vec<(usize, String)>,
}

impl<'l> Carried<'l> {
    /// Of a Dockerfile whose copies bring this.
    pub(super) fn new(layout: &'l Layout, brings: &'l dyn Fn(Done<'_>) -> Vec<Brought>) -> Self {
        Self { layout, brings, held: held(layout, brings) }
    }

    /// What a `COPY` or `ADD` of a stage that ships brings into it: where, and what.
    pub(super) fn by(&self, done: Done<'_>) -> Vec<(Place, String)> {
        let it = done.instruction;
        let place = it.place_of_arguments();
        let Some(from) = it.flag("from") else {
            let told =
                |it: Brought| format!("{} is copied into the image", Untrusted::from(it.name));
            return (self.brings)(done).into_iter().map(|it| (place, told(it))).collect();
        };
        let stage = self.layout.stage_of(from.value.as_deref().unwrap_or_default());
        let mut found = Vec::new();
        for source in sources(done).map(|it| clean(&format!("/{}", it.trim_end_matches('*')))) {
            let taken = self.held.iter().filter(|(at, path)| {
                Some(*at) == stage && (is_within(path, &source) || is_within(&source, path))
            });
            for (_, path) in taken {
                let path = Untrusted::from(path.as_str());
                found.push((place, format!("{path} of a stage before is taken over")));
            }
        }
        found
    }
}

/// What is copied, as far as it is known.
pub(super) fn sources(done: Done<'_>) -> impl Iterator<Item = &str> {
    let all = done.step.files.split_last().map(|(_, sources)| sources).unwrap_or_default();
    all.iter().filter_map(|it| it.as_deref().ok())
}

/// The path that a copy has as its target, in the folder that it works in.
fn target(done: Done<'_>) -> Option<String> {
    let target = done.step.files.last()?.as_deref().ok()?;
    let folder = done.step.folder.as_deref().unwrap_or("/");
    Some(if target.starts_with('/') { target.to_owned() } else { format!("{folder}/{target}") })
}

/// The files that a copy names, of those whose names fit.
pub(super) fn named(done: Done<'_>, fits: impl Fn(&str) -> bool) -> Vec<Brought> {
    let into = target(done);
    let is_folder = into.as_deref().is_some_and(|it| it.ends_with(['/', '.']))
        || sources(done).nth(1).is_some();
    let brought = |source: &str| {
        let name = source.rsplit('/').next().unwrap_or_default();
        let path = into.as_deref().map(|into| match is_folder {
            true => clean(&format!("{into}/{name}")),
            false => clean(into),
        });
        Brought { name: source.to_owned(), path: path.unwrap_or_default() }
    };
    sources(done).filter(|it| fits(it)).map(brought).collect()
}

/// Those of some names in what the build is given that a copy brings by a folder that
/// they lie in, or by a pattern, and does not leave out itself.
pub(super) fn below(done: Done<'_>, names: &[&str], effort: &Effort) -> Vec<Brought> {
    let into = target(done);
    let pattern = |text: &str| Pattern::new(&clean(text.trim_start_matches('/'))).ok();
    let flags = done.instruction.flags.iter().filter(|it| it.name == "exclude");
    let excluded: Vec<Pattern> =
        flags.filter_map(|it| it.value.as_deref()).filter_map(pattern).collect();
    let mut found = Vec::new();
    for source in sources(done) {
        let source = clean(source.trim_start_matches('/'));
        let Some(parts) = source.split('/').map(pattern).collect::<Option<Vec<_>>>() else {
            continue;
        };
        for name in names {
            if effort.spend(COST).is_none() {
                return found;
            }
            let inner = if source == "." { Some(*name) } else { taken(name, &parts, effort) };
            let Some(inner) = inner else { continue };
            let last = name.rsplit('/').next().unwrap_or_default();
            let inner = if inner.is_empty() { last } else { inner };
            if !is_one_of(&excluded, inner, effort) {
                let path = into.as_deref().map(|into| clean(&format!("{into}/{inner}")));
                let name = (*name).to_owned();
                found.push(Brought { name, path: path.unwrap_or_default() });
            }
        }
    }
    found
}

/// Whether a path, or a folder that it lies in, fits one of the patterns.
fn is_one_of(patterns: &[Pattern], path: &str, effort: &Effort) -> bool {
    let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
    let mut parts = ends.filter_map(|end| path.get(..end));
    parts.any(|part| patterns.iter().any(|it| it.fits(part, effort) == Some(true)))
}

/// The files that were copied into stages that do not ship.
fn held(layout: &Layout, brings: &dyn Fn(Done<'_>) -> Vec<Brought>) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for done in layout.used() {
        let is_copy = done.is(Keyword::Copy) || done.is(Keyword::Add);
        let is_own = done.instruction.flag("from").is_none();
        let stage = done.step.stage;
        if is_copy && is_own && !layout.plan.ships.contains(&stage) {
            let brought = brings(done).into_iter().filter(|it| !it.path.is_empty());
            found.extend(brought.map(|it| (stage, it.path)));
        }
    }
    // A stage that rests on another has its files as well.
    let mut inherited: Vec<(usize, String)> = Vec::new();
    for (at, from) in layout.plan.from.iter().enumerate() {
        if let From::Stage(below) = from {
            let all = found.iter().chain(&inherited).filter(|(it, _)| it == below);
            let of_below: Vec<_> = all.map(|(_, path)| (at, path.clone())).collect();
            inherited.extend(of_below);
        }
        if inherited.len() > MOST {
            break;
        }
    }
    found.append(&mut inherited);
    found
}

//! Whether the lock file that an installation goes by is there when it begins,
//! as far as the build's context and what is copied of it can tell.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use crate::facts::build::{Done, Layout, Untold, in_context};
use crate::model::build::Context;
use crate::model::untrusted::Untrusted;
use crate::parse::dockerfile::{Argument, Call, From, Keyword, Manager, Place, Verb, act};
use crate::parse::dockerignore::{self, Ignore, Pattern};
use crate::parse::path::{beneath, clean};
use crate::rules::carried::taken;

use super::held::setting;

/// A project's document, and the lock files of which one must lie beside it.
struct Kind {
    manifest: &'static str,
    locks: &'static [&'static str],
}

const NPM: Kind =
    Kind { manifest: "package.json", locks: &["package-lock.json", "npm-shrinkwrap.json"] };
const YARN: Kind = Kind { manifest: "package.json", locks: &["yarn.lock"] };
const PNPM: Kind = Kind { manifest: "package.json", locks: &["pnpm-lock.yaml"] };
const UV: Kind = Kind { manifest: "pyproject.toml", locks: &["uv.lock"] };
const POETRY: Kind = Kind { manifest: "pyproject.toml", locks: &["poetry.lock"] };
const BUNDLER: Kind = Kind { manifest: "Gemfile", locks: &["Gemfile.lock"] };
const COMPOSER: Kind = Kind { manifest: "composer.json", locks: &["composer.lock"] };
const CARGO: Kind = Kind { manifest: "Cargo.toml", locks: &["Cargo.lock"] };

const KINDS: [Kind; 8] = [NPM, YARN, PNPM, UV, POETRY, BUNDLER, COMPOSER, CARGO];

/// Options that say where else the project lies.
const ELSEWHERE: [&str; 11] = [
    "--prefix",
    "--lockfile-dir",
    "--dir",
    "--cwd",
    "--filter",
    "--project",
    "--directory",
    "--working-dir",
    "--gemfile",
    "--manifest-path",
    "--path",
];

/// Variables that say so.
const VARIABLES: [&str; 7] = [
    "BUNDLE_GEMFILE",
    "COMPOSER",
    "UV_PROJECT",
    "UV_WORKING_DIR",
    "UV_WORKING_DIRECTORY",
    "npm_config_dir",
    "npm_config_lockfile_dir",
];

/// Programs that make no files of a project.
const HARMLESS: [&str; 22] = [
    ":", "addgroup", "adduser", "cd", "chmod", "chown", "corepack", "date", "echo", "export",
    "groupadd", "id", "ls", "mkdir", "printf", "pwd", "set", "sleep", "true", "useradd", "usermod",
    "whoami",
];

/// The most sources of one file's copies that are followed.
const MOST_SOURCES: usize = 64;

/// The longest name in a source.
const LONGEST: usize = 128;

/// The most documents and lock files of one stage that are remembered.
const MOST_FILES: usize = 1_024;

/// The installations whose lock file is not there, and what is known of it.
pub(super) type Missing<'l> = Vec<(Done<'l>, Place, String)>;

/// What is missing, and why more may be.
pub(super) fn missing<'l>(layout: &'l Layout, context: &Context) -> (Missing<'l>, Untold) {
    // Few Dockerfiles have one, and a context may hold many names.
    if !layout.used().any(|it| it.step.calls.iter().any(|call| kind(call).is_some())) {
        return Default::default();
    }
    let ignore = context.ignore.as_ref().map(|(_, text)| dockerignore::parse(text.raw()));
    // Of a file that builders refuse another rule speaks.
    let Ok(ignore) = ignore.unwrap_or_else(|| Ok(Ignore::default())) else {
        return Default::default();
    };
    let (left_out, is_untold) = (RefCell::default(), Cell::new(false));
    let given = Given { context, ignore, left_out, is_untold };
    let mut sources = 0;
    let mut stages: BTreeMap<usize, Tree> = BTreeMap::new();
    let mut found = Vec::new();
    for done in layout.used() {
        let stage = done.step.stage;
        let mut tree = stages.remove(&stage).unwrap_or_else(|| match layout.plan.from.get(stage) {
            Some(From::Stage(below)) => stages.get(below).cloned().unwrap_or_default(),
            Some(From::Image(_) | From::Scratch) => Tree::default(),
            Some(From::Untold(_)) | None => Tree { is_open: true, ..Tree::default() },
        });
        if done.is(Keyword::Copy) || done.is(Keyword::Add) {
            sources += done.step.files.len();
            let is_followed = sources <= MOST_SOURCES && tree.copy(done, &given).is_some();
            tree.is_open |= !is_followed || tree.files.len() > MOST_FILES;
        } else if done.is(Keyword::Run) {
            let missed = tree.run(done, &given);
            found.extend(missed.into_iter().map(|(place, what)| (done, place, what)));
        }
        stages.insert(stage, tree);
    }
    let untold = in_context(context, &given.ignore.effort).filter(|_| given.is_untold.get());
    (found, untold)
}

/// What the build is given.
struct Given<'c> {
    context: &'c Context,
    ignore: Ignore,
    /// What became of the names that were asked for.
    left_out: RefCell<BTreeMap<String, Option<bool>>>,
    /// Whether an installation depends on what nobody looked at.
    is_untold: Cell<bool>,
}

impl Given<'_> {
    /// Whether a name is kept out of the build; none where nobody works that out.
    fn is_left_out(&self, name: &str) -> Option<bool> {
        if let Some(known) = self.left_out.borrow().get(name) {
            return *known;
        }
        let is_out = self.ignore.excludes(name);
        self.left_out.borrow_mut().insert(name.to_owned(), is_out);
        is_out
    }

    /// Whether all is known that a source stands for: a file that was looked at, or
    /// anything where no name was left out.
    fn tells(&self, source: &str) -> bool {
        !self.context.is_cut || self.names().any(|it| it == source)
    }

    /// Its names; a folder's ends with a slash.
    fn names(&self) -> impl Iterator<Item = &str> {
        self.context.names.iter().map(Untrusted::raw)
    }

    /// Why a lock file beside this document is not in the image.
    fn why(&self, manifest: &str, locks: &[&str]) -> String {
        let folder = manifest.rsplit_once('/').map_or("", |(folder, _)| folder);
        let beside =
            |lock: &str| clean(&format!("{folder}/{lock}")).trim_start_matches('/').to_owned();
        let there =
            locks.iter().map(|it| beside(it)).find(|it| self.names().any(|name| name == it));
        let first = locks.first().map(|it| beside(it)).unwrap_or_default();
        let shown = Untrusted::from(there.clone().unwrap_or(first));
        match there {
            None => format!("{shown}, which is not in the build's context"),
            Some(path) if self.is_left_out(&path) == Some(true) => {
                format!("{shown}, which the .dockerignore leaves out")
            }
            Some(_) => format!("{shown}, which is not copied before"),
        }
    }
}

/// The documents and lock files in a stage, by their paths there.
#[derive(Clone, Default)]
struct Tree {
    /// Each with its path in the context.
    files: BTreeMap<String, String>,
    /// Whether others may be there as well: then nothing is missed any more.
    is_open: bool,
    /// Whether there may be others that nobody looked at.
    is_cut: bool,
}

impl Tree {
    /// Takes over what is copied of the context; none where that cannot be told.
    fn copy(&mut self, done: Done<'_>, given: &Given<'_>) -> Option<()> {
        let it = done.instruction;
        let is_plain = ["from", "parents", "exclude"].iter().all(|flag| it.flag(flag).is_none());
        let words: Option<Vec<&str>> =
            done.step.files.iter().map(|it| it.as_deref().ok()).collect();
        let words = words.filter(|_| is_plain && it.heredocs.is_empty())?;
        let (target, sources) = words.split_last()?;
        let base = match target.strip_prefix('/') {
            Some(_) => clean(target),
            None => clean(&format!("{}/{target}", done.step.folder.as_deref()?)),
        };
        for source in sources {
            let is_other = source.contains("://") || source.starts_with("git@");
            let is_packed = done.is(Keyword::Add) && source.contains(".t");
            if is_other || is_packed {
                return None;
            }
            let source = clean(source.trim_start_matches('/'));
            let part = |it: &str| Pattern::new(it).ok().filter(|_| it.len() <= LONGEST);
            let parts = source.split('/').map(part).collect::<Option<Vec<Pattern>>>()?;
            self.is_cut |= !given.tells(&source);
            for file in given.names().filter(|it| !it.ends_with('/')) {
                // What is in a folder is copied, and not the folder.
                let effort = &given.ignore.effort;
                let inner = if source == "." { Some(file) } else { taken(file, &parts, effort) };
                self.is_cut |= effort.is_spent();
                let Some(inner) = inner else { continue };
                let name = file.rsplit('/').next().unwrap_or_default();
                let below = if inner.is_empty() { name } else { inner };
                // A file may be the target itself.
                let own = inner.is_empty().then(|| base.clone());
                for path in own.into_iter().chain([clean(&format!("{base}/{below}"))]) {
                    if !matters(&path) {
                        continue;
                    }
                    match given.is_left_out(file) {
                        Some(true) => {}
                        Some(false) => drop(self.files.insert(path, file.to_owned())),
                        None => self.is_cut = true,
                    }
                }
            }
        }
        Some(())
    }

    /// What a `RUN` misses, and what it may make.
    fn run(&mut self, done: Done<'_>, given: &Given<'_>) -> Vec<(Place, String)> {
        let mut found = Vec::new();
        let is_given_more = done.instruction.mounts().any(|it| it.kind == "bind");
        let is_untold = done.step.calls.is_empty();
        // What is mounted is gone afterwards, but what came of it is not.
        self.is_open |= is_given_more || is_untold;
        let mut folder = done.step.folder.clone();
        for call in &done.step.calls {
            let kind = kind(call);
            if let Some(kind) = &kind
                && let Some(what) = self.missed(
                    kind,
                    call,
                    folder.as_deref().filter(|_| !is_elsewhere(done, call)),
                    given,
                )
            {
                found.push((call.program.place, what));
                // Once is enough for a stage.
                self.is_open = true;
            }
            let makes = |it: &Argument| it.told().is_none_or(matters);
            self.is_open |= kind.is_none() && !is_harmless(call, folder.as_deref())
                || call.output.as_ref().is_some_and(makes);
            if call.name() == "cd" {
                folder = entered(done, call, folder.as_deref());
            }
        }
        found
    }

    fn missed(
        &self,
        kind: &Kind,
        call: &Call,
        folder: Option<&str>,
        given: &Given<'_>,
    ) -> Option<String> {
        let is_told = call.arguments.iter().all(|it| it.text.is_ok());
        let folder = folder.filter(|_| is_told && !self.is_open)?;
        // That of a workspace lies in a folder around it.
        let is_lock = |path: &String| {
            let (around, name) = path.rsplit_once('/').unwrap_or(("", path));
            kind.locks.contains(&name) && beneath(folder, around).is_some()
        };
        if self.files.keys().any(is_lock) {
            return None;
        }
        if self.is_cut {
            given.is_untold.set(true);
            return None;
        }
        let manifest = self.files.get(&clean(&format!("{folder}/{}", kind.manifest)))?;
        Some(format!("{} needs {}", call.name(), given.why(manifest, kind.locks)))
    }
}

/// Whether it is a document or a lock file by its name.
fn matters(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    KINDS.iter().any(|it| it.manifest == name || it.locks.contains(&name))
}

/// By which kind of lock file a call installs, if it does.
fn kind(call: &Call) -> Option<Kind> {
    if let Some(act) = act(call) {
        return match (act.manager, act.verb) {
            (Manager::Npm, Verb::InstallLocked) => Some(NPM),
            (Manager::Yarn, Verb::InstallLocked) => Some(YARN),
            (Manager::Pnpm, Verb::InstallLocked) => Some(PNPM),
            _ => None,
        };
    }
    let verb = call.words().find(|it| !it.starts_with('-'))?;
    let is_locked = call.words().any(|it| ["--locked", "--frozen"].contains(&it));
    match (call.name(), verb) {
        ("uv", "sync") if is_locked => Some(UV),
        ("poetry", "install") => Some(POETRY),
        ("bundle", "install") => Some(BUNDLER),
        ("composer", "install") => Some(COMPOSER),
        ("cargo", "build" | "fetch") if is_locked => Some(CARGO),
        _ => None,
    }
}

/// Whether the project of a call may lie in another folder.
fn is_elsewhere(done: Done<'_>, call: &Call) -> bool {
    let is_option = |it: &str| {
        it.starts_with("-C")
            || call.name() == "composer" && it.starts_with("-d")
            || call.name() == "poetry" && it.starts_with("-P")
            || ELSEWHERE.iter().any(|option| it.split('=').next() == Some(option))
    };
    call.is_moved
        || call.words().any(is_option)
        || VARIABLES.iter().any(|it| setting(done, call, it).is_some())
}

/// The folder after a `cd`, where it can be told. Subshells leave theirs again.
fn entered(done: Done<'_>, call: &Call, folder: Option<&str>) -> Option<String> {
    let it = done.instruction;
    let is_plain = it.heredocs.is_empty() && !it.command().text.contains(['(', '`', '|']);
    let [to] = call.arguments.as_slice() else { return None };
    let to = to.told().filter(|it| is_plain && !it.starts_with(['-', '~']))?;
    if to.starts_with('/') { Some(clean(to)) } else { Some(clean(&format!("{}/{to}", folder?))) }
}

/// Whether a call makes no files of a project in this folder, and does not ask for
/// one either.
fn is_harmless(call: &Call, folder: Option<&str>) -> bool {
    if call.words().eq(["-v"]) || call.words().eq(["--version"]) {
        return true;
    }
    if call.name() == "rm" {
        let is_away = |it: &str| {
            it.starts_with('/')
                && folder.is_some_and(|folder| {
                    beneath(folder, &clean(it)).is_none() && beneath(&clean(it), folder).is_none()
                })
        };
        let mut words = call.arguments.iter();
        return words.all(|it| it.told().is_some_and(|it| it.starts_with('-') || is_away(it)));
    }
    act(call).map_or_else(
        || HARMLESS.contains(&call.name()) && !call.words().any(matters),
        |act| {
            let is_other = act.manager.is_of_the_system() || act.manager == Manager::Pip;
            is_other || act.verb == Verb::Clean || act.has(&["-g", "--global"])
        },
    )
}

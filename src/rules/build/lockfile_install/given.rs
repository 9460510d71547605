//! Whether the lock file that an installation goes by is there when it begins,
//! as far as the build's context and what is copied of it can tell.

use std::cell::Cell;
use std::collections::BTreeMap;

use crate::facts::build::{Done, Given, Layout, Untold};
use crate::model::build::Context;
use crate::model::untrusted::Untrusted;
use crate::parse::dockerfile::{Argument, Call, From, Keyword, Manager, Place, Verb, act};
use crate::parse::path::{beneath, clean};

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
    // Of a file that builders refuse another rule speaks.
    let Some(given) = Given::new(context) else { return Default::default() };
    let is_untold = Cell::new(false);
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
            let missed = tree.run(done, &given, &is_untold);
            found.extend(missed.into_iter().map(|(place, what)| (done, place, what)));
        }
        stages.insert(stage, tree);
    }
    let untold = given.untold().filter(|_| is_untold.get());
    (found, untold)
}

/// Why a lock file beside this document is not in the image.
fn why(given: &Given<'_>, manifest: &str, locks: &[&str]) -> String {
    let folder = manifest.rsplit_once('/').map_or("", |(folder, _)| folder);
    let beside = |lock: &str| clean(&format!("{folder}/{lock}")).trim_start_matches('/').to_owned();
    let there = locks.iter().map(|it| beside(it)).find(|it| given.names().any(|name| name == it));
    let first = locks.first().map(|it| beside(it)).unwrap_or_default();
    let shown = Untrusted::from(there.clone().unwrap_or(first));
    match there {
        None => format!("{shown}, which is not in the build's context"),
        Some(path) if given.is_left_out(&path) == Some(true) => {
            format!("{shown}, which the .dockerignore leaves out")
        }
        Some(_) => format!("{shown}, which is not copied before"),
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
        let folder = done.step.folder.as_deref();
        let files = &mut self.files;
        let is_whole = given.copied(done, folder, &matters, &mut |path, file| {
            files.insert(path, file.to_owned());
        })?;
        self.is_cut |= !is_whole;
        Some(())
    }

    /// What a `RUN` misses, and what it may make.
    fn run(
        &mut self,
        done: Done<'_>,
        given: &Given<'_>,
        hangs: &Cell<bool>,
    ) -> Vec<(Place, String)> {
        let mut found = Vec::new();
        let is_given_more = done.instruction.mounts().any(|it| it.kind == "bind");
        let is_untold = done.step.calls.is_empty();
        // What is mounted is gone afterwards, but what came of it is not.
        self.is_open |= is_given_more || is_untold;
        for (call, folder) in done.calls() {
            let kind = kind(call);
            if let Some(kind) = &kind
                && let Some(what) = self.missed(
                    kind,
                    call,
                    folder.as_deref().filter(|_| !is_elsewhere(done, call)),
                    (given, hangs),
                )
            {
                found.push((call.program.place, what));
                // Once is enough for a stage.
                self.is_open = true;
            }
            let makes = |it: &Argument| it.told().is_none_or(matters);
            self.is_open |= kind.is_none() && !is_harmless(call, folder.as_deref())
                || call.output.as_ref().is_some_and(makes);
        }
        found
    }

    fn missed(
        &self,
        kind: &Kind,
        call: &Call,
        folder: Option<&str>,
        (given, is_untold): (&Given<'_>, &Cell<bool>),
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
            is_untold.set(true);
            return None;
        }
        let manifest = self.files.get(&clean(&format!("{folder}/{}", kind.manifest)))?;
        Some(format!("{} needs {}", call.name(), why(given, manifest, kind.locks)))
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
        || VARIABLES.iter().any(|it| done.setting(call, it).is_some())
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

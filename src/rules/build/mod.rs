//! Is the image built so that little can go wrong, and little is left in it?

pub mod cache_mounts;
pub mod clean_package_cache;
pub mod consolidated_installs;
pub mod copy_chown;
pub mod copy_not_add;
pub mod dependencies_before_source;
pub mod dockerignore;
pub mod external_config;
pub mod lockfile_install;
pub mod multi_stage;
pub mod no_install_recommends;
pub mod no_sudo;
pub mod production_target;
pub mod valid_dockerfile;
pub mod verified_downloads;

use crate::facts::build::{Done, Doubt, Layout};
use crate::model::verdict::Check;
use crate::parse::dockerfile::{Call, Manager, Place, Verb, act};

/// The most faults of one file that are told.
const MOST: usize = 20;

/// What is wrong with a Dockerfile, each with its place.
#[derive(Default)]
pub(super) struct Faults {
    check: Option<Check>,
    count: usize,
}

impl Faults {
    /// Adds one at a place of an instruction.
    pub(super) fn add(
        &mut self,
        layout: &Layout,
        done: Done<'_>,
        place: Place,
        what: impl AsRef<str>,
    ) {
        let what = what.as_ref();
        self.count += 1;
        if self.count > MOST {
            return;
        }
        let told = format!("line {}: {what}", place.line);
        let check = match self.check.take() {
            None => Check::broken(told),
            Some(check) => check.also(&told),
        };
        self.check = Some(check.at(layout.origin(done.instruction, Some(place)), what));
    }

    /// What they come to; something else where there are none.
    pub(super) fn or_else(self, otherwise: impl FnOnce() -> Check) -> Check {
        match self.check {
            None => otherwise(),
            Some(check) if self.count > MOST => check.and_more(self.count - MOST),
            Some(check) => check,
        }
    }
}

/// Of a rule that is decided by what is known of every stage.
pub(super) const fn no_doubt(_: &Layout) -> Option<Doubt> {
    None
}

/// How the dependencies of a program are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// By files that were copied before.
    Files,
    /// On the line.
    Words,
}

/// Whether a call installs the dependencies of a program, and how they are named.
fn dependencies(call: &Call) -> Option<By> {
    if let Some(act) = act(call) {
        let installs = matches!(act.verb, Verb::Install | Verb::InstallLocked);
        if act.manager.is_of_the_system() || !installs {
            return None;
        }
        let is_by_files = if act.manager == Manager::Pip {
            act.has(&["-r", "--requirement"])
        } else {
            act.packages.is_empty()
        };
        return Some(if is_by_files { By::Files } else { By::Words });
    }
    let verb = call.words().find(|it| !it.starts_with('-')).unwrap_or_default();
    match (call.name(), verb) {
        ("go", "mod") | ("composer" | "poetry" | "bundle" | "pipenv", "install") => Some(By::Files),
        ("cargo", "fetch") | ("uv", "sync") | ("dotnet", "restore") => Some(By::Files),
        ("go" | "cargo" | "dotnet", "build" | "install" | "publish") => Some(By::Words),
        ("mvn" | "mvnw" | "gradle" | "gradlew", _) => Some(By::Words),
        _ => None,
    }
}

/// Whether a `COPY` or `ADD` takes everything that the build is given.
fn copies_everything(done: Done<'_>) -> bool {
    let is_other = done.instruction.flag("from").is_some();
    let files = &done.step.files;
    let sources = files.get(..files.len().saturating_sub(1)).unwrap_or_default();
    let is_whole = |it: &str| matches!(it, "." | "./" | "/" | "*" | "./*");
    !is_other && sources.iter().any(|it| it.as_deref().is_ok_and(is_whole))
}

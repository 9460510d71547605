//! A compose project as the files say it, after the Compose Specification.
//!
//! ```text
//! bytes ─► YAML ─► variables ─► long forms ─► extends ─► merge ─► include ─► Project
//! ```
//!
//! Pure: whoever calls reads the files (by [`Load`]) and knows the environment.

pub mod address;
mod beside;
pub mod canonical;
mod consistency;
pub mod dotenv;
mod environment;
mod extends;
mod find;
pub mod idle;
mod include;
pub mod interpolate;
pub mod lower;
mod mask;
mod merge;
mod name;
mod paths;
mod profiles;
mod resolve;
pub mod schema;
mod sources;
mod spot;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod tree;
pub mod wrong;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use resolve::{MOST, resolve};
pub use sources::LARGEST;

use crate::model::kept::Keeping;
use crate::parse::waiver;
use tree::{Entry, Node, Place};

/// Reads files for the resolver.
pub trait Load {
    /// The bytes of a file; of standard input for the path `-`. Beyond
    /// [`LARGEST`] bytes it may stop: so large a file is refused.
    ///
    /// # Errors
    /// Why there are none, as a fragment without a full stop.
    fn read(&self, path: &Path) -> Result<Vec<u8>, String>;

    /// Whether there is a regular file.
    fn is_file(&self, path: &Path) -> bool;

    /// How a file is kept that is known by the second path.
    fn keeping(&self, _: &Path, known_as: &str) -> Keeping {
        Keeping::unasked(known_as)
    }
}

/// What is asked for, as on the command line of `docker compose`.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The folder that paths are relative to: where the caller stands.
    pub folder: PathBuf,
    /// The files, in the order in which they are merged; empty: those of
    /// `COMPOSE_FILE`, or the default names in the folder or one above it.
    pub files: Vec<PathBuf>,
    /// Files that are merged into those, whatever names them.
    pub laid_over: Vec<PathBuf>,
    /// `--project-directory`; none: the folder of the first file.
    pub project_directory: Option<PathBuf>,
    /// `--env-file`; empty: `COMPOSE_ENV_FILES`, or `.env` in the project's folder.
    pub env_files: Vec<PathBuf>,
    /// The environment of the caller, which goes before every file.
    pub environment: Arc<BTreeMap<String, String>>,
    /// The profiles that are active; empty: those of `COMPOSE_PROFILES`. `*` is all.
    pub profiles: Vec<String>,
    /// The one folder in which the default names are looked for; none: the caller's,
    /// or the nearest above it.
    pub at: Option<PathBuf>,
    /// `--project-name`; none: `COMPOSE_PROJECT_NAME`, `name:`, or the folder's name.
    pub project_name: Option<String>,
}

/// A project, its files merged into one.
#[derive(Clone, Debug)]
pub struct Project {
    /// Its name, as the engine will know it.
    pub name: String,
    /// Every file that was read, by the path that a person knows it by:
    /// environment files too.
    pub files: Vec<PathBuf>,
    /// The text of each, in the same order, for excerpts: comments and what may be
    /// secret have become `*`, a letter each.
    pub texts: Vec<String>,
    /// The compose file that was named first, by the path that a person knows.
    pub file: PathBuf,
    /// The environment files that are there and were read, each once.
    pub env_files: Vec<EnvFile>,
    /// The folder that relative paths begin at.
    pub directory: PathBuf,
    /// The whole model in its long forms: `services`, `networks`, `volumes`,
    /// `configs`, `secrets`, and whatever else stands there.
    pub root: Node,
    /// The services that are behind profiles that are not active, by name.
    pub inactive: Vec<String>,
    /// What is odd and keeps nobody from going on.
    pub remarks: Vec<Remark>,
    /// The waivers in its files.
    pub waivers: Vec<Noted>,
    /// The files of `env_file` and `label_file` that could not be read, each with
    /// the service that needs it: its environment or labels cannot be told in full.
    pub unread: Vec<(String, Fault)>,
}

impl Project {
    /// The services that are active, in the order of the files.
    pub fn services(&self) -> impl Iterator<Item = &Entry> {
        let all = self.root.get("services").map(Node::entries).unwrap_or_default();
        let inactive: BTreeSet<&str> = self.inactive.iter().map(String::as_str).collect();
        all.iter().filter(move |it| !inactive.contains(it.key.as_str()))
    }
}

/// An environment file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvFile {
    /// Where it is read, as absolute as the caller's folder.
    pub path: PathBuf,
    /// The path that a person knows it by.
    pub shown: PathBuf,
    /// Whether the project's own files take variables from it, and not only services.
    pub is_projects: bool,
}

/// A waiver in a compose file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// The file, as a place of [`Project::files`].
    pub file: u32,
    /// Whether the services of the file are those of the project.
    pub is_own: bool,
    /// The waiver.
    pub found: waiver::Found,
}

/// Something odd at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// Where; none: of the project as a whole.
    pub at: Option<Place>,
    /// What, as a fragment without a full stop.
    pub what: String,
}

/// Why a project cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file, by the path that a person knows it by.
    pub file: PathBuf,
    /// The line and the column, from 1, and how many characters are meant.
    pub at: Option<(u32, u32, u32)>,
    /// What is wrong, as a fragment without a full stop.
    pub what: String,
    /// What to do about it; may be empty.
    pub help: String,
    /// The line that is meant, for an excerpt; may be empty.
    pub line: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some((line, column, _)) = self.at {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.what)?;
        if self.help.is_empty() { Ok(()) } else { write!(f, "; {}", self.help) }
    }
}

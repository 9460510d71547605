//! How a file of a project is kept: who may read it, and what git makes of it.

use serde::{Deserialize, Serialize};

use super::files::File;
use super::reading::Gap;
use super::source::Source;
use super::untrusted::Untrusted;

/// How a file is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keeping {
    /// The file by what it is; of a link, what it leads to.
    pub access: Result<File, Gap>,
    /// The repository that it lies in; none where it lies in none.
    pub git: Result<Option<Repository>, Gap>,
}

impl Keeping {
    /// Of a file of which nobody asks how it is kept, known by this path.
    pub fn unasked(path: &str) -> Self {
        Self {
            access: Err(Gap::not_collected(Source::Disk(path.into()))),
            git: Err(Gap::not_collected(Source::Git(path.into()))),
        }
    }
}

/// A file's git repository, as far as it decides what git makes of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repository {
    /// The file's path below the repository's root.
    pub path: Untrusted,
    /// Whether git tracks it already, whatever would be left alone.
    pub is_tracked: bool,
    /// What says which files git leaves alone: what goes before others comes after them.
    pub ignores: Vec<Ignore>,
}

/// A file that says which files git leaves alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ignore {
    /// The folder below the root that it speaks of; empty for the root.
    pub folder: Untrusted,
    /// Its text.
    pub text: Untrusted,
}

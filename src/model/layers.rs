//! What is left in an image of how it was made.

use serde::{Deserialize, Serialize};

use super::reading::Gap;
use super::secret::Variable;
use super::untrusted::Untrusted;

/// One step of an image's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The instruction, such as `ENV`; empty where none can be told.
    pub instruction: Untrusted,
    /// When it was executed (RFC 3339), where that is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Untrusted>,
    /// What it gives a value to, sealed; what can be no secret is left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<Variable>,
    /// How many values of it were too many to be looked at.
    #[serde(default, skip_serializing_if = "is_none")]
    pub more: usize,
}

/// What the contents of an image's layers tell, as far as somebody looked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layers {
    /// Files that hold values which may be secret, the lowest layer first: also
    /// those that an upper layer hides.
    pub holders: Vec<Holder>,
    /// The projects of npm whose development dependencies are installed.
    pub projects: Vec<Project>,
    /// The system that the image is built upon.
    pub base: Base,
    /// By which names of login shells there are programs or links, in whatever folder.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shells: Vec<Untrusted>,
    /// What could not be read, and why.
    pub unread: Vec<Gap>,
}

/// A file that holds values which may be secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Its absolute path.
    pub path: Untrusted,
    /// Its layer's place, the lowest being 1.
    pub layer: usize,
    /// Whether an upper layer hides it or takes it away.
    pub hidden: bool,
    /// The values, sealed.
    pub variables: Vec<Variable>,
}

/// A project of npm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// The path of its `package.json`.
    pub path: Untrusted,
    /// Its development dependencies that are installed beside it.
    pub development: Vec<Untrusted>,
}

/// The system that an image is built upon.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// Its name and version as `os-release(5)` tells them, such as `debian 12`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<Untrusted>,
    /// How many packages are installed, by each database that was found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<Packages>,
}

/// What one package database tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packages {
    /// The database's path.
    pub path: Untrusted,
    /// How many it says are installed; none where its form cannot be read.
    pub count: Option<u64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_none(more: &usize) -> bool {
    *more == 0
}

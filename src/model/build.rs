//! What an image is built from: a Dockerfile, and what its build is given.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::untrusted::Untrusted;

/// A Dockerfile, and what its build is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipe {
    /// The file, by the path that a person knows it by.
    pub file: Untrusted,
    /// Its text. What may be a secret is masked letter by letter, so that
    /// everything stands where it was written.
    pub text: Untrusted,
    /// The stage that ships, where one is named; else the last.
    pub target: Option<Untrusted>,
    /// The build's arguments. A value that may be a secret is none.
    pub args: BTreeMap<String, Option<String>>,
}

/// What a build is given beside its Dockerfile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// The folder, by the path that a person knows it by.
    pub folder: Untrusted,
    /// Whether nobody named it, and the Dockerfile's own folder is taken for it.
    pub is_assumed: bool,
    /// The file that says what is left out, and its text; none where there is none.
    pub ignore: Option<(Untrusted, Untrusted)>,
    /// The names in it by their paths below it, a folder's with a slash at its end.
    /// What lies in folders of version control or of dependencies is not listed, but for
    /// what in `vendor` holds secrets.
    pub names: Vec<Untrusted>,
    /// Whether there are more than are listed.
    pub is_cut: bool,
}

//! What nginx is told by its files, as far as it matters and may be kept.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::reading::Gap;
use super::untrusted::Untrusted;

/// A configuration of nginx with everything that it includes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    /// The directives that matter, in the order of the files.
    pub directives: Vec<Directive>,
    /// What of it could not be read, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<Gap>,
}

/// One directive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directive {
    /// Its name: one of those that are kept.
    pub name: String,
    /// What of its arguments is kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<Untrusted>,
    /// The absolute path of its file.
    pub file: Untrusted,
    /// The line on which it begins, the first being 1.
    pub line: u32,
    /// What is in its block; empty where it has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub block: Vec<Self>,
}

impl Directive {
    /// One argument as it is kept; empty where there are not so many.
    pub fn argument(&self, place: usize) -> &str {
        self.arguments.get(place).map(Untrusted::raw).unwrap_or_default()
    }

    /// The directives of this name in its block.
    pub fn all<'d>(&'d self, name: &'d str) -> impl DoubleEndedIterator<Item = &'d Self> {
        self.block.iter().filter(move |it| it.name == name)
    }

    /// Its file and line, for a reader to look again.
    pub fn place(&self) -> Untrusted {
        format!("{}:{}", self.file.raw(), self.line).into()
    }
}

/// By name and place, without what it is told: `location at /etc/nginx/nginx.conf:12`.
impl fmt::Display for Directive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.name, self.place())
    }
}

//! What an engine would be told to create, and where each part of it was written.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::pointer;
use super::reading::Gap;
use super::untrusted::Untrusted;

/// A container that nobody has created yet, in the words in which an engine
/// would describe it afterwards, with the defaults that say something.
///
/// Parts are named by JSON pointers (RFC 6901) into the document, `""` being
/// the whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// The document, as `GET /containers/{id}/json` would answer.
    pub document: Value,
    /// Where parts of it were written. What is not here is a default, or comes
    /// with what stands above it.
    pub origins: BTreeMap<String, Arc<Origin>>,
    /// The parts that cannot be told, and why.
    pub gaps: BTreeMap<String, Gap>,
    /// What was written and leaves no trace in the document.
    pub idle: Vec<Idle>,
}

/// Something that was written and that no engine does anything about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Idle {
    /// Where.
    pub origin: Arc<Origin>,
    /// What is the matter with it, as a fragment without a full stop.
    pub what: String,
    /// What to write instead.
    pub instead: String,
}

/// What is known of the image that a container is made from.
#[derive(Clone, Debug, PartialEq)]
pub enum Shipped {
    /// What it brings along.
    Known {
        /// Its configuration, as `Config` in `GET /images/{id}/json`.
        config: Value,
        /// Where parts of it were written, by JSON pointers into the configuration.
        origins: BTreeMap<String, Arc<Origin>>,
        /// The parts that cannot be told.
        gaps: BTreeMap<String, Gap>,
        /// The engine's id of the image, where it has it.
        id: Option<String>,
    },
    /// Nothing.
    Unknown(Gap),
}

/// How a value came to be what it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Origin {
    /// The key as the file has it, such as `healthcheck.test`.
    pub key: Untrusted,
    /// Where it was written.
    pub at: Written,
    /// The one that it took the place of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overrode: Option<Written>,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Written {
    /// The file, by the path that a person knows it by.
    pub file: Untrusted,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// How many characters are meant.
    pub length: u32,
    /// The line itself, without what may be a secret.
    pub excerpt: Untrusted,
}

impl Draft {
    /// Where a part was written: itself, or the nearest above it.
    pub fn origin(&self, pointer: &str) -> Option<&Arc<Origin>> {
        let mut above = pointer;
        loop {
            if let Some(origin) = self.origins.get(above) {
                return Some(origin);
            }
            above = pointer::parent(above)?;
        }
    }

    /// The value of a part.
    pub fn value(&self, pointer: &str) -> Option<&Value> {
        pointer::get(&self.document, pointer)
    }

    /// The items of a list or the entries of an object, by their last names, with
    /// where each was written.
    pub fn parts(&self, pointer: &str) -> impl Iterator<Item = (&str, &Arc<Origin>)> {
        let first = format!("{pointer}/");
        let all = self.origins.range(first.clone()..);
        all.map_while(move |(key, origin)| Some((key.strip_prefix(&first)?, origin)))
            .filter_map(|(rest, origin)| (!rest.contains('/')).then_some((rest, origin)))
    }

    /// The sections in which there are gaps: their pointers, of two names at most,
    /// each once. A part that neither stands in one nor holds one has no gap.
    pub fn open_sections(&self) -> Vec<&str> {
        let section = |pointer: &'_ str| -> usize {
            pointer.match_indices('/').nth(2).map_or(pointer.len(), |(end, _)| end)
        };
        let mut all: Vec<&str> = self.gaps.keys().filter_map(|it| it.get(..section(it))).collect();
        all.dedup();
        all
    }

    /// Why a part cannot be told: it, something above it or something in it is a gap.
    pub fn gap(&self, pointer: &str) -> Option<&Gap> {
        if self.gaps.is_empty() {
            return None;
        }
        let mut above = Some(pointer);
        while let Some(part) = above {
            if let Some(gap) = self.gaps.get(part) {
                return Some(gap);
            }
            above = pointer::parent(part);
        }
        let beyond = self.gaps.range::<str, _>((Bound::Excluded(pointer), Bound::Unbounded));
        let mut near = beyond.map_while(|(key, gap)| Some((key.strip_prefix(pointer)?, gap)));
        near.find(|(rest, _)| rest.starts_with('/')).map(|(_, gap)| gap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::reading::Reason;
    use crate::model::source::Source;

    fn origin(key: &str) -> Arc<Origin> {
        let at = Written { file: "".into(), line: 1, column: 1, length: 1, excerpt: "".into() };
        Arc::new(Origin { key: key.into(), at, overrode: None })
    }

    #[test]
    fn what_was_not_written_comes_with_what_stands_above_it() {
        let origins = ["", "/HostConfig/CapAdd", "/HostConfig/CapAdd/0"];
        let origins = origins.map(|key| (key.to_owned(), origin(key))).into();
        let draft = Draft { origins, ..Draft::default() };
        let key = |pointer| draft.origin(pointer).unwrap().key.raw().to_owned();
        assert_eq!(key("/HostConfig/CapAdd/0"), "/HostConfig/CapAdd/0");
        assert_eq!(key("/HostConfig/CapAdd/1"), "/HostConfig/CapAdd");
        assert_eq!(key("/HostConfig/Privileged"), "");
        let parts: Vec<&str> = draft.parts("/HostConfig/CapAdd").map(|it| it.0).collect();
        assert_eq!(parts, ["0"]);
    }

    #[test]
    fn a_gap_reaches_what_is_above_and_below_it_and_nothing_beside_it() {
        let gap = Gap::new(Reason::Unset, Source::Clock, "TAG is not set");
        let draft = Draft { gaps: [("/Mounts/1".to_owned(), gap)].into(), ..Draft::default() };
        for (pointer, is_gap) in [
            ("/Mounts", true),
            ("/Mounts/1", true),
            ("/Mounts/1/Source", true),
            ("/Mounts/0", false),
            ("/Mounts/10", false),
            ("/MountsElsewhere", false),
        ] {
            assert_eq!(draft.gap(pointer).is_some(), is_gap, "{pointer}");
        }
    }
}

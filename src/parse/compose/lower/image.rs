//! What an image brings along, where the files say nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::model::draft::{Origin, Shipped};
use crate::model::pointer;
use crate::model::reading::Gap;

use super::sheet::Sheet;

/// What is known of the image.
#[derive(Clone, Copy, Debug)]
pub(super) struct Image<'a> {
    shipped: &'a Shipped,
}

impl<'a> Image<'a> {
    pub(super) const fn new(shipped: &'a Shipped) -> Self {
        Self { shipped }
    }

    /// The engine's id of it, where the engine has it.
    pub(super) fn id(self) -> Result<Option<&'a str>, &'a Gap> {
        match self.shipped {
            Shipped::Known { id, .. } => Ok(id.as_deref()),
            Shipped::Unknown(gap) => Err(gap),
        }
    }

    /// A part of its configuration; none where that says nothing.
    pub(super) fn get(self, pointer: &str) -> Result<Option<&'a Json>, &'a Gap> {
        match self.shipped {
            Shipped::Known { config, gaps, .. } => match gap_within(gaps, pointer) {
                Some(gap) => Err(gap),
                None => Ok(config.pointer(pointer).filter(|it| !it.is_null())),
            },
            Shipped::Unknown(gap) => Err(gap),
        }
    }

    /// What is known of a list or an object, and why there may be more to it.
    pub(super) fn known(self, pointer: &str) -> (Option<&'a Json>, Option<&'a Gap>) {
        match self.shipped {
            Shipped::Known { config, gaps, .. } => {
                let whole = gaps.get(pointer).or_else(|| gaps.get(&format!("{pointer}/-")));
                (config.pointer(pointer).filter(|it| !it.is_null()), whole)
            }
            Shipped::Unknown(gap) => (None, Some(gap)),
        }
    }

    /// Why a single item cannot be told.
    pub(super) fn gap(self, pointer: &str) -> Option<&'a Gap> {
        let Shipped::Known { gaps, .. } = self.shipped else { return None };
        gaps.get(pointer)
    }

    /// Where a part of its configuration was written: itself or what it is in.
    pub(super) fn origin(self, pointer: &str) -> Option<&'a Arc<Origin>> {
        let Shipped::Known { origins, .. } = self.shipped else { return None };
        let mut above = pointer;
        loop {
            if let Some(origin) = origins.get(above) {
                return Some(origin);
            }
            above = pointer::parent(above)?;
        }
    }
}

/// A gap of a part, of what it is in, or of what is in it.
fn gap_within<'a>(gaps: &'a BTreeMap<String, Gap>, pointer: &str) -> Option<&'a Gap> {
    let is_near = |key: &str| {
        let below =
            key.strip_prefix(pointer).is_some_and(|it| it.is_empty() || it.starts_with('/'));
        let above = pointer.strip_prefix(key).is_some_and(|it| it.starts_with('/'));
        below || above
    };
    gaps.iter().find(|(key, _)| is_near(key)).map(|(_, gap)| gap)
}

impl Sheet<'_> {
    /// Takes a part over from the image: its value, where it was written, or why
    /// it cannot be told.
    pub(super) fn inherit(&mut self, image: Image<'_>, pointer: &str) {
        let part = pointer.strip_prefix("/Config").unwrap_or(pointer);
        match image.get(part) {
            Err(gap) => self.gap(pointer, gap.clone()),
            Ok(None) => {}
            Ok(Some(value)) => {
                self.set(pointer, value.clone());
                if let Some(origin) = image.origin(part) {
                    self.came_from(pointer.to_owned(), origin);
                }
            }
        }
    }
}

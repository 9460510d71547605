//! The places of a tree that could not be looked at.

use std::collections::BTreeSet;

use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::survey::Unread;
use crate::model::untrusted::Untrusted;

/// The most places that are named.
const MOST_NAMED: usize = 16;

/// The most bytes of a place's path: as much as the kernel takes in one go
/// (`PATH_MAX`).
const LONGEST: usize = 4096;

/// The places that could not be looked at: the first few by name.
#[derive(Debug, Default)]
pub(super) struct Places {
    named: BTreeSet<(Box<[u8]>, Gap)>,
    more: usize,
}

impl Places {
    /// One more place, or one more reason of a place that is known.
    pub(super) fn add(&mut self, below: &[u8], gap: Gap) {
        if self.named.insert((below.into(), gap)) && self.named.len() > MOST_NAMED {
            self.named.pop_last();
            self.more += 1;
        }
    }

    /// What is said of them; the further ones as one.
    pub(super) fn told(self, source: &Source) -> Vec<Unread> {
        let named = self.named.into_iter().map(|(below, gap)| {
            let below = Untrusted::from_bytes(below.get(..LONGEST).unwrap_or(&below));
            Unread { below, gap }
        });
        let more = (self.more > 0).then(|| {
            let detail = format!("{} further places could not be looked at", self.more);
            Unread { below: "/".into(), gap: Gap::new(Reason::Unsupported, source.clone(), detail) }
        });
        named.chain(more).collect()
    }
}

//! Files that were picked, as a fact.

use std::sync::Arc;

use crate::model::fact::Fact;
use crate::model::files::Kind;
use crate::model::reading::{Evidence, Gap, Reading, Reason};
use crate::model::source::Source;

use super::{Entry, Looked};

/// Files that were picked, and what could not be looked at.
pub(super) struct Found {
    pub(super) looked: Result<Arc<Looked>, Gap>,
    pub(super) files: Vec<Entry>,
    pub(super) gap: Option<Gap>,
}

impl Found {
    pub(super) const fn unread(gap: Gap) -> Self {
        Self { looked: Err(gap), files: Vec::new(), gap: None }
    }

    /// The fact of what was found: what is there can convict, and nothing that
    /// is there acquits as long as a part was not looked at.
    pub(super) fn with<T, U: Clone>(
        self,
        beside: Reading<U>,
        source: &Source,
        make: impl Fn(Vec<Entry>, U) -> T,
    ) -> Fact<T> {
        let looked = match self.looked {
            Ok(looked) => looked,
            Err(gap) => return Fact::new(Reading::Inapplicable, Reading::Missing(gap)),
        };
        let (links, files): (Vec<Entry>, Vec<Entry>) =
            self.files.into_iter().partition(|it| it.group.traits.kind == Kind::Link);
        let astray = astray(&links, source);
        let count: u64 = files.iter().map(|it| it.group.count).sum();
        let shown = format!("{count} of {} files", looked.names);
        let evidence = vec![Evidence::new(source.clone(), "", shown)];
        let gaps = [self.gap, astray];
        // What is not there may be in the part that nobody saw.
        let is_certain = !files.is_empty() || gaps.iter().all(Option::is_none);
        let known =
            beside.and_then(|beside| Reading::Known(make(files.clone(), beside), evidence.clone()));
        let readings = is_certain.then_some(known).into_iter();
        let missing = gaps.into_iter().flatten().map(Reading::Missing);
        Fact::of_each(Reading::Inapplicable, source, Ok(readings.chain(missing).collect()))
    }
}

/// Why what links lead to is not known.
pub(super) fn astray(links: &[Entry], source: &Source) -> Option<Gap> {
    let named = links.first()?.group.named();
    let detail = format!("{named} is a symbolic link, and what it leads to could not be looked at");
    let remedy = "add the path that it leads to to the entry's paths, and the link to its except";
    Some(Gap::new(Reason::Unsupported, source.clone(), detail).mend(remedy))
}

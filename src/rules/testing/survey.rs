//! A look at all files of a case, as a walk would have found them.

use crate::collect::by_path::ByPath;
use crate::model::source::Source;
use crate::model::survey::{Numbering, Survey, Traits, Unread};
use crate::parse::path::is_within;
use crate::parse::pattern::Patterns;
use crate::parse::proc::mountinfo;

pub(super) fn of(
    tree: &[(String, Traits)],
    unread: &[Unread],
    mounts: &str,
    patterns: &[String],
) -> Survey {
    let mounts = mountinfo::parse(mounts).unwrap();
    let patterns = Patterns::new(patterns).unwrap();
    let mut survey = ByPath::new(patterns.into());
    for (path, traits) in tree {
        let on = mounts.iter().enumerate().filter(|(_, it)| is_within(path, &it.point));
        let (mount, _) = on.max_by_key(|(_, it)| it.point.len()).unwrap();
        survey.meet(path.as_bytes(), traits.clone(), mount);
    }
    let source = Source::Files("c".repeat(64).into());
    let point = |place: usize| mounts[place].point.as_str().into();
    survey.survey(Numbering::Auditor, &source, unread.to_vec(), point)
}

//! Where does an image come from, and what did its making leave in it?

pub mod fresh_image;
pub mod image_labels;
mod installed;
pub mod minimal_base;
pub mod no_build_leftovers;
pub mod no_dev_tools;
pub mod no_secrets_in_layers;
pub mod pinned_image;
pub mod production_dependencies;

use crate::facts::files::Entry;
use crate::model::verdict::Check;

/// How many groups of files are shown as evidence.
const SHOWN: usize = 8;

/// Broken by files that should not be there; `holds` says what there is none of.
pub(in crate::rules) fn none_of<'e>(
    files: impl Iterator<Item = &'e Entry>,
    what: &str,
    holds: &'static str,
) -> Check {
    let files: Vec<&Entry> = files.collect();
    let Some(first) = files.first() else { return Check::holds(holds) };
    let count: u64 = files.iter().map(|it| it.group.count).sum();
    let more = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
    let told = format!("{}{more} {what}", first.group.first());
    files.iter().take(SHOWN).fold(Check::broken(told), |broken, it| {
        broken.showing(it.group.named(), it.group.traits.to_string())
    })
}

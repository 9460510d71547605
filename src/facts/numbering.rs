//! Owners of files, by the numbers that the auditor knows them by: those of its
//! own processes.

use std::borrow::Cow;

use crate::model::survey::{Group, Numbering};
use crate::parse::proc::idmap::IdMap;

/// The files with the numbers by which the auditor knows their owners. `ids` is
/// how the container's user namespace maps users and groups; `None` where that
/// is not known, or not for one of these.
pub(super) fn by_auditor<'a>(
    file: &'a Group,
    numbering: Numbering,
    ids: Option<&(IdMap, IdMap)>,
) -> Option<Cow<'a, Group>> {
    if numbering == Numbering::Auditor {
        return Some(Cow::Borrowed(file));
    }
    let (users, groups) = ids?;
    if users.is_identity() && groups.is_identity() {
        return Some(Cow::Borrowed(file));
    }
    let mut file = file.clone();
    file.traits.uid = users.outside(file.traits.uid)?;
    file.traits.gid = groups.outside(file.traits.gid)?;
    for door in &mut file.doors {
        (door.uid, door.gid) = (users.outside(door.uid)?, groups.outside(door.gid)?);
    }
    Some(Cow::Owned(file))
}

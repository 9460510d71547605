//! Whom a target runs as, for files that are to be that user's.

use crate::facts::view::{Process, View};
use crate::facts::{groups, identity};
use crate::model::reading::{Gap, Reading};
use crate::parse::proc::idmap::IdMap;

/// Whom the first process is, in the container's own numbering.
pub(super) fn in_force(first: Result<Process<'_>, Gap>) -> Reading<(u32, u32)> {
    Reading::from(first).and_then(|first| {
        let uid = first.status("Uid", |it| it.ids("Uid")).zip(first.uid_map());
        let gid = first.status("Gid", |it| it.ids("Gid")).zip(first.gid_map());
        uid.zip(gid).unshown().map(|((uids, uid_map), (gids, gid_map))| {
            let ([_, uid, ..], [_, gid, ..]) = (uids, gids);
            let inside = |map: &IdMap, id| map.inside(id).unwrap_or(u32::MAX);
            (inside(&uid_map, uid), inside(&gid_map, gid))
        })
    })
}

/// Whom an image says that its containers run as, by its own accounts and groups.
pub(super) fn declared(view: &View<'_>) -> Reading<(u32, u32)> {
    let image = view.own_image();
    image.text("/Config/User").unshown().and_then(|user| {
        let user = user.filter(|it| !it.is_empty()).unwrap_or("0:0");
        let ids = identity::declared_uid(user, view).zip(groups::by_image(user, view));
        ids.unshown().map(|(uid, groups)| (uid, groups.first().copied().unwrap_or_default()))
    })
}

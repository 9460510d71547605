//! Who a container of an image is, before anybody has made one.

use std::collections::BTreeMap;

use super::Credentials;
use crate::facts::identity::Root;
use crate::facts::view::View;
use crate::facts::{capabilities, confinement, groups, identity, no_new_privileges, seccomp};
use crate::model::capability::CapabilitySet;
use crate::model::reading::{Evidence, Reading};
use crate::parse::proc::idmap::IdMap;

/// The credentials that `docker run IMAGE` gives to the image's own user, and the
/// line that names that user.
pub(super) fn credentials(
    view: &View<'_>,
) -> Reading<(Credentials, BTreeMap<&'static str, Evidence>)> {
    let user = identity::declared(view);
    let line = match &user {
        Reading::Known(_, evidence) => evidence.first().map(|it| ("Uid", it.clone())),
        Reading::Missing(_) | Reading::Inapplicable => None,
    };
    let modes = no_new_privileges::declared(view).zip(seccomp::declared(view));
    let sets = capabilities::declared(view).zip(confinement::declared(view));
    user.zip(groups::of_image(view)).zip(modes).zip(sets).map(
        |(((user, groups), (flag, seccomp)), (capabilities, confinement))| {
            let (user, all) = (user.value, capabilities.value.attainable);
            let is_root = user.root() != Root::No;
            let own = Credentials {
                ids: user.uids.map(Option::unwrap_or_default),
                user,
                groups,
                uid_map: IdMap::identity(),
                gid_map: IdMap::identity(),
                outer_root: Some(0),
                permitted: if is_root { all } else { CapabilitySet::EMPTY },
                inheritable: CapabilitySet::EMPTY,
                bounding: all,
                no_new_privileges: flag.value,
                seccomp: seccomp.value,
                confined: confinement.value.is_engines(),
                scope: capabilities.value.scope,
            };
            (own, line.into_iter().collect())
        },
    )
}

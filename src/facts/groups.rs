//! To which groups each process belongs, and what they are called.
//!
//! A group id means what the file system it meets says it means: inside the
//! image the container's own groups, and on whatever is mounted from the host
//! the host's. So both lists of names count, and neither can clear an id of
//! what the other calls it.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::fact::Fact;
use crate::model::reading::{Gap, Reading, Reason};
use crate::model::target::Kind;
use crate::model::untrusted::Untrusted;
use crate::parse::group::Group as List;
use crate::parse::passwd::Account;

use super::identity::{self, Root};
use super::view::{Process, View};
use super::{Held, each_known};

/// The groups of one process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Groups {
    /// Whether the process is root: then groups give it nothing.
    pub root: Root,
    /// Every group, the process's own and the supplementary ones.
    pub held: Vec<Group>,
}

/// One group that a process belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its id in the numbering that is meant; `None` where only a name was asked for.
    pub gid: Option<u32>,
    /// What the list calls it.
    pub names: Vec<Untrusted>,
}

/// The groups as the host numbers them, with the one name that needs no list.
pub(super) fn by_number(view: &View<'_>) -> Fact<Held<Groups>> {
    of(view, &Reading::of(vec![ROOT]))
}

/// The groups as the host names them.
pub(super) fn by_host(view: &View<'_>) -> Fact<Held<Groups>> {
    if view.kind().is_to_come() {
        return each_known(view, added, Fact::declared_only);
    }
    of(view, &view.host_groups().unshown())
}

fn of(view: &View<'_>, list: &Reading<Vec<List<'_>>>) -> Fact<Held<Groups>> {
    let each = view
        .of_each(|process| unless_root(process, || ids(process).zip(list.as_ref()).map(all_named)));
    let declared =
        |view: &View<'_>| of_declared(view, declared_ids(view).zip(list.as_ref()).map(all_named));
    each_known(view, declared, |declared| Fact::of_each(declared, view.processes_source(), each))
}

/// The groups as the container names them, by its own numbering.
pub(super) fn by_container(view: &View<'_>) -> Fact<Held<Groups>> {
    let list = view.groups().unshown().map(|mut list| {
        list.push(ROOT);
        list
    });
    let each = view.init().and_then(|first| {
        view.of_each(|process| {
            unless_root(process, || {
                let map = first.gid_map().unshown();
                ids(process).zip(list.as_ref().zip(map)).map(|(ids, (list, map))| {
                    let inside = ids.into_iter().filter_map(|id| map.inside(id)).collect();
                    all_named((inside, list))
                })
            })
        })
    });
    let declared = |view: &View<'_>| {
        let names = match view.kind() {
            Kind::Image => of_image(view).zip(list.as_ref()).map(all_named),
            Kind::Container | Kind::Service | Kind::Dockerfile => declared_names(view),
        };
        of_declared(view, names)
    };
    each_known(view, declared, |declared| Fact::of_each(declared, view.processes_source(), each))
}

const ROOT: List<'_> = List::new("root", 0);

/// Root on the host needs no group, so nobody has to know what they are called.
fn unless_root(
    process: &Process<'_>,
    held: impl FnOnce() -> Reading<Vec<Group>>,
) -> Reading<Groups> {
    identity::effective(process).and_then(|user| match user.root() {
        Root::Host => Reading::of(Groups { root: Root::Host, held: Vec::new() }),
        root @ (Root::No | Root::Namespaced) => held().map(|held| Groups { root, held }),
    })
}

fn all_named((gids, list): (Vec<u32>, &Vec<List<'_>>)) -> Vec<Group> {
    let mut held: BTreeMap<u32, BTreeSet<&str>> =
        gids.into_iter().map(|gid| (gid, BTreeSet::new())).collect();
    for group in list {
        if let Some(names) = held.get_mut(&group.gid) {
            names.insert(group.name);
        }
    }
    let called = |names: BTreeSet<&str>| names.into_iter().map(Untrusted::from).collect();
    held.into_iter().map(|(gid, names)| Group { gid: Some(gid), names: called(names) }).collect()
}

fn of_declared(view: &View<'_>, held: Reading<Vec<Group>>) -> Reading<Held<Groups>> {
    let user = identity::declared(view).unshown();
    let groups = user.and_then(|user| match user.value.root() {
        Root::Host => Reading::of(Groups { root: Root::Host, held: Vec::new() }),
        root @ (Root::No | Root::Namespaced) => held.map(|held| Groups { root, held }),
    });
    groups.map(|groups| view.declared(groups))
}

/// Real, effective, saved and file-system gid, and the supplementary groups, in
/// the auditor's numbering.
fn ids(process: &Process<'_>) -> Reading<Vec<u32>> {
    process
        .status("Gid", |status| status.ids("Gid"))
        .zip(process.status("Groups", |status| status.numbers("Groups")))
        .map(|(own, further)| {
            let mut all: Vec<u32> = own.into_iter().chain(further).collect();
            all.sort_unstable();
            all.dedup();
            all
        })
}

/// What the declaration asks for: the group of `user:group`, and `--group-add`.
fn asked<'a>(view: &View<'a>) -> Reading<(Option<&'a str>, Vec<&'a str>)> {
    let inspect = view.inspect();
    inspect.text("/Config/User").zip(inspect.texts("/HostConfig/GroupAdd")).map(|(user, added)| {
        let own = user.and_then(|user| user.split_once(':')).map(|(_, group)| group);
        (own.filter(|it| !it.is_empty()), added)
    })
}

/// The numbers that are asked for. Without a group the engine takes the one of
/// the user's account, or 0 where there is no such account (`docker run --user`).
/// With a user namespace of the engine's, they are not the host's.
fn declared_ids(view: &View<'_>) -> Reading<Vec<u32>> {
    let inspect = view.inspect();
    let namespaced = identity::namespaced_by_engine(view, inspect).unshown();
    asked(view).zip(namespaced).and_then(|((own, added), namespaced)| {
        if namespaced {
            return Reading::of(Vec::new());
        }
        if view.kind() == Kind::Image {
            return of_image(view);
        }
        let mut gids: Vec<u32> = added.iter().filter_map(|it| it.parse().ok()).collect();
        match own.map(str::parse) {
            Some(Ok(gid)) => gids.push(gid),
            // A name; the container's own list tells, and decides by it.
            Some(Err(_)) => {}
            None => {
                if view.kind().is_to_come() {
                    return told_group(view).map(|gid| {
                        gids.push(gid);
                        gids
                    });
                }
                let uid = identity::declared(view).unshown();
                return uid.zip(view.accounts().unshown()).map(|(user, accounts)| {
                    let uid = user.value.effective();
                    let account = accounts.iter().find(|account| Some(account.uid) == uid);
                    gids.push(account.map_or(0, |account| account.gid));
                    gids
                });
            }
        }
        Reading::of(gids)
    })
}

/// The groups that a container of the image has.
pub(super) fn of_image(view: &View<'_>) -> Reading<Vec<u32>> {
    let user = view.inspect().text("/Config/User");
    user.and_then(|user| by_image(user.unwrap_or_default(), view))
}

/// The groups of a user by an image's own files, the first of them the primary
/// one. A group that is asked for is the only one; else it is that of the
/// account, or 0 without one, and all that name the account as their member
/// (`GetExecUser` of `github.com/moby/sys/user`).
pub(super) fn by_image(user: &str, view: &View<'_>) -> Reading<Vec<u32>> {
    let (name, group) = user.split_once(':').unwrap_or((user, ""));
    if let Ok(gid) = group.parse() {
        return Reading::of(vec![gid]);
    }
    let list = view.groups().unshown();
    if !group.is_empty() {
        return list.and_then(|list| match list.iter().find(|it| it.name == group) {
            Some(it) => Reading::of(vec![it.gid]),
            None if group == ROOT.name => Reading::of(vec![ROOT.gid]),
            None => {
                let source = view.inspect().source().clone();
                let detail = "the image's group file does not know the declared group";
                Reading::Missing(Gap::new(Reason::Malformed, source, detail))
            }
        });
    }
    let uid = identity::declared_uid(user, view);
    uid.zip(view.accounts().unshown().zip(list)).map(|(uid, (accounts, list))| {
        // The first one counts, and a number is never a name.
        let is_number = name.is_empty() || name.parse::<i64>().is_ok();
        let is_it = |it: &&Account<'_>| if is_number { it.uid == uid } else { it.name == name };
        let account = accounts.iter().find(is_it);
        let own = account.map_or(0, |it| it.gid);
        let joined = list.iter().filter(|it| account.is_some_and(|account| it.has(account.name)));
        // An id of many names is one group.
        let joined: BTreeSet<u32> = joined.map(|it| it.gid).filter(|gid| *gid != own).collect();
        std::iter::once(own).chain(joined).collect()
    })
}

/// The group of the user's account, where the files that the image is built
/// from tell of it.
fn told_group(view: &View<'_>) -> Reading<u32> {
    let inspect = view.inspect();
    inspect.text("/Config/User").unshown().and_then(|user| {
        let user = user.unwrap_or_default();
        let uid = user.parse::<u32>().ok();
        let told =
            view.told_account(|it| it.name == Some(user) || (uid.is_some() && it.uid == uid));
        match told.and_then(|account| Some((account.gid?, account.evidence))) {
            Some((gid, evidence)) => Reading::Known(gid, vec![evidence]),
            None => {
                let source = inspect.source().clone();
                let detail = "which group the user has only the image knows";
                Reading::Missing(
                    Gap::new(Reason::NotCollected, source, detail)
                        .mend("write the group's number as well: user: \"1000:1000\""),
                )
            }
        }
    })
}

/// What the host calls the groups that are added to a service by number, no
/// file tells. They are there for something of the host's; the group that comes
/// with the user is not, and means nothing there.
fn added(view: &View<'_>) -> Reading<Held<Groups>> {
    let inspect = view.inspect();
    let added = inspect.texts("/HostConfig/GroupAdd").and_then(|added| {
        let mut numbers = added.iter().filter_map(|it| it.parse::<u32>().ok());
        match numbers.find(|gid| *gid != 0) {
            None => Reading::Inapplicable,
            Some(gid) => {
                let detail = format!("what the host calls the group {gid} no file tells");
                Reading::Missing(
                    Gap::new(Reason::NotCollected, inspect.source().clone(), detail)
                        .mend("remove it from group_add:, or audit the running container"),
                )
            }
        }
    });
    of_declared(view, added)
}

/// The names that are asked for: a name means the same in every list.
fn declared_names(view: &View<'_>) -> Reading<Vec<Group>> {
    asked(view).map(|(own, added)| {
        let names = own.into_iter().chain(added).filter(|it| it.parse::<u32>().is_err());
        names.map(|it| Group { gid: None, names: vec![it.into()] }).collect()
    })
}

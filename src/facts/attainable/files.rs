//! What a file gives to whoever executes it (`execve(2)`, `capabilities(7)`).

use std::borrow::Cow;
use std::collections::BTreeSet;

use caps::Capability;

use crate::model::capability::CapabilitySet;
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::survey::{Door, Group, Survey, Traits};
use crate::parse::file_capability::{self, FileCapability};
use crate::parse::path::is_within;
use crate::parse::proc::idmap::IdMap;
use crate::parse::proc::mountinfo::{self, Mount};

use super::Credentials;
use crate::facts::numbering::by_auditor;

/// A file that can give something, its capabilities read.
#[derive(Clone, Debug)]
pub(super) struct Privileged<'a> {
    file: Cow<'a, Group>,
    capability: Option<FileCapability>,
}

/// What files that are alike would give to one process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gain {
    /// The files.
    pub file: Group,
    /// The user that the process would become, inside its user namespace and
    /// for the host.
    pub user: Option<(u32, u32)>,
    /// The group that it would become a member of, inside its user namespace.
    pub group: Option<u32>,
    /// The capabilities that it would have in addition.
    pub capabilities: CapabilitySet,
}

impl Gain {
    /// Whether it makes the process root of its user namespace, or the host's.
    pub const fn is_root(&self) -> bool {
        matches!(self.user, Some((0, _) | (_, 0)))
    }

    /// The gravest is the greatest.
    fn gravity(&self) -> (bool, bool, u32, bool, bool) {
        let is_hosts = matches!(self.user, Some((_, 0)));
        let user = self.user.is_some();
        (is_hosts, self.is_root(), self.capabilities.len(), user, self.group.is_some())
    }
}

/// What a process has so far: its own, and what files gave it.
#[derive(Clone, Debug)]
pub(super) struct Having {
    /// User ids in the auditor's numbering.
    pub(super) uids: BTreeSet<u32>,
    pub(super) gids: BTreeSet<u32>,
    pub(super) capabilities: CapabilitySet,
}

/// The files that give something and that the mounts let count. What cannot be
/// understood of one joins what could not be read.
pub(super) fn counting<'a>(
    survey: &'a Survey,
    ids: Option<&(IdMap, IdMap)>,
    mounts: &[Mount],
    source: &Source,
) -> (Vec<Privileged<'a>>, Option<Gap>) {
    let mut files = Vec::new();
    let mut unread = survey.unread.iter().filter(|it| is_effective(it.below.raw(), mounts));
    let mut gap = unread.next().map(|it| it.gap.clone());
    if !survey.privileged {
        gap.get_or_insert(Gap::not_collected(source.clone()));
    }
    for file in survey.groups.iter().filter(|it| it.traits.gives()) {
        if !is_effective(file.mount.raw(), mounts) {
            continue;
        }
        let Some(file) = by_auditor(file, survey.numbering, ids) else {
            let detail = "whose user or group number the user namespace does not map";
            let detail = format!("there is {}, {detail}", file.named());
            gap.get_or_insert(Gap::new(Reason::Unproved, source.clone(), detail));
            continue;
        };
        match file.traits.capability.as_deref().map(file_capability::parse).transpose() {
            Ok(capability) => files.push(Privileged { file, capability }),
            Err(detail) => {
                let detail = format!("{}: {detail}", file.named());
                gap.get_or_insert(Gap::new(Reason::Malformed, source.clone(), detail));
                files.push(Privileged { file, capability: None });
            }
        }
    }
    (files, gap)
}

/// Whether the mount that shows a path lets its files be executed and give
/// privileges (`mount(2)`, `MS_NOSUID` and `MS_NOEXEC`).
fn is_effective(path: &str, mounts: &[Mount]) -> bool {
    mounts
        .iter()
        .filter(|mount| is_within(path, &mount.point) && !mountinfo::is_hidden(mounts, mount))
        .max_by_key(|mount| mount.point.len())
        .is_none_or(|mount| !mount.has("nosuid") && !mount.has("noexec"))
}

/// Everything that a process can get by executing files, one after another if
/// need be, the gravest first. Who is root already is given no more by it.
pub(super) fn gains(own: &Credentials, files: &[Privileged<'_>]) -> (Having, Vec<Gain>) {
    let start = own.having();
    let mut having = start.clone();
    let mut found: Vec<Gain> = Vec::new();
    loop {
        let fresh: Vec<Gain> = files
            .iter()
            .filter(|it| !found.iter().any(|known| known.file == *it.file))
            .filter(|it| it.file.doors.iter().all(|door| is_passed(*door, &having)))
            .filter(|it| is_executable(&it.file.traits, &having))
            .filter_map(|it| gain(own, &start, it))
            .collect();
        if fresh.is_empty() {
            break;
        }
        for gain in &fresh {
            having.uids.extend(gain.user.map(|(_, on_host)| on_host));
            having.gids.extend(gain.group.map(|_| gain.file.traits.gid));
            having.capabilities = having.capabilities.union(gain.capabilities);
        }
        found.extend(fresh);
        if own.is_root(&having) {
            having = own.as_root(having);
            break;
        }
    }
    found.sort_by_key(|gain| std::cmp::Reverse(gain.gravity()));
    (having, found)
}

/// By the mode's bits alone. A process may act as each of the users that it
/// can become, so any of the three triples will do.
fn is_executable(file: &Traits, having: &Having) -> bool {
    let overrides = having.capabilities.has(Capability::CAP_DAC_OVERRIDE);
    file.mode & 0o001 != 0
        || (file.mode & 0o100 != 0 && having.uids.contains(&file.uid))
        || (file.mode & 0o010 != 0 && having.gids.contains(&file.gid))
        || (file.mode & 0o111 != 0 && overrides)
}

/// Whether a folder lets it through, by the mode's bits alone.
fn is_passed(folder: Door, having: &Having) -> bool {
    let passes = |capability| having.capabilities.has(capability);
    folder.mode & 0o001 != 0
        || having.uids.contains(&folder.uid)
        || (folder.mode & 0o010 != 0 && having.gids.contains(&folder.gid))
        || passes(Capability::CAP_DAC_OVERRIDE)
        || passes(Capability::CAP_DAC_READ_SEARCH)
}

/// What the file alone gives to a process that has not executed another.
fn gain(own: &Credentials, having: &Having, it: &Privileged<'_>) -> Option<Gain> {
    let file = &it.file.traits;
    let by_capability = match &it.capability {
        Some(capability) => own.given(capability)?,
        None => CapabilitySet::EMPTY,
    };
    // "We ignore suid/sgid if there are no mappings for them in the ns":
    // `bprm_fill_uid` in the kernel's `fs/exec.c`.
    let inside = own.uid_map.inside(file.uid).zip(own.gid_map.inside(file.gid));
    let may = |capability| having.capabilities.has(capability);
    let user = inside
        .map(|(uid, _)| (uid, file.uid))
        .filter(|_| file.mode & 0o4000 != 0)
        .filter(|_| !having.uids.contains(&file.uid) && !may(Capability::CAP_SETUID));
    // Without the group's right to execute, the bit means something else.
    let group = inside
        .map(|(_, gid)| gid)
        .filter(|_| file.mode & 0o2010 == 0o2010)
        .filter(|_| !having.gids.contains(&file.gid) && !may(Capability::CAP_SETGID));
    let by_user = match user {
        Some((0, _)) => own.bounding.union(own.inheritable),
        Some(_) | None => CapabilitySet::EMPTY,
    };
    let capabilities = by_capability.union(by_user).without(having.capabilities);
    let gains_something = user.is_some() || group.is_some() || !capabilities.is_empty();
    gains_something.then(|| Gain { file: it.file.clone().into_owned(), user, group, capabilities })
}

//! Which files a process could rewrite, and by which step
//! (`path_resolution(7)`, `acl(5)`, `capabilities(7)`).

use caps::Capability;

use crate::facts::capabilities::{self, Scope};
use crate::facts::view::{Process, View};
use crate::facts::{Held, confinement, no_new_privileges};
use crate::model::capability::CapabilitySet;
use crate::model::files::Kind;
use crate::model::reading::{Gap, Reading, Reason};
use crate::model::source::Source;
use crate::model::survey::{Door, Fixed, Traits};
use crate::model::untrusted::Untrusted;
use crate::parse::acl::{self, Whom};
use crate::parse::path::is_within;
use crate::parse::proc::idmap::IdMap;

use super::Entry;

const READ_AND_SEARCH: u32 = 0o1;
const WRITE: u32 = 0o2;

/// What decides over a process when it writes a file.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    /// Every user that it is: real, effective, saved and for file systems, in
    /// the auditor's numbering. It can make any of them the one that counts.
    uids: [u32; 4],
    gids: Vec<u32>,
    /// What it may raise at any time: `CapPrm`.
    permitted: CapabilitySet,
    uid_map: IdMap,
    gid_map: IdMap,
    /// Whether it may mount where the container's files are seen, by
    /// `CAP_SYS_ADMIN`. The profiles of security modules that engines bring along
    /// let nobody.
    mounts: bool,
    /// The folder that it works in.
    cwd: String,
}

/// What a process could rewrite.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Steps {
    /// The user that it is at present, in the container.
    pub uid: Option<u32>,
    /// Each group of files, with the shortest way.
    pub rewrites: Vec<Rewrite>,
    /// How many groups of files were weighed.
    pub weighed: usize,
}

/// A group of files that a process could rewrite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrite {
    /// The files.
    pub file: Entry,
    /// What it would do.
    pub step: Step,
}

/// The first thing that a process would do to rewrite a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Write: the mode or the access control list lets it.
    Write,
    /// Put another in the place of what leads to it: it may write that folder.
    Replace,
    /// Change the mode, as the owner.
    OwnerMayChmod,
    /// Become the owner, by `CAP_SETUID`, and change the mode.
    BecomeOwner,
    /// Become a member of a group that may write, by `CAP_SETGID`.
    JoinGroup,
    /// Pass over the mode, by `CAP_DAC_OVERRIDE`.
    Override,
    /// Change the mode of anybody's file, by `CAP_FOWNER`.
    ChmodAny,
    /// Make itself the owner, by `CAP_CHOWN`, and change the mode.
    Chown,
    /// Mount something over it, or the mount anew for writing, by `CAP_SYS_ADMIN`.
    Mount,
}

pub(super) fn all(view: &View<'_>) -> Result<Vec<Reading<Held<Writer>>>, Gap> {
    let first = view.init()?;
    let viewer = view.process(view.processes()?.viewer);
    view.of_each(|process| same_view(process, &viewer).and_then(|()| writer(view, process, &first)))
}

/// Whether a process sees the files that were looked at: what another root or
/// mounts of its own show it, nobody has seen.
fn same_view(process: &Process<'_>, viewer: &Process<'_>) -> Reading<()> {
    let own = process.text("root").zip(process.text("ns/mnt")).unshown();
    let viewers = viewer.text("root").zip(viewer.text("ns/mnt")).unshown();
    own.zip(viewers).and_then(|(own, viewers)| {
        if own == viewers {
            return Reading::of(());
        }
        let source = Source::proc(process.pid, "root");
        let detail = format!("{} has another root, or mounts of its own", process.holder());
        Reading::Missing(Gap::new(Reason::Unproved, source, detail))
    })
}

fn writer(view: &View<'_>, process: &Process<'_>, first: &Process<'_>) -> Reading<Writer> {
    let set = |name: &'static str| process.status(name, move |it| it.capabilities(name));
    let users = process.status("Uid", |it| it.ids("Uid"));
    let groups = process
        .status("Gid", |it| it.ids("Gid"))
        .unshown()
        .zip(process.status("Groups", |it| it.numbers("Groups")));
    let sets = set("CapPrm").zip(set("CapBnd").zip(set("CapInh")).unshown());
    let maps = process.uid_map().zip(process.gid_map()).unshown();
    let confined = confinement::effective(view, process).unshown().map(|it| it.is_engines());
    let flags = no_new_privileges::effective(process).unshown().zip(confined);
    let scope = capabilities::scope(process, first);
    let cwd = process.text("cwd").unshown();
    users.zip(groups).zip(sets).zip(maps).zip(flags.zip(scope).zip(cwd)).map(
        |((((uids, (own, mut gids)), sets), (uid_map, gid_map)), ((flags, scope), cwd))| {
            gids.extend(own);
            let (permitted, (bounding, inheritable)) = sets;
            let (no_new_privileges, confined) = flags;
            // Root executes any file with all that its bounding set leaves, and so
            // does whoever may give capabilities to a file (`capabilities(7)`).
            let is_root = uids.iter().any(|uid| uid_map.inside(*uid) == Some(0));
            let gains = is_root || permitted.has(Capability::CAP_SETFCAP);
            let permitted = if gains && !no_new_privileges {
                permitted.union(bounding).union(inheritable)
            } else {
                permitted
            };
            let mounts =
                permitted.has(Capability::CAP_SYS_ADMIN) && scope != Scope::Nested && !confined;
            let cwd = cwd.to_owned();
            Writer { uids, gids, permitted, uid_map, gid_map, mounts, cwd }
        },
    )
}

/// The groups that a file's list names.
fn named_groups(file: &Traits) -> impl Iterator<Item = u32> {
    let list = file.acl.as_deref().and_then(|it| acl::parse(it).ok()).unwrap_or_default();
    list.into_iter().filter_map(|it| it.group())
}

impl Writer {
    /// What it could rewrite of these files.
    pub(super) fn steps(&self, files: &[Entry]) -> Steps {
        let [_, effective, ..] = self.uids;
        let mut rewrites: Vec<Rewrite> =
            files.iter().filter_map(|file| self.rewrite(file)).collect();
        rewrites.sort_by_key(|it| (it.step, it.file.group.leads_to.is_some()));
        Steps { uid: self.uid_map.inside(effective), rewrites, weighed: files.len() }
    }

    fn rewrite(&self, file: &Entry) -> Option<Rewrite> {
        let traits = &file.group.traits;
        // Below the folder that it works in no way from the root need be passed.
        let is_at_hand = |it: &Untrusted| self.cwd != "/" && is_within(it.raw(), &self.cwd);
        let is_reached = file.group.doors.iter().all(|door| self.passes(*door))
            || file.group.paths.iter().any(is_at_hand);
        let step = if file.read_only || !is_reached {
            None
        } else {
            match (traits.kind, file.group.leads_to) {
                // What is on the way matters by what can be put in its place.
                (Kind::Folder, Some(_)) => self.step_in(traits, traits.mode & 0o1000 == 0),
                (Kind::Folder, None) => self.step_in(traits, true),
                _ => self.step(traits),
            }
        };
        let step = step.or_else(|| self.mounts.then_some(Step::Mount))?;
        Some(Rewrite { file: file.clone(), step })
    }

    /// A folder is rewritten by putting files into it, or others in their place.
    /// The sticky bit keeps from the latter whoever does not own the folder.
    fn step_in(&self, folder: &Traits, may_others: bool) -> Option<Step> {
        let step = self.step(folder)?;
        if step != Step::Write {
            return Some(step);
        }
        if may_others {
            return Some(Step::Replace);
        }
        if self.owns(folder) {
            return Some(Step::OwnerMayChmod);
        }
        self.over(folder, Capability::CAP_FOWNER).then_some(Step::ChmodAny)
    }

    fn step(&self, file: &Traits) -> Option<Step> {
        if file.fixed.is_some() {
            // Whoever may take the attribute off may change the mode besides.
            let lifts = self.over(file, Capability::CAP_LINUX_IMMUTABLE)
                && (self.owns(file) || self.over(file, Capability::CAP_FOWNER));
            let appends = file.fixed == Some(Fixed::AppendOnly) && self.may(file, WRITE);
            return (lifts || appends).then_some(if lifts { Step::ChmodAny } else { Step::Write });
        }
        let wanted = if file.kind == Kind::Folder { WRITE | READ_AND_SEARCH } else { WRITE };
        if self.may(file, wanted) {
            return Some(Step::Write);
        }
        if self.owns(file) {
            return Some(Step::OwnerMayChmod);
        }
        [
            (Capability::CAP_DAC_OVERRIDE, Step::Override),
            (Capability::CAP_FOWNER, Step::ChmodAny),
            (Capability::CAP_CHOWN, Step::Chown),
            (Capability::CAP_SETUID, Step::BecomeOwner),
        ]
        .into_iter()
        .find_map(|(capability, step)| self.over(file, capability).then_some(step))
        .or_else(|| self.may_join(file, wanted).then_some(Step::JoinGroup))
    }

    /// Whether some group that it can become a member of has these bits.
    fn may_join(&self, file: &Traits, wanted: u32) -> bool {
        let can = self.over(file, Capability::CAP_SETGID);
        let groups = self.gids.iter().copied().chain([file.gid]).chain(named_groups(file));
        can && Self { gids: groups.collect(), ..self.clone() }.may(file, wanted)
    }

    fn owns(&self, file: &Traits) -> bool {
        self.uids.contains(&file.uid)
    }

    /// Whether a capability counts for a file: its owner, and for most its group
    /// too, must have a number in the process's user namespace
    /// (`user_namespaces(7)`; `inode_owner_or_capable` asks for the owner alone).
    fn over(&self, file: &Traits, capability: Capability) -> bool {
        self.counts(capability, file.uid, file.gid)
    }

    fn counts(&self, capability: Capability, uid: u32, gid: u32) -> bool {
        let (has_user, has_group) =
            (self.uid_map.inside(uid).is_some(), self.gid_map.inside(gid).is_some());
        let of_owners = [Capability::CAP_FOWNER, Capability::CAP_SETUID].contains(&capability);
        let of_groups = capability == Capability::CAP_SETGID;
        self.permitted.has(capability) && (has_user || of_groups) && (has_group || of_owners)
    }

    /// Whether the mode, or the list, gives it all of these bits, as any of the
    /// users that it can act as.
    fn may(&self, file: &Traits, wanted: u32) -> bool {
        self.uids.iter().any(|uid| self.may_as(*uid, file, wanted))
    }

    /// The first class that a user is in decides.
    fn may_as(&self, uid: u32, file: &Traits, wanted: u32) -> bool {
        let gives = |bits: u32| bits & wanted == wanted;
        let list = file.acl.as_deref().and_then(|it| acl::parse(it).ok()).unwrap_or_default();
        let mask = list.iter().find(|it| it.whom == Whom::Mask).map_or(0o7, |it| it.bits);
        if uid == file.uid {
            return gives(file.mode >> 6);
        }
        if let Some(entry) = list.iter().find(|it| it.user() == Some(uid)) {
            return gives(entry.bits & mask);
        }
        let is_in = |gid: u32| self.gids.contains(&gid);
        let owning = list.iter().find(|it| it.whom == Whom::OwningGroup);
        let owning = owning.map_or(file.mode >> 3, |it| it.bits & mask);
        let named = list.iter().filter(|it| it.group().is_some_and(is_in));
        let own = is_in(file.gid).then_some(owning).into_iter();
        let of_groups: Vec<u32> = own.chain(named.map(|it| it.bits & mask)).collect();
        if of_groups.is_empty() { gives(file.mode) } else { of_groups.into_iter().any(gives) }
    }

    /// Whether it gets through a folder, if need be by changing its mode.
    fn passes(&self, door: Door) -> bool {
        let Door { mode, uid, gid } = door;
        let may = |capability| self.counts(capability, uid, gid);
        mode & 0o001 != 0
            || self.uids.contains(&uid)
            || (mode & 0o010 != 0 && self.gids.contains(&gid))
            || [
                Capability::CAP_DAC_OVERRIDE,
                Capability::CAP_DAC_READ_SEARCH,
                Capability::CAP_FOWNER,
                Capability::CAP_SETUID,
                Capability::CAP_CHOWN,
            ]
            .into_iter()
            .any(may)
            || (mode & 0o010 != 0 && may(Capability::CAP_SETGID))
    }
}

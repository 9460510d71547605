//! What a process can get: what it holds, what root may take back, and what
//! the files give that it can execute.

mod files;
mod image;
mod power;

use std::collections::BTreeMap;

use caps::Capability;

use crate::model::capability::CapabilitySet;
use crate::model::fact::Fact;
use crate::model::reading::{Evidence, Gap, Reading, Reason};
use crate::model::source::Source;
use crate::model::target::Kind;
use crate::parse::file_capability::FileCapability;
use crate::parse::proc::idmap::IdMap;

use super::capabilities::Scope;
use super::identity::{Root, User};
use super::seccomp::Mode;
use super::view::{Process, View};
use super::{Held, Holder, capabilities, confinement, identity, no_new_privileges, seccomp};

pub use files::Gain;
use files::Having;
pub use power::{Extent, Power};

/// The powers of every process of a container.
#[derive(Clone, Debug)]
pub struct Powers {
    whose: Source,
    declared: Reading<Held<Span>>,
    /// Of a service whose lists have items that nobody knows: what the others give.
    in_part: Option<Reading<Held<Span>>>,
    each: Result<Vec<Reading<Held<Span>>>, Gap>,
}

/// From what a process has to what it could have at most.
#[derive(Clone, Debug)]
struct Span {
    own: Power,
    files: Power,
    at_most: Option<Power>,
    /// What of the files is not known.
    gap: Option<Gap>,
    /// The lines of `status`.
    lines: BTreeMap<&'static str, Evidence>,
    source: Source,
}

/// The most files that are named as evidence for one process.
const MOST_SHOWN: usize = 12;

impl Powers {
    /// The question whether a process can have something. It must be one that
    /// more power never answers with less: then what a process has already
    /// suffices for a yes, and what it could have at most for a no, and only in
    /// between the files decide.
    ///
    /// `lines` are further lines of `status` that the answer rests on.
    pub fn asked(&self, lines: &[&str], has: impl Fn(&Power) -> bool) -> Fact<Held<Power>> {
        let choose = |reading: &Reading<Held<Span>>| {
            reading.as_ref().and_then(|held| held.value.chosen(&held.by, lines, &has))
        };
        if let (Some(known), Reading::Missing(gap)) = (&self.in_part, &self.declared) {
            return Fact::declared_in_part(choose(known), Some(gap.clone()));
        }
        let each = self.each.as_ref().map(|each| each.iter().map(choose).collect());
        Fact::of_each(choose(&self.declared), &self.whose, each.map_err(Clone::clone))
    }

    /// As [`Powers::asked`], where the answer hangs on something of the whole
    /// container besides: what was asked for beside what was declared of it, and
    /// each process beside what the kernel says of it.
    pub fn asked_beside<T: Clone>(
        &self,
        other: &Fact<T>,
        lines: &[&str],
        has: impl Fn(&Power, &T) -> bool,
    ) -> Fact<Held<(Power, T)>> {
        let choose = |reading: &Reading<Held<Span>>, other: &Reading<T>| {
            reading.as_ref().zip(other.as_ref().shown_as(|_| vec![])).and_then(|(held, other)| {
                let chosen = held.value.chosen(&held.by, lines, &|power| has(power, other));
                chosen.map(|Held { by, value }| Held { by, value: (value, other.clone()) })
            })
        };
        // Of what does not run yet either may be known in part.
        if self.each.as_ref().is_err_and(|gap| gap.reason == Reason::NotRunning) {
            let known = self.in_part.as_ref().unwrap_or(&self.declared);
            let parts = other.deciding().iter().map(|it| choose(known, it));
            let gap = self.in_part.as_ref().map(|_| choose(&self.declared, other.declared()));
            return Fact::of_each(
                Reading::Inapplicable,
                &self.whose,
                Ok(parts.chain(gap).collect()),
            );
        }
        let declared = choose(&self.declared, other.declared());
        let each = self.each.as_ref().map(|each| {
            let beside = |it| other.effective().iter().map(move |other| choose(it, other));
            each.iter().flat_map(beside).collect()
        });
        Fact::of_each(declared, &self.whose, each.map_err(Clone::clone))
    }

    /// What each process can get by executing files.
    pub fn by_files(&self) -> Fact<Held<Power>> {
        self.asked(&[], Power::gains_by_files)
    }
}

impl Span {
    /// As much of it as answers the question, with what shows it.
    fn chosen(
        &self,
        by: &Holder,
        lines: &[&str],
        has: &impl Fn(&Power) -> bool,
    ) -> Reading<Held<Power>> {
        let (power, names): (_, &[&str]) = if has(&self.own) {
            (&self.own, &["Uid", "CapPrm"])
        } else if has(&self.files) {
            (&self.files, &["NoNewPrivs", "CapBnd"])
        } else {
            let undecided = self.at_most.as_ref().filter(|most| has(most));
            if let (Some(_), Some(gap)) = (undecided, &self.gap) {
                return Reading::Missing(gap.clone());
            }
            (&self.files, &["Uid", "NoNewPrivs", "CapBnd"])
        };
        let names = names.iter().chain(lines);
        let mut evidence: Vec<Evidence> =
            names.filter_map(|name| self.lines.get(name).cloned()).collect();
        if power.extent == Extent::Files && has(power) {
            let mut shown = power.gains.iter().take(MOST_SHOWN).map(|gain| {
                let file = &gain.file;
                Evidence::new(self.source.clone(), file.named(), file.traits.to_string())
            });
            // The gravest before all else, and the others after what bounds them.
            evidence.splice(0..0, shown.next());
            evidence.extend(shown);
        }
        Reading::Known(Held { by: by.clone(), value: power.clone() }, evidence)
    }
}

/// What decides over a process when it executes a file.
pub(super) struct Credentials {
    user: User,
    ids: [u32; 4],
    groups: Vec<u32>,
    uid_map: IdMap,
    gid_map: IdMap,
    /// The user that is root in the container's user namespace.
    outer_root: Option<u32>,
    permitted: CapabilitySet,
    inheritable: CapabilitySet,
    bounding: CapabilitySet,
    no_new_privileges: bool,
    seccomp: Mode,
    confined: bool,
    scope: Scope,
}

impl Credentials {
    /// What the process has, or can give itself: who may set its user id is as
    /// good as root, and root executes any file with all that its bounding set
    /// leaves, unless `no_new_privs` is set (`capabilities(7)`; `status` does
    /// not tell whether `SECBIT_NOROOT` is set, so it counts as not set).
    fn having(&self) -> Having {
        let having = Having {
            uids: self.ids.into(),
            gids: self.groups.iter().copied().collect(),
            capabilities: self.permitted,
        };
        if self.is_root(&having) { self.as_root(having) } else { having }
    }

    /// Whether somebody who has this is root of the process's user namespace.
    fn is_root(&self, having: &Having) -> bool {
        self.uid_map.outside(0).is_some_and(|root| {
            having.uids.contains(&root) || having.capabilities.has(Capability::CAP_SETUID)
        })
    }

    fn as_root(&self, mut having: Having) -> Having {
        having.uids.extend(self.uid_map.outside(0));
        if !self.no_new_privileges {
            having.capabilities = having.capabilities.union(self.bounding).union(self.inheritable);
        }
        having
    }

    /// What the capabilities of a file give. `None`: the kernel refuses to
    /// execute it (`bprm_caps_from_vfs_caps` in `security/commoncap.c`).
    fn given(&self, file: &FileCapability) -> Option<CapabilitySet> {
        let counts = file.root.is_none_or(|root| {
            root == 0 || Some(root) == self.uid_map.outside(0) || Some(root) == self.outer_root
        });
        if !counts {
            return Some(CapabilitySet::EMPTY);
        }
        let permitted = self.bounding.intersection(file.permitted);
        let given = permitted.union(self.inheritable.intersection(file.inheritable));
        let is_refused = file.effective && !file.permitted.without(given).is_empty();
        (!is_refused).then_some(given)
    }

    fn power(&self, having: &Having, extent: Extent, gains: Vec<Gain>) -> Power {
        let root = if having.uids.contains(&0) {
            Root::Host
        } else if self.is_root(having) {
            Root::Namespaced
        } else {
            Root::No
        };
        // The host's root rules the host from any namespace.
        let scope = if root == Root::Host { Scope::Host } else { self.scope };
        Power {
            user: self.user.clone(),
            root,
            users: having.uids.iter().copied().collect(),
            groups: having.gids.iter().copied().collect(),
            capabilities: having.capabilities,
            scope,
            seccomp: self.seccomp,
            confined: self.confined,
            no_new_privileges: self.no_new_privileges,
            gains,
            extent,
        }
    }

    /// What it could have if there were files that give everything; `None`
    /// where no file can give anything.
    fn at_most(&self) -> Option<Power> {
        let having = self.having();
        let all = self.bounding.union(self.inheritable);
        let sets_ids = [Capability::CAP_SETUID, Capability::CAP_SETGID]
            .into_iter()
            .all(|capability| having.capabilities.has(capability));
        let has_all = all.without(having.capabilities).is_empty() && sets_ids;
        if self.no_new_privileges || has_all {
            return None;
        }
        let most = self.as_root(having);
        Some(self.power(&most, Extent::AtMost, vec![]))
    }
}

pub(super) fn powers(view: &View<'_>) -> Powers {
    let source = view.files_source();
    let is_image = view.kind() == Kind::Image;
    // Nothing is mounted into an image, and nobody numbers its owners anew.
    let mounts = if is_image { Reading::of(Vec::new()) } else { view.mounts() };
    let survey = view.survey().zip(mounts);
    let ids = match view.init() {
        _ if is_image => Reading::of((IdMap::identity(), IdMap::identity())),
        Ok(first) => first.uid_map().zip(first.gid_map()),
        Err(gap) => Reading::Missing(gap),
    };
    let known = match &survey {
        Reading::Known((survey, mounts), _) => {
            Ok(files::counting(survey, ids.known(), mounts, &source))
        }
        Reading::Missing(gap) => Err(gap.clone()),
        Reading::Inapplicable => Err(Gap::not_collected(source.clone())),
    };
    let span = |own: &Credentials, lines| {
        let having = own.having();
        let alone = own.power(&having, Extent::Own, vec![]);
        let (files, gap) = match &known {
            _ if own.no_new_privileges => (alone.clone(), None),
            Ok((files, gap)) => {
                let (having, gains) = files::gains(own, files);
                (own.power(&having, Extent::Files, gains), gap.clone())
            }
            Err(gap) => (alone.clone(), Some(gap.clone())),
        };
        Span { own: alone, files, at_most: own.at_most(), gap, lines, source: source.clone() }
    };
    let each = view.init().and_then(|first| {
        view.of_each(|process| {
            // What shows it depends on what is asked.
            credentials(view, process, &first).unshown().map(|own| span(&own, lines(process)))
        })
    });
    let declared = if is_image {
        let span = |(own, lines)| view.declared(span(&own, lines));
        image::credentials(view).unshown().map(span)
    } else {
        declared(view, &source)
    };
    let is_open = view.kind().is_to_come() && matches!(declared, Reading::Missing(_));
    let in_part = view.in_part().filter(|_| is_open).map(|it| self::declared(&it, &source));
    Powers { whose: view.processes_source().clone(), declared, in_part, each }
}

fn credentials(
    view: &View<'_>,
    process: &Process<'_>,
    first: &Process<'_>,
) -> Reading<Credentials> {
    let set = |name: &'static str| process.status(name, move |status| status.capabilities(name));
    let users = process.status("Uid", |it| it.ids("Uid")).zip(identity::effective(process));
    let groups = process
        .status("Gid", |it| it.ids("Gid"))
        .zip(process.status("Groups", |it| it.numbers("Groups")));
    let maps = process.uid_map().zip(process.gid_map()).zip(first.uid_map());
    let sets = set("CapPrm").zip(set("CapInh")).zip(set("CapBnd"));
    let scope = capabilities::scope(process, first);
    let confined = confinement::effective(view, process).map(|it| it.is_engines());
    let modes = no_new_privileges::effective(process).zip(seccomp::effective(process));
    users.zip(groups).zip(maps).zip(sets).zip(modes.zip(scope.zip(confined))).map(
        |((((users, groups), maps), sets), ((no_new_privileges, seccomp), (scope, confined)))| {
            let ((ids, user), (own, mut groups)) = (users, groups);
            groups.extend(own);
            let ((uid_map, gid_map), outer) = maps;
            let ((permitted, inheritable), bounding) = sets;
            Credentials {
                user,
                ids,
                groups,
                uid_map,
                gid_map,
                outer_root: outer.outside(0),
                permitted,
                inheritable,
                bounding,
                no_new_privileges,
                seccomp,
                confined,
                scope,
            }
        },
    )
}

/// The lines that show what a power rests on.
fn lines(process: &Process<'_>) -> BTreeMap<&'static str, Evidence> {
    ["Uid", "Groups", "CapPrm", "CapBnd", "NoNewPrivs", "Seccomp"]
        .into_iter()
        .filter_map(|name| match process.status(name, |status| status.field(name)) {
            Reading::Known(_, evidence) => Some((name, evidence.into_iter().next()?)),
            Reading::Missing(_) | Reading::Inapplicable => None,
        })
        .collect()
}

/// What was asked for: a declared root has every capability, anybody else none
/// but what files give, and no declaration tells those.
fn declared(view: &View<'_>, source: &Source) -> Reading<Held<Span>> {
    capabilities::declared(view)
        .zip(identity::declared(view))
        .zip(no_new_privileges::declared(view).zip(seccomp::declared(view)))
        .zip(confinement::declared(view))
        .map(|(((capabilities, user), (flag, mode)), confinement)| {
            let (user, scope, all) =
                (user.value, capabilities.value.scope, capabilities.value.attainable);
            let is_root = user.root() != Root::No;
            let power = |is_root: bool, extent| Power {
                user: user.clone(),
                root: match (is_root, scope) {
                    (false, _) => Root::No,
                    (true, Scope::Host) => Root::Host,
                    (true, Scope::Container | Scope::Nested) => Root::Namespaced,
                },
                users: Vec::new(),
                groups: Vec::new(),
                capabilities: if is_root { all } else { CapabilitySet::EMPTY },
                scope,
                seccomp: mode.value,
                confined: confinement.value.is_engines(),
                no_new_privileges: flag.value,
                gains: Vec::new(),
                extent,
            };
            let detail = "no declaration tells what the image's files give";
            let gap = Gap::new(Reason::NotCollected, source.clone(), detail);
            view.declared(Span {
                own: power(is_root, Extent::Own),
                files: power(is_root, Extent::Own),
                at_most: (!flag.value).then(|| power(true, Extent::AtMost)),
                gap: Some(gap),
                lines: BTreeMap::new(),
                source: source.clone(),
            })
        })
}

//! A container's files: what a policy asks for, what everybody may write, and
//! what its own processes could rewrite.

mod found;
mod whom;
mod writers;

use std::borrow::Cow;
use std::sync::Arc;

use crate::model::bundle::Processes;
use crate::model::demand::{Applies, Demand, Owner};
use crate::model::fact::Fact;
use crate::model::files::Kind;
use crate::model::reading::{Evidence, Gap, Reading, Reason};
use crate::model::source::Source;
use crate::model::survey::{Group, Numbering, Survey, Unread};
use crate::model::target::Kind as Target;
use crate::parse::code;
use crate::parse::pattern::{self, Patterns};
use crate::parse::proc::idmap::IdMap;
use crate::parse::proc::mountinfo::{self, Mount};

use super::Held;
use super::numbering::by_auditor;
use super::view::View;
use found::{Found, astray};
use writers::Writer;

pub use writers::{Rewrite, Step, Steps};

/// Everything that is known of a container's files.
#[derive(Clone, Debug)]
pub struct Files {
    /// Whether they are an image's, and not a container's.
    is_shipped: bool,
    source: Source,
    whose: Source,
    looked: Reading<Arc<Looked>>,
    /// The user and the group of the first process, in the container.
    runtime: Reading<(u32, u32)>,
    /// The container's own names for users and groups.
    users: Reading<Vec<(String, u32)>>,
    groups: Reading<Vec<(String, u32)>>,
    /// Every process that could write.
    writers: Result<Vec<Reading<Held<Writer>>>, Gap>,
    /// The patterns of the code that the container's own processes run, and what
    /// of it cannot be told.
    code: Vec<String>,
    untold: Option<Gap>,
}

/// A look at all files, with what its numbers and mounts mean.
#[derive(Clone, Debug)]
struct Looked {
    /// The patterns that were looked for.
    patterns: Vec<String>,
    unread: Vec<Unread>,
    names: u64,
    entries: Vec<Entry>,
}

/// Files that are alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What they are and which.
    pub group: Group,
    /// The owner in the container's own numbering; `None` where it is nobody there.
    pub uid: Option<u32>,
    /// The group in the container's own numbering.
    pub gid: Option<u32>,
    /// Whether nothing can be written where they are.
    pub read_only: bool,
}

/// The files that a demand speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demanded {
    /// Those that are there.
    pub files: Vec<Entry>,
    /// Whom the demand names as owner, by number: none where it names nobody.
    pub owner: Option<Named>,
    /// Which group it names.
    pub group: Option<Named>,
}

/// Somebody whom a policy names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// This one.
    Id(u32),
    /// A name that the container does not know.
    Nobody,
}

pub(super) fn all(view: &View<'_>) -> Files {
    // Nobody has made the files of a Dockerfile yet.
    let looked = match view.kind() {
        Target::Dockerfile => Reading::Inapplicable,
        Target::Container | Target::Service | Target::Image => {
            view.survey().unshown().and_then(|survey| looked(view, survey))
        }
    };
    let first = view.init();
    let runtime =
        if view.kind() == Target::Image { whom::declared(view) } else { whom::in_force(first) };
    let users = view.accounts().unshown();
    let groups = view.groups().unshown();
    let processes = view.processes().map(Processes::all).unwrap_or_default();
    let of_process = |pid| code::of_process(view.bundle(), pid);
    let code: Vec<_> = processes.into_iter().map(of_process).collect();
    Files {
        is_shipped: view.kind() == Target::Image,
        source: view.files_source(),
        whose: view.processes_source().clone(),
        looked,
        runtime,
        users: users.map(|all| all.iter().map(|it| (it.name.to_owned(), it.uid)).collect()),
        groups: groups.map(|all| all.iter().map(|it| (it.name.to_owned(), it.gid)).collect()),
        writers: writers::all(view),
        code: code.iter().flat_map(|(patterns, _)| patterns.clone()).collect(),
        untold: code.into_iter().find_map(|(_, gap)| gap),
    }
}

fn looked(view: &View<'_>, survey: &Survey) -> Reading<Arc<Looked>> {
    // What the engine tells is in the container's numbering already.
    let maps = match survey.numbering {
        Numbering::Container => Reading::of(None),
        Numbering::Auditor => Reading::from(view.init())
            .and_then(|first| first.uid_map().zip(first.gid_map()))
            .unshown()
            .map(Some),
    };
    let ids = Reading::from(view.init()).and_then(|first| first.uid_map().zip(first.gid_map()));
    let mounts = view.mounts().unshown().known().cloned().unwrap_or_default();
    maps.map(|maps| {
        let inside = |id: u32, of: fn(&(IdMap, IdMap)) -> &IdMap| match &maps {
            None => Some(id),
            Some(maps) => of(maps).inside(id),
        };
        let entry = |group: &Group| Entry {
            uid: inside(group.traits.uid, |(uids, _)| uids),
            gid: inside(group.traits.gid, |(_, gids)| gids),
            read_only: is_read_only(&mounts, group.mount.raw()),
            // Processes are known by the auditor's numbers. Where nobody can tell
            // those, no process is known either.
            group: by_auditor(group, survey.numbering, ids.known())
                .map_or_else(|| group.clone(), Cow::into_owned),
        };
        let entries = survey.groups.iter().map(entry).collect();
        let Survey { patterns, unread, names, .. } = survey;
        let (patterns, unread) = (patterns.clone(), unread.clone());
        Arc::new(Looked { patterns, unread, names: *names, entries })
    })
}

fn is_read_only(mounts: &[Mount], point: &str) -> bool {
    let Some(mount) = mountinfo::at(mounts, point).filter(|it| it.is_read_only()) else {
        return false;
    };
    // The same files may be mounted for writing elsewhere.
    let mut others = mountinfo::elsewhere(mount, mounts).into_iter();
    !others.any(|(other, _)| !other.is_read_only() && !mountinfo::is_hidden(mounts, other))
}

impl Files {
    /// The files that a demand speaks of. Where a part of the tree that may hold
    /// some could not be looked at, that stands beside what was found.
    pub fn demanded(&self, demand: &Demand) -> Fact<Demanded> {
        let patterns = demand.patterns();
        let direct = demand.paths.len();
        let mut found = self.found(&patterns, &demand.except, |entry, fits| {
            let traits = &entry.group.traits;
            let is_meant = match demand.apply {
                Applies::Files => traits.kind != Kind::Folder,
                Applies::Folders => traits.kind == Kind::Folder,
                Applies::Both => true,
            };
            // The mode of a link itself means nothing; what it leads to counts.
            let is_named = fits.iter().any(|place| *place < direct);
            is_meant && (is_named || traits.kind != Kind::Link)
        });
        let known = found.looked.as_ref().map_or(&[][..], |it| &it.patterns);
        let is_named =
            |place: &usize| known.get(*place).is_some_and(|it| demand.paths.contains(it));
        let is_blind = |it: &&Entry| {
            let is_linked = it.group.traits.linked && it.group.traits.kind == Kind::Folder;
            is_linked && it.group.fits.iter().any(is_named)
        };
        if let Some(folder) = found.files.iter().find(is_blind).filter(|_| demand.recursive) {
            let named = folder.group.named();
            let detail =
                format!("{named} is a symbolic link: what lies behind it has another path");
            let gap = Gap::new(Reason::Unsupported, self.source.clone(), detail).mend(
                "add the path that it leads to to the entry's paths, and the link to its except",
            );
            found.gap.get_or_insert(gap);
        }
        // Of whom a demand speaks matters only where there is something.
        let whom = if found.files.is_empty() {
            Reading::of((None, None))
        } else {
            let owner = self.named(demand.owner.as_ref(), &self.users, |(uid, _)| uid);
            owner.zip(self.named(demand.group.as_ref(), &self.groups, |(_, gid)| gid))
        };
        let make = |files, (owner, group)| Demanded { files, owner, group };
        found.with(whom, &self.source, make)
    }

    fn named(
        &self,
        owner: Option<&Owner>,
        names: &Reading<Vec<(String, u32)>>,
        of: fn(&(u32, u32)) -> &u32,
    ) -> Reading<Option<Named>> {
        match owner {
            None => Reading::of(None),
            Some(Owner::Id(id)) => Reading::of(Some(Named::Id(*id))),
            Some(Owner::Runtime) => self.runtime.as_ref().map(|ids| Some(Named::Id(*of(ids)))),
            // Root has no other number, whatever the container's own files say.
            Some(Owner::Name(name)) if name == "root" => Reading::of(Some(Named::Id(0))),
            Some(Owner::Name(name)) => names.as_ref().map(|names| {
                let known = names.iter().find(|(it, _)| it == name);
                Some(known.map_or(Named::Nobody, |(_, id)| Named::Id(*id)))
            }),
        }
    }

    /// The files that fit some patterns, but for those that fit the others.
    pub fn fitting(&self, patterns: &[String], except: &[String]) -> Fact<Vec<Entry>> {
        if matches!(self.looked, Reading::Inapplicable) {
            return Fact::declared_only(Reading::Inapplicable);
        }
        let found = self.found(patterns, except, |_, _| true);
        found.with(Reading::of(()), &self.source, |files, ()| files)
    }

    /// Whether there is any file that fits.
    pub(super) fn are_there(&self, patterns: &[String]) -> Reading<bool> {
        let Found { looked, files, gap } = self.found(patterns, &[], |_, _| true);
        match (looked, files.is_empty(), gap) {
            (Err(gap), _, _) | (Ok(_), true, Some(gap)) => Reading::Missing(gap),
            (Ok(looked), is_none, _) => {
                let shown = format!("{} of {} files", files.len(), looked.names);
                let evidence = Evidence::new(self.source.clone(), "", shown);
                Reading::Known(!is_none, vec![evidence])
            }
        }
    }

    /// The same of an image; of whatever else nobody asks.
    pub fn shipped(&self, patterns: &[String], except: &[String]) -> Fact<Vec<Entry>> {
        if self.is_shipped {
            self.fitting(patterns, except)
        } else {
            Fact::declared_only(Reading::Inapplicable)
        }
    }

    /// The files that everybody may write, but for those that fit some patterns.
    pub fn exposed(&self, except: &[String]) -> Fact<Vec<Entry>> {
        let found = self.among(&[], except, |entry, _| {
            let (traits, leads) = (&entry.group.traits, entry.group.leads_to.is_some());
            traits.is_exposed() && !leads && !traits.linked
        });
        found.with(Reading::of(()), &self.source, |files, ()| files)
    }

    /// What each process could rewrite of the files that fit some patterns and of
    /// the code that the container's processes run, and by which step.
    pub fn rewritable(&self, patterns: &[String], except: &[String]) -> Fact<Held<Steps>> {
        let all: Vec<String> = patterns.iter().chain(&self.code).cloned().collect();
        let found = self.reaching(&all, except);
        let (entries, gap) = match found {
            Ok(found) => found,
            Err(gap) => return Fact::new(Reading::Inapplicable, Reading::Missing(gap)),
        };
        let gaps = gap.into_iter().chain(self.untold.clone()).map(Reading::Missing);
        let each = self.writers.as_ref().map_err(Clone::clone).map(|writers| {
            let shown = format!("{} kinds of files", entries.len());
            let looked = Reading::Known((), vec![Evidence::new(self.source.clone(), "", shown)]);
            let one = |writer: &Reading<Held<Writer>>| {
                looked.clone().zip(writer.as_ref()).map(|((), held)| Held {
                    by: held.by.clone(),
                    value: held.value.steps(&entries),
                })
            };
            writers.iter().map(one).chain(gaps.clone()).collect()
        });
        Fact::of_each(Reading::Inapplicable, &self.whose, each)
    }

    /// The files that fit, and the folders that lead to them.
    fn reaching(
        &self,
        patterns: &[String],
        except: &[String],
    ) -> Result<(Vec<Entry>, Option<Gap>), Gap> {
        let found = self.among(patterns, except, |entry, fits| {
            let kind = entry.group.traits.kind;
            let is_written = matches!(kind, Kind::File | Kind::Folder | Kind::Link);
            is_written && (!fits.is_empty() || entry.group.leads_to.is_some())
        });
        let Found { looked, files, gap } = found;
        match looked {
            Ok(looked) => {
                let text = |place: &usize| looked.patterns.get(*place);
                let wanted = |it: &Entry| {
                    it.group
                        .leads_to
                        .is_none_or(|to| text(&to).is_some_and(|it| patterns.contains(it)))
                };
                let (links, mut files): (Vec<Entry>, Vec<Entry>) = files
                    .into_iter()
                    .filter(wanted)
                    .partition(|it| it.group.traits.kind == Kind::Link);
                let gap = gap.or_else(|| astray(&links, &self.source));
                // The program first, then what is where it works, then its path.
                let rank = |it: &Entry| {
                    let places = it.group.fits.iter().chain(&it.group.leads_to);
                    let rank = |text: &String| self.code.iter().position(|it| it == text);
                    places.filter_map(text).filter_map(rank).min().unwrap_or(usize::MAX)
                };
                files.sort_by_cached_key(rank);
                Ok((files, gap))
            }
            Err(gap) => Err(gap),
        }
    }

    fn found(
        &self,
        patterns: &[String],
        except: &[String],
        is_meant: impl Fn(&Entry, &[usize]) -> bool,
    ) -> Found {
        self.among(patterns, except, |entry, fits| {
            entry.group.leads_to.is_none() && !fits.is_empty() && is_meant(entry, fits)
        })
    }

    /// The entries that `is_meant` picks, each with the places of those of the
    /// patterns that it fits, and what could not be looked at of where they may be.
    fn among(
        &self,
        patterns: &[String],
        except: &[String],
        is_meant: impl Fn(&Entry, &[usize]) -> bool,
    ) -> Found {
        let looked = match &self.looked {
            Reading::Known(looked, _) => Arc::clone(looked),
            Reading::Missing(gap) => return Found::unread(gap.clone()),
            Reading::Inapplicable => return Found::unread(Gap::not_collected(self.source.clone())),
        };
        let known = &looked.patterns;
        if let Some(pattern) = patterns.iter().chain(except).find(|it| !known.contains(it)) {
            let gap = |detail| Gap::new(Reason::NotCollected, self.source.clone(), detail);
            let gap = if self.code.contains(pattern) {
                gap("the processes run code from more places than one walk looks for".to_owned())
            } else {
                gap(format!("nobody looked for {pattern} when the evidence was collected"))
                    .mend("collect the evidence again with this policy")
            };
            return Found::unread(gap);
        }
        let in_list = |of: &[String]| -> Vec<Option<usize>> {
            known.iter().map(|text| of.iter().position(|it| it == text)).collect()
        };
        let (wanted, excepted) = (in_list(patterns), in_list(except));
        let places = |of: &[Option<usize>], entry: &Entry| -> Vec<usize> {
            entry.group.fits.iter().filter_map(|place| *of.get(*place)?).collect()
        };
        let files = looked
            .entries
            .iter()
            .filter(|entry| places(&excepted, entry).is_empty())
            .filter(|entry| is_meant(entry, &places(&wanted, entry)))
            .cloned()
            .collect();
        let gap = self.gap(&looked, patterns);
        Found { looked: Ok(looked), files, gap }
    }

    /// Why some of the files that fit may not have been seen. Without patterns
    /// any file may.
    fn gap(&self, looked: &Looked, patterns: &[String]) -> Option<Gap> {
        let unread = looked.unread.iter();
        let mut unread = unread.filter(|it| !pattern::is_left_out(it.below.raw(), patterns));
        if patterns.is_empty() {
            return unread.next().map(|it| it.gap.clone());
        }
        let first = unread.next()?;
        let reach = match Patterns::new(patterns) {
            Ok(reach) => reach,
            Err(detail) => return Some(Gap::new(Reason::Malformed, self.source.clone(), detail)),
        };
        let may_hold = |below: &str| below == "/" || reach.reaches(below.as_bytes());
        let mut all = std::iter::once(first).chain(unread);
        all.find(|it| may_hold(it.below.raw())).map(|it| it.gap.clone())
    }
}

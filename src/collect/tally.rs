//! Counts files into groups of those that are alike.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::survey::{Door, Group, NAMED, Traits};
use crate::model::untrusted::Untrusted;
use crate::parse::pattern::Marks;

/// The most groups. Files that differ in more ways were made to.
const MOST: usize = 1024;

/// How many are counted meanwhile, so that whoever comes first the same remain.
const ROOM: usize = 8 * MOST;

/// The longest path of which the whole is kept: as much as the kernel takes in
/// one go (`PATH_MAX`).
const LONGEST: usize = 4096;

/// What a look at files is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Met<'a> {
    /// Its path in the container, in whatever bytes.
    pub(super) path: &'a [u8],
    /// The patterns that it fits.
    pub(super) fits: Marks,
    /// The pattern to whose files it is a folder on the way.
    pub(super) leads_to: Option<usize>,
    /// The mount that it is on, by its place in the list of mounts.
    pub(super) mount: usize,
    /// What it is.
    pub(super) traits: &'a Traits,
    /// The folders above it that not everybody may pass.
    pub(super) doors: &'a Arc<[Door]>,
}

/// What the files of a group have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    fits: Marks,
    leads_to: Option<usize>,
    mount: usize,
    traits: Traits,
    doors: Arc<[Door]>,
}

impl Key {
    fn is_of(&self, met: &Met<'_>) -> bool {
        self.fits == met.fits
            && self.leads_to == met.leads_to
            && self.mount == met.mount
            && self.traits == *met.traits
            && (Arc::ptr_eq(&self.doors, met.doors) || self.doors == *met.doors)
    }
}

/// How many there are, and the first few.
#[derive(Debug, Default)]
struct Members {
    count: u64,
    paths: Vec<Box<[u8]>>,
}

impl Members {
    /// Keeps the first paths in the order of their bytes, whoever comes first.
    fn add(&mut self, path: &[u8]) {
        let is_late =
            self.paths.len() == NAMED && self.paths.last().is_some_and(|it| **it <= *path);
        if is_late {
            return;
        }
        let path = path.get(..LONGEST).unwrap_or(path);
        let place = self.paths.partition_point(|it| **it < *path);
        self.paths.insert(place, path.into());
        self.paths.truncate(NAMED);
    }
}

/// The groups so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    known: HashMap<Key, usize>,
    members: Vec<Members>,
    /// The group of the file before: neighbours are mostly alike.
    last: Option<(Key, usize)>,
    /// The first file for which there was no room, by its path.
    over: Option<Box<[u8]>>,
}

/// The doors above what lies in a folder, where those above the folder are known.
pub(super) fn doors_below(above: &Arc<[Door]>, folder: &Traits) -> Arc<[Door]> {
    let Traits { mode, uid, gid, .. } = *folder;
    let door = Door { mode, uid, gid };
    // Whom a list lets in is not weighed: it may be anybody.
    if mode & 0o001 != 0 || folder.acl.is_some() || above.contains(&door) {
        return Arc::clone(above);
    }
    let mut all: Vec<Door> = above.iter().copied().chain([door]).collect();
    all.sort_unstable();
    all.into()
}

impl Tally {
    /// Counts one file.
    pub(super) fn add(&mut self, met: &Met<'_>) {
        if let Some((key, place)) = &self.last
            && key.is_of(met)
        {
            if let Some(members) = self.members.get_mut(*place) {
                members.count += 1;
                members.add(met.path);
            }
            return;
        }
        let Met { fits, leads_to, mount, .. } = *met;
        let key =
            Key { fits, leads_to, mount, traits: met.traits.clone(), doors: Arc::clone(met.doors) };
        let Some(place) = self.place(&key, met.path) else { return };
        if let Some(members) = self.members.get_mut(place) {
            members.count += 1;
            members.add(met.path);
        }
        self.last = Some((key, place));
    }

    fn place(&mut self, key: &Key, path: &[u8]) -> Option<usize> {
        if let Some(place) = self.known.get(key) {
            return Some(*place);
        }
        if self.members.len() >= ROOM {
            self.leave_out(path);
            return None;
        }
        self.members.push(Members::default());
        self.known.insert(key.clone(), self.members.len() - 1);
        Some(self.members.len() - 1)
    }

    fn leave_out(&mut self, path: &[u8]) {
        if self.over.as_deref().is_none_or(|known| path < known) {
            self.over = Some(path.into());
        }
    }

    /// Takes in what another has counted.
    pub(super) fn merge(&mut self, other: Self) {
        self.last = None;
        let Self { known, mut members, over, .. } = other;
        for (key, theirs) in known {
            let Some(theirs) = members.get_mut(theirs).map(std::mem::take) else { continue };
            let first = theirs.paths.first().map(|it| &**it).unwrap_or_default();
            let Some(place) = self.place(&key, first) else { continue };
            if let Some(own) = self.members.get_mut(place) {
                own.count += theirs.count;
                theirs.paths.iter().for_each(|path| own.add(path));
            }
        }
        if let Some(path) = over {
            self.leave_out(&path);
        }
    }

    /// The groups by their first paths, and the first file for which there was
    /// no room. `point` tells where each mount is.
    pub(super) fn groups(
        self,
        point: impl Fn(usize) -> Untrusted,
    ) -> (Vec<Group>, Option<Untrusted>) {
        let Self { known, mut members, over, .. } = self;
        let mut groups: Vec<Group> = known
            .into_iter()
            .filter_map(|(key, place)| {
                let members = std::mem::take(members.get_mut(place)?);
                Some(Group {
                    fits: key.fits.places().collect(),
                    leads_to: key.leads_to,
                    mount: point(key.mount),
                    traits: key.traits,
                    doors: key.doors.to_vec(),
                    count: members.count,
                    paths: members.paths.iter().map(|path| Untrusted::from_bytes(path)).collect(),
                })
            })
            .collect();
        groups.sort_by(|one, other| {
            let key =
                |it: &Group| (it.leads_to, it.fits.clone(), it.traits.clone(), it.doors.clone());
            one.paths.cmp(&other.paths).then_with(|| key(one).cmp(&key(other)))
        });
        let over = over.map(|path| Untrusted::from_bytes(&path));
        let over = over.or_else(|| groups.get(MOST)?.paths.first().cloned());
        groups.truncate(MOST);
        (groups, over)
    }
}

/// How many groups there may be, for the message that there are more.
pub(super) const MOST_GROUPS: usize = MOST;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::files::Kind;

    fn traits(mode: u32) -> Traits {
        Traits {
            kind: Kind::File,
            linked: false,
            mode,
            uid: 0,
            gid: 0,
            fixed: None,
            acl: None,
            capability: None,
        }
    }

    fn add(tally: &mut Tally, path: &str, mode: u32) {
        let doors: Arc<[Door]> = Arc::new([]);
        tally.add(&Met {
            path: path.as_bytes(),
            fits: Marks::NONE,
            leads_to: None,
            mount: 0,
            traits: &traits(mode),
            doors: &doors,
        });
    }

    fn told(tally: Tally) -> Vec<(u32, u64, Vec<String>)> {
        let (groups, _) = tally.groups(|_| "/".into());
        let paths = |it: &Group| it.paths.iter().map(ToString::to_string).collect();
        groups.iter().map(|it| (it.traits.mode, it.count, paths(it))).collect()
    }

    #[test]
    fn whoever_comes_first_the_groups_are_the_same() {
        let names: Vec<String> = (0..30).map(|it| format!("/{:02}", it * 7 % 30)).collect();
        let (mut one, mut left, mut right) = (Tally::default(), Tally::default(), Tally::default());
        for (place, name) in names.iter().enumerate() {
            let mode = if place % 3 == 0 { 0o666 } else { 0o646 };
            add(&mut one, name, mode);
            add(if place % 2 == 0 { &mut left } else { &mut right }, name, mode);
        }
        right.merge(left);
        let one = told(one);
        assert_eq!(one, told(right));
        assert_eq!(
            one.iter().map(|(_, count, paths)| (*count, paths.len())).collect::<Vec<_>>(),
            [(10, 8), (20, 8)]
        );
    }

    #[test]
    fn files_that_differ_in_too_many_ways_are_not_kept() {
        let mut tally = Tally::default();
        for mode in 0..3000 {
            add(&mut tally, &format!("/{mode:04}"), mode);
        }
        let (groups, over) = tally.groups(|_| "/".into());
        assert_eq!(groups.len(), MOST);
        assert_eq!(over, Some("/1024".into()));
    }

    #[test]
    fn a_door_is_a_folder_that_not_everybody_may_pass() {
        let none: Arc<[Door]> = Arc::new([]);
        let open = doors_below(&none, &traits(0o755));
        assert!(Arc::ptr_eq(&open, &none));
        let closed = doors_below(&none, &traits(0o750));
        assert_eq!(*closed, [Door { mode: 0o750, uid: 0, gid: 0 }]);
        assert!(Arc::ptr_eq(&doors_below(&closed, &traits(0o750)), &closed));
    }
}

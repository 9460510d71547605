//! Where a walk begins: at the root of each mount.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, PoisonError};

use nix::fcntl::{OFlag, ResolveFlag};
use rustix::fs::AtFlags;

use super::folder::{Above, Folder, LISTED, Place, Walker};
use super::look::{kind, list, looked, may_have_acl, traits};
use super::queue::Queue;
use super::reach::open;
use super::{Walk, gives_privileges};
use crate::collect::kernel::root::Reach;
use crate::collect::tally::{Tally, doors_below};
use crate::model::files::Kind;
use crate::model::survey::{Door, Traits};
use crate::parse::pattern::Marks;
use crate::parse::proc::mountinfo::Mount;

impl Walk<'_> {
    /// The root of a mount: a folder to be walked, or a single file.
    pub(super) fn top(
        &self,
        handle: &OwnedFd,
        place: usize,
        mount: &Mount,
        gives: bool,
        tally: &mut Tally,
    ) -> Option<Folder> {
        let point = mount.point.as_bytes();
        let path = point.strip_suffix(b"/").unwrap_or(point);
        let refused = |errno| {
            self.note(point, errno);
            None
        };
        let stat = match looked(handle.as_fd(), c"", AtFlags::EMPTY_PATH) {
            Ok(stat) => stat,
            Err(errno) => return refused(errno),
        };
        self.spend(1, point);
        let queue = Queue::new(0, Vec::new());
        let mut walker = Walker::new(self, &queue);
        let (folder, name) = match path.iter().rposition(|byte| *byte == b'/') {
            Some(slash) => (path.get(..slash), path.get(slash + 1..)),
            None => (None, None),
        };
        let patterns = self.search.patterns;
        let outer = folder.map_or_else(|| patterns.start(), |it| patterns.at(it));
        patterns.names(name.unwrap_or_default(), &mut walker.hits);
        let fits = if name.is_some() { outer.fits(&walker.hits) } else { Marks::NONE };
        let gives = gives && gives_privileges(mount);
        let is_program = gives && kind(&stat) == Kind::File;
        let traits = walker.complete(point, fits, handle.as_fd(), &stat, is_program);
        let (above, doors) = self.around(path);
        let around =
            Place { cursor: outer, above, doors, mount: place, id: stat.stx_mnt_id, gives };
        walker.count(&around, point, fits, &traits);
        let inner = walker.inner(&around, path, fits, traits, name.is_none());
        tally.merge(walker.done());
        if kind(&stat) != Kind::Folder {
            return None;
        }
        match open(handle.as_fd(), c".", LISTED, ResolveFlag::RESOLVE_NO_XDEV) {
            Ok(handle) => Some(Folder { handle, path: path.to_vec(), depth: 0, place: inner }),
            Err(errno) => refused(errno),
        }
    }

    /// The folders above a mount point by which another could come into its
    /// place, and the doors among them all. Into the place of what is mounted
    /// itself none comes: the kernel lets nobody rename a mount point, but
    /// those above it (`rename(2)`, `EBUSY`).
    fn around(&self, point: &[u8]) -> (Option<Arc<Above>>, Arc<[Door]>) {
        let mut above: Option<Arc<Above>> = None;
        let mut doors: Arc<[Door]> = Arc::new([]);
        let slashes = point.iter().enumerate().filter(|(_, byte)| **byte == b'/');
        let mut folders = slashes.filter_map(|(slash, _)| point.get(..slash)).peekable();
        while let Some(folder) = folders.next() {
            let Some((traits, mount)) = self.folder(folder) else { break };
            let inner = doors_below(&doors, &traits);
            if folders.peek().is_some() {
                above = Some(Arc::new(Above {
                    parent: above,
                    path: folder.into(),
                    traits,
                    fits: Marks::NONE,
                    doors,
                    mount,
                    leads: Default::default(),
                }));
            }
            doors = inner;
        }
        (above, doors)
    }

    /// The folder in which the target of a symbolic link lies, with those above it.
    pub(super) fn above_target(&self, link: &[u8]) -> Option<Arc<Above>> {
        let real = self.root.real(std::str::from_utf8(link).ok()?)?;
        let (folder, _) = real.rsplit_once('/')?;
        self.chain(folder.as_bytes())
    }

    /// A folder with those above it, each made once for all links.
    fn chain(&self, folder: &[u8]) -> Option<Arc<Above>> {
        let known = || self.linked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(above) = known().get(folder) {
            return Some(Arc::clone(above));
        }
        let slash = folder.iter().rposition(|byte| *byte == b'/');
        let parent = slash.and_then(|slash| self.chain(folder.get(..slash)?));
        let doors = match &parent {
            Some(parent) => doors_below(&parent.doors, &parent.traits),
            None => Arc::new([]),
        };
        let (traits, mount) = self.folder(folder)?;
        let (path, fits, leads) = (folder.into(), Marks::NONE, Default::default());
        let above = Arc::new(Above { parent, path, traits, fits, doors, mount, leads });
        Some(Arc::clone(known().entry(folder.to_vec()).or_insert(above)))
    }

    /// A folder on the way to something that was reached.
    fn folder(&self, path: &[u8]) -> Option<(Traits, usize)> {
        let path = if path.is_empty() { b"/" } else { path };
        let handle = self.root.at(path, Reach::StraightOverMounts, OFlag::empty()).ok()?;
        let stat = looked(handle.as_fd(), c"", AtFlags::EMPTY_PATH).ok()?;
        let mut traits = traits(&stat);
        if may_have_acl(&stat, Marks::NONE) {
            traits.acl = list(handle.as_fd()).unwrap_or_else(|errno| {
                self.note(path, errno);
                None
            });
        }
        Some((traits, *self.numbered.get(&stat.stx_mnt_id)?))
    }
}

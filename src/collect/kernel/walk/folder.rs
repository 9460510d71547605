//! One folder after another: what is in each, counted as it is met.

use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use nix::errno::Errno;
use nix::fcntl::{OFlag, ResolveFlag};
use rustix::fs::{AtFlags, FileType, RawDir, Statx};

use super::look::{capability, is_on, kind, list, looked, may_have_acl, traits};
use super::queue::Queue;
use super::reach::open;
use super::{STRIDE, Walk};
use crate::collect::kernel::root::Reach;
use crate::collect::tally::{Met, Tally, doors_below};
use crate::model::files::Kind;
use crate::model::survey::{Door, Traits};
use crate::parse::pattern::{Cursor, Marks};

/// What the kernel is given to put a folder's names into, in one go.
const BUFFER: usize = 16 << 10;

/// A folder that is to be walked.
pub(super) struct Folder {
    pub(super) handle: OwnedFd,
    /// Without a slash at its end: empty for the root.
    pub(super) path: Vec<u8>,
    pub(super) depth: usize,
    pub(super) place: Place,
}

/// What is known of everything in one folder.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) cursor: Arc<Cursor>,
    /// The folder itself; none above the root of all.
    pub(super) above: Option<Arc<Above>>,
    pub(super) doors: Arc<[Door]>,
    /// The mount that it is on: by its place in the list, and by its number.
    pub(super) mount: usize,
    pub(super) id: u64,
    /// Whether files there can give privileges.
    pub(super) gives: bool,
}

/// A folder that others are in, for what leads to files that are looked for.
pub(super) struct Above {
    pub(super) parent: Option<Arc<Self>>,
    pub(super) path: Box<[u8]>,
    pub(super) traits: Traits,
    /// The patterns that it fits itself.
    pub(super) fits: Marks,
    pub(super) doors: Arc<[Door]>,
    pub(super) mount: usize,
    /// The patterns to whose files it is known to lead.
    pub(super) leads: [AtomicU64; 4],
}

/// One of several that walk a tree together.
pub(super) struct Walker<'a, 'w> {
    walk: &'a Walk<'w>,
    queue: &'a Queue<Folder>,
    tally: Tally,
    /// The names of the patterns that the present name fits.
    pub(super) hits: Vec<usize>,
    /// How many names it has met and not yet told of.
    met: u64,
}

/// How a folder is opened to be listed.
pub(super) const LISTED: OFlag =
    OFlag::O_RDONLY.union(OFlag::O_DIRECTORY).union(OFlag::O_NOFOLLOW).union(OFlag::O_NONBLOCK);

impl<'a, 'w> Walker<'a, 'w> {
    pub(super) fn new(walk: &'a Walk<'w>, queue: &'a Queue<Folder>) -> Self {
        Self { walk, queue, tally: Tally::default(), hits: Vec::new(), met: 0 }
    }

    pub(super) fn done(mut self) -> Tally {
        self.walk.spend(std::mem::take(&mut self.met), b"/");
        self.tally
    }

    /// Walks a folder and all below it.
    pub(super) fn walk(&mut self, folder: Folder) {
        let Folder { handle, mut path, depth, place } = folder;
        self.list(&handle, &mut path, depth, &place);
    }

    /// Meets every name of a folder, and goes down at once into each folder
    /// among them, so that no list of names is ever held.
    fn list(&mut self, handle: &OwnedFd, path: &mut Vec<u8>, depth: usize, place: &Place) {
        let mut buffer = Vec::with_capacity(BUFFER);
        let mut names = RawDir::new(handle, buffer.spare_capacity_mut());
        let length = path.len();
        let has_mounts = self.walk.has_mounts_in(path);
        while let Some(entry) = names.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.walk.note(path, Errno::from_raw(error.raw_os_error()));
                    return;
                }
            };
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            path.push(b'/');
            path.extend_from_slice(name.to_bytes());
            self.met += 1;
            let goes_on = self.met < STRIDE || self.walk.spend(std::mem::take(&mut self.met), path);
            if goes_on && !(has_mounts && self.walk.mounts.contains(path.as_slice())) {
                self.meet(handle, name, entry.file_type(), path, depth, place);
            }
            path.truncate(length);
            if !goes_on {
                return;
            }
        }
    }

    fn meet(
        &mut self,
        folder: &OwnedFd,
        name: &CStr,
        hint: FileType,
        path: &mut Vec<u8>,
        depth: usize,
        place: &Place,
    ) {
        self.hits.clear();
        if !place.cursor.is_done() {
            self.walk.search.patterns.names(name.to_bytes(), &mut self.hits);
        }
        let fits = place.cursor.fits(&self.hits);
        match hint {
            FileType::Directory | FileType::Unknown => {
                match open(folder.as_fd(), name, LISTED, ResolveFlag::RESOLVE_NO_XDEV) {
                    Ok(handle) => return self.enter(handle, path, depth, place, fits),
                    Err(Errno::ENOTDIR | Errno::ELOOP) => {}
                    Err(errno) => self.walk.note(path, errno),
                }
            }
            FileType::RegularFile => {}
            // Of anything else nobody asks unless its path was asked for.
            FileType::Symlink
            | FileType::Socket
            | FileType::Fifo
            | FileType::CharacterDevice
            | FileType::BlockDevice => {
                if fits.is_none() {
                    return;
                }
            }
        }
        match looked(folder.as_fd(), name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) if is_on(&stat, place.id) => {
                self.single(folder, name, &stat, path, place, fits)
            }
            Ok(_) => self.walk.note(path, Errno::EXDEV),
            Err(errno) => self.walk.note(path, errno),
        }
    }

    /// Goes down into a folder, or lets another walker do it.
    fn enter(
        &mut self,
        handle: OwnedFd,
        path: &mut Vec<u8>,
        depth: usize,
        place: &Place,
        fits: Marks,
    ) {
        let stat = match looked(handle.as_fd(), c"", AtFlags::EMPTY_PATH) {
            Ok(stat) => stat,
            Err(errno) => return self.walk.note(path, errno),
        };
        let traits = self.complete(path, fits, handle.as_fd(), &stat, false);
        self.count(place, path, fits, &traits);
        let depth = depth + 1;
        if depth > self.walk.limits.depth {
            return self.walk.note_deep(path);
        }
        let place = self.inner(place, path, fits, traits, false);
        if self.queue.is_wanted() {
            self.queue.give(Folder { handle, path: path.clone(), depth, place });
        } else {
            self.list(&handle, path, depth, &place);
        }
    }

    /// What is known of everything in a folder that was just met; its name's
    /// hits are the present ones.
    pub(super) fn inner(
        &self,
        place: &Place,
        path: &[u8],
        fits: Marks,
        traits: Traits,
        is_root: bool,
    ) -> Place {
        let patterns = self.walk.search.patterns;
        let doors = doors_below(&place.doors, &traits);
        let cursor = if is_root {
            Arc::clone(&place.cursor)
        } else {
            patterns.below(&place.cursor, &self.hits)
        };
        let (parent, above, mount) = (place.above.clone(), Arc::clone(&place.doors), place.mount);
        let own = Above {
            parent,
            path: path.into(),
            traits,
            fits,
            doors: above,
            mount,
            leads: Default::default(),
        };
        Place { cursor, above: Some(Arc::new(own)), doors, ..*place }
    }

    /// Counts what is no folder, and looks closer at it where its mode does not
    /// say all: through a handle, so that everything speaks of the same file.
    fn single(
        &mut self,
        folder: &OwnedFd,
        name: &CStr,
        stat: &Statx,
        path: &[u8],
        place: &Place,
        fits: Marks,
    ) {
        if kind(stat) == Kind::Link && !fits.is_none() {
            if let Some(traits) = self.followed(path, stat) {
                self.count(place, path, fits, &traits);
                // Whoever can replace what it leads to need not touch the link.
                self.lead(self.walk.above_target(path).as_ref(), fits);
            }
            return;
        }
        let is_program = place.gives && stat.stx_mode & 0o111 != 0 && kind(stat) == Kind::File;
        if !is_program && !may_have_acl(stat, fits) {
            return self.count(place, path, fits, &traits(stat));
        }
        let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW;
        let again = open(folder.as_fd(), name, flags, ResolveFlag::RESOLVE_NO_XDEV)
            .and_then(|it| looked(it.as_fd(), c"", AtFlags::EMPTY_PATH).map(|stat| (it, stat)));
        match again {
            Ok((handle, stat)) => {
                let traits = self.complete(path, fits, handle.as_fd(), &stat, is_program);
                self.count(place, path, fits, &traits);
            }
            Err(errno) => self.walk.note(path, errno),
        }
    }

    /// What a symbolic link leads to, resolved by the kernel inside the
    /// container's root and on the root's own file system: the link itself where
    /// it leads elsewhere, and nothing where nothing is.
    fn followed(&self, path: &[u8], link: &Statx) -> Option<Traits> {
        let target = self
            .walk
            .root
            .at(path, Reach::OneFileSystem, OFlag::empty())
            .and_then(|it| looked(it.as_fd(), c"", AtFlags::EMPTY_PATH));
        match target {
            Ok(stat) => Some(Traits { linked: true, ..traits(&stat) }),
            Err(Errno::ENOENT | Errno::ENOTDIR) => None,
            Err(_) => Some(traits(link)),
        }
    }

    /// What a file is, with what its extended attributes add.
    pub(super) fn complete(
        &self,
        path: &[u8],
        fits: Marks,
        handle: BorrowedFd<'_>,
        stat: &Statx,
        is_program: bool,
    ) -> Traits {
        let mut traits = traits(stat);
        let or_note = |read: Result<Option<String>, Errno>| {
            read.unwrap_or_else(|errno| {
                self.walk.note(path, errno);
                None
            })
        };
        if is_program && traits.kind == Kind::File {
            traits.capability = or_note(capability(handle));
        }
        if may_have_acl(stat, fits) {
            traits.acl = or_note(list(handle));
        }
        traits
    }

    /// Counts a file if it matters, and what leads to it.
    pub(super) fn count(&mut self, place: &Place, path: &[u8], fits: Marks, traits: &Traits) {
        let matters = !fits.is_none() || (place.gives && traits.gives()) || traits.is_exposed();
        if !matters {
            return;
        }
        let Place { doors, mount, .. } = place;
        self.tally.add(&Met { path, fits, leads_to: None, mount: *mount, traits, doors });
        if !fits.is_none() {
            self.lead(place.above.as_ref(), fits);
        }
    }

    /// Notes in every folder above that files of these patterns are below it.
    fn lead(&mut self, mut above: Option<&Arc<Above>>, fits: Marks) {
        while let Some(folder) = above {
            let fresh = folder.leads_to(fits);
            if fresh.is_none() {
                break;
            }
            let path = if folder.path.is_empty() { b"/" } else { &*folder.path };
            for pattern in fresh.places() {
                self.tally.add(&Met {
                    path,
                    fits: folder.fits,
                    leads_to: Some(pattern),
                    mount: folder.mount,
                    traits: &folder.traits,
                    doors: &folder.doors,
                });
            }
            above = folder.parent.as_ref();
        }
    }
}

impl Above {
    /// Notes that files of these patterns are below; those that nobody knew of.
    fn leads_to(&self, marks: Marks) -> Marks {
        let mut known = [0; 4];
        for ((word, own), known) in marks.words().into_iter().zip(&self.leads).zip(&mut known) {
            *known = own.load(Ordering::Relaxed);
            if word & !*known != 0 {
                *known = own.fetch_or(word, Ordering::Relaxed);
            }
        }
        marks.without(Marks::from_words(known))
    }
}

//! A walk through a container's files, from its root down.
//!
//! It goes hand over hand: each name is opened from its folder's handle, as
//! itself (`O_PATH`, no symlink followed), and never onto another mount
//! (`RESOLVE_NO_XDEV` of `openat2(2)`). Only folders are opened for reading, so
//! no device, FIFO or socket does anything. Other mounts are entered one by
//! one, from the recorded list, and only where a file system of this kernel is
//! found to be mounted: what another program or host serves may never answer.

mod reach;

use std::collections::BTreeSet;
use std::ffi::CString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::dir::{Dir, Type};
use nix::errno::Errno;
use nix::fcntl::{OFlag, ResolveFlag};
use nix::sys::stat::{FileStat, fstat};

use super::root::{Root, kind};
use crate::model::files::Kind;
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::untrusted::Untrusted;
use crate::parse::proc::mountinfo::Mount;
#[cfg(test)]
pub(super) use reach::mount_number;
use reach::{Reach, open};

/// How far a walk goes; beyond it is a gap.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// How many folders deep. Each level holds one handle open.
    pub(super) depth: usize,
    /// How many names. A Debian desktop has half a million.
    pub(super) names: usize,
    /// How long.
    pub(super) time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 128, names: 2_000_000, time: Duration::from_secs(20) }
    }
}

/// What a walk is for.
pub(super) trait Visitor {
    /// Whether the files of this mount matter.
    fn enters(&self, mount: &Mount) -> bool;

    /// Whether files of this kind are to be looked at. Folders are walked in any case.
    fn wants(&self, kind: Kind) -> bool;

    /// Looks at one file. An error is a reason to end the walk.
    fn visit(&mut self, found: &Found<'_>) -> Result<(), Gap>;
}

/// A file that was met.
pub(super) struct Found<'a> {
    /// Its path in the container, in whatever bytes.
    pub(super) path: &'a [u8],
    /// The file itself, as a handle that can be looked at and not be read.
    pub(super) handle: BorrowedFd<'a>,
    /// What it is.
    pub(super) stat: &'a FileStat,
}

/// Walks everything that the visitor enters, and says what could not be seen.
pub(super) fn walk(
    root: &Root,
    mounts: &[Mount],
    host: &[Mount],
    source: &Source,
    limits: Limits,
    visitor: &mut impl Visitor,
) -> Vec<Gap> {
    let known = mounts.iter().map(|mount| mount.point.as_bytes()).collect();
    let mut walk = Walk {
        known,
        source,
        limits,
        begin: Instant::now(),
        names: 0,
        refused: Refused::default(),
        deep: None,
        unread: Vec::new(),
    };
    let reach = Reach { root, mounts, host, source };
    for mount in reach.with_files() {
        if !visitor.enters(mount) {
            continue;
        }
        match reach.root_of(mount) {
            Ok(handle) => {
                if let Err(gap) = walk.tree(&handle, mount.point.as_bytes(), visitor) {
                    walk.unread.push(gap);
                    break;
                }
            }
            Err(gap) => walk.unread.push(gap),
        }
    }
    walk.unread.extend(walk.refused.gap(source));
    walk.unread.extend(walk.deep);
    walk.unread
}

struct Walk<'a> {
    /// Where something is known to be mounted.
    known: BTreeSet<&'a [u8]>,
    source: &'a Source,
    limits: Limits,
    begin: Instant,
    names: usize,
    refused: Refused,
    deep: Option<Gap>,
    unread: Vec<Gap>,
}

/// One folder on the way down, and what of it is still to be looked at.
struct Level {
    folder: OwnedFd,
    /// The length of its path.
    path: usize,
    names: std::vec::IntoIter<(CString, Option<Kind>)>,
}

/// What may not be looked at: the first one by name, the rest by number.
#[derive(Default)]
struct Refused {
    first: Option<(Untrusted, Errno)>,
    more: usize,
}

impl Refused {
    fn add(&mut self, path: &[u8], errno: Errno) {
        if self.first.is_some() {
            self.more += 1;
        } else {
            self.first = Some((Untrusted::from_bytes(path), errno));
        }
    }

    fn gap(&self, source: &Source) -> Option<Gap> {
        let (path, errno) = self.first.as_ref()?;
        let more = match self.more {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let is_denied = matches!(errno, Errno::EACCES | Errno::EPERM);
        let reason = if is_denied { Reason::Denied } else { Reason::Unsupported };
        let detail = format!("{path}{more} could not be looked at: {}", errno.desc());
        let remedy = "run as root, or with CAP_DAC_READ_SEARCH on the host";
        Some(Gap::new(reason, source.clone(), detail).mend(remedy))
    }
}

impl Walk<'_> {
    /// One mount: a folder with all below it, or a single file.
    fn tree(&mut self, top: &OwnedFd, point: &[u8], visitor: &mut impl Visitor) -> Result<(), Gap> {
        let mut path = point.strip_suffix(b"/").unwrap_or(point).to_vec();
        self.look(top, point, visitor)?;
        let mut levels = Vec::new();
        levels.extend(self.list(top.as_fd(), c".", &path)?);
        loop {
            let depth = levels.len();
            let Some(level) = levels.last_mut() else { return Ok(()) };
            path.truncate(level.path);
            let Some((name, hint)) = level.names.next() else {
                levels.pop();
                continue;
            };
            path.push(b'/');
            path.extend_from_slice(name.to_bytes());
            self.spend(&path)?;
            let folder = level.folder.as_fd();
            let is_deep = depth >= self.limits.depth;
            let wanted = hint.is_none_or(|kind| visitor.wants(kind));
            let mut is_folder = hint == Some(Kind::Folder);
            if wanted {
                let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW;
                match open(folder, name.as_c_str(), flags, ResolveFlag::RESOLVE_NO_XDEV) {
                    Ok(handle) => is_folder = self.look(&handle, &path, visitor)?,
                    Err(errno) => {
                        self.note(&path, errno);
                        continue;
                    }
                }
            }
            if is_folder && is_deep {
                let shown = Untrusted::from_bytes(&path);
                let detail = format!("{shown} lies more than {depth} folders deep");
                self.deep.get_or_insert(Gap::new(Reason::TooLarge, self.source.clone(), detail));
            } else if is_folder {
                let next = self.list(folder, name.as_c_str(), &path)?;
                levels.extend(next);
            }
        }
    }

    /// Shows one file to the visitor, if it wants it; whether it is a folder.
    fn look(
        &mut self,
        handle: &OwnedFd,
        path: &[u8],
        visitor: &mut impl Visitor,
    ) -> Result<bool, Gap> {
        match fstat(handle) {
            Ok(stat) => {
                let kind = kind(&stat);
                if visitor.wants(kind) {
                    visitor.visit(&Found { path, handle: handle.as_fd(), stat: &stat })?;
                }
                Ok(kind == Kind::Folder)
            }
            Err(errno) => {
                self.note(path, errno);
                Ok(false)
            }
        }
    }

    /// A folder's names, in the order of their bytes: the same tree, the same walk.
    fn list(
        &mut self,
        above: BorrowedFd<'_>,
        name: &std::ffi::CStr,
        path: &[u8],
    ) -> Result<Option<Level>, Gap> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
        let opened = open(above, name, flags, ResolveFlag::RESOLVE_NO_XDEV);
        let read = opened.and_then(|folder| {
            let mut reader = Dir::from_fd(folder.try_clone().map_err(|_| Errno::EMFILE)?)?;
            // What is over the limit is only counted as one too many.
            let most = self.limits.names.saturating_sub(self.names).saturating_add(3);
            let mut names = reader
                .iter()
                .take(most)
                .map(|entry| {
                    entry.map(|it| (it.file_name().to_owned(), it.file_type().map(kind_of)))
                })
                .filter(|entry| {
                    !matches!(entry, Ok((name, _)) if matches!(name.to_bytes(), b"." | b".."))
                })
                .collect::<Result<Vec<_>, Errno>>()?;
            names.sort();
            Ok(Level { folder, path: path.len(), names: names.into_iter() })
        });
        match read {
            Ok(level) => Ok(Some(level)),
            // A mount may be a single file.
            Err(Errno::ENOTDIR) => Ok(None),
            Err(errno) => {
                self.note(path, errno);
                Ok(None)
            }
        }
    }

    /// What could not be opened, unless that is as it should be: it is gone, or
    /// something is mounted there, which is a walk of its own.
    fn note(&mut self, path: &[u8], errno: Errno) {
        let is_known_mount = errno == Errno::EXDEV && self.known.contains(path);
        if errno != Errno::ENOENT && !is_known_mount {
            self.refused.add(path, errno);
        }
    }

    /// One more name, if the limits allow it.
    fn spend(&mut self, path: &[u8]) -> Result<(), Gap> {
        let shown = || Untrusted::from_bytes(path);
        let gap = |reason, detail| {
            Err(Gap::new(reason, self.source.clone(), detail)
                .mend("set no-new-privileges, so that no file can raise privileges"))
        };
        if self.names >= self.limits.names {
            let detail = format!("the walk ended after {} names, at {}", self.names, shown());
            return gap(Reason::TooLarge, detail);
        }
        if self.names.is_multiple_of(256) && self.begin.elapsed() > self.limits.time {
            let time = self.limits.time.as_secs();
            let detail =
                format!("the walk ended after {time} s and {} names, at {}", self.names, shown());
            return gap(Reason::TimedOut, detail);
        }
        self.names += 1;
        Ok(())
    }
}

const fn kind_of(kind: Type) -> Kind {
    match kind {
        Type::Fifo => Kind::Fifo,
        Type::CharacterDevice => Kind::CharacterDevice,
        Type::Directory => Kind::Folder,
        Type::BlockDevice => Kind::BlockDevice,
        Type::File => Kind::File,
        Type::Symlink => Kind::Link,
        Type::Socket => Kind::Socket,
    }
}

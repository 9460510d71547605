//! What stands at a container's mount points, and which devices it has.
//!
//! A mount may be served by another program or another host, and never answer.
//! So each is looked at only where everything on the way is a file system of
//! this kernel's own, and through a handle that is proved to be on that mount.
//! What the host sees too is looked at there: the way is the host's then.

use std::path::Path;

use nix::dir::Dir;
use nix::errno::Errno;

use super::local::{is_kernels, is_local};
use super::process::Process;
use super::root::Root;
use crate::model::files::{File, Kind, Listing};
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::untrusted::Untrusted;
use crate::parse::path::{clean, is_within};
use crate::parse::proc::mountinfo::{self, Mount};

/// The most mount points, and the most entries of `/dev`, that are looked at.
const MOST: usize = 4096;

/// How deep `/dev` is looked into: `/dev/bus/usb/001/002` and no deeper.
const DEEPEST: usize = 5;

/// Folders that systems have moved away, with a link in their place (FHS 3.0, 5.9 and 5.13).
/// Engines follow it, and the kernel names where it leads alone.
const MOVED: [&str; 2] = ["/var/lock", "/var/run"];

/// Somebody's files: a root folder and the mounts that are seen from it.
struct Place<'h> {
    root: Root,
    mounts: Vec<Mount>,
    /// What the host's first process sees mounted.
    host: &'h [Mount],
}

impl<'h> Place<'h> {
    fn of(process: &Process, mounts: Vec<Mount>, host: &'h [Mount]) -> Result<Self, Gap> {
        let source = Source::proc(process.pid(), "root");
        let root = process.root().map_err(|errno| refused(source, "the root folder", errno))?;
        Ok(Self { root, mounts, host })
    }

    /// What the auditor itself sees.
    fn own(proc: &Path, host: &'h [Mount]) -> Result<Self, Gap> {
        let own = Process::own(proc)?;
        let source = Source::proc(own.pid(), "mountinfo");
        let mounts = mountinfo::parse(&own.peek("mountinfo").unwrap_or_default())
            .map_err(|detail| Gap::new(Reason::Malformed, source, detail))?;
        Self::of(&own, mounts, host)
    }

    /// The folders that were moved, each with where its link leads.
    fn moved(&self) -> Vec<(&'static str, String)> {
        let leads = |name: &'static str| {
            let target = self.root.link(name)?;
            let from = if target.starts_with('/') { "" } else { "/var/" };
            Some((name, clean(&format!("{from}{target}"))))
        };
        MOVED.into_iter().filter_map(leads).collect()
    }

    /// Whether everything on the way to `path` answers by itself.
    fn is_local(&self, path: &str, spared: &str) -> bool {
        let on_the_way = self
            .mounts
            .iter()
            .filter(|it| is_within(path, &it.point) && !mountinfo::is_hidden(&self.mounts, it));
        on_the_way
            .filter(|it| it.point != spared)
            .all(|it| is_local(it, self.host) || is_kernels(it))
    }
}

/// The file or folder at each mount point of a container.
pub(super) fn mount_points(
    proc: &Path,
    viewer: &Process,
    mounts: &[Mount],
    host: &[Mount],
) -> Result<Listing, Gap> {
    let source = Source::mount_points(viewer.pid());
    let named = |gap: Gap| Gap { source: source.clone(), ..gap };
    let own = Place::own(proc, host);
    let theirs = Place::of(viewer, mounts.to_vec(), host);
    let moved = theirs.as_ref().map(Place::moved).unwrap_or_default();
    let mut listing = Listing::default();
    let seen = mounts.iter().filter(|it| !is_kernels(it) && !mountinfo::is_hidden(mounts, it));
    for (count, mount) in seen.enumerate() {
        if count == MOST {
            let detail = format!("the container has over {MOST} mounts");
            listing.unread.push(Gap::new(Reason::TooLarge, source.clone(), detail));
            break;
        }
        let by_host = own.as_ref().ok().and_then(|own| {
            mountinfo::elsewhere(mount, &own.mounts)
                .into_iter()
                // The host's own root answers, or nothing on it does.
                .filter(|(_, path)| own.is_local(path, "/"))
                .find_map(|(on, path)| look(&own.root, &path, on.id, &mount.point).ok())
        });
        let found = by_host.map(Ok).unwrap_or_else(|| {
            let place = theirs.as_ref().map_err(|gap| named(gap.clone()))?;
            let point = Untrusted::from(mount.point.as_str());
            if !place.is_local(&mount.point, "") {
                return Err(not_local(&source, &mount.point));
            }
            look(&place.root, &mount.point, mount.id, &mount.point).map_err(|errno| {
                refused(source.clone(), &format!("the mount point {point}"), errno)
            })
        });
        match found {
            Ok(files) => {
                let names = moved.iter().filter(|(_, target)| *target == mount.point);
                let under = |name: &str| Some(File { path: name.into(), ..files.first()?.clone() });
                listing.files.extend(names.filter_map(|(name, _)| under(name)));
                listing.files.extend(files);
            }
            Err(gap) => listing.unread.push(gap),
        }
    }
    Ok(listing)
}

/// What stands at `path`, on the mount of this number, under the name `point`:
/// it, and where it is a folder the sockets in it. A socket is known by its
/// inode, so its name in the folder does not matter.
fn look(root: &Root, path: &str, mount: u32, point: &str) -> Result<Vec<File>, Errno> {
    let named = |path: &str, file: File| File { path: path.into(), ..file };
    let file = named(point, root.on_mount(path, mount)?);
    let mut found = vec![file];
    if found.iter().any(|file| file.kind == Kind::Folder) {
        for name in names(root, path, mount).unwrap_or_default() {
            let inside = |folder: &str| format!("{}/{name}", folder.trim_end_matches('/'));
            match root.on_mount(&inside(path), mount) {
                Ok(file) if file.kind == Kind::Socket => found.push(named(&inside(point), file)),
                Ok(_) | Err(_) => {}
            }
        }
    }
    Ok(found)
}

fn not_local(source: &Source, path: &str) -> Gap {
    let path = Untrusted::from(path);
    let detail = format!("{path} is not on a file system of this kernel's own");
    Gap::new(Reason::Unsupported, source.clone(), detail)
}

/// The device nodes in a container's `/dev`.
pub(super) fn devices(viewer: &Process, mounts: &[Mount], host: &[Mount]) -> Result<Listing, Gap> {
    let source = Source::devices(viewer.pid());
    let place = Place::of(viewer, mounts.to_vec(), host)
        .map_err(|gap| Gap { source: source.clone(), ..gap })?;
    let mut listing = Listing::default();
    let mut folders = vec![("/dev".to_owned(), 1)];
    let mut count = 0;
    while let Some((folder, depth)) = folders.pop() {
        let Some(mount) = covering(&place.mounts, &folder) else { continue };
        // Nobody opens a device through a mount with `nodev` (mount(8)).
        let is_own = folder == "/dev" || mount.point != folder;
        if !is_own && (mount.has("nodev") || is_kernels(mount)) {
            continue;
        }
        if !place.is_local(&folder, "") {
            listing.unread.push(not_local(&source, &folder));
            continue;
        }
        let names = match names(&place.root, &folder, mount.id) {
            Ok(names) => names,
            Err(Errno::ENOENT) => continue,
            Err(errno) => {
                let shown = Untrusted::from(folder.as_str()).to_string();
                listing.unread.push(refused(source.clone(), &shown, errno));
                continue;
            }
        };
        for name in names {
            count += 1;
            if count > MOST || depth > DEEPEST {
                let detail =
                    format!("/dev holds over {MOST} entries, or folders deeper than {DEEPEST}");
                listing.unread.push(Gap::new(Reason::TooLarge, source.clone(), detail));
                return Ok(listing);
            }
            let path = format!("{folder}/{name}");
            let Some(mount) = covering(&place.mounts, &path) else { continue };
            if mount.point == path && !place.is_local(&path, "") {
                listing.unread.push(not_local(&source, &path));
                continue;
            }
            match place.root.on_mount(&path, mount.id) {
                Ok(file) => match file.kind {
                    Kind::CharacterDevice | Kind::BlockDevice => listing.files.push(file),
                    Kind::Folder => folders.push((path, depth + 1)),
                    Kind::File | Kind::Link | Kind::Socket | Kind::Fifo => {}
                },
                Err(Errno::ENOENT) => {}
                Err(errno) => {
                    let shown = Untrusted::from(path.as_str()).to_string();
                    listing.unread.push(refused(source.clone(), &shown, errno));
                }
            }
        }
    }
    listing.files.sort_by(|one, other| one.path.raw().cmp(other.path.raw()));
    Ok(listing)
}

fn names(root: &Root, folder: &str, mount: u32) -> Result<Vec<String>, Errno> {
    let mut entries = Dir::from_fd(root.folder_on_mount(folder, mount)?)?;
    let mut names = Vec::new();
    for entry in entries.iter().take(MOST + 2) {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name != "." && name != ".." {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// The visible mount on which `path` stands.
fn covering<'a>(mounts: &'a [Mount], path: &str) -> Option<&'a Mount> {
    mounts
        .iter()
        .filter(|it| is_within(path, &it.point) && !mountinfo::is_hidden(mounts, it))
        .max_by_key(|it| it.point.trim_end_matches('/').len())
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the kernel's list of errors is its own affair")]
pub(super) fn refused(source: Source, what: &str, errno: Errno) -> Gap {
    match errno {
        Errno::EACCES | Errno::EPERM => {
            Gap::new(Reason::Denied, source, format!("the kernel refused {what}"))
                .mend("run as root, or with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH on the host")
        }
        Errno::ENOENT | Errno::ESRCH | Errno::ESTALE => {
            Gap::new(Reason::Gone, source, format!("{what} is not there any more"))
                .mend("run the audit again while the container runs")
        }
        other => {
            Gap::new(Reason::Unsupported, source, format!("{what}: the kernel answered {other}"))
        }
    }
}

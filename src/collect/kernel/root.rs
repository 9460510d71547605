//! A container's own files, through a handle that no symlink leads out of.
//!
//! Every path is resolved by the kernel inside the container's root
//! (`openat2(2)` with `RESOLVE_IN_ROOT` and no magic links), and nothing is
//! opened before it is known to be a regular file or a folder: opening a device
//! or a FIFO may already do something, or never end.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use nix::NixPath;
use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, open, openat2, readlink, readlinkat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, major, minor};

use super::local::is_local;
use crate::model::files::{File, Kind};
use crate::parse::path::is_within;
use crate::parse::proc::mountinfo::Mount;

/// How far a path may lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Not onto another file system: what is mounted there may never answer.
    OneFileSystem,
    /// Onto whatever is mounted, where somebody has looked what that is.
    Mounts,
    /// As [`Reach::Mounts`], and only by the way that was looked at: a symlink
    /// would lead another.
    StraightOverMounts,
}

/// The root folder of a process, held open.
pub(super) struct Root {
    folder: OwnedFd,
}

impl Root {
    /// The root that `folder`, a handle opened with `O_PATH`, stands for.
    pub(super) const fn new(folder: OwnedFd) -> Self {
        Self { folder }
    }

    /// The folder itself, as a handle that can be looked at and not be read.
    pub(super) fn handle(&self) -> BorrowedFd<'_> {
        self.folder.as_fd()
    }

    /// A handle to what a path names, symlinks followed inside the root. It
    /// can be looked at and not be read.
    pub(super) fn at<P: ?Sized + NixPath>(
        &self,
        path: &P,
        reach: Reach,
        flags: OFlag,
    ) -> Result<OwnedFd, Errno> {
        let mut resolve = ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS;
        resolve |= match reach {
            Reach::OneFileSystem => ResolveFlag::RESOLVE_NO_XDEV,
            Reach::Mounts => ResolveFlag::empty(),
            Reach::StraightOverMounts => ResolveFlag::RESOLVE_NO_SYMLINKS,
        };
        let how = OpenHow::new().flags(OFlag::O_PATH | OFlag::O_CLOEXEC | flags).resolve(resolve);
        resolved(self.folder.as_fd(), path, how)
    }

    /// Where a path leads on the root's own file system, no symbolic link left in
    /// it, or `None` where that cannot be told.
    pub(super) fn real(&self, path: &str) -> Option<String> {
        let file = self.at(path, Reach::OneFileSystem, OFlag::empty()).ok()?;
        let (own, real) = (shown(self.folder.as_raw_fd())?, shown(file.as_raw_fd())?);
        let real = real.strip_prefix(own.trim_end_matches('/'))?;
        (real.starts_with('/') || real.is_empty()).then(|| real.to_owned())
    }

    /// What a symbolic link says, where one stands at `path` on the root's own file system.
    pub(super) fn link(&self, path: &str) -> Option<String> {
        let link = self.at(path, Reach::OneFileSystem, OFlag::O_NOFOLLOW).ok()?;
        // Of a handle to a link itself (`readlink(2)`).
        readlinkat(link.as_fd(), "").ok()?.into_string().ok()
    }

    /// What a path names, symlinks followed.
    pub(super) fn stat(&self, path: &str, reach: Reach) -> Result<File, Errno> {
        let file = self.at(path, reach, OFlag::empty())?;
        Ok(described(path, &fstat(&file)?))
    }

    /// What stands at `path`, no symlink followed on the way, where that is on
    /// the mount of this number (`proc_pid_mountinfo(5)`).
    ///
    /// The handle alone asks nothing of the file system; its number is proved
    /// before anything does.
    pub(super) fn on_mount(&self, path: &str, mount: u32) -> Result<File, Errno> {
        let file = self.proved(path, mount, OFlag::O_NOFOLLOW)?;
        Ok(described(path, &fstat(&file)?))
    }

    /// A folder opened for listing, on the mount of this number.
    pub(super) fn folder_on_mount(&self, path: &str, mount: u32) -> Result<OwnedFd, Errno> {
        let flags = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW;
        reopened(&self.proved(path, mount, flags)?, OFlag::O_DIRECTORY)
    }

    fn proved(&self, path: &str, mount: u32, flags: OFlag) -> Result<OwnedFd, Errno> {
        let resolve = ResolveFlag::RESOLVE_IN_ROOT
            | ResolveFlag::RESOLVE_NO_MAGICLINKS
            | ResolveFlag::RESOLVE_NO_SYMLINKS;
        let how = OpenHow::new().flags(OFlag::O_PATH | OFlag::O_CLOEXEC | flags).resolve(resolve);
        let file = resolved(self.folder.as_fd(), path, how)?;
        if mount_number(file.as_fd()) == Some(mount) { Ok(file) } else { Err(Errno::ESTALE) }
    }

    /// A regular file opened for reading.
    pub(super) fn open(&self, path: &str, reach: Reach) -> Result<std::fs::File, Errno> {
        let file = self.at(path, reach, OFlag::empty())?;
        match kind(&fstat(&file)?) {
            Kind::File => reopened(&file, OFlag::empty()).map(Into::into),
            Kind::Folder => Err(Errno::EISDIR),
            Kind::Link | Kind::Socket | Kind::Fifo | Kind::CharacterDevice | Kind::BlockDevice => {
                Err(Errno::EINVAL)
            }
        }
    }

    /// The names in a folder, but for `.` and `..`, as far as `most` of them.
    pub(super) fn list(&self, path: &str, reach: Reach, most: usize) -> Result<Vec<String>, Errno> {
        let folder = reopened(&self.at(path, reach, OFlag::O_DIRECTORY)?, OFlag::O_DIRECTORY)?;
        let mut names = Vec::new();
        for entry in Dir::from_fd(folder)?.into_iter().take(most) {
            let name = entry?.file_name().to_string_lossy().into_owned();
            names.extend(Some(name).filter(|it| it != "." && it != ".."));
        }
        Ok(names)
    }
}

/// How far the way to a file may lead. Engines and people mount single files over an
/// image's own. What stands on the way may be crossed where it surely answers; by a
/// symlink the way would be another one.
pub(super) fn reach(path: &str, mounts: &[Mount], hosts: &[Mount]) -> Reach {
    let mut on_the_way =
        mounts.iter().filter(|it| it.point != "/" && is_within(path, &it.point)).peekable();
    if on_the_way.peek().is_some() && on_the_way.all(|it| is_local(it, hosts)) {
        Reach::StraightOverMounts
    } else {
        Reach::OneFileSystem
    }
}

/// How often the kernel is asked again. A rename or a mount takes microseconds,
/// a container that renames without end must not hold anybody up.
const ATTEMPTS: usize = 256;

/// What a path leads to. While anything on the host is renamed or mounted, the
/// kernel cannot prove that a `..` stays inside, and says so (`EAGAIN` in
/// `openat2(2)`): then it is asked again.
fn resolved<P: ?Sized + NixPath>(
    folder: BorrowedFd<'_>,
    path: &P,
    how: OpenHow,
) -> Result<OwnedFd, Errno> {
    for _ in 1..ATTEMPTS {
        match openat2(folder, path, how) {
            Err(Errno::EAGAIN) => std::thread::yield_now(),
            answer => return answer,
        }
    }
    openat2(folder, path, how)
}

/// The path of an open file, as its mount namespace has it.
fn shown(file: RawFd) -> Option<String> {
    let path = readlink(format!("/proc/self/fd/{file}").as_str()).ok()?;
    path.into_string().ok()
}

/// The number of the mount that a handle is on (`proc_pid_fdinfo(5)`).
pub(super) fn mount_number(file: BorrowedFd<'_>) -> Option<u32> {
    let path = format!("/proc/self/fdinfo/{}", file.as_raw_fd());
    let text = std::fs::read_to_string(path).ok()?;
    text.lines().find_map(|line| line.strip_prefix("mnt_id:"))?.trim().parse().ok()
}

/// The same file, for reading: through the handle, so that it cannot have been
/// replaced meanwhile.
fn reopened(file: &OwnedFd, flags: OFlag) -> Result<OwnedFd, Errno> {
    let again = format!("/proc/self/fd/{}", file.as_raw_fd());
    open(again.as_str(), OFlag::O_RDONLY | OFlag::O_CLOEXEC | flags, Mode::empty())
}

/// A file as the evidence has it, its file capabilities left out.
pub(super) fn described(path: &str, stat: &FileStat) -> File {
    let kind = kind(stat);
    let numbers = |device| {
        let narrow = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        (narrow(major(device)), narrow(minor(device)))
    };
    let is_device = matches!(kind, Kind::CharacterDevice | Kind::BlockDevice);
    File {
        path: path.into(),
        kind,
        mode: stat.st_mode & 0o7777,
        uid: stat.st_uid,
        gid: stat.st_gid,
        device: numbers(stat.st_dev),
        inode: stat.st_ino,
        stands_for: is_device.then(|| numbers(stat.st_rdev)),
        capability: None,
    }
}

pub(super) fn kind(stat: &FileStat) -> Kind {
    match SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits()) {
        SFlag::S_IFDIR => Kind::Folder,
        SFlag::S_IFLNK => Kind::Link,
        SFlag::S_IFSOCK => Kind::Socket,
        SFlag::S_IFIFO => Kind::Fifo,
        SFlag::S_IFCHR => Kind::CharacterDevice,
        SFlag::S_IFBLK => Kind::BlockDevice,
        _ => Kind::File,
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test lays out its own files")]
mod tests {
    use super::*;
    use std::io::Read;

    fn laid_out() -> (tempfile::TempDir, Root) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("etc")).unwrap();
        std::fs::write(dir.path().join("etc/passwd"), "inside").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", dir.path().join("absolute")).unwrap();
        std::os::unix::fs::symlink("../../../../etc/hostname", dir.path().join("outside")).unwrap();
        nix::unistd::mkfifo(&dir.path().join("fifo"), Mode::S_IRWXU).unwrap();
        let root = open(dir.path(), OFlag::O_PATH | OFlag::O_DIRECTORY, Mode::empty()).unwrap();
        (dir, Root::new(root))
    }

    #[test]
    fn a_link_says_where_it_leads_and_nothing_else_does() {
        let (_dir, root) = laid_out();
        assert_eq!(root.link("/absolute").as_deref(), Some("/etc/passwd"));
        assert_eq!(root.link("/"), None);
        assert_eq!(root.link("/missing"), None);
    }

    #[test]
    fn a_symlink_never_leads_out_of_the_root() {
        let (_dir, root) = laid_out();
        let mut text = String::new();
        root.open("absolute", Reach::OneFileSystem).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "inside");
        assert_eq!(root.stat("outside", Reach::Mounts).unwrap_err(), Errno::ENOENT);
    }

    #[test]
    fn a_path_with_dots_is_resolved_while_other_files_are_renamed() {
        let (dir, root) = laid_out();
        let (one, other) = (dir.path().join("one"), dir.path().join("other"));
        std::fs::write(&one, "").unwrap();
        let is_over = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                    std::fs::rename(&one, &other).unwrap();
                    std::fs::rename(&other, &one).unwrap();
                }
            });
            let path = "etc/../etc/../etc/../etc/../etc/passwd";
            let at = |_| root.at(path, Reach::OneFileSystem, OFlag::empty());
            let found: Vec<_> = (0..20_000).map(at).filter_map(Result::err).collect();
            is_over.store(true, std::sync::atomic::Ordering::Relaxed);
            assert_eq!(found, []);
        });
    }

    #[test]
    fn what_is_on_another_mount_is_not_asked_and_no_symlink_is_followed() {
        let (dir, root) = laid_out();
        let handle = open(dir.path(), OFlag::O_PATH, Mode::empty()).unwrap();
        let mount = mount_number(handle.as_fd()).unwrap();
        assert_eq!(root.on_mount("/etc", mount).unwrap().kind, Kind::Folder);
        assert_eq!(root.on_mount("/etc", mount + 1).unwrap_err(), Errno::ESTALE);
        assert_eq!(root.on_mount("/absolute", mount).unwrap().kind, Kind::Link);
        std::os::unix::fs::symlink("/etc", dir.path().join("other")).unwrap();
        assert_eq!(root.on_mount("/other/passwd", mount).unwrap_err(), Errno::ELOOP);
        assert_eq!(root.folder_on_mount("/fifo", mount).unwrap_err(), Errno::ENOTDIR);
    }

    #[test]
    fn what_is_no_regular_file_is_not_opened() {
        let (_dir, root) = laid_out();
        assert_eq!(root.open("fifo", Reach::Mounts).unwrap_err(), Errno::EINVAL);
        assert_eq!(root.stat("fifo", Reach::Mounts).unwrap().kind, Kind::Fifo);
        assert_eq!(root.open("etc", Reach::Mounts).unwrap_err(), Errno::EISDIR);
    }
}

//! One process's files, through a handle that a reused pid cannot fool.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, open, openat, readlinkat};
use nix::sys::stat::{Mode, fstatat};

use super::root::{Reach, Root};
use crate::model::bundle::Answer;
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::untrusted::Untrusted;
use crate::parse::proc::mountinfo;

/// The most bytes that are accepted of one kernel file. A container with ten
/// thousand mounts has a `mountinfo` of about 2 MiB.
const CAP: usize = 8 << 20;

/// A process's folder in `/proc`, held open: once the process has ended, every
/// read through it fails, even if its number was given to another.
pub(super) struct Process {
    pid: u32,
    folder: OwnedFd,
}

impl Process {
    /// Opens the process's folder.
    pub(super) fn open(proc: &Path, pid: u32) -> Result<Self, Gap> {
        Self::open_as(proc, &pid.to_string(), pid)
    }

    /// Opens the auditor's own folder, whatever number it has here.
    pub(super) fn own(proc: &Path) -> Result<Self, Gap> {
        Self::open_as(proc, "self", std::process::id())
    }

    fn open_as(proc: &Path, name: &str, pid: u32) -> Result<Self, Gap> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        open(&proc.join(name), flags, Mode::empty())
            .map(|folder| Self { pid, folder })
            .map_err(|errno| gap(Source::proc(pid, ""), errno))
    }

    /// The names in one folder, such as the threads in `task`.
    pub(super) fn list(&self, folder: &str) -> Result<Vec<String>, Gap> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let read = || -> Result<Vec<String>, Errno> {
            let mut entries = Dir::openat(self.folder.as_fd(), folder, flags, Mode::empty())?;
            entries
                .iter()
                .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
                .collect()
        };
        read().map_err(|errno| gap(Source::proc(self.pid, folder), errno))
    }

    /// The process's number.
    pub(super) const fn pid(&self) -> u32 {
        self.pid
    }

    /// The text of one file.
    pub(super) fn read(&self, file: &str) -> Result<Answer, Gap> {
        let source = Source::proc(self.pid, file);
        match self.bytes(file) {
            Ok(bytes) => text(&bytes, source),
            // Without a security module that labels processes, the kernel has
            // no attribute to give: `security_getprocattr` answers EINVAL.
            Err(Errno::EINVAL) if file == "attr/current" => Ok(Answer::Nothing),
            Err(errno) => Err(gap(source, errno)),
        }
    }

    /// The process's root folder.
    pub(super) fn root(&self) -> Result<Root, Errno> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        openat(self.folder.as_fd(), "root", flags, Mode::empty()).map(Root::new)
    }

    /// The container's accounts: a regular file below the process's root.
    ///
    /// Read only from a file system of this kernel's own, as `mounts` tells
    /// it: another program or host may serve the rest, and never answer.
    pub(super) fn accounts(
        &self,
        mounts: &Result<Answer, Gap>,
        place: &str,
        keep: impl FnOnce(&str) -> String,
    ) -> Result<Answer, Gap> {
        let source = Source::proc(self.pid, place);
        let Some(path) = place.strip_prefix("root/") else {
            return Err(gap(source, Errno::EINVAL));
        };
        if !is_local(mounts) {
            let detail = "the container's root is not on a file system of this kernel's own";
            return Err(Gap::new(Reason::Unsupported, source, detail));
        }
        let read = || bounded(self.root()?.open(path, Reach::OneFileSystem)?);
        match read() {
            Ok(bytes) => text(keep(&String::from_utf8_lossy(&bytes)).as_bytes(), source),
            Err(Errno::ENOENT) => {
                Err(Gap::new(Reason::Unsupported, source, "the container has no such file"))
            }
            Err(errno) => Err(gap(source, errno)),
        }
    }

    /// What a link points to, such as `net:[4026531840]`.
    pub(super) fn link(&self, name: &str) -> Result<Answer, Gap> {
        readlinkat(self.folder.as_fd(), name)
            .map(|target| Answer::Text(target.to_string_lossy().into_owned().into()))
            .map_err(|errno| gap(Source::proc(self.pid, name), errno))
    }

    /// The number of a file's inode, recorded as `source`.
    pub(super) fn inode(&self, file: &str, source: Source) -> Result<Answer, Gap> {
        fstatat(self.folder.as_fd(), file, AtFlags::empty())
            .map(|stat| Answer::Text(stat.st_ino.to_string().into()))
            .map_err(|errno| gap(source, errno))
    }

    /// The number of a file's inode, where it can be read; for the collector's own use.
    pub(super) fn peek_inode(&self, file: &str) -> Option<u64> {
        fstatat(self.folder.as_fd(), file, AtFlags::empty()).ok().map(|stat| stat.st_ino)
    }

    /// When the process started, in clock ticks since boot: field 22 of
    /// `proc_pid_stat(5)`. With the pid it names a process for good.
    pub(super) fn start(&self) -> Option<u64> {
        let stat = String::from_utf8_lossy(&self.bytes("stat").ok()?).into_owned();
        // The name is in parentheses and may hold anything, also parentheses.
        let (_, after_name) = stat.rsplit_once(')')?;
        after_name.split_whitespace().nth(19)?.parse().ok()
    }

    /// The environment that the process was started with, as `keep` wants it.
    pub(super) fn environment(&self, keep: impl FnOnce(&str) -> String) -> Result<Answer, Gap> {
        let source = Source::proc(self.pid, "environ");
        match self.bytes("environ") {
            Ok(bytes) => text(keep(&String::from_utf8_lossy(&bytes)).as_bytes(), source),
            Err(errno) => Err(gap(source, errno)),
        }
    }

    /// A file's text, where it can be read; for the collector's own use.
    pub(super) fn peek(&self, file: &str) -> Option<String> {
        self.bytes(file).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A link's target, where it can be read; for the collector's own use.
    pub(super) fn peek_link(&self, name: &str) -> Option<String> {
        let target = readlinkat(self.folder.as_fd(), name).ok()?;
        Some(target.to_string_lossy().into_owned())
    }

    fn bytes(&self, file: &str) -> Result<Vec<u8>, Errno> {
        let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
        bounded(openat(self.folder.as_fd(), file, flags, Mode::empty())?.into())
    }
}

/// The text of a host file that the kernel serves.
pub(super) fn read_file(path: &Path, source: Source) -> Result<Answer, Gap> {
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
    match open(path, flags, Mode::empty()).and_then(|fd| bounded(fd.into())) {
        Ok(bytes) => text(&bytes, source),
        Err(Errno::ENOENT) => {
            Err(Gap::new(Reason::Unsupported, source, "this host does not serve the file"))
        }
        Err(errno) => Err(gap(source, errno)),
    }
}

/// The text of a file that need not be there: a cgroup has no limit file where
/// its controller is not enabled. The folder must be there to say so.
pub(super) fn read_optional(path: &Path, source: Source) -> Result<Answer, Gap> {
    let folder_is_there = path.parent().is_some_and(Path::is_dir);
    match read_file(path, source) {
        Err(gap) if gap.reason == Reason::Unsupported && folder_is_there && !path.exists() => {
            Ok(Answer::Nothing)
        }
        other => other,
    }
}

/// File systems that answer by themselves: no program and no other host behind them.
pub(super) const LOCAL: [&str; 13] = [
    "btrfs", "devtmpfs", "erofs", "ext2", "ext3", "ext4", "f2fs", "overlay", "ramfs", "squashfs",
    "tmpfs", "xfs", "zfs",
];

/// Whether the root of these mounts is on one of them.
fn is_local(mounts: &Result<Answer, Gap>) -> bool {
    let Ok(Answer::Text(text)) = mounts else { return false };
    mountinfo::parse(text.raw())
        .ok()
        .and_then(|mounts| Some(LOCAL.contains(&mountinfo::at(&mounts, "/")?.kind.as_str())))
        .unwrap_or(false)
}

/// Reads to the end, one byte further than is accepted.
fn bounded(file: File) -> Result<Vec<u8>, Errno> {
    let mut bytes = Vec::new();
    file.take(CAP as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| error.raw_os_error().map_or(Errno::EIO, Errno::from_raw))?;
    Ok(bytes)
}

fn text(bytes: &[u8], source: Source) -> Result<Answer, Gap> {
    if bytes.len() > CAP {
        return Err(Gap::new(
            Reason::TooLarge,
            source,
            format!("the file is larger than {CAP} bytes"),
        ));
    }
    Ok(Answer::Text(Untrusted::from_bytes(bytes)))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the kernel's list of errors is its own affair")]
pub(super) fn gap(source: Source, errno: Errno) -> Gap {
    match errno {
        Errno::ENOENT | Errno::ESRCH => {
            Gap::new(Reason::Gone, source, "the process is not there any more")
                .mend("run the audit again while the container runs")
        }
        Errno::EACCES | Errno::EPERM => Gap::new(Reason::Denied, source, "the kernel refused it")
            .mend("run as root, or with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH on the host"),
        other => Gap::new(Reason::Unsupported, source, format!("the kernel answered {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_very_process_can_be_read() {
        let pid = std::process::id();
        let me = Process::open(Path::new("/proc"), pid).unwrap();
        assert!(me.start().is_some());
        let Ok(Answer::Text(status)) = me.read("status") else { panic!("status is readable") };
        assert!(status.raw().contains("CapBnd:"));
    }

    #[test]
    fn a_process_that_has_ended_is_gone_even_through_an_open_handle() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let held = Process::open(Path::new("/proc"), child.id()).unwrap();
        assert!(held.read("status").is_ok());
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(held.read("status").unwrap_err().reason, Reason::Gone);
        assert_eq!(held.start(), None);
    }
}

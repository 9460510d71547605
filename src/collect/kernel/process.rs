//! One process's files, through a handle that a reused pid cannot fool.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, open, openat, readlinkat};
use nix::sys::stat::{Mode, fstatat};

use super::root::Root;
use crate::collect::redact;
use crate::model::bundle::Answer;
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::untrusted::Untrusted;

/// The most bytes that are accepted of one kernel file. A container with ten
/// thousand mounts has a `mountinfo` of about 2 MiB.
const CAP: usize = 8 << 20;

/// The most bytes that are read of a table of the network: about a million
/// connections, each a line of 150 bytes.
const LONGEST_TABLE: u64 = 160 << 20;

/// The most bytes that are kept of one: about five thousand listeners.
const LONGEST_KEPT: usize = 512 << 10;

/// The most open files of one process that are looked at.
const MOST_DESCRIPTORS: usize = 100_000;

/// A process's folder in `/proc`, held open: once the process has ended, every
/// read through it fails, even if its number was given to another.
pub(super) struct Process {
    pid: u32,
    folder: OwnedFd,
    /// A thread's folder, where the first thread has ended and others go on:
    /// of the first one the kernel keeps credentials, and no more its
    /// namespaces, mounts, files and cgroups.
    living: Option<OwnedFd>,
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
            .map(|folder| Self { pid, living: outlived(&folder), folder })
            .map_err(|errno| gap(Source::proc(pid, ""), errno))
    }

    /// The folder in which the kernel keeps a file: the process's own, or that
    /// of a thread that outlived the first.
    fn folder_of(&self, file: &str) -> BorrowedFd<'_> {
        let is_kept = ["stat", "status", "task"].contains(&file) || file.starts_with("task/");
        self.living.as_ref().filter(|_| !is_kept).unwrap_or(&self.folder).as_fd()
    }

    /// The names in one folder, such as the threads in `task`.
    pub(super) fn list(&self, folder: &str) -> Result<Vec<String>, Gap> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let read = || -> Result<Vec<String>, Errno> {
            let mut entries = Dir::openat(self.folder_of(folder), folder, flags, Mode::empty())?;
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
        openat(self.folder_of("root"), "root", flags, Mode::empty()).map(Root::new)
    }

    /// What a link points to, such as `net:[4026531840]`.
    pub(super) fn link(&self, name: &str) -> Result<Answer, Gap> {
        readlinkat(self.folder_of(name), name)
            .map(|target| Answer::Text(target.to_string_lossy().into_owned().into()))
            .map_err(|errno| gap(Source::proc(self.pid, name), errno))
    }

    /// The number of a file's inode, recorded as `source`.
    pub(super) fn inode(&self, file: &str, source: Source) -> Result<Answer, Gap> {
        fstatat(self.folder_of(file), file, AtFlags::empty())
            .map(|stat| Answer::Text(stat.st_ino.to_string().into()))
            .map_err(|errno| gap(source, errno))
    }

    /// The lines of a table of the process's network that `keep` keeps, read one
    /// by one: a hundred thousand connections are passed by and not held.
    ///
    /// Where the network has no such table, as without IPv6, that is known.
    pub(super) fn lines(
        &self,
        file: &str,
        keep: impl Fn(&str) -> Option<String>,
    ) -> Result<Answer, Gap> {
        let source = Source::proc(self.pid, file);
        let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
        let table = match openat(self.folder_of(file), file, flags, Mode::empty()) {
            Ok(table) => BufReader::new(File::from(table).take(LONGEST_TABLE + 1)),
            Err(Errno::ENOENT) if self.has_network() => return Ok(Answer::Nothing),
            Err(errno) => return Err(gap(source, errno)),
        };
        let mut kept = String::new();
        let mut read = 0;
        for line in table.split(b'\n') {
            let line = line.map_err(|error| {
                gap(source.clone(), error.raw_os_error().map_or(Errno::EIO, Errno::from_raw))
            })?;
            read += line.len() as u64 + 1;
            if let Some(line) = keep(&String::from_utf8_lossy(&line)) {
                kept.push_str(&line);
                kept.push('\n');
            }
            if read > LONGEST_TABLE || kept.len() > LONGEST_KEPT {
                let detail = format!("the table is too long: {read} bytes of it were read");
                return Err(Gap::new(Reason::TooLarge, source, detail));
            }
        }
        Ok(Answer::Text(kept.into()))
    }

    fn has_network(&self) -> bool {
        fstatat(self.folder.as_fd(), "net/dev", AtFlags::empty()).is_ok()
    }

    /// Which of these sockets the process holds, a number a line.
    pub(super) fn sockets(&self, wanted: &BTreeSet<u64>, source: Source) -> Result<Answer, Gap> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let refused = |errno| gap(source.clone(), errno);
        let mut folder =
            Dir::openat(self.folder_of("fd"), "fd", flags, Mode::empty()).map_err(refused)?;
        let links = openat(self.folder_of("fd"), "fd", flags, Mode::empty()).map_err(refused)?;
        let mut held = BTreeSet::new();
        for (count, entry) in folder.iter().enumerate() {
            let entry = entry.map_err(refused)?;
            if count > MOST_DESCRIPTORS {
                let detail = format!("the process has more than {MOST_DESCRIPTORS} open files");
                return Err(Gap::new(Reason::TooLarge, source, detail));
            }
            // Closed meanwhile, it is held no more.
            let Ok(target) = readlinkat(links.as_fd(), entry.file_name()) else { continue };
            let target = target.to_string_lossy();
            let inode = target.strip_prefix("socket:[").and_then(|it| it.strip_suffix(']'));
            held.extend(inode.and_then(|it| it.parse().ok()).filter(|it| wanted.contains(it)));
        }
        let lines: String = held.iter().map(|inode| format!("{inode}\n")).collect();
        Ok(Answer::Text(lines.into()))
    }

    /// The number of a file's inode, where it can be read; for the collector's own use.
    pub(super) fn peek_inode(&self, file: &str) -> Option<u64> {
        fstatat(self.folder_of(file), file, AtFlags::empty()).ok().map(|stat| stat.st_ino)
    }

    /// When the process started, in clock ticks since boot: field 22 of
    /// `proc_pid_stat(5)`. With the pid it names a process for good.
    pub(super) fn start(&self) -> Option<u64> {
        let stat = String::from_utf8_lossy(&self.bytes("stat").ok()?).into_owned();
        // The name is in parentheses and may hold anything, also parentheses.
        let (_, after_name) = stat.rsplit_once(')')?;
        after_name.split_whitespace().nth(19)?.parse().ok()
    }

    /// The environment that the process was started with, its values sealed.
    /// Where the first thread has ended, the others still have it.
    pub(super) fn environment(&self) -> Result<Answer, Gap> {
        let source = Source::proc(self.pid, "environ");
        let of_a_thread = || {
            let threads = self.list("task").unwrap_or_default();
            threads.iter().find_map(|thread| self.bytes(&format!("task/{thread}/environ")).ok())
        };
        let bytes = match self.bytes("environ") {
            Err(Errno::ESRCH) => of_a_thread().ok_or(Errno::ESRCH),
            answer => answer,
        };
        let bytes = bytes.map_err(|errno| gap(source.clone(), errno))?;
        if bytes.len() > CAP {
            return Err(too_large(source));
        }
        Ok(Answer::Variables(redact::environment(&String::from_utf8_lossy(&bytes))))
    }

    /// The skeleton of the command line.
    pub(super) fn command_line(&self) -> Result<Answer, Gap> {
        let source = Source::proc(self.pid, "cmdline");
        let bytes = self.bytes("cmdline").map_err(|errno| gap(source.clone(), errno))?;
        if bytes.len() > CAP {
            return Err(too_large(source));
        }
        Ok(Answer::Text(redact::command_line(&String::from_utf8_lossy(&bytes)).into()))
    }

    /// A file's text, where it can be read; for the collector's own use.
    pub(super) fn peek(&self, file: &str) -> Option<String> {
        self.bytes(file).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A link's target, where it can be read; for the collector's own use.
    pub(super) fn peek_link(&self, name: &str) -> Option<String> {
        let target = readlinkat(self.folder_of(name), name).ok()?;
        Some(target.to_string_lossy().into_owned())
    }

    fn bytes(&self, file: &str) -> Result<Vec<u8>, Errno> {
        let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
        bounded(openat(self.folder_of(file), file, flags, Mode::empty())?.into())
    }
}

/// The folder of a thread that goes on where the first one has ended (state
/// and number of threads are fields 3 and 20 of `proc_pid_stat(5)`).
fn outlived(folder: &OwnedFd) -> Option<OwnedFd> {
    let state_and_threads = |file: &str| {
        let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
        let stat = openat(folder.as_fd(), file, flags, Mode::empty());
        let stat = bounded(stat.ok()?.into()).ok()?;
        let stat = String::from_utf8_lossy(&stat).into_owned();
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        let state = fields.next()?.to_owned();
        Some((state, fields.nth(16)?.parse::<u32>().ok()?))
    };
    let has_ended = |state: &str| matches!(state, "Z" | "X");
    state_and_threads("stat").filter(|(state, threads)| has_ended(state) && *threads > 1)?;
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let mut threads =
        Dir::openat(folder.as_fd(), "task", OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty())
            .ok()?;
    threads.iter().flatten().find_map(|entry| {
        let name = entry.file_name().to_str().ok().filter(|name| !name.starts_with('.'))?;
        let thread = format!("task/{name}");
        let (state, _) = state_and_threads(&format!("{thread}/stat"))?;
        if has_ended(&state) {
            return None;
        }
        openat(folder.as_fd(), thread.as_str(), flags, Mode::empty()).ok()
    })
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

/// Reads to the end, one byte further than is accepted.
pub(super) fn bounded(file: File) -> Result<Vec<u8>, Errno> {
    let mut bytes = Vec::new();
    file.take(CAP as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| error.raw_os_error().map_or(Errno::EIO, Errno::from_raw))?;
    Ok(bytes)
}

pub(super) fn text(bytes: &[u8], source: Source) -> Result<Answer, Gap> {
    if bytes.len() > CAP {
        return Err(too_large(source));
    }
    Ok(Answer::Text(Untrusted::from_bytes(bytes)))
}

fn too_large(source: Source) -> Gap {
    Gap::new(Reason::TooLarge, source, format!("the file is larger than {CAP} bytes"))
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
#[expect(clippy::disallowed_methods, reason = "a test lays out its own files")]
mod tests {
    use super::*;

    #[test]
    fn where_the_first_thread_has_ended_another_tells_where_the_process_stands() {
        let dir = tempfile::tempdir().unwrap();
        let stat = |id: u32, state: char| {
            let zeros = "0 ".repeat(16);
            format!("{id} (a) b) {state} {zeros}2 0 777 0\n")
        };
        for (thread, state) in [(5, 'Z'), (6, 'S')] {
            let folder = dir.path().join(format!("5/task/{thread}"));
            std::fs::create_dir_all(folder.join("ns")).unwrap();
            std::fs::write(folder.join("stat"), stat(thread, state)).unwrap();
        }
        std::fs::write(dir.path().join("5/stat"), stat(5, 'Z')).unwrap();
        std::fs::write(dir.path().join("5/status"), "State:\tZ\n").unwrap();
        std::fs::write(dir.path().join("5/task/6/cgroup"), "0::/docker/ab\n").unwrap();
        std::os::unix::fs::symlink("ipc:[7]", dir.path().join("5/task/6/ns/ipc")).unwrap();
        let process = Process::open(dir.path(), 5).unwrap();
        assert_eq!(process.peek_link("ns/ipc").as_deref(), Some("ipc:[7]"));
        assert_eq!(process.peek("cgroup").as_deref(), Some("0::/docker/ab\n"));
        assert_eq!(process.peek("status").as_deref(), Some("State:\tZ\n"));
        assert_eq!(process.start(), Some(777));
        std::fs::remove_dir_all(dir.path().join("5/task/6")).unwrap();
        let ending = Process::open(dir.path(), 5).unwrap();
        assert_eq!(ending.peek_link("ns/ipc"), None);
    }

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

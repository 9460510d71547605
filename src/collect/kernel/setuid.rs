//! The files that can give privileges to whoever executes them.

use std::collections::BTreeSet;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

use nix::sys::stat::FileStat;
use rustix::io::Errno;

use super::process::{Process, gap};
use super::root::{Root, described, kind};
use super::walk::{self, Found, Limits, Visitor};
use crate::model::bundle::{Bundle, Processes};
use crate::model::files::{File, Kind, Listing};
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::untrusted::Untrusted;
use crate::parse::proc::mountinfo::Mount;
use crate::parse::proc::status::Status;

/// The most files that are recorded. Debian has about 20.
const MOST: usize = 1000;

/// The right of everybody else to pass a folder.
const SEARCH_OF_OTHERS: u32 = 0o001;

/// The bits that count: setuid and setgid.
const SET_ID: u32 = 0o6000;

/// More bytes than any revision of `security.capability` has.
const LONGEST: usize = 64;

/// Whether a process of the container can be given anything by a file: one that
/// is known to lack `no_new_privs`. Elsewhere the walk would be for nothing.
pub(super) fn matter(processes: &Processes, bundle: &Bundle) -> bool {
    let whole = processes.all().into_iter().map(|pid| Source::proc(pid, "status"));
    let threads = processes
        .threads
        .iter()
        .map(|(pid, thread)| Source::proc(*pid, &format!("task/{thread}/status")));
    whole.chain(threads).any(|source| {
        bundle
            .text(&source)
            .is_ok_and(|status| Status::parse(status.raw()).number("NoNewPrivs") == Ok(0))
    })
}

/// Every such file below the root, hard links counted once, and those of the
/// folders above them that not everybody may pass. The walk takes no longer
/// than `time`.
pub(super) fn list(
    viewer: &Process,
    mounts: &[Mount],
    host: &[Mount],
    source: &Source,
    time: Duration,
) -> Result<Listing, Gap> {
    let root = viewer.root().map_err(|errno| gap(source.clone(), errno))?;
    let limits = Limits::default();
    let limits = Limits { time: limits.time.min(time), ..limits };
    Ok(below(&root, mounts, host, source, limits))
}

fn below(
    root: &Root,
    mounts: &[Mount],
    host: &[Mount],
    source: &Source,
    limits: Limits,
) -> Listing {
    let mut files = Privileged::new(source);
    let gaps = walk::walk(root, mounts, host, source, limits, &mut files);
    files.listing.unread.extend(gaps);
    files.listing
}

struct Privileged<'a> {
    source: &'a Source,
    listing: Listing,
    /// The folders above the present file that not everybody may pass, the
    /// outermost first, each with its path as the walk knows it.
    closed: Vec<(Vec<u8>, File)>,
    /// The files that were met where everybody gets to.
    within_reach: BTreeSet<((u32, u32), u64)>,
}

impl<'a> Privileged<'a> {
    fn new(source: &'a Source) -> Self {
        let (closed, within_reach) = (Vec::new(), BTreeSet::new());
        Self { source, listing: Listing::default(), closed, within_reach }
    }

    /// Forgets the folders that the walk has left.
    fn leave(&mut self, path: &[u8]) {
        let is_above = |folder: &[u8]| {
            let folder = folder.strip_suffix(b"/").unwrap_or(folder);
            path.strip_prefix(folder).is_some_and(|rest| rest.starts_with(b"/"))
        };
        while self.closed.last().is_some_and(|(folder, _)| !is_above(folder)) {
            self.closed.pop();
        }
    }

    /// A folder: noted where not everybody may pass it.
    fn pass(&mut self, found: &Found<'_>) {
        if found.stat.st_mode & SEARCH_OF_OTHERS == 0 {
            let path = Untrusted::from_bytes(found.path);
            self.closed.push((found.path.to_vec(), File { path, ..file(found.stat) }));
        }
    }
}

impl Visitor for Privileged<'_> {
    /// What `nosuid` and `noexec` do: `execve(2)`.
    fn enters(&self, mount: &Mount) -> bool {
        !mount.has("nosuid") && !mount.has("noexec")
    }

    fn wants(&self, kind: Kind) -> bool {
        matches!(kind, Kind::File | Kind::Folder)
    }

    fn visit(&mut self, found: &Found<'_>) -> Result<(), Gap> {
        self.leave(found.path);
        if kind(found.stat) == Kind::Folder {
            self.pass(found);
            return Ok(());
        }
        let path = Untrusted::from_bytes(found.path);
        let capability = match capability(found.handle) {
            Ok(capability) => capability,
            Err(errno) => {
                let detail = format!("the capabilities of {path} could not be read: {errno}");
                self.listing.unread.push(Gap::new(Reason::Denied, self.source.clone(), detail));
                None
            }
        };
        if found.stat.st_mode & SET_ID == 0 && capability.is_none() {
            return Ok(());
        }
        if self.listing.files.len() + self.listing.unread.len() >= MOST {
            let detail = format!(
                "more than {MOST} files are setuid, setgid or have capabilities, the next {path}"
            );
            return Err(Gap::new(Reason::TooLarge, self.source.clone(), detail));
        }
        let file = File { path, capability, ..file(found.stat) };
        // Another name of the same file matters only where it is easier to get to.
        let identity = (file.device, file.inode);
        let is_new = if self.closed.is_empty() {
            self.within_reach.insert(identity)
        } else {
            !self.within_reach.contains(&identity)
        };
        if is_new {
            for (_, folder) in &self.closed {
                if !self.listing.files.contains(folder) {
                    self.listing.files.push(folder.clone());
                }
            }
            self.listing.files.push(file);
        }
        Ok(())
    }
}

fn file(stat: &FileStat) -> File {
    described("", stat)
}

/// The extended attribute's value in hexadecimal digits, if the file has one.
/// By the handle, so that it speaks of the same file.
fn capability(file: BorrowedFd<'_>) -> Result<Option<String>, Errno> {
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    let mut value = [0; LONGEST];
    match rustix::fs::getxattr(path, "security.capability", &mut value) {
        Ok(length) => {
            let bytes = value.iter().take(length);
            Ok(Some(bytes.map(|byte| format!("{byte:02x}")).collect()))
        }
        Err(Errno::NODATA | Errno::OPNOTSUPP) => Ok(None),
        Err(errno) => Err(errno),
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test lays out its own files")]
mod tests {
    use std::ffi::OsStr;
    use std::fs::{self, Permissions};
    use std::os::fd::AsFd;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;
    use std::time::Duration;

    use nix::fcntl::{OFlag, open};
    use nix::sys::stat::Mode;
    use tempfile::TempDir;

    use super::*;
    use crate::parse::proc::mountinfo;

    const HOST: &str = "20 1 0:60 / /var/lib/docker/fuse-overlayfs/ab/merged rw - \
        fuse.fuse-overlayfs fuse-overlayfs rw,user_id=0,group_id=0\n";

    fn laid_out() -> TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("bin/deep/deeper")).unwrap();
        fs::create_dir_all(dir.path().join("mnt")).unwrap();
        put(&dir, "bin/su", 0o4755);
        put(&dir, "bin/cat", 0o755);
        put(&dir, "bin/deep/deeper/wall", 0o2755);
        dir
    }

    fn put(dir: &TempDir, path: impl AsRef<Path>, mode: u32) {
        let path = dir.path().join(path);
        fs::write(&path, "").unwrap();
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    fn root(dir: &TempDir) -> Root {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY;
        Root::new(open(dir.path(), flags, Mode::empty()).unwrap())
    }

    /// The folder as a container would have it mounted, and further mounts.
    fn walked(dir: &TempDir, limits: Limits, more: &str) -> Listing {
        let root = root(dir);
        let number = walk::mount_number(root.handle()).unwrap();
        let text = format!("{number} 0 0:44 / / rw - overlay overlay rw\n{more}");
        let text = text.replace("ROOT", &number.to_string());
        let mounts = mountinfo::parse(&text).unwrap();
        let source = Source::Files("ab".to_owned());
        let mut files = Privileged::new(&source);
        let gaps = walk::walk(
            &root,
            &mounts,
            &mountinfo::parse(HOST).unwrap(),
            &source,
            limits,
            &mut files,
        );
        files.listing.unread.extend(gaps);
        files.listing
    }

    fn paths(listing: &Listing) -> Vec<&str> {
        listing.files.iter().map(|file| file.path.raw()).collect()
    }

    #[test]
    fn the_folders_above_a_file_that_not_everybody_may_pass_are_listed_with_it() {
        let dir = laid_out();
        let deep = dir.path().join("bin/deep");
        fs::set_permissions(&deep, Permissions::from_mode(0o700)).unwrap();
        let found = walked(&dir, Limits::default(), "");
        assert_eq!(paths(&found), ["/bin/deep", "/bin/deep/deeper/wall", "/bin/su"]);
        assert_eq!(found.files[0].kind, Kind::Folder);
        // Another name that everybody gets to counts beside the one behind the door.
        fs::hard_link(deep.join("deeper/wall"), dir.path().join("bin/wall")).unwrap();
        let found = walked(&dir, Limits::default(), "");
        assert_eq!(paths(&found).last(), Some(&"/bin/wall"));
    }

    #[test]
    fn only_files_that_give_privileges_are_listed_and_none_is_lost() {
        let dir = laid_out();
        put(&dir, OsStr::from_bytes(b"bin/od\xffd"), 0o4711);
        fs::hard_link(dir.path().join("bin/su"), dir.path().join("bin/zu")).unwrap();
        symlink("/usr/bin", dir.path().join("linked")).unwrap();
        symlink("su", dir.path().join("bin/also")).unwrap();
        nix::unistd::mkfifo(&dir.path().join("bin/fifo"), Mode::S_IRWXU).unwrap();
        let found = walked(&dir, Limits::default(), "");
        assert_eq!(paths(&found), ["/bin/deep/deeper/wall", "/bin/od\u{fffd}d", "/bin/su"]);
        assert_eq!(found.files[2].mode, 0o4755);
        assert_eq!(found.unread, []);
    }

    #[test]
    fn every_limit_is_a_gap_that_says_how_far_it_got() {
        let dir = laid_out();
        let depth = walked(&dir, Limits { depth: 2, ..Limits::default() }, "");
        assert_eq!(paths(&depth), ["/bin/su"]);
        assert_eq!(depth.unread[0].detail, "/bin/deep lies more than 2 folders deep");
        let names = walked(&dir, Limits { names: 2, ..Limits::default() }, "");
        assert_eq!(names.unread[0].detail, "the walk ended after 2 names, at /bin/deep");
        let time = walked(&dir, Limits { time: Duration::ZERO, ..Limits::default() }, "");
        assert_eq!(time.unread[0].reason, Reason::TimedOut);
    }

    #[test]
    fn what_another_program_may_serve_is_not_touched() {
        let dir = laid_out();
        let fuse =
            "900 ROOT 0:99 / /mnt rw - fuse.sshfs host rw\n901 900 0:98 / /mnt/in rw - ext4 x rw\n";
        let found = walked(&dir, Limits::default(), fuse);
        assert_eq!(paths(&found), ["/bin/deep/deeper/wall", "/bin/su"]);
        let said: Vec<&str> = found.unread.iter().map(|gap| gap.detail.as_str()).collect();
        assert!(said.len() == 2 && said.iter().all(|it| it.contains("fuse.sshfs")), "{said:?}");
        let harmless = "900 ROOT 0:99 / /mnt rw,nosuid - nfs4 host:/x rw\n\
            901 ROOT 0:4 / /proc rw - proc proc rw\n";
        assert_eq!(walked(&dir, Limits::default(), harmless).unread, []);
    }

    #[test]
    fn what_a_program_of_the_hosts_root_serves_is_as_good_as_local() {
        let dir = laid_out();
        let line =
            "4000000 ROOT 0:60 / /mnt rw - fuse.fuse-overlayfs fuse-overlayfs rw,user_id=0\n";
        let said = |line: &str| walked(&dir, Limits::default(), line).unread[0].detail.clone();
        assert!(said(line).contains("was changed meanwhile"), "it was looked at");
        for other in ["user_id=1000", "0:61 "] {
            let line = line.replace(if other.contains(':') { "0:60 " } else { "user_id=0" }, other);
            assert!(said(&line).contains("never answer"), "{line}");
        }
    }

    #[test]
    fn a_mount_that_is_not_the_recorded_one_is_not_entered() {
        let dir = laid_out();
        let other = "4000000 ROOT 0:99 / /bin/deep rw - tmpfs tmpfs rw\n";
        let found = walked(&dir, Limits::default(), other);
        assert_eq!(found.unread[0].detail, "the mount on /bin/deep was changed meanwhile");
    }

    #[test]
    fn a_file_without_capabilities_has_none() {
        let dir = laid_out();
        let file = open(&dir.path().join("bin/cat"), OFlag::O_PATH, Mode::empty()).unwrap();
        assert_eq!(capability(file.as_fd()), Ok(None));
    }
}

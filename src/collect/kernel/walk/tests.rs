//! Trees that are laid out for a test, hostile ones among them.

#![expect(clippy::disallowed_methods, reason = "a test lays out its own files")]

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, Instant};

use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use tempfile::TempDir;

use super::{Limits, Search, Tree, survey};
use crate::collect::kernel::root::{Root, mount_number};
use crate::model::files::Kind;
use crate::model::reading::Reason;
use crate::model::source::Source;
use crate::model::survey::{Group, Survey};
use crate::parse::pattern::Patterns;
use crate::parse::proc::mountinfo;

const HOST: &str = "20 1 0:60 / /var/lib/docker/fuse-overlayfs/ab/merged rw - \
    fuse.fuse-overlayfs fuse-overlayfs rw,user_id=0,group_id=0\n";

fn laid_out() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
    fs::create_dir_all(dir.path().join("bin/deep/deeper")).unwrap();
    fs::create_dir_all(dir.path().join("mnt")).unwrap();
    put(&dir, "bin/su", 0o4755);
    put(&dir, "bin/cat", 0o755);
    put(&dir, "bin/deep/deeper/wall", 0o2755);
    dir
}

fn put(dir: &TempDir, path: impl AsRef<Path>, mode: u32) {
    let path = dir.path().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "").unwrap();
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn chmod(dir: &TempDir, path: &str, mode: u32) {
    fs::set_permissions(dir.path().join(path), Permissions::from_mode(mode)).unwrap();
}

/// What is looked for, how far, and what is mounted besides.
struct Walk<'a> {
    patterns: &'a [&'a str],
    limits: Limits,
    mounts: &'a str,
}

const ALL: Walk<'_> = Walk { patterns: &[], limits: LIMITS, mounts: "" };

const LIMITS: Limits = Limits { depth: 128, names: 4_000_000, time: Duration::from_secs(30) };

impl Walk<'_> {
    /// The folder as a container would have it mounted.
    fn of(&self, dir: &TempDir) -> Survey {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY;
        let root = Root::new(open(dir.path(), flags, Mode::empty()).unwrap());
        let number = mount_number(root.handle()).unwrap();
        let text = format!("{number} 0 0:44 / / rw - overlay overlay rw\n{}", self.mounts);
        let mounts = mountinfo::parse(&text.replace("ROOT", &number.to_string())).unwrap();
        let patterns = Patterns::new(self.patterns).unwrap();
        let tree = Tree { root: &root, mounts: &mounts, host: &mountinfo::parse(HOST).unwrap() };
        let search = Search { patterns: &patterns, privileged: true };
        survey(tree, &Source::Files("ab".into()), self.limits, search)
    }
}

fn paths<'a>(groups: impl IntoIterator<Item = &'a Group>) -> Vec<&'a str> {
    let mut paths: Vec<&str> =
        groups.into_iter().flat_map(|group| &group.paths).map(|path| path.raw()).collect();
    paths.sort_unstable();
    paths
}

fn unread(survey: &Survey) -> Vec<&str> {
    survey.unread.iter().map(|it| &*it.gap.detail).collect()
}

fn fitting(survey: &Survey) -> Vec<&str> {
    let is_met = |group: &&Group| !group.fits.is_empty() && group.leads_to.is_none();
    paths(survey.groups.iter().filter(is_met))
}

#[test]
fn a_file_in_good_order_that_nobody_asks_for_leaves_no_trace() {
    let found = ALL.of(&laid_out());
    assert_eq!(paths(&found.groups), ["/bin/deep/deeper/wall", "/bin/su"]);
    assert_eq!(found.names, 8);
    assert_eq!(found.unread, []);
}

#[test]
fn what_a_pattern_fits_is_found_with_the_folders_on_the_way() {
    let dir = laid_out();
    put(&dir, "app/node_modules/a/index.js", 0o444);
    put(&dir, "app/node_modules/a/b.js", 0o444);
    chmod(&dir, "app", 0o775);
    let found = Walk { patterns: &["/**/node_modules/**"], ..ALL }.of(&dir);
    assert_eq!(
        fitting(&found),
        ["/app/node_modules/a", "/app/node_modules/a/b.js", "/app/node_modules/a/index.js"]
    );
    let leads = paths(found.groups.iter().filter(|group| group.leads_to == Some(0)));
    assert_eq!(leads, ["/", "/app", "/app/node_modules", "/app/node_modules/a"]);
    let alike =
        found.groups.iter().find(|group| group.count == 2 && group.leads_to.is_none()).unwrap();
    assert_eq!((alike.traits.mode, alike.traits.kind), (0o444, Kind::File));
}

#[test]
fn what_everybody_may_write_is_found_wherever_it_is() {
    let dir = laid_out();
    put(&dir, "srv/open", 0o666);
    fs::create_dir(dir.path().join("tmp")).unwrap();
    chmod(&dir, "tmp", 0o1777);
    fs::create_dir(dir.path().join("drop")).unwrap();
    chmod(&dir, "drop", 0o777);
    symlink("x", dir.path().join("link")).unwrap();
    let found = ALL.of(&dir);
    let exposed = found.groups.iter().filter(|group| group.traits.mode & 0o002 != 0);
    assert_eq!(paths(exposed), ["/drop", "/srv/open"]);
}

#[test]
fn a_file_behind_a_folder_that_not_everybody_may_pass_says_so() {
    let dir = laid_out();
    chmod(&dir, "bin/deep", 0o700);
    fs::hard_link(dir.path().join("bin/deep/deeper/wall"), dir.path().join("bin/wall")).unwrap();
    let found = ALL.of(&dir);
    let behind: Vec<(&str, usize)> = found
        .groups
        .iter()
        .filter(|group| group.traits.mode == 0o2755)
        .map(|group| (group.paths[0].raw(), group.doors.len()))
        .collect();
    assert_eq!(behind, [("/bin/deep/deeper/wall", 1), ("/bin/wall", 0)]);
}

#[test]
fn every_limit_is_a_gap_that_says_how_far_it_got() {
    let dir = laid_out();
    let depth = Walk { limits: Limits { depth: 2, ..LIMITS }, ..ALL }.of(&dir);
    assert_eq!(unread(&depth), ["/bin/deep/deeper lies more than 2 folders deep"]);
    assert_eq!(depth.unread[0].below.raw(), "/bin/deep/deeper");
    let names = Walk { limits: Limits { names: 2, ..LIMITS }, ..ALL }.of(&dir);
    assert_eq!(unread(&names), ["the walk ended after 2 names, at /"]);
    let time = Walk { limits: Limits { time: Duration::ZERO, ..LIMITS }, ..ALL }.of(&dir);
    assert_eq!(time.unread[0].gap.reason, Reason::TimedOut);
}

#[test]
fn what_another_program_may_serve_is_not_touched() {
    let dir = laid_out();
    let mounts =
        "900 ROOT 0:99 / /mnt rw - fuse.sshfs host rw\n901 900 0:98 / /mnt/in rw - ext4 x rw\n";
    let found = Walk { mounts, ..ALL }.of(&dir);
    assert_eq!(paths(&found.groups), ["/bin/deep/deeper/wall", "/bin/su"]);
    let below: Vec<&str> = found.unread.iter().map(|it| it.below.raw()).collect();
    assert_eq!(below, ["/mnt", "/mnt/in"]);
    assert!(unread(&found).iter().all(|it| it.contains("fuse.sshfs")));
    let mounts = "900 ROOT 0:99 / /mnt rw,nosuid - nfs4 host:/x rw\n\
        901 ROOT 0:4 / /proc rw - proc proc rw\n";
    assert_eq!(Walk { mounts, ..ALL }.of(&dir).unread, [], "nothing there is asked for");
    let asked = Walk { mounts, patterns: &["/mnt/x"], ..ALL }.of(&dir);
    assert_eq!(asked.unread[0].below.raw(), "/mnt");
}

#[test]
fn what_a_program_of_the_hosts_root_serves_is_as_good_as_local() {
    let dir = laid_out();
    let line = "4000000 ROOT 0:60 / /mnt rw - fuse.fuse-overlayfs fuse-overlayfs rw,user_id=0\n";
    let said = |mounts: &str| unread(&Walk { mounts, ..ALL }.of(&dir)).join("; ");
    assert!(said(line).contains("was changed meanwhile"), "it was looked at");
    for (own, other) in [("user_id=0", "user_id=1000"), ("0:60 ", "0:61 ")] {
        let line = line.replace(own, other);
        assert!(said(&line).contains("never answer"), "{line}");
    }
}

#[test]
fn a_mount_that_is_not_the_recorded_one_is_not_entered() {
    let mounts = "4000000 ROOT 0:99 / /bin/deep rw - tmpfs tmpfs rw\n";
    let found = Walk { mounts, ..ALL }.of(&laid_out());
    assert_eq!(unread(&found), ["the mount on /bin/deep was changed meanwhile"]);
}

#[test]
fn no_symlink_is_followed_and_no_pipe_is_opened() {
    let dir = laid_out();
    put(&dir, "etc/shadow", 0o666);
    symlink("/etc", dir.path().join("node_modules")).unwrap();
    symlink(".", dir.path().join("bin/loop")).unwrap();
    symlink("../../../../../../etc/hostname", dir.path().join("bin/outside")).unwrap();
    fs::create_dir_all(dir.path().join("conf")).unwrap();
    nix::unistd::mkfifo(&dir.path().join("conf/app.conf"), Mode::S_IRWXU).unwrap();
    let patterns = ["/**/node_modules", "/**/node_modules/**", "/conf/*.conf", "/bin/**"];
    let found = Walk { patterns: &patterns, ..ALL }.of(&dir);
    let kind = |path: &str| {
        let holds = |group: &&Group| group.paths.iter().any(|it| it.raw() == path);
        let group = found.groups.iter().filter(|it| !it.fits.is_empty()).find(holds);
        group.map(|it| (it.traits.kind, it.traits.linked))
    };
    // It leads to the container's own folder, and nobody goes there by it.
    assert_eq!(kind("/node_modules"), Some((Kind::Folder, true)));
    assert_eq!(kind("/node_modules/shadow"), None);
    assert_eq!(kind("/conf/app.conf"), Some((Kind::Fifo, false)));
    assert_eq!(kind("/bin/loop"), Some((Kind::Folder, true)));
    assert_eq!(kind("/bin/outside"), None, "inside the root there is no such file");
    assert_eq!(found.unread, []);
}

#[test]
fn a_name_in_whatever_bytes_is_kept_and_a_tree_too_deep_is_a_gap() {
    let dir = laid_out();
    put(&dir, OsStr::from_bytes(b"bin/od\xffd"), 0o4711);
    put(&dir, "bin/two\nlines\x1b[2J", 0o4755);
    let mut folder = open(dir.path(), OFlag::O_DIRECTORY, Mode::empty()).unwrap();
    for _ in 0..4000 {
        nix::sys::stat::mkdirat(&folder, "d", Mode::S_IRWXU).unwrap();
        folder = nix::fcntl::openat(&folder, "d", OFlag::O_DIRECTORY, Mode::empty()).unwrap();
    }
    let begin = Instant::now();
    let found = ALL.of(&dir);
    assert!(begin.elapsed() < Duration::from_secs(5));
    assert_eq!(
        paths(&found.groups),
        ["/bin/deep/deeper/wall", "/bin/od\u{fffd}d", "/bin/su", "/bin/two\nlines\u{1b}[2J"]
    );
    assert!(unread(&found)[0].ends_with("lies more than 128 folders deep"), "{found:?}");
    // The temporary folder's own way of removing itself goes as deep as it is.
    assert!(
        std::process::Command::new("rm").arg("-rf").arg(dir.path()).status().unwrap().success()
    );
}

#[test]
fn a_file_that_is_swapped_for_a_symlink_all_the_time_leads_nowhere() {
    let dir = laid_out();
    put(&dir, "etc/shadow", 0o4777);
    fs::create_dir_all(dir.path().join("app/real")).unwrap();
    let app = dir.path().join("app");
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                fs::create_dir(app.join("swap")).unwrap();
                fs::write(app.join("swap/conf"), "").unwrap();
                fs::remove_dir_all(app.join("swap")).unwrap();
                symlink("/etc", app.join("swap")).unwrap();
                fs::remove_file(app.join("swap")).unwrap();
            }
        });
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(1) {
            let found = Walk { patterns: &["/app/**"], ..ALL }.of(&dir);
            let outside = |path: &&str| path.ends_with("shadow") || path.ends_with("hostname");
            assert!(!fitting(&found).iter().any(outside), "{found:?}");
            assert_eq!(found.unread, []);
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

#[test]
fn a_list_is_read_where_it_may_let_in_more_than_the_mode_says() {
    let dir = laid_out();
    put(&dir, "app/shared", 0o664);
    // `user::rw-, user:1000:rw-, group::r--, mask::rw-, other::r--` (acl(5)).
    let list: [u8; 44] = [
        2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 6, 0, 232, 3, 0, 0, 4, 0, 4, 0, 255, 255,
        255, 255, 16, 0, 6, 0, 255, 255, 255, 255, 32, 0, 4, 0, 255, 255, 255, 255,
    ];
    let path = dir.path().join("app/shared");
    let flags = rustix::fs::XattrFlags::empty();
    rustix::fs::setxattr(&path, "system.posix_acl_access", &list, flags).unwrap();
    let found = Walk { patterns: &["/app/*"], ..ALL }.of(&dir);
    let group = found.groups.iter().find(|group| !group.fits.is_empty()).unwrap();
    assert!(group.traits.acl.as_ref().is_some_and(|it| it.starts_with("0200000001000600")));
}

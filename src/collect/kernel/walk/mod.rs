//! A walk through a container's files, from its root down.
//!
//! It goes hand over hand: each folder is opened from the one above it, as
//! itself (no symlink followed) and never onto another mount
//! (`RESOLVE_NO_XDEV` of `openat2(2)`), and every other file is only looked at,
//! by its name in the open folder (`statx(2)`). Nothing but folders is opened
//! for reading, so no device, FIFO or socket does anything. Other mounts are
//! entered one by one, from the recorded list, and only where a file system of
//! this kernel is found to be mounted: what another program or host serves may
//! never answer.

mod folder;
mod look;
mod queue;
mod reach;
#[cfg(test)]
mod tests;
mod top;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::errno::Errno;

use super::root::Root;
use crate::collect::places::Places;
use crate::collect::tally::{MOST_GROUPS, Tally};
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::survey::{Numbering, Survey};
use crate::model::untrusted::Untrusted;
use crate::parse::pattern::{self, Patterns};
use crate::parse::proc::mountinfo::Mount;
use folder::{Above, Folder};
use queue::Queue;
use reach::Reach;

/// How far a walk goes; beyond it is a gap.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// How many folders deep. Each level holds one handle open.
    pub(super) depth: usize,
    /// How many names. A Debian desktop has half a million.
    pub(super) names: u64,
    /// How long.
    pub(super) time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 128, names: 4_000_000, time: Duration::from_secs(30) }
    }
}

/// What a walk looks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Search<'a> {
    /// Paths.
    pub(super) patterns: &'a Patterns,
    /// Files that give privileges to whoever executes them.
    pub(super) privileged: bool,
}

/// A container's files: its root, what is mounted there, and what the host's
/// first process sees mounted.
#[derive(Clone, Copy)]
pub(super) struct Tree<'a> {
    pub(super) root: &'a Root,
    pub(super) mounts: &'a [Mount],
    pub(super) host: &'a [Mount],
}

/// How many names a walker meets before it asks whether it may go on.
const STRIDE: u64 = 256;

/// Walks everything that may hold what is looked for.
pub(super) fn survey(
    tree: Tree<'_>,
    source: &Source,
    limits: Limits,
    search: Search<'_>,
) -> Survey {
    let Tree { root, mounts, host } = tree;
    let reach = Reach { root, mounts, host, source };
    let numbers = mounts.iter().enumerate().map(|(place, mount)| (mount.id.into(), place));
    let walk = Walk {
        root,
        numbered: numbers.collect(),
        linked: Mutex::default(),
        mounts: mounts.iter().map(|mount| mount.point.as_bytes()).collect(),
        carriers: mounts
            .iter()
            .filter_map(|it| Some(it.point.rsplit_once('/')?.0.as_bytes()))
            .collect(),
        limits,
        search,
        begin: Instant::now(),
        names: AtomicU64::new(0),
        is_over: AtomicBool::new(false),
        unread: Mutex::new(Places::default()),
        source,
    };
    let mut tally = Tally::default();
    let mut first = Vec::new();
    for (place, mount) in mounts.iter().enumerate().filter(|(_, it)| reach.has_files(it)) {
        let gives = search.privileged && gives_privileges(mount);
        if !gives && !is_asked_for(search.patterns, &mount.point) {
            continue;
        }
        match reach.root_of(mount) {
            Ok(handle) => first.extend(walk.top(&handle, place, mount, gives, &mut tally)),
            Err(gap) => walk.note_gap(mount.point.as_bytes(), gap),
        }
    }
    // The root is taken first.
    first.reverse();
    tally.merge(walk.run(first));
    let point = |place: usize| mounts.get(place).map_or("/", |it| it.point.as_str()).into();
    let (groups, over) = tally.groups(point);
    if let Some(path) = over {
        let detail = format!("the files differ in more than {MOST_GROUPS} ways, {path} among them");
        walk.note_gap(b"/", Gap::new(Reason::TooLarge, source.clone(), detail));
    }
    Survey {
        numbering: Numbering::Auditor,
        patterns: search.patterns.texts().to_vec(),
        privileged: search.privileged,
        names: walk.names.load(Ordering::Relaxed),
        groups,
        unread: walk.unread.into_inner().unwrap_or_else(PoisonError::into_inner).told(source),
    }
}

/// Whether the kernel lets files on this mount be executed and give privileges
/// (`mount(2)`, `MS_NOSUID` and `MS_NOEXEC`).
fn gives_privileges(mount: &Mount) -> bool {
    !mount.has("nosuid") && !mount.has("noexec")
}

/// Whether something at or below a mount point may fit a pattern. The root is
/// always looked at.
fn is_asked_for(patterns: &Patterns, point: &str) -> bool {
    let is_left_out = pattern::is_left_out(point, patterns.texts());
    point == "/" || (!is_left_out && patterns.reaches(point.as_bytes()))
}

/// What the walkers of one walk share.
struct Walk<'a> {
    root: &'a Root,
    /// Mounts by their numbers: their places in the list.
    numbered: BTreeMap<u64, usize>,
    /// The folders in which the targets of links lie, by their paths.
    linked: Mutex<BTreeMap<Vec<u8>, Arc<Above>>>,
    /// Where something is known to be mounted.
    mounts: BTreeSet<&'a [u8]>,
    /// The folders in which something is mounted; the root is empty.
    carriers: BTreeSet<&'a [u8]>,
    limits: Limits,
    search: Search<'a>,
    begin: Instant,
    names: AtomicU64,
    /// Whether a limit was reached.
    is_over: AtomicBool,
    unread: Mutex<Places>,
    source: &'a Source,
}

impl Walk<'_> {
    /// Walks the trees below these folders, with as many walkers as there are
    /// processors.
    fn run(&self, first: Vec<Folder>) -> Tally {
        let walkers = std::thread::available_parallelism().map_or(1, usize::from).min(4);
        let queue = Queue::new(walkers, first);
        let walker = || {
            let mut walker = folder::Walker::new(self, &queue);
            while let Some(folder) = queue.take() {
                walker.walk(folder);
            }
            walker.done()
        };
        std::thread::scope(|scope| {
            let others: Vec<_> = (1..walkers)
                .filter_map(|_| std::thread::Builder::new().spawn_scoped(scope, walker).ok())
                .collect();
            (others.len() + 1..walkers).for_each(|_| queue.leave());
            let mut tally = walker();
            for other in others {
                match other.join() {
                    Ok(theirs) => tally.merge(theirs),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            tally
        })
    }

    /// Counts names that a walker has met; whether it may go on.
    fn spend(&self, names: u64, path: &[u8]) -> bool {
        let all = self.names.fetch_add(names, Ordering::Relaxed) + names;
        let late = self.begin.elapsed() > self.limits.time;
        let many = all > self.limits.names;
        if (late || many) && !self.is_over.swap(true, Ordering::Relaxed) {
            let at = Untrusted::from_bytes(path);
            let (reason, after) = if many {
                (Reason::TooLarge, format!("{} names", self.limits.names))
            } else {
                let time = self.limits.time.as_secs();
                (Reason::TimedOut, format!("{time} s and {all} names"))
            };
            let detail = format!("the walk ended after {after}, at {at}");
            self.note_gap(b"/", Gap::new(reason, self.source.clone(), detail));
        }
        !self.is_over.load(Ordering::Relaxed)
    }

    /// What could not be opened, unless that is as it should be: it is gone, or
    /// something is mounted there, which is a walk of its own.
    fn note(&self, path: &[u8], errno: Errno) {
        let is_known_mount = errno == Errno::EXDEV && self.mounts.contains(path);
        if errno == Errno::ENOENT || is_known_mount {
            return;
        }
        let shown = Untrusted::from_bytes(path);
        let is_denied = matches!(errno, Errno::EACCES | Errno::EPERM);
        let reason = if is_denied { Reason::Denied } else { Reason::Unsupported };
        let detail = format!("{shown} could not be looked at: {}", errno.desc());
        let remedy = "run as root, or with CAP_DAC_READ_SEARCH on the host";
        self.note_gap(path, Gap::new(reason, self.source.clone(), detail).mend(remedy));
    }

    /// Whether something is known to be mounted right in this folder.
    fn has_mounts_in(&self, folder: &[u8]) -> bool {
        self.carriers.contains(folder)
    }

    fn note_deep(&self, path: &[u8]) {
        let shown = Untrusted::from_bytes(path.get(..MOST_SHOWN).unwrap_or(path));
        let detail = format!("{shown} lies more than {} folders deep", self.limits.depth);
        self.note_gap(path, Gap::new(Reason::TooLarge, self.source.clone(), detail));
    }

    fn note_gap(&self, below: &[u8], gap: Gap) {
        self.unread.lock().unwrap_or_else(PoisonError::into_inner).add(below, gap);
    }
}

/// The most bytes of a path in a message.
const MOST_SHOWN: usize = 256;

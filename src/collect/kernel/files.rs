//! A container's files: those that somebody looks for, those that everybody may
//! write, and those that give privileges to whoever executes them.

use std::path::Path;
use std::time::Duration;

use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;

use super::process::{Process, gap};
use super::root::{Root, mount_number};
use super::walk::{self, Limits, Search, Tree};
use crate::model::bundle::{Bundle, Processes};
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::survey::Survey;
use crate::parse::path::is_within;
use crate::parse::pattern::{self, Patterns};
use crate::parse::proc::mountinfo::{self, Mount};
use crate::parse::proc::status::Status;

/// Whether a process of the container can be given anything by a file: one that
/// is known to lack `no_new_privs`. Elsewhere nobody asks for such files.
pub(super) fn give_privileges(processes: &Processes, bundle: &Bundle) -> bool {
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

/// Looks at all files below a process's root, for no longer than `time`.
pub(super) fn survey(
    viewer: &Process,
    (mounts, host): (&[Mount], &[Mount]),
    source: &Source,
    search: Search<'_>,
    time: Duration,
) -> Result<Survey, Gap> {
    let root = viewer.root().map_err(|errno| gap(source.clone(), errno))?;
    let limits = Limits::default();
    let limits = Limits { time: limits.time.min(time), ..limits };
    let patterns = search.patterns.clone().also(|text| by_another_path(&root, text));
    let patterns = patterns.map_err(|detail| Gap::new(Reason::TooLarge, source.clone(), detail))?;
    let search = Search { patterns: &patterns, ..search };
    Ok(walk::survey(Tree { root: &root, mounts, host }, source, limits, search))
}

/// A pattern by the path at which its files really are, where symbolic links are
/// in the part of it that is written out, as far as it is on the root's own file
/// system.
fn by_another_path(root: &Root, text: &str) -> Option<String> {
    let prefix = pattern::literal_prefix(text);
    let folders = std::iter::successors(Some(prefix), |path| Some(path.rsplit_once('/')?.0));
    for folder in folders.filter(|it| !it.is_empty()) {
        if let Some(real) = root.real(folder) {
            let rest = text.strip_prefix(folder)?;
            return (real != folder).then(|| format!("{}{rest}", pattern::literal(&real)));
        }
    }
    None
}

/// Looks at all files of one file system below a folder of the host, as if the
/// folder were a container's root.
///
/// # Errors
/// The folder cannot be opened, or nothing tells what is mounted there.
pub fn below(folder: &Path, patterns: &Patterns) -> Result<Survey, Gap> {
    let source = Source::Kernel(folder.display().to_string().into());
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let root = open(folder, flags, Mode::empty()).map_err(|errno| gap(source.clone(), errno))?;
    let own = Process::own(Path::new("/proc"))?;
    let id = mount_number(std::os::fd::AsFd::as_fd(&root));
    let mounts = mountinfo::parse(&own.peek("mountinfo").unwrap_or_default()).unwrap_or_default();
    let path = folder.to_string_lossy();
    let mounts: Vec<Mount> = mounts
        .into_iter()
        .filter(|mount| Some(mount.id) == id && is_within(&path, &mount.point))
        .map(|mount| Mount { point: "/".to_owned(), ..mount })
        .collect();
    let tree = Tree { root: &Root::new(root), mounts: &mounts, host: &mounts };
    Ok(walk::survey(tree, &source, Limits::default(), Search { patterns, privileged: true }))
}

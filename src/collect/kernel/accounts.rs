//! Who the users and groups of a container are, and of the host: names, ids and
//! login shells, from `passwd(5)` and `group(5)`.

use std::collections::BTreeSet;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;

use super::Kernel;
use super::local::is_local;
use super::process::{Process, bounded, gap, text};
use super::root::{self, Reach, Root};
use crate::model::bundle::Answer;
use crate::model::files::Listing;
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::parse::proc::mountinfo::{self, Mount};
use crate::parse::{group, passwd};

/// The accounts of a container, seen through the process that sees its mounts.
const PASSWD: &str = "root/etc/passwd";

/// The groups, likewise.
const GROUP: &str = "root/etc/group";

/// The most login shells that are looked for. A system knows about ten.
const MOST: usize = 100;

/// What came of the questions about accounts, for each its source.
type Answers = Vec<(Source, Result<Answer, Gap>)>;

/// A container's accounts, groups and shells through `viewer`, a process that
/// has its root. Read only from a file system that surely answers: `mounts`
/// are the container's, `hosts` those of the host.
pub(super) fn of_container(
    viewer: &Process,
    mounts: &Result<Answer, Gap>,
    hosts: &[Mount],
) -> Answers {
    let pid = viewer.pid();
    let sources = [Source::proc(pid, PASSWD), Source::proc(pid, GROUP), Source::shells(pid)];
    let root = if answers_by_itself(mounts, hosts) {
        viewer.root().map_err(|errno| gap(Source::proc(pid, "root"), errno))
    } else {
        let detail = "the container's root is not on a file system of this kernel's own";
        Err(Gap::new(Reason::Unsupported, Source::proc(pid, "root"), detail))
    };
    let root = match root {
        Ok(root) => root,
        Err(gap) => return refused(sources, &gap),
    };
    let [of_accounts, of_groups, of_shells] = sources;
    let mounts = text_of(mounts).and_then(|text| mountinfo::parse(text).ok()).unwrap_or_default();
    let reach = |path: &str| root::reach(path, &mounts, hosts);
    let accounts =
        file(&root, "etc/passwd", reach("/etc/passwd"), &of_accounts, passwd::without_secrets);
    let groups = file(&root, "etc/group", reach("/etc/group"), &of_groups, group::without_secrets);
    let shells = match &accounts {
        Ok(Answer::Text(text)) => Ok(Answer::Files(shells(&root, text.raw(), &of_shells))),
        Ok(_) => Ok(Answer::Files(Listing::default())),
        Err(gap) => Err(Gap { source: of_shells.clone(), ..gap.clone() }),
    };
    vec![(of_accounts, accounts), (of_groups, groups), (of_shells, shells)]
}

/// The same gap for everything that `of_container` would have asked.
pub(super) fn missing(pid: u32, gap: &Gap) -> Answers {
    refused([Source::proc(pid, PASSWD), Source::proc(pid, GROUP), Source::shells(pid)], gap)
}

fn refused(sources: [Source; 3], gap: &Gap) -> Answers {
    sources.map(|source| (source.clone(), Err(Gap { source, ..gap.clone() }))).into()
}

impl Kernel {
    /// The host's groups: a file of the host, not of the kernel. It is seen
    /// through the host's first process, or directly where the auditor stands
    /// on the same mounts.
    pub(super) fn host_groups(&self, first: &Process) -> (Source, Result<Answer, Gap>) {
        let source = Source::proc(first.pid(), GROUP);
        let mounts = first.read("mountinfo");
        let hosts = text_of(&mounts).and_then(|text| mountinfo::parse(text).ok());
        if !answers_by_itself(&mounts, &hosts.unwrap_or_default()) {
            let detail = "the host's root is not on a file system of this kernel's own";
            return (source.clone(), Err(Gap::new(Reason::Unsupported, source, detail)));
        }
        let seen = first.root().or_else(|errno| {
            let own = Process::own(&self.proc).ok().and_then(|own| own.peek("mountinfo"));
            let is_same =
                own.as_deref().and_then(root_line) == text_of(&mounts).and_then(root_line);
            if is_same { self.own_root() } else { Err(errno) }
        });
        let answer = match seen {
            Ok(root) => {
                file(&root, "etc/group", Reach::OneFileSystem, &source, group::without_secrets)
            }
            Err(errno) => Err(gap(source.clone(), errno)),
        };
        (source, answer)
    }

    fn own_root(&self) -> Result<Root, Errno> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        open(&self.root, flags, Mode::empty()).map(Root::new)
    }
}

/// The line of the root's own mount. It begins with a number that the kernel
/// gives only once, so the same line is the same mount.
fn root_line(mounts: &str) -> Option<String> {
    let mounts = mountinfo::parse(mounts).ok()?;
    Some(mountinfo::at(&mounts, "/")?.line.clone())
}

fn text_of(answer: &Result<Answer, Gap>) -> Option<&str> {
    match answer {
        Ok(Answer::Text(text)) => Some(text.raw()),
        _ => None,
    }
}

/// One file below a root, as far as `keep` wants it. That it is not there is
/// an answer too.
fn file(
    root: &Root,
    path: &str,
    reach: Reach,
    source: &Source,
    keep: fn(&str) -> String,
) -> Result<Answer, Gap> {
    let read = root.open(path, reach).and_then(bounded);
    match read {
        Ok(bytes) => {
            // Whatever is too large is measured before anything is taken from it.
            text(&bytes, source.clone())?;
            text(keep(&String::from_utf8_lossy(&bytes)).as_bytes(), source.clone())
        }
        Err(Errno::ENOENT) => Ok(Answer::Nothing),
        Err(errno) => Err(gap(source.clone(), errno)),
    }
}

/// Which of the accounts' shells are there. What is listed neither here nor as
/// unread is not.
fn shells(root: &Root, accounts: &str, source: &Source) -> Listing {
    let named: BTreeSet<&str> =
        passwd::parse(accounts).iter().map(passwd::Account::program).collect();
    let mut listing = Listing::default();
    if named.len() > MOST {
        let detail =
            format!("the accounts name over {MOST} shells; only the first were looked for");
        listing.unread.push(Gap::new(Reason::TooLarge, source.clone(), detail));
    }
    for path in named.into_iter().take(MOST) {
        match root.stat(path, Reach::OneFileSystem) {
            Ok(found) => listing.files.push(found),
            Err(Errno::ENOENT | Errno::ENOTDIR) => {}
            Err(errno) => listing.unread.push(gap(source.clone(), errno)),
        }
    }
    listing
}

/// Whether the root of these mounts surely answers.
fn answers_by_itself(mounts: &Result<Answer, Gap>, hosts: &[Mount]) -> bool {
    let parsed = |answer| text_of(answer).and_then(|text| mountinfo::parse(text).ok());
    let Some(mounts) = parsed(mounts) else { return false };
    let Some(root) = mountinfo::at(&mounts, "/") else { return false };
    is_local(root, hosts)
}

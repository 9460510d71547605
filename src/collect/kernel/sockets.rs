//! The sockets at which container engines of this host listen.
//!
//! By name where engines listen by default, where this audit asks, and wherever
//! else a process that is an engine listens: the kernel tells each process its
//! network namespace's sockets by number and path (`net/unix`), and each
//! process's own sockets by number (`fd`). A socket is known by its file's
//! device and inode then, whatever it is called somewhere else.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use super::Kernel;
use super::points::refused;
use super::process::Process;
use super::root::{Reach, Root};
use super::table::{Row, Table};
use crate::model::bundle::{Answer, Bundle};
use crate::model::files::{Kind, Listing};
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::untrusted::Untrusted;
use crate::parse::proc::status::Status;
use crate::parse::proc::unix;

/// Where engines and runtimes listen by default.
const WELL_KNOWN: [&str; 9] = [
    "/run/buildkit/buildkitd.sock",
    "/run/containerd/containerd.sock",
    "/run/cri-dockerd.sock",
    "/run/crio/crio.sock",
    "/run/docker.sock",
    "/run/docker/containerd/containerd.sock",
    "/run/dockershim.sock",
    "/run/k3s/containerd/containerd.sock",
    "/run/podman/podman.sock",
];

/// The programs that are engines, by the names that the kernel knows them by.
const ENGINES: [&str; 9] = [
    "balenad",
    "buildkitd",
    "containerd",
    "cri-dockerd",
    "crio",
    "dockerd",
    "k3s-server",
    "nerdctl",
    "podman",
];

/// The most engines, and the most open files of each, that are looked at.
const MOST_ENGINES: usize = 64;
const MOST_FILES: usize = 65_536;

impl Kernel {
    /// Records the engines' sockets; `asked` is the one that the audit itself asks.
    pub fn observe_engine_sockets(&self, asked: Option<&Path>, bundle: &mut Bundle) {
        let source = Source::engine_sockets();
        let answer = self.engine_sockets(asked).map(Answer::Files);
        bundle.record(source.clone(), answer.map_err(|gap| Gap { source, ..gap }));
    }

    fn engine_sockets(&self, asked: Option<&Path>) -> Result<Listing, Gap> {
        let source = Source::engine_sockets();
        let own = Process::own(&self.proc)?;
        let root = own.root().map_err(|errno| refused(source.clone(), "the host's root", errno))?;
        let mut listing = Listing::default();
        let well_known = WELL_KNOWN.iter().map(PathBuf::from);
        for path in well_known.chain(asked.map(Path::to_path_buf)) {
            // An engine that is not there listens nowhere.
            add(&mut listing, &root, &path.to_string_lossy(), true);
        }
        let table = Table::of_those(&self.proc, |process| {
            let status = process.peek("status").unwrap_or_default();
            ENGINES.contains(&Status::parse(&status).name().raw())
        });
        listing
            .unread
            .extend(table.hidden.clone().map(|gap| Gap { source: source.clone(), ..gap }));
        let engines: Vec<u32> =
            table.rows.iter().filter(|(_, row)| is_engine(row)).map(|(pid, _)| *pid).collect();
        if engines.len() > MOST_ENGINES {
            let detail = format!("over {MOST_ENGINES} processes are container engines");
            listing.unread.push(Gap::new(Reason::TooLarge, source.clone(), detail));
        }
        let own_mounts = own.peek_link("ns/mnt");
        for pid in engines.into_iter().take(MOST_ENGINES) {
            let Ok(engine) = Process::open(&self.proc, pid) else { continue };
            let paths = match listening(&engine) {
                Ok(paths) => paths,
                Err(gap) if gap.reason == Reason::Gone => continue,
                Err(gap) => {
                    listing.unread.push(Gap { source: source.clone(), ..gap });
                    continue;
                }
            };
            let is_elsewhere = table.rows.get(&pid).is_some_and(|row| {
                let mounts = row.mount_namespace.as_ref().zip(own_mounts.as_ref());
                row.has_other_root || mounts.is_some_and(|(theirs, own)| theirs != own)
            });
            let inside = is_elsewhere.then(|| engine.root());
            match &inside {
                None => paths.iter().for_each(|path| add(&mut listing, &root, path, false)),
                Some(Ok(root)) => {
                    paths.iter().for_each(|path| add(&mut listing, root, path, false));
                }
                Some(Err(errno)) => {
                    listing.unread.push(refused(source.clone(), "an engine's root", *errno));
                }
            }
        }
        listing.files.sort_by(|one, other| one.path.raw().cmp(other.path.raw()));
        listing.unread.sort();
        Ok(listing)
    }
}

/// An engine is a process of the host: a container may call its own anything.
fn is_engine(row: &Row) -> bool {
    row.ns_pids.len() <= 1 && !row.has_ended && !row.is_kernel_thread && !row.is_in_container()
}

/// The paths at which a process listens. Abstract names have no file, and no
/// mount leads to them.
fn listening(engine: &Process) -> Result<BTreeSet<String>, Gap> {
    let source = Source::proc(engine.pid(), "fd");
    let denied = |what: &str| {
        Gap::new(Reason::Denied, source.clone(), format!("the kernel refused {what} of an engine"))
            .mend("run as root, or with CAP_SYS_PTRACE on the host")
    };
    let names = engine.list("fd").map_err(|gap| match gap.reason {
        Reason::Gone => gap,
        Reason::Denied
        | Reason::Unsupported
        | Reason::Malformed
        | Reason::TimedOut
        | Reason::TooLarge
        | Reason::Unproved
        | Reason::OtherKernel
        | Reason::NotCollected
        | Reason::Unset
        | Reason::NotRunning => denied("the open files"),
    })?;
    if names.len() > MOST_FILES {
        let detail = format!("an engine has over {MOST_FILES} open files");
        return Err(Gap::new(Reason::TooLarge, source, detail));
    }
    let own: BTreeSet<u64> = names
        .iter()
        .filter_map(|name| unix::number(&engine.peek_link(&format!("fd/{name}"))?))
        .collect();
    let table = engine.peek("net/unix").ok_or_else(|| denied("the sockets"))?;
    Ok(unix::listening(&table)
        .into_iter()
        .filter(|socket| own.contains(&socket.number) && socket.path.starts_with('/'))
        .map(|socket| socket.path.to_owned())
        .collect())
}

fn add(listing: &mut Listing, root: &Root, path: &str, may_be_absent: bool) {
    let source = Source::engine_sockets();
    match root.stat(path, Reach::Mounts) {
        Ok(file) if file.kind == Kind::Socket => {
            let same = |known: &crate::model::files::File| {
                (known.device, known.inode) == (file.device, file.inode)
            };
            if !listing.files.iter().any(same) {
                listing.files.push(file);
            }
        }
        Ok(_) | Err(Errno::ENOENT | Errno::ENOTDIR) if may_be_absent => {}
        Ok(_) => listing.unread.push(moved(source, path)),
        Err(Errno::ENOENT) => listing.unread.push(moved(source, path)),
        Err(errno) => {
            let what = Untrusted::from(path).to_string();
            listing.unread.push(refused(source, &what, errno));
        }
    }
}

fn moved(source: Source, path: &str) -> Gap {
    let path = Untrusted::from(path);
    let detail = format!("an engine listens at {path}, and its socket is not there any more");
    Gap::new(Reason::Gone, source, detail).mend("restart that engine")
}

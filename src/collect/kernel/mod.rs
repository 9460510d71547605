//! What the kernel enforces, read from `/proc` and the cgroup file systems.

mod discover;
mod limits;
mod neighbours;
mod points;
mod process;
mod prove;
mod root;
mod settle;
mod setuid;
mod sockets;
mod table;
mod threads;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::collect::redact;
use crate::model::bundle::{Answer, Bundle, Processes};
use crate::model::files::Listing;
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::untrusted::Untrusted;
use crate::parse::passwd;
use crate::parse::proc::mountinfo;

pub use discover::Discovered;
pub use prove::{Claim, Proof};

use limits::CgroupMounts;
use process::Process;
use table::Table;

/// Where the kernel's files are; elsewhere only in tests.
#[derive(Clone, Debug)]
pub struct Kernel {
    proc: PathBuf,
    root: PathBuf,
}

impl Default for Kernel {
    fn default() -> Self {
        Self::below("/")
    }
}

/// The namespaces whose identity is recorded (`namespaces(7)`).
const NAMESPACES: [&str; 7] = ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"];

/// Those whose first one has a fixed number (`include/linux/proc_ns.h`), so
/// that the auditor's own tells whether it is the machine's first.
const NUMBERED: [&str; 4] = ["cgroup", "ipc", "user", "uts"];

/// The files that are read of every process.
const OF_EVERY_PROCESS: [&str; 5] = ["status", "uid_map", "gid_map", "attr/current", ENVIRONMENT];

/// Kept only as far as it names an engine: see [`redact`].
const ENVIRONMENT: &str = "environ";

/// The container's own accounts, seen through the process that sees its mounts.
const PASSWD: &str = "root/etc/passwd";

/// The identity of a process's network namespace, as the inode of a file that
/// the kernel makes once for each: unlike `ns/net`, everybody may look at it.
const NETWORK_INODE: &str = "net/dev (inode)";

/// What came of the questions about one process.
type Answers = Vec<(Source, Result<Answer, Gap>)>;

/// The processes that were read, each by its pid and when it started.
type Readings = BTreeMap<(u32, u64), Answers>;

/// A claim, and the processes that proved to be its container's.
type Proved<'a> = (&'a Claim, Result<Processes, Gap>);

/// How often the process list is read again before it counts as restless.
const ROUNDS: usize = 4;

impl Kernel {
    /// The kernel's files below another root, as a test lays them out.
    pub fn below(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        Self { proc: root.join("proc"), root }
    }

    /// Records what holds for the whole host.
    pub fn observe_host(&self, bundle: &mut Bundle) {
        for path in [
            "/proc/meminfo",
            "/proc/sys/kernel/osrelease",
            "/proc/sys/kernel/pid_max",
            "/sys/kernel/security/lsm",
            "/sys/fs/selinux/enforce",
        ] {
            let source = Source::Kernel(path.to_owned());
            bundle.record(source.clone(), process::read_file(&self.at(path), source));
        }
        if let Ok(own) = Process::own(&self.proc) {
            for name in NUMBERED {
                let source = Source::Kernel(format!("/proc/self/ns/{name}"));
                let link = own.link(&format!("ns/{name}"));
                bundle.record(source.clone(), link.map_err(|gap| Gap { source, ..gap }));
            }
        }
        match Process::open(&self.proc, 1) {
            Ok(first) => {
                for file in ["status", "mountinfo"] {
                    bundle.record(Source::proc(1, file), first.read(file));
                }
                observe_namespaces(&first, 1, bundle);
            }
            Err(gap) => bundle.record(Source::proc(1, "status"), Err(gap)),
        }
    }

    /// Reads every process of every container, and each container's mounts,
    /// namespaces and limits.
    ///
    /// The process list is read again until nothing new appears, so a process
    /// that starts while others are read is not missed, and one that ends
    /// meanwhile is no gap: it is not the container's any more.
    pub fn observe(&self, claims: &[Claim], bundle: &mut Bundle) {
        let mut read = Readings::new();
        let mut proved = Vec::new();
        let mut starts: BTreeMap<u32, u64> = BTreeMap::new();
        for round in 0..=ROUNDS {
            let table = Table::scan(&self.proc);
            proved = self.prove_all(claims, &table);
            starts = table.starts();
            let alive: BTreeSet<(u32, u64)> = proved
                .iter()
                .filter_map(|(_, processes)| processes.as_ref().ok())
                .flat_map(|processes| processes.all().into_iter().chain(processes.beside()))
                .filter_map(|pid| Some((pid, *starts.get(&pid)?)))
                .collect();
            let fresh: Vec<_> =
                alive.iter().filter(|key| !read.contains_key(key)).copied().collect();
            read.retain(|key, _| alive.contains(key));
            if fresh.is_empty() {
                break;
            }
            for key @ (pid, _) in fresh {
                let answers = if round == ROUNDS { restless(pid) } else { self.read_process(pid) };
                read.insert(key, answers);
            }
        }
        self.settle(&mut read, &mut proved);
        for (source, answer) in read.into_values().flatten() {
            bundle.record(source, answer);
        }
        let mounts = CgroupMounts::read(&self.proc);
        for (claim, mut processes) in proved {
            if let Ok(processes) = &mut processes {
                processes.limit_files = mounts.limit_files(processes);
                processes.device_list = mounts.device_list(processes);
                processes.threads = threads::recorded(processes, bundle);
                self.observe_container(&claim.id, processes, &starts, bundle);
            }
            bundle.record(Source::Processes(claim.id.clone()), processes.map(Answer::Processes));
        }
    }

    fn prove_all<'a>(&self, claims: &'a [Claim], table: &Table) -> Vec<Proved<'a>> {
        claims.iter().map(|claim| (claim, prove::prove(claim, claims, table, &self.proc))).collect()
    }

    fn read_process(&self, pid: u32) -> Answers {
        let process = match Process::open(&self.proc, pid) {
            Ok(process) => process,
            Err(gap) => return OF_EVERY_PROCESS.map(|file| missing(pid, file, &gap)).into(),
        };
        let mut answers = Answers::new();
        for file in OF_EVERY_PROCESS {
            let answer = match file {
                ENVIRONMENT => process.environment(redact::environment),
                _ => process.read(file),
            };
            if let ("status", Ok(Answer::Text(status))) = (file, &answer) {
                answers.extend(threads::differing(&process, status.raw()));
            }
            answers.push((Source::proc(pid, file), answer));
        }
        answers
    }

    /// Once a container: its mounts, namespaces and limits.
    fn observe_container(
        &self,
        id: &str,
        processes: &Processes,
        starts: &BTreeMap<u32, u64>,
        bundle: &mut Bundle,
    ) {
        match self.reopen(processes.init, starts) {
            Ok(process) => observe_namespaces(&process, processes.init, bundle),
            Err(gap) => {
                let links = NAMESPACES.map(|name| format!("ns/{name}"));
                for name in links.iter().map(String::as_str).chain([NETWORK_INODE]) {
                    let (source, answer) = missing(processes.init, name, &gap);
                    bundle.record(source, answer);
                }
            }
        }
        let viewer = self.observe_files(processes.viewer, starts, bundle);
        if setuid::matter(processes, bundle) {
            let source = Source::Files(id.to_owned());
            bundle.record(source.clone(), privileged_files(viewer, &source, bundle));
        }
        for path in processes.limit_files.iter().chain(&processes.device_list) {
            let source = Source::Kernel(path.clone());
            bundle.record(source.clone(), process::read_optional(&self.at(path), source));
        }
    }

    /// The container's mounts and accounts, as one of its processes sees them;
    /// and that process.
    fn observe_files(
        &self,
        pid: u32,
        starts: &BTreeMap<u32, u64>,
        bundle: &mut Bundle,
    ) -> Result<Process, Gap> {
        let (mounts, accounts) = (Source::proc(pid, "mountinfo"), Source::proc(pid, PASSWD));
        let viewer = self.reopen(pid, starts).and_then(|viewer| match viewer.peek_link("root") {
            Some(root) if root != "/" => {
                let root = Untrusted::from(root);
                let detail = format!(
                    "no process is left with the container's own root; this one has {root}, \
                     and sees only what is mounted below it"
                );
                Err(Gap::new(Reason::Unproved, mounts.clone(), detail))
            }
            _ => Ok(viewer),
        });
        let (points, devices) = (Source::mount_points(pid), Source::devices(pid));
        let (seen, known) = match &viewer {
            Ok(viewer) => {
                let files = |found: Result<Listing, Gap>| found.map(Answer::Files);
                bundle.record(points, files(points::mount_points(&self.proc, viewer)));
                bundle.record(devices, files(points::devices(viewer)));
                let seen = viewer.read("mountinfo");
                let known = viewer.accounts(&seen, PASSWD, passwd::without_secrets);
                (seen, known)
            }
            Err(gap) => {
                for source in [points, devices] {
                    bundle.record(source.clone(), Err(Gap { source, ..gap.clone() }));
                }
                (
                    Err(Gap { source: mounts.clone(), ..gap.clone() }),
                    Err(Gap { source: accounts.clone(), ..gap.clone() }),
                )
            }
        };
        bundle.record(mounts, seen);
        bundle.record(accounts, known);
        viewer
    }

    /// A process of which the table knows when it started: the same number may
    /// be another process by now.
    fn reopen(&self, pid: u32, starts: &BTreeMap<u32, u64>) -> Result<Process, Gap> {
        let process = Process::open(&self.proc, pid)?;
        if process.start() == starts.get(&pid).copied() {
            return Ok(process);
        }
        Err(Gap::new(Reason::Gone, Source::proc(pid, ""), "the process has ended")
            .mend("run the audit again while the container runs"))
    }

    /// An absolute path of the host, below this kernel's root.
    fn at(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }
}

fn observe_namespaces(process: &Process, pid: u32, bundle: &mut Bundle) {
    for name in NAMESPACES {
        let link = format!("ns/{name}");
        bundle.record(Source::proc(pid, &link), process.link(&link));
    }
    let source = Source::proc(pid, NETWORK_INODE);
    bundle.record(source.clone(), process.inode("net/dev", source));
}

/// The files that can give privileges, as the process sees them through the
/// mounts that were recorded of it.
fn privileged_files(
    viewer: Result<Process, Gap>,
    source: &Source,
    bundle: &Bundle,
) -> Result<Answer, Gap> {
    let own = |gap: Gap| Gap { source: source.clone(), ..gap };
    let viewer = viewer.map_err(own)?;
    let mounts = bundle.text(&Source::proc(viewer.pid(), "mountinfo")).map_err(own)?;
    let mounts = mountinfo::parse(mounts.raw())
        .map_err(|detail| Gap::new(Reason::Malformed, source.clone(), detail))?;
    // Not to know the host's mounts only makes fewer file systems local.
    let host = bundle.text(&Source::proc(1, "mountinfo")).ok();
    let host = host.and_then(|text| mountinfo::parse(text.raw()).ok()).unwrap_or_default();
    let root = viewer.root().map_err(|errno| process::gap(source.clone(), errno))?;
    Ok(Answer::Files(setuid::list(&root, &mounts, &host, source)))
}

/// One file of a process that cannot be asked, and why.
fn missing(pid: u32, file: &str, gap: &Gap) -> (Source, Result<Answer, Gap>) {
    let source = Source::proc(pid, file);
    (source.clone(), Err(Gap { source, ..gap.clone() }))
}

fn restless(pid: u32) -> Answers {
    let detail = "the container starts processes faster than they can be read";
    let gap = Gap::new(Reason::Gone, Source::proc(pid, ""), detail)
        .mend("run the audit again when the container is quieter");
    OF_EVERY_PROCESS.map(|file| missing(pid, file, &gap)).into()
}

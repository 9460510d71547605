//! What the kernel enforces, read from `/proc` and the cgroup file systems.

mod accounts;
mod check;
mod container;
mod discover;
mod files;
mod limits;
mod local;
mod neighbours;
mod network;
mod nginx;
mod points;
mod process;
mod prove;
mod root;
mod settle;
mod sockets;
mod table;
mod threads;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use crate::model::bundle::{Answer, Bundle, Processes};
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;

pub use discover::Discovered;
pub use files::below;
pub use prove::{Claim, Proof};

use container::Look;
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
const OF_EVERY_PROCESS: [&str; 10] = [
    "status",
    "uid_map",
    "gid_map",
    "attr/current",
    ENVIRONMENT,
    COMMAND_LINE,
    PROGRAM,
    FOLDER,
    ROOT,
    MOUNTS,
];

/// Its values are sealed as they are read: see [`crate::collect::redact`].
const ENVIRONMENT: &str = "environ";

/// Kept only as its skeleton, as the environment is sealed.
const COMMAND_LINE: &str = "cmdline";

/// Links: the file that a process executes, the folder that it works in, its
/// root, and its mount namespace.
const PROGRAM: &str = "exe";
const FOLDER: &str = "cwd";
const ROOT: &str = "root";
const MOUNTS: &str = "ns/mnt";

/// The identity of a process's network namespace, as the inode of a file that
/// the kernel makes once for each: unlike `ns/net`, everybody may look at it.
const NETWORK_INODE: &str = "net/dev (inode)";

/// The function of the kernel in which the first process sleeps: it may be
/// waiting for signals.
const SLEEPS_IN: &str = "wchan";

/// What came of the questions about one process.
type Answers = Vec<(Source, Result<Answer, Gap>)>;

/// The processes that were read, each by its pid and when it started.
type Readings = BTreeMap<(u32, u64), Answers>;

/// A claim, and the processes that proved to be its container's.
type Proved<'a> = (&'a Claim, Result<Processes, Gap>);

/// How many containers are looked at at once.
const SIDE_BY_SIDE: usize = 8;

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
            "/sys/devices/system/cpu/online",
            "/sys/kernel/security/lsm",
            "/sys/fs/selinux/enforce",
        ] {
            let source = Source::Kernel(path.into());
            bundle.record(source.clone(), process::read_file(&self.at(path), source));
        }
        if let Ok(own) = Process::own(&self.proc) {
            for name in NUMBERED {
                let source = Source::Kernel(format!("/proc/self/ns/{name}").into());
                let link = own.link(&format!("ns/{name}"));
                bundle.record(source.clone(), link.map_err(|gap| Gap { source, ..gap }));
            }
        }
        match Process::open(&self.proc, 1) {
            Ok(first) => {
                for file in ["status", "mountinfo", "net/route"] {
                    bundle.record(Source::proc(1, file), first.read(file));
                }
                let (source, groups) = self.host_groups(&first);
                bundle.record(source, groups);
                for (source, answer) in container::namespaces(&first, 1) {
                    bundle.record(source, answer);
                }
            }
            Err(gap) => bundle.record(Source::proc(1, "status"), Err(gap)),
        }
    }

    /// Reads every process of every container, and each container's mounts,
    /// namespaces and limits.
    ///
    /// The process list is read again until nothing new appears, so a process
    /// that starts while others are read is not missed, and one that ends
    /// meanwhile is no gap: it is not the container's any more. Of each
    /// container's files those that fit the patterns `sought` are looked for.
    pub fn observe(&self, claims: &[Claim], sought: &[String], bundle: &mut Bundle) {
        let mut read = Readings::new();
        let mut proved = Vec::new();
        let mut starts: BTreeMap<u32, u64> = BTreeMap::new();
        let mut seen: BTreeMap<String, Vec<(u32, u32)>> = BTreeMap::new();
        for round in 0..=ROUNDS {
            let table = Table::scan(&self.proc);
            proved = self.prove_all(claims, &table);
            if round == 0 {
                seen = proved.iter().filter_map(zombies).collect();
            }
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
        for (claim, processes) in &mut proved {
            let Ok(processes) = processes else { continue };
            mounts.name_files(processes);
            processes.device_list = mounts.device_list(processes);
            if let (Some(zombies), Some(before)) = (&mut processes.zombies, seen.get(&claim.id)) {
                // Who has just ended is about to be waited for.
                zombies.retain(|zombie| before.contains(zombie));
            }
            processes.threads = threads::recorded(processes, bundle);
        }
        for (claim, processes, answers) in self.look_at_all(proved, &starts, sought, bundle) {
            for (source, answer) in answers {
                bundle.record(source, answer);
            }
            bundle.record(
                Source::Processes(claim.id.as_str().into()),
                processes.map(Answer::Processes),
            );
        }
    }

    /// Looks at the containers side by side: most of the time is spent waiting
    /// for the file systems that serve them. What comes of it is keyed by its
    /// source, so the order leaves no trace.
    fn look_at_all<'c>(
        &self,
        proved: Vec<Proved<'c>>,
        starts: &BTreeMap<u32, u64>,
        sought: &[String],
        bundle: &Bundle,
    ) -> Vec<(&'c Claim, Result<Processes, Gap>, Answers)> {
        let look = Look::new(self, starts, sought, bundle);
        let at = |(claim, processes): Proved<'c>| {
            let seen = processes.as_ref().map(|it| look.at(&claim.id, it)).unwrap_or_default();
            (claim, processes.and_then(|it| self.still(it, claim, starts)), seen)
        };
        match rayon::ThreadPoolBuilder::new().num_threads(SIDE_BY_SIDE).build() {
            Ok(pool) => pool.install(|| proved.into_par_iter().map(at).collect()),
            // Without threads it only takes longer.
            Err(_) => proved.into_iter().map(at).collect(),
        }
    }

    /// What was read of a container whose first process is ending is no
    /// evidence: the kernel takes its cgroups and mounts apart meanwhile.
    fn still(
        &self,
        processes: Processes,
        claim: &Claim,
        starts: &BTreeMap<u32, u64>,
    ) -> Result<Processes, Gap> {
        let init = processes.init;
        let lives = starts.get(&init).is_some_and(|start| self.lives(init, *start));
        if lives { Ok(processes) } else { Err(prove::gone(init, claim)) }
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
                ENVIRONMENT => process.environment(),
                COMMAND_LINE => process.command_line(),
                PROGRAM | FOLDER | ROOT | MOUNTS => process.link(file),
                _ => process.read(file),
            };
            if let ("status", Ok(Answer::Text(status))) = (file, &answer) {
                answers.extend(threads::differing(&process, status.raw()));
            }
            answers.push((Source::proc(pid, file), answer));
        }
        answers
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

/// One file of a process that cannot be asked, and why.
fn missing(pid: u32, file: &str, gap: &Gap) -> (Source, Result<Answer, Gap>) {
    let source = Source::proc(pid, file);
    (source.clone(), Err(Gap { source, ..gap.clone() }))
}

/// The container's zombies as one look saw them.
fn zombies((claim, processes): &Proved<'_>) -> Option<(String, Vec<(u32, u32)>)> {
    Some((claim.id.clone(), processes.as_ref().ok()?.zombies.clone()?))
}

fn restless(pid: u32) -> Answers {
    let detail = "the container starts processes faster than they can be read";
    let gap = Gap::new(Reason::Gone, Source::proc(pid, ""), detail)
        .mend("run the audit again when the container is quieter");
    OF_EVERY_PROCESS.map(|file| missing(pid, file, &gap)).into()
}

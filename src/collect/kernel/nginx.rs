//! How nginx is configured in a container, by the files that its first process sees.

use nix::errno::Errno;

use super::local::is_local;
use super::process::{Process, bounded, gap};
use super::root::{self, Reach, Root};
use crate::model::bundle::{Answer, Processes};
use crate::model::nginx::{Configuration, Directive};
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::untrusted::Untrusted;
use crate::parse::nginx::{self, Told};
use crate::parse::proc::mountinfo::{self, Mount};

/// The most masters of one container whose configurations are read.
const MOST_MASTERS: usize = 4;

/// The most names of one folder.
const MOST_NAMES: usize = 4096;

/// The most bytes of all files of one configuration.
const MOST_BYTES: usize = 8 << 20;

/// What nginx was told to read, of every master among the processes; nothing where
/// none of them is nginx.
pub(super) fn of_container(
    processes: &Processes,
    hosts: &[Mount],
    open: impl Fn(u32) -> Result<Process, Gap>,
) -> Option<(Source, Result<Answer, Gap>)> {
    let source = Source::nginx(processes.viewer);
    let all = processes.all();
    let is_nginx = |process: &Process| {
        let name = process.peek("comm").unwrap_or_default();
        let program = process.peek_link("exe").unwrap_or_default();
        let file = program.rsplit('/').next().unwrap_or_default();
        nginx::is_program(name.trim_end()) || nginx::is_program(file)
    };
    let found: Vec<Process> =
        all.into_iter().filter_map(|pid| open(pid).ok()).filter(is_nginx).collect();
    if found.is_empty() {
        return None;
    }
    let masters: Vec<(&Process, Told)> = found
        .iter()
        .filter_map(|it| Some((it, nginx::of_process(&it.peek("cmdline")?)?)))
        .collect();
    let answer = match masters.len() {
        0 => {
            let detail = "no process of nginx is left that has read a configuration";
            Err(Gap::new(Reason::Gone, source.clone(), detail))
        }
        count if count > MOST_MASTERS => {
            let detail = format!("{count} processes of nginx have each read a configuration");
            Err(Gap::new(Reason::TooLarge, source.clone(), detail))
        }
        _ => masters.iter().try_fold(Configuration::default(), |mut all, (master, told)| {
            let one = of_master(master, told, hosts, &source)?;
            all.directives.extend(one.directives);
            all.unread.extend(one.unread);
            Ok(all)
        }),
    };
    Some((source, answer.map(Answer::Nginx)))
}

fn of_master(
    master: &Process,
    told: &Told,
    hosts: &[Mount],
    source: &Source,
) -> Result<Configuration, Gap> {
    let refused = |errno| Gap { source: source.clone(), ..gap(source.clone(), errno) };
    let unsupported = |detail| Gap::new(Reason::Unsupported, source.clone(), detail);
    if master.peek_link("root").is_some_and(|it| it != "/") {
        return Err(unsupported("nginx has another root than the container"));
    }
    let mounts = master.peek("mountinfo").and_then(|text| mountinfo::parse(&text).ok());
    let mounts = mounts.unwrap_or_default();
    if !mountinfo::at(&mounts, "/").is_some_and(|it| is_local(it, hosts)) {
        return Err(unsupported("nginx's root is not on a file system of this kernel's own"));
    }
    let root = master.root().map_err(refused)?;
    let mut files = Seen { root, mounts: &mounts, hosts, source, left: MOST_BYTES };
    let program = master.peek_link("exe");
    nginx::assemble(told, program.as_deref(), &mut files, source)?.ok_or_else(|| {
        let gap = unsupported("nginx's configuration is at none of the usual places");
        gap.mend("start nginx with -c and the path of its configuration")
    })
}

/// The files as a process sees them.
struct Seen<'a> {
    root: Root,
    mounts: &'a [Mount],
    hosts: &'a [Mount],
    source: &'a Source,
    /// How many bytes may still be read.
    left: usize,
}

impl Seen<'_> {
    fn reach(&self, path: &str) -> Result<Reach, Gap> {
        if path.split('/').any(|it| it == "..") {
            // Behind a link it leads elsewhere than its text says.
            return Err(self.gap(
                Reason::Unsupported,
                path,
                "leads up again, which is not followed",
            ));
        }
        Ok(root::reach(path, self.mounts, self.hosts))
    }

    fn gap(&self, reason: Reason, path: &str, what: &str) -> Gap {
        let path = Untrusted::from(path);
        Gap::new(reason, self.source.clone(), format!("{path} {what}"))
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the kernel has many more errors")]
    fn refused(&self, path: &str, errno: Errno) -> Gap {
        match errno {
            Errno::EXDEV | Errno::ELOOP => self.gap(
                Reason::Unsupported,
                path,
                "lies behind a mount or a link that is not followed",
            ),
            Errno::EISDIR | Errno::EINVAL => self.gap(Reason::Malformed, path, "is no file"),
            other => {
                let gap = gap(self.source.clone(), other);
                let path = Untrusted::from(path);
                Gap { detail: format!("{path} cannot be read: {}", gap.detail).into(), ..gap }
            }
        }
    }
}

impl nginx::Files for Seen<'_> {
    fn read(&mut self, path: &str) -> Result<Option<Vec<Directive>>, Gap> {
        let bytes = match self.root.open(path, self.reach(path)?).and_then(bounded) {
            Ok(bytes) => bytes,
            Err(Errno::ENOENT | Errno::ENOTDIR) => return Ok(None),
            Err(errno) => return Err(self.refused(path, errno)),
        };
        if bytes.len() > nginx::LONGEST || bytes.len() > self.left {
            return Err(self.gap(Reason::TooLarge, path, "is larger than what is read of it"));
        }
        self.left -= bytes.len();
        let parsed = nginx::parse(&String::from_utf8_lossy(&bytes), path);
        parsed.map(Some).map_err(|fault| self.gap(Reason::Malformed, path, &fault.to_string()))
    }

    fn list(&mut self, folder: &str) -> Result<Vec<String>, Gap> {
        match self.root.list(folder, self.reach(folder)?, MOST_NAMES) {
            Ok(names) if names.len() + 2 < MOST_NAMES => Ok(names),
            Ok(_) => Err(self.gap(Reason::TooLarge, folder, "has more names than are read")),
            Err(Errno::ENOENT | Errno::ENOTDIR) => Ok(Vec::new()),
            Err(errno) => Err(self.refused(folder, errno)),
        }
    }
}

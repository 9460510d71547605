//! What is asked once of each container: its namespaces, mounts, files and limits.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::process::{self, Process};
use super::walk::Search;
use super::{
    Answers, Kernel, NAMESPACES, NETWORK_INODE, SLEEPS_IN, accounts, check, files, missing,
    network, nginx, points,
};
use crate::model::bundle::{Answer, Bundle, Processes};
use crate::model::files::Listing;
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::survey::Survey;
use crate::model::untrusted::Untrusted;
use crate::parse::code;
use crate::parse::document::Document;
use crate::parse::pattern::{self, Patterns};
use crate::parse::proc::mountinfo::{self, Mount};

/// How long the walks through all the containers' files may take together.
const ALL_WALKS: Duration = Duration::from_secs(60);

/// What the looks at all containers have in common.
pub(super) struct Look<'a> {
    kernel: &'a Kernel,
    /// When each process of the table started.
    starts: &'a BTreeMap<u32, u64>,
    /// The patterns of the files that are looked for.
    sought: &'a [String],
    /// What is already known.
    bundle: &'a Bundle,
    hosts: Vec<Mount>,
    /// No walk through files goes on after this.
    walks_until: Instant,
}

impl<'a> Look<'a> {
    pub(super) fn new(
        kernel: &'a Kernel,
        starts: &'a BTreeMap<u32, u64>,
        sought: &'a [String],
        bundle: &'a Bundle,
    ) -> Self {
        let hosts = hosts_mounts(bundle);
        Self { kernel, starts, sought, bundle, hosts, walks_until: Instant::now() + ALL_WALKS }
    }

    /// Everything that is asked of one container.
    pub(super) fn at(&self, id: &str, processes: &Processes) -> Answers {
        let init = processes.init;
        let open = |pid| self.kernel.reopen(pid, self.starts);
        let first = open(init);
        let mut answers = match &first {
            Ok(process) => {
                let mut answers = namespaces(process, init);
                answers.push((Source::proc(init, SLEEPS_IN), process.read(SLEEPS_IN)));
                answers
            }
            Err(gap) => {
                let links = NAMESPACES.map(|name| format!("ns/{name}"));
                let names = links.iter().map(String::as_str).chain([NETWORK_INODE, SLEEPS_IN]);
                names.map(|name| missing(init, name, gap)).collect()
            }
        };
        answers.extend(network::answers(&first, processes, open));
        answers.extend(self.files(id, processes));
        answers.extend(nginx::of_container(processes, &self.hosts, open));
        let Processes { limit_files, usage_files, device_list, .. } = processes;
        answers.extend(limit_files.iter().chain(usage_files).chain(device_list).map(|path| {
            let source = Source::Kernel(path.as_str().into());
            let answer = process::read_optional(&self.kernel.at(path), source.clone());
            (source, answer)
        }));
        answers
    }

    /// What one of the container's processes sees of its files.
    fn files(&self, id: &str, processes: &Processes) -> Answers {
        let pid = processes.viewer;
        let Self { hosts, bundle, .. } = self;
        match self.kernel.reopen(pid, self.starts).and_then(with_whole_view) {
            Ok(viewer) => {
                let seen = viewer.read("mountinfo");
                let mounts = parsed(&seen);
                let files = |source: Source, look: &dyn Fn(&[Mount]) -> Result<Listing, Gap>| {
                    let listing = mounts.as_ref().map_err(Clone::clone).and_then(|it| look(it));
                    let named = listing.map_err(|gap| Gap { source: source.clone(), ..gap });
                    (source, named.map(Answer::Files))
                };
                let mut answers = accounts::of_container(&viewer, &seen, hosts);
                answers.extend([
                    files(Source::mount_points(pid), &|mounts| {
                        points::mount_points(&self.kernel.proc, &viewer, mounts, hosts)
                    }),
                    files(Source::devices(pid), &|mounts| points::devices(&viewer, mounts, hosts)),
                ]);
                let survey = mounts.as_ref().map_err(Clone::clone);
                let survey = survey.and_then(|mounts| self.survey(id, processes, &viewer, mounts));
                let source = Source::Files(id.into());
                let named = survey.map_err(|gap| Gap { source: source.clone(), ..gap });
                answers.push((source, named.map(Answer::Survey)));
                if let Ok(mounts) = &mounts {
                    let source = Source::container(id);
                    let inspect = Document::new(source.clone(), bundle.json(&source));
                    answers.extend(check::programs(&viewer, mounts, hosts, &inspect));
                }
                answers.push((Source::proc(pid, "mountinfo"), seen));
                answers
            }
            Err(gap) => {
                let sources = [
                    Source::proc(pid, "mountinfo"),
                    Source::mount_points(pid),
                    Source::devices(pid),
                    Source::Files(id.into()),
                ];
                let refused = |source: Source| (source.clone(), Err(Gap { source, ..gap.clone() }));
                accounts::missing(pid, &gap)
                    .into_iter()
                    .chain(sources.into_iter().map(refused))
                    .collect()
            }
        }
    }
}

impl Look<'_> {
    /// The container's files: what the policy asks for, and the code that its
    /// own processes run.
    fn survey(
        &self,
        id: &str,
        processes: &Processes,
        viewer: &Process,
        mounts: &[Mount],
    ) -> Result<Survey, Gap> {
        let source = Source::Files(id.into());
        let running =
            processes.all().into_iter().flat_map(|pid| code::of_process(self.bundle, pid).0);
        // A policy's come before those of the container's own code.
        let is_new = |it: &String| !self.sought.contains(it) && pattern::check(it).is_ok();
        let own: BTreeSet<String> = running.filter(is_new).collect();
        let room = pattern::MOST.saturating_sub(self.sought.len());
        let patterns = Patterns::new(self.sought.iter().chain(own.iter().take(room)))
            .map_err(|detail| Gap::new(Reason::TooLarge, source.clone(), detail))?;
        let privileged = files::give_privileges(processes, self.bundle);
        let search = Search { patterns: &patterns, privileged };
        let left = self.walks_until.saturating_duration_since(Instant::now());
        files::survey(viewer, (mounts, &self.hosts), &source, search, left)
    }
}

/// A process that still has the container's root: below another one the kernel
/// shows only some of the mounts.
fn with_whole_view(viewer: Process) -> Result<Process, Gap> {
    match viewer.peek_link("root") {
        Some(root) if root != "/" => {
            let root = Untrusted::from(root);
            let detail = format!(
                "no process is left with the container's own root; this one has {root}, \
                 and sees only what is mounted below it"
            );
            Err(Gap::new(Reason::Unproved, Source::proc(viewer.pid(), "mountinfo"), detail))
        }
        _ => Ok(viewer),
    }
}

/// What the host's first process sees mounted. Not to know it only makes fewer
/// file systems ones that surely answer.
fn hosts_mounts(bundle: &Bundle) -> Vec<Mount> {
    let text = bundle.text(&Source::proc(1, "mountinfo")).ok();
    text.and_then(|text| mountinfo::parse(text.raw()).ok()).unwrap_or_default()
}

fn parsed(mounts: &Result<Answer, Gap>) -> Result<Vec<Mount>, Gap> {
    match mounts {
        Ok(Answer::Text(text)) => mountinfo::parse(text.raw())
            .map_err(|detail| Gap::new(Reason::Malformed, Source::Clock, detail)),
        Ok(_) => Err(Gap::new(Reason::Malformed, Source::Clock, "the mounts are no text")),
        Err(gap) => Err(gap.clone()),
    }
}

/// The identities of the process's namespaces.
pub(super) fn namespaces(process: &Process, pid: u32) -> Answers {
    let links = NAMESPACES.iter().map(|name| {
        let link = format!("ns/{name}");
        (Source::proc(pid, &link), process.link(&link))
    });
    let source = Source::proc(pid, NETWORK_INODE);
    let inode = process.inode("net/dev", source.clone());
    links.chain([(source, inode)]).collect()
}

//! What is asked once of each container: its namespaces, mounts, files and limits.

use std::collections::BTreeMap;
use std::time::Instant;

use super::process::{self, Process};
use super::{
    Kernel, NAMESPACES, NETWORK_INODE, SLEEPS_IN, accounts, check, missing, network, points, setuid,
};
use crate::model::bundle::{Answer, Bundle, Processes};
use crate::model::files::Listing;
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::untrusted::Untrusted;
use crate::parse::document::Document;
use crate::parse::proc::mountinfo::{self, Mount};

impl Kernel {
    /// Reads it all. `starts` tells when each process of the table started, and
    /// no walk through files goes on after `walks_until`.
    pub(super) fn observe_container(
        &self,
        id: &str,
        processes: &Processes,
        starts: &BTreeMap<u32, u64>,
        walks_until: Instant,
        bundle: &mut Bundle,
    ) {
        let first = self.reopen(processes.init, starts);
        match &first {
            Ok(process) => {
                observe_namespaces(process, processes.init, bundle);
                bundle.record(Source::proc(processes.init, SLEEPS_IN), process.read(SLEEPS_IN));
            }
            Err(gap) => {
                let links = NAMESPACES.map(|name| format!("ns/{name}"));
                for name in links.iter().map(String::as_str).chain([NETWORK_INODE, SLEEPS_IN]) {
                    let (source, answer) = missing(processes.init, name, gap);
                    bundle.record(source, answer);
                }
            }
        }
        network::observe(&first, processes, |pid| self.reopen(pid, starts), bundle);
        self.observe_files(id, processes, starts, walks_until, bundle);
        let Processes { limit_files, usage_files, device_list, .. } = processes;
        for path in limit_files.iter().chain(usage_files).chain(device_list) {
            let source = Source::Kernel(path.clone());
            bundle.record(source.clone(), process::read_optional(&self.at(path), source));
        }
    }

    /// What one of the container's processes sees of its files.
    fn observe_files(
        &self,
        id: &str,
        processes: &Processes,
        starts: &BTreeMap<u32, u64>,
        walks_until: Instant,
        bundle: &mut Bundle,
    ) {
        let pid = processes.viewer;
        let hosts = hosts_mounts(bundle);
        let answers = match self.reopen(pid, starts).and_then(with_whole_view) {
            Ok(viewer) => {
                let seen = viewer.read("mountinfo");
                let mounts = parsed(&seen);
                let files = |source: Source, look: &dyn Fn(&[Mount]) -> Result<Listing, Gap>| {
                    let listing = mounts.as_ref().map_err(Clone::clone).and_then(|it| look(it));
                    let named = listing.map_err(|gap| Gap { source: source.clone(), ..gap });
                    (source, named.map(Answer::Files))
                };
                let mut answers = accounts::of_container(&viewer, &seen, &hosts);
                answers.extend([
                    files(Source::mount_points(pid), &|mounts| {
                        points::mount_points(&self.proc, &viewer, mounts, &hosts)
                    }),
                    files(Source::devices(pid), &|mounts| points::devices(&viewer, mounts, &hosts)),
                ]);
                if setuid::matter(processes, bundle) {
                    let source = Source::Files(id.to_owned());
                    answers.push(files(source.clone(), &|mounts| {
                        let left = walks_until.saturating_duration_since(Instant::now());
                        setuid::list(&viewer, mounts, &hosts, &source, left)
                    }));
                }
                if let Ok(mounts) = &mounts {
                    let source = Source::container(id);
                    let inspect = Document::new(source.clone(), bundle.json(&source));
                    answers.extend(check::programs(&viewer, mounts, &hosts, &inspect));
                }
                answers.push((Source::proc(pid, "mountinfo"), seen));
                answers
            }
            Err(gap) => {
                let mut sources = vec![
                    Source::proc(pid, "mountinfo"),
                    Source::mount_points(pid),
                    Source::devices(pid),
                ];
                if setuid::matter(processes, bundle) {
                    sources.push(Source::Files(id.to_owned()));
                }
                let refused = |source: Source| (source.clone(), Err(Gap { source, ..gap.clone() }));
                accounts::missing(pid, &gap)
                    .into_iter()
                    .chain(sources.into_iter().map(refused))
                    .collect()
            }
        };
        for (source, answer) in answers {
            bundle.record(source, answer);
        }
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
pub(super) fn observe_namespaces(process: &Process, pid: u32, bundle: &mut Bundle) {
    for name in NAMESPACES {
        let link = format!("ns/{name}");
        bundle.record(Source::proc(pid, &link), process.link(&link));
    }
    let source = Source::proc(pid, NETWORK_INODE);
    bundle.record(source.clone(), process.inode("net/dev", source));
}

//! `secaudit dockerfile`: Dockerfiles before they are built.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::Dockerfile;
use super::audit;
use super::batch::Judging;
use super::exit::Failure;
use super::output::Terminal;
use super::stream::{self, Part, Shown};
use crate::Detail;
use crate::collect::compose::Images;
use crate::collect::compose::files::Disk;
use crate::collect::compose::named::named;
use crate::collect::dockerfile::{self, Contexts, Request, Resolved};
use crate::model::bundle::Origin;
use crate::parse::compose::Fault;
use crate::policy::Policy;

/// What all Dockerfiles of one run share.
struct Audit<'a> {
    policy: &'a Policy,
    disk: Disk,
    images: Images,
    contexts: Contexts,
}

pub(super) fn run(command: &Dockerfile, terminal: Terminal) -> Result<u8, Failure> {
    let policy = audit::policy(&command.gate)?;
    let choice = audit::engine(&command.asked)?;
    let images = Images::new(choice, audit::limits(&command.asked.address));
    let (disk, contexts) = (Disk::default(), Contexts::default());
    let mut audit = Audit { policy: &policy, disk, images, contexts };
    let (requests, faults) = requests(command)?;
    let (output, origin) = (&command.output, Origin::Dockerfile);
    let this = stream::Run { policy: &policy, output, terminal, origin };
    stream::run(this, &requests, &faults, |chunk, _, shown| audit.judge(chunk, shown))
}

impl Audit<'_> {
    /// Reads a few Dockerfiles, asks for their base images together, and judges them.
    fn judge(
        &mut self,
        requests: &[Request],
        shown: Option<&Shown>,
    ) -> Result<Vec<Result<Part, Fault>>, Failure> {
        let Self { policy, disk, images, contexts } = self;
        let evidence = |request: &Request, it: &Resolved, images: &Images| {
            (it.bundle(request, images, contexts), None)
        };
        let judging = Judging {
            policy,
            shown,
            detail: if shown.is_some() { Detail::Brief } else { Detail::Full },
            read: |request: &Request| dockerfile::resolve(request, disk),
            names: |it: &Resolved| it.images().map(str::to_owned).collect(),
            evidence,
            keep: |_| (),
        };
        let judged = judging.judge(requests, images)?;
        Ok(judged.into_iter().map(|it| it.map(|((), part)| part)).collect())
    }
}

/// The Dockerfiles that the command names, each once, and the names that lead to none.
fn requests(command: &Dockerfile) -> Result<(Vec<Request>, Vec<Fault>), Failure> {
    let args = Arc::new(arguments(&command.build_args)?);
    if let Some(folder) = command.context_dir.as_ref().filter(|it| !dockerfile::is_folder(it)) {
        let error = format!("--context-dir {}: there is no such folder", folder.display());
        return Err(Failure::Usage(error));
    }
    let request = |file: PathBuf| Request {
        file,
        target: command.target.clone(),
        args: Arc::clone(&args),
        context: command.context_dir.clone(),
    };
    if command.paths.is_empty() {
        return Ok((dockerfile::below(Path::new("")).into_iter().map(request).collect(), vec![]));
    }
    let (mut files, mut faults) = (Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();
    for path in &command.paths {
        match named(path) {
            Ok(paths) => {
                let all = paths.iter().flat_map(|it| dockerfile::below(&it.path));
                files.extend(all.filter(|it| seen.insert(it.clone())));
            }
            Err(fault) => faults.push(fault),
        }
    }
    Ok((files.into_iter().map(request).collect(), faults))
}

/// The build's arguments. One without a value takes the environment's, and is not
/// passed on where there is none.
fn arguments(given: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    let mut all = BTreeMap::new();
    for argument in given {
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (argument.as_str(), std::env::var(argument).ok()),
        };
        if name.is_empty() {
            let error = "a build argument has no name; write --build-arg NAME=VALUE";
            return Err(Failure::Usage(error.to_owned()));
        }
        all.extend(value.map(|value| (name.to_owned(), value)));
    }
    Ok(all)
}

//! `secaudit containers`: what running containers can really do.

use std::collections::BTreeSet;

use super::args::{self, Containers};
use super::exit::Failure;
use super::output::{self, Bar, Terminal};
use super::{audit, compose as command, fault};
use crate::Detail;
use crate::collect::compose::files::Disk;
use crate::collect::compose::{self, Images, Resolved};
use crate::collect::containers::{Files, Plan, collect};
use crate::collect::kernel::Kernel;
use crate::judge::Accept;
use crate::model::bundle::{Bundle, Origin};
use crate::model::identity::role;
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::untrusted::Untrusted;
use crate::parse::compose::{Fault, Request};
use crate::policy::Policy;

pub(super) fn run(command: &Containers, terminal: Terminal) -> Result<u8, Failure> {
    let policy = audit::policy(&command.gate)?;
    let plan = plan(command, &policy)?;
    let project = project(&command.project)?;
    let file = audit::file(&command.output)?;
    let mut bundle = super::runtime()?.block_on(collecting(&plan))?;
    let files = match project {
        None => Vec::new(),
        Some(Ok(project)) => files(&project, &plan, &mut bundle)?,
        Some(Err(fault)) => {
            bundle.missing.push(compose::gap(&fault));
            Vec::new()
        }
    };
    let accept = command.accept.map_or(Accept::Kernel, |args::Accept::Declared| Accept::Declared);
    let report = crate::evaluate_beside(&bundle, &files, &policy, accept, Detail::Next);
    audit::write(&bundle, &report, command.output.format(), file, terminal)
}

/// Collects with a progress bar, and notes the time.
pub(super) async fn collecting(plan: &Plan) -> Result<Bundle, Failure> {
    let bar = Bar::new();
    let progress = |what: &str, done, of| bar.show(what, done, of);
    let mut bundle = collect(plan, &Kernel::default(), &progress).await?;
    audit::note_the_time(&mut bundle);
    Ok(bundle)
}

fn plan(command: &Containers, policy: &Policy) -> Result<Plan, Failure> {
    let limits = audit::limits(&command.asked.address);
    let files = match command.files_by {
        args::Files::Kernel => Files::Kernel,
        args::Files::Engine if command.asked.engine() == args::Engine::None => {
            let error =
                "--files engine has no engine to ask with --engine none; leave out one of them";
            return Err(Failure::Usage(error.to_owned()));
        }
        args::Files::Engine => Files::Engine,
    };
    let engine = audit::engine(&command.asked)?;
    Ok(Plan { engine, names: command.names.clone(), sought: policy.sought(), files, limits })
}

/// The project whose files are named, under every profile: its containers may have
/// been started under any. What is wrong with it is told at once.
fn project(options: &args::Project) -> Result<Option<Result<Resolved, Fault>>, Failure> {
    if options.lacks_files() {
        let error = "containers are audited beside a project whose files are named; name them \
             with --file";
        return Err(Failure::Usage(error.to_owned()));
    }
    if options.files.is_empty() {
        return Ok(None);
    }
    let request = Request { profiles: vec!["*".to_owned()], ..command::request(options)? };
    let resolved = compose::resolve(&request, &Disk::default());
    match &resolved {
        Ok(project) => command::Remarks::of(project.project()).tell(&mut BTreeSet::new()),
        Err(found) => output::to_stderr(&fault::shown(found)),
    }
    Ok(Some(resolved))
}

/// The evidence about a project's files. That none of the containers is its own is
/// missing from theirs.
fn files(project: &Resolved, plan: &Plan, bundle: &mut Bundle) -> Result<Vec<Bundle>, Failure> {
    let warn = |what: &str| output::to_stderr(&format!("secaudit: warning: {what}"));
    for (service, gap) in project.unread() {
        warn(&format!("{}: {}", Untrusted::from(service), gap.in_words()));
    }
    let name = &project.project().name;
    if !bundle.targets.iter().any(|it| role(bundle, it).project == *name) {
        bundle.missing.push(nobody(name, bundle.origin));
        return Ok(Vec::new());
    }
    let mut images = Images::new(plan.engine.clone(), plan.limits);
    let names: BTreeSet<String> = project.images().collect();
    // What the files say by themselves is worth telling without their images.
    if let Err(error) = super::runtime()?.block_on(images.ask(names.iter().map(String::as_str))) {
        warn(&format!("the images of the files are unknown: {error}"));
    }
    let mut files = vec![project.bundle(&images, true), project.dockerfiles(&images)];
    files.iter_mut().for_each(audit::note_the_time);
    Ok(files)
}

fn nobody(project: &str, origin: Origin) -> Gap {
    let project = Untrusted::from(project);
    let detail = format!("none of the containers is of the project {project}");
    let remedy = match origin {
        Origin::Kernel => "only an engine knows whose they are: name one with --host",
        Origin::Engine | Origin::Archive | Origin::Compose | Origin::Dockerfile => {
            "start it, or say how it is called with --project-name"
        }
    };
    Gap::new(Reason::Gone, Source::container_list(), detail).mend(remedy)
}

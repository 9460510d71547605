//! `secaudit containers`: what running containers can really do.

use super::args::{self, Containers};
use super::audit;
use super::exit::Failure;
use super::output::{Bar, Terminal};
use crate::collect::containers::{Files, Plan, collect};
use crate::collect::kernel::Kernel;
use crate::judge::Accept;
use crate::model::bundle::Bundle;
use crate::policy::Policy;

pub(super) fn run(command: &Containers, terminal: Terminal) -> Result<u8, Failure> {
    let policy = audit::policy(&command.gate)?;
    let plan = plan(command, &policy)?;
    let file = audit::file(&command.output)?;
    let bundle = super::runtime()?.block_on(collecting(&plan))?;
    let accept = command.accept.map_or(Accept::Kernel, |args::Accept::Declared| Accept::Declared);
    let report = crate::evaluate(&bundle, &policy, accept);
    audit::write(&bundle, &report, command.output.format, file, terminal)
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
    let files = match command.files {
        args::Files::Kernel => Files::Kernel,
        args::Files::Engine if command.asked.engine == args::Engine::None => {
            let error =
                "--files engine has no engine to ask with --engine none; leave out one of them";
            return Err(Failure::Usage(error.to_owned()));
        }
        args::Files::Engine => Files::Engine,
    };
    let engine = audit::engine(&command.asked)?;
    Ok(Plan { engine, names: command.names.clone(), sought: policy.sought(), files, limits })
}

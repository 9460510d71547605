//! `secaudit image`: what is in images.

use super::args::Image;
use super::audit;
use super::exit::Failure;
use super::output::{Bar, Terminal};
use crate::collect::images::{Plan, collect};
use crate::judge::Accept;
use crate::policy::Policy;

pub(super) fn run(command: &Image, terminal: Terminal) -> Result<u8, Failure> {
    let policy = audit::policy(&command.gate)?;
    let plan = plan(command, &policy)?;
    let file = audit::file(&command.output)?;
    let bar = Bar::new();
    let progress = |what: &str, done, of| bar.show(what, done, of);
    let mut bundle = super::runtime()?.block_on(collect(&plan, &progress))?;
    drop(bar);
    audit::note_the_time(&mut bundle);
    let report = crate::evaluate(&bundle, &policy, Accept::Kernel);
    audit::write(&bundle, &report, command.output.format, file, terminal)
}

fn plan(command: &Image, policy: &Policy) -> Result<Plan, Failure> {
    Ok(Plan {
        engine: audit::named(&command.address)?,
        names: command.names.clone(),
        sought: policy.sought(),
        limits: audit::limits(&command.address),
    })
}

//! `secaudit image`: what is in images.

use std::path::Path;
use std::time::Duration;

use super::args::Image;
use super::audit;
use super::exit::Failure;
use super::output::{self, Bar, Terminal};
use crate::collect::images::{Plan, collect};
use crate::collect::saved::{OnDisk, of_disk};
use crate::judge::Accept;
use crate::model::bundle::Bundle;
use crate::policy::Policy;

/// How many times as long as one question an archive on disk may take.
const ARCHIVE: u64 = 30;

pub(super) fn run(command: &Image, terminal: Terminal) -> Result<u8, Failure> {
    let policy = audit::policy(&command.gate)?;
    let file = audit::file(&command.output)?;
    let mut bundle = match &command.archive {
        Some(path) => {
            let (bundle, remarks) = of_disk(&on_disk(command, path, &policy));
            remarks.iter().for_each(|it| output::to_stderr(&format!("secaudit: {it}")));
            bundle
        }
        None => asked(command, &policy)?,
    };
    audit::note_the_time(&mut bundle);
    let report = crate::evaluate(&bundle, &policy, Accept::Kernel);
    audit::write(&bundle, &report, command.output.format(), file, terminal)
}

fn on_disk(command: &Image, path: &Path, policy: &Policy) -> OnDisk {
    OnDisk {
        path: path.to_owned(),
        names: command.names.clone(),
        sought: policy.sought(),
        platform: command.platform.clone(),
        time: Duration::from_secs(command.address.timeout.saturating_mul(ARCHIVE)),
    }
}

/// What the engine tells.
fn asked(command: &Image, policy: &Policy) -> Result<Bundle, Failure> {
    let plan = plan(command, policy)?;
    let bar = Bar::new();
    let progress = |what: &str, done, of| bar.show(what, done, of);
    Ok(super::runtime()?.block_on(collect(&plan, &progress))?)
}

fn plan(command: &Image, policy: &Policy) -> Result<Plan, Failure> {
    Ok(Plan {
        engine: audit::named(&command.address)?,
        names: command.names.clone(),
        sought: policy.sought(),
        limits: audit::limits(&command.address),
    })
}

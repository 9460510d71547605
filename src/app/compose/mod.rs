//! `secaudit compose`: projects before they are deployed.

mod matrix;
mod project;
mod projects;
mod remarks;

use std::collections::BTreeSet;

use super::args::Compose;
use super::audit;
use super::exit::Failure;
use super::output::Terminal;
use super::stream;
use crate::collect::compose::Images;
use crate::collect::compose::files::Disk;
use crate::collect::compose::named::{Named, named};
use crate::model::bundle::Origin;
use crate::parse::compose::{Fault, Request};
use crate::policy::Policy;

pub(super) use project::request;
pub(super) use remarks::Remarks;

/// What all projects of one run share.
struct Audit<'a> {
    policy: &'a Policy,
    disk: Disk,
    images: Images,
    command: &'a Compose,
    terminal: Terminal,
    /// The remarks that were told, so that no environment repeats another's.
    told: BTreeSet<String>,
}

impl<'a> Audit<'a> {
    const fn run(&self) -> stream::Run<'a> {
        let Self { policy, command, terminal, .. } = *self;
        let (output, terminal) = (&command.output, terminal);
        stream::Run { policy, output, terminal, origin: Origin::Compose }
    }
}

pub(super) fn run(command: &Compose, terminal: Terminal) -> Result<u8, Failure> {
    let policy = audit::policy(&command.gate)?;
    let choice = audit::engine(&command.asked)?;
    let images = Images::new(choice, audit::limits(&command.asked.address));
    let (disk, told) = (Disk::default(), BTreeSet::new());
    let mut audit = Audit { policy: &policy, disk, images, command, terminal, told };
    if !command.matrix.is_empty() {
        return matrix::run(audit, &base(command)?);
    }
    let (requests, faults) = requests(command)?;
    stream::run(audit.run(), &requests, &faults, |chunk, is_part, shown| {
        // What is told of other projects names other files.
        audit.told.clear();
        projects::judge(&mut audit, chunk, is_part, shown)
    })
}

/// The one project that is held under several lights.
fn base(command: &Compose) -> Result<Request, Failure> {
    let (mut requests, _) = requests(command)?;
    match (requests.pop(), requests.is_empty()) {
        (Some(request), true) => Ok(request),
        _ => Err(Failure::Usage("--matrix is of one project; name one file or folder".to_owned())),
    }
}

/// The projects that the command names, and the names that lead to none.
fn requests(command: &Compose) -> Result<(Vec<Request>, Vec<Fault>), Failure> {
    let base = request(&command.project)?;
    if command.paths.is_empty() {
        return Ok((vec![base], Vec::new()));
    }
    let (mut requests, mut faults) = (Vec::new(), Vec::new());
    for path in &command.paths {
        match named(path) {
            Ok(files) => requests.extend(files.into_iter().map(|file| of_path(&base, file))),
            Err(fault) => faults.push(fault),
        }
    }
    Ok((requests, faults))
}

/// A folder stands for its compose file.
fn of_path(base: &Request, Named { path, is_folder }: Named) -> Request {
    if is_folder {
        Request { at: Some(path), ..base.clone() }
    } else {
        Request { files: vec![path], ..base.clone() }
    }
}

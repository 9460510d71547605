//! `secaudit drift`: running containers beside the files that ask for them.

use std::collections::BTreeSet;

use super::args::{Drift, Format};
use super::exit::{self, Failure};
use super::output::{self, Pieces, Terminal};
use super::{audit, compose as command, containers, fault};
use crate::collect::compose::files::Disk;
use crate::collect::compose::{self, Images};
use crate::collect::containers::{Files, Plan};
use crate::drift::{compare, complete};
use crate::facts;
use crate::model::identity::role;
use crate::parse::compose::Request;
use crate::report::drift as report;

pub(super) fn run(arguments: &Drift, terminal: Terminal) -> Result<u8, Failure> {
    let request = command::request(&arguments.project)?;
    let limits = audit::limits(&arguments.address);
    let choice = Ok(audit::named(&arguments.address)?);
    let pieces = Pieces::new(audit::file(&arguments.output)?);
    let look = terminal.look(pieces.is_file());
    // What runs may have been started under any profile; what shall run is of these.
    let everything = Request { profiles: vec!["*".to_owned()], ..request.clone() };
    let disk = Disk::default();
    let resolved = compose::resolve(&request, &disk)
        .and_then(|active| Ok((active, compose::resolve(&everything, &disk)?)));
    let (active, project) = match resolved {
        Ok(resolved) => resolved,
        Err(found) => {
            output::to_stderr(&fault::shown(&found));
            return Ok(exit::INCOMPLETE);
        }
    };
    command::Remarks::of(active.project()).tell(&mut BTreeSet::new());
    let runtime = super::runtime()?;
    let mut images = Images::new(choice.clone(), limits);
    let names: BTreeSet<String> = project.images().collect();
    runtime.block_on(images.ask(names.iter().map(String::as_str)))?;
    let name = project.project().name.clone();
    let running = match runtime.block_on(compose::of_project(&choice, limits, &name))? {
        Ok(running) => running,
        Err(gap) => {
            output::to_stderr(&format!("secaudit: {}", gap.in_words()));
            return Ok(exit::INCOMPLETE);
        }
    };
    let mut files = project.bundle(&images, false);
    let plan =
        Plan { engine: choice, names: running, sought: Vec::new(), files: Files::Kernel, limits };
    // Nobody named would be everybody.
    let bundle = match plan.names.as_slice() {
        [] => crate::model::bundle::Bundle::new(crate::model::bundle::Origin::Engine),
        _ => runtime.block_on(containers::collecting(&plan))?,
    };
    complete(&mut files, &bundle);
    let wanted: BTreeSet<&str> = active.wanted().collect();
    let (asked, own) = (facts::derive(&files), facts::derive(&bundle));
    let drift = compare(&asked, &own, |it| wanted.contains(it), |target| role(&bundle, target));
    let report = report::assemble(&drift, &name, &audit::now());
    let text = match arguments.output.format() {
        Format::Terminal => report::render(&report, arguments.all, look),
        Format::Json => {
            crate::report::json(&report).map_err(|error| Failure::Bug(error.to_string()))?
        }
    };
    if pieces.finish(&text)? {
        output::to_stderr(&format!("secaudit: {}", report::conclusion(&report)));
    }
    Ok(report.exit_code)
}

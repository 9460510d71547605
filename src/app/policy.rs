//! `secaudit policy`: what a policy asks, of whom, and whether it makes sense.

use std::path::PathBuf;

use super::args::{self, PolicyCommand, PolicyShow};
use super::exit::{self, Failure};
use super::output::{self, Terminal};
use super::{audit, config, containers};
use crate::collect::containers::{Files, Plan};
use crate::facts;
use crate::model::identity::identity;
use crate::model::untrusted::Untrusted;
use crate::policy::Policy;
use crate::policy::config::NAME;
use crate::report::policy as report;

pub(super) fn run(command: &args::Policy, terminal: Terminal) -> Result<u8, Failure> {
    match &command.command {
        PolicyCommand::Show(show) => self::show(show, terminal),
        PolicyCommand::Check(check) => self::check(&check.files),
    }
}

/// The policy as it is, or as it is for containers.
fn show(command: &PolicyShow, terminal: Terminal) -> Result<u8, Failure> {
    let policy = audit::policy_of(command.policy.as_deref())?;
    let look = terminal.look(false);
    if command.names.is_empty() {
        output::print(&report::render(&policy, look))?;
        return Ok(exit::CLEAN);
    }
    let limits = audit::limits(&command.asked.address);
    let engine = audit::engine(&command.asked)?;
    // What a container is for is seen without its files.
    let (names, sought) = (command.names.clone(), Vec::new());
    let plan = Plan { engine, names, sought, files: Files::Kernel, limits };
    let bundle = super::runtime()?.block_on(containers::collecting(&plan))?;
    for gap in &bundle.missing {
        output::to_stderr(&format!("secaudit: {}", gap.in_words()));
    }
    let facts = facts::derive(&bundle);
    let shown = facts.iter().map(|(target, facts)| {
        let identity = identity(&bundle, target);
        report::render_for(&policy, (target, &identity), facts, look)
    });
    output::print(&shown.collect::<Vec<_>>().join("\n"))?;
    Ok(if bundle.missing.is_empty() { exit::CLEAN } else { exit::INCOMPLETE })
}

/// Whether each file makes sense, as a policy, as a checklist or as settings by its name.
/// All are looked at.
fn check(files: &[PathBuf]) -> Result<u8, Failure> {
    let mut worst = exit::CLEAN;
    for path in files {
        let name = path.display().to_string();
        let text = match audit::policy_file(path) {
            Ok(text) => text,
            Err(failure) => {
                output::to_stderr(&format!("secaudit: {failure}"));
                worst = exit::USAGE;
                continue;
            }
        };
        let checked = if path.file_name().is_some_and(|it| it == NAME) {
            config::parsed(path, &text).map(|_| "file of settings")
        } else if Policy::is_checklist(&text) {
            Policy::baseline().add_checklist(&name, &text).map(|()| "checklist")
        } else {
            Policy::parse(&name, &text).map(|_| "policy")
        };
        match checked {
            Ok(what) => {
                output::print(&format!("{}: a {what} that makes sense\n", Untrusted::from(name)))?
            }
            Err(error) => {
                output::to_stderr(&format!("secaudit: {}", Failure::from(error)));
                worst = exit::USAGE;
            }
        }
    }
    Ok(worst)
}

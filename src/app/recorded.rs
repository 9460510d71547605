//! `secaudit diff` and `secaudit gate`: what earlier audits wrote.

use std::path::Path;

use super::args::{Diff, DiffFormat, FailOn, OnRecord};
use super::exit::Failure;
use super::output::{self, Pieces, ReportFile, Terminal};
use super::{audit, record};
use crate::compare::Card;
use crate::model::severity::Severity;
use crate::report::{self, diff, recorded};

pub(super) fn diff(command: &Diff, terminal: Terminal) -> Result<u8, Failure> {
    is_read_once([&command.old, &command.new])?;
    let file = command.output.as_deref().filter(|path| *path != Path::new("-"));
    let (old, new) = (named(&command.old)?, named(&command.new)?);
    let pieces = Pieces::new(file.map(ReportFile::create).transpose()?);
    let fail_on = command.gate.fail_on.map_or(Some(Severity::High), FailOn::severity);
    let told = diff::assemble((&old.0, &old.1), (&new.0, &new.1), fail_on);
    let text = match command.format {
        DiffFormat::Terminal => diff::render(&told, terminal.look(pieces.is_file())),
        DiffFormat::Json => report::json(&told).map_err(|error| Failure::Bug(error.to_string()))?,
        DiffFormat::Markdown => diff::markdown(&told),
    };
    if pieces.finish(&text)? {
        output::to_stderr(&format!("secaudit: {}", diff::conclusion(&told)));
    }
    Ok(told.exit_code)
}

pub(super) fn gate(command: &OnRecord, terminal: Terminal) -> Result<u8, Failure> {
    is_read_once(&command.files)?;
    let policy = audit::policy(&command.gate)?;
    let cards = command.files.iter().map(|path| Ok((record::shown(path), record::card(path)?)));
    let cards: Vec<_> = cards.collect::<Result<_, Failure>>()?;
    let baseline = policy.baseline.as_deref();
    output::print(&recorded::render(&cards, baseline, &policy.gate, terminal.look(false)))?;
    Ok(recorded::outcome(&cards, baseline, &policy.gate).exit_code())
}

fn named(path: &Path) -> Result<(String, Card), Failure> {
    Ok((path.display().to_string(), record::card(path)?))
}

/// Standard input ends once.
fn is_read_once<'a>(
    files: impl IntoIterator<Item = &'a std::path::PathBuf>,
) -> Result<(), Failure> {
    match files.into_iter().filter(|path| *path == Path::new("-")).count() {
        0 | 1 => Ok(()),
        _ => Err(Failure::Usage("standard input (-) can be named only once".to_owned())),
    }
}

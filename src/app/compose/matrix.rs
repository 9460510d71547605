//! One project under every profile, or under several sets of files.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Audit, projects};
use crate::app::args::Format;
use crate::app::audit;
use crate::app::exit::{self, Failure};
use crate::app::output::{self, Pieces};
use crate::app::{fault, stream};
use crate::parse::compose::{self, Request, address};
use crate::report::matrix::{self, Environment, Matrix};

/// The word that asks for every profile.
const PROFILES: &str = "profiles";

/// The most environments that stand side by side.
const MOST: usize = 32;

/// Judges the project once for each environment; the worst exit code of them.
pub(super) fn run(mut audit: Audit<'_>, base: &Request) -> Result<u8, Failure> {
    let pieces = Pieces::new(audit::file(&audit.command.output)?);
    let look = audit.terminal.look(pieces.is_file());
    let environments = match environments(&audit, base) {
        Ok(environments) => environments,
        Err(found) => {
            output::to_stderr(&fault::shown(&found));
            return Ok(exit::INCOMPLETE);
        }
    };
    if environments.len() > MOST {
        let error = format!(
            "{} environments are more than stand side by side: name at most {MOST} sets of files",
            environments.len()
        );
        return Err(Failure::Usage(error));
    }
    let mut judged = Vec::new();
    for (name, request) in environments {
        let parts = projects::judge(&mut audit, std::slice::from_ref(&request), false, None)?;
        let report = stream::one(audit.run(), parts);
        judged.push(Environment { name: name.into(), report });
    }
    // Where no environment has anything to judge, nothing was.
    if judged.iter().all(|it| it.report.targets.is_empty()) {
        for Environment { report, .. } in &mut judged {
            if report.gate.gaps.is_empty() {
                report.gate.gaps.push("no service is active in any environment".to_owned());
                report.gate.exit_code = exit::INCOMPLETE;
            }
        }
    }
    let matrix = Matrix::new(judged);
    let text = match audit.command.output.format() {
        Format::Terminal => matrix::render(&matrix, look),
        Format::Json => {
            crate::report::json(&matrix).map_err(|error| Failure::Bug(error.to_string()))?
        }
    };
    pieces.finish(&text)?;
    Ok(matrix.exit_code)
}

/// Every environment by its name.
fn environments(
    audit: &Audit<'_>,
    base: &Request,
) -> Result<Vec<(String, Request)>, compose::Fault> {
    let mut all = Vec::new();
    for what in &audit.command.matrix {
        if what == PROFILES {
            all.extend(of_profiles(audit, base)?);
            continue;
        }
        let laid_over = what.split(',').map(PathBuf::from);
        let laid_over = laid_over.collect();
        all.push((address::masked(what), Request { laid_over, ..base.clone() }));
    }
    Ok(all)
}

/// Without any profile, and with each alone.
fn of_profiles(
    audit: &Audit<'_>,
    base: &Request,
) -> Result<Vec<(String, Request)>, compose::Fault> {
    let mut base = base.clone();
    Arc::make_mut(&mut base.environment).remove("COMPOSE_PROFILES");
    let with = |profiles: Vec<String>| Request { profiles, ..base.clone() };
    let everything = compose::resolve(&with(vec!["*".to_owned()]), &audit.disk)?;
    let services = everything.root.get("services").map(|it| it.entries()).unwrap_or_default();
    let names: BTreeSet<String> = services
        .iter()
        .filter_map(|it| it.node.get("profiles"))
        .flat_map(|it| it.items())
        .filter_map(|it| it.text().map(str::to_owned))
        .collect();
    let none = ("(no profile)".to_owned(), with(Vec::new()));
    let each = names.into_iter().map(|name| (name.clone(), with(vec![name])));
    Ok(std::iter::once(none).chain(each).collect())
}

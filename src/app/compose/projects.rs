//! A few projects at once: read, their images asked for together, and judged.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::{Audit, remarks};
use crate::app::exit::Failure;
use crate::app::stream::{Part, Shown};
use crate::collect::compose::{self, Resolved};
use crate::parse::compose::{Fault, Project, Request};

/// Judges projects, their names before those of their services where there are more.
pub(super) fn judge(
    audit: &mut Audit<'_>,
    requests: &[Request],
    with_project: bool,
    shown: Option<&Shown>,
) -> Result<Vec<Result<Part, Fault>>, Failure> {
    let disk = &audit.disk;
    let found: Vec<Result<Resolved, Fault>> =
        requests.par_iter().map(|request| compose::resolve(request, disk)).collect();
    let names: BTreeSet<String> = found.iter().flatten().flat_map(Resolved::images).collect();
    if !names.is_empty() {
        crate::app::runtime()?.block_on(audit.images.ask(names.iter().map(String::as_str)))?;
    }
    for resolved in found.iter().flatten() {
        remarks::tell(resolved.project(), &mut audit.told);
    }
    let audit = &*audit;
    let judged = found.into_par_iter().map(|resolved| {
        let resolved = resolved?;
        let empty = empty(resolved.project());
        let bundle = resolved.bundle(&audit.images, with_project);
        Ok(Part::of(bundle, audit.policy, shown, empty))
    });
    Ok(judged.collect())
}

/// Why a project has nothing to judge; none where it has.
fn empty(project: &Project) -> Option<Fault> {
    let (what, help) = match (project.services().next(), project.inactive.as_slice()) {
        (Some(_), _) => return None,
        (None, []) => ("there is no service in the project", "define one under `services`"),
        (None, _) => ("no service is active", "activate one with --profile"),
    };
    let (file, what, help) = (project.file.clone(), what.to_owned(), help.to_owned());
    Some(Fault { file, at: None, what, help, line: String::new() })
}

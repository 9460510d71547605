//! A few projects at once: read, their images asked for together, and judged.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::Audit;
use super::remarks::Remarks;
use crate::app::exit::Failure;
use crate::app::stream::{Part, Shown};
use crate::collect::compose::{self, Images, Resolved};
use crate::parse::compose::{Fault, Project, Request};

/// Judges projects, their names before those of their services where there are more.
pub(super) fn judge(
    audit: &mut Audit<'_>,
    requests: &[Request],
    with_project: bool,
    shown: Option<&Shown>,
) -> Result<Vec<Result<Part, Fault>>, Failure> {
    let Audit { disk, images, policy, .. } = audit;
    let judge = |resolved: Result<Resolved, Fault>, images: &Images| {
        let resolved = resolved?;
        let project = resolved.project();
        let bundle = resolved.bundle(images, with_project);
        Ok((Remarks::of(project), Part::of(bundle, policy, shown, empty(project))))
    };
    // Where nobody is asked, each is judged as soon as it is read.
    let judged: Vec<Result<(Remarks, Part), Fault>> = if images.is_nobody_asked() {
        requests.par_iter().map(|request| judge(compose::resolve(request, disk), images)).collect()
    } else {
        let found: Vec<Result<Resolved, Fault>> =
            requests.par_iter().map(|request| compose::resolve(request, disk)).collect();
        let names: BTreeSet<String> = found.iter().flatten().flat_map(Resolved::images).collect();
        if !names.is_empty() {
            crate::app::runtime()?.block_on(images.ask(names.iter().map(String::as_str)))?;
        }
        found.into_par_iter().map(|resolved| judge(resolved, images)).collect()
    };
    let tell = |judged: Result<(Remarks, Part), Fault>| {
        let (remarks, part) = judged?;
        remarks.tell(&mut audit.told);
        Ok(part)
    };
    Ok(judged.into_iter().map(tell).collect())
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

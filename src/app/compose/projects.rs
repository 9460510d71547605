//! A few projects at once.

use super::Audit;
use super::remarks::Remarks;
use crate::Detail;
use crate::app::batch::Judging;
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
    let Audit { disk, images, policy, told, .. } = audit;
    let detail = match shown {
        Some(_) => Detail::Brief,
        None if with_project => Detail::Full,
        None => Detail::Next,
    };
    let judging = Judging {
        policy,
        shown,
        detail,
        read: |request: &Request| compose::resolve(request, disk),
        names: |it: &Resolved| it.images().collect(),
        evidence: |_: &Request, it: &Resolved, images: &Images| {
            (it.bundle(images, with_project), empty(it.project()))
        },
        keep: |it: Resolved| Remarks::of(it.project()),
    };
    let tell = |judged: Result<(Remarks, Part), Fault>| {
        let (remarks, part) = judged?;
        remarks.tell(told);
        Ok(part)
    };
    Ok(judging.judge(requests, images)?.into_iter().map(tell).collect())
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

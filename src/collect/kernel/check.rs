//! Whether the programs of a health check are in the container.

use nix::errno::Errno;

use super::Answers;
use super::local::is_local;
use super::process::{Process, gap};
use super::root::Reach;
use crate::model::bundle::Answer;
use crate::model::files::Listing;
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::parse::command::check::{Check, has_failed};
use crate::parse::document::Document;
use crate::parse::path::{candidates, search_path};
use crate::parse::proc::mountinfo::{self, Mount};

/// The most programs of one check that are looked for.
const MOST: usize = 8;

/// Looks for each program along the container's `PATH`, up to where it is.
/// Only a check that fails has something to explain.
pub(super) fn programs(
    viewer: &Process,
    mounts: &[Mount],
    host: &[Mount],
    inspect: &Document<'_>,
) -> Answers {
    let test = inspect.texts("/Config/Healthcheck/Test");
    let variables = inspect.variables("/Config/Env");
    let has_failed = has_failed(inspect);
    let (Some(test), Some(variables), Some(true)) =
        (test.known(), variables.known(), has_failed.known())
    else {
        return Answers::new();
    };
    let programs = Check::parse(test).map(Check::programs).unwrap_or_default();
    let path = search_path(variables);
    let mut answers = Answers::new();
    for program in programs.iter().take(MOST) {
        for place in candidates(program, path) {
            let answer = file(viewer, mounts, host, &place);
            let goes_on = matches!(answer, Ok(Answer::Nothing));
            answers.push((Source::in_root(viewer.pid(), &place), answer));
            if !goes_on {
                break;
            }
        }
    }
    answers
}

/// What a file of the container is, by its absolute path. Only file systems
/// that surely answer are looked at.
fn file(viewer: &Process, mounts: &[Mount], host: &[Mount], path: &str) -> Result<Answer, Gap> {
    let source = Source::in_root(viewer.pid(), path);
    if !mountinfo::at(mounts, "/").is_some_and(|root| is_local(root, host)) {
        let detail = "the container's root is not on a file system of this kernel's own";
        return Err(Gap::new(Reason::Unsupported, source, detail));
    }
    match viewer.root().and_then(|root| root.stat(path, Reach::OneFileSystem)) {
        Ok(file) => Ok(Answer::Files(Listing { files: vec![file], unread: vec![] })),
        Err(Errno::ENOENT | Errno::ENOTDIR) => Ok(Answer::Nothing),
        Err(Errno::EXDEV) => {
            Err(Gap::new(Reason::Unsupported, source, "it is on a file system of its own"))
        }
        Err(errno) => Err(gap(source, errno)),
    }
}

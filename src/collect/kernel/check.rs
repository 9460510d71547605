//! Whether the programs of a health check are in the container.

use std::collections::BTreeMap;

use super::Kernel;
use crate::model::bundle::{Answer, Bundle};
use crate::model::reading::Gap;
use crate::model::source::Source;
use crate::parse::command::check::{Check, has_failed};
use crate::parse::document::Document;
use crate::parse::path::candidates;

/// The most programs of one check that are looked for.
const MOST: usize = 8;

impl Kernel {
    /// Looks for each program along the container's `PATH`, up to where it is.
    /// Only a check that fails has something to explain.
    pub(super) fn observe_check(
        &self,
        id: &str,
        viewer: u32,
        starts: &BTreeMap<u32, u64>,
        bundle: &mut Bundle,
    ) {
        let source = Source::container(id);
        let document = Document::new(source.clone(), bundle.json(&source));
        let test = document.texts("/Config/Healthcheck/Test");
        let variables = document.texts("/Config/Env");
        let has_failed = has_failed(&document);
        let (Some(test), Some(variables), Some(true)) =
            (test.known(), variables.known(), has_failed.known())
        else {
            return;
        };
        let check = Check::parse(test);
        let programs = check.map(Check::programs).unwrap_or_default();
        let path = variables.iter().find_map(|variable| variable.strip_prefix("PATH="));
        let places: Vec<Vec<String>> =
            programs.iter().take(MOST).map(|program| candidates(program, path)).collect();
        let mounts = bundle.ask(&Source::proc(viewer, "mountinfo")).cloned();
        for places in places {
            for place in places {
                let source = Source::in_root(viewer, &place);
                let answer = self
                    .reopen(viewer, starts)
                    .and_then(|process| process.file(&mounts, &place))
                    .map_err(|gap| Gap { source: source.clone(), ..gap });
                let goes_on = matches!(answer, Ok(Answer::Nothing));
                bundle.record(source, answer);
                if !goes_on {
                    break;
                }
            }
        }
    }
}

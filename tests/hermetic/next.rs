//! What to do next: what is promised is what comes of it.

use secaudit::Detail;
use secaudit::judge::Accept;
use secaudit::policy::Policy;
use secaudit::report::v1::{Report, Target};

use crate::compose_spans::evidence;
use crate::corpus::{Sample, made, written};

/// The file that a fragment is written to.
const NEXT: &str = "next.yaml";

fn judged(sample: &Sample) -> Option<Report> {
    let policy = Policy::baseline();
    let bundle = evidence(sample)?;
    Some(secaudit::evaluate_beside(&bundle, &[], &policy, Accept::Kernel, Detail::Next))
}

/// The same project with a fragment laid over it.
fn with(sample: &Sample, fragment: &str) -> Sample {
    let mut more = sample.clone();
    more.files.insert(NEXT.to_owned(), fragment.to_owned());
    more.compose.push(NEXT.to_owned());
    more
}

/// The floor that the last step promises.
fn promise(target: &Target) -> Option<u8> {
    Some(target.next.as_ref()?.steps.last()?.floor)
}

/// Lays the fragment of each service over its project; how many were laid.
fn holds(sample: &Sample) -> usize {
    let Some(report) = judged(sample) else { return 0 };
    let mut laid = 0;
    for target in &report.targets {
        let next = target.next.as_ref().unwrap();
        let Some(fragment) = &next.compose else { continue };
        let name = format!("{}: {}:\n{fragment}", sample.name, target.name);
        let after = judged(&with(sample, fragment)).unwrap_or_else(|| panic!("{name}"));
        let after = after.targets.into_iter().find(|it| it.name == target.name);
        let after = after.unwrap_or_else(|| panic!("{name}"));
        let promised = promise(target).unwrap_or(target.floor);
        let differing = differences(target, &after);
        assert_eq!(after.floor, promised, "{name}{differing:#?}");
        laid += 1;
    }
    laid
}

/// What the rules say of it then, where that is not what was promised.
fn differences(before: &Target, after: &Target) -> Vec<String> {
    let next = before.next.as_ref().unwrap();
    let mended: Vec<&str> = next.steps.iter().flat_map(|it| &it.rules).map(|it| &**it).collect();
    let open = after.findings.iter().filter(|it| it.is_open() || it.gap.is_some());
    let both = open.filter(|it| mended.contains(&&*it.rule));
    both.map(|it| format!("{}: {:?} {:?}", it.rule, it.statements, it.gap)).collect()
}

#[test]
fn a_fragment_laid_over_its_project_gives_the_floor_that_was_promised() {
    let laid: usize = written().iter().map(holds).sum();
    assert!(laid > 100, "{laid}");
}

#[test]
fn so_does_one_of_a_project_out_of_dice() {
    let laid: usize = made(150).iter().map(holds).sum();
    assert!(laid > 150, "{laid}");
}

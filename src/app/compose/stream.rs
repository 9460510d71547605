//! Projects one after another: each is judged by itself, and of many only what
//! they count together is kept.

use std::borrow::Cow;
use std::collections::BTreeSet;

use rayon::prelude::*;

use super::{Audit, remarks};
use crate::app::args::Format;
use crate::app::audit;
use crate::app::exit::Failure;
use crate::app::output::{self, Pieces};
use crate::collect::compose::{self, Resolved};
use crate::gate::Tally;
use crate::judge::Accept;
use crate::model::bundle::{Bundle, Origin};
use crate::model::reading::Gap;
use crate::parse::compose::{Fault, Project, Request};
use crate::report::terminal::{self, Look};
use crate::report::v1::{Report, Target, Verdict};

/// How many projects are held in memory at once.
const AT_ONCE: usize = 256;

/// What all projects are together.
struct Whole {
    /// The report, with the targets where there is room for them.
    report: Report,
    floors: Vec<u8>,
    /// The rules that any target breaks.
    broken: BTreeSet<String>,
    tally: Tally,
    /// Why the first project of which nothing was judged has nothing.
    empty: Option<Fault>,
}

/// One project, judged.
struct Part {
    /// The targets, where there is room for those of all projects.
    targets: Vec<Target>,
    floors: Vec<u8>,
    /// The rules that any target breaks.
    broken: BTreeSet<Cow<'static, str>>,
    tally: Tally,
    /// What is shown of it where it is one of many.
    shown: Option<String>,
    /// Why there is nothing to judge, if there is not.
    empty: Option<Fault>,
}

/// Judges the projects and writes the report; the exit code that the gate says.
pub(super) fn run(
    mut audit: Audit<'_>,
    requests: &[Request],
    faults: &[Fault],
) -> Result<u8, Failure> {
    let format = audit.command.output.format;
    let mut pieces = Pieces::new(audit::file(&audit.command.output)?);
    let look = audit.terminal.look(pieces.is_file());
    let is_one = requests.len() + faults.len() == 1;
    let mut whole = Whole::new(&audit);
    // Of many, only what is shown of each is kept.
    let is_kept = is_one || format == Format::Json;
    let shown = (!is_kept).then(|| (whole.report.clone(), look));
    faults.iter().for_each(|fault| whole.miss(fault));
    for chunk in requests.chunks(AT_ONCE) {
        // What is told of other projects names other files.
        audit.told.clear();
        for judged in judge(&mut audit, chunk, !is_one, shown.as_ref())? {
            match judged {
                Err(fault) => whole.miss(&fault),
                Ok(part) => {
                    whole.count(&part);
                    match part.shown {
                        Some(text) => pieces.write(&text)?,
                        None => whole.report.targets.extend(part.targets),
                    }
                }
            }
        }
    }
    whole.miss_all();
    let broken = std::mem::take(&mut whole.broken);
    let report = whole.close(&audit);
    let text = match format {
        Format::Json => {
            crate::report::json(&report).map_err(|error| Failure::Bug(error.to_string()))?
        }
        Format::Terminal if !is_one => terminal::end(&report, &broken, look),
        // To a person an audit of nobody has nothing to say but why.
        Format::Terminal if report.targets.is_empty() && !report.origin.gaps.is_empty() => {
            String::new()
        }
        Format::Terminal => terminal::render(&report, look),
    };
    if pieces.finish(&text)? {
        output::to_stderr(&format!("secaudit: {}", terminal::conclusion(&report)));
    }
    Ok(report.gate.exit_code)
}

/// Judges one project, whatever becomes of it.
pub(super) fn one(audit: &mut Audit<'_>, request: &Request) -> Result<Report, Failure> {
    let mut whole = Whole::new(audit);
    for judged in judge(audit, std::slice::from_ref(request), false, None)? {
        match judged {
            Err(fault) => whole.miss(&fault),
            Ok(part) => {
                whole.count(&part);
                whole.report.targets.extend(part.targets);
            }
        }
    }
    Ok(whole.close(audit))
}

/// Reads a few projects, asks for their images together, and judges them.
fn judge(
    audit: &mut Audit<'_>,
    requests: &[Request],
    with_project: bool,
    shown: Option<&(Report, Look)>,
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
        let mut bundle = resolved.bundle(&audit.images, with_project);
        audit::note_the_time(&mut bundle);
        let (targets, tally) = crate::evaluate_part(&bundle, &audit.policy, shown.is_some());
        let floors = targets.iter().map(|it| it.floor).collect();
        let findings = targets.iter().flat_map(|it| &it.findings);
        let broken = findings.filter(|it| it.verdict == Verdict::Fail).map(|it| it.rule.clone());
        let broken = broken.collect();
        let shown = shown.map(|(frame, look)| terminal::part(frame, &targets, *look));
        let targets = if shown.is_some() { Vec::new() } else { targets };
        Ok(Part { targets, floors, broken, tally, shown, empty })
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

impl Whole {
    fn new(audit: &Audit<'_>) -> Self {
        let mut nobody = Bundle::new(Origin::Compose);
        audit::note_the_time(&mut nobody);
        let report = crate::evaluate(&nobody, &audit.policy, Accept::Kernel);
        let (floors, broken, tally) = (Vec::new(), BTreeSet::new(), Tally::default());
        Self { report, floors, broken, tally, empty: None }
    }

    /// One that could not be understood: it is told at once, and leaves the rest alone.
    fn miss(&mut self, fault: &Fault) {
        output::to_stderr(&super::fault::shown(fault));
        let gap: Gap = compose::gap(fault);
        self.tally.missing.push(gap.in_words());
        self.report.origin.gaps.push(gap);
    }

    /// An audit that judged nothing is not complete.
    fn miss_all(&mut self) {
        if let Some(fault) = self.empty.take().filter(|_| self.floors.is_empty()) {
            self.miss(&fault);
        }
    }

    fn count(&mut self, part: &Part) {
        if self.empty.is_none() {
            self.empty.clone_from(&part.empty);
        }
        self.tally.add(&part.tally);
        self.floors.extend(&part.floors);
        for rule in &part.broken {
            if !self.broken.contains(&**rule) {
                self.broken.insert(rule.to_string());
            }
        }
    }

    fn close(mut self, audit: &Audit<'_>) -> Report {
        let outcome = self.tally.outcome(&audit.policy.gate);
        self.report.gate.exit_code = outcome.exit_code();
        self.report.gate.failures = outcome.failures;
        self.report.gate.gaps = outcome.gaps;
        self.report.fleet = crate::report::fleet(self.floors.iter().copied());
        self.report
    }
}

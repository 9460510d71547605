//! Files one after another: each is judged by itself, and of many only what they
//! count together is kept.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::args::{self, Format};
use super::audit;
use super::exit::Failure;
use super::fault;
use super::output::{self, Pieces, Terminal};
use crate::Detail;
use crate::gate::Tally;
use crate::judge::Accept;
use crate::model::bundle::{Bundle, Origin};
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::untrusted::Untrusted;
use crate::parse::compose::Fault;
use crate::policy::Policy;
use crate::report::terminal::{self, Look};
use crate::report::v1::{Report, Target, Waiver};
use crate::report::{self, Gathered, Roll};

/// How many files are held in memory at once.
const AT_ONCE: usize = 256;

/// What all files of one run share.
#[derive(Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) policy: &'a Policy,
    pub(super) output: &'a args::Output,
    pub(super) terminal: Terminal,
    /// What the files are.
    pub(super) origin: Origin,
}

/// How each of many files is shown by itself: the report that it is a part of.
pub(super) type Shown = (Report, Look);

/// What all files are together.
struct Whole<'a> {
    this: Run<'a>,
    /// The report, with the targets where there is room for them.
    report: Report,
    floors: Vec<u8>,
    /// The rules that any target breaks.
    broken: BTreeSet<String>,
    tally: Tally,
    waivers: Gathered,
    roll: Roll,
    /// Why the first file of which nothing was judged has nothing.
    empty: Option<Fault>,
}

/// One file, judged.
pub(super) struct Part {
    /// The targets, where there is room for those of all files.
    targets: Vec<Target>,
    /// The waivers in it, where there is room.
    waivers: Vec<Waiver>,
    floors: Vec<u8>,
    /// The rules that any target breaks.
    broken: BTreeSet<Cow<'static, str>>,
    tally: Tally,
    /// How its targets stand beside the checklists.
    roll: Roll,
    /// What is shown of it where it is one of many.
    shown: Option<String>,
    /// Why there is nothing to judge, if there is not.
    empty: Option<Fault>,
}

impl Part {
    /// Judges bundles, of which each is a file's, with why there may be nothing in it.
    pub(super) fn all(
        judged: Vec<(Bundle, Option<Fault>)>,
        policy: &Policy,
        shown: Option<&Shown>,
        detail: Detail,
    ) -> Vec<Self> {
        let (mut bundles, empty): (Vec<Bundle>, Vec<Option<Fault>>) = judged.into_iter().unzip();
        bundles.iter_mut().for_each(audit::note_the_time);
        let parts = crate::evaluate_parts(&bundles, policy, detail);
        drop(bundles);
        let roll = Roll::new(&policy.checklists);
        let of = |(part, empty)| Self::of(part, shown, empty, roll.clone());
        parts.into_iter().zip(empty).map(of).collect()
    }

    fn of(part: report::Part, shown: Option<&Shown>, empty: Option<Fault>, mut roll: Roll) -> Self {
        let report::Part { mut targets, mut waivers, tally } = part;
        roll.add(&targets);
        let floors = targets.iter().map(|it| it.floor).collect();
        let findings = targets.iter().flat_map(|it| &it.findings);
        let broken = findings.filter(|it| it.is_open()).map(|it| it.rule.clone()).collect();
        let shown = shown.map(|(frame, look)| {
            let text = terminal::part(frame, &targets, &waivers, *look);
            (targets, waivers) = (Vec::new(), Vec::new());
            text
        });
        Self { targets, waivers, floors, broken, tally, roll, shown, empty }
    }
}

/// Judges the files and writes the report; the exit code that the gate says. Told
/// whether each is one of many and how it is shown then, `judge` judges a few.
pub(super) fn run<R>(
    this: Run<'_>,
    requests: &[R],
    faults: &[Fault],
    mut judge: impl FnMut(&[R], bool, Option<&Shown>) -> Result<Vec<Result<Part, Fault>>, Failure>,
) -> Result<u8, Failure> {
    let format = this.output.format();
    let mut pieces = Pieces::new(audit::file(this.output)?);
    let look = this.terminal.look(pieces.is_file());
    let is_one = requests.len() + faults.len() == 1;
    let mut whole = Whole::new(this);
    // Of many, only what is shown of each is kept.
    let is_kept = is_one || format == Format::Json;
    let shown = (!is_kept).then(|| (whole.report.clone(), look));
    faults.iter().for_each(|fault| whole.miss(fault));
    for chunk in requests.chunks(AT_ONCE) {
        let mut text = String::new();
        for judged in judge(chunk, !is_one, shown.as_ref())? {
            match judged {
                Err(fault) => whole.miss(&fault),
                Ok(part) => {
                    whole.count(&part);
                    text.extend(part.shown);
                    whole.report.targets.extend(part.targets);
                    whole.waivers.add(part.waivers);
                }
            }
        }
        pieces.write(&text)?;
    }
    whole.miss_all();
    let broken = std::mem::take(&mut whole.broken);
    let report = whole.close();
    let text = match format {
        Format::Json => report::json(&report).map_err(|error| Failure::Bug(error.to_string()))?,
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

/// The report of one file alone, whatever became of it.
pub(super) fn one(this: Run<'_>, judged: Vec<Result<Part, Fault>>) -> Report {
    let mut whole = Whole::new(this);
    for judged in judged {
        match judged {
            Err(fault) => whole.miss(&fault),
            Ok(part) => {
                whole.count(&part);
                whole.report.targets.extend(part.targets);
                whole.waivers.add(part.waivers);
            }
        }
    }
    whole.close()
}

impl<'a> Whole<'a> {
    fn new(this: Run<'a>) -> Self {
        let mut nobody = Bundle::new(this.origin);
        audit::note_the_time(&mut nobody);
        let report = crate::evaluate(&nobody, this.policy, Accept::Kernel);
        let (floors, broken, tally) = (Vec::new(), BTreeSet::new(), Tally::default());
        let (roll, waivers) = (Roll::new(&this.policy.checklists), Gathered::default());
        Self { this, report, floors, broken, tally, waivers, roll, empty: None }
    }

    /// One that could not be understood: it is told at once, and leaves the rest alone.
    fn miss(&mut self, fault: &Fault) {
        output::to_stderr(&fault::shown(fault));
        let file = fault.file.display().to_string();
        let source = match self.this.origin {
            Origin::Dockerfile => Source::Dockerfile(file.into()),
            Origin::Compose | Origin::Engine | Origin::Archive | Origin::Kernel => {
                Source::Compose(file.into())
            }
        };
        let what = Untrusted::from(fault.to_string()).to_string();
        let gap = Gap::new(Reason::Malformed, source, what);
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
        self.roll.join(&part.roll);
        self.floors.extend(&part.floors);
        for rule in &part.broken {
            if !self.broken.contains(&**rule) {
                self.broken.insert(rule.to_string());
            }
        }
    }

    fn close(mut self) -> Report {
        let outcome = self.tally.outcome(&self.this.policy.gate);
        self.report.gate.exit_code = outcome.exit_code();
        self.report.gate.failures = outcome.failures;
        self.report.gate.gaps = outcome.gaps;
        self.report.waivers = self.waivers.close();
        self.report.checklists = self.roll.close();
        self.report.gate.baseline = report::baseline(self.this.policy, &self.tally);
        self.report.fleet = report::fleet(self.floors.iter().copied());
        self.report
    }
}

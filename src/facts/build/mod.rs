//! How an image is built: its Dockerfile, the stages that ship, and where in the
//! file each part stands. Of what is not a Dockerfile nobody asks.

mod base;
mod carried;
mod given;
mod stages;
mod steps;

use std::rc::Rc;
use std::sync::Arc;

use crate::model::build::{Context, Recipe};
use crate::model::draft::{Origin, Written};
use crate::model::fact::Fact;
use crate::model::reading::{Evidence, Gap, Reading, Reason};
use crate::model::source::Source;
use crate::model::target::Kind;
use crate::parse::dockerfile::{
    self, Command, Dockerfile, Exec, From, Instruction, Known, Place, Plan, Stage, Step, Work,
    commands,
};

use super::view::View;

pub use base::{Base, Foundation};
pub use carried::{Carriage, Fate, Lies};
pub use given::{Given, taken};
pub use stages::Stages;
pub use steps::{Done, Doubt, Found, Started, Turn, Untold, in_context};

/// The longest line that is shown.
const LONGEST_LINE: usize = 200;

/// The longest line that is looked through.
const LONGEST_WRITTEN: usize = 4_096;

/// The longest word that a line is known by.
const LONGEST_WORD: usize = 24;

/// How an image is built.
#[derive(Clone, Debug)]
pub struct Build {
    /// The Dockerfile, and what becomes of its stages.
    pub layout: Fact<Rc<Layout>>,
    /// What the build is given beside it.
    pub context: Fact<Arc<Context>>,
    /// Which of its stages ship.
    pub stages: Fact<Stages>,
}

/// A Dockerfile laid out for rules.
#[derive(Debug)]
pub struct Layout {
    /// The whole file as it was parsed, what may be secret in it masked.
    pub dockerfile: Dockerfile,
    /// What becomes of its stages.
    pub plan: Plan,
    /// What is done in them, in the order of the file.
    steps: Vec<Step>,
    recipe: Arc<Recipe>,
    source: Source,
    /// Where each line of the text begins.
    lines: Vec<usize>,
}

pub(super) fn all(view: &View<'_>) -> Rc<Build> {
    Rc::clone(view.build.get_or_init(|| Rc::new(read(view))))
}

fn read(view: &View<'_>) -> Build {
    if view.kind() != Kind::Dockerfile {
        let layout = Fact::declared_only(Reading::Inapplicable);
        let context = Fact::declared_only(Reading::Inapplicable);
        return Build { layout, context, stages: stages::of_service(view) };
    }
    let context = view.context().map(|context| {
        let shown = format!("{} names", context.names.len());
        let source = Source::Context(view.id().into());
        (Arc::clone(context), vec![Evidence::new(source, context.folder.clone(), shown)])
    });
    let context = match context {
        Ok((context, evidence)) => Reading::Known(context, evidence),
        Err(gap) => Reading::Missing(gap),
    };
    let build = Build {
        layout: Fact::declared_only(layout(view)),
        context: Fact::declared_only(context),
        stages: Fact::declared_only(Reading::Inapplicable),
    };
    Build { stages: build.stages_of_file(), ..build }
}

fn layout(view: &View<'_>) -> Reading<Rc<Layout>> {
    let source = Source::Dockerfile(view.id().into());
    let recipe = match view.recipe() {
        Ok(recipe) => Arc::clone(recipe),
        Err(gap) => return Reading::Missing(gap),
    };
    let dockerfile = dockerfile::parse(recipe.text.raw().as_bytes());
    let target = recipe.target.as_ref().map(|it| it.raw());
    match dockerfile::work(&dockerfile, target, &recipe.args, None) {
        Err(wrong) => {
            let gap = Gap::new(Reason::Malformed, source, wrong.what);
            Reading::Missing(gap.mend(wrong.help))
        }
        Ok(Work { plan, steps }) => {
            let ends = recipe.text.raw().match_indices('\n').map(|(at, _)| at + 1);
            let lines = std::iter::once(0).chain(ends).collect();
            let (from, source) = (source.clone(), source);
            let layout = Layout { dockerfile, plan, steps, recipe, source: from, lines };
            let shown = format!("{} stages", layout.dockerfile.stages.len());
            let last = layout.final_stage().map(|it| layout.origin(&it.from, None));
            let evidence = Evidence::new(source, "", shown).with(|datum| datum.written = last);
            Reading::Known(Rc::new(layout), vec![evidence])
        }
    }
}

impl Layout {
    /// The stage that ships in the end.
    pub fn final_stage(&self) -> Option<&Stage> {
        self.shipping().last()
    }

    /// The stages whose layers ship, the lowest first.
    pub fn shipping(&self) -> impl DoubleEndedIterator<Item = &Stage> {
        self.plan.ships.iter().filter_map(|at| self.dockerfile.stages.get(*at))
    }

    /// Every stage with what it begins with, in the order of the file.
    pub fn stages(&self) -> impl Iterator<Item = (&Stage, &From)> {
        self.dockerfile.stages.iter().zip(&self.plan.from)
    }

    /// The instructions whose layers ship, in the order in which they are carried out.
    pub fn instructions(&self) -> impl Iterator<Item = &Instruction> {
        self.shipping().flat_map(|stage| &stage.instructions)
    }

    /// The words of each command that an instruction has run, as far as they are
    /// known before it runs.
    pub fn commands(&self, instruction: &Instruction) -> Vec<Vec<String>> {
        if let Exec::Array(words) = instruction.exec() {
            return vec![words];
        }
        let bodies = instruction.heredocs.iter().map(|it| it.body.as_str());
        let scripts = std::iter::once(instruction.command().text).chain(bodies);
        let commands = scripts.flat_map(|script| commands(script, |_| Known::Below));
        let words = |it: Command| it.words.into_iter().map_while(|it| it.text.ok()).collect();
        commands.map(words).collect()
    }

    /// What is written somewhere; none in a line that is too long to be looked through.
    pub fn written(&self, place: Place) -> Option<String> {
        let line = Some(self.line(place)).filter(|it| it.len() <= LONGEST_WRITTEN)?;
        let first = usize::try_from(place.column).unwrap_or(1).saturating_sub(1);
        let length = usize::try_from(place.length).unwrap_or_default();
        Some(line.chars().skip(first).take(length).collect())
    }

    /// Where an instruction, or a part of it, is written.
    pub fn origin(&self, instruction: &Instruction, part: Option<Place>) -> Arc<Origin> {
        let place = part.unwrap_or_else(|| instruction.place_of_arguments());
        self.origin_at(&instruction.name().to_uppercase(), place)
    }

    /// The first word of the line that something stands in.
    pub fn word_at(&self, place: Place) -> String {
        let word = self.line(place).split_whitespace().next();
        word.unwrap_or("line").chars().take(LONGEST_WORD).collect()
    }

    fn line(&self, place: Place) -> &str {
        let number = usize::try_from(place.line).unwrap_or(1).saturating_sub(1);
        let start = self.lines.get(number).copied();
        let rest = start.and_then(|it| self.recipe.text.raw().get(it..)).unwrap_or_default();
        rest.lines().next().unwrap_or_default()
    }

    /// Where something is written that goes by this name.
    pub fn origin_at(&self, key: &str, place: Place) -> Arc<Origin> {
        let Place { line, column, length } = place;
        let excerpt: String = self.line(place).chars().take(LONGEST_LINE).collect();
        let (file, excerpt) = (self.recipe.file.clone(), excerpt.into());
        let at = Written { file, line, column, length, excerpt };
        Arc::new(Origin { key: key.into(), at, overrode: None })
    }
}

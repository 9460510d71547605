//! What is done for the image: in the stages that ship, and in all that are built.

use std::rc::Rc;
use std::sync::Arc;

use crate::model::build::Context;
use crate::model::fact::Fact;
use crate::model::reading::{Gap, Reading, Reason};
use crate::model::source::Source;
use crate::model::verdict::Check;
use crate::parse::dockerfile::{Call, From, Instruction, Keyword, Part, Place, Step};
use crate::parse::dockerignore::Effort;
use crate::parse::path::clean;

use super::{Build, Layout};

/// The longest folder that is followed, as the kernel has it.
const LONGEST: usize = 4_096;

/// The most folders of one script that are entered.
const FOLDERS: usize = 256;

/// Something that nobody can tell and that decides: where, and why.
pub type Doubt = (Place, String);

/// What a rule found, and why that may not be all.
pub type Found = (Check, Untold);

/// Why there may be more than was found.
pub type Untold = Option<Gap>;

/// An instruction as it is carried out in a stage.
#[derive(Clone, Copy, Debug)]
pub struct Done<'l> {
    /// What it does.
    pub step: &'l Step,
    /// How it is written.
    pub instruction: &'l Instruction,
}

/// When something is done: the place of its instruction among all, and of its call in
/// that.
pub type Turn = (usize, usize);

/// A program that is started in a stage that is built.
#[derive(Clone, Debug)]
pub struct Started<'l> {
    /// By which instruction.
    pub done: Done<'l>,
    /// How.
    pub call: &'l Call,
    /// When.
    pub turn: Turn,
    /// In which folder, where that can be told.
    pub folder: Option<Rc<str>>,
}

impl<'l> Done<'l> {
    /// Whether it is this instruction.
    pub fn is(&self, keyword: Keyword) -> bool {
        self.instruction.keyword == Some(keyword)
    }

    /// What a variable is for a call, or why nobody can tell; none where nobody sets it.
    pub fn setting(&self, call: &'l Call, name: &str) -> Option<Result<&'l str, &'l str>> {
        let text = |it: &'l Result<String, String>| it.as_deref().map_err(String::as_str);
        let own = call.settings.iter().rev().find(|(it, _)| it == name);
        let set = || self.step.environment.get(name).map(text);
        own.map(|(_, it)| text(&it.text)).or_else(set)
    }

    /// The programs that it starts, each with the folder in which, where that can be told.
    pub fn calls(self) -> impl Iterator<Item = (&'l Call, Option<Rc<str>>)> {
        let mut folder: Option<Rc<str>> = self.step.folder.as_deref().map(Rc::from);
        // A script may be long and enter many folders: it is looked through once.
        let (mut is_plain, mut left) = (None, FOLDERS);
        self.step.calls.iter().map(move |call| {
            let here = folder.clone();
            if call.name() == "cd" {
                let is_plain = *is_plain.get_or_insert_with(|| self.is_plain());
                folder = entered(call, folder.as_deref()).filter(|_| is_plain && left > 0);
                left = left.saturating_sub(1);
            }
            (call, here)
        })
    }

    /// Whether a folder that it enters is left by nothing but the next `cd`: subshells
    /// leave theirs again.
    fn is_plain(&self) -> bool {
        let it = self.instruction;
        it.heredocs.is_empty() && !it.command().text.contains(['(', '`', '|'])
    }
}

/// The folder after a `cd`, where it can be told.
fn entered(call: &Call, folder: Option<&str>) -> Option<Rc<str>> {
    let [to] = call.arguments.as_slice() else { return None };
    let to = to.told().filter(|it| !it.starts_with(['-', '~']))?;
    let whole = if to.starts_with('/') { to.to_owned() } else { format!("{}/{to}", folder?) };
    Some(clean(&whole).into()).filter(|it: &Rc<str>| it.len() <= LONGEST)
}

impl Layout {
    /// What is done in the stages that ship, in their order.
    pub fn shipped(&self) -> impl Iterator<Item = Done<'_>> {
        self.done(Part::Ships)
    }

    /// What is done in all stages that are built, also in those that only hand
    /// something on.
    pub fn used(&self) -> impl Iterator<Item = Done<'_>> {
        self.done(Part::Feeds)
    }

    /// The programs that are started in all stages that are built.
    pub fn started(&self) -> impl Iterator<Item = Started<'_>> {
        self.used().enumerate().flat_map(|(turn, done)| {
            let numbered = done.calls().enumerate();
            numbered.map(move |(at, (call, folder))| Started {
                done,
                call,
                turn: (turn, at),
                folder,
            })
        })
    }

    /// Whether something of what the build is given is copied.
    pub fn takes_context(&self) -> bool {
        self.used().any(|it| {
            let copies = it.is(Keyword::Copy) || it.is(Keyword::Add);
            let is_other = it.instruction.flag("from").is_some();
            copies && !is_other && it.instruction.heredocs.is_empty()
        })
    }

    /// Why nobody can tell what a place means, and what to write instead.
    pub fn untold(&self, place: Place, why: &str, instead: &'static str) -> Untold {
        let detail = format!("line {}: {why}", place.line);
        Some(Gap::new(Reason::Unsupported, self.source.clone(), detail).mend(instead))
    }

    /// The stage that a `--from` means.
    pub fn stage_of(&self, name: &str) -> Option<usize> {
        self.plan.stage_of(&self.dockerfile.stages, name)
    }

    fn done(&self, least: Part) -> impl Iterator<Item = Done<'_>> {
        let parts = &self.plan.parts;
        let is_asked = move |it: &&Step| parts.get(it.stage).is_some_and(|part| *part >= least);
        let steps = self.steps.iter().filter(is_asked);
        steps.filter_map(|step| {
            Some(Done { step, instruction: step.instruction(&self.dockerfile)? })
        })
    }
}

impl Build {
    /// The Dockerfile, asked about what ships. A doubt keeps it from passing, and so
    /// does a base that may be one of its stages.
    pub fn shipped(&self, doubt: impl Fn(&Layout) -> Option<Doubt>) -> Fact<Rc<Layout>> {
        self.asked(|layout| in_shipped_stages(layout).or_else(|| doubt(layout)))
    }

    /// The Dockerfile, asked about all stages that are built. A doubt keeps it from
    /// passing, and so does whatever may be taken from a stage that nobody can tell.
    pub fn used(&self, doubt: impl Fn(&Layout) -> Option<Doubt>) -> Fact<Rc<Layout>> {
        self.asked(|layout| in_all_stages(layout).or_else(|| doubt(layout)))
    }

    /// What is found as in [`Build::used`], with what the build is given where that is
    /// known.
    pub fn used_of(
        &self,
        doubt: impl Fn(&Layout) -> Option<Doubt>,
        find: impl FnOnce(&Layout, Option<&Context>) -> Found,
    ) -> Fact<Check> {
        let context = self.context.declared().known();
        let gap = self.gap(|layout| in_all_stages(layout).or_else(|| doubt(layout)));
        let mut untold = None;
        let found = self.layout.declared().clone().map(|layout| {
            let (check, why) = find(&layout, context.map(AsRef::as_ref));
            untold = why;
            check
        });
        Fact::declared_in_part(found, gap.or(untold))
    }

    /// What is found of what ships, and what keeps it from being all: something that
    /// nobody can tell, or what the build is given. Where that is not known, why.
    pub fn in_what_ships(
        &self,
        find: impl FnOnce(&Layout, Result<&Context, Untold>) -> (Check, Option<Doubt>, Untold),
    ) -> Fact<Check> {
        let context = match self.context.declared() {
            Reading::Known(context, _) => Ok(context.as_ref()),
            Reading::Missing(gap) => Err(Some(gap.clone())),
            Reading::Inapplicable => Err(None),
        };
        let (mut doubt, mut untold) = (None, None);
        let found = self.layout.declared().clone().map(|layout| {
            let (check, of_file, of_context) = find(&layout, context);
            (doubt, untold) = (of_file, of_context);
            check
        });
        let gap = self.gap(|layout| in_all_stages(layout).or_else(|| doubt.clone()));
        Fact::declared_in_part(found, gap.or(untold))
    }

    /// What is found in the Dockerfile and what its build is given.
    pub fn given(&self, find: impl FnOnce(&Layout, &Context) -> Found) -> Fact<Check> {
        let layout = self.layout.declared().clone();
        let takes = |it: &Reading<Rc<Layout>>| match it {
            Reading::Known(layout, _) => layout.takes_context(),
            Reading::Missing(_) | Reading::Inapplicable => true,
        };
        let context = if takes(&layout) {
            self.context.declared().clone()
        } else {
            // Nobody has to know what nothing is made of.
            Reading::Known(Arc::default(), Vec::new())
        };
        let mut untold = None;
        let found = layout.zip(context).map(|(layout, context)| {
            let (check, why) = find(&layout, &context);
            untold = why;
            check
        });
        Fact::declared_in_part(found, untold)
    }

    fn asked(&self, doubt: impl Fn(&Layout) -> Option<Doubt>) -> Fact<Rc<Layout>> {
        Fact::declared_in_part(self.layout.declared().clone(), self.gap(doubt))
    }

    /// What a doubt keeps from being known.
    pub(super) fn gap(&self, doubt: impl Fn(&Layout) -> Option<Doubt>) -> Option<Gap> {
        let (place, why) = doubt(self.layout.declared().known()?)?;
        let gap = self.gap_at(place.line, &why, Reason::Unset)?;
        Some(gap.mend("give its variable a default, or a value by --build-arg"))
    }

    /// What a line keeps from being known.
    pub(super) fn gap_at(&self, line: u32, why: &str, reason: Reason) -> Option<Gap> {
        let Reading::Known(_, evidence) = self.layout.declared() else { return None };
        let source = evidence.first()?.source.clone();
        Some(Gap::new(reason, source, format!("line {line}: {why}")))
    }
}

/// Why not all is known of what a build is given: some of the names were not looked at,
/// or not held against the patterns of the file that says what is left out.
pub fn in_context(context: &Context, effort: &Effort) -> Untold {
    let source = || Source::Context(context.folder.raw().into());
    if effort.is_spent() {
        let detail = "to work out which of the names enter the build would take too long";
        let gap = Gap::new(Reason::TooLarge, source(), detail);
        return Some(gap.mend("write fewer patterns, and fewer * in them, into the .dockerignore"));
    }
    context.is_cut.then(|| {
        let detail = format!("not all names in {} were looked at", context.folder);
        let gap = Gap::new(Reason::NotCollected, source(), detail);
        gap.mend("name a smaller folder by --context-dir")
    })
}

/// What nobody can tell of the stages themselves.
fn in_all_stages(layout: &Layout) -> Option<Doubt> {
    layout.plan.untold.first().cloned()
}

/// What nobody can tell of the stages that ship: whether the base is one of them.
pub(super) fn in_shipped_stages(layout: &Layout) -> Option<Doubt> {
    let lowest = *layout.plan.ships.first()?;
    match layout.plan.from.get(lowest)? {
        From::Untold(why) => {
            let stage = layout.dockerfile.stages.get(lowest)?;
            Some((stage.from.place_of_arguments(), why.clone()))
        }
        From::Stage(_) | From::Image(_) | From::Scratch => None,
    }
}

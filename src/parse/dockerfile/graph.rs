//! How stages are joined, seen from the one that is built: which of them ship,
//! and which only hand something on.

use std::collections::BTreeMap;

use super::instruction::{Instruction, Keyword};
use super::{Dockerfile, Place, Stage};

/// What a stage begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum From {
    /// An earlier stage, by its place in the file.
    Stage(usize),
    /// Nothing.
    Scratch,
    /// An image, by its name.
    Image(String),
    /// Something whose name nobody can tell, and why.
    Untold(String),
}

/// What a stage is to the one that is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// It is not built.
    Unused,
    /// Files of it are taken over, or seen by a command.
    Feeds,
    /// The image rests on it, or is it.
    Ships,
}

/// What becomes of the stages of a Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What each stage begins with, in their order.
    pub from: Vec<From>,
    /// The stages that ship, the lowest first: the target, and those it rests on.
    pub ships: Vec<usize>,
    /// What each stage is to the target.
    pub parts: Vec<Part>,
    /// Where something is taken from a place that nobody can tell, and why.
    pub untold: Vec<(Place, String)>,
}

/// Why a stage without a base cannot be told.
pub(super) const NO_IMAGE: &str = "FROM names no image";

/// Joins the stages for one target. `bases` are the names after `FROM`, filled in.
pub(super) fn join(
    dockerfile: &Dockerfile,
    target: usize,
    bases: Vec<Result<String, String>>,
) -> Plan {
    let stages = &dockerfile.stages;
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    let mut from = Vec::with_capacity(stages.len());
    // A FROM knows the stages before it, and the last of a name.
    for (at, (stage, base)) in stages.iter().zip(bases).enumerate() {
        from.push(match base {
            Err(why) => From::Untold(why),
            Ok(name) => match names.get(&name.to_lowercase()) {
                Some(earlier) => From::Stage(*earlier),
                None if name == "scratch" => From::Scratch,
                None if name.is_empty() => From::Untold(NO_IMAGE.to_owned()),
                None => From::Image(name),
            },
        });
        names.extend(stage.name().map(|it| (it, at)));
    }
    let parts = vec![Part::Unused; stages.len()];
    let mut plan = Plan { from, ships: Vec::new(), parts, untold: Vec::new() };
    plan.follow(stages, target, &names);
    plan.ships.reverse();
    plan
}

impl Plan {
    /// Marks everything that the target needs.
    fn follow(&mut self, stages: &[Stage], target: usize, names: &BTreeMap<String, usize>) {
        let mut waiting = vec![(target, Part::Ships)];
        while let Some((at, part)) = waiting.pop() {
            let Some(known) = self.parts.get_mut(at).filter(|it| **it < part) else { continue };
            let is_new = *known == Part::Unused;
            *known = part;
            if part == Part::Ships {
                self.ships.push(at);
            }
            match self.from.get(at) {
                Some(From::Stage(below)) => waiting.push((*below, part)),
                Some(From::Untold(why)) if is_new => {
                    let place = stages.get(at).map(|it| it.from.place_of_arguments());
                    self.untold.extend(place.map(|it| (it, why.clone())));
                }
                _ => {}
            }
            if !is_new {
                continue;
            }
            let own = stages.get(at).map(|it| it.instructions.as_slice()).unwrap_or_default();
            for (place, name) in own.iter().flat_map(taken_from) {
                match taken(&name, names, stages.len()) {
                    Ok(Some(stage)) => waiting.push((stage, Part::Feeds)),
                    Ok(None) => {}
                    Err(why) => self.untold.push((place, why)),
                }
            }
        }
    }

    /// The stage that a `--from` means, by its name or number.
    pub fn stage_of(&self, stages: &[Stage], name: &str) -> Option<usize> {
        let named = |it: &Stage| it.name().is_some_and(|own| own == name.to_lowercase());
        let number = name.parse().ok().filter(|it| *it < stages.len());
        number.or_else(|| stages.iter().rposition(named))
    }

    /// Whether a stage is built for the target.
    pub fn is_used(&self, stage: usize) -> bool {
        self.parts.get(stage).is_some_and(|it| *it != Part::Unused)
    }
}

/// From where an instruction takes files, with its place: `--from`, and the
/// `from` of a mount.
fn taken_from(it: &Instruction) -> Vec<(Place, String)> {
    let it = it.trigger.as_deref().unwrap_or(it);
    let mut found = Vec::new();
    for flag in &it.flags {
        let Some(value) = &flag.value else { continue };
        match (it.keyword, flag.name.as_str()) {
            (Some(Keyword::Copy), "from") => found.push((flag.place, value.clone())),
            (Some(Keyword::Run), "mount") => {
                let from = value.split(',').filter_map(|it| it.split_once('='));
                let from = from.filter(|(key, _)| key.trim().eq_ignore_ascii_case("from"));
                found.extend(from.map(|(_, it)| (flag.place, it.to_owned())));
            }
            _ => {}
        }
    }
    found
}

/// The stage that a `--from` means; none where it is an image or another context.
fn taken(
    name: &str,
    names: &BTreeMap<String, usize>,
    count: usize,
) -> Result<Option<usize>, String> {
    if name.contains('$') {
        return Err("builders fill in no variables here".to_owned());
    }
    match name.parse::<usize>() {
        Ok(number) if number < count => Ok(Some(number)),
        Ok(number) => Err(format!("there is no stage {number}; the first is 0")),
        Err(_) => Ok(names.get(&name.to_lowercase()).copied()),
    }
}

//! How stages are joined, seen from the one that is built: which of them ship,
//! and which only hand something on.

use std::collections::BTreeMap;

use super::instruction::{Instruction, Keyword};
use super::{Dockerfile, Place, Stage};

/// What a stage begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Below {
    /// An earlier stage, by its place in the file.
    Stage(usize),
    /// An image, by its name.
    Image(String),
    /// Nothing.
    Scratch,
    /// Nobody can tell, for this reason: it may be a stage or an image.
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

/// The stages of a Dockerfile, seen from the one that is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    /// What each stage begins with.
    pub below: Vec<Below>,
    /// What each stage is to the target.
    pub parts: Vec<Part>,
    /// The stages that ship, the lowest first.
    pub chain: Vec<usize>,
    /// Where something is taken from a place that nobody can tell, and why.
    pub untold: Vec<(Place, String)>,
}

/// Joins the stages for one target. `bases` are the names after `FROM`, filled in.
pub(super) fn join(
    dockerfile: &Dockerfile,
    target: usize,
    bases: Vec<Result<String, String>>,
) -> Graph {
    let stages = &dockerfile.stages;
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    let mut below = Vec::with_capacity(stages.len());
    // A FROM knows the stages before it, and the last of a name.
    for (at, (stage, base)) in stages.iter().zip(bases).enumerate() {
        below.push(match base {
            Err(why) => Below::Untold(why),
            Ok(name) => match names.get(&name.to_lowercase()) {
                Some(earlier) => Below::Stage(*earlier),
                None if name == "scratch" => Below::Scratch,
                None => Below::Image(name),
            },
        });
        names.extend(stage.name().map(|it| (it, at)));
    }
    let mut graph = Graph {
        parts: vec![Part::Unused; stages.len()],
        below,
        chain: Vec::new(),
        untold: Vec::new(),
    };
    graph.follow(stages, target, &names);
    graph.chain.reverse();
    graph
}

impl Graph {
    /// Marks everything that the target needs.
    fn follow(&mut self, stages: &[Stage], target: usize, names: &BTreeMap<String, usize>) {
        let mut waiting = vec![(target, Part::Ships)];
        while let Some((at, part)) = waiting.pop() {
            let Some(known) = self.parts.get_mut(at).filter(|it| **it < part) else { continue };
            let is_new = *known == Part::Unused;
            *known = part;
            if part == Part::Ships {
                self.chain.push(at);
            }
            match self.below.get(at) {
                Some(Below::Stage(below)) => waiting.push((*below, part)),
                Some(Below::Untold(why)) if is_new => {
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
                match from(&name, names, stages.len()) {
                    Ok(Some(stage)) => waiting.push((stage, Part::Feeds)),
                    Ok(None) => {}
                    Err(why) => self.untold.push((place, why)),
                }
            }
        }
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
fn from(
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

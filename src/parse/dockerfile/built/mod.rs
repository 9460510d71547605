//! What the image made from a Dockerfile says of itself, as far as the
//! Dockerfile decides it. Source: Dockerfile reference; BuildKit's
//! `dockerfile2llb` where the reference is silent.

mod config;
mod scope;
mod stage;
mod values;

use std::collections::BTreeMap;

use serde_json::Value;

use super::accounts::Account;
use super::idle::Idle;
use super::instruction::Keyword;
use super::{Dockerfile, Place, Stage, Wrong, check};

use scope::Scope;
use stage::Building;
pub(super) use values::{nanoseconds, path, retries};

/// What a target is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Built {
    /// The image that the chain of stages rests on; none for `scratch`.
    pub base: Option<Base>,
    /// What the Dockerfile sets, in the shape of `Config` in the engine's
    /// answer to `/images/{id}/json`. What stands here overrules the base;
    /// `Env`, `Labels`, `ExposedPorts` and `Volumes` add to the base's own. A
    /// null takes away what the base has: an `ENTRYPOINT` without a `CMD` in
    /// the same stage clears the `CMD` that came before.
    pub config: Value,
    /// Where each value was set, by its JSON pointer into `config`.
    pub places: BTreeMap<String, Place>,
    /// Why a value cannot be told, by its JSON pointer; it is not in `config`
    /// then, or in `Env` by its name alone.
    pub unknown: BTreeMap<String, String>,
    /// The accounts that commands make, in their order; the last of a name counts.
    pub accounts: Vec<Account>,
    /// What commands do for the sake of hardening, and to no effect.
    pub idle: Vec<Idle>,
}

/// The image that a chain of stages rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// Its name, or why nobody can tell it, as a fragment.
    pub name: Result<String, String>,
    /// `--platform`, likewise; none where it is not written.
    pub platform: Option<Result<String, String>>,
    /// Where its name stands.
    pub place: Place,
}

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

/// What becomes of the stages of a Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What each stage begins with, in their order.
    pub from: Vec<From>,
    /// The stages that ship, the lowest first: the target, and those it rests on.
    pub ships: Vec<usize>,
}

/// What each stage begins with, and which ship.
///
/// # Errors
/// There is no `FROM`, or no stage of that name.
pub fn plan(
    dockerfile: &Dockerfile,
    target: Option<&str>,
    args: &BTreeMap<String, Option<String>>,
) -> Result<Plan, Wrong> {
    let last = find(dockerfile, target)?;
    let mut global = Scope::global(args);
    for instruction in &dockerfile.preamble {
        if instruction.keyword == Some(Keyword::Arg) {
            global.arguments(instruction, None);
        }
    }
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    let mut from = Vec::new();
    for (at, stage) in dockerfile.stages.iter().enumerate() {
        let base = stage.base().map(|it| global.expand(it.text, stage.from.escape));
        from.push(match base {
            None => From::Untold("FROM names no image".to_owned()),
            Some(Err(why)) => From::Untold(why),
            Some(Ok(name)) => match names.get(&name.to_lowercase()) {
                Some(stage) => From::Stage(*stage),
                None if name == "scratch" => From::Scratch,
                None if name.is_empty() => From::Untold("FROM names no image".to_owned()),
                None => From::Image(name),
            },
        });
        names.extend(stage.name().map(|it| (it, at)));
    }
    // A stage can only rest on one before it, so there is an end to it.
    let below = |at: &usize| match from.get(*at) {
        Some(From::Stage(next)) => Some(*next),
        _ => None,
    };
    let mut ships: Vec<usize> = std::iter::successors(Some(last), below).collect();
    ships.reverse();
    Ok(Plan { from, ships })
}

/// What the final or a named stage would be made into, built with these
/// arguments. An argument without a value is passed with one that is not known.
///
/// # Errors
/// There is no `FROM`, no stage of that name, or no name of an image.
pub fn shipped(
    dockerfile: &Dockerfile,
    target: Option<&str>,
    args: &BTreeMap<String, Option<String>>,
) -> Result<Built, Wrong> {
    build(dockerfile, target, args, None)
}

/// Like [`shipped`], where the environment of the base image is known: variables
/// that the Dockerfile does not set come from there, or are known to be unset.
///
/// # Errors
/// As those of [`shipped`].
pub fn shipped_on(
    dockerfile: &Dockerfile,
    target: Option<&str>,
    args: &BTreeMap<String, Option<String>>,
    environment: &BTreeMap<String, String>,
) -> Result<Built, Wrong> {
    build(dockerfile, target, args, Some(environment))
}

fn build(
    dockerfile: &Dockerfile,
    target: Option<&str>,
    args: &BTreeMap<String, Option<String>>,
    environment: Option<&BTreeMap<String, String>>,
) -> Result<Built, Wrong> {
    let last = find(dockerfile, target)?;
    let mut global = Scope::global(args);
    for instruction in &dockerfile.preamble {
        if instruction.keyword == Some(Keyword::Arg) {
            global.arguments(instruction, None);
        }
    }
    let Chain { stages, base } = chain(dockerfile, last, &global)?;
    let scope = Scope::stage(&global, base.as_ref(), environment);
    let mut building = Building::new(scope, base.is_none());
    let mut before: Option<&Stage> = None;
    for stage in stages {
        building.begin();
        let triggers = before.into_iter().flat_map(|it| &it.instructions);
        for trigger in triggers.filter_map(|it| it.trigger.as_deref()) {
            building.apply(trigger, &global);
        }
        for instruction in &stage.instructions {
            building.apply(instruction, &global);
        }
        before = Some(stage);
    }
    Ok(building.finish(base))
}

/// The stage that a target means.
fn find(dockerfile: &Dockerfile, target: Option<&str>) -> Result<usize, Wrong> {
    let stages = &dockerfile.stages;
    let Some(last) = stages.len().checked_sub(1) else {
        return Err(dockerfile.faults.first().cloned().unwrap_or_else(|| Wrong {
            place: Place { line: 1, column: 1, length: 1 },
            what: "there is no FROM".to_owned(),
            help: "begin with FROM and an image".to_owned(),
        }));
    };
    let Some(target) = target else { return Ok(last) };
    let target = target.to_lowercase();
    let found = stages.iter().rposition(|it| it.name().as_ref() == Some(&target));
    found.ok_or_else(|| {
        let names: Vec<String> = stages.iter().filter_map(Stage::name).collect();
        let place = stages.first().map(|it| it.from.place);
        Wrong {
            place: place.unwrap_or(Place { line: 1, column: 1, length: 1 }),
            what: format!("no stage is named {}", check::short(&target)),
            help: match (check::nearest(&target, &names, ""), names.as_slice()) {
                (nearest, _) if !nearest.is_empty() => nearest,
                (_, []) => "no stage has a name; write FROM image AS name".to_owned(),
                (_, names) => format!("its stages are {}", names.join(", ")),
            },
        }
    })
}

/// The stages that a target rests on, the lowest first.
struct Chain<'a> {
    stages: Vec<&'a Stage>,
    base: Option<Base>,
}

/// Follows the `FROM`s down. A stage can only rest on one before it, so there
/// is an end to it.
fn chain<'a>(
    dockerfile: &'a Dockerfile,
    last: usize,
    global: &Scope<'_>,
) -> Result<Chain<'a>, Wrong> {
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    let mut below = Vec::new();
    let mut bases = Vec::new();
    for (at, stage) in dockerfile.stages.iter().enumerate().take(last + 1) {
        let name = stage.base().map(|it| global.expand(it.text, stage.from.escape));
        let key = name.as_ref().and_then(|it| it.as_ref().ok()).map(|it| it.to_lowercase());
        below.push(key.and_then(|it| names.get(&it).copied()));
        bases.push(name);
        names.extend(stage.name().map(|it| (it, at)));
    }
    let mut stages = Vec::new();
    let mut at = last;
    loop {
        stages.extend(dockerfile.stages.get(at));
        match below.get(at).copied().flatten() {
            Some(next) => at = next,
            None => break,
        }
    }
    let from = stages.last().map(|it| &it.from);
    let place = from.map_or(Place { line: 1, column: 1, length: 1 }, |it| {
        it.words().first().map_or(it.place, |word| it.place_of(*word))
    });
    let name = bases.into_iter().nth(at).flatten().filter(|it| *it != Ok(String::new()));
    let name = name.ok_or_else(|| Wrong {
        place,
        what: "FROM names no image".to_owned(),
        help: "write the name of an image, or give its variable a default before FROM".to_owned(),
    })?;
    let platform = from.and_then(|it| it.flag("platform")?.value.as_ref());
    let escape = dockerfile.escape;
    stages.reverse();
    let base = (name != Ok("scratch".to_owned())).then(|| Base {
        name,
        platform: platform.map(|it| global.expand(it, escape)),
        place,
    });
    Ok(Chain { stages, base })
}

//! What the image made from a Dockerfile says of itself, as far as the
//! Dockerfile decides it. Source: Dockerfile reference; BuildKit's
//! `dockerfile2llb` where the reference is silent.

mod config;
mod scope;
mod stage;
mod values;
mod work;

use std::collections::BTreeMap;

use serde_json::Value;

use super::accounts::Account;
use super::graph::{self, From, Plan};
use super::idle::Idle;
use super::instruction::Keyword;
use super::{Dockerfile, Place, Stage, Wrong, check};

pub use work::{Step, Work, work};

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
    Ok(joined(dockerfile, last, &global))
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

/// How the stages are joined for the one that is built.
fn joined(dockerfile: &Dockerfile, last: usize, global: &Scope<'_>) -> Plan {
    let name = |it: &Stage| it.base().map(|word| global.expand(word.text, it.from.escape));
    let bases = dockerfile.stages.iter().map(|it| name(it).unwrap_or(Ok(String::new())));
    graph::join(dockerfile, last, bases.collect())
}

/// Follows the `FROM`s down. A stage can only rest on one before it, so there
/// is an end to it.
fn chain<'a>(
    dockerfile: &'a Dockerfile,
    last: usize,
    global: &Scope<'_>,
) -> Result<Chain<'a>, Wrong> {
    let plan = joined(dockerfile, last, global);
    let stages: Vec<_> = plan.ships.iter().filter_map(|it| dockerfile.stages.get(*it)).collect();
    let from = stages.first().map(|it| &it.from);
    let place = from.map_or(Place { line: 1, column: 1, length: 1 }, |it| {
        it.words().first().map_or(it.place, |word| it.place_of(*word))
    });
    let platform = from.and_then(|it| it.flag("platform")?.value.as_ref());
    let platform = platform.map(|it| global.expand(it, dockerfile.escape));
    let name = match plan.ships.first().and_then(|it| plan.from.get(*it)) {
        Some(From::Scratch) => return Ok(Chain { stages, base: None }),
        Some(From::Untold(why)) if why != graph::NO_IMAGE => Err(why.clone()),
        Some(From::Image(name)) => Ok(name.clone()),
        _ => {
            let what = graph::NO_IMAGE.to_owned();
            let help =
                "write the name of an image, or give its variable a default before FROM".to_owned();
            return Err(Wrong { place, what, help });
        }
    };
    Ok(Chain { stages, base: Some(Base { name, platform, place }) })
}

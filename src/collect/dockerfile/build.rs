//! What a Dockerfile makes, laid over the base image that an engine has.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::collect::at_hand::Images;
use crate::collect::redact;
use crate::model::build::Recipe;
use crate::model::bundle::{Answer, Bundle};
use crate::model::draft::{Draft, Idle, Origin, Shipped, Written};
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::target::{Kind, Target};
use crate::model::untrusted::Untrusted;
use crate::model::waiver::Waiver;
use crate::parse::compose::address;
use crate::parse::dockerfile::{
    self, Account, Built, Dockerfile, From, Place, Plan, Stage, Unless, Wrong,
};
use crate::parse::{run, waiver};

/// The longest line of a Dockerfile that is shown.
const LONGEST_LINE: usize = 200;

/// A Dockerfile, as far as it decides what a container is.
#[derive(Clone, Debug)]
pub(in crate::collect) struct Build {
    /// What it says.
    pub(in crate::collect) dockerfile: Dockerfile,
    /// What it sets, whatever its base brings along.
    pub(in crate::collect) built: Built,
    target: Option<String>,
    args: BTreeMap<String, Option<String>>,
    file: Untrusted,
    /// Its text, what may be secret in it masked.
    pub(in crate::collect) text: String,
    /// Where each line of it begins.
    lines: Vec<usize>,
    /// The waivers in it.
    pub(in crate::collect) waivers: Vec<Waiver>,
}

/// What a base image decides where a Dockerfile does not.
const DECIDED: [&str; 6] = ["User", "Entrypoint", "Cmd", "Healthcheck", "StopSignal", "WorkingDir"];

/// What a Dockerfile adds to.
const ADDED: [&str; 4] = ["Env", "Labels", "ExposedPorts", "Volumes"];

impl Build {
    /// A Dockerfile by its bytes, known as this file, built up to this stage.
    ///
    /// # Errors
    /// There is nothing to build, or no stage of that name.
    pub(in crate::collect) fn new(
        bytes: &[u8],
        file: Untrusted,
        target: Option<&str>,
        args: BTreeMap<String, Option<String>>,
    ) -> Result<Self, Wrong> {
        let dockerfile = dockerfile::parse(bytes);
        let text = shown(&dockerfile, bytes);
        let built = dockerfile::shipped(&dockerfile, target, &args).map_err(|wrong| {
            // Told by what may be shown: what is no Dockerfile may be all secret.
            let told = dockerfile::parse(text.as_bytes());
            let told = dockerfile::shipped(&told, target, &args).err();
            told.unwrap_or_else(|| Wrong { what: "it is no Dockerfile".to_owned(), ..wrong })
        })?;
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(ends).collect();
        let target = target.map(str::to_owned);
        let written = String::from_utf8_lossy(bytes);
        let written = written.strip_prefix('\u{feff}').unwrap_or(&written);
        let found = waiver::in_dockerfile(written, &dockerfile);
        let waivers =
            found.into_iter().map(|it| it.waiver(&file, Kind::Dockerfile, None)).collect();
        Ok(Self { dockerfile, built, target, args, file, text, lines, waivers })
    }

    /// The evidence about it under this id: the file, and what it makes.
    pub(in crate::collect) fn record(&self, id: &str, images: &Images, bundle: &mut Bundle) {
        let source = Source::Run(id.into());
        let mut draft = run::bare(id, &self.shipped(images, &source));
        // Nobody wrote the whole of it, but the stage that ships begins somewhere.
        let from = self.final_stage().map(|it| self.origin("/FROM", it.from.place_of_arguments()));
        draft.origins.extend(from.map(|origin| (String::new(), Arc::new(origin))));
        draft.document = redact::document(draft.document);
        self.tell_accounts(&mut draft);
        self.tell_idle(&mut draft);
        bundle.record(source, Ok(Answer::Draft(draft.into())));
        let recipe = Answer::Recipe(self.recipe().into());
        bundle.record(Source::Dockerfile(id.into()), Ok(recipe));
        self.waivers.iter().for_each(|it| bundle.add_waiver(it.clone()));
        let image = self.base().map(|it| address::image(it).into());
        let (kind, id, name) = (Kind::Dockerfile, id.to_owned(), id.into());
        bundle.add_target(Target { kind, id, name, image });
    }

    fn recipe(&self) -> Recipe {
        let open = self.args.iter().map(|(name, value)| {
            let value = value.clone().filter(|it| !dockerfile::is_secret(name, it));
            (name.clone(), value)
        });
        Recipe {
            file: self.file.clone(),
            text: self.text.as_str().into(),
            target: self.target.as_deref().map(Untrusted::from),
            args: open.collect(),
        }
    }

    /// The stage that ships.
    fn final_stage(&self) -> Option<&Stage> {
        self.shipping().last().copied()
    }

    /// The stages whose layers ship, the lowest first.
    fn shipping(&self) -> Vec<&Stage> {
        let ships = self.plan().map(|it| it.ships).unwrap_or_default();
        ships.into_iter().filter_map(|at| self.dockerfile.stages.get(at)).collect()
    }

    fn plan(&self) -> Option<Plan> {
        dockerfile::plan(&self.dockerfile, self.target.as_deref(), &self.args).ok()
    }

    /// The names of its stages, and of those that ship; and why nobody can tell what
    /// the lowest of these rests on, where that is so.
    pub(in crate::collect) fn tell_stages(&self, draft: &mut Draft) {
        let Some(told) = draft.document.get_mut("Build").and_then(Value::as_object_mut) else {
            return;
        };
        let name = |it: &Stage| it.name().unwrap_or_default();
        let ships: Vec<String> = self.shipping().into_iter().map(name).collect();
        let all: Vec<String> = self.dockerfile.stages.iter().map(name).collect();
        told.insert("Ships".to_owned(), json!(ships));
        told.insert("Stages".to_owned(), json!(all));
        let plan = self.plan();
        let lowest = plan.as_ref().and_then(|it| it.from.get(*it.ships.first()?));
        if let Some(From::Untold(why)) = lowest {
            told.insert("Open".to_owned(), json!(why));
        }
    }

    /// The image that it rests on, as far as it is known.
    pub(in crate::collect) fn base(&self) -> Option<&str> {
        self.built.base.as_ref()?.name.as_deref().ok()
    }

    /// The accounts that the image is known to have, so that a user's name is a
    /// number: those of the last command that makes one go before.
    pub(in crate::collect) fn tell_accounts(&self, draft: &mut Draft) {
        let users = self.built.accounts.iter().filter(|it| it.kind == dockerfile::Kind::User);
        let mut told = Vec::new();
        for (place, account) in users.rev().enumerate() {
            let Account { name, uid, gid, shell, is_made, .. } = account;
            let made = is_made;
            told.push(json!({"Name": name, "Uid": uid, "Gid": gid, "Shell": shell, "Made": made}));
            let origin = self.origin("/User", account.place);
            draft.origins.insert(format!("/Accounts/{place}"), Arc::new(origin));
        }
        if let Some(document) = draft.document.as_object_mut().filter(|_| !told.is_empty()) {
            document.insert("Accounts".to_owned(), Value::Array(told));
        }
    }

    /// What the Dockerfile does to no effect, where the container does not make
    /// good for it.
    pub(in crate::collect) fn tell_idle(&self, draft: &mut Draft) {
        let part = |pointer: &str| draft.document.pointer(pointer);
        let is_read_only = part("/HostConfig/ReadonlyRootfs") == Some(&Value::Bool(true));
        let dropped = part("/HostConfig/CapDrop").and_then(Value::as_array);
        let is_all = |it: &Value| it.as_str().is_some_and(|it| it.eq_ignore_ascii_case("all"));
        let is_privileged = part("/HostConfig/Privileged") == Some(&Value::Bool(true));
        let drops_all = !is_privileged && dropped.is_some_and(|all| all.iter().any(is_all));
        let idle = self.built.idle.iter().filter(|it| match it.unless {
            Unless::ReadOnlyRoot => !is_read_only,
            Unless::CapabilitiesDropped => !drops_all,
        });
        let told = idle.map(|it| Idle {
            origin: Arc::new(self.origin("/Run", it.place)),
            what: it.what.clone(),
            instead: it.instead.clone(),
        });
        draft.idle.extend(told);
    }

    /// What the image brings along.
    pub(in crate::collect) fn shipped(&self, images: &Images, source: &Source) -> Shipped {
        let malformed = |detail: &str| Gap::new(Reason::Unset, source.clone(), detail.to_owned());
        let base = match &self.built.base {
            None => Ok(Map::new()),
            Some(base) => match &base.name {
                Err(why) => Err(malformed(&format!("{}: {why}", self.file))),
                Ok(name) => images.get(name).map(|known| {
                    let config = known.document.get("Config").and_then(Value::as_object);
                    config.cloned().unwrap_or_default()
                }),
            },
        };
        let built = base.as_ref().map_or_else(|_| self.built.clone(), |it| self.built_on(it));
        let own = built.config.as_object().cloned().unwrap_or_default();
        let old = base.as_ref().ok().and_then(|it| it.get("Env")?.as_array());
        let places = lay_over(old.map_or(&[], Vec::as_slice), own.get("Env"));
        // What a variable takes from a base that nobody has is the base's to tell.
        let of_base = |pointer: &str| base.as_ref().err().filter(|_| pointer.starts_with("/Env/"));
        let untold = built.unknown.iter().map(|(pointer, why)| {
            let gap = of_base(pointer).cloned();
            let gap = gap.unwrap_or_else(|| malformed(&format!("{}: {why}", self.file)));
            (places.of(pointer), gap)
        });
        let mut gaps: BTreeMap<String, Gap> = untold.collect();
        let mut config = match base {
            Ok(config) => config,
            Err(gap) => {
                let left = DECIDED.iter().filter(|key| !own.contains_key(**key)).chain(&ADDED);
                for key in left {
                    gaps.entry(format!("/{key}")).or_insert_with(|| gap.clone());
                }
                Map::new()
            }
        };
        for (key, value) in own {
            match (config.get_mut(&key), value) {
                (_, Value::Null) => drop(config.remove(&key)),
                (Some(Value::Object(old)), Value::Object(new)) if ADDED.contains(&key.as_str()) => {
                    old.extend(new);
                }
                (_, value) => drop(config.insert(key, value)),
            }
        }
        let origin = |pointer: &String, place: &Place| {
            (places.of(pointer), Arc::new(self.origin(pointer, *place)))
        };
        let origins = self.built.places.iter().map(|(it, place)| origin(it, place)).collect();
        if !places.all.is_empty() {
            config.insert("Env".to_owned(), Value::Array(places.all));
        }
        Shipped::Known { config: Value::Object(config), origins, gaps, id: None }
    }

    /// What it sets on a base whose variables are known, though not their values.
    fn built_on(&self, base: &Map<String, Value>) -> Built {
        let variables = base.get("Env").and_then(Value::as_array).into_iter().flatten();
        let known = variables.filter_map(name).map(|it| (it, redact::WITHHELD.to_owned()));
        let known: BTreeMap<String, String> = known.collect();
        dockerfile::shipped_on(&self.dockerfile, self.target.as_deref(), &self.args, &known)
            .unwrap_or_else(|_| self.built.clone())
    }

    /// Where something was written.
    pub(in crate::collect) fn origin(&self, pointer: &str, place: Place) -> Origin {
        let key = pointer.trim_start_matches('/').split('/').next().unwrap_or_default();
        let line = usize::try_from(place.line).unwrap_or(1).saturating_sub(1);
        let start = self.lines.get(line).copied();
        let text = start.and_then(|it| self.text.get(it..)).unwrap_or_default();
        let text = text.lines().next().unwrap_or_default();
        let Place { line, column, length } = place;
        let excerpt: String = text.chars().take(LONGEST_LINE).collect();
        let at = Written { file: self.file.clone(), line, column, length, excerpt: excerpt.into() };
        Origin { key: key.to_uppercase().into(), at, overrode: None }
    }
}

/// What may be shown of a Dockerfile.
pub(super) fn shown(dockerfile: &Dockerfile, bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    dockerfile::masked(dockerfile, text.strip_prefix('\u{feff}').unwrap_or(&text))
}

/// The variables of a Dockerfile over those of its base.
struct Laid {
    all: Vec<Value>,
    /// Where each of the Dockerfile's is now.
    places: Vec<usize>,
}

impl Laid {
    /// Where a part of the Dockerfile's is now.
    fn of(&self, pointer: &str) -> String {
        let place = pointer.strip_prefix("/Env/").and_then(|it| it.parse::<usize>().ok());
        match place.and_then(|it| self.places.get(it)) {
            Some(place) => format!("/Env/{place}"),
            None => pointer.to_owned(),
        }
    }
}

/// Lays the variables of a Dockerfile over those of its base, by their names.
fn lay_over(old: &[Value], new: Option<&Value>) -> Laid {
    let (mut all, mut places) = (old.to_vec(), Vec::new());
    for variable in new.and_then(Value::as_array).into_iter().flatten() {
        let place = all.iter().position(|it| name(it) == name(variable));
        match place.and_then(|it| all.get_mut(it)) {
            Some(old) => *old = variable.clone(),
            None => all.push(variable.clone()),
        }
        places.push(place.unwrap_or(all.len() - 1));
    }
    Laid { all, places }
}

/// The name of a variable, sealed or not.
fn name(variable: &Value) -> Option<String> {
    match variable {
        Value::String(text) => text.split('=').next().map(str::to_owned),
        Value::Object(sealed) => sealed.get("name")?.as_str().map(str::to_owned),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    }
}

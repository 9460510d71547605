//! What a service's image brings along: by the Dockerfile that builds it, laid
//! over the base image that an engine has.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::images::Images;
use crate::collect::redact;
use crate::model::draft::{Draft, Idle, Origin, Shipped, Written};
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::untrusted::Untrusted;
use crate::parse::compose::tree::{Entry, Node, Value as Kind};
use crate::parse::compose::{Load, Remark};
use crate::parse::dockerfile::{self, Built, Dockerfile, Place, Unless};

/// The longest line of a Dockerfile that is shown.
const LONGEST_LINE: usize = 200;

/// Where a service's image comes from.
#[derive(Clone, Debug)]
pub(super) enum Making {
    /// A Dockerfile builds it.
    Built(Box<Recipe>),
    /// It is pulled, or was built elsewhere: its name.
    Pulled(String),
    /// Nobody can tell.
    Unknown(Gap),
}

/// A Dockerfile, as far as it decides what a container is.
#[derive(Clone, Debug)]
pub(super) struct Recipe {
    dockerfile: Dockerfile,
    target: Option<String>,
    args: BTreeMap<String, Option<String>>,
    /// What it sets, whatever its base brings along.
    built: Built,
    file: Untrusted,
    text: String,
}

/// Where the image of a service comes from. What is built is what the
/// Dockerfile says, whatever an engine has under the image's name from before.
pub(super) fn making(
    service: &Node,
    (folder, seen_from): (&Path, &Path),
    load: &dyn Load,
    source: &Source,
) -> Making {
    let unset = |names: &[String]| {
        let names = names.join(", ");
        let gap = Gap::new(Reason::Unset, source.clone(), format!("{names} is not set"));
        Making::Unknown(gap.mend("set it in the environment, in .env or by --env-file"))
    };
    let build = service.get("build").filter(|_| !is_always_pulled(service));
    if let Some(build) = build {
        return recipe(build, (folder, seen_from), load)
            .map_or_else(|(what, help)| unknown(source, what, help), Making::Built);
    }
    match service.get("image").map(|it| &it.value) {
        Some(Kind::Text { text, .. }) => Making::Pulled(text.clone()),
        Some(Kind::Unset { names, .. }) => unset(names),
        _ => unknown(source, "the service names no image".to_owned(), "name one, or build one"),
    }
}

/// Whether compose pulls a service's image each time, whatever could build it.
fn is_always_pulled(service: &Node) -> bool {
    let policy = service.get("pull_policy").and_then(Node::text).unwrap_or_default();
    let is_named = service.get("image").is_some_and(|it| !it.is_null());
    is_named && (matches!(policy, "always" | "daily" | "weekly") || policy.starts_with("every_"))
}

/// What is odd about a service that both builds and names its image: compose may
/// pull it and never build.
pub(super) fn remark(service: &Entry) -> Option<Remark> {
    let Entry { key, node, .. } = service;
    let image = node.get("image").filter(|it| !it.is_null() && node.get("build").is_some())?;
    let policy = node.get("pull_policy").and_then(Node::text).unwrap_or_default();
    let what = if is_always_pulled(node) {
        format!(
            "{key}: pull_policy is {policy}, so its image is pulled: the Dockerfile is not judged"
        )
    } else if matches!(policy, "" | "missing" | "if_not_present") {
        format!(
            "{key} is judged by its Dockerfile, but compose takes its image where the engine has \
             it or a registry does: build it first, or say `pull_policy: build`"
        )
    } else {
        return None;
    };
    Some(Remark { at: Some(image.at), what })
}

fn unknown(source: &Source, what: String, help: &'static str) -> Making {
    Making::Unknown(Gap::new(Reason::Malformed, source.clone(), what).mend(help))
}

/// What is wrong, and what to do about it.
type Wrong = (String, &'static str);

fn recipe(
    build: &Node,
    (folder, seen_from): (&Path, &Path),
    load: &dyn Load,
) -> Result<Box<Recipe>, Wrong> {
    const SET: &str = "set it in the environment, in .env or by --env-file";
    let text = |key: &str| match build.get(key).map(|it| &it.value) {
        None | Some(Kind::Null) => Ok(None),
        Some(Kind::Text { text, .. }) => Ok(Some(text.as_str())),
        Some(Kind::Unset { names, .. }) => Err((format!("{} is not set", names.join(", ")), SET)),
        Some(Kind::List(_) | Kind::Map(_)) => Err((format!("build.{key} is no text"), "mend it")),
    };
    let context = text("context")?.unwrap_or(".");
    // An empty one is the last stage, as for builders.
    let target = text("target")?.filter(|it| !it.is_empty());
    let (file, bytes) = match text("dockerfile_inline")? {
        Some(inline) => (PathBuf::from("dockerfile_inline"), inline.as_bytes().to_vec()),
        None => {
            let is_elsewhere = context.contains("://") || context.starts_with("git@");
            if is_elsewhere {
                let what = "the image is built from another host's files".to_owned();
                return Err((what, "build it, and audit where the engine has it"));
            }
            let file = folder.join(context).join(text("dockerfile")?.unwrap_or("Dockerfile"));
            let read = load.read(&file).map_err(|error| {
                let shown = shown(&file, seen_from);
                (format!("{shown}: {error}"), "check build.context and build.dockerfile")
            });
            (file.clone(), read?)
        }
    };
    let mut args = BTreeMap::new();
    for entry in build.get("args").map(Node::entries).unwrap_or_default() {
        args.insert(entry.key.clone(), entry.node.text().map(str::to_owned));
    }
    let shown = shown(&file, seen_from);
    let dockerfile = dockerfile::parse(&bytes);
    let built = dockerfile::shipped(&dockerfile, target, &args)
        .map_err(|wrong| (format!("{shown}:{}: {}", wrong.place.line, wrong.what), "mend it"))?;
    if let Some(name) = replaced(build, &dockerfile, target, &built)? {
        let name = Untrusted::from(name);
        let what =
            format!("{shown}: build.additional_contexts puts something else in {name}'s place");
        return Err((what, "build it, and audit where the engine has it"));
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let target = target.map(str::to_owned);
    Ok(Box::new(Recipe { dockerfile, target, args, built, file: shown, text }))
}

/// The stage or base image whose name is given to another context: what that
/// holds is not in the Dockerfile.
fn replaced<'a>(
    build: &'a Node,
    dockerfile: &Dockerfile,
    target: Option<&str>,
    built: &Built,
) -> Result<Option<&'a str>, Wrong> {
    let Some(contexts) = build.get("additional_contexts") else { return Ok(None) };
    if let Kind::Unset { names, .. } = &contexts.value {
        let what = format!("build.additional_contexts: {} is not set", names.join(", "));
        return Err((what, "set it in the environment, in .env or by --env-file"));
    }
    let bases = dockerfile.stages.iter().filter_map(dockerfile::Stage::base);
    let mut used: BTreeSet<String> = bases.map(|it| familiar(it.text)).collect();
    let base = built.base.as_ref().and_then(|it| it.name.as_deref().ok());
    used.extend(base.map(familiar));
    // A stage that is the target can be replaced as a whole.
    used.extend(target.map(str::to_lowercase));
    used.extend(dockerfile.stages.last().and_then(dockerfile::Stage::name));
    let mut names = contexts.entries().iter().map(|it| it.key.as_str());
    Ok(names.find(|name| used.contains(&familiar(name))))
}

/// An image's name without what is taken for granted.
fn familiar(name: &str) -> String {
    let name = name.to_lowercase();
    let bare = name.strip_prefix("docker.io/").unwrap_or(&name);
    let bare = bare.strip_prefix("library/").unwrap_or(bare);
    bare.strip_suffix(":latest").unwrap_or(bare).to_owned()
}

/// A path as a person knows it who stands in a folder.
fn shown(file: &Path, seen_from: &Path) -> Untrusted {
    file.strip_prefix(seen_from).unwrap_or(file).display().to_string().into()
}

impl Making {
    /// The image that an engine has to be asked for, if any.
    pub(super) fn image(&self) -> Option<&str> {
        match self {
            Self::Pulled(name) => Some(name),
            Self::Built(recipe) => recipe.built.base.as_ref()?.name.as_deref().ok(),
            Self::Unknown(_) => None,
        }
    }

    /// What it brings along.
    pub(super) fn shipped(&self, images: &Images, source: &Source) -> Shipped {
        match self {
            Self::Unknown(gap) => Shipped::Unknown(gap.clone()),
            Self::Pulled(name) => match images.get(name) {
                Err(gap) => Shipped::Unknown(gap),
                Ok(known) => Shipped::Known {
                    config: known.document.get("Config").cloned().unwrap_or(json!({})),
                    origins: BTreeMap::new(),
                    gaps: BTreeMap::new(),
                    id: Some(known.id.clone()),
                },
            },
            Self::Built(recipe) => recipe.shipped(images, source),
        }
    }

    /// The accounts that the image is known to have, so that a user's name is a
    /// number: those of the last command that makes one go before.
    pub(super) fn tell_accounts(&self, draft: &mut Draft) {
        let Self::Built(recipe) = self else { return };
        let users = recipe.built.accounts.iter().filter(|it| it.kind == dockerfile::Kind::User);
        let mut told = Vec::new();
        for (place, account) in users.rev().enumerate() {
            told.push(json!({"Name": account.name, "Uid": account.uid, "Gid": account.gid}));
            let origin = recipe.origin("/User", account.place);
            draft.origins.insert(format!("/Accounts/{place}"), Arc::new(origin));
        }
        if let Some(document) = draft.document.as_object_mut().filter(|_| !told.is_empty()) {
            document.insert("Accounts".to_owned(), Value::Array(told));
        }
    }

    /// What the Dockerfile does to no effect, where the service does not make
    /// good for it.
    pub(super) fn tell_idle(&self, draft: &mut Draft) {
        let Self::Built(recipe) = self else { return };
        let part = |pointer: &str| draft.document.pointer(pointer);
        let is_read_only = part("/HostConfig/ReadonlyRootfs") == Some(&Value::Bool(true));
        let dropped = part("/HostConfig/CapDrop").and_then(Value::as_array);
        let is_all = |it: &Value| it.as_str().is_some_and(|it| it.eq_ignore_ascii_case("all"));
        let is_privileged = part("/HostConfig/Privileged") == Some(&Value::Bool(true));
        let drops_all = !is_privileged && dropped.is_some_and(|all| all.iter().any(is_all));
        let idle = recipe.built.idle.iter().filter(|it| match it.unless {
            Unless::ReadOnlyRoot => !is_read_only,
            Unless::CapabilitiesDropped => !drops_all,
        });
        let told = idle.map(|it| Idle {
            origin: Arc::new(recipe.origin("/Run", it.place)),
            what: it.what.clone(),
            instead: it.instead.clone(),
        });
        draft.idle.extend(told);
    }
}

/// What a base image decides where a Dockerfile does not.
const DECIDED: [&str; 6] = ["User", "Entrypoint", "Cmd", "Healthcheck", "StopSignal", "WorkingDir"];

/// What a Dockerfile adds to.
const ADDED: [&str; 4] = ["Env", "Labels", "ExposedPorts", "Volumes"];

impl Recipe {
    fn shipped(&self, images: &Images, source: &Source) -> Shipped {
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
        // What a variable takes from a base that nobody has is the base's to tell.
        let of_base = |pointer: &str| base.as_ref().err().filter(|_| pointer.starts_with("/Env/"));
        let untold = built.unknown.iter().map(|(pointer, why)| {
            let gap = of_base(pointer).cloned();
            let gap = gap.unwrap_or_else(|| malformed(&format!("{}: {why}", self.file)));
            (pointer.clone(), gap)
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
                (Some(Value::Array(old)), Value::Array(new)) if key == "Env" => lay_over(old, new),
                (Some(Value::Object(old)), Value::Object(new)) if ADDED.contains(&key.as_str()) => {
                    old.extend(new);
                }
                (_, value) => drop(config.insert(key, value)),
            }
        }
        let origins = self
            .built
            .places
            .iter()
            .map(|(pointer, place)| (pointer.clone(), Arc::new(self.origin(pointer, *place))))
            .collect();
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

    fn origin(&self, pointer: &str, place: Place) -> Origin {
        let line = usize::try_from(place.line).unwrap_or(1).saturating_sub(1);
        let text = self.text.lines().nth(line).unwrap_or_default();
        // What stands in these may be a secret.
        let is_shown = ["/User", "/StopSignal", "/ExposedPorts", "/Volumes"]
            .iter()
            .any(|it| pointer.starts_with(it));
        let Place { line, column, length } = place;
        let excerpt: String = match (is_shown, pointer) {
            (true, _) => text.chars().take(LONGEST_LINE).collect(),
            // Of a script only the word that is meant.
            (false, "/Run") => {
                let meant = column..column.saturating_add(length);
                let shown = |(at, it): (u32, char)| {
                    if meant.contains(&at) || it.is_whitespace() { it } else { '*' }
                };
                (1..).zip(text.chars().take(LONGEST_LINE)).map(shown).collect()
            }
            // Of a check what it runs may hold a password.
            (false, _) if pointer.starts_with("/Healthcheck") => {
                keyword_of(text).chars().take(LONGEST_LINE).collect()
            }
            (false, _) => String::new(),
        };
        let at = Written { file: self.file.clone(), line, column, length, excerpt: excerpt.into() };
        let key = pointer.trim_start_matches('/').split('/').next().unwrap_or_default();
        Origin { key: key.to_uppercase().into(), at, overrode: None }
    }
}

/// A line of which nothing is shown but the keyword that it begins with.
fn keyword_of(line: &str) -> String {
    let mut is_beginning = true;
    let word = |word: &str| {
        let bare = word.trim_end();
        let is_keyword = ["ONBUILD", "HEALTHCHECK"].iter().any(|it| bare.eq_ignore_ascii_case(it));
        is_beginning &= is_keyword || bare.is_empty();
        let masked = |it: char| if it.is_whitespace() { it } else { '*' };
        if is_beginning { word.to_owned() } else { word.chars().map(masked).collect::<String>() }
    };
    line.split_inclusive(char::is_whitespace).map(word).collect()
}

/// The variables of a Dockerfile over those of its base, by their names.
fn lay_over(old: &mut Vec<Value>, new: Vec<Value>) {
    for variable in new {
        let place = old.iter().position(|it| name(it) == name(&variable));
        match place.and_then(|it| old.get_mut(it)) {
            Some(old) => *old = variable,
            None => old.push(variable),
        }
    }
}

/// The name of a variable, sealed or not.
fn name(variable: &Value) -> Option<String> {
    match variable {
        Value::String(text) => text.split('=').next().map(str::to_owned),
        Value::Object(sealed) => sealed.get("name")?.as_str().map(str::to_owned),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    }
}

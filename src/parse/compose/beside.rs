//! What a service has from outside the compose files: its `env_file` and its
//! `label_file`, and the variables that it only names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::dotenv::{Format, Setting, Settings};
use super::environment::{Environment, names};
use super::interpolate::{Found, Unset, Variables};
use super::resolve::Resolver;
use super::tree::{Entry, Node, Place, Value};
use super::wrong::Wrong;
use super::{Fault, find};

/// A variable that a service only names has the value that the project has for it.
pub(super) fn pass_on(root: &mut Node, environment: &Environment<'_>) {
    let Some(Node { value: Value::Map(services), .. }) = root.get_mut("services") else { return };
    for service in services {
        let Some(variables) = service.node.get_mut("environment") else { continue };
        let Value::Map(variables) = &mut variables.value else { continue };
        for Entry { key, node, .. } in variables.iter_mut().filter(|it| it.node.is_null()) {
            node.value = match environment.get(key) {
                None => continue,
                Some(Ok(text)) => Value::Text { text: text.to_owned(), plain: false },
                Some(Err(Unset { names, said })) => {
                    Value::Unset { names: names.clone(), said: said.clone() }
                }
            };
            node.at = environment.place(key).unwrap_or(node.at);
        }
    }
}

/// The variables that the values of a service's environment file may use: the
/// project's before its own.
struct Outer<'a> {
    project: &'a Environment<'a>,
    own: BTreeMap<&'a str, &'a str>,
}

impl Variables for Outer<'_> {
    fn get(&self, name: &str) -> Option<Found<'_>> {
        self.project.get(name).or_else(|| self.own.get(name).map(|it| Ok(*it)))
    }
}

/// The values of a label file use only those of others.
struct Nobody;

impl Variables for Nobody {
    fn get(&self, _: &str) -> Option<Found<'_>> {
        None
    }
}

/// Reads the files of the services that are started, under what they say
/// themselves. What cannot be read is told apart, since a model is possible
/// without it.
pub(super) fn read(
    resolver: &mut Resolver<'_>,
    root: &mut Node,
    inactive: &[String],
    project: &Environment<'_>,
) -> Vec<(String, Fault)> {
    let mut unread = Vec::new();
    let inactive: BTreeSet<&String> = inactive.iter().collect();
    let Some(Node { value: Value::Map(services), .. }) = root.get_mut("services") else {
        return unread;
    };
    for Entry { key: name, node: service, .. } in services {
        if inactive.contains(name) {
            continue;
        }
        let mut fail = |fault| unread.push((name.clone(), fault));
        if let Some(files) = service.get("env_file") {
            let own = service.get("environment").map(Node::entries).unwrap_or_default();
            let own = own.iter().filter_map(|it| Some((it.key.as_str(), it.node.text()?)));
            let outer = Outer { project, own: own.collect() };
            note(resolver, files);
            let settings = read_all(resolver, files, &outer, &mut fail);
            let at = files.at;
            add(service, "environment", settings, at);
        }
        if let Some(files) = service.get("label_file") {
            let settings = read_all(resolver, files, &Nobody, &mut fail);
            let at = files.at;
            add(service, "labels", settings, at);
        }
    }
    unread
}

/// Notes which environment files of a service are there.
fn note(resolver: &mut Resolver<'_>, files: &Node) {
    for item in files.items() {
        let Some(path) = item.get("path").unwrap_or(item).text() else { continue };
        let path = resolver.sources.absolute(Path::new(path));
        if resolver.sources.is_file(&path) {
            resolver.note(&path, false);
        }
    }
}

fn read_all(
    resolver: &mut Resolver<'_>,
    files: &Node,
    outer: &dyn Variables,
    fail: &mut impl FnMut(Fault),
) -> Settings {
    let mut settings = Settings::new();
    let alone = std::slice::from_ref(files);
    let all = if let Value::List(items) = &files.value { items } else { alone };
    for file in all.iter().filter(|it| !it.is_null()) {
        if let Err(fault) = read_one(resolver, file, outer, &mut settings) {
            fail(fault);
        }
    }
    settings
}

fn read_one(
    resolver: &mut Resolver<'_>,
    file: &Node,
    outer: &dyn Variables,
    settings: &mut Settings,
) -> Result<(), Fault> {
    let path = file.get("path").unwrap_or(file);
    let fault = |resolver: &Resolver<'_>, what: String, help: &str| {
        Err(resolver.sources.fault(Wrong::new(path.at, what, help)))
    };
    let name = match &path.value {
        Value::Text { text, .. } => text,
        Value::Unset { names: all, .. } => {
            let what = format!("which file it is depends on {}, which nobody set", names(all));
            return fault(resolver, what, "set it, or give it a default");
        }
        Value::Null | Value::List(_) | Value::Map(_) => {
            return fault(resolver, "a file without a path".to_owned(), "write its path");
        }
    };
    let absolute = resolver.sources.absolute(Path::new(name));
    if !resolver.sources.is_file(&absolute) {
        if file.get("required").and_then(Node::text) == Some("false") {
            return Ok(());
        }
        let shown = resolver.sources.shown(&absolute);
        let what = format!("there is no file {}", shown.display());
        return fault(resolver, what, "create it, or say `required: false`");
    }
    let format = match file.get("format").and_then(Node::text) {
        None | Some("") => Format::Compose,
        Some("raw") => Format::Raw,
        Some(other) => {
            return fault(resolver, format!("there is no format {other}"), "use raw, or none");
        }
    };
    find::read_one(resolver, &absolute, format, outer, settings)
}

/// Adds what files set to a mapping of the service, where it does not set it itself.
fn add(service: &mut Node, key: &str, settings: Settings, at: Place) {
    let Value::Map(entries) = &mut service.value else { return };
    if settings.is_empty() {
        return;
    }
    let place = entries.iter().position(|it| it.key == key).unwrap_or_else(|| {
        let node = Node::new(Value::Map(Vec::new()), at);
        entries.push(Entry { key: key.to_owned(), key_at: at, node });
        entries.len() - 1
    });
    let Some(Entry { node, .. }) = entries.get_mut(place) else { return };
    if node.is_null() {
        node.value = Value::Map(Vec::new());
    }
    let Value::Map(own) = &mut node.value else { return };
    let known: BTreeMap<String, usize> =
        own.iter().enumerate().map(|(place, it)| (it.key.clone(), place)).collect();
    for (key, Setting { value, at, name_at, overrode }) in settings {
        if let Some(known) = known.get(&key).and_then(|it| own.get_mut(*it)) {
            known.node.overrode.get_or_insert(at);
            continue;
        }
        let value = match value {
            Ok(text) => Value::Text { text, plain: false },
            Err(Unset { names, said }) => Value::Unset { names, said },
        };
        let node = Node { overrode, ..Node::new(value, at) };
        own.push(Entry { key, key_at: name_at, node });
    }
}

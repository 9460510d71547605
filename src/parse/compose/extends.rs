//! `extends`: a service takes over what another one has (Compose Specification,
//! services, `extends`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Fault;
use super::environment::names;
use super::merge::{merge, settle};
use super::paths::Origin;
use super::resolve::{Resolver, Scope};
use super::sources::join;
use super::spot::Spot;
use super::tree::{Entry, Node, Place, Value};
use super::wrong::Wrong;

/// The most services that extend each other in one chain.
const LONGEST: usize = 64;

/// The services of one file, on the way of being extended.
pub(super) struct Layer {
    file: PathBuf,
    /// The folder that its paths are relative to.
    folder: PathBuf,
    services: Vec<Entry>,
    places: BTreeMap<String, usize>,
}

impl Layer {
    fn new(file: PathBuf, folder: PathBuf, services: Vec<Entry>) -> Self {
        let places = services.iter().enumerate().map(|(place, it)| (it.key.clone(), place));
        let places = places.collect();
        Self { file, folder, services, places }
    }
}

/// What a service extends.
struct Reference {
    service: String,
    service_at: Place,
    file: Option<(String, Place)>,
}

/// Extends the services of a file's tree.
pub(super) fn apply(
    resolver: &mut Resolver<'_>,
    root: &mut Node,
    file: &Path,
    scope: &mut Scope<'_>,
) -> Result<(), Fault> {
    let Some(services) = root.get_mut("services") else { return Ok(()) };
    let Value::Map(entries) = &mut services.value else { return Ok(()) };
    if !entries.iter().any(|it| it.node.get("extends").is_some()) {
        return Ok(());
    }
    let folder = scope.directory.to_owned();
    let mut layer = Layer::new(file.to_owned(), folder, std::mem::take(entries));
    for place in 0..layer.services.len() {
        extend(resolver, &mut layer, place, scope, &mut Vec::new())?;
    }
    *entries = layer.services;
    Ok(())
}

/// Extends one service, after those that it extends.
fn extend(
    resolver: &mut Resolver<'_>,
    layer: &mut Layer,
    place: usize,
    scope: &mut Scope<'_>,
    chain: &mut Vec<(PathBuf, String)>,
) -> Result<(), Fault> {
    let Some(entry) = layer.services.get_mut(place) else { return Ok(()) };
    let Some(extends) = entry.node.remove("extends") else { return Ok(()) };
    if extends.node.is_null() {
        return Ok(());
    }
    let name = entry.key.clone();
    let reference = read(&extends).map_err(|it| resolver.sources.fault(it))?;
    let link = (layer.file.clone(), name.clone());
    let closes = chain.contains(&link);
    chain.push(link);
    let refuse = |resolver: &Resolver<'_>, what: String, help: &str| {
        Err(resolver.sources.fault(Wrong::new(reference.service_at, what, help)))
    };
    if closes || chain.len() > LONGEST {
        let names = chain.iter().take(8).map(|(file, service)| {
            format!("{service} in {}", resolver.sources.shown(file).display())
        });
        let names = names.collect::<Vec<_>>().join(", which extends ");
        let what = if closes {
            format!("services extend each other in a circle: {names}")
        } else {
            format!("more than {LONGEST} services extend each other in a chain: {names}")
        };
        return refuse(resolver, what, "take one `extends` away");
    }
    let base = match &reference.file {
        None => match layer.places.get(&reference.service).copied() {
            None => {
                let what = format!("there is no service `{}` in this file", reference.service);
                return refuse(resolver, what, "name a service of this file, or its `file`");
            }
            Some(base) => {
                // Taken off before, so that a circle can be told by it.
                if let Some(entry) = layer.services.get_mut(place)
                    && let Value::Map(entries) = &mut entry.node.value
                {
                    entries.push(extends);
                }
                extend(resolver, layer, base, scope, chain)?;
                if let Some(entry) = layer.services.get_mut(place) {
                    entry.node.remove("extends");
                }
                copy(resolver, layer, base, reference.service_at)?
            }
        },
        Some((file, at)) => {
            let path = join(&layer.folder, Path::new(file));
            let mut other = match scope.bases.remove(&path) {
                Some(other) => other,
                None => load(resolver, &path, file, *at, scope)?,
            };
            let Some(base) = other.places.get(&reference.service).copied() else {
                let what = format!("there is no service `{}` in {file}", reference.service);
                return refuse(resolver, what, "name a service of that file");
            };
            extend(resolver, &mut other, base, scope, chain)?;
            let base = copy(resolver, &mut other, base, reference.service_at)?;
            scope.bases.insert(path, other);
            base
        }
    };
    chain.pop();
    let Some(entry) = layer.services.get_mut(place) else { return Ok(()) };
    let own = std::mem::replace(&mut entry.node, Node::new(Value::Null, entry.key_at));
    let (at, tag) = (own.at, own.tag);
    let merged = merge(base, own, Spot::Service).map_err(|it| resolver.sources.fault(it))?;
    entry.node = Node { at, tag, ..merged };
    Ok(())
}

/// A copy of a service to extend, as it stands without further files.
fn copy(
    resolver: &mut Resolver<'_>,
    layer: &mut Layer,
    place: usize,
    at: Place,
) -> Result<Node, Fault> {
    let Some(entry) = layer.services.get(place) else { return Ok(Node::new(Value::Null, at)) };
    resolver.take(entry.node.count(), at)?;
    let mut base = entry.node.clone();
    settle(&mut base);
    Ok(base)
}

/// Reads the services of another file; their paths are seen from its folder.
fn load(
    resolver: &mut Resolver<'_>,
    path: &Path,
    name: &str,
    at: Place,
    scope: &Scope<'_>,
) -> Result<Layer, Fault> {
    let mut root: Option<Node> = None;
    for mut document in resolver.documents_for(path, name, (at, false))? {
        resolver.prepare(&mut document, scope.environment)?;
        root = Some(match root {
            None => document,
            Some(base) => resolver.merged(base, document)?,
        });
    }
    let folder = path.parent().unwrap_or(path).to_owned();
    if let Some(root) = &mut root {
        Origin { folder: &folder, home: scope.environment.text("HOME") }.services(root);
    }
    let services = root.and_then(|mut it| it.remove("services")).map(|it| it.node.value);
    let entries = match services {
        Some(Value::Map(entries)) => entries,
        Some(Value::Null | Value::Text { .. } | Value::Unset { .. } | Value::List(_)) | None => {
            Vec::new()
        }
    };
    Ok(Layer::new(path.to_owned(), folder, entries))
}

fn read(extends: &Entry) -> Result<Reference, Wrong> {
    let text = |node: &Node| match &node.value {
        Value::Text { text, .. } => Ok(text.clone()),
        Value::Unset { names: all, .. } => {
            let all = names(all);
            let what = format!("what is extended depends on {all}, which nobody set");
            Err(Wrong::new(node.at, what, "set it, or give it a default"))
        }
        Value::Null | Value::List(_) | Value::Map(_) => {
            Err(Wrong::new(node.at, "`extends` needs the name of a service", HELP))
        }
    };
    if let Value::Text { .. } | Value::Unset { .. } = extends.node.value {
        let service = text(&extends.node)?;
        return Ok(Reference { service, service_at: extends.node.at, file: None });
    }
    let Some(service) = extends.node.get("service") else {
        return Err(Wrong::new(extends.key_at, "`extends` names no service", HELP));
    };
    let file = extends.node.get("file").filter(|it| !it.is_null());
    let file = file.map(|it| Ok::<_, Wrong>((text(it)?, it.at))).transpose()?;
    Ok(Reference { service: text(service)?, service_at: service.at, file })
}

const HELP: &str = "write `extends: {service: name, file: path}`";

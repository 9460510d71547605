//! `include`: other projects' resources become this one's (Compose
//! Specification, chapter Include).

use std::path::{Path, PathBuf};

use super::environment::names;
use super::merge::{merge, settle};
use super::resolve::{Resolver, Scope};
use super::sources::join;
use super::spot::Spot;
use super::tree::{Entry, Node, Place, Value};
use super::wrong::Wrong;
use super::{Fault, Remark, find};

/// What is taken over from an included project.
const SECTIONS: [&str; 6] = ["services", "volumes", "networks", "secrets", "configs", "models"];

/// The most projects that include each other in one chain.
const DEEPEST: usize = 32;

/// One entry, its paths as they are written.
struct Inclusion {
    paths: Vec<(String, Place)>,
    directory: Option<(String, Place)>,
    env_files: Vec<(String, Place)>,
}

/// Takes what a file's tree includes into it; what it has itself goes before.
pub(super) fn apply(
    resolver: &mut Resolver<'_>,
    root: &mut Node,
    scope: &Scope<'_>,
) -> Result<(), Fault> {
    let Some(entry) = root.remove("include") else { return Ok(()) };
    let items = match entry.node.value {
        Value::Null => return Ok(()),
        Value::List(items) => items,
        Value::Text { .. } | Value::Unset { .. } | Value::Map(_) => {
            let wrong = Wrong::new(entry.key_at, "`include` is no list", "write `- path` below it");
            return Err(resolver.sources.fault(wrong));
        }
    };
    for item in items {
        let inclusion = read(&item).map_err(|it| resolver.sources.fault(it))?;
        let included = load(resolver, &inclusion, scope)?;
        import(resolver, root, included)?;
    }
    Ok(())
}

fn load(
    resolver: &mut Resolver<'_>,
    inclusion: &Inclusion,
    scope: &Scope<'_>,
) -> Result<Node, Fault> {
    let seen = |path: &str| join(scope.directory, Path::new(path));
    let Some((first, first_at)) = inclusion.paths.first() else {
        return Ok(Node::new(Value::Map(Vec::new()), scope.at));
    };
    let main = seen(first);
    let circle = scope.chain.contains(&main);
    if circle || scope.chain.len() >= DEEPEST {
        let files = scope.chain.iter().chain([&main]);
        let files = files.take(8).map(|it| resolver.sources.shown(it).display().to_string());
        let files = files.collect::<Vec<_>>().join(", which includes ");
        let what = if circle {
            format!("files include each other in a circle: {files}")
        } else {
            format!("more than {DEEPEST} files include each other in a chain: {files}")
        };
        let wrong = Wrong::new(*first_at, what, "take one `include` away");
        return Err(resolver.sources.fault(wrong));
    }
    let directory = match &inclusion.directory {
        Some((path, _)) => seen(path),
        None => main.parent().unwrap_or(&main).to_owned(),
    };
    let mut environment = scope.environment.clone();
    let mut env_files = Vec::new();
    if inclusion.env_files.is_empty() {
        let file = join(&directory, Path::new(".env"));
        if resolver.sources.is_file(&file) {
            env_files.push(file);
        }
    }
    for (path, at) in &inclusion.env_files {
        // By this an author says that there is to be none.
        if path == "/dev/null" {
            continue;
        }
        let file = seen(path);
        if !resolver.sources.is_file(&file) {
            let what = format!("there is no environment file {path}");
            let wrong = Wrong::new(*at, what, "create it, or take it away");
            return Err(resolver.sources.fault(wrong));
        }
        env_files.push(file);
    }
    let settings = find::read(resolver, &env_files, &environment)?;
    environment.add(settings);
    let mut files = Vec::new();
    for (path, at) in &inclusion.paths {
        let file = seen(path);
        let documents = resolver.documents_for(&file, path, (*at, true))?;
        files.push((file, documents));
    }
    let chain: Vec<PathBuf> = scope.chain.iter().cloned().chain([main]).collect();
    let mut scope = Scope {
        environment: &environment,
        directory: &directory,
        chain: &chain,
        bases: std::collections::BTreeMap::new(),
        at: *first_at,
    };
    resolver.model(files, &mut scope)
}

/// Takes over the resources of an included project.
fn import(resolver: &mut Resolver<'_>, root: &mut Node, included: Node) -> Result<(), Fault> {
    let Value::Map(sections) = included.value else { return Ok(()) };
    for Entry { key: section, key_at, node } in sections {
        if !SECTIONS.contains(&section.as_str()) || node.is_null() {
            continue;
        }
        let Value::Map(entries) = &mut root.value else { return Ok(()) };
        let Some(own) = entries.iter_mut().find(|it| it.key == section) else {
            entries.push(Entry { key: section, key_at, node });
            continue;
        };
        if own.node.is_null() {
            own.node = node;
            continue;
        }
        let spot = Spot::Root.below(&section);
        let Value::Map(more) = node.value else { continue };
        let Value::Map(own) = &mut own.node.value else { continue };
        let known: std::collections::BTreeMap<String, usize> =
            own.iter().enumerate().map(|(place, it)| (it.key.clone(), place)).collect();
        for base in more {
            let known = known.get(&base.key).and_then(|it| own.get_mut(*it));
            let Some(over) = known else {
                own.push(base);
                continue;
            };
            if same(&base.node, &over.node) {
                continue;
            }
            let what = format!(
                "{section}.{} is defined in {} too: what is said here goes before it, and \
                 compose before version 5 refuses it",
                over.key,
                resolver.sources.name(base.key_at.file),
            );
            resolver.remarks.push(Remark { at: Some(over.key_at), what });
            let node = std::mem::replace(&mut over.node, Node::new(Value::Null, over.key_at));
            let mut base = base.node;
            settle(&mut base);
            let merged = merge(base, node, spot.below(&over.key));
            over.node = merged.map_err(|it| resolver.sources.fault(it))?;
        }
    }
    Ok(())
}

/// Whether two values say the same, wherever they stand.
fn same(one: &Node, other: &Node) -> bool {
    match (&one.value, &other.value) {
        (Value::List(one), Value::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Map(one), Value::Map(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|(one, other)| one.key == other.key && same(&one.node, &other.node))
        }
        (one, other) => one == other,
    }
}

fn read(item: &Node) -> Result<Inclusion, Wrong> {
    let help = "write a path, or a mapping with `path`";
    match &item.value {
        Value::Text { .. } | Value::Unset { .. } => {
            Ok(Inclusion { paths: texts(item)?, directory: None, env_files: Vec::new() })
        }
        Value::Map(_) => {
            let list = |key| item.get(key).map_or(Ok(Vec::new()), texts);
            let paths = list("path")?;
            if paths.is_empty() {
                return Err(Wrong::new(item.at, "an `include` without a path", help));
            }
            let directory = list("project_directory")?.into_iter().next();
            let directory = directory.filter(|(it, _)| !it.is_empty());
            Ok(Inclusion { paths, directory, env_files: list("env_file")? })
        }
        Value::Null | Value::List(_) => {
            Err(Wrong::new(item.at, "an `include` without a path", help))
        }
    }
}

/// A text, or a list of texts.
fn texts(node: &Node) -> Result<Vec<(String, Place)>, Wrong> {
    match &node.value {
        Value::Null => Ok(Vec::new()),
        Value::Text { text, .. } => Ok(vec![(text.clone(), node.at)]),
        Value::List(items) => {
            items.iter().map(texts).collect::<Result<Vec<_>, _>>().map(|it| it.concat())
        }
        Value::Unset { names: all, .. } => {
            let all = names(all);
            let what = format!("what is included depends on {all}, which nobody set");
            Err(Wrong::new(node.at, what, "set it, or give it a default"))
        }
        Value::Map(_) => Err(Wrong::new(node.at, "no path", "write a path")),
    }
}

//! From a request to a project.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::parse::yaml;

use super::canonical::canonical;
use super::dotenv::{Format, Settings};
use super::environment::{Environment, names};
use super::extends::{self, Layer};
use super::interpolate::{Found, Unset, Variables, interpolate};
use super::merge::{merge, settle, unique};
use super::paths::Origin;
use super::sources::{Sources, plain_fault};
use super::spot::Spot;
use super::tree::{Entry, Node, Place, Value, Wrong};
use super::{Fault, Load, Project, Remark, Request, find, include, mask, profiles};

/// The most values that a project may have, copies by aliases and `extends` among
/// them. Compose itself visits no more in one file; an ordinary one has some hundred.
pub const MOST: usize = 100_000;

/// The most bytes that variables may put into a project.
const ROOM: usize = 16 * 1024 * 1024;

/// Resolves a project: reads its files, and makes one model of them.
///
/// # Errors
/// The first thing for which no model can be made.
pub fn resolve(request: &Request, load: &dyn Load) -> Result<Project, Fault> {
    let mut resolver = Resolver {
        sources: Sources::new(load, &request.folder),
        left: MOST,
        room: ROOM,
        remarks: Vec::new(),
    };
    let mut environment = Environment::new(&request.environment);
    let found = find::find(&mut resolver, request, &mut environment)?;
    let mut files = Vec::new();
    for path in found.files {
        let documents = resolver.documents(&path)?;
        files.push((path, documents));
    }
    let name = name(&mut resolver, request, &environment, &files, &found.directory)?;
    environment.fix("COMPOSE_PROJECT_NAME", name.clone());
    let main: Vec<PathBuf> = files.iter().map(|(path, _)| path.clone()).collect();
    let first = Place { file: 0, line: 1, column: 1, length: 1 };
    if files.iter().all(|(_, documents)| documents.is_empty()) {
        let path = main.first().map(|it| resolver.sources.shown(it)).unwrap_or_default();
        return Err(plain_fault(&path, "the file is empty", "write its services into it"));
    }
    let mut scope = Scope {
        environment: &environment,
        directory: &found.directory,
        chain: &main,
        bases: BTreeMap::new(),
        at: first,
    };
    let mut root = resolver.model(files, &mut scope)?;
    let mut remarks = std::mem::take(&mut resolver.remarks);
    let inactive = profiles::inactive(request, &environment, &root, &mut remarks);
    let unread = read_env_files(&mut resolver, &mut root, &inactive, &environment);
    remarks.append(&mut resolver.remarks);
    let (files, texts) = resolver.sources.finish();
    let directory = found.directory;
    Ok(Project { name, files, texts, directory, root, inactive, remarks, unread })
}

/// What is on the way of being resolved, with what it may still cost.
pub(super) struct Resolver<'a> {
    pub(super) sources: Sources<'a>,
    /// How many values there may still be.
    left: usize,
    /// How many bytes variables may still add.
    pub(super) room: usize,
    pub(super) remarks: Vec<Remark>,
}

/// For what a model's files are read: the project itself, or one that it includes.
pub(super) struct Scope<'a> {
    pub(super) environment: &'a Environment<'a>,
    /// The folder that its paths are relative to.
    pub(super) directory: &'a Path,
    /// The files that are being included, the outermost first.
    pub(super) chain: &'a [PathBuf],
    /// The files whose services were extended.
    pub(super) bases: BTreeMap<PathBuf, Layer>,
    /// Where it was asked for.
    pub(super) at: Place,
}

impl Resolver<'_> {
    /// One model of several files, the later merged into the earlier.
    pub(super) fn model(
        &mut self,
        files: Vec<(PathBuf, Vec<Node>)>,
        scope: &mut Scope<'_>,
    ) -> Result<Node, Fault> {
        let mut root: Option<Node> = None;
        for (path, documents) in files {
            for mut document in documents {
                self.prepare(&mut document, scope.environment)?;
                extends::apply(self, &mut document, &path, scope)?;
                include::apply(self, &mut document, scope)?;
                root = Some(match root {
                    None => {
                        settle(&mut document);
                        document
                    }
                    Some(base) => self.merged(base, document)?,
                });
            }
        }
        let mut root = root.unwrap_or_else(|| Node::new(Value::Map(Vec::new()), scope.at));
        unique(&mut root, Spot::Root);
        let home = scope.environment.text("HOME");
        Origin { folder: scope.directory, home }.model(&mut root);
        pass_on(&mut root, scope.environment);
        Ok(root)
    }

    /// The documents of a compose file, as they were written.
    pub(super) fn documents(&mut self, path: &Path) -> Result<Vec<Node>, Fault> {
        let (file, text) = self.sources.read(path)?;
        let loaded = yaml::load(&text, file, &mut self.left);
        let loaded = loaded.map_err(|wrong| self.sources.refused(wrong, &text))?;
        if self.sources.is_unseen(file) {
            let shown = mask::compose(&text, file, &loaded.spans, &loaded.documents);
            self.sources.show(file, shown);
            let remark = |(at, what)| Remark { at: Some(at), what };
            self.remarks.extend(loaded.remarks.into_iter().map(remark));
        }
        let no_map = loaded.documents.iter().find(|it| !matches!(it.value, Value::Map(_)));
        if let Some(document) = no_map {
            let help = "write `services:` and what belongs to it";
            let wrong = Wrong::new(document.at, "a compose file is a mapping", help);
            return Err(self.sources.fault(wrong));
        }
        Ok(loaded.documents)
    }

    /// The documents of a file that another names at a place.
    pub(super) fn documents_for(
        &mut self,
        path: &Path,
        name: &str,
        at: Place,
    ) -> Result<Vec<Node>, Fault> {
        let is_remote = name.contains("://") || name.starts_with("git@");
        if is_remote || !self.sources.is_file(path) {
            let what = format!("there is no file {name}");
            let help =
                if is_remote { "only files of this host are read" } else { "check the path" };
            return Err(self.sources.fault(Wrong::new(at, what, help)));
        }
        self.documents(path)
    }

    /// Fills in the variables of one file's tree and writes out its short forms.
    pub(super) fn prepare(
        &mut self,
        document: &mut Node,
        environment: &Environment<'_>,
    ) -> Result<(), Fault> {
        interpolate(document, environment, &mut self.room)
            .map_err(|wrong| self.sources.fault(wrong))?;
        canonical(document).map_err(|wrong| self.sources.fault(wrong))
    }

    /// A file's tree merged into those before it.
    pub(super) fn merged(&mut self, base: Node, over: Node) -> Result<Node, Fault> {
        let mut merged =
            merge(base, over, Spot::Root).map_err(|wrong| self.sources.fault(wrong))?;
        settle(&mut merged);
        Ok(merged)
    }

    /// Pays for copies.
    pub(super) fn take(&mut self, count: usize, at: Place) -> Result<(), Fault> {
        let left = self.left.checked_sub(count).ok_or_else(|| {
            let what = format!("the project has more than {MOST} values by now");
            self.sources.fault(Wrong::new(at, what, "extend fewer services"))
        })?;
        self.left = left;
        Ok(())
    }
}

/// A variable that a service only names has the value that the project has for it.
fn pass_on(root: &mut Node, environment: &Environment<'_>) {
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

/// The project's variables before a service's own.
struct Service<'a> {
    project: &'a Environment<'a>,
    own: &'a [Entry],
}

impl Variables for Service<'_> {
    fn get(&self, name: &str) -> Option<Found<'_>> {
        let own = || {
            let text = self.own.iter().find(|it| it.key == name)?.node.text()?;
            Some(Ok(text))
        };
        self.project.get(name).or_else(own)
    }
}

/// Reads the environment files of the services that are started, under what they
/// set themselves. What cannot be read is told apart, since a model is possible
/// without it.
fn read_env_files(
    resolver: &mut Resolver<'_>,
    root: &mut Node,
    inactive: &[String],
    environment: &Environment<'_>,
) -> Vec<(String, Fault)> {
    let mut unread = Vec::new();
    let Some(Node { value: Value::Map(services), .. }) = root.get_mut("services") else {
        return unread;
    };
    for Entry { key: name, key_at, node: service } in services {
        let Some(files) = service.get("env_file") else { continue };
        if inactive.contains(name) {
            continue;
        }
        let own = service.get("environment").map(Node::entries).unwrap_or_default();
        let outer = Service { project: environment, own };
        let mut settings = Settings::new();
        for file in files.items() {
            if let Err(fault) = read_env_file(resolver, file, &outer, &mut settings) {
                unread.push((name.clone(), fault));
            }
        }
        if !settings.is_empty() {
            let at = files.at;
            add(service, settings, at, *key_at);
        }
    }
    unread
}

fn read_env_file(
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
            let all = names(&Unset { names: all.clone(), said: None });
            let what = format!("which environment file it is depends on {all}, which nobody set");
            return fault(resolver, what, "set it, or give it a default");
        }
        Value::Null | Value::List(_) | Value::Map(_) => {
            return fault(resolver, "an environment file without a path".to_owned(), "");
        }
    };
    let absolute = resolver.sources.absolute(Path::new(name));
    if !resolver.sources.is_file(&absolute) {
        if file.get("required").and_then(Node::text) == Some("false") {
            return Ok(());
        }
        let shown = resolver.sources.shown(&absolute);
        let what = format!("there is no environment file {}", shown.display());
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

/// Adds what environment files set, where the service does not set it itself.
fn add(service: &mut Node, settings: Settings, at: Place, key_at: Place) {
    let Value::Map(entries) = &mut service.value else { return };
    let place = entries.iter().position(|it| it.key == "environment").unwrap_or_else(|| {
        let node = Node::new(Value::Map(Vec::new()), at);
        entries.push(Entry { key: "environment".to_owned(), key_at, node });
        entries.len() - 1
    });
    let Some(environment) = entries.get_mut(place) else { return };
    if environment.node.is_null() {
        environment.node.value = Value::Map(Vec::new());
    }
    let Value::Map(own) = &mut environment.node.value else { return };
    let known: BTreeMap<String, usize> =
        own.iter().enumerate().map(|(place, it)| (it.key.clone(), place)).collect();
    for (key, setting) in settings {
        if let Some(known) = known.get(&key).and_then(|it| own.get_mut(*it)) {
            known.node.overrode.get_or_insert(setting.at);
            continue;
        }
        let value = match setting.value {
            Ok(text) => Value::Text { text, plain: false },
            Err(Unset { names, said }) => Value::Unset { names, said },
        };
        let node = Node { overrode: setting.overrode, ..Node::new(value, setting.at) };
        own.push(Entry { key, key_at: setting.name_at, node });
    }
}

/// The name of a project: what was asked for, `COMPOSE_PROJECT_NAME`, `name:` of
/// the last file that has it, or that of its folder.
fn name(
    resolver: &mut Resolver<'_>,
    request: &Request,
    environment: &Environment<'_>,
    files: &[(PathBuf, Vec<Node>)],
    directory: &Path,
) -> Result<String, Fault> {
    let asked = request.project_name.as_deref().filter(|it| !it.is_empty());
    if let Some(name) = asked.or_else(|| environment.text("COMPOSE_PROJECT_NAME")) {
        if normal(name) == name {
            return Ok(name.to_owned());
        }
        let what = format!("{name:?} is no name for a project");
        let help = "use small letters, digits, - and _, and begin with a letter or a digit";
        return Err(plain_fault(&resolver.sources.shown(directory), &what, help));
    }
    let documents = files.iter().flat_map(|(_, documents)| documents);
    let written = documents.filter_map(|it| it.get("name")).rfind(|it| !it.is_null());
    if let Some(written) = written {
        let mut node = written.clone();
        interpolate(&mut node, environment, &mut resolver.room)
            .map_err(|wrong| resolver.sources.fault(wrong))?;
        let text = node.text().unwrap_or_default();
        let name = normal(text);
        let what = if let Value::Unset { names, .. } = &node.value {
            Some(format!("the project's name depends on {}, which nobody set", names.join(", ")))
        } else if name != text {
            Some(format!("compose takes {name:?} for the project's name, for {text:?} is none"))
        } else {
            None
        };
        if let Some(what) = what {
            resolver.remarks.push(Remark { at: Some(node.at), what });
        }
        if !name.is_empty() {
            return Ok(name);
        }
    }
    let folder = directory.file_name().map(|it| it.to_string_lossy().into_owned());
    let name = normal(&folder.unwrap_or_default());
    if name.is_empty() {
        let what = "the folder's name has nothing of which a project's could be made";
        let help = "write `name:` into the file, or give --project-name";
        return Err(plain_fault(&resolver.sources.shown(directory), what, help));
    }
    Ok(name)
}

/// A name as compose makes it fit.
fn normal(name: &str) -> String {
    let fits =
        |it: &char| it.is_ascii_lowercase() || it.is_ascii_digit() || matches!(it, '_' | '-');
    let kept: String = name.to_lowercase().chars().filter(fits).collect();
    kept.trim_start_matches(['_', '-']).to_owned()
}

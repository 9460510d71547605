//! From a request to a project.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::parse::{waiver, yaml};

use super::canonical::canonical;
use super::environment::Environment;
use super::extends::{self, Layer};
use super::interpolate::interpolate;
use super::merge::{merge, settle, unique};
use super::paths::Origin;
use super::sources::{FETCH, REMOTE, Sources, plain_fault};
use super::spot::Spot;
use super::tree::{Node, Place, Value};
use super::wrong::Wrong;
use super::{
    EnvFile, Fault, Load, Noted, Project, Remark, Request, address, beside, consistency, find,
    include, mask, name, profiles,
};

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
        waivers: Vec::new(),
        env_files: Vec::new(),
    };
    let mut environment = Environment::new(&request.environment);
    let found = find::find(&mut resolver, request, &mut environment)?;
    let mut files = Vec::new();
    for path in found.files {
        let documents = resolver.documents(&path)?;
        files.push((path, documents));
    }
    let name = name::of(&mut resolver, request, &environment, &files, &found.directory)?;
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
    if let Some(wrong) = consistency::fault(&root, &inactive, &resolver.sources) {
        return Err(resolver.sources.fault(wrong));
    }
    let unread = beside::read(&mut resolver, &mut root, &inactive, &environment);
    remarks.append(&mut resolver.remarks);
    let file = main.first().map(|it| resolver.sources.shown(it)).unwrap_or_default();
    let waivers = std::mem::take(&mut resolver.waivers);
    let env_files = std::mem::take(&mut resolver.env_files);
    let (files, texts) = resolver.sources.finish();
    let directory = found.directory;
    Ok(Project {
        name,
        file,
        files,
        texts,
        env_files,
        directory,
        root,
        inactive,
        remarks,
        waivers,
        unread,
    })
}

/// What is on the way of being resolved, with what it may still cost.
pub(super) struct Resolver<'a> {
    pub(super) sources: Sources<'a>,
    /// How many values there may still be.
    left: usize,
    /// How many bytes variables may still add.
    pub(super) room: usize,
    pub(super) remarks: Vec<Remark>,
    waivers: Vec<Noted>,
    env_files: Vec<EnvFile>,
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
    /// Notes an environment file that is there.
    pub(super) fn note(&mut self, path: &Path, is_projects: bool) {
        match self.env_files.iter_mut().find(|it| it.path == path) {
            Some(known) => known.is_projects |= is_projects,
            None => {
                let (path, shown) = (path.to_owned(), self.sources.shown(path));
                self.env_files.push(EnvFile { path, shown, is_projects });
            }
        }
    }

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
        beside::pass_on(&mut root, scope.environment);
        Ok(root)
    }

    /// The documents of a compose file, as they were written.
    pub(super) fn documents(&mut self, path: &Path) -> Result<Vec<Node>, Fault> {
        self.documents_of(path, true)
    }

    /// As [`Self::documents`]; its services are the project's own, or are extended.
    fn documents_of(&mut self, path: &Path, is_own: bool) -> Result<Vec<Node>, Fault> {
        let (file, text) = self.sources.read(path)?;
        let loaded = yaml::load(&text, file, &mut self.left);
        let loaded = loaded.map_err(|wrong| self.sources.refused(wrong, &text))?;
        if self.sources.is_unseen(file) {
            let shown = mask::compose(&text, file, &loaded.spans, &loaded.documents);
            self.sources.show(file, shown);
            let found = waiver::in_yaml(&text, &loaded).into_iter();
            self.waivers.extend(found.map(|found| Noted { file, is_own, found }));
            let remark = |(at, what)| Remark { at: Some(at), what };
            self.remarks.extend(loaded.remarks.into_iter().map(remark));
        }
        if is_own {
            // What was extended before may be the project's own as well.
            self.waivers.iter_mut().filter(|it| it.file == file).for_each(|it| it.is_own = true);
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
        (at, is_own): (Place, bool),
    ) -> Result<Vec<Node>, Fault> {
        if address::is_remote(name) {
            let what = format!("{REMOTE}: {name}");
            return Err(self.sources.fault(Wrong::new(at, what, FETCH)));
        }
        if !self.sources.is_file(path) {
            let what = format!("there is no file {name}");
            return Err(self.sources.fault(Wrong::new(at, what, "check the path")));
        }
        self.documents_of(path, is_own)
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

//! What an engine would be told to create for a service, in the words in which
//! it would describe the container afterwards (`GET /containers/{id}/json`).
//!
//! The facts read the same document of a running container, so one rule judges
//! both. Defaults are those of Docker 28 on a host with cgroup version 2, and
//! what `docker compose` makes of a service on its way to the engine.
//!
//! Beside the document stands where each part was written ([`Draft::origins`])
//! and what cannot be told ([`Draft::gaps`]). Where an unknown image may add to
//! a list or an object that the files begin, the gap lies at the member `-` of
//! it, which JSON pointers have for what is yet to come (RFC 6901, section 4):
//! what the files say of the others stays known.

mod build;
mod devices;
mod environment;
mod health;
mod hooks;
mod image;
mod limits;
mod mounts;
mod network;
mod ports;
mod process;
mod settings;
mod sheet;
#[cfg(test)]
mod tests;
mod words;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::model::draft::{Draft, Shipped};
use crate::model::pointer::escaped as member;
use crate::model::untrusted::Untrusted;

use super::Project;
use super::tree::{Entry, Node, Place, Value};

pub use build::is_always_pulled;
use image::Image;
use sheet::Sheet;

/// A line longer than this is no help to anybody, and a file can be one line.
const LONGEST_LINE: usize = 512;

/// A project made ready: its services can be lowered one by one.
#[derive(Debug)]
pub struct Lowering<'a> {
    project: &'a Project,
    /// What the top level names, by kind and name.
    resources: BTreeMap<(&'a str, &'a str), &'a Entry>,
    /// The lines of each file.
    lines: Vec<Vec<&'a str>>,
    /// The paths of the files, as people know them.
    files: Vec<Untrusted>,
}

/// The id by which a project's service is known in a run: no two are alike.
pub fn id_of(project: &Project, service: &str) -> String {
    format!("{}#{service}", project.file.display())
}

/// The image that a service is made from: what it names, or what compose calls
/// what it builds. None where that is a variable that nobody set.
pub fn image_of<'a>(project: &Project, service: &'a Entry) -> Option<Cow<'a, str>> {
    match service.node.get("image") {
        Some(node) if node.value != Value::Null => node.text().map(Cow::Borrowed),
        _ => Some(Cow::Owned(format!("{}-{}", project.name, service.key))),
    }
}

/// Whether compose makes containers of a service: one with a `provider` is left
/// to somebody else.
pub fn is_container(service: &Entry) -> bool {
    service.node.get("provider").is_none_or(|it| it.value == Value::Null)
}

impl<'a> Lowering<'a> {
    /// Makes a project ready.
    pub fn new(project: &'a Project) -> Self {
        let kinds = project.root.entries().iter();
        let resources = kinds.flat_map(|kind| {
            let of_kind = kind.node.entries().iter();
            of_kind.map(|entry| ((kind.key.as_str(), entry.key.as_str()), entry))
        });
        Self {
            project,
            resources: resources.collect(),
            lines: project.texts.iter().map(|text| text.lines().collect()).collect(),
            files: project.files.iter().map(|it| it.display().to_string().into()).collect(),
        }
    }

    /// The container that a service asks for, made from an image of which this
    /// much is known.
    pub fn container(&self, service: &Entry, shipped: &Shipped) -> Draft {
        let mut sheet = Sheet::new(self, service);
        let image = Image::new(shipped);
        let node = &service.node;
        sheet.identify(image);
        build::fill(&mut sheet, node);
        settings::fill(&mut sheet, node, image);
        process::fill(&mut sheet, node, image);
        environment::fill(&mut sheet, node, image);
        health::fill(&mut sheet, node, image);
        hooks::fill(&mut sheet, node);
        limits::fill(&mut sheet, node);
        devices::fill(&mut sheet, node);
        mounts::fill(&mut sheet, image);
        network::fill(&mut sheet);
        ports::fill(&mut sheet, image);
        sheet.draft()
    }

    /// The project's networks and the engine's own, as `GET /networks` would
    /// list them. Of a network that is somebody else's nothing but its name is
    /// there: who made it knows the rest.
    pub fn networks(&self) -> Json {
        network::all(self.project)
    }

    /// The project.
    pub(super) const fn project(&self) -> &'a Project {
        self.project
    }

    /// A place as editors and people write it.
    fn place(&self, at: Place) -> String {
        let file = usize::try_from(at.file).ok().and_then(|it| self.files.get(it));
        let file = file.map(Untrusted::raw).unwrap_or_default();
        format!("{file}:{}:{}", at.line, at.column)
    }

    /// What the top level says of a resource, such as a service or a volume.
    fn entry(&self, kind: &str, name: &str) -> Option<&'a Entry> {
        self.resources.get(&(kind, name)).copied()
    }

    pub(super) fn resource(&self, kind: &str, name: &str) -> Option<&'a Node> {
        self.entry(kind, name).map(|it| &it.node)
    }

    /// What the engine calls a resource of the project: its `name:`, its key if
    /// it is somebody else's, or the key with the project before it.
    fn name_of(&self, kind: &str, key: &str) -> String {
        named(self.project, self.resource(kind, key), key)
    }

    /// An absolute path on the host, as far as the files tell: none where it
    /// begins at a home folder that nobody knows.
    fn on_host(&self, path: &str) -> Option<String> {
        if path.starts_with('~') {
            return None;
        }
        let joined = self.project.directory.join(path);
        Some(crate::parse::path::clean(&joined.to_string_lossy()))
    }
}

/// What the engine calls a resource.
fn named(project: &Project, resource: Option<&Node>, key: &str) -> String {
    let name = resource.and_then(|it| it.get("name")).and_then(Node::text);
    match name.filter(|it| !it.is_empty()) {
        Some(name) => name.to_owned(),
        None if is_external(resource) => key.to_owned(),
        None => format!("{}_{key}", project.name),
    }
}

/// Whether a resource is there already, made by somebody else.
fn is_external(resource: Option<&Node>) -> bool {
    let flag = resource.and_then(|it| it.get("external")).map(super::schema::cast::flag);
    matches!(flag, Some(Ok(Some(true))))
}

/// What stands after `service:` in a mode that joins another service.
fn joined(project: &Project, mode: &str) -> String {
    match mode.strip_prefix("service:") {
        Some(service) => format!("container:{}", id_of(project, service)),
        None => mode.to_owned(),
    }
}

//! Relative paths become absolute: each is seen from the folder of the project
//! that it is written for, or of the file that is extended or included.

use std::path::Path;

use super::sources::join;
use super::tree::{Entry, Node, Value};

/// Where paths begin.
pub(super) struct Origin<'a> {
    /// The folder that they are relative to.
    pub(super) folder: &'a Path,
    /// The folder that `~` stands for.
    pub(super) home: Option<&'a str>,
}

impl Origin<'_> {
    /// All paths of a model.
    pub(super) fn model(&self, root: &mut Node) {
        self.services(root);
        each(root, "services", |service| self.build_here(service));
        for section in ["secrets", "configs"] {
            each(root, section, |node| self.key(node, "file", Self::path));
        }
        each(root, "volumes", |volume| self.volume(volume));
    }

    /// The paths of the services of a tree.
    pub(super) fn services(&self, root: &mut Node) {
        each(root, "services", |service| self.service(service));
    }

    fn service(&self, service: &mut Node) {
        if let Some(build) = service.get_mut("build") {
            self.key(build, "context", Self::context);
            each(build, "additional_contexts", |it| self.context(it));
            each(build, "ssh", |it| self.path(it));
        }
        items(service, "env_file", |it| self.key(it, "path", Self::path));
        items(service, "label_file", |it| self.path(it));
        if let Some(develop) = service.get_mut("develop") {
            items(develop, "watch", |it| self.key(it, "path", Self::path));
        }
        items(service, "volumes", |volume| {
            if volume.get("type").and_then(Node::text) == Some("bind") {
                self.key(volume, "source", Self::path);
            }
        });
    }

    /// A build that names no folder is in that of the project.
    fn build_here(&self, service: &mut Node) {
        let Some(Node { value: Value::Map(entries), at, .. }) = service.get_mut("build") else {
            return;
        };
        if !entries.iter().any(|it| it.key == "context") {
            let text = self.folder.to_string_lossy().into_owned();
            let node = Node::new(Value::Text { text, plain: false }, *at);
            entries.push(Entry { key: "context".to_owned(), key_at: *at, node });
        }
    }

    /// A volume of the local driver that is a folder of the host.
    fn volume(&self, volume: &mut Node) {
        if !matches!(volume.get("driver").and_then(Node::text), None | Some("local")) {
            return;
        }
        let Some(options) = volume.get_mut("driver_opts") else { return };
        if options.get("o").and_then(Node::text) == Some("bind") {
            self.key(options, "device", Self::path);
        }
    }

    fn key(&self, node: &mut Node, key: &str, change: impl Fn(&Self, &mut Node)) {
        if let Some(node) = node.get_mut(key) {
            change(self, node);
        }
    }

    fn path(&self, node: &mut Node) {
        let Value::Text { text, .. } = &mut node.value else { return };
        if let Some(path) = self.seen(text) {
            *text = path;
        }
    }

    /// A folder to build in, or where it is to be fetched from.
    fn context(&self, node: &mut Node) {
        let is_remote = node.text().is_none_or(|it| {
            it.contains("://")
                || ["service:", "target:", "github.com/", "git@"]
                    .iter()
                    .any(|prefix| it.starts_with(prefix))
        });
        if !is_remote {
            self.path(node);
        }
    }

    /// A path from its origin; none where it stays as it is.
    pub(super) fn seen(&self, path: &str) -> Option<String> {
        if path.is_empty() || path.starts_with('/') || is_windows(path) {
            return None;
        }
        let at_home = path.strip_prefix('~').filter(|it| it.is_empty() || it.starts_with('/'));
        let joined = match (at_home, self.home) {
            (Some(rest), Some(home)) => {
                join(Path::new(home), Path::new(rest.trim_start_matches('/')))
            }
            // Whose home that is cannot be told, and it is no path of the project.
            (Some(_), None) => return None,
            (None, _) => join(self.folder, Path::new(path)),
        };
        Some(joined.to_string_lossy().into_owned())
    }
}

/// Whether a path is absolute for Windows.
fn is_windows(path: &str) -> bool {
    let mut letters = path.chars();
    path.starts_with(r"\\")
        || letters.next().is_some_and(|it| it.is_ascii_alphabetic())
            && letters.next() == Some(':')
            && matches!(letters.next(), Some('\\' | '/'))
}

/// Changes the values of the mapping below a key.
fn each(node: &mut Node, key: &str, change: impl Fn(&mut Node)) {
    if let Some(Node { value: Value::Map(entries), .. }) = node.get_mut(key) {
        entries.iter_mut().for_each(|it| change(&mut it.node));
    }
}

/// Changes the items of the sequence below a key.
fn items(node: &mut Node, key: &str, change: impl Fn(&mut Node)) {
    if let Some(Node { value: Value::List(items), .. }) = node.get_mut(key) {
        items.iter_mut().for_each(change);
    }
}

//! What a project's files say of a service and no container ever shows: keys
//! that compose does not know, keys that it leaves to Swarm, settings without
//! effect where they stand, and settings that another one undoes.
//!
//! What both a file and an engine's record show, such as `cap_drop` beside
//! `privileged`, is a fact of every container and none of this.

mod bounds;
mod deploy;
mod files;
mod health;
mod image;
mod keys;
mod networks;
#[cfg(test)]
mod tests;

use crate::model::draft::{Idle, Shipped};
use crate::model::untrusted::Untrusted;

use super::lower::Lowering;
use super::tree::{Entry, Node, Place, Value};

use keys::Keys;

/// How many are told of one service: a file with more of them is not compose.
const MOST: usize = 100;

/// What a project's files say for nothing.
#[derive(Debug)]
pub struct Idling<'a> {
    lowering: &'a Lowering<'a>,
    keys: Keys<'a>,
    /// Internal networks that no service is on.
    deserted: Vec<&'a Entry>,
}

impl<'a> Idling<'a> {
    /// Looks through what the services of a project have in common.
    pub fn new(lowering: &'a Lowering<'a>) -> Self {
        let root = &lowering.project().root;
        Self { lowering, keys: Keys::of(root), deserted: networks::deserted(root) }
    }

    /// What was written for a service and does nothing, made from an image of
    /// which this much is known. What concerns a network, a volume, a secret or
    /// a config is told of every service that uses it, and what stands at the
    /// top level of every service: each is as weak as if it had been written for
    /// that one alone.
    pub fn of(&self, service: &Entry, shipped: &Shipped) -> Vec<Idle> {
        let mut page = Page { lowering: self.lowering, found: Vec::new() };
        self.keys.read(&mut page, service);
        deploy::read(&mut page, &service.node);
        bounds::read(&mut page, &service.node);
        files::read(&mut page, &service.node);
        health::read(&mut page, &service.node, shipped);
        image::read(&mut page, &service.node, shipped);
        networks::read(&mut page, &self.deserted);
        page.found
    }
}

/// What is found, while it is looked for.
struct Page<'a> {
    lowering: &'a Lowering<'a>,
    found: Vec<Idle>,
}

impl<'a> Page<'a> {
    /// What the top level says of a resource, such as a secret.
    fn resource(&self, kind: &str, name: &str) -> Option<&'a Node> {
        self.lowering.resource(kind, name)
    }

    /// Tells of a key that does nothing, and what to write instead.
    fn add(&mut self, key: &str, at: Place, what: String, instead: impl Into<String>) {
        if self.found.len() < MOST {
            let origin = self.lowering.origin(key, at, None);
            self.found.push(Idle { origin, what, instead: instead.into() });
        }
    }

    /// The same of an entry of a mapping.
    fn entry(&mut self, key: &str, entry: &Entry, what: String, instead: impl Into<String>) {
        self.add(key, place_of(entry), what, instead);
    }
}

/// Where an entry is pointed at: at its value, or at the key of a list or mapping.
const fn place_of(entry: &Entry) -> Place {
    match entry.node.value {
        Value::List(_) | Value::Map(_) | Value::Null => entry.key_at,
        Value::Text { .. } | Value::Unset { .. } => entry.node.at,
    }
}

/// The entry at the end of some keys with points between them, if it says anything.
fn find<'n>(node: &'n Node, path: &str) -> Option<&'n Entry> {
    let mut keys = path.split('.');
    let first = node.entry(keys.next()?)?;
    let last = keys.try_fold(first, |entry, key| entry.node.entry(key))?;
    Some(last).filter(|it| it.node.value != Value::Null)
}

/// A name that a file chose, fit to be printed.
fn shown(name: &str) -> Untrusted {
    Untrusted::from(name.chars().take(80).collect::<String>())
}

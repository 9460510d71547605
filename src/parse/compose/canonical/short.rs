//! The short forms that are simple enough to stand in one file.

use std::collections::BTreeMap;

use crate::parse::compose::schema::Form;
use crate::parse::compose::tree::{Entry, Node, Place, Value};
use crate::parse::compose::wrong::Wrong;

use super::{Budget, ports, text, volumes};

/// Turns a value into its long form, if it is written in the short one.
pub(super) fn lengthen(form: Form, node: &mut Node, budget: &mut Budget) -> Result<(), Wrong> {
    match form {
        Form::Texts => alone(node),
        Form::Pairs => listed(node, |item| {
            let said = text(item)?;
            Ok(match said.split_once('=') {
                Some((key, value)) => (key.to_owned(), quoted(value)),
                None => (said.to_owned(), Value::Null),
            })
        })?,
        Form::Hosts => hosts(node)?,
        Form::Names => listed(node, |item| Ok((text(item)?.to_owned(), Value::Null)))?,
        Form::Dependencies => dependencies(node)?,
        Form::EnvFiles => {
            alone(node);
            each(node, |item| {
                wrap(item, "path");
                default(item, "required", "true");
            });
        }
        Form::Ports => ports::lengthen(node, &mut budget.ports)?,
        Form::Volume => volumes::lengthen(node)?,
        Form::Device => device(node)?,
        Form::Source => wrap(node, "source"),
        Form::Build => wrap(node, "context"),
        Form::Limit => {
            if matches!(node.value, Value::Text { .. }) {
                let both = Node { tag: None, ..node.clone() };
                node.value = record(node.at, vec![("soft", both.clone()), ("hard", both)]);
            }
        }
        Form::Extends => wrap(node, "service"),
        Form::Include => wrap(node, "path"),
        Form::Gpus => gpus(node)?,
        Form::Request => {
            if node.get("device_ids").is_none() {
                default(node, "count", "all");
            }
        }
        Form::Resource => resource(node)?,
    }
    Ok(())
}

/// A text of which nobody may think that it is a number or a truth value.
pub(super) fn quoted(text: impl Into<String>) -> Value {
    Value::Text { text: text.into(), plain: false }
}

/// A mapping of what came from one place.
pub(super) fn record(at: Place, entries: Vec<(&str, Node)>) -> Value {
    let entries = entries.into_iter();
    Value::Map(entries.map(|(key, node)| Entry { key: key.to_owned(), key_at: at, node }).collect())
}

/// One value as a list of one.
fn alone(node: &mut Node) {
    if matches!(node.value, Value::Text { .. }) {
        let item = Node { tag: None, ..node.clone() };
        node.value = Value::List(vec![item]);
    }
}

/// One value as a mapping from `key` to it.
fn wrap(node: &mut Node, key: &str) {
    if matches!(node.value, Value::Text { .. }) {
        let value = Node { tag: None, ..node.clone() };
        node.value = record(node.at, vec![(key, value)]);
    }
}

/// What a mapping says where it does not say it.
pub(super) fn default(node: &mut Node, key: &str, value: &str) {
    let at = node.at;
    if node.get(key).is_some() {
        return;
    }
    if let Value::Map(entries) = &mut node.value {
        let value = Value::Text { text: value.to_owned(), plain: true };
        entries.push(Entry { key: key.to_owned(), key_at: at, node: Node::new(value, at) });
    }
}

fn each(node: &mut Node, change: impl FnMut(&mut Node)) {
    if let Value::List(items) = &mut node.value {
        items.iter_mut().for_each(change);
    }
}

/// The key of an item whose variable is not set: nobody could tell it, so it goes
/// by the variable, which no real key is written like.
fn unknowable(item: &Node) -> Option<String> {
    let Value::Unset { names, .. } = &item.value else { return None };
    Some(format!("${{{}}}", names.join(",")))
}

/// A list as the mapping that its items amount to; of the same key the last.
fn listed(
    node: &mut Node,
    read: impl Fn(&Node) -> Result<(String, Value), Wrong>,
) -> Result<(), Wrong> {
    let Value::List(items) = &mut node.value else { return Ok(()) };
    let mut entries: Vec<Entry> = Vec::with_capacity(items.len());
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for item in std::mem::take(items) {
        let (key, value) = match unknowable(&item) {
            Some(key) => (key, item.value.clone()),
            None => read(&item)?,
        };
        let entry = Entry { key, key_at: item.at, node: Node { value, ..item } };
        let before = places.get(&entry.key).and_then(|place| entries.get_mut(*place));
        if let Some(before) = before {
            *before = entry;
        } else {
            places.insert(entry.key.clone(), entries.len());
            entries.push(entry);
        }
    }
    node.value = Value::Map(entries);
    Ok(())
}

/// How many addresses one item gives a host; more stay one text.
const MOST_ADDRESSES: usize = 16;

/// A host with its addresses: `=` or else `:` stands between them, and an
/// address of IPv6 may have brackets. A host that is named twice has both.
fn hosts(node: &mut Node) -> Result<(), Wrong> {
    if let Value::List(items) = &mut node.value {
        let mut entries: Vec<Entry> = Vec::with_capacity(items.len());
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        for item in std::mem::take(items) {
            let (host, addresses) = match unknowable(&item) {
                Some(host) => (host, vec![item.clone()]),
                None => {
                    let said = text(&item)?;
                    let pair = said.split_once('=').or_else(|| said.split_once(':'));
                    let (host, addresses) =
                        pair.filter(|(host, _)| !host.is_empty()).ok_or_else(|| {
                            Wrong::new(item.at, "this host has no address", "write HOST=ADDRESS")
                        })?;
                    let Node { at, overrode, tag, .. } = item;
                    let node = |it: &str| Node { value: quoted(it), at, overrode, tag };
                    (host.to_owned(), addresses.splitn(MOST_ADDRESSES, ',').map(node).collect())
                }
            };
            let before = places.get(&host).and_then(|place| entries.get_mut(*place));
            if let Some(Entry { node: Node { value: Value::List(all), .. }, .. }) = before {
                all.extend(addresses);
            } else {
                places.insert(host.clone(), entries.len());
                let list = Node { value: Value::List(addresses), ..item };
                entries.push(Entry { key: host, key_at: list.at, node: list });
            }
        }
        node.value = Value::Map(entries);
    }
    let Value::Map(entries) = &mut node.value else { return Ok(()) };
    for Entry { node: addresses, .. } in entries {
        alone(addresses);
        each(addresses, |address| {
            if let Value::Text { text, .. } = &mut address.value {
                let bare = text.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
                if let Some(bare) = bare.map(str::to_owned) {
                    *text = bare;
                }
            }
        });
    }
    Ok(())
}

/// The defaults of the specification: to wait until it has started, and to need it.
fn dependencies(node: &mut Node) -> Result<(), Wrong> {
    listed(node, |item| Ok((text(item)?.to_owned(), Value::Map(Vec::new()))))?;
    if let Value::Map(entries) = &mut node.value {
        for Entry { node, .. } in entries {
            if node.value == Value::Null {
                let help = "write condition: service_started below it";
                return Err(Wrong::new(node.at, "this dependency says nothing", help));
            }
            default(node, "condition", "service_started");
            default(node, "required", "true");
        }
    }
    Ok(())
}

/// `SOURCE[:TARGET[:PERMISSIONS]]`; a device of the Container Device Interface
/// (`vendor.com/class=name`) is its own target.
fn device(node: &mut Node) -> Result<(), Wrong> {
    let Some(said) = node.text() else { return Ok(()) };
    let parts: Vec<&str> = said.splitn(4, ':').collect();
    let (source, target, permissions) = match parts.as_slice() {
        [source] => (*source, *source, "rwm"),
        [source, target] => (*source, *target, "rwm"),
        [source, target, permissions] => (*source, *target, *permissions),
        _ => {
            let help = "write it as source:, target: and permissions:";
            return Err(Wrong::new(node.at, "this device has more than three parts", help));
        }
    };
    let target = if target.is_empty() { source } else { target };
    let part = |text: &str| Node { value: quoted(text), tag: None, ..*node };
    let parts = vec![
        ("source", part(source)),
        ("target", part(target)),
        ("permissions", part(permissions)),
    ];
    node.value = record(node.at, parts);
    Ok(())
}

fn gpus(node: &mut Node) -> Result<(), Wrong> {
    let Some(said) = node.text() else { return Ok(()) };
    if said != "all" {
        return Err(Wrong::new(node.at, "gpus takes all or a list", "write all"));
    }
    let count = Node { tag: None, ..node.clone() };
    let request = Node::new(record(node.at, vec![("count", count)]), node.at);
    node.value = Value::List(vec![request]);
    Ok(())
}

/// `external: {name: NAME}` is an old way to say `external: true` and `name: NAME`.
fn resource(node: &mut Node) -> Result<(), Wrong> {
    let Value::Map(entries) = &mut node.value else { return Ok(()) };
    let external = entries.iter_mut().find(|entry| entry.key == "external");
    let Some(Entry { node: external, .. }) = external else { return Ok(()) };
    let Value::Map(inner) = &mut external.value else { return Ok(()) };
    let name = std::mem::take(inner).into_iter().find(|entry| entry.key == "name");
    external.value = Value::Text { text: "true".to_owned(), plain: true };
    let own = entries.iter().find(|entry| entry.key == "name");
    match (name, own) {
        (Some(old), Some(own)) if old.node.text() != own.node.text() => Err(Wrong::new(
            old.node.at,
            "this resource has two names",
            "keep name: and write external: true",
        )),
        (Some(old), None) => {
            entries.push(old);
            Ok(())
        }
        _ => Ok(()),
    }
}

//! Several trees in their long forms become one; every value keeps the place
//! that won, and the one that it took the place of.

use std::collections::BTreeMap;

use super::spot::{Key, Spot};
use super::tree::{Entry, Node, Tag, Value};
use super::wrong::Wrong;

/// `over` merged into `base`. What is tagged in `over` keeps its tag, so that it
/// can be merged into more; see [`settle`].
///
/// # Errors
/// One is a mapping or a sequence and the other is not.
pub(super) fn merge(base: Node, over: Node, spot: Spot) -> Result<Node, Wrong> {
    if over.tag.is_some() || spot == Spot::Replaced {
        return Ok(instead(&base, over));
    }
    let Node { value, at, overrode, tag } = base;
    let container = |value| Node { value, at, overrode, tag };
    match (value, over.value) {
        (value, Value::Null) => Ok(container(value)),
        (Value::Map(entries), Value::Map(mut more)) => {
            if spot == Spot::Dependency && more.iter().any(|it| it.node.at != over.at) {
                // What the long form made up is not what its author said.
                more.retain(|it| it.node.at != over.at);
            }
            if spot == Spot::Logging && are_other_drivers(&entries, &more) {
                return Ok(Node { value: Value::Map(more), overrode: Some(at), ..over });
            }
            merge_maps(entries, more, spot).map(|it| container(Value::Map(it)))
        }
        (Value::List(items), Value::List(more)) => {
            if spot == Spot::Subnets {
                return merge_subnets(items, more).map(|it| container(Value::List(it)));
            }
            Ok(container(Value::List(appended(items, more, spot))))
        }
        (_, value) if spot == Spot::Extension => Ok(Node { value, overrode: Some(at), ..over }),
        (first @ (Value::Map(_) | Value::List(_)), second)
            if !matches!(second, Value::Unset { .. }) =>
        {
            let (first, second) = (kind(&first), kind(&second));
            let what =
                format!("{second} cannot be merged into {first}, which line {} has", at.line);
            Err(Wrong::new(over.at, what, "write both the same way, or put !override before it"))
        }
        (_, value) => Ok(Node { value, overrode: Some(at), ..over }),
    }
}

/// `over` in the place of `base`.
fn instead(base: &Node, over: Node) -> Node {
    Node { overrode: Some(base.at), ..over }
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Text { .. } | Value::Unset { .. } => "a text",
        Value::List(_) => "a list",
        Value::Map(_) => "a mapping",
    }
}

const fn is_container(value: &Value) -> bool {
    matches!(value, Value::List(_) | Value::Map(_))
}

fn merge_maps(mut entries: Vec<Entry>, more: Vec<Entry>, spot: Spot) -> Result<Vec<Entry>, Wrong> {
    let places = Places::of(&entries);
    for over in more {
        let Some(base) = places.find(&over.key, &entries).and_then(|it| entries.get_mut(it)) else {
            entries.push(over);
            continue;
        };
        let below = spot.below(&over.key);
        let node = std::mem::replace(&mut base.node, Node::new(Value::Null, over.key_at));
        if spot == Spot::Pairs {
            base.node = instead(&node, over.node);
            base.key_at = over.key_at;
            continue;
        }
        // What comes from both is best found where it was first written.
        let keeps =
            is_container(&node.value) && is_container(&over.node.value) && over.node.tag.is_none()
                || over.node.is_null();
        if !keeps {
            base.key_at = over.key_at;
        }
        base.node = merge(node, over.node, below)?;
    }
    Ok(entries)
}

/// Where the keys of a mapping are: looked up in large ones, searched in small.
struct Places(Option<BTreeMap<String, usize>>);

impl Places {
    fn of(entries: &[Entry]) -> Self {
        let places = || entries.iter().enumerate().map(|(place, it)| (it.key.clone(), place));
        Self((entries.len() > 32).then(|| places().collect()))
    }

    fn find(&self, key: &str, entries: &[Entry]) -> Option<usize> {
        match &self.0 {
            Some(places) => places.get(key).copied(),
            None => entries.iter().position(|it| it.key == key),
        }
    }
}

fn appended(mut items: Vec<Node>, more: Vec<Node>, spot: Spot) -> Vec<Node> {
    for item in more {
        if spot != Spot::Addresses || !items.iter().any(|it| it.value == item.value) {
            items.push(item);
        }
    }
    items
}

fn are_other_drivers(entries: &[Entry], more: &[Entry]) -> bool {
    let driver = |entries: &[Entry]| {
        entries.iter().find(|it| it.key == "driver").map(|it| it.node.value.clone())
    };
    let text = |value: Value| match value {
        Value::Text { text, .. } => Some(text),
        Value::Null | Value::Unset { .. } | Value::List(_) | Value::Map(_) => None,
    };
    match (driver(entries), driver(more)) {
        (Some(one), Some(other)) => text(one) != text(other),
        (None, _) | (_, None) => false,
    }
}

fn merge_subnets(mut items: Vec<Node>, more: Vec<Node>) -> Result<Vec<Node>, Wrong> {
    for item in more {
        let subnet = item.get("subnet").and_then(Node::text);
        let same =
            |it: &&mut Node| subnet.is_some() && it.get("subnet").and_then(Node::text) == subnet;
        match items.iter_mut().find(same) {
            None => items.push(item),
            Some(base) => {
                let node = std::mem::replace(base, Node::new(Value::Null, item.at));
                *base = merge(node, item, Spot::Any)?;
            }
        }
    }
    Ok(items)
}

/// Does what is left of the tags: `!reset` removes, `!override` has won.
pub(super) fn settle(node: &mut Node) {
    let is_kept = |node: &Node| node.tag != Some(Tag::Reset);
    match &mut node.value {
        Value::Null | Value::Text { .. } | Value::Unset { .. } => {}
        Value::List(items) => {
            items.retain(is_kept);
            items.iter_mut().for_each(settle);
        }
        Value::Map(entries) => {
            entries.retain(|it| is_kept(&it.node));
            entries.iter_mut().for_each(|it| settle(&mut it.node));
        }
    }
    node.tag = None;
}

/// Of the items of a sequence with one key only the last stays, in the place of
/// the first.
pub(super) fn unique(node: &mut Node, spot: Spot) {
    match &mut node.value {
        Value::Null | Value::Text { .. } | Value::Unset { .. } => {}
        Value::Map(entries) => {
            for entry in entries {
                let below = spot.below(&entry.key);
                if below != Spot::Any {
                    unique(&mut entry.node, below);
                }
            }
        }
        Value::List(items) => {
            if let Spot::Unique(key) = spot
                && items.len() > 1
            {
                *items = without_doubles(std::mem::take(items), key);
            }
        }
    }
}

fn without_doubles(items: Vec<Node>, key: Key) -> Vec<Node> {
    let mut kept: Vec<Node> = Vec::with_capacity(items.len());
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for mut item in items {
        let name = name_of(&item, key);
        let earlier = name.as_ref().and_then(|it| places.get(it));
        if let Some(earlier) = earlier.and_then(|it| kept.get_mut(*it)) {
            item.overrode = Some(earlier.at);
            *earlier = item;
            continue;
        }
        if let Some(name) = name {
            places.insert(name, kept.len());
        }
        kept.push(item);
    }
    kept
}

/// What an item is told apart by; none where that cannot be told.
fn name_of(item: &Node, key: Key) -> Option<String> {
    let text = |name: &str| item.get(name).map(Node::text);
    match key {
        Key::Name => item.text().map(|it| it.split('=').next().unwrap_or(it).to_owned()),
        Key::Whole => item.text().map(ToOwned::to_owned),
        Key::Path => text("path")?.map(ToOwned::to_owned),
        Key::Target => text("target")?.map(ToOwned::to_owned),
        Key::Mount(folder) => match text("target") {
            Some(target) => target.map(ToOwned::to_owned),
            None => text("source")?.map(|it| format!("{folder}/{it}")),
        },
        Key::Port => {
            let or = |name, default| text(name).unwrap_or(Some(default));
            let (host, published) = (or("host_ip", "0.0.0.0")?, or("published", "")?);
            let (target, protocol) = (text("target")??, or("protocol", "tcp")?);
            Some(format!("{host} {published} {target} {protocol}"))
        }
    }
}

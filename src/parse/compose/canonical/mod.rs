//! The long forms of the Compose Specification.
//!
//! Every value that can be written shorter is turned into its long form in
//! place, so that whoever comes after knows one way to write it. What is new
//! stands where that stood which it came from. What nobody can tell yet, a
//! variable that is not set, stays as it is.
//!
//! | short | long |
//! |---|---|
//! | `ports: ["127.0.0.1:8080-8081:80-81/udp"]` | two of `{mode, host_ip, target, published, protocol}` |
//! | `volumes: ["./a:/b:ro"]` | `{type: bind, source, target, read_only, bind: {create_host_path}}` |
//! | `environment: [A=1, B]` and its like | `{A: "1", B: null}` |
//! | `env_file: a.env` | `[{path, required}]` |
//! | `depends_on: [db]` | `{db: {condition, required}}` |
//! | `networks: [front]` | `{front: null}` |
//! | `secrets: [key]`, `configs` | `[{source}]` |
//! | `devices: [/dev/a:/dev/b]` | `[{source, target, permissions}]` |
//! | `extra_hosts: ["a=::1"]` | `{a: ["::1"]}` |
//! | `ulimits: {nofile: 9}` | `{nofile: {soft, hard}}` |
//! | `build: .`, `extends: base` | `{context}`, `{service}` |
//! | `include: [a.yaml]` | `[{path: [a.yaml]}]` |
//! | `gpus: all` | `[{count: all}]` |
//! | `dns: 1.1.1.1`, `tmpfs` and their like | a list of one |
//! | `external: {name: a}` | `external: true`, `name: a` |

mod ports;
mod short;
mod volumes;

#[cfg(test)]
mod tests;

use super::schema::{Kind, ROOT, cast, find};
use super::tree::{Node, Tag, Value};
use super::wrong::Wrong;

/// How many ports the ranges of one file may make. A program that speaks with
/// many at once, such as a media server, has about sixteen thousand; every port
/// costs memory here and a process at the engine.
const MOST_PORTS: usize = 20_000;

/// The longest name of a service. It is part of a container's and of every
/// message, and no host could be called more.
const LONGEST_NAME: usize = 255;

/// What one file may still ask for.
struct Budget {
    ports: usize,
}

/// Turns one file's tree, its variables filled in, into its long forms.
///
/// Keys that compose does not know stay as they are: [`super::schema::unknown`]
/// names them.
///
/// # Errors
/// The first value that is not what its key takes, at its place.
pub fn canonical(root: &mut Node) -> Result<(), Wrong> {
    let services = root.get("services").map(Node::entries).unwrap_or_default();
    if let Some(long) = services.iter().find(|it| it.key.len() > LONGEST_NAME) {
        let help = "give it a name that a host could have";
        return Err(Wrong::new(long.key_at, "the name of this service is too long", help));
    }
    shape(root, &ROOT, &mut Budget { ports: MOST_PORTS })
}

fn shape(node: &mut Node, kind: &Kind, budget: &mut Budget) -> Result<(), Wrong> {
    // What is to be as if nobody had written it may be anything.
    let is_nothing = matches!(node.value, Value::Null | Value::Unset { .. });
    if is_nothing || node.tag == Some(Tag::Reset) {
        return Ok(());
    }
    match (kind, &mut node.value) {
        (Kind::Any, _) => Ok(()),
        (Kind::Flag, _) => cast::flag(node).map(drop),
        (Kind::Integer, _) => cast::integer(node).map(drop),
        (Kind::Number, _) => cast::billionths(node).map(drop),
        (Kind::Size, _) => cast::size(node).map(drop),
        (Kind::Duration, _) => cast::duration(node).map(drop),
        (Kind::Mode, _) => cast::mode(node).map(drop),
        (Kind::Command, Value::List(items)) => {
            items.iter_mut().try_for_each(|item| full(item, &Kind::Text, budget))
        }
        (Kind::Text | Kind::Command, _) => text(node).map(drop),
        (Kind::List(inner), Value::List(items)) => {
            items.iter_mut().try_for_each(|item| full(item, inner, budget))
        }
        (Kind::List(_), _) => {
            let help = "write each item on a line of its own after a dash";
            Err(Wrong::new(node.at, "this is no list", help))
        }
        (Kind::Named(inner), Value::Map(entries)) => {
            entries.iter_mut().try_for_each(|entry| shape(&mut entry.node, inner, budget))
        }
        (Kind::Record(keys), Value::Map(entries)) => entries.iter_mut().try_for_each(|entry| {
            find(keys, &entry.key).map_or(Ok(()), |kind| shape(&mut entry.node, kind, budget))
        }),
        (Kind::Named(_) | Kind::Record(_), _) => {
            let help = "write KEY: VALUE on lines of their own below the key";
            Err(Wrong::new(node.at, "this is no mapping", help))
        }
        (Kind::Short(form, inner), _) => {
            short::lengthen(*form, node, budget)?;
            shape(node, inner, budget)
        }
    }
}

/// An item of a list, which cannot be nothing.
fn full(item: &mut Node, kind: &Kind, budget: &mut Budget) -> Result<(), Wrong> {
    if item.value == Value::Null && item.tag.is_none() {
        return Err(Wrong::new(
            item.at,
            "this item is empty",
            "write a value, or leave the item out",
        ));
    }
    shape(item, kind, budget)
}

/// What a scalar says.
fn text(node: &Node) -> Result<&str, Wrong> {
    node.text().ok_or_else(|| {
        Wrong::new(node.at, "here only one value can stand", "write it on one line after the key")
    })
}

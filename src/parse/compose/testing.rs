//! Trees for the tests of this folder, written as JSON.
//!
//! Places are numbered: every value stands on a line of its own, in the order
//! in which it is written. `"${X}"` is a variable that nobody set, and a text
//! that begins with a tag of a merge carries it.

use serde_json::{Map, Value as Json};

use super::tree::{Entry, Node, Place, Tag, Value};

/// The tree that a JSON document stands for.
pub(super) fn node(json: &Json) -> Node {
    build(json, &mut 0)
}

fn build(json: &Json, line: &mut u32) -> Node {
    *line += 1;
    let at = Place { file: 0, line: *line, column: 1, length: 1 };
    let text = |text: String| Value::Text { text, plain: true };
    let value = match json {
        Json::Null => Value::Null,
        Json::Bool(it) => text(it.to_string()),
        Json::Number(it) => text(it.to_string()),
        Json::String(it) => match it.strip_prefix("${").and_then(|it| it.strip_suffix('}')) {
            Some(name) => Value::Unset { names: vec![name.to_owned()], said: None },
            None => text(it.clone()),
        },
        Json::Array(items) => Value::List(items.iter().map(|item| build(item, line)).collect()),
        Json::Object(fields) => Value::Map(
            fields
                .iter()
                .map(|(key, value)| {
                    let node = build(value, line);
                    Entry { key: key.clone(), key_at: node.at, node }
                })
                .collect(),
        ),
    };
    let tag = (json.as_str() == Some("!reset")).then_some(Tag::Reset);
    Node { tag, ..Node::new(value, at) }
}

/// What a tree says, without its places: every scalar is a text.
pub(super) fn json(node: &Node) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Text { text, .. } => text.clone().into(),
        Value::Unset { names, .. } => format!("${{{}}}", names.join(",")).into(),
        Value::List(items) => items.iter().map(json).collect(),
        Value::Map(entries) => {
            let fields = entries.iter().map(|it| (it.key.clone(), json(&it.node)));
            Json::Object(fields.collect::<Map<_, _>>())
        }
    }
}

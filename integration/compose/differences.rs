//! Where two models in the same shape are not the same.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value};

use super::normal::UNSET;

/// A value that one side has and the other has not, or has otherwise.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference {
    pub(crate) path: Vec<String>,
    pub(crate) ours: Option<Value>,
    pub(crate) theirs: Option<Value>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |it: &Option<Value>| it.as_ref().map_or("nothing".to_owned(), Value::to_string);
        write!(f, "{}: {}, theirs {}", self.path.join("."), show(&self.ours), show(&self.theirs))
    }
}

/// All of them, each as deep as neither side has anything but a mapping.
pub(crate) fn differences(ours: &Value, theirs: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    walk(&mut Vec::new(), Some(ours), Some(theirs), &mut found);
    found
}

fn walk(
    path: &mut Vec<String>,
    ours: Option<&Value>,
    theirs: Option<&Value>,
    found: &mut Vec<Difference>,
) {
    let keys: BTreeSet<&String> = [ours, theirs].into_iter().flat_map(keys).collect();
    if is_mapping(ours) && is_mapping(theirs) && !keys.is_empty() {
        for key in keys {
            path.push(key.clone());
            walk(path, ours.and_then(|it| it.get(key)), theirs.and_then(|it| it.get(key)), found);
            path.pop();
        }
    } else if ours != theirs {
        let (ours, theirs) = (ours.cloned(), theirs.cloned());
        found.push(Difference { path: path.clone(), ours, theirs });
    }
}

fn keys(value: Option<&Value>) -> impl Iterator<Item = &String> {
    value.and_then(Value::as_object).into_iter().flat_map(Map::keys)
}

/// Whether there is nothing but what has keys, and nothing that stands for a scalar.
fn is_mapping(value: Option<&Value>) -> bool {
    value.is_none_or(|it| it.is_object() && it.get(UNSET).is_none())
}

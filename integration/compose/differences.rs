//! Where two models in the same shape are not the same.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

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

/// All of them, each as deep as both sides have a mapping.
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
    if let (Some(Value::Object(one)), Some(Value::Object(other))) = (ours, theirs) {
        let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
        for key in keys {
            path.push(key.clone());
            walk(path, one.get(key), other.get(key), found);
            path.pop();
        }
    } else if ours != theirs {
        let (ours, theirs) = (ours.cloned(), theirs.cloned());
        found.push(Difference { path: path.clone(), ours, theirs });
    }
}

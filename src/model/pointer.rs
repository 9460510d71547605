//! JSON pointers (RFC 6901), followed without a copy of each of their names.

use std::borrow::Cow;

use serde_json::Value;

/// The value at a pointer.
pub fn get<'v>(whole: &'v Value, pointer: &str) -> Option<&'v Value> {
    names(pointer)?.try_fold(whole, |value, name| match value {
        Value::Object(fields) => fields.get(&*name),
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    })
}

/// The value at a pointer, to be changed.
pub fn get_mut<'v>(whole: &'v mut Value, pointer: &str) -> Option<&'v mut Value> {
    names(pointer)?.try_fold(whole, |value, name| match value {
        Value::Object(fields) => fields.get_mut(&*name),
        Value::Array(items) => items.get_mut(name.parse::<usize>().ok()?),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    })
}

/// The pointer of what a part stands in; none of the whole.
pub fn parent(pointer: &str) -> Option<&str> {
    pointer.get(..pointer.bytes().rposition(|byte| byte == b'/')?)
}

/// The names on the way; none where it is no pointer.
fn names(pointer: &str) -> Option<impl Iterator<Item = Cow<'_, str>>> {
    // They are short: to look at each byte is quicker than to search them.
    let is_pointer = pointer.is_empty() || pointer.starts_with('/');
    let mut rest = pointer;
    let next = move || {
        let name = rest.strip_prefix('/')?;
        let end = name.bytes().position(|byte| byte == b'/').unwrap_or(name.len());
        let (name, after) = name.split_at_checked(end)?;
        rest = after;
        Some(unescaped(name))
    };
    is_pointer.then(|| std::iter::from_fn(next))
}

/// A name as it stands in a pointer.
pub fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// A name that stands in a pointer, where `/` is `~1` and `~` is `~0`.
fn unescaped(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte == b'~') {
        name.replace("~1", "/").replace("~0", "~").into()
    } else {
        name.into()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_part_stands_in_another_up_to_the_whole() {
        let around = std::iter::successors(Some("/a/b~1c/0"), |it| parent(it));
        assert_eq!(around.collect::<Vec<_>>(), ["/a/b~1c/0", "/a/b~1c", "/a", ""]);
    }

    #[test]
    fn a_pointer_finds_what_the_library_finds() {
        let mut whole = json!({"a": [{"b/c": 1}, {"~": null}], "": {"": 2}, "0": 3});
        let pointers =
            ["", "/", "//", "/a/0/b~1c", "/a/1/~0", "/a/2", "/a/x", "/0", "/a/0/b~1c/d", "a"];
        for pointer in pointers {
            let expected = whole.pointer(pointer).cloned();
            assert_eq!(get(&whole, pointer), expected.as_ref(), "{pointer}");
            assert_eq!(get_mut(&mut whole, pointer).cloned(), expected, "{pointer}");
        }
    }
}

//! What a project of npm says that it needs only to be developed.

use std::collections::BTreeSet;

use serde_json::Value;

/// The most packages of one project: a file that names more was made to.
const MOST: usize = 2048;

/// The longest name that npm takes.
const LONGEST: usize = 214;

/// The packages that a `package.json` names as development dependencies and as
/// nothing else; none where it is no such document.
pub fn development(text: &[u8]) -> Option<Vec<String>> {
    let document: Value = serde_json::from_slice(text).ok()?;
    let named = |key: &str| -> BTreeSet<&str> {
        let fields = document.get(key).and_then(Value::as_object).into_iter().flatten();
        fields.map(|(name, _)| name.as_str()).filter(|name| is_name(name)).take(MOST).collect()
    };
    let needed: BTreeSet<&str> = ["dependencies", "optionalDependencies", "peerDependencies"]
        .into_iter()
        .flat_map(named)
        .collect();
    let only = named("devDependencies").into_iter().filter(|name| !needed.contains(name));
    Some(only.map(str::to_owned).collect())
}

/// A name, or a scope and a name: nothing that leads elsewhere as a path.
fn is_name(name: &str) -> bool {
    let (scope, own) = match name.strip_prefix('@') {
        Some(rest) => rest.split_once('/').unwrap_or((rest, "")),
        None => ("x", name),
    };
    let is_part = |it: &str| !it.is_empty() && !it.starts_with('.') && !it.contains(['/', '\0']);
    name.len() <= LONGEST && is_part(scope) && is_part(own)
}

#[cfg(test)]
mod tests {
    use super::development;

    #[test]
    fn what_is_needed_in_production_too_is_no_development_dependency() {
        let text = br#"{"dependencies": {"a": "1"}, "peerDependencies": {"p": "1"},
            "devDependencies": {"a": "1", "b": "2", "@s/c": "3", "p": "1", "../x": "1", "@x": "1"}}"#;
        assert_eq!(development(text).unwrap(), ["@s/c", "b"]);
        assert_eq!(development(b"{}").unwrap(), [""; 0]);
        assert_eq!(development(b"no JSON"), None);
    }
}

//! Texts as the file has them, where the record has what became of them: with their variables,
//! and with paths that begin at the project's folder.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::pointer::escaped;
use crate::next::changed::Changed;
use crate::next::quote;

use super::keys::{Key, PORTS};

/// The address that ports are bound to instead of all.
const LOOPBACK: &str = "127.0.0.1:";
const ANYWHERE: &str = "0.0.0.0:";

/// By the words of a list's items, as YAML: those whose file says them by variables.
pub(super) fn texts(now: &Changed<'_>, key: &Key, was: &Value) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    if now.draft().is_none() {
        return all;
    }
    let words = (key.words)(was).unwrap_or_default();
    for (word, place) in words.into_iter().zip(places(key, was)) {
        let Some(text) = text(now, &place).filter(|it| it.contains('$')) else { continue };
        let bare = word.strip_suffix("/tcp").unwrap_or(&word);
        if key.pointer == PORTS && stands_for(&text, bare) {
            // An address that a variable brings along cannot be taken off.
            if text.starts_with(ANYWHERE) || !word.starts_with(ANYWHERE) {
                all.insert(on_loopback(&word), quote::template(&on_loopback(&text)));
            }
            all.insert(word, quote::template(&text));
        } else if stands_for(&text, &word) {
            all.insert(word, quote::template(&text));
        }
    }
    all
}

/// Where each item stands.
fn places(key: &Key, was: &Value) -> Vec<String> {
    match was {
        Value::Array(items) => (0..items.len()).map(|it| format!("{}/{it}", key.pointer)).collect(),
        Value::Object(bindings) if key.pointer == PORTS => {
            let of = |(port, all): (&String, &Value)| -> Vec<String> {
                let count = all.as_array().map_or(0, Vec::len);
                let port = escaped(port);
                (0..count).map(|it| format!("/NetworkSettings/Ports/{port}/{it}")).collect()
            };
            bindings.iter().flat_map(of).collect()
        }
        Value::Object(fields) => {
            fields.keys().map(|it| format!("{}/{}", key.pointer, escaped(it))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// The same port, on loopback alone.
fn on_loopback(port: &str) -> String {
    format!("{LOOPBACK}{}", port.strip_prefix(ANYWHERE).unwrap_or(port))
}

/// The scalar that stands where a part was written, without its quotes; none where it may not
/// be shown, or where its file begins paths elsewhere than the project does.
pub(super) fn text(now: &Changed<'_>, pointer: &str) -> Option<String> {
    let at = &now.draft()?.origins.get(pointer)?.at;
    let (project, _) = now.target.id.rsplit_once('#')?;
    let folder = |file: &str| file.rsplit_once('/').map_or(String::new(), |it| it.0.to_owned());
    if folder(at.file.raw()) != folder(project) {
        return None;
    }
    let skip = usize::try_from(at.column).ok()?.checked_sub(1)?;
    let length = usize::try_from(at.length).ok()?;
    let token: String = at.excerpt.raw().chars().skip(skip).take(length).collect();
    let within = |quote: char| token.strip_prefix(quote)?.strip_suffix(quote);
    let text = match (within('"'), within('\'')) {
        (Some(text), _) if text.contains('\\') => return None,
        (Some(text), _) => text.to_owned(),
        (_, Some(text)) => text.replace("''", "'"),
        (None, None) => token,
    };
    (!text.contains('*')).then_some(text)
}

/// Whether a text with variables can have become another one.
pub(super) fn stands_for(template: &str, value: &str) -> bool {
    let Some(literals) = literals(template) else { return false };
    let [first, middle @ .., last] = literals.as_slice() else {
        return literals.iter().any(|it| it == value);
    };
    let rest = value.strip_prefix(first.as_str());
    let mut rest = rest.and_then(|it| it.strip_suffix(last.as_str()));
    for literal in middle {
        rest = rest.and_then(|it| Some(it.split_once(literal.as_str())?.1));
    }
    rest.is_some()
}

/// What stands before, between and after the variables; none where one has no end.
fn literals(template: &str) -> Option<Vec<String>> {
    let mut all = vec![String::new()];
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('$') {
        let own = all.last_mut()?;
        own.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            own.push('$');
            rest = after;
            continue;
        }
        rest = after.get(length(after)?..)?;
        all.push(String::new());
    }
    all.last_mut()?.push_str(rest);
    Some(all)
}

/// How long a variable is, behind its dollar sign.
fn length(after: &str) -> Option<usize> {
    if !after.starts_with('{') {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        return Some(after.bytes().take_while(|it| is_name(*it)).count()).filter(|it| *it > 0);
    }
    let mut depth = 0_usize;
    for (place, byte) in after.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some(place + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_with_variables_stands_for_what_can_have_become_of_it() {
        for (template, value, is_it) in [
            ("${PORT:-8080}:80", "8080:80", true),
            ("${PORT:-${OTHER:-1}}:80", "8080:80", true),
            ("$PORT:80", "8080:80", true),
            ("${PORT}:80", "8080:81", false),
            ("a-${B}-c-$D", "a-x-c-", true),
            ("a-${B}-c-$D", "a-x-d-y", false),
            ("$$HOME", "$HOME", true),
            ("${PORT:80", "8080:80", false),
            ("plain", "plain", true),
            ("plain", "other", false),
        ] {
            assert_eq!(stands_for(template, value), is_it, "{template} {value}");
        }
    }
}

//! The short form of a volume: `[SOURCE:]TARGET[:OPTIONS]` (Compose
//! Specification, `volumes`).

use crate::parse::compose::tree::{Node, Value};
use crate::parse::compose::wrong::Wrong;
use crate::parse::path::clean;

use super::short::{quoted, record};

const PROPAGATIONS: [&str; 6] = ["rprivate", "private", "rshared", "shared", "rslave", "slave"];

/// Turns a volume into its long form, if it is written in the short one.
///
/// Options that compose does not know it leaves out without a word, and so
/// does this: `cached`, for instance.
pub(super) fn lengthen(node: &mut Node) -> Result<(), Wrong> {
    let Some(said) = node.text() else { return Ok(()) };
    let wrong = |what: &str| {
        Wrong::new(node.at, what, "write [SOURCE:]TARGET[:OPTIONS], such as ./data:/data:ro")
    };
    let parts = sections(said);
    if parts.iter().any(String::is_empty) {
        return Err(wrong("this volume has an empty part"));
    }
    let (source, target, options) = match parts.as_slice() {
        [target] => (None, target, ""),
        [source, target] => (Some(source.as_str()), target, ""),
        [source, target, options] => (Some(source.as_str()), target, options.as_str()),
        _ => return Err(wrong("this volume has more than three parts")),
    };
    let part = |value: Value| Node { value, tag: None, ..*node };
    let word = |text: &str| part(quoted(text));
    let flag = || part(Value::Text { text: "true".to_owned(), plain: true });
    let is_bind = source.is_some_and(is_path);
    let mut long = vec![("type", word(if is_bind { "bind" } else { "volume" }))];
    long.extend(source.map(|source| ("source", word(source))));
    long.push(("target", word(&clean(target))));
    let (mut bind, mut volume) = (Vec::new(), Vec::new());
    let mut is_read_only = false;
    for option in options.split(',') {
        match option {
            "ro" => is_read_only = true,
            "rw" => is_read_only = false,
            "nocopy" => volume = vec![("nocopy", flag())],
            "z" | "Z" => put(&mut bind, "selinux", word(option)),
            _ if PROPAGATIONS.contains(&option) => put(&mut bind, "propagation", word(option)),
            _ => {}
        }
    }
    if is_read_only {
        long.push(("read_only", flag()));
    }
    // As it always was with the short form, a path that is not there is made.
    if is_bind {
        bind.push(("create_host_path", flag()));
    }
    for (key, options) in [("bind", bind), ("volume", volume)] {
        if !options.is_empty() {
            long.push((key, part(record(node.at, options))));
        }
    }
    node.value = record(node.at, long);
    Ok(())
}

/// What stands between the colons, of which that of a Windows drive is none.
fn sections(said: &str) -> Vec<String> {
    // Compose takes so short a text for the target, whatever is in it.
    if (1..=2).contains(&said.len()) {
        return vec![said.to_owned()];
    }
    let mut parts: Vec<String> = Vec::new();
    let mut part = String::new();
    for letter in said.chars() {
        let is_drive = part.len() == 1 && part.chars().all(char::is_alphabetic);
        if letter == ':' && !is_drive {
            parts.push(std::mem::take(&mut part));
        } else {
            part.push(letter);
        }
    }
    parts.push(part);
    parts
}

/// Whether a source is a path on the host and no volume's name.
fn is_path(source: &str) -> bool {
    let mut letters = source.chars();
    match (letters.next(), letters.next()) {
        (Some('.' | '/' | '~'), _) | (Some('\\'), Some('\\')) => true,
        (Some(letter), Some(':')) => letter.is_alphabetic(),
        _ => false,
    }
}

/// Of the same option the last counts.
fn put<'a>(options: &mut Vec<(&'a str, Node)>, key: &'a str, value: Node) {
    options.retain(|(it, _)| *it != key);
    options.push((key, value));
}

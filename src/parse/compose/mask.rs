//! What may be shown of a file: everything but comments and what may be secret.
//!
//! Each letter that may not be shown becomes a `*`, so that columns stay. Shown
//! is what a rule speaks of, by a list: what nobody thought of stays hidden.

mod keys;

use std::collections::BTreeMap;

use crate::parse::yaml::Written;

use super::address::names_somebody;
use super::dotenv::Settings;
use super::tree::{Node, Place, Value};
use keys::{Below, Level, SECRET, UNKNOWN, root};

/// What may be shown of a compose file, by its scalars and its documents as they
/// were read.
pub(super) fn compose(text: &str, file: u32, spans: &[Written], documents: &[Node]) -> String {
    let mut marks = Marks { file, spans, levels: vec![Level::Unknown; spans.len()] };
    for document in documents {
        marks.walk(document, Below::Keys(root));
    }
    let mut shown = String::with_capacity(text.len());
    let mut end = 0;
    for (span, level) in spans.iter().zip(marks.levels) {
        between(text.get(end..span.start).unwrap_or_default(), &mut shown);
        let scalar = text.get(span.start.max(end)..span.end).unwrap_or_default();
        if span.is_key || level == Level::Shown && !has_password(scalar) {
            shown.push_str(scalar);
        } else {
            hide(name_in(scalar, level, &mut shown), &mut shown);
        }
        end = span.end.max(end);
    }
    between(text.get(end..).unwrap_or_default(), &mut shown);
    shown
}

struct Marks<'a> {
    file: u32,
    spans: &'a [Written],
    levels: Vec<Level>,
}

impl Marks<'_> {
    fn walk(&mut self, node: &Node, below: Below) {
        match &node.value {
            Value::Null => {}
            Value::Text { .. } | Value::Unset { .. } => {
                let level = match below {
                    Below::All(level) => level,
                    Below::Pairs => Level::Secret,
                    // Such as `build: .`, or a port.
                    Below::Short(_) => Level::Shown,
                    Below::Keys(_) | Below::Each(_) => Level::Unknown,
                };
                self.mark(node.at, level);
            }
            Value::List(items) => {
                let item = match below {
                    Below::Each(item) => item(),
                    Below::Pairs => Below::All(Level::Pair),
                    Below::All(_) | Below::Keys(_) | Below::Short(_) => below,
                };
                items.iter().for_each(|it| self.walk(it, item));
            }
            Value::Map(entries) => {
                for entry in entries {
                    let value = match below {
                        Below::Each(each) => each(),
                        Below::All(Level::Pair) | Below::Pairs => SECRET,
                        _ if entry.key.starts_with("x-") => UNKNOWN,
                        Below::Keys(keys) | Below::Short(keys) => keys(&entry.key),
                        Below::All(_) => below,
                    };
                    self.walk(&entry.node, value);
                }
            }
        }
    }

    fn mark(&mut self, at: Place, level: Level) {
        if at.file != self.file {
            return;
        }
        let place = |it: &Written| (it.at.line, it.at.column).cmp(&(at.line, at.column));
        let found = self.spans.binary_search_by(place).ok();
        if let Some(mark) = found.and_then(|it| self.levels.get_mut(it)) {
            *mark = level.max(*mark);
        }
    }
}

/// Punctuation, which is shown, and comments, which are not: what stands between
/// the scalars of a file.
fn between(text: &str, shown: &mut String) {
    let mut rest = text;
    while let Some(place) = rest.find('#') {
        let (before, comment) = rest.split_at_checked(place).unwrap_or((rest, ""));
        shown.push_str(before);
        let starts = before.is_empty() || before.ends_with(char::is_whitespace);
        let end = if starts { comment.find('\n').unwrap_or(comment.len()) } else { 1 };
        let (comment, after) = comment.split_at_checked(end).unwrap_or((comment, ""));
        if starts {
            hide(comment, shown);
        } else {
            shown.push_str(comment);
        }
        rest = after;
    }
    shown.push_str(rest);
}

/// Hides a text, but for the white space that its lines begin with.
fn hide(text: &str, shown: &mut String) {
    let mut is_beginning = true;
    for letter in text.chars() {
        match letter {
            '\n' | '\r' => {
                shown.push(letter);
                is_beginning = true;
            }
            ' ' | '\t' if is_beginning => shown.push(letter),
            _ => {
                shown.push('*');
                is_beginning = false;
            }
        }
    }
}

/// Shows the name of `NAME=value`, and leaves the rest to be hidden.
fn name_in<'a>(scalar: &'a str, level: Level, shown: &mut String) -> &'a str {
    let Some((name, value)) = scalar.split_once('=') else { return scalar };
    let bare = name.trim_start_matches(['"', '\'']);
    let is_name = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '.' | '-');
    // What ends in `=` may be a key in base 64 and no name.
    let is_pair = level == Level::Pair && !value.trim_matches(['=', '"', '\'']).is_empty();
    if !is_pair || bare.is_empty() || !bare.chars().all(is_name) {
        return scalar;
    }
    shown.push_str(name);
    scalar.get(name.len()..).unwrap_or_default()
}

/// Whether a text holds an address with a name or a password: `scheme://who@where`.
fn has_password(text: &str) -> bool {
    let host = text.split_once('/').map(|(host, _)| host);
    host.is_some_and(names_somebody)
        || text
            .split("://")
            .skip(1)
            .any(|after| after.split(['/', ' ', '\n']).next().is_some_and(|it| it.contains('@')))
}

/// What may be shown of a line whose file could not be taken apart: what stands
/// before its first `: `.
pub(super) fn unknown_line(line: &str) -> String {
    let indentation = line.len() - line.trim_start_matches([' ', '\t', '-']).len();
    let (before, rest) = line.split_at_checked(indentation).unwrap_or(("", line));
    let mut shown = before.to_owned();
    let is_name = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '.' | '-');
    match rest.split_once(':') {
        Some((key, value)) if !key.is_empty() && key.chars().all(is_name) => {
            shown.push_str(key);
            shown.push(':');
            let value_at = value.len() - value.trim_start().len();
            let (space, value) = value.split_at_checked(value_at).unwrap_or(("", value));
            shown.push_str(space);
            hide(value, &mut shown);
        }
        Some(_) | None => hide(rest, &mut shown),
    }
    shown
}

/// What may be shown of an environment file: the names that it sets.
pub(super) fn environment(text: &str, file: u32, settings: &Settings) -> String {
    let own = settings.values().map(|it| it.name_at).filter(|it| it.file == file);
    let names: BTreeMap<u32, Place> = own.map(|at| (at.line, at)).collect();
    let mut shown = String::with_capacity(text.len());
    for (line, number) in text.split_inclusive('\n').zip(1..) {
        let end = names.get(&number).and_then(|at| {
            let letters = usize::try_from(at.column.saturating_add(at.length)).ok()?;
            line.char_indices().nth(letters.checked_sub(1)?).map(|(end, _)| end)
        });
        let (name, value) = line.split_at_checked(end.unwrap_or(0)).unwrap_or(("", line));
        shown.push_str(name);
        let value_at = if name.is_empty() {
            0
        } else {
            value.len() - value.trim_start_matches(['=', ' ']).len()
        };
        let (sign, value) = value.split_at_checked(value_at).unwrap_or(("", value));
        shown.push_str(sign);
        hide(value, &mut shown);
    }
    shown
}

#[cfg(test)]
mod tests;

//! Environment files: `.env`, `--env-file` and a service's `env_file`.
//!
//! The grammar is compose's own: Compose Specification, `env_file`, and
//! <https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/#env-file-syntax>.
//! `format: raw` is that of `docker run --env-file`: nothing is unquoted or filled in.

use std::collections::BTreeMap;

use super::interpolate::{Broken, Found, Unset, Variables, fill};
use super::tree::Place;
use super::wrong::Wrong;

/// How a file is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Quotes, escapes, comments and variables.
    Compose,
    /// A name and a value a line, as they stand.
    Raw,
}

/// A variable that a file sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its value, as far as it can be told.
    pub value: Result<String, Unset>,
    /// Where the value is written; of a name alone: where the name is.
    pub at: Place,
    /// Where its name is written.
    pub name_at: Place,
    /// What it took the place of, in this file or one before.
    pub overrode: Option<Place>,
}

/// The variables of some files by name.
pub type Settings = BTreeMap<String, Setting>;

/// Reads a file into `settings`, which holds what earlier files set. A name
/// without a value takes that of `outer`, or sets nothing. In a value, `outer`
/// goes before `settings`. `room` is as for [`fill`].
///
/// # Errors
/// The first line that is none.
pub fn read(
    text: &str,
    file: u32,
    format: Format,
    outer: &dyn Variables,
    settings: &mut Settings,
    room: &mut usize,
) -> Result<(), Wrong> {
    let mut reader = Reader { text, file, place: 0, line: 1, column: 1, outer, settings, room };
    match format {
        Format::Compose => reader.compose(),
        Format::Raw => reader.raw(),
    }
}

struct Reader<'a> {
    text: &'a str,
    file: u32,
    /// The byte that comes next.
    place: usize,
    line: u32,
    column: u32,
    outer: &'a dyn Variables,
    settings: &'a mut Settings,
    room: &'a mut usize,
}

/// Those outside before those of the files.
struct Both<'a> {
    outer: &'a dyn Variables,
    settings: &'a Settings,
}

impl Variables for Both<'_> {
    fn get(&self, name: &str) -> Option<Found<'_>> {
        let own = || self.settings.get(name).map(|it| it.value.as_deref());
        self.outer.get(name).or_else(own)
    }
}

impl<'a> Reader<'a> {
    fn compose(&mut self) -> Result<(), Wrong> {
        loop {
            self.skip(char::is_whitespace);
            if self.rest().is_empty() {
                return Ok(());
            }
            if self.rest().starts_with('#') {
                self.skip(|it| it != '\n');
                continue;
            }
            self.assignment()?;
        }
    }

    fn assignment(&mut self) -> Result<(), Wrong> {
        if let Some(more) = self.rest().strip_prefix("export")
            && more.starts_with(is_blank)
        {
            self.advance("export".len());
            self.skip(is_blank);
        }
        let rest = self.rest();
        let end = rest.find(['=', ':', '\n']).unwrap_or(rest.len());
        let name = rest.get(..end).unwrap_or_default().trim_end().to_owned();
        let name_at = self.at(name.chars().count());
        let is_letter =
            |it: char| it.is_alphanumeric() || matches!(it, '_' | '.' | '-' | '[' | ']');
        if name.is_empty() {
            return Err(Wrong::new(name_at, "a value without a name", "write NAME=value"));
        }
        if !name.chars().all(is_letter) {
            let what = "a variable's name with other letters than A-Z, a-z, 0-9 and _";
            return Err(Wrong::new(name_at, what, "write NAME=value, and # before a comment"));
        }
        let has_value = rest.get(end..).is_some_and(|it| it.starts_with(['=', ':']));
        self.advance(end);
        if !has_value {
            self.inherit(name, name_at);
            return Ok(());
        }
        self.advance(1);
        self.skip(is_blank);
        let rest = self.rest();
        let quote = rest.chars().next().filter(|it| matches!(it, '\'' | '"'));
        match quote {
            None => {
                let line = rest.lines().next().unwrap_or_default();
                let length = line.len();
                let value = line.split(" #").next().unwrap_or_default().trim_end();
                let at = self.at(value.chars().count());
                let value = self.filled(value, at)?;
                self.advance(length);
                self.set(name, name_at, value, at);
            }
            Some(quote) => {
                let Some((value, length)) = unquoted(rest, quote) else {
                    return Err(Wrong::new(self.at(1), "a quote is not closed", "close it"));
                };
                let written = rest.get(..length).and_then(|it| it.lines().next());
                let at = self.at(written.map_or(0, |it| it.chars().count()));
                let value = match quote {
                    '"' => self.filled(&escaped(&value), at)?,
                    _ => Ok(value),
                };
                self.advance(length);
                self.set(name, name_at, value, at);
            }
        }
        Ok(())
    }

    fn raw(&mut self) -> Result<(), Wrong> {
        loop {
            self.skip(char::is_whitespace);
            let line = self.rest().lines().next().unwrap_or_default();
            if line.is_empty() {
                return Ok(());
            }
            if !line.starts_with('#') {
                let (name, value) = match line.split_once('=') {
                    None => (line, None),
                    Some((name, value)) => (name, Some(value.to_owned())),
                };
                let (name, at) = (name.to_owned(), self.at(name.chars().count()));
                if name.is_empty() || name.contains([' ', '\t']) {
                    let what = "a variable's name is missing or holds a space";
                    return Err(Wrong::new(at, what, "write NAME=value"));
                }
                match value {
                    None => self.inherit(name, at),
                    Some(value) => {
                        let column = at.column.saturating_add(at.length).saturating_add(1);
                        let length = u32::try_from(value.chars().count()).unwrap_or(u32::MAX);
                        let value_at = Place { column, length: length.max(1), ..at };
                        self.set(name, at, Ok(value), value_at);
                    }
                }
            }
            let length = line.len();
            self.advance(length);
        }
    }

    fn inherit(&mut self, name: String, at: Place) {
        let value = self.outer.get(&name).map(|it| it.map(ToOwned::to_owned).map_err(Clone::clone));
        if let Some(value) = value {
            self.set(name, at, value, at);
        }
    }

    fn set(&mut self, name: String, name_at: Place, value: Result<String, Unset>, at: Place) {
        let overrode = self.settings.get(&name).map(|it| it.at);
        self.settings.insert(name, Setting { value, at, name_at, overrode });
    }

    fn filled(&mut self, value: &str, at: Place) -> Result<Result<String, Unset>, Wrong> {
        if !value.contains('$') {
            return Ok(Ok(value.to_owned()));
        }
        let both = Both { outer: self.outer, settings: self.settings };
        let wrong = |broken: Broken| Wrong::new(at, broken.what, broken.help);
        fill(value, &both, self.room).map_err(wrong)
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.place..).unwrap_or_default()
    }

    fn skip(&mut self, is_skipped: impl Fn(char) -> bool) {
        let rest = self.rest();
        let end = rest.find(|it| !is_skipped(it)).unwrap_or(rest.len());
        self.advance(end);
    }

    fn advance(&mut self, bytes: usize) {
        let passed = self.rest().get(..bytes).unwrap_or_default();
        for letter in passed.chars() {
            if letter == '\n' {
                (self.line, self.column) = (self.line.saturating_add(1), 1);
            } else {
                self.column = self.column.saturating_add(1);
            }
        }
        self.place = self.place.saturating_add(bytes);
    }

    fn at(&self, length: usize) -> Place {
        let length = u32::try_from(length).unwrap_or(u32::MAX).max(1);
        Place { file: self.file, line: self.line, column: self.column, length }
    }
}

/// White space within a line.
fn is_blank(it: char) -> bool {
    it != '\n' && it.is_whitespace()
}

/// What stands between the quotes that a text begins with, and how many bytes
/// that took. A backslash keeps a quote from closing, and stays before all else.
fn unquoted(text: &str, quote: char) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut letters = text.char_indices().skip(1);
    while let Some((place, letter)) = letters.next() {
        if letter == quote {
            return Some((value, place + 1));
        }
        if letter != '\\' {
            value.push(letter);
            continue;
        }
        let (_, next) = letters.next()?;
        if next != quote {
            value.push('\\');
        }
        value.push(next);
    }
    None
}

/// The escapes of double quotes: those of a shell's `$'…'` without the numbers,
/// but for octal ones. `\$` becomes `$$`, a dollar that begins no variable.
fn escaped(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        value.push_str(before);
        let mut letters = after.chars();
        let simple = match letters.next() {
            Some('a') => Some("\x07"),
            Some('b') => Some("\x08"),
            Some('f') => Some("\x0c"),
            Some('n') => Some("\n"),
            Some('r') => Some("\r"),
            Some('t') => Some("\t"),
            Some('v') => Some("\x0b"),
            Some('"') => Some("\""),
            Some('\\') => Some("\\"),
            Some('$') => Some("$$"),
            _ => None,
        };
        let octal = after
            .strip_prefix('0')
            .and_then(|it| it.split_at_checked(3))
            .and_then(|(digits, more)| Some((u8::from_str_radix(digits, 8).ok()?, more)));
        rest = if let Some(simple) = simple {
            value.push_str(simple);
            letters.as_str()
        } else if let Some((byte, more)) = octal {
            value.push(char::from(byte));
            more
        } else {
            value.push('\\');
            after
        };
    }
    value.push_str(rest);
    value
}

#[cfg(test)]
mod tests;

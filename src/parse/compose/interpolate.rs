//! Variables in values (Compose Specification, chapter Interpolation).
//!
//! ```text
//! $NAME ${NAME}        the value
//! ${NAME:-word}        word, where it is not set or empty; without the colon: not set
//! ${NAME:?word}        refused with word, where it is not set or empty
//! ${NAME:+word}        word, where it is set and not empty, else nothing
//! $$                   a dollar
//! ```
//!
//! A word may hold variables itself, and ends at its line. A `$` before anything
//! else stands for itself. What compose would replace by nothing, since nobody
//! set it, is [`Unset`] here.

use super::tree::{Node, Place, Value};
use super::wrong::Wrong;

/// How deep words may lie in each other.
const DEEPEST: usize = 32;

/// The most letters that variables may put in the place of one value. The kernel
/// passes no longer one to a program (execve(2), `MAX_ARG_STRLEN`).
pub const LONGEST: usize = 128 * 1024;

/// Variables that a value needs and that nobody set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unset {
    /// Their names.
    pub names: Vec<String>,
    /// What is said of them, by `${NAME:?what}`.
    pub said: Option<String>,
}

/// What a name stands for.
pub type Found<'a> = Result<&'a str, &'a Unset>;

/// What names stand for.
pub trait Variables {
    /// The value of a name; none where nobody set it.
    fn get(&self, name: &str) -> Option<Found<'_>>;
}

/// Why a text cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The byte at which the fault begins.
    pub offset: usize,
    /// What is wrong.
    pub what: &'static str,
    /// What to do about it.
    pub help: &'static str,
}

/// Fills in the variables of every value from here down; keys stay as they are.
/// `room` is how many bytes that may add, and is lowered by what it adds.
///
/// # Errors
/// The first value whose variables cannot be read.
pub fn interpolate(
    node: &mut Node,
    variables: &dyn Variables,
    room: &mut usize,
) -> Result<(), Wrong> {
    match &mut node.value {
        Value::Null | Value::Unset { .. } => {}
        Value::List(items) => {
            for item in items {
                interpolate(item, variables, room)?;
            }
        }
        Value::Map(entries) => {
            for entry in entries {
                interpolate(&mut entry.node, variables, room)?;
            }
        }
        Value::Text { text, plain } if text.contains('$') => {
            let plain = *plain;
            match fill(text, variables, room) {
                Ok(Ok(text)) => node.value = Value::Text { text, plain },
                Ok(Err(Unset { names, said })) => node.value = Value::Unset { names, said },
                Err(broken) => {
                    let at = within(text, node.at, broken.offset);
                    return Err(Wrong::new(at, broken.what, broken.help));
                }
            }
        }
        Value::Text { .. } => {}
    }
    Ok(())
}

/// The place of a byte of a value, where its text stands as it is in one line.
fn within(text: &str, at: Place, offset: usize) -> Place {
    let length = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    let before = text.get(..offset).map_or(0, |it| it.chars().count());
    let before = u32::try_from(before).unwrap_or(u32::MAX);
    if length != at.length || before >= length {
        return at;
    }
    Place { column: at.column.saturating_add(before), length: length - before, ..at }
}

/// Fills in the variables of one text.
///
/// # Errors
/// The text cannot be read, or gets too long.
pub fn fill(
    text: &str,
    variables: &dyn Variables,
    room: &mut usize,
) -> Result<Result<String, Unset>, Broken> {
    let mut filling = Filling { variables, room, unset: None };
    let mut filled = String::with_capacity(text.len());
    filling.text(text, 0, 0, &mut filled)?;
    Ok(match filling.unset {
        None => Ok(filled),
        Some(unset) => Err(unset),
    })
}

struct Filling<'a> {
    variables: &'a dyn Variables,
    room: &'a mut usize,
    unset: Option<Unset>,
}

impl Filling<'_> {
    /// Fills in a text that begins at a byte of the whole.
    fn text(
        &mut self,
        text: &str,
        begins: usize,
        depth: usize,
        filled: &mut String,
    ) -> Result<(), Broken> {
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            filled.push_str(before);
            let offset = begins + text.len() - after.len() - 1;
            if let Some(more) = after.strip_prefix('$') {
                filled.push('$');
                rest = more;
            } else if let Some(braced) = after.strip_prefix('{') {
                let braced = Braced::read(braced, offset)?;
                rest = braced.rest;
                let word = begins + text.len() - braced.rest.len() - braced.word.len() - 1;
                self.braced(&braced, offset, word, depth, filled)?;
            } else {
                let (name, more) = name(after);
                rest = more;
                if name.is_empty() {
                    filled.push('$');
                } else {
                    self.plain(name, offset, filled)?;
                }
            }
        }
        filled.push_str(rest);
        Ok(())
    }

    fn plain(&mut self, name: &str, offset: usize, filled: &mut String) -> Result<(), Broken> {
        match self.variables.get(name) {
            Some(Ok(value)) => self.push(value, offset, filled)?,
            Some(Err(unset)) => self.miss(unset.clone()),
            None => self.miss(Unset { names: vec![name.to_owned()], said: None }),
        }
        Ok(())
    }

    fn braced(
        &mut self,
        braced: &Braced<'_>,
        offset: usize,
        word_at: usize,
        depth: usize,
        filled: &mut String,
    ) -> Result<(), Broken> {
        let Braced { name, operator, minds_empty, word, .. } = *braced;
        let Some(operator) = operator else { return self.plain(name, offset, filled) };
        if depth >= DEEPEST {
            let what = "variables lie too deep in each other";
            return Err(Broken { offset, what, help: "set the value in an environment file" });
        }
        let variables = self.variables;
        let value = match variables.get(name) {
            Some(Ok(value)) => Some(value),
            Some(Err(unset)) => {
                self.miss(unset.clone());
                return Ok(());
            }
            None => None,
        };
        let value = value.filter(|it| !(minds_empty && it.is_empty()));
        // A word that is not needed is read all the same: compose refuses it too.
        let mut aside = String::new();
        let was_unset = self.unset.clone();
        self.text(word, word_at, depth + 1, &mut aside)?;
        match (operator, value) {
            (Operator::Default, Some(value)) => {
                self.unset = was_unset;
                self.push(value, offset, filled)
            }
            (Operator::Default, None) | (Operator::Instead, Some(_)) => {
                self.push(&aside, offset, filled)
            }
            (Operator::Instead, None) => {
                self.unset = was_unset;
                Ok(())
            }
            (Operator::Required, value) => {
                self.unset = was_unset;
                match value {
                    Some(value) => self.push(value, offset, filled)?,
                    None => {
                        // As it is written: a value in it could be secret.
                        let said = Some(word.to_owned()).filter(|it| !it.is_empty());
                        self.miss(Unset { names: vec![name.to_owned()], said });
                    }
                }
                Ok(())
            }
        }
    }

    fn push(&mut self, value: &str, offset: usize, filled: &mut String) -> Result<(), Broken> {
        let left = self.room.checked_sub(value.len());
        match left {
            Some(left) if filled.len() + value.len() <= LONGEST => {
                *self.room = left;
                filled.push_str(value);
                Ok(())
            }
            Some(_) | None => {
                let what = "too long once its variables are filled in";
                Err(Broken { offset, what, help: "no program could be started with it" })
            }
        }
    }

    fn miss(&mut self, unset: Unset) {
        let all = self.unset.get_or_insert_default();
        for name in unset.names {
            if !all.names.contains(&name) {
                all.names.push(name);
            }
        }
        all.said = all.said.take().or(unset.said);
    }
}

#[derive(Clone, Copy)]
enum Operator {
    /// `-`
    Default,
    /// `?`
    Required,
    /// `+`
    Instead,
}

/// `${…}` in its parts.
struct Braced<'a> {
    name: &'a str,
    operator: Option<Operator>,
    /// Whether an empty value counts as none: the colon.
    minds_empty: bool,
    word: &'a str,
    rest: &'a str,
}

impl<'a> Braced<'a> {
    /// Reads what follows `${`.
    fn read(text: &'a str, offset: usize) -> Result<Self, Broken> {
        let help = "write ${NAME}, ${NAME:-default} or ${NAME:?message}; a dollar itself is $$";
        let broken = |what| Broken { offset, what, help };
        let (name, after) = name(text);
        if name.is_empty() {
            return Err(broken("no variable's name follows ${"));
        }
        if let Some(rest) = after.strip_prefix('}') {
            return Ok(Self { name, operator: None, minds_empty: false, word: "", rest });
        }
        let minds_empty = after.starts_with(':');
        let mut letters = after.strip_prefix(':').unwrap_or(after).chars();
        let operator = match letters.next() {
            Some('-') => Operator::Default,
            Some('?') => Operator::Required,
            Some('+') => Operator::Instead,
            _ => return Err(broken("a variable's name is followed by something else than }")),
        };
        let inner = letters.as_str();
        let end = closing(inner).ok_or_else(|| broken("${ without its } in the same line"))?;
        let (word, rest) = inner.split_at_checked(end).unwrap_or((inner, ""));
        let rest = rest.strip_prefix('}').unwrap_or(rest);
        Ok(Self { name, operator: Some(operator), minds_empty, word, rest })
    }
}

/// The name at the beginning of a text, and what follows it.
fn name(text: &str) -> (&str, &str) {
    let is_first = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_';
    let length = if text.as_bytes().first().is_some_and(is_first) {
        text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count()
    } else {
        0
    };
    text.split_at_checked(length).unwrap_or(("", text))
}

/// Where a word ends: at the brace that closes it, or, where braces in it do not
/// match, at the last of its line, as compose has it.
fn closing(text: &str) -> Option<usize> {
    let mut open = 1_usize;
    let mut last = None;
    let mut bytes = text.bytes().enumerate();
    while let Some((place, byte)) = bytes.next() {
        match byte {
            b'\n' => break,
            b'}' => {
                open -= 1;
                if open == 0 {
                    return Some(place);
                }
                last = Some(place);
            }
            b'{' => {
                open += 1;
                // Compose does not look at the letter after a brace.
                if let Some((place, byte)) = bytes.next() {
                    match byte {
                        b'\n' => break,
                        b'}' => last = Some(place),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    last
}

#[cfg(test)]
mod tests;

//! YAML with the places of keys and values: the tree of a compose file.
//!
//! Aliases and merge keys are filled in, under limits: a hostile file costs no
//! more than an ordinary one of its size. YAML 1.2, with the merge key of 1.1
//! (<https://yaml.org/type/merge.html>), which compose knows.

mod build;
#[cfg(test)]
mod tests;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Span, options};

use super::compose::tree::{Node, Place};
use super::compose::wrong::Wrong;
use build::{Builder, Scalar};

/// How deep values may lie in each other. Compose needs about 12; whatever walks
/// the tree recurses this deep.
pub const DEEPEST: usize = 128;

/// What a file says.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// Its documents, without those that are empty.
    pub documents: Vec<Node>,
    /// Where its scalars stand, keys among them, in the order of the text.
    pub spans: Vec<Written>,
    /// What is odd and keeps nobody from going on.
    pub remarks: Vec<(Place, String)>,
}

/// Where a scalar stands in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its first byte.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
    /// Its place, by which the tree knows it.
    pub at: Place,
    /// Whether it is a key.
    pub is_key: bool,
}

/// Reads a text. `file` goes into every place; `left` is how many values it may
/// have once its aliases are filled in, and is lowered by what it has.
///
/// # Errors
/// It is no YAML, a key stands twice, or it goes beyond a limit.
pub fn load(text: &str, file: u32, left: &mut usize) -> Result<Loaded, Wrong> {
    let options = options! { flow_nesting_limit: DEEPEST, block_nesting_limit: DEEPEST };
    let mut builder = Builder::new(file, left);
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| wrong(file, &error))?;
        let at = place(file, &span, text);
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                let is_plain = style == ScalarStyle::Plain;
                let text = value.into_owned();
                builder.scalar(Scalar { text, is_plain, at }, anchor, tag.as_deref(), &span)?;
            }
            Event::SequenceStart(_, anchor, tag) => {
                builder.open(false, at, anchor, tag.as_deref())?;
            }
            Event::MappingStart(_, anchor, tag) => {
                builder.open(true, at, anchor, tag.as_deref())?;
            }
            Event::SequenceEnd | Event::MappingEnd => builder.close()?,
            Event::Alias(anchor) => builder.alias(anchor, at)?,
            Event::DocumentEnd => builder.end_document(),
            Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(..)
            | Event::Anchor(..)
            | Event::UnresolvedAlias(_)
            | _ => {}
        }
    }
    Ok(builder.loaded)
}

/// Where a token stands: its first line, of which it takes at least one letter.
fn place(file: u32, span: &Span, text: &str) -> Place {
    let (start, end) = (span.start, span.end);
    let length = if start.line() == end.line() {
        end.col().saturating_sub(start.col())
    } else {
        let first = span.slice(text).and_then(|it| it.lines().next());
        first.unwrap_or_default().chars().count()
    };
    Place {
        file,
        line: number(start.line()),
        column: number(start.col()).saturating_add(1),
        length: number(length).max(1),
    }
}

fn number(it: usize) -> u32 {
    u32::try_from(it).unwrap_or(u32::MAX)
}

/// The parser's error in words for a person.
fn wrong(file: u32, error: &ScanError) -> Wrong {
    let marker = error.marker();
    let at = Place {
        file,
        line: number(marker.line()),
        column: number(marker.col()).saturating_add(1),
        length: 1,
    };
    let kind = error.kind();
    let is = |kinds: &[ErrorKind]| kinds.contains(kind);
    let (what, help) = if is(&[
        ErrorKind::TabNotAllowed,
        ErrorKind::TabInBlockIndentation,
        ErrorKind::TabInIndentation,
        ErrorKind::TabInPlainScalar,
        ErrorKind::TabAtBlockScalarStart,
    ]) {
        ("a tab stands where YAML allows only spaces".to_owned(), "indent with spaces")
    } else if *kind == ErrorKind::MappingValueNotAllowed {
        (
            "a second `: ` on the line".to_owned(),
            "put the value in quotes, or the key on its own line",
        )
    } else if *kind == ErrorKind::UnknownAnchor {
        ("an alias of an anchor that is not set above it".to_owned(), "set it with `&name` first")
    } else if *kind == ErrorKind::RecursionLimitExceeded {
        (
            format!("values lie more than {DEEPEST} deep in each other"),
            "compose needs about 12 levels; this is no compose file",
        )
    } else if *kind == ErrorKind::UnclosedQuotedScalar {
        ("a quote is not closed".to_owned(), "close it")
    } else if *kind == ErrorKind::InvalidQuotedScalarIndent {
        (
            "a quoted text goes on at the line's beginning".to_owned(),
            "close its quote, or indent it",
        )
    } else if is(&[ErrorKind::InvalidIndentation, ErrorKind::ExpectedBlockMappingKey]) {
        (error.info(), "check the indentation: the keys of one mapping begin in one column")
    } else {
        (error.info(), "")
    };
    Wrong::new(at, format!("not YAML: {what}"), help)
}

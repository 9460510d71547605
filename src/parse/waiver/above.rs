//! Which comments of a file are waivers, and what stands below each.

use crate::model::draft::Written;
use crate::model::untrusted::Untrusted;
use crate::model::waiver::{Scope, Slip, Terms, Waiver};
use crate::parse::dockerfile::Dockerfile;
use crate::parse::yaml;

use super::terms;

/// The most waivers of one file.
pub const MOST: usize = 100;

/// The most characters of a comment that are shown.
const LONGEST: usize = 200;

/// A comment that speaks to secaudit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its line, from 1.
    pub line: u32,
    /// The column of its `#`, from 1.
    pub column: u32,
    /// How many characters it takes.
    pub length: u32,
    /// The comment itself.
    pub text: String,
    /// The first and the last line of what it speaks of.
    pub lines: (u32, u32),
    /// What it says.
    pub terms: Result<Terms, Slip>,
}

impl Found {
    /// The waiver, of a file by the path that a person knows it by; of a whole target
    /// where that is what stands below it.
    pub fn waiver(&self, file: &Untrusted, target: Option<String>) -> Waiver {
        let Self { line, column, length, lines: (first, last), .. } = *self;
        // Where the comment begins is where it stood; the value before it is not shown.
        let indent = " ".repeat(usize::try_from(column.saturating_sub(1)).unwrap_or_default());
        let excerpt = format!("{indent}{}", self.text).into();
        let at = Written { file: file.clone(), line, column, length, excerpt };
        let scope = Scope { file: file.clone(), first, last, target };
        Waiver { at, scope, terms: self.terms.clone() }
    }
}

/// The waivers of a YAML file, each of the key or item below it, with all that
/// lies in it.
pub fn in_yaml(text: &str, spans: &[yaml::Written]) -> Vec<Found> {
    if !mentions(text) {
        return Vec::new();
    }
    let mut end = 0;
    let begin = |line| {
        let start = end;
        end += str::len(line);
        (start, line)
    };
    let lines: Vec<(usize, &str)> = text.split_inclusive('\n').map(begin).collect();
    // Within a text nothing is a comment, and no line begins anything.
    let text_at = |at: usize| {
        let last = spans.partition_point(|it| it.start <= at).checked_sub(1)?;
        spans.get(last).filter(|it| at < it.end).map(|_| last)
    };
    let mut all = Vec::new();
    for (place, (start, line)) in lines.iter().enumerate() {
        if all.len() > MOST {
            return cut(all);
        }
        let is_comment = |before: &str| text_at(start + before.len()).is_none();
        let Some((before, comment)) = comment(line, is_comment) else { continue };
        let Some(terms) = terms(comment) else { continue };
        let found = |lines, terms| Found { terms, lines, ..at(place, before, line) };
        all.push(if before.trim().is_empty() {
            match extent(&lines, place, text_at) {
                Some(lines) => found(lines, terms),
                None => found((0, 0), nothing_below()),
            }
        } else {
            found(
                (0, 0),
                misplaced("it stands behind a value", "put it on a line of its own above"),
            )
        });
    }
    all
}

/// The waivers of a Dockerfile, each of the instruction below it.
pub fn in_dockerfile(text: &str, dockerfile: &Dockerfile) -> Vec<Found> {
    if !mentions(text) {
        return Vec::new();
    }
    let ranges = || dockerfile.instructions().map(|it| (it.place.line, it.last_line));
    let mut all = Vec::new();
    for (place, line) in text.lines().enumerate() {
        if all.len() > MOST {
            return cut(all);
        }
        let Some((indent, comment)) = line.split_once('#') else { continue };
        let Some(terms) = terms(comment).filter(|_| indent.trim().is_empty()) else { continue };
        let found = |lines, terms| Found { terms, lines, ..at(place, indent, line) };
        let own = number(place + 1);
        let around =
            dockerfile.instructions().find(|it| (it.place.line..=it.last_line).contains(&own));
        match (around, ranges().find(|(first, _)| *first > own)) {
            // What a here-document holds is no comment.
            (Some(around), _) if !around.heredocs.is_empty() => {}
            (Some(_), _) => {
                let what = "it stands inside an instruction";
                all.push(found((0, 0), misplaced(what, "put it above the instruction")));
            }
            (None, Some(lines)) => all.push(found(lines, terms)),
            (None, None) => all.push(found((0, 0), nothing_below())),
        }
    }
    all
}

/// Tells of the last that there are more than are read.
fn cut(mut all: Vec<Found>) -> Vec<Found> {
    let what = format!("it is beyond the {MOST} waivers that are read of one file");
    all.iter_mut().skip(MOST).for_each(|it| {
        it.terms = misplaced(&what, "mend something first");
    });
    all
}

/// Most files have no waiver.
fn mentions(text: &str) -> bool {
    let mut rest = text.bytes().enumerate().filter(|(_, it)| *it == b'#');
    rest.any(|(at, _)| {
        let words = text.get(at + 1..).unwrap_or_default().trim_start();
        words.get(..8).is_some_and(|it| it.eq_ignore_ascii_case("secaudit"))
    })
}

fn at(place: usize, before: &str, line: &str) -> Found {
    let (column, end) = (before.chars().count(), line.trim_end().chars().count());
    Found {
        line: number(place + 1),
        column: number(column + 1),
        length: number(end.saturating_sub(column)).max(1),
        text: line.trim_end().chars().skip(column).take(LONGEST).collect(),
        lines: (0, 0),
        terms: nothing_below(),
    }
}

fn number(it: usize) -> u32 {
    u32::try_from(it).unwrap_or(u32::MAX)
}

fn nothing_below() -> Result<Terms, Slip> {
    misplaced("nothing stands below it", "put it above what it speaks of")
}

fn misplaced(what: &str, help: &str) -> Result<Terms, Slip> {
    Err(Slip { what: what.to_owned(), help: help.to_owned() })
}

/// What stands before the comment of a YAML line, and the comment without its `#`.
/// One that speaks to secaudit begins the line or follows a blank.
fn comment(line: &str, is_comment: impl Fn(&str) -> bool) -> Option<(&str, &str)> {
    let mut signs = line.match_indices('#').map(|(at, _)| line.split_at(at));
    signs.find_map(|(before, rest)| {
        let is_apart = before.is_empty() || before.ends_with([' ', '\t']);
        let comment = rest.strip_prefix('#').filter(|_| is_apart && is_comment(before))?;
        terms(comment).map(|_| (before, comment))
    })
}

/// The lines of the first key or item below a comment, with all that lies in it.
/// Each line comes with the place of its first byte.
fn extent(
    lines: &[(usize, &str)],
    comment: usize,
    text_at: impl Fn(usize) -> Option<usize>,
) -> Option<(u32, u32)> {
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    // A text that began on an earlier line goes on here, whatever it looks like.
    let goes_on = |start: usize| {
        let before = start.checked_sub(1).and_then(&text_at);
        before.is_some() && before == text_at(start)
    };
    let says = |(_, (start, line)): &(usize, &(usize, &str))| {
        let bare = line.trim();
        goes_on(*start) || !(bare.is_empty() || bare.starts_with('#'))
    };
    let is_item = |line: &str| {
        line.trim_start()
            .strip_prefix('-')
            .is_some_and(|it| it.trim_end().is_empty() || it.starts_with(' '))
    };
    let mut below = lines.iter().enumerate().skip(comment + 1).filter(says);
    let (first, (_, head)) = below.next()?;
    let mut last = first;
    for (place, (start, line)) in below {
        // The items of a list may stand as far left as its key.
        let is_own_item = indent(line) == indent(head) && is_item(line) && !is_item(head);
        if !goes_on(*start) && indent(line) <= indent(head) && !is_own_item {
            break;
        }
        last = place;
    }
    Some((number(first + 1), number(last + 1)))
}

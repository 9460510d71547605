//! Which comments of a file are waivers, and what stands below each.

use std::cmp::Reverse;

use crate::model::draft::Written;
use crate::model::target::Kind;
use crate::model::untrusted::Untrusted;
use crate::model::waiver::{self, Position, Scope, Slip, Terms, Waiver};
use crate::parse::compose::tree::{Entry, Node, Place};
use crate::parse::dockerfile::Dockerfile;
use crate::parse::yaml::Loaded;

use super::terms;

/// The most waivers of one file.
pub const MOST: usize = 100;

/// The most characters of a comment that are shown.
const LONGEST: usize = 200;

/// A comment that speaks to secaudit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where its `#` stands.
    pub at: Position,
    /// How many characters it takes.
    pub length: u32,
    /// The comment itself.
    pub text: String,
    /// What it says of what stands below it, or what is the matter with it.
    pub said: Result<(Below, Terms), Slip>,
}

/// What stands below a comment, with all that lies in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Below {
    /// Where it begins.
    pub first: Position,
    /// Where the last of it begins.
    pub last: Position,
    /// The service that it is, if it is one.
    pub service: Option<String>,
}

impl Found {
    /// The waiver, of a file by the path that a person knows it by and by what it asks
    /// for; of this target as a whole, where that is what stands below it.
    pub fn waiver(&self, file: &Untrusted, kind: Kind, target: Option<String>) -> Waiver {
        let (line, column) = self.at;
        // Where the comment begins is where it stood; the value before it is not shown.
        let indent = " ".repeat(usize::try_from(column.saturating_sub(1)).unwrap_or_default());
        let excerpt = format!("{indent}{}", self.text).into();
        let at = Written { file: file.clone(), line, column, length: self.length, excerpt };
        let terms = self.said.clone().map(|(below, terms)| {
            let (file, first, last) = (file.clone(), below.first, below.last);
            let part = || Scope::Part(waiver::Part { file, kind, first, last });
            (target.map_or_else(part, |it| Scope::Whole(vec![it])), terms)
        });
        Waiver { at: waiver::Place::File(at), terms }
    }
}

/// The waivers of a YAML file, each of the key or item below it.
pub fn in_yaml(text: &str, loaded: &Loaded) -> Vec<Found> {
    if !mentions(text) {
        return Vec::new();
    }
    let things = things(&loaded.documents);
    // Within a text nothing is a comment.
    let is_text = |at: usize| {
        let last = loaded.spans.partition_point(|it| it.start <= at).checked_sub(1);
        last.and_then(|it| loaded.spans.get(it)).is_some_and(|it| at < it.end)
    };
    let comment = |start: usize, line: &str| {
        let mut signs = line.match_indices('#').map(|it| it.0);
        signs.find(|at| is_apart(line, *at) && !is_text(start + at))
    };
    collect(text, comment, |(line, column), is_alone| {
        if !is_alone {
            return misplaced("it stands behind a value", "put it on a line of its own above");
        }
        let place = things.partition_point(|it| it.first.0 <= line);
        match things.get(place) {
            None => misplaced("nothing stands below it", "put it above what it speaks of"),
            // What it stood above is gone, and it speaks of nothing else.
            Some(below) if below.first.1 < column => misplaced(
                "it stands deeper than what follows it",
                "indent it as what it speaks of, or remove it",
            ),
            Some(below) => Ok(below.clone()),
        }
    })
}

/// The waivers of a Dockerfile, each of the instruction below it.
pub fn in_dockerfile(text: &str, dockerfile: &Dockerfile) -> Vec<Found> {
    if !mentions(text) {
        return Vec::new();
    }
    let all: Vec<_> = dockerfile.instructions().collect();
    let upto = |line: u32| all.partition_point(|it| it.place.line <= line);
    let around = |line: u32| {
        let last = all.get(upto(line).checked_sub(1)?)?;
        (line <= last.last_line).then_some(*last)
    };
    let mut own = 0;
    let comment = |_: usize, line: &str| {
        own += 1;
        // What a here-document holds is no comment.
        let is_text = around(own).is_some_and(|it| !it.heredocs.is_empty());
        let mut signs = line.match_indices('#').map(|it| it.0);
        signs.find(|at| !is_text && is_apart(line, *at))
    };
    collect(text, comment, |(line, _), is_alone| {
        if !is_alone {
            return misplaced("it stands behind an instruction", "put it on a line above that");
        }
        if around(line).is_some() {
            return misplaced("it stands inside an instruction", "put it above the instruction");
        }
        let Some(below) = all.get(upto(line)) else {
            return misplaced("nothing stands below it", "put it above what it speaks of");
        };
        let (first, last) = ((below.place.line, 1), (below.last_line, u32::MAX));
        Ok(Below { first, last, service: None })
    })
}

/// Every comment that speaks to secaudit: `comment` tells where one begins in a line,
/// `below` what it speaks of.
fn collect(
    text: &str,
    mut comment: impl FnMut(usize, &str) -> Option<usize>,
    below: impl Fn(Position, bool) -> Result<Below, Slip>,
) -> Vec<Found> {
    let mut all: Vec<Found> = Vec::new();
    let mut start = 0;
    for (place, whole) in lines(text).enumerate() {
        let begin = start;
        start += whole.len();
        let line = whole.trim_end();
        let Some((before, rest)) = comment(begin, line).and_then(|it| line.split_at_checked(it))
        else {
            continue;
        };
        let Some(terms) = terms(rest) else { continue };
        let at = (number(place + 1), number(before.chars().count() + 1));
        let said = if all.len() < MOST {
            terms.and_then(|terms| Ok((below(at, before.trim().is_empty())?, terms)))
        } else {
            let what = format!("it is beyond the {MOST} waivers that are read of one file");
            Err(Slip { what, help: "mend something first".to_owned() })
        };
        let length = number(rest.chars().count()).max(1);
        all.push(Found { at, length, text: rest.chars().take(LONGEST).collect(), said });
        if all.len() > MOST {
            break;
        }
    }
    all
}

/// The lines of a text with their ends: a line feed, a carriage return or both.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = rest.find(['\n', '\r'])?;
        let is_both = rest.get(end..).is_some_and(|it| it.starts_with("\r\n"));
        let (line, after) = rest.split_at_checked(end + if is_both { 2 } else { 1 })?;
        rest = after;
        Some(line)
    })
    // What no line end ends is a line too.
    .chain(text.rsplit(['\n', '\r']).next().filter(|it| !it.is_empty()))
}

/// Every key with its value and every item of the documents, in their order; of those
/// that begin at one place the largest first.
fn things(documents: &[Node]) -> Vec<Below> {
    let mut all = Vec::new();
    for document in documents {
        walk(document, &mut all);
        for Entry { key, key_at, .. } in document.get("services").map_or(&[][..], Node::entries) {
            let is_it = |it: &&mut Below| it.first == position(*key_at);
            all.iter_mut().filter(is_it).for_each(|it| it.service = Some(key.clone()));
        }
    }
    all.sort_by_key(|it| (it.first, Reverse(it.last)));
    all
}

/// Adds what lies in a value; where the last of it begins.
fn walk(node: &Node, all: &mut Vec<Below>) -> Position {
    let mut end = position(node.at);
    for Entry { key_at, node, .. } in node.entries() {
        let first = position(*key_at);
        let last = walk(node, all).max(first);
        all.push(Below { first, last, service: None });
        end = end.max(last);
    }
    for item in node.items() {
        let (first, last) = (position(item.at), walk(item, all));
        all.push(Below { first, last, service: None });
        end = end.max(last);
    }
    end
}

const fn position(at: Place) -> Position {
    (at.line, at.column)
}

/// Most files have no waiver.
fn mentions(text: &str) -> bool {
    text.match_indices('#').any(|(at, _)| {
        let comment = text.get(at..).unwrap_or_default();
        let words = comment.trim_start_matches(['#', ' ', '\t']);
        words.get(..8).is_some_and(|it| it.eq_ignore_ascii_case("secaudit"))
    })
}

/// Whether a `#` begins a line or follows a blank.
fn is_apart(line: &str, at: usize) -> bool {
    line.get(..at).is_some_and(|it| it.is_empty() || it.ends_with([' ', '\t']))
}

fn number(it: usize) -> u32 {
    u32::try_from(it).unwrap_or(u32::MAX)
}

fn misplaced<T>(what: &str, help: &str) -> Result<T, Slip> {
    Err(Slip { what: what.to_owned(), help: help.to_owned() })
}

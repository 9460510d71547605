//! Text that was put together from several lines of a file and still knows
//! where each part of it stands there.

use std::ops::Range;

use super::Place;

/// How many characters a piece has at most, so that the column of a word in the
/// middle of a very long line is found without counting from its beginning.
const LONGEST: usize = 256;

/// A logical line, or the body of a heredoc.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    text: String,
    pieces: Vec<Piece>,
}

/// A run of characters that stand beside each other in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    /// Where it begins in the text, in bytes.
    start: usize,
    line: u32,
    column: u32,
}

impl Text {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// A part of the text; empty where the range does not fit.
    pub fn get(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or_default()
    }

    /// Adds what stands at a line and a column, both from 1.
    pub(super) fn push(&mut self, text: &str, line: u32, column: u32) {
        let mut column = column;
        let mut rest = text;
        while !rest.is_empty() {
            let cut = rest.char_indices().nth(LONGEST).map_or(rest.len(), |(at, _)| at);
            let (piece, after) = rest.split_at(cut);
            self.pieces.push(Piece { start: self.text.len(), line, column });
            self.text.push_str(piece);
            column = column.saturating_add(count(piece));
            rest = after;
        }
    }

    /// Where a part of the text stands. What goes on in a further line of the
    /// file counts to the end of its first one.
    pub fn place(&self, range: Range<usize>) -> Place {
        let after = self.pieces.partition_point(|it| it.start <= range.start);
        let Some(piece) = after.checked_sub(1).and_then(|at| self.pieces.get(at)) else {
            return Place { line: 1, column: 1, length: 1 };
        };
        let others = self.pieces.get(after..).unwrap_or_default();
        let end = others
            .iter()
            .take_while(|it| it.start < range.end)
            .find(|it| it.line != piece.line)
            .map_or(range.end, |it| it.start);
        Place {
            line: piece.line,
            column: piece.column.saturating_add(count(self.get(piece.start..range.start))),
            length: count(self.get(range.start..end).trim_end()).max(1),
        }
    }

    /// Where all of a part of the text stands: a place for each run of it in a line.
    pub(super) fn places(&self, range: Range<usize>) -> impl Iterator<Item = Place> + '_ {
        let first = self.pieces.partition_point(|it| it.start <= range.start).saturating_sub(1);
        let pieces = self.pieces.get(first..).unwrap_or_default();
        let ends = pieces.iter().skip(1).map(|it| it.start).chain([self.text.len()]);
        let near = pieces.iter().zip(ends).take_while({
            let end = range.end;
            move |(piece, _)| piece.start < end
        });
        near.map(move |(piece, end)| {
            let start = piece.start.max(range.start);
            Place {
                line: piece.line,
                column: piece.column.saturating_add(count(self.get(piece.start..start))),
                length: count(self.get(start..end.min(range.end))),
            }
        })
    }

    /// A copy of everything from an offset on.
    pub(super) fn tail(&self, from: usize) -> Self {
        let mut tail = Self::default();
        let begin = self.pieces.partition_point(|it| it.start <= from).saturating_sub(1);
        let pieces = self.pieces.get(begin..).unwrap_or_default();
        let ends = pieces.iter().skip(1).map(|it| it.start).chain([self.text.len()]);
        for (piece, end) in pieces.iter().zip(ends) {
            let start = piece.start.max(from);
            let skipped = count(self.get(piece.start..start));
            tail.push(self.get(start..end), piece.line, piece.column.saturating_add(skipped));
        }
        tail
    }
}

/// How many characters a text has.
pub(super) fn count(text: &str) -> u32 {
    number(text.chars().count())
}

/// A number of lines or characters. No file that is read has more than fit.
pub(super) fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

//! A line of a file with a mark under what is meant.

use std::fmt;

use textwrap::core::display_width;

use super::Look;
use super::table::cut;
use crate::model::untrusted::Untrusted;
use crate::report::v1::Written;

/// The place of a line, as editors and people write it.
pub(super) struct Place<'a>(pub(super) &'a Written);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.0.file, self.0.line, self.0.column)
    }
}

/// The line without its indentation, and a mark under what is meant. Empty where
/// the line is not known.
pub(super) fn marked(written: &Written, look: Look) -> Vec<String> {
    let line = written.excerpt.raw();
    let indent = line.chars().take_while(|it| it.is_whitespace()).count();
    let text: Vec<char> = line.chars().skip(indent).collect();
    let start = usize::try_from(written.column).unwrap_or(1).saturating_sub(1 + indent);
    let length = usize::try_from(written.length).unwrap_or(1).max(1);
    if text.is_empty() || start > text.len() {
        return Vec::new();
    }
    let shown = |part: &[char]| Untrusted::from(part.iter().collect::<String>()).to_string();
    let (before, rest) = text.split_at(start);
    let (meant, after) = rest.split_at(length.min(rest.len()));
    let number = written.line.to_string();
    let margin = " ".repeat(number.len());
    let room = look.width.saturating_sub(number.len() + 8).max(20);
    let (before, meant, after) = (shown(before), shown(meant), shown(after));
    // What is meant stays in sight, whatever stands before it.
    let before = cut_front(&before, room / 2);
    let meant = cut(&meant, room.saturating_sub(display_width(&before)));
    let after = cut(&after, room.saturating_sub(display_width(&before) + display_width(&meant)));
    let mark = "^".repeat(display_width(&meant).max(1));
    let gap = " ".repeat(display_width(&before));
    vec![
        format!("{} {before}{meant}{after}", look.faint(&format!("{number} │"))),
        format!("{} {gap}{mark}", look.faint(&format!("{margin} │"))),
    ]
}

/// At most so many columns up to the end.
fn cut_front(text: &str, most: usize) -> String {
    if display_width(text) <= most {
        return text.to_owned();
    }
    let mut kept: Vec<char> = Vec::new();
    for character in text.chars().rev() {
        if kept.len() + 2 > most {
            break;
        }
        kept.push(character);
    }
    std::iter::once('…').chain(kept.into_iter().rev()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOK: Look = Look { width: 60, colour: false };

    fn written(excerpt: &str, column: u32, length: u32) -> Written {
        Written {
            key: "key".into(),
            file: "compose.yaml".into(),
            line: 12,
            column,
            length,
            excerpt: excerpt.into(),
            overrode: None,
        }
    }

    #[test]
    fn the_mark_stands_under_what_is_meant() {
        let lines = marked(&written("    read_only: false", 16, 5), LOOK);
        assert_eq!(lines, ["12 │ read_only: false", "   │            ^^^^^"]);
    }

    #[test]
    fn a_wide_or_hostile_line_keeps_its_mark_and_drives_no_terminal() {
        let lines = marked(&written("名前: \u{1b}[2Jweb", 5, 4), LOOK);
        assert!(!lines[0].contains('\u{1b}'), "{lines:?}");
        assert!(lines[1].starts_with("   │       ^"), "{lines:?}");
        let long = format!("{}- no-new-privileges:false", "x".repeat(500));
        let lines = marked(&written(&long, 501, 25), LOOK);
        assert!(lines[0].contains("no-new-privileges"), "{lines:?}");
        assert!(lines.iter().all(|line| display_width(line) <= 60), "{lines:?}");
    }

    #[test]
    fn a_place_outside_its_line_has_no_excerpt() {
        assert!(marked(&written("", 1, 1), LOOK).is_empty());
        assert!(marked(&written("short", 40, 1), LOOK).is_empty());
    }
}

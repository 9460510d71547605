//! The table: one row a target.

use owo_colors::Style;
use textwrap::core::display_width;

use super::Look;
use crate::model::severity::Severity;
use crate::model::target::Kind;
use crate::report::v1;
use crate::score::Grade;

/// The most columns that a name takes; a longer one is cut.
const NAME: usize = 22;

/// The fewest columns that a name is cut to where the table is too wide.
const SHORT_NAME: usize = 12;

/// The most columns that a list of users takes.
const USERS: usize = 12;

/// After the kind of the targets.
const TITLES: [&str; 8] = ["GRADE", "SCORE", "USER", "CAPS", "NNP", "ROOT", "SECCOMP", "FINDINGS"];

/// Those of targets in which nothing runs, nor is to run.
const SHORT_TITLES: [&str; 3] = ["GRADE", "SCORE", "FINDINGS"];

/// A cell: pieces of text, each with its style.
type Cell = Vec<(String, Style)>;

/// Whether something runs, or is to run, whose posture can be told in a few words.
pub(super) fn has_postures(targets: &[v1::Target]) -> bool {
    targets.iter().any(|target| matches!(target.kind, Kind::Container | Kind::Service))
}

pub(super) fn render(all: &[v1::Target], look: Look) -> String {
    let table = |name: usize| {
        let titles: &[&str] = if has_postures(all) { &TITLES } else { &SHORT_TITLES };
        let kind = all.first().map_or(Kind::Container, |target| target.kind);
        let kind = kind.name().to_uppercase();
        let head: Vec<Cell> =
            std::iter::once(kind.as_str()).chain(titles.iter().copied()).map(faint).collect();
        let targets = all.iter().map(|target| row(target, name, has_postures(all)));
        std::iter::once(head).chain(targets).collect::<Vec<_>>()
    };
    let mut rows = table(NAME);
    let mut widths = columns(&rows);
    let excess =
        (widths.iter().map(|column| column + 2).sum::<usize>() - 2).saturating_sub(look.width);
    if let Some(name) = widths.first().filter(|_| excess > 0) {
        rows = table(name.saturating_sub(excess).max(SHORT_NAME));
        widths = columns(&rows);
    }
    let lines: Vec<String> = rows.iter().map(|row| line(row, &widths, look)).collect();
    lines.join("\n")
}

fn columns(rows: &[Vec<Cell>]) -> Vec<usize> {
    (0..=TITLES.len())
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(width).max().unwrap_or(0))
        .collect()
}

fn line(row: &[Cell], widths: &[usize], look: Look) -> String {
    let mut line = String::new();
    for (cell, column) in row.iter().zip(widths) {
        for (text, style) in cell {
            line.push_str(&look.paint(text, *style));
        }
        line.push_str(&" ".repeat(column - width(cell) + 2));
    }
    line.trim_end().to_owned()
}

fn width(cell: &Cell) -> usize {
    cell.iter().map(|(text, _)| display_width(text)).sum()
}

fn faint(text: &str) -> Cell {
    vec![(text.to_owned(), Style::new().dimmed())]
}

fn row(target: &v1::Target, name: usize, has_postures: bool) -> Vec<Cell> {
    let summary = &target.summary;
    let bold = Style::new().bold();
    let mut cells = vec![
        vec![(cut(&target.name.to_string(), name), bold)],
        vec![(target.grade.letter().to_string(), of_grade(target.grade))],
        vec![(score(target), Style::new())],
    ];
    let postures = [
        (cut(&summary.user, USERS), summary.user.split(',').any(|user| user == "root")),
        (summary.capabilities.clone(), summary.capabilities != "0"),
        (summary.no_new_privileges.clone(), summary.no_new_privileges != "yes"),
        (summary.root.clone(), summary.root != "ro"),
        (summary.seccomp.clone(), !matches!(summary.seccomp.as_str(), "filter" | "strict")),
    ];
    cells.extend(postures.into_iter().filter(|_| has_postures).map(|(text, is_weak)| {
        vec![(text, if is_weak { Style::new().yellow() } else { Style::new() })]
    }));
    cells.push(counts(target));
    cells
}

pub(in crate::report) const fn of_grade(grade: Grade) -> Style {
    match grade {
        Grade::A | Grade::B => Style::new().bold().green(),
        Grade::C | Grade::D => Style::new().bold().yellow(),
        Grade::F => Style::new().bold().red(),
    }
}

/// `100`, or the floor and the ceiling where they differ.
fn score(target: &v1::Target) -> String {
    if target.floor == target.ceiling {
        target.floor.to_string()
    } else {
        format!("{}–{}", target.floor, target.ceiling)
    }
}

/// `1C 4H 2M`, `3?` for what is unknown, `2k` for what of these is known, `1w` for what
/// is waived.
fn counts(target: &v1::Target) -> Cell {
    let failed = |severity: Severity| {
        let broken = |it: &&v1::Finding| it.is_open() && it.severity == severity;
        target.findings.iter().filter(broken).count()
    };
    let mut cell = Cell::new();
    for (severity, letter) in Severity::ALL.into_iter().zip(["C", "H", "M", "L"]) {
        match failed(severity) {
            0 => {}
            count => cell.push((format!("{count}{letter}"), super::of_severity(severity))),
        }
    }
    if target.coverage.unknown > 0 {
        cell.push((format!("{}?", target.coverage.unknown), Style::new()));
    }
    let known = target.findings.iter().filter(|it| it.known).count();
    let waived = target.findings.iter().filter(|it| it.waived_at.is_some()).count();
    for (count, letter) in [(known, 'k'), (waived, 'w')].into_iter().filter(|it| it.0 > 0) {
        cell.push((format!("{count}{letter}"), Style::new().dimmed()));
    }
    if cell.is_empty() {
        return faint("none");
    }
    let gap = || (" ".to_owned(), Style::new());
    cell.into_iter()
        .enumerate()
        .flat_map(|(index, piece)| (index > 0).then(gap).into_iter().chain([piece]))
        .collect()
}

/// At most `most` columns, the last an ellipsis where something is cut off.
pub(in crate::report) fn cut(text: &str, most: usize) -> String {
    if display_width(text) <= most {
        return text.to_owned();
    }
    let mut kept = String::new();
    for character in text.chars() {
        if display_width(&kept) + display_width(character.encode_utf8(&mut [0; 4])) >= most {
            break;
        }
        kept.push(character);
    }
    kept + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_or_wide_name_is_cut_to_its_columns() {
        assert_eq!(cut("short", 8), "short");
        assert_eq!(cut("a-rather-long-name", 8), "a-rathe…");
        assert!(display_width(&cut("数据库数据库数据库", 8)) <= 8);
    }
}

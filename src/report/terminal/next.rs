//! What to do next with each target: the steps with their scores, then what to write.

use std::fmt::{self, Write as _};

use super::{Look, of_grade};
use crate::report::v1;
use crate::score::Grade;

/// How wide the score after a step is told.
const SCORE: usize = 12;

pub(super) fn write(out: &mut String, targets: &[v1::Target], look: Look) -> fmt::Result {
    let all = targets.iter().filter_map(|it| Some((it, it.next.as_ref()?)));
    for (place, (target, next)) in all.enumerate() {
        writeln!(out)?;
        if place == 0 {
            let why = look.faint("· by how much each change raises the score");
            writeln!(out, "{} {why}", look.bold(" →  what to do next"))?;
        }
        of_target(out, target, next, look)?;
    }
    Ok(())
}

fn of_target(out: &mut String, target: &v1::Target, next: &v1::Next, look: Look) -> fmt::Result {
    let name = &target.name;
    match next.steps.as_slice() {
        [] if next.left.is_empty() => {
            writeln!(
                out,
                "{}",
                look.wrap("  ", "    ", &format!("{name}: nothing is left to mend"))
            )?;
        }
        [] => {
            let what = format!("{name}: no setting raises the score");
            writeln!(out, "{}", look.wrap("  ", "    ", &what))?;
        }
        steps @ [.., last] => {
            let count = steps.len();
            let count = if count == 1 { "1 step".to_owned() } else { format!("{count} steps") };
            let from = score(target.grade, target.floor, look);
            let to = score(last.grade, last.floor, look);
            writeln!(out, "  {name}: {from} → {to} by {count}")?;
        }
    }
    let mut before = target.floor;
    for (number, step) in (1..).zip(&next.steps) {
        let what: Vec<&str> = step.settings.iter().map(|it| it.what()).collect();
        let gain = format!("{before:>3} → {:<3}", step.floor);
        let first = format!("  {number:>3}  {gain:<SCORE$}");
        let rest = " ".repeat(7 + SCORE);
        writeln!(out, "{}", look.wrap(&first, &rest, &what.join("; ")))?;
        before = step.floor;
    }
    if !next.later.is_empty() {
        let what: Vec<&str> = next.later.iter().map(|it| it.what()).collect();
        let held = next.held_by.join(", ");
        let text = format!("{}; the score is held by {held}", what.join("; "));
        writeln!(out, "{}", look.wrap("  later: ", "    ", &text))?;
    }
    if let Some(compose) = &next.compose {
        writeln!(out, "  compose: a file to be added with -f")?;
        for line in compose.lines() {
            writeln!(out, "    {}", comment(line, look))?;
        }
    }
    if let Some(run) = &next.run {
        options(out, run, look)?;
    }
    choices(out, next, look)?;
    left(out, next, look)
}

fn score(grade: Grade, floor: u8, look: Look) -> String {
    look.paint(&format!("{} {floor}", grade.letter()), of_grade(grade)).into_owned()
}

/// A line of the fragment, what has to be chosen fainter.
fn comment(line: &str, look: Look) -> String {
    match line.split_once("  # ") {
        Some((key, note)) => format!("{key}  {}", look.faint(&format!("# {note}"))),
        None => line.to_owned(),
    }
}

/// The options of `docker run`, so that they can be taken over as they stand.
fn options(out: &mut String, run: &v1::Run, look: Look) -> fmt::Result {
    let text = format!("docker run {} …", run.add);
    let lines = textwrap::wrap(
        &text,
        textwrap::Options::new(look.width.saturating_sub(6))
            .word_separator(textwrap::WordSeparator::AsciiSpace)
            .word_splitter(textwrap::WordSplitter::NoHyphenation)
            .break_words(false),
    );
    let last = lines.len().saturating_sub(1);
    for (place, line) in lines.iter().enumerate() {
        let end = if place < last { " \\" } else { "" };
        let indent = if place == 0 { "  " } else { "    " };
        writeln!(out, "{indent}{line}{end}")?;
    }
    if !run.leave_out.is_empty() {
        let all: Vec<String> = run.leave_out.iter().map(ToString::to_string).collect();
        writeln!(out, "{}", look.wrap("  leave out: ", "    ", &all.join(", ")))?;
    }
    Ok(())
}

/// What has to be chosen, where no fragment says it beside its key.
fn choices(out: &mut String, next: &v1::Next, look: Look) -> fmt::Result {
    let mut all: Vec<&str> =
        next.steps.iter().flat_map(|it| &it.choose).map(String::as_str).collect();
    all.dedup();
    if next.compose.is_some() || all.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", look.wrap("  choose: ", "    ", &all.join("; ")))
}

/// What no setting mends, which only the image or a person can.
fn left(out: &mut String, next: &v1::Next, look: Look) -> fmt::Result {
    if next.left.is_empty() {
        return Ok(());
    }
    let text = format!("{}: see how to fix each with secaudit explain RULE", next.left.join(", "));
    writeln!(out, "{}", look.faint(&look.wrap("  left: ", "    ", &text)))
}

//! For people.

use std::fmt::Write as _;

use owo_colors::Style;

use super::{Change, Changed, Diff, Score, Side, conclusion};
use crate::gate::counted;
use crate::report::terminal::Look;

/// How many names of replicas are shown.
const SHOWN: usize = 6;

/// Writes what has changed, the worst first.
pub fn render(diff: &Diff, look: Look) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_all(&mut out, diff, look);
    out
}

fn write_all(out: &mut String, diff: &Diff, look: Look) -> std::fmt::Result {
    for (word, side) in [("old", &diff.old), ("new", &diff.new)] {
        let Side { file, version, collected_at, policy, score_model, targets } = side;
        let targets = counted(*targets, "target");
        let text = format!(
            "{word}  {file} · {targets} · {collected_at} · secaudit {version} · policy \
             {policy} · score model {score_model}"
        );
        writeln!(out, "{}", look.wrap("", "     ", &text))?;
    }
    for remark in &diff.remarks {
        writeln!(out, "{}", look.wrap("  ! ", "    ", remark))?;
    }
    for of_one in diff.changes.chunk_by(|one, other| one.change == other.change) {
        let Some(first) = of_one.first() else { continue };
        let heading = format!("{} · {}", first.change.name().to_uppercase(), of_one.len());
        writeln!(out, "\n{}", look.paint(&heading, style(first.change)))?;
        of_one.iter().try_for_each(|it| one(out, it, look))?;
    }
    scores(out, &diff.scores, look)?;
    let text = format!(
        "{} fail or are unknown as before, {} are well as before",
        diff.still_bad, diff.still_well
    );
    writeln!(out, "\n{}", look.faint(&look.wrap("", "  ", &text)))?;
    writeln!(out, "{}", look.wrap("", "  ", &conclusion(diff)))
}

fn one(out: &mut String, changed: &Changed, look: Look) -> std::fmt::Result {
    let Changed { severity, rule, kind, target, .. } = changed;
    let label = format!("{:4}", severity.name().to_uppercase());
    let first = format!("  {label} ");
    let text = format!("{rule}: {} {target}: {}", kind.name(), changed.turn());
    let text = look.wrap(&first, "       ", &text);
    let rest = text.strip_prefix(&first).unwrap_or(&text);
    writeln!(out, "  {} {rest}", look.severity(*severity, &label))?;
    let mut beside = Vec::new();
    let is_itself = matches!(changed.on.as_slice(), [only] if only == target);
    if !is_itself && !changed.on.is_empty() {
        let mut names: Vec<String> =
            changed.on.iter().take(SHOWN).map(ToString::to_string).collect();
        if let Some(more @ 1..) = changed.on.len().checked_sub(SHOWN) {
            names.push(format!("{more} more"));
        }
        beside.push(names.join(", "));
    }
    beside.extend(changed.shown_by.as_ref().map(ToString::to_string));
    if !beside.is_empty() {
        let text = look.wrap("       ", "         ", &beside.join(": "));
        writeln!(out, "{}", look.faint(&text))?;
    }
    Ok(())
}

fn scores(out: &mut String, all: &[Score], look: Look) -> std::fmt::Result {
    let moved: Vec<String> = all.iter().filter(|it| it.before != it.now).map(score).collect();
    if moved.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", look.wrap("scores  ", "        ", &moved.join(", ")))
}

fn score(score: &Score) -> String {
    let said = |it: Option<u8>| it.map_or_else(|| "not there".to_owned(), |it| it.to_string());
    format!("{} {} → {}", score.target, said(score.before), said(score.now))
}

const fn style(change: Change) -> Style {
    match change {
        Change::New | Change::Worse => Style::new().bold().red(),
        Change::UnknownNow => Style::new().bold().yellow(),
        Change::Better | Change::Fixed => Style::new().bold().green(),
        Change::WaivedNow | Change::Gone => Style::new().bold(),
    }
}

//! Checklists: a row an item, a column a target, then what is not met and why.

use std::fmt::Write as _;

use owo_colors::Style;
use textwrap::core::display_width;

use super::{Look, cut};
use crate::model::untrusted::Untrusted;
use crate::report::v1::Target;
use crate::report::v1::checklist::{Checklist, Standing, Tick, Ticked};

/// The most columns of a target's name, and the fewest that it has.
const NAME: usize = 12;
const LEAST: usize = 5;

/// The fewest columns that an item's title is wrapped to.
const TITLE: usize = 28;

/// What the marks mean.
const LEGEND: &str = "✓ met · ✗ not met · ? nobody can tell · - does not apply";

/// Writes each checklist over the targets.
pub(super) fn write(
    out: &mut String,
    checklists: &[Checklist],
    targets: &[Target],
    look: Look,
) -> std::fmt::Result {
    for (place, checklist) in checklists.iter().enumerate() {
        let name = Untrusted::from(checklist.name.as_str()).to_string();
        let title = Untrusted::from(checklist.title.as_str());
        let text = look.wrap("", "    ", &format!(" ✓  {name} · {title}"));
        let head = format!(" ✓  {name}");
        let rest = text.strip_prefix(&head).unwrap_or_default();
        writeln!(out, "\n{}{rest}", look.bold(&head))?;
        Matrix { checklist, targets, place }.write(out, look)?;
    }
    if checklists.is_empty() { Ok(()) } else { writeln!(out, "{}", look.faint(LEGEND)) }
}

/// How all targets stand together, a line for each checklist.
pub(super) fn fleet(out: &mut String, checklists: &[Checklist], look: Look) -> std::fmt::Result {
    for checklist in checklists {
        let name = Untrusted::from(checklist.name.as_str());
        let text = format!("{name}: {} by all that they apply to", told(&checklist.fleet));
        writeln!(out, "{}", look.wrap("", "  ", &text))?;
    }
    Ok(())
}

/// `12 of 15 items met (80 %), 1 unknown`.
fn told(standing: &Standing) -> String {
    let Standing { met, not_met, unknown, floor, .. } = standing;
    let open = if *unknown > 0 { format!(", {unknown} unknown") } else { String::new() };
    format!("{met} of {} items met ({floor} %){open}", met + not_met + unknown)
}

/// One checklist beside all targets.
#[derive(Clone, Copy)]
struct Matrix<'a> {
    checklist: &'a Checklist,
    targets: &'a [Target],
    /// Which of the targets' sheets is this checklist's.
    place: usize,
}

impl<'a> Matrix<'a> {
    fn write(self, out: &mut String, look: Look) -> std::fmt::Result {
        let names: Vec<String> =
            self.targets.iter().map(|it| cut(&it.name.to_string(), NAME)).collect();
        let widths: Vec<usize> = names.iter().map(|it| display_width(it).max(LEAST)).collect();
        let ids = self.checklist.items.iter().map(|it| display_width(&it.id)).max().unwrap_or(0);
        let mut from = 0;
        while from < names.len() {
            // As many beside each other as there is room for, the others below.
            let mut room = look.width.saturating_sub(ids + 6 + TITLE);
            let fits = |width: &&usize| {
                let is_room = **width + 2 <= room;
                room = room.saturating_sub(**width + 2);
                is_room
            };
            let count = widths.iter().skip(from).take_while(fits).count().max(1);
            let beside = from..(from + count).min(names.len());
            self.block(out, (&names, &widths), beside.clone(), ids, look)?;
            from = beside.end;
        }
        self.silent(out, look)?;
        self.reasons(out, look)
    }

    /// What came of an item for a target.
    fn tick(self, target: &'a Target, item: usize) -> Option<&'a Tick> {
        target.checklists.get(self.place)?.items.get(item)
    }

    fn applies(self, item: usize) -> bool {
        let applies =
            |it: &Target| self.tick(it, item).is_some_and(|it| it.verdict != Ticked::NotApplicable);
        self.targets.iter().any(applies)
    }

    fn block(
        self,
        out: &mut String,
        (names, widths): (&[String], &[usize]),
        columns: std::ops::Range<usize>,
        ids: usize,
        look: Look,
    ) -> std::fmt::Result {
        let all: usize =
            widths.iter().skip(columns.start).take(columns.len()).map(|it| it + 2).sum();
        let title = look.width.saturating_sub(ids + 4 + all).clamp(TITLE, 60);
        let head = |name: &String, width: &usize| format!("  {}", padded(name, *width));
        let columns =
            || names.iter().zip(widths).zip(self.targets).skip(columns.start).take(columns.len());
        let line: String = columns().map(|((name, width), _)| head(name, width)).collect();
        writeln!(
            out,
            "{}",
            look.faint(format!("{}{line}", " ".repeat(ids + 4 + title)).trim_end())
        )?;
        for (place, item) in self.checklist.items.iter().enumerate().filter(|it| self.applies(it.0))
        {
            let text = Untrusted::from(item.title.as_str()).to_string();
            let wrapped = textwrap::wrap(&text, title);
            let mut lines = wrapped.iter();
            let first = lines.next().map_or("", |it| it);
            write!(out, "  {}  {}", padded(&item.id, ids), padded(first, title))?;
            let mut gap = String::new();
            for ((_, width), target) in columns() {
                let (mark, style) = mark(self.tick(target, place).map(|it| it.verdict));
                write!(out, "{gap}  {}", look.paint(mark, style))?;
                gap = " ".repeat(width - 1);
            }
            writeln!(out)?;
            for line in lines {
                writeln!(out, "{}{line}", " ".repeat(ids + 4))?;
            }
        }
        let standing = |target: &Target| {
            let standing = target.checklists.get(self.place).map(|it| it.standing)?;
            let of = standing.met + standing.not_met + standing.unknown;
            Some(format!("{}/{of}", standing.met))
        };
        let mut line = " ".repeat(ids + 4) + &padded("items met, of those that apply", title);
        for ((_, width), target) in columns() {
            line += &format!("  {}", padded(&standing(target).unwrap_or_default(), *width));
        }
        writeln!(out, "{}", look.bold(line.trim_end()))
    }

    /// The items that apply to none of the targets.
    fn silent(self, out: &mut String, look: Look) -> std::fmt::Result {
        let items = self.checklist.items.iter().enumerate();
        let none: Vec<&str> =
            items.filter(|it| !self.applies(it.0)).map(|it| it.1.id.as_str()).collect();
        if none.is_empty() {
            return Ok(());
        }
        let text = format!("applies to none of these: {}", none.join(", "));
        writeln!(out, "{}", look.faint(&look.wrap("  ", "    ", &text)))
    }

    /// Why items are not met, or nobody can tell.
    fn reasons(self, out: &mut String, look: Look) -> std::fmt::Result {
        for (place, item) in self.checklist.items.iter().enumerate() {
            for target in self.targets {
                let Some(tick) = self.tick(target, place) else { continue };
                let why = match tick.verdict {
                    Ticked::Met | Ticked::NotApplicable => continue,
                    Ticked::NotMet => tick.statements.first().cloned().unwrap_or_default(),
                    Ticked::Unknown => {
                        tick.gap.as_ref().map(|it| it.in_words()).unwrap_or_default()
                    }
                };
                let more = match tick.statements.len() {
                    0 | 1 => String::new(),
                    many => format!(" (and {} more)", many - 1),
                };
                let (mark, style) = mark(Some(tick.verdict));
                let text = format!("{} {}: {}{more}", item.id, target.name, Untrusted::from(why));
                let text = look.wrap("    ", "      ", &text);
                let text = text.strip_prefix("    ").unwrap_or(&text);
                writeln!(out, "  {} {text}", look.paint(mark, style))?;
            }
        }
        Ok(())
    }
}

fn mark(verdict: Option<Ticked>) -> (&'static str, Style) {
    match verdict {
        Some(Ticked::Met) => ("✓", Style::new().green()),
        Some(Ticked::NotMet) => ("✗", Style::new().bold().red()),
        Some(Ticked::Unknown) => ("?", Style::new().bold().yellow()),
        Some(Ticked::NotApplicable) | None => ("-", Style::new().dimmed()),
    }
}

fn padded(text: &str, width: usize) -> String {
    let text = cut(text, width);
    let gap = width.saturating_sub(display_width(&text));
    text + &" ".repeat(gap)
}

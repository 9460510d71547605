//! The scorecard for people: a row a target, then the findings, worst first.

mod checklists;
mod excerpt;
mod findings;
mod next;
mod reach;
mod table;
mod waivers;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

use findings::Broken;
use owo_colors::{OwoColorize, Style};

use super::v1;
use crate::model::severity::Severity;
use crate::model::target::Kind;
use crate::model::untrusted::Untrusted;

/// How a terminal wants it.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Columns to fill; what does not fit is wrapped or shortened.
    pub width: usize,
    /// Whether to colour.
    pub colour: bool,
}

impl Look {
    /// Paints every line by itself: a pager forgets a colour at the end of a line.
    pub(super) fn paint(self, text: &str, style: Style) -> Cow<'_, str> {
        if !self.colour {
            return text.into();
        }
        let lines: Vec<String> =
            text.split('\n').map(|line| line.style(style).to_string()).collect();
        lines.join("\n").into()
    }

    pub(crate) fn severity(self, severity: Severity, text: &str) -> Cow<'_, str> {
        self.paint(text, of_severity(severity))
    }

    pub(crate) fn bold(self, text: &str) -> Cow<'_, str> {
        self.paint(text, Style::new().bold())
    }

    pub(crate) fn faint(self, text: &str) -> Cow<'_, str> {
        self.paint(text, Style::new().dimmed())
    }

    /// A line that ends where the columns do.
    pub(crate) fn cut(self, line: &str) -> String {
        cut(line, self.width)
    }

    /// Wraps a text: the first line after `first`, the others after `rest`.
    pub(crate) fn wrap(self, first: &str, rest: &str, text: &str) -> String {
        let mut out = String::with_capacity(first.len() + text.len());
        // Writing to a string cannot fail.
        let _ = self.wrapped(&mut out, first, rest, format_args!("{text}"));
        out
    }

    /// Writes a text as [`Look::wrap`] does, and no end of the line.
    pub(super) fn wrapped(
        self,
        out: &mut String,
        first: &str,
        rest: &str,
        text: fmt::Arguments<'_>,
    ) -> fmt::Result {
        let (start, width) = (out.len(), self.width.max(40));
        out.push_str(first);
        out.write_fmt(text)?;
        // Bytes are never fewer than columns: what is short enough is one line.
        let text = out.get(start + first.len()..).unwrap_or_default();
        if out.len() - start <= width && !text.contains('\n') && !text.ends_with(' ') {
            return Ok(());
        }
        let options = textwrap::Options::new(width)
            .initial_indent(first)
            .subsequent_indent(rest)
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        let text = textwrap::fill(text, options);
        out.truncate(start);
        out.write_str(&text)
    }

    /// Writes something, and paints it where there are colours.
    pub(super) fn painted(
        self,
        out: &mut String,
        write: impl FnOnce(&mut String) -> fmt::Result,
        paint: impl FnOnce(&str) -> String,
    ) -> fmt::Result {
        let start = out.len();
        write(out)?;
        if self.colour {
            let plain = out.split_off(start);
            out.push_str(&paint(&plain));
        }
        Ok(())
    }
}

const fn of_severity(severity: Severity) -> Style {
    match severity {
        Severity::Crit => Style::new().bold().white().on_red(),
        Severity::High => Style::new().bold().red(),
        Severity::Med => Style::new().bold().yellow(),
        Severity::Low => Style::new().bold().cyan(),
    }
}

pub(super) use table::{cut, of_grade};
pub(super) use waivers::write as waivers;

/// What the columns of the table mean.
const LEGEND: &str = "\
SCORE from floor (unknown counts as failed) to ceiling · CAPS that a process can gain · NNP \
no-new-privileges · root* inside a user namespace · C H M L by severity, ? unknown";

/// What they mean where nothing runs.
const SHORT_LEGEND: &str = "\
SCORE from floor (unknown counts as failed) to ceiling · C H M L by severity, ? unknown";

/// Writes the whole scorecard.
pub fn render(report: &v1::Report, look: Look) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_all(&mut out, report, look);
    out
}

fn write_all(out: &mut String, report: &v1::Report, look: Look) -> fmt::Result {
    head(out, report, look)?;
    if !report.targets.is_empty() {
        writeln!(out, "\n{}", table::render(&report.targets, look))?;
        let legend = if table::has_postures(&report.targets) { LEGEND } else { SHORT_LEGEND };
        let has = |is_so: fn(&v1::Finding) -> bool| {
            report.targets.iter().flat_map(|it| &it.findings).any(is_so)
        };
        let known = if has(|it| it.known) { ", k of them known" } else { "" };
        let waived = if has(|it| it.waived_at.is_some()) { ", w waived" } else { "" };
        let legend = format!("{legend}{known}{waived}");
        writeln!(out, "{}", look.faint(&look.wrap("", "", &legend)))?;
    }
    Broken { targets: &report.targets, rules: &report.rules }.write(out, look)?;
    findings::unknown(out, &report.targets, look)?;
    waivers::write(out, &report.waivers, look)?;
    checklists::write(out, &report.checklists, &report.targets, look)?;
    next::write(out, &report.targets, look)?;
    foot(out, report, look)
}

/// One project of many: its table and what its services break, in short. The
/// frame is the report that they are all part of.
pub fn part(
    frame: &v1::Report,
    targets: &[v1::Target],
    waivers: &[v1::Waiver],
    look: Look,
) -> String {
    let mut out = String::new();
    if !targets.is_empty() {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{}", table::render(targets, look));
        let _ = Broken { targets, rules: &frame.rules }.write_in_short(&mut out, look);
        let _ = findings::unknown(&mut out, targets, look);
        let _ = waivers::write(&mut out, waivers, look);
        let _ = checklists::write(&mut out, &frame.checklists, targets, look);
        out.push('\n');
    }
    out
}

/// What stands below many projects: why the rules matter that any of them breaks,
/// and what all of them are together.
pub fn end(report: &v1::Report, broken: &BTreeSet<String>, look: Look) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = findings::reasons(&mut out, report, broken, look);
    let _ = clock(&mut out, report, look);
    let _ = foot(&mut out, report, look);
    out
}

fn head(out: &mut String, report: &v1::Report, look: Look) -> fmt::Result {
    let kind = report.targets.first().map_or(Kind::Container, |target| target.kind).name();
    let count = match report.targets.len() {
        0 if report.origin.found_by == v1::FoundBy::Compose => "no services".to_owned(),
        0 if report.origin.found_by == v1::FoundBy::Archive => "no images".to_owned(),
        0 if report.origin.found_by == v1::FoundBy::Dockerfile => "no Dockerfiles".to_owned(),
        0 => "no running containers".to_owned(),
        1 => format!("1 {kind}"),
        many => format!("{many} {kind}s"),
    };
    let by = match (&report.origin.engine, report.origin.found_by) {
        (Some(engine), v1::FoundBy::Engine) => format!(" of {engine}"),
        (None, v1::FoundBy::Engine) => String::new(),
        (_, v1::FoundBy::Compose) => files(report),
        (_, v1::FoundBy::Archive) => " of an archive".to_owned(),
        (_, v1::FoundBy::Dockerfile) => String::new(),
        (_, v1::FoundBy::Kernel) => " seen in /proc, without an engine".to_owned(),
    };
    let line =
        format!("{count}{by} · policy {} · score model {}", report.policy, report.score_model);
    let name = format!("secaudit {}", report.tool.version);
    let text = look.wrap("", "  ", &format!("{name} · {line}"));
    writeln!(out, "{}{}", look.bold(&name), text.strip_prefix(&name).unwrap_or(&text))?;
    for gap in &report.origin.gaps {
        let remedy =
            if gap.remedy.is_empty() { String::new() } else { format!(" → {}", gap.remedy) };
        let text = Untrusted::from(format!("{}{remedy}", gap.detail)).to_string();
        writeln!(out, "{}", look.wrap("  ", "  ", &text))?;
    }
    if !report.switched_off.is_empty() {
        let text = format!("switched off by the policy: {}", report.switched_off.join(", "));
        writeln!(out, "{}", look.wrap("  ", "  ", &text))?;
    }
    if let Some(file) = &report.settings {
        writeln!(out, "{}", look.wrap("  ", "    ", &format!("settings of {file}")))?;
    }
    if let Some(baseline) = &report.gate.baseline {
        let v1::Baseline { file, collected_at, policy, lacks, .. } = baseline;
        let text = format!("held against {file}, collected {collected_at} by policy {policy}");
        writeln!(out, "{}", look.wrap("  ", "    ", &text))?;
        if !lacks.is_empty() {
            let text = format!("it was not judged by {}: what they find is new", lacks.join(", "));
            writeln!(out, "{}", look.wrap("    ", "    ", &text))?;
        }
    }
    clock(out, report, look)?;
    let stated: u32 = report.targets.iter().map(|target| target.coverage.stated).sum();
    if report.accepts_declared {
        let note = format!(
            "declarations are accepted where no kernel can be reached: {stated} passes are stated, not verified"
        );
        writeln!(out, "{}", look.wrap("  ", "  ", &note))?;
    }
    Ok(())
}

/// That the clock is behind what is past.
fn clock(out: &mut String, report: &v1::Report, look: Look) -> fmt::Result {
    let Some(v1::ClockBehind { at, by }) = &report.clock_behind else { return Ok(()) };
    let text = format!(
        "the clock is behind: it says {}, and it was {at} already ({by}); waivers end by that day",
        report.collected_at
    );
    writeln!(out, "{}", look.wrap("  ", "    ", &Untrusted::from(text).to_string()))
}

/// Which compose files ask for the targets.
fn files(report: &v1::Report) -> String {
    let all = report.targets.iter().filter_map(|it| Some(it.id.rsplit_once('#')?.0));
    let files: BTreeSet<&str> = all.collect();
    match files.first() {
        Some(file) if files.len() == 1 => format!(" of {}", Untrusted::from(*file)),
        _ => format!(" of {} projects", files.len()),
    }
}

fn foot(out: &mut String, report: &v1::Report, look: Look) -> fmt::Result {
    if let Some(fleet) =
        report.fleet.as_ref().filter(|fleet| fleet.grades.values().sum::<u32>() > 1)
    {
        let grades: Vec<String> =
            fleet.grades.iter().map(|(grade, count)| format!("{count} × {grade}")).collect();
        writeln!(
            out,
            "\nfleet  worst {}, median {}, {}",
            fleet.worst,
            fleet.median,
            grades.join(", ")
        )?;
    } else {
        writeln!(out)?;
    }
    checklists::fleet(out, &report.checklists, look)?;
    if let Some(line) = reach::render(report, look) {
        writeln!(out, "{}", look.faint(&line))?;
    }
    let text = look.wrap("", "  ", &conclusion(report));
    let (word, rest) = text.split_at(text.find(':').unwrap_or(text.len()));
    let style = match report.gate.exit_code {
        _ if report.fleet.is_none() => Style::new(),
        0 => Style::new().green(),
        1 => Style::new().red(),
        _ => Style::new().yellow(),
    };
    writeln!(out, "{}{rest}", look.paint(word, style.bold()))
}

/// What the gate says in one line: a word in capitals, then why.
pub fn conclusion(report: &v1::Report) -> String {
    let gate = &report.gate;
    let all = (gate.failures.as_slice(), gate.gaps.as_slice());
    if report.fleet.is_none() && gate.failures.is_empty() && gate.gaps.is_empty() {
        return "NOTHING TO AUDIT".to_owned();
    }
    verdict(all, gate.fail_on, gate.baseline.as_ref().map(|it| it.known))
}

/// What a gate says, by why it fails and why it is incomplete.
pub(super) fn verdict(
    (failures, gaps): (&[String], &[String]),
    fail_on: Option<Severity>,
    known: Option<usize>,
) -> String {
    let all = || [failures, gaps].concat().join("; ");
    match (failures.is_empty(), gaps.is_empty(), fail_on) {
        (true, true, Some(least)) => {
            let (new, known) = match known {
                None => ("", String::new()),
                Some(known) => (" new", format!(", {known} known")),
            };
            format!("PASSED: nothing{new} at {least} or above failed or is unknown{known}")
        }
        (true, true, None) => "PASSED: findings do not fail this audit".to_owned(),
        (true, false, _) => format!("INCOMPLETE: {}", all()),
        (false, ..) => format!("FAILED: {}", all()),
    }
}

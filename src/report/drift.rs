//! The result of a drift audit: its frozen shape, version 1, and a writer for people.

use std::fmt::Write as _;

use owo_colors::Style;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use textwrap::core::display_width;

use super::terminal::Look;
use super::v1::Written;
use super::{tool, written};
use crate::drift::{Drift, Row, Standing, Worth};
use crate::model::reading::{Gap, Reading};
use crate::model::untrusted::Untrusted;

/// What the `schema` field holds.
pub const SCHEMA: &str = "secaudit/drift/v1";

/// A project's files beside what runs of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Always `secaudit/drift/v1`.
    pub schema: String,
    /// The program that compared.
    pub tool: super::v1::Tool,
    /// When the evidence was collected, in UTC (RFC 3339).
    pub collected_at: String,
    /// The project's name.
    pub project: Untrusted,
    /// 0 nothing has drifted, 1 something is weaker or not in the files, 3 something
    /// cannot be verified or does not run.
    pub exit_code: u8,
    /// Every running container of the project that the files ask for.
    pub containers: Vec<Container>,
    /// The services of which no container runs.
    pub not_running: Vec<Untrusted>,
    /// The containers of the project whose service the files do not name.
    pub not_in_the_files: Vec<Orphan>,
}

/// A container beside its service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Container {
    /// Its name.
    pub name: Untrusted,
    /// The service that it is of.
    pub service: Untrusted,
    /// The worst of its properties.
    pub verdict: Verdict,
    /// Every property.
    pub properties: Vec<Property>,
}

/// A container that no file asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Orphan {
    /// Its name.
    pub name: Untrusted,
    /// The service that its label names.
    pub service: Untrusted,
}

/// One property; `null` where it is not known or nobody has a word on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Property {
    /// The key of a compose file that sets it.
    pub key: String,
    /// How what runs stands to the files.
    pub verdict: Verdict,
    /// What the files ask for.
    pub file: Option<Untrusted>,
    /// What the engine was told.
    pub engine: Option<Untrusted>,
    /// What the kernel enforces, of every process that differs.
    pub effective: Option<Untrusted>,
    /// What is granted and the files do not ask for, where it is one of a list.
    pub beyond: Vec<Untrusted>,
    /// Where the files say so.
    pub written: Option<Written>,
    /// Why it cannot be verified.
    pub gap: Option<Gap>,
}

/// How something that runs stands to the file that asks for it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// As asked for.
    Same,
    /// Stronger.
    Stronger,
    /// Neither stronger nor weaker, and not what was asked for.
    Different,
    /// Nobody can tell.
    Unverifiable,
    /// Weaker.
    Weaker,
}

impl Verdict {
    /// The word used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Stronger => "stronger",
            Self::Different => "different",
            Self::Unverifiable => "unverifiable",
            Self::Weaker => "weaker",
        }
    }

    const fn style(self) -> Style {
        match self {
            Self::Same => Style::new().dimmed(),
            Self::Stronger => Style::new().green(),
            Self::Different | Self::Unverifiable => Style::new().yellow(),
            Self::Weaker => Style::new().bold().red(),
        }
    }
}

impl From<Standing> for Verdict {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Same => Self::Same,
            Standing::Stronger => Self::Stronger,
            Standing::Different => Self::Different,
            Standing::Unverifiable => Self::Unverifiable,
            Standing::Weaker => Self::Weaker,
        }
    }
}

/// Puts a comparison into the public shape.
pub fn assemble(drift: &Drift, project: &str, collected_at: &str) -> Report {
    let containers: Vec<Container> = drift
        .pairs
        .iter()
        .map(|pair| {
            let properties: Vec<Property> = pair.rows.iter().map(property).collect();
            Container {
                name: pair.container.clone(),
                service: pair.service.clone(),
                verdict: properties.iter().map(|it| it.verdict).max().unwrap_or(Verdict::Same),
                properties,
            }
        })
        .collect();
    let has = |verdict| containers.iter().any(|it| it.verdict == verdict);
    let exit_code = if has(Verdict::Weaker) || !drift.orphans.is_empty() {
        1
    } else if has(Verdict::Unverifiable) || !drift.idle.is_empty() {
        3
    } else {
        0
    };
    let orphan = |(name, service): &(Untrusted, Untrusted)| Orphan {
        name: name.clone(),
        service: service.clone(),
    };
    Report {
        schema: SCHEMA.to_owned(),
        tool: tool(),
        collected_at: collected_at.to_owned(),
        project: project.into(),
        exit_code,
        containers,
        not_running: drift.idle.clone(),
        not_in_the_files: drift.orphans.iter().map(orphan).collect(),
    }
}

fn property(row: &Row) -> Property {
    let said = |reading: &Reading<Worth>| reading.known().map(|it| it.to_string().into());
    let mut effective: Vec<String> =
        row.effective.iter().filter_map(Reading::known).map(ToString::to_string).collect();
    effective.sort_unstable();
    effective.dedup();
    let place = match &row.file {
        Reading::Known(_, evidence) => evidence.iter().find_map(|it| it.written.as_deref()),
        Reading::Missing(_) | Reading::Inapplicable => None,
    };
    Property {
        key: row.property.to_owned(),
        verdict: row.standing.into(),
        file: said(&row.file),
        engine: said(&row.engine),
        effective: (!effective.is_empty()).then(|| effective.join("; ").into()),
        beyond: row.beyond.iter().map(|it| it.as_str().into()).collect(),
        written: place.map(written),
        gap: row.gap().filter(|_| row.standing == Standing::Unverifiable).cloned(),
    }
}

/// The blanks of a row of the table.
const GAPS: usize = 10;

/// What a column gets that could do with more.
const LEAST: usize = 6;

/// Writes the report for a person: what is not as asked for, or all of it.
pub fn render(report: &Report, all: bool, look: Look) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_all(&mut out, report, all, look);
    out
}

fn write_all(out: &mut String, report: &Report, all: bool, look: Look) -> std::fmt::Result {
    for container in &report.containers {
        let shown = |it: &&Property| all || it.verdict != Verdict::Same;
        let rows: Vec<&Property> = container.properties.iter().filter(shown).collect();
        let hidden = container.properties.len() - rows.len();
        let same = if hidden == 0 { String::new() } else { format!(" · {hidden} as asked for") };
        let title = format!("{} ({})", container.service, container.name);
        if display_width(&title) + display_width(&same) <= look.width {
            writeln!(out, "{}{}", look.bold(&title), look.faint(&same))?;
        } else {
            writeln!(out, "{}", look.bold(&look.wrap("", "  ", &(title + &same))))?;
        }
        table(out, &rows, look)?;
        for property in rows {
            beside(out, property, look)?;
        }
        writeln!(out)?;
    }
    for name in &report.not_running {
        let text = format!("{name}: no container of this service runs");
        writeln!(out, "{}", look.wrap("", "  ", &text))?;
    }
    for Orphan { name, service } in &report.not_in_the_files {
        let text = format!("{name}: it runs, and the files name no service {service}");
        writeln!(out, "{}", look.wrap("", "  ", &text))?;
    }
    writeln!(out, "{}", conclusion(report))
}

fn table(out: &mut String, rows: &[&Property], look: Look) -> std::fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    let said =
        |it: &Option<Untrusted>| it.as_ref().map_or_else(|| "·".to_owned(), ToString::to_string);
    let mut lines = vec![["PROPERTY", "FILES", "ENGINE", "IN FORCE", "VERDICT"].map(str::to_owned)];
    lines.extend(rows.iter().map(|it| {
        let (name, verdict) = (name(it).to_owned(), it.verdict.name().to_owned());
        [name, said(&it.file), said(&it.engine), said(&it.effective), verdict]
    }));
    let widest = |column: usize| {
        lines.iter().filter_map(|it| it.get(column)).map(|it| display_width(it)).max().unwrap_or(0)
    };
    // What is said gets what room the first and the last column leave.
    let room = look.width.saturating_sub(GAPS + widest(4));
    let names = widest(0).min(room.saturating_sub(3 * LEAST).max(LEAST));
    let said = [widest(1), widest(2), widest(3)];
    let [files, engine, in_force] = shared(said, room.saturating_sub(names));
    let widths = [names, files, engine, in_force, widest(4)];
    for (index, line) in lines.iter().enumerate() {
        let mut text = String::from(" ");
        for (cell, width) in line.iter().zip(widths) {
            let cell = super::terminal::cut(cell, width.max(4));
            let gap = width.max(4).saturating_sub(display_width(&cell));
            write!(text, " {cell}{} ", " ".repeat(gap))?;
        }
        let style = match index.checked_sub(1).and_then(|it| rows.get(it)) {
            Some(row) => row.verdict.style(),
            None => Style::new().dimmed(),
        };
        writeln!(out, "{}", look.paint(text.trim_end(), style))?;
    }
    Ok(())
}

/// The key alone, without the one that it stands in.
fn name(property: &Property) -> &str {
    property.key.split_once(": ").map_or(&property.key, |(_, own)| own)
}

/// Divides the room among columns: who needs less leaves it to the others.
fn shared(wanted: [usize; 3], room: usize) -> [usize; 3] {
    let mut sorted = wanted;
    sorted.sort_unstable();
    let (mut left, mut most) = (room, 0);
    for (place, width) in sorted.into_iter().enumerate() {
        most = width.min(left / (3 - place));
        left -= most;
    }
    wanted.map(|it| it.min(most))
}

/// What is more than asked for, where the files say so, and why something cannot
/// be verified.
fn beside(out: &mut String, property: &Property, look: Look) -> std::fmt::Result {
    if property.verdict == Verdict::Same {
        return Ok(());
    }
    if !property.beyond.is_empty() {
        let more: Vec<String> = property.beyond.iter().map(ToString::to_string).collect();
        let text = format!("{}: more than asked for: {}", property.key, more.join(", "));
        writeln!(out, "{}", look.wrap("  ", "    ", &text))?;
    }
    if let Some(at) = &property.written {
        let text = format!("{}: {}:{}:{}", property.key, at.file, at.line, at.column);
        writeln!(out, "{}", look.faint(&look.wrap("  ", "    ", &text)))?;
    }
    if let Some(gap) = &property.gap {
        let text = Untrusted::from(format!("{}: {}", property.key, gap.in_words())).to_string();
        writeln!(out, "{}", look.faint(&look.wrap("  ", "    ", &text)))?;
    }
    Ok(())
}

/// In one line: a word in capitals, then why.
pub fn conclusion(report: &Report) -> String {
    let count = |verdict| {
        let all = report.containers.iter().flat_map(|it| &it.properties);
        all.filter(|it| it.verdict == verdict).count()
    };
    let several = |count: usize, what: &str| match count {
        0 => None,
        1 => Some(format!("1 {what}")),
        _ => Some(format!("{count} {}", what.replace("property", "properties"))),
    };
    let facts = [
        several(count(Verdict::Weaker), "property weaker than the files"),
        several(report.not_in_the_files.len(), "not in the files"),
        several(count(Verdict::Unverifiable), "property that cannot be verified"),
        several(report.not_running.len(), "not running"),
    ];
    let facts: Vec<String> = facts.into_iter().flatten().collect();
    match report.exit_code {
        0 => "PASSED: what runs is at least what the files ask for".to_owned(),
        1 => format!("DRIFTED: {}", facts.join("; ")),
        _ => format!("INCOMPLETE: {}", facts.join("; ")),
    }
}

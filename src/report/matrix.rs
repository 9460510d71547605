//! One project under several profiles or sets of files, side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use owo_colors::Style;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use textwrap::core::display_width;

use super::terminal::{self, Look, cut, of_grade};
use super::{Gathered, v1};
use crate::model::untrusted::Untrusted;

/// What the `schema` field holds.
pub const SCHEMA: &str = "secaudit/matrix/v1";

/// The most columns that a name takes.
const NAME: usize = 24;

/// A project's reports, one for each of its environments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Matrix {
    /// Always `secaudit/matrix/v1`.
    pub schema: String,
    /// The worst of the environments: 1 where any fails, else 3 where any is
    /// incomplete, else 0.
    pub exit_code: u8,
    /// The environments, in the order in which they were asked for.
    pub environments: Vec<Environment>,
}

/// A project as one profile, or one set of files, makes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// The profile, or the files.
    pub name: Untrusted,
    /// What it scores.
    pub report: v1::Report,
}

impl Matrix {
    /// Puts the environments side by side.
    pub fn new(environments: Vec<Environment>) -> Self {
        let codes = || environments.iter().map(|it| it.report.gate.exit_code);
        let exit_code = [1, 3].into_iter().find(|code| codes().any(|it| it == *code));
        Self { schema: SCHEMA.to_owned(), exit_code: exit_code.unwrap_or(0), environments }
    }
}

/// Writes the matrix for a person: a row a service, a column an environment, then
/// what is broken in some of them and not in others, and the waivers.
pub fn render(matrix: &Matrix, look: Look) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = table(&mut out, matrix, look);
    let _ = differences(&mut out, matrix, look);
    let _ = terminal::waivers(&mut out, &waivers(matrix), look);
    let _ = conclusions(&mut out, matrix, look);
    out
}

/// As many environments beside each other as there is room for, the others below.
fn table(out: &mut String, matrix: &Matrix, look: Look) -> std::fmt::Result {
    let most = NAME.min(look.width.saturating_sub(2) / 2);
    let all = matrix.environments.iter().flat_map(|it| &it.report.targets);
    let services: BTreeSet<String> = all.map(|it| it.name.to_string()).collect();
    let first = services.iter().map(|it| display_width(it)).max().unwrap_or(0).clamp(7, most);
    let mut columns: &[Environment] = &matrix.environments;
    while !columns.is_empty() {
        let mut room = look.width.saturating_sub(first);
        let fits = |it: &&Environment| {
            let needed = 2 + width(it, most);
            let is_room = needed <= room;
            room = room.saturating_sub(needed);
            is_room
        };
        let count = columns.iter().take_while(fits).count().max(1);
        let (beside, below) = columns.split_at_checked(count).unwrap_or((columns, &[]));
        block(out, beside, &services, (first, most), look)?;
        if !below.is_empty() {
            writeln!(out)?;
        }
        columns = below;
    }
    Ok(())
}

/// How wide an environment's column is.
fn width(environment: &Environment, most: usize) -> usize {
    display_width(&environment.name.to_string()).clamp(8, most)
}

/// A row a service, a column an environment.
fn block(
    out: &mut String,
    environments: &[Environment],
    services: &BTreeSet<String>,
    (first, most): (usize, usize),
    look: Look,
) -> std::fmt::Result {
    let mut head = padded("SERVICE", first);
    for environment in environments {
        let name = environment.name.to_string();
        write!(head, "  {}", padded(&name, width(environment, most)))?;
    }
    writeln!(out, "{}", look.faint(head.trim_end()))?;
    for service in services {
        write!(out, "{}", look.bold(&padded(service, first)))?;
        let mut gap = 0;
        for environment in environments {
            let of = environment.report.targets.iter().find(|it| it.name.to_string() == *service);
            let (text, style) = match of {
                Some(target) => (score(target), of_grade(target.grade)),
                None => ("·".to_owned(), Style::new().dimmed()),
            };
            // The last column needs no blanks behind it.
            write!(out, "{}  {}", " ".repeat(gap), look.paint(&text, style))?;
            gap = width(environment, most).saturating_sub(display_width(&text));
        }
        writeln!(out)?;
    }
    Ok(())
}

/// `B 84`, or the floor and the ceiling where they differ.
fn score(target: &v1::Target) -> String {
    let letter = target.grade.letter();
    if target.floor == target.ceiling {
        format!("{letter} {}", target.floor)
    } else {
        format!("{letter} {}–{}", target.floor, target.ceiling)
    }
}

fn padded(text: &str, width: usize) -> String {
    let text = cut(text, width);
    let gap = width.saturating_sub(display_width(&text));
    text + &" ".repeat(gap)
}

/// The findings that some environments have and others, with the same service, have not.
fn differences(out: &mut String, matrix: &Matrix, look: Look) -> std::fmt::Result {
    let mut broken: BTreeMap<(String, &str), Vec<String>> = BTreeMap::new();
    let mut present: BTreeMap<String, usize> = BTreeMap::new();
    for Environment { name, report } in &matrix.environments {
        for target in &report.targets {
            *present.entry(target.name.to_string()).or_default() += 1;
            for finding in target.findings.iter().filter(|it| it.is_open()) {
                let key = (target.name.to_string(), &*finding.rule);
                broken.entry(key).or_default().push(name.to_string());
            }
        }
    }
    let differs = |(service, _): &(String, &str), at: &[String]| {
        present.get(service).is_some_and(|all| at.len() < *all)
    };
    let rows: Vec<_> = broken.iter().filter(|(key, at)| differs(key, at)).collect();
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", look.bold("broken in some, and not in others"))?;
    for ((service, rule), at) in rows {
        let text = format!("{service}: {rule}: {}", at.join(", "));
        writeln!(out, "{}", look.wrap("  ", "    ", &text))?;
    }
    Ok(())
}

/// The waivers of all environments and what they cover, each once: one that a service
/// of any of them needs is in force.
fn waivers(matrix: &Matrix) -> Vec<v1::Waiver> {
    let mut gathered = Gathered::default();
    matrix.environments.iter().for_each(|it| gathered.add(it.report.waivers.clone()));
    let mut all = gathered.close();
    for waiver in &mut all {
        let mut seen = BTreeSet::new();
        waiver.covers.retain(|it| seen.insert(it.clone()));
    }
    all
}

fn conclusions(out: &mut String, matrix: &Matrix, look: Look) -> std::fmt::Result {
    writeln!(out)?;
    for Environment { name, report } in &matrix.environments {
        let text = format!("{name}: {}", terminal::conclusion(report));
        writeln!(out, "{}", look.wrap("", "  ", &text))?;
    }
    Ok(())
}

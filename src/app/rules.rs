//! `secaudit rules`, `explain` and `schema`: what the program knows of itself.

use std::fmt::Write as _;

use super::args::{Described, Explain, Rules, RulesFormat, Schema};
use super::exit::{self, Failure};
use super::output::{self, Terminal};
use crate::policy::nearest;
use crate::report::terminal::Look;
use crate::report::{self, diff, drift, matrix, reference, v1};
use crate::rules::{self, Rule, Section};

pub(super) fn list(command: &Rules, terminal: Terminal) -> Result<u8, Failure> {
    let text = match command.format {
        RulesFormat::Terminal => listed(terminal),
        RulesFormat::Markdown => reference::markdown(),
    };
    output::print(&text).map(|()| exit::CLEAN)
}

fn listed(terminal: Terminal) -> String {
    let look = terminal.look(false);
    let widest = rules::ALL.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    for rule in rules::ALL {
        // Writing to a string cannot fail.
        let severity = format!("{:4}", rule.severity);
        let severity = look.severity(rule.severity, &severity);
        let _ = writeln!(text, "{:widest$}  {severity}  {}", rule.id, rule.title);
    }
    text
}

pub(super) fn explain(command: &Explain, terminal: Terminal) -> Result<u8, Failure> {
    let rule = rules::find(&command.rule).ok_or_else(|| unknown(&command.rule))?;
    output::print(&explained(rule, terminal)).map(|()| exit::CLEAN)
}

fn unknown(id: &str) -> Failure {
    let known: Vec<&str> = rules::ALL.iter().map(|rule| rule.id).collect();
    let hint = nearest(id, &known).map_or_else(
        || "`secaudit rules` lists them all".to_owned(),
        |near| format!("did you mean {near}?"),
    );
    let id = crate::model::untrusted::Untrusted::from(id);
    Failure::Usage(format!("there is no rule {id}; {hint}"))
}

fn explained(rule: &Rule, terminal: Terminal) -> String {
    let look = terminal.look(false);
    let mut text = format!("{} · {} · {}\n", look.bold(rule.id), rule.severity, rule.title);
    text.push_str(&format!("asked of {}\n", rule.asked_of()));
    for (title, section) in
        [("", Section::What), ("Why it matters", Section::Why), ("How to fix", Section::Fix)]
    {
        text.push('\n');
        if !title.is_empty() {
            text.push_str(&format!("{}\n", look.bold(title)));
        }
        let is_prose = section != Section::Fix;
        let lines = rule.section(section);
        let blocks: Vec<String> = if is_prose {
            lines.split(|line| line.is_empty()).map(|lines| paragraph(lines, look)).collect()
        } else {
            lines.into_iter().map(|line| look.wrap("  ", "    ", line)).collect()
        };
        text.push_str(&blocks.join(if is_prose { "\n\n" } else { "\n" }));
        text.push('\n');
    }
    if !rule.parameters.is_empty() {
        text.push_str(&format!("\n{}\n", look.bold("Parameters")));
        for parameter in rule.parameters {
            let default = parameter.default_in_words();
            let line = format!("{}: {} (default: {default})", parameter.name, parameter.about);
            text.push_str(&format!("{}\n", look.wrap("  ", "    ", &line)));
        }
    }
    if !rule.references.is_empty() {
        text.push_str(&format!("\n{}\n", look.bold("Known elsewhere as")));
        // People search by them, so none is torn at the end of a line.
        let whole = rule.references.join(", ").replace(' ', "\u{a0}").replace(",\u{a0}", ", ");
        let wrapped = look.wrap("  ", "  ", &whole).replace('\u{a0}', " ");
        text.push_str(&format!("{wrapped}\n"));
    }
    text
}

/// A paragraph as one running text, or a list as an item a line.
fn paragraph(lines: &[&str], look: Look) -> String {
    let mut items: Vec<Vec<&str>> = Vec::new();
    for line in lines {
        match items.last_mut() {
            Some(item) if !line.starts_with("- ") => item.push(line.trim_start()),
            _ => items.push(vec![line]),
        }
    }
    let is_list = lines.iter().any(|line| line.starts_with("- "));
    let rest = if is_list { "    " } else { "  " };
    let wrapped: Vec<String> =
        items.iter().map(|item| look.wrap("  ", rest, &item.join(" "))).collect();
    wrapped.join("\n")
}

pub(super) fn schema(command: &Schema) -> Result<u8, Failure> {
    let text = match command.what {
        Described::Scorecard => report::schema::<v1::Report>(),
        Described::Drift => report::schema::<drift::Report>(),
        Described::Matrix => report::schema::<matrix::Matrix>(),
        Described::Diff => report::schema::<diff::Diff>(),
    };
    let text = text.map_err(|error| Failure::Bug(error.to_string()))?;
    output::print(&text).map(|()| exit::CLEAN)
}

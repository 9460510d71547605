//! `secaudit checklists`: what documents ask for, and what decides it.

use std::fmt::Write as _;

use super::args::{Checklists, RulesFormat};
use super::audit;
use super::exit::{self, Failure};
use super::output::{self, Terminal};
use crate::policy::{Checklist, Policy, Selected};
use crate::report::reference;
use crate::report::terminal::Look;

pub(super) fn run(command: &Checklists, terminal: Terminal) -> Result<u8, Failure> {
    let mut policy = Policy::baseline();
    audit::add_checklist(&mut policy, command.which.as_deref().unwrap_or("all".as_ref()))?;
    let all = &policy.checklists;
    let look = terminal.look(false);
    let text = match (command.format, command.which.is_some()) {
        (RulesFormat::Markdown, _) => reference::checklists(all),
        (RulesFormat::Terminal, true) => all.iter().map(|it| items(it, look)).collect(),
        (RulesFormat::Terminal, false) => names(all),
    };
    output::print(&text).map(|()| exit::CLEAN)
}

/// A line a checklist.
fn names(all: &[Checklist]) -> String {
    let widest = all.iter().map(|it| it.name.len()).max().unwrap_or(0);
    let line =
        |it: &Checklist| format!("{:widest$}  {:2} items  {}\n", it.name, it.items.len(), it.title);
    all.iter().map(line).collect()
}

/// A checklist's items, each with what decides it.
fn items(checklist: &Checklist, look: Look) -> String {
    let mut text = format!("{} · {}\n", look.bold(&checklist.name), checklist.title);
    for item in &checklist.items {
        // Writing to a string cannot fail.
        let line = format!("{:5}  {}", item.id, item.title);
        let _ = writeln!(text, "\n{}", look.wrap("", "       ", &line));
        let of = |all: &[String]| {
            if all.is_empty() { String::new() } else { format!(", {}", all.join(" or ")) }
        };
        let on: Vec<&str> = item.on.iter().map(|it| it.name()).collect();
        let rules: Vec<String> = item.rules.iter().map(Selected::in_words).collect();
        let line =
            format!("{} · asked of {}{}", rules.join(" and "), on.join(", "), of(&item.roles));
        let _ = writeln!(text, "{}", look.faint(&look.wrap("       ", "       ", &line)));
    }
    text
}

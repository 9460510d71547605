//! The references in Markdown: the rules, from their own doc comments, and the
//! checklists.

use std::fmt::Write as _;

use crate::policy::Checklist;
use crate::rules::{self, Rule, Section};

/// Every rule: what, why, how to fix, parameters and other names.
pub fn markdown() -> String {
    let mut out = String::from(
        "# The rules\n\nMade from the rules' doc comments by `secaudit rules --format markdown`.\n\n\
         | rule | severity | what must hold |\n|---|---|---|\n",
    );
    for rule in rules::ALL {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "| [{0}](#{0}) | {1} | {2} |", rule.id, rule.severity, rule.title);
    }
    for rule in rules::ALL {
        let _ = one(&mut out, rule);
    }
    out
}

fn one(out: &mut String, rule: &Rule) -> std::fmt::Result {
    writeln!(out, "\n## {}\n", rule.id)?;
    writeln!(out, "*{}, {}, asked of {}*\n", rule.title, rule.severity, rule.asked_of())?;
    writeln!(out, "{}\n", rule.section(Section::What).join("\n"))?;
    writeln!(out, "**Why it matters.** {}\n", rule.prose(Section::Why))?;
    writeln!(out, "**How to fix.**\n")?;
    for line in rule.section(Section::Fix) {
        writeln!(out, "- {line}")?;
    }
    if !rule.parameters.is_empty() {
        writeln!(out, "\n**Parameters.**\n")?;
    }
    for parameter in rule.parameters {
        let default = parameter.default_in_words();
        writeln!(out, "- `{}`: {} (default: {default})", parameter.name, parameter.about)?;
    }
    if rule.references.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n**Known elsewhere as** {}.", rule.references.join(", "))
}

/// Checklists: every item, what decides it, and of what it is asked.
pub fn checklists(all: &[Checklist]) -> String {
    let mut out = String::from(
        "# The checklists\n\nMade from `policies/checklists/` by `secaudit checklists --format \
         markdown`.\n",
    );
    for checklist in all {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "\n## {}\n\n*{}*\n", checklist.name, checklist.title);
        let _ = writeln!(out, "| item | what must hold | section | asked of | decided by |");
        let _ = writeln!(out, "|---|---|---|---|---|");
        for item in &checklist.items {
            let on: Vec<&str> = item.on.iter().map(|it| it.name()).collect();
            let on = [on.join(", "), item.roles.join(" or ")];
            let on: Vec<String> = on.into_iter().filter(|it| !it.is_empty()).collect();
            let rules: Vec<String> =
                item.rules.iter().map(|it| linked(&it.in_words(), it.rule.id)).collect();
            let cells = [&item.id, &item.title, &item.section, &on.join("; "), &rules.join(", ")];
            let cells = cells.map(|it| it.replace('|', "\\|")).join(" | ");
            let _ = writeln!(out, "| {cells} |");
        }
    }
    out
}

/// What is said of a rule, with its id as a link.
fn linked(words: &str, id: &str) -> String {
    words.replacen(id, &format!("[{id}](rules.md#{id})"), 1)
}

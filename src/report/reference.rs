//! The rule reference in Markdown, from the rules' own doc comments.

use std::fmt::Write as _;

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

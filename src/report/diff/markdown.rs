//! For pull requests: what somebody else chose stands in code spans, where
//! nothing of it is obeyed.

use std::fmt::Write as _;

use super::{Diff, Score, conclusion};
use crate::gate::counted;
use crate::model::untrusted::Untrusted;

/// Writes what has changed as GitHub-flavoured Markdown.
pub fn markdown(diff: &Diff) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_all(&mut out, diff);
    out
}

fn write_all(out: &mut String, diff: &Diff) -> std::fmt::Result {
    let said = conclusion(diff);
    let (word, why) = said.split_once(": ").unwrap_or((&said, ""));
    writeln!(out, "## secaudit: {}\n", word.to_lowercase())?;
    writeln!(out, "{}\n", code(why))?;
    for (word, side) in [("old", &diff.old), ("new", &diff.new)] {
        let (file, at) = (code(&side.file.to_string()), code(&side.collected_at.to_string()));
        writeln!(out, "- {word}: {file}, collected {at}, {}", counted(side.targets, "target"))?;
    }
    for remark in &diff.remarks {
        writeln!(out, "- note: {}", code(remark))?;
    }
    for of_one in diff.changes.chunk_by(|one, other| one.change == other.change) {
        let Some(first) = of_one.first() else { continue };
        let mut name = first.change.name().to_owned();
        if let Some(initial) = name.get_mut(..1) {
            initial.make_ascii_uppercase();
        }
        writeln!(out, "\n### {name} ({})\n", of_one.len())?;
        for it in of_one {
            let (rule, target) = (code(&it.rule), code(&it.target.to_string()));
            let kind = it.kind.name();
            write!(out, "- **{}** {rule} on {kind} {target}: {}", it.severity, it.turn())?;
            match &it.shown_by {
                Some(words) => writeln!(out, "; {}", code(&words.to_string()))?,
                None => writeln!(out)?,
            }
        }
    }
    let moved: Vec<&Score> = diff.scores.iter().filter(|it| it.before != it.now).collect();
    if !moved.is_empty() {
        writeln!(out, "\n### Scores\n")?;
    }
    for Score { kind, target, before, now } in moved {
        let said = |it: &Option<u8>| it.map_or_else(|| "not there".to_owned(), |it| it.to_string());
        let target = code(&target.to_string());
        writeln!(out, "- {} {target}: {} → {}", kind.name(), said(before), said(now))?;
    }
    writeln!(
        out,
        "\n{} fail or are unknown as before, {} are well as before.",
        diff.still_bad, diff.still_well
    )
}

/// A code span that holds the text whatever stands in it.
fn code(text: &str) -> String {
    let text = Untrusted::from(text).to_string();
    let text = text.trim();
    if text.is_empty() {
        return "(empty)".to_owned();
    }
    let runs = text.split(|it| it != '`').map(str::len);
    let fence = "`".repeat(runs.max().unwrap_or(0) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

#[cfg(test)]
mod tests {
    use super::code;

    #[test]
    fn no_name_gets_out_of_its_code_span() {
        for (text, span) in [
            ("web", "`web`"),
            ("a`b", "``a`b``"),
            ("`a", "`` `a ``"),
            ("a```b`", "```` a```b` ````"),
            ("<img src=x> @all #1 [x](y)", "`<img src=x> @all #1 [x](y)`"),
            ("a\n## b", "`a\\n## b`"),
            ("  ", "(empty)"),
        ] {
            assert_eq!(code(text), span);
        }
    }
}

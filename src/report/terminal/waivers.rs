//! The waivers: what somebody answers for, and those that cover nothing.

use std::fmt::Write as _;

use owo_colors::Style;

use super::{Look, excerpt};
use crate::model::untrusted::Untrusted;
use crate::report::v1::{Label, Waiver, WaiverState};

/// Writes each waiver, those first that need somebody.
pub(in crate::report) fn write(out: &mut String, all: &[Waiver], look: Look) -> std::fmt::Result {
    if all.is_empty() {
        return Ok(());
    }
    let mut all: Vec<&Waiver> = all.iter().collect();
    all.sort_by_key(|it| it.state);
    let head = " W  waivers · ";
    let text = look.wrap(head, "    ", "what is waived earns nothing");
    writeln!(out, "\n{}{}", look.bold(head), text.strip_prefix(head).unwrap_or(&text))?;
    all.into_iter().try_for_each(|waiver| one(out, waiver, look))
}

fn one(out: &mut String, waiver: &Waiver, look: Look) -> std::fmt::Result {
    let Waiver { state, rule, covers, .. } = waiver;
    let names: Vec<String> = covers.iter().map(ToString::to_string).collect();
    let of = rule.as_ref().map(|rule| format!(" {rule}")).unwrap_or_default();
    let over = if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) };
    let word = word(*state);
    let text = look.wrap("  ", "    ", &format!("{word}{of}{over}{}", term(waiver)));
    let rest = text.strip_prefix(&format!("  {word}")).unwrap_or(&text);
    writeln!(out, "  {}{rest}", look.paint(word, style(*state)))?;
    let said =
        |name: &str, what: &Option<Untrusted>| what.as_ref().map(|what| format!("{name} {what}"));
    let owner = said("owner", &waiver.owner);
    let ticket = said("ticket", &waiver.ticket);
    let reason = waiver.reason.as_ref().map(|reason| format!("reason: {reason}"));
    let terms: Vec<String> = [owner, ticket, reason].into_iter().flatten().collect();
    let label = |it: &Label| format!("label {} of {}", it.name, it.of);
    let at = waiver.at.as_ref().map(|it| excerpt::Place(it).to_string());
    let at = at.or_else(|| waiver.label.as_ref().map(label)).unwrap_or_default();
    let terms = if terms.is_empty() { at } else { format!("{at} · {}", terms.join(" · ")) };
    writeln!(out, "{}", look.faint(&look.wrap("    ", "      ", &terms)))?;
    if let (WaiverState::Misread, Some(at)) = (state, &waiver.at) {
        for line in excerpt::marked(at, look) {
            writeln!(out, "    {line}")?;
        }
    }
    let digests: Vec<&str> = waiver.evidence_now.iter().map(String::as_str).collect();
    if !digests.is_empty() && *state != WaiverState::Void {
        let pinned = if waiver.evidence.is_some() { "" } else { ", not pinned to it" };
        let text = format!("evidence {}{pinned}", digests.join(" and "));
        writeln!(out, "{}", look.faint(&look.wrap("    ", "      ", &text)))?;
    }
    match &waiver.problem {
        Some(problem) => writeln!(out, "{}", look.wrap("    ", "      ", &problem.to_string())),
        None => Ok(()),
    }
}

const fn word(state: WaiverState) -> &'static str {
    match state {
        WaiverState::Misread => "not understood",
        WaiverState::NotAccepted => "not accepted",
        WaiverState::Expired => "EXPIRED",
        WaiverState::Void => "VOID",
        WaiverState::Unused => "unused",
        WaiverState::Ending => "ends soon",
        WaiverState::InForce => "in force",
    }
}

const fn style(state: WaiverState) -> Style {
    match state {
        WaiverState::Misread | WaiverState::Expired | WaiverState::Void => {
            Style::new().bold().red()
        }
        WaiverState::NotAccepted | WaiverState::Unused | WaiverState::Ending => {
            Style::new().bold().yellow()
        }
        WaiverState::InForce => Style::new().bold(),
    }
}

/// Until when, and how long that is.
fn term(waiver: &Waiver) -> String {
    let Some(until) = &waiver.until else { return String::new() };
    let days = |count: i32| if count == 1 { "1 day".to_owned() } else { format!("{count} days") };
    match waiver.days_left {
        None => format!(", until {until}"),
        Some(0) => format!(", until {until}, today"),
        Some(left @ 1..) => format!(", until {until}, {} left", days(left)),
        Some(past) => format!(", until {until}, {} ago", days(past.saturating_neg())),
    }
}

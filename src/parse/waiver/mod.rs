//! Waivers in comments, above what they speak of, and in labels of what they speak of:
//!
//! ```text
//! # secaudit: waive read-only-root until=2027-01-31 owner=shop-team reason=writes its cache
//! secaudit.waive.read-only-root: until=2027-01-31 owner=shop-team reason=writes its cache
//! ```
//!
//! What speaks to secaudit and cannot be understood is a [`Slip`]: it is told, and
//! nothing is waived by it.

mod above;
#[cfg(test)]
mod tests;

use jiff::civil::Date;

use crate::model::pin;
use crate::model::waiver::{Slip, Terms};

pub use above::{Found, MOST, in_dockerfile, in_yaml};

/// How a waiver is written as a comment, and how as a label.
const COMMENT: &str = "write `# secaudit: waive RULE until=YYYY-MM-DD owner=… reason=…`";
const LABEL: &str = "write `secaudit.waive.RULE: until=YYYY-MM-DD owner=… reason=…`";

/// How the labels begin that are waivers; the rule follows.
const LABELS: &str = "secaudit.waive.";

/// How those begin that are perhaps meant for one.
const PERHAPS: &str = "secaudit.waiv";

/// What a waiver says beside its rule, and whether it may be left out.
const FIELDS: [(&str, bool); 5] =
    [("until", false), ("owner", false), ("reason", false), ("ticket", true), ("evidence", true)];

/// The most bytes of a comment or a label that are read.
const LONGEST: usize = 1000;

/// What a label waives; none: it is no waiver.
pub fn in_label(name: &str, value: &str) -> Option<Result<Terms, Slip>> {
    let begin = name.get(..PERHAPS.len())?;
    if !begin.eq_ignore_ascii_case(PERHAPS) {
        return None;
    }
    let said = match name.strip_prefix(LABELS) {
        None => slip(format!("`{name}` is no waiver's name{}", meant(name))),
        Some("") => slip("the rule that is waived is not named".to_owned()),
        Some(_) if value.len() > LONGEST => slip(format!("it is longer than {LONGEST} characters")),
        Some(rule) => read(rule, value.trim()),
    };
    let as_label =
        |it: Slip| if it.help == COMMENT { Slip { help: LABEL.to_owned(), ..it } } else { it };
    Some(said.map_err(as_label))
}

/// The name that is meant by one in which only the case is wrong.
fn meant(name: &str) -> String {
    let named = name.split_at_checked(LABELS.len());
    let rule = named.filter(|it| it.0.eq_ignore_ascii_case(LABELS)).map(|it| it.1);
    rule.map(|it| format!("; `{LABELS}{it}` is meant")).unwrap_or_default()
}

/// What a comment waives; none: it does not speak to secaudit.
pub fn terms(comment: &str) -> Option<Result<Terms, Slip>> {
    let comment = comment.trim_start_matches(['#', ' ', '\t']);
    let name = comment.get(..8).filter(|it| it.eq_ignore_ascii_case("secaudit"))?;
    let rest = comment.get(name.len()..)?.trim();
    let word = rest.trim_start_matches(|it: char| !it.is_alphanumeric());
    let is_meant = word.get(..4).is_some_and(|it| it.eq_ignore_ascii_case("waiv"));
    let Some(said) = rest.strip_prefix(':') else {
        // A sentence may begin with the name; only a waiver's word makes it one.
        return is_meant.then(|| slip("the colon after `secaudit` is missing".to_owned()));
    };
    if said.len() > LONGEST {
        return Some(slip(format!("it is longer than {LONGEST} characters")));
    }
    let said = said.trim_start();
    let (word, rest) = said.split_once(char::is_whitespace).unwrap_or((said, ""));
    if !word.eq_ignore_ascii_case("waive") {
        return Some(slip(format!("`{word}` is nothing that a comment can ask for")));
    }
    let (rule, rest) = rest.trim().split_once(char::is_whitespace).unwrap_or((rest.trim(), ""));
    if rule.is_empty() || rule.contains('=') {
        return Some(slip("the rule that is waived is not named".to_owned()));
    }
    Some(read(rule, rest))
}

fn slip<T>(what: String) -> Result<T, Slip> {
    Err(Slip { what, help: COMMENT.to_owned() })
}

/// The terms of a waiver of a rule, by its fields.
fn read(rule: &str, text: &str) -> Result<Terms, Slip> {
    let mut fields: Vec<(&str, String)> = Vec::new();
    for word in text.split_whitespace() {
        let is_open = fields.last().is_some_and(|(_, value)| is_in_quotes(value));
        let field = word.split_once('=').filter(|_| !is_open);
        let field = field.map(|(name, value)| (name, known(name), value));
        let is_said = |name: &str| fields.iter().any(|(it, _)| *it == name);
        match (field, fields.is_empty()) {
            (Some((_, Ok(name), _)), _) if is_said(name) => {
                return slip(format!("`{name}` is said twice"));
            }
            (Some((_, Ok(name), value)), _) => fields.push((name, value.to_owned())),
            (Some((name, Err(Some(near)), _)), _) => {
                return slip(format!("`{name}` is not known; `{near}` is meant"));
            }
            (Some((name, Err(None), _)), true) => return slip(format!("`{name}` is not known")),
            (None, true) => return slip(format!("`{word}` stands where `until=` is expected")),
            // What looks like a field may be a part of a text.
            (_, false) => fields.last_mut().into_iter().for_each(|(_, text)| add(text, word)),
        }
    }
    if fields.last().is_some_and(|(_, value)| is_in_quotes(value)) {
        return slip("a quote is not closed".to_owned());
    }
    let missing = FIELDS.iter().filter(|(name, is_optional)| {
        !is_optional && fields.iter().all(|(it, value)| it != name || bare(value).is_empty())
    });
    let missing: Vec<String> = missing.map(|(name, _)| format!("`{name}=`")).collect();
    if !missing.is_empty() {
        return slip(format!("it does not say {}", missing.join(" and ")));
    }
    let value = |name: &str| fields.iter().find(|(it, _)| *it == name).map(|(_, it)| bare(it));
    let text = |name: &str| value(name).unwrap_or_default().into();
    let day = value("until").unwrap_or_default();
    let Some(until) = date(day) else {
        return slip(format!("`{day}` is no day of the calendar"));
    };
    let ticket = value("ticket").filter(|it| !it.is_empty()).map(Into::into);
    let evidence = value("evidence").map(str::to_owned);
    if let Some(other) = evidence.as_ref().filter(|it| !pin::is_digest(it)) {
        let what = format!("`{other}` is no digest of evidence");
        let help = "the report tells it beside a waiver, the scorecard beside a finding";
        return Err(Slip { what, help: help.to_owned() });
    }
    let (rule, owner, reason) = (rule.into(), text("owner"), text("reason"));
    Ok(Terms { rule, until, owner, reason, ticket, evidence })
}

/// A day as ISO 8601 writes it, in full.
fn date(text: &str) -> Option<Date> {
    text.parse().ok().filter(|date: &Date| date.to_string() == text)
}

/// A field's name, or the one that is meant.
fn known(name: &str) -> Result<&'static str, Option<&'static str>> {
    let names = || FIELDS.iter().map(|(name, _)| *name);
    if let Some(name) = names().find(|it| it.eq_ignore_ascii_case(name)) {
        return Ok(name);
    }
    let is_meant = |it: &&str| name.len() < 12 && strsim::damerau_levenshtein(name, it) <= 2;
    Err(names().find(is_meant))
}

fn add(text: &mut String, word: &str) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(word);
}

/// Whether a quote begins a text that does not end it.
fn is_in_quotes(text: &str) -> bool {
    let quote = text.chars().next().filter(|it| matches!(it, '"' | '\''));
    quote.is_some_and(|quote| text.len() == 1 || !text.ends_with(quote))
}

/// A text without the quotes around it.
fn bare(text: &str) -> &str {
    let inner = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).unwrap_or(text).trim()
}

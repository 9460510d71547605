//! A TOML file as it is read: values with their places, and mistakes told there.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{PolicyError, gate};
use crate::model::draft::Written;
use crate::model::severity::Severity;
use crate::model::target::Kind;
use crate::rules;

pub(super) type Key<'a> = Spanned<Cow<'a, str>>;
pub(super) type Value<'a> = Spanned<DeValue<'a>>;

/// A file as it is read: whatever is wrong in it is an error at its place.
pub(super) struct File<'f> {
    path: &'f str,
    text: &'f str,
}

impl<'f> File<'f> {
    pub(super) const fn new(path: &'f str, text: &'f str) -> Self {
        Self { path, text }
    }

    pub(super) const fn path(&self) -> &'f str {
        self.path
    }

    /// Where its lines end.
    pub(super) fn line_ends(&self) -> Vec<usize> {
        self.text.match_indices('\n').map(|(end, _)| end).collect()
    }

    /// Where something stands, with its line.
    pub(super) fn written(&self, span: &Range<usize>) -> Written {
        let before = self.text.get(..span.start).unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |it| it + 1);
        let line = self.text.get(start..).and_then(|it| it.lines().next()).unwrap_or_default();
        let number = |it: usize| u32::try_from(it).unwrap_or(u32::MAX);
        let meant =
            self.text.get(span.clone()).and_then(|it| it.lines().next()).unwrap_or_default();
        Written {
            file: self.path.into(),
            line: number(before.matches('\n').count() + 1),
            column: number(before.get(start..).unwrap_or_default().chars().count() + 1),
            length: number(meant.chars().count().max(1)),
            excerpt: line.into(),
        }
    }

    /// What stands in it, as TOML.
    pub(super) fn parsed(&self) -> Result<DeTable<'f>, PolicyError> {
        let table = DeTable::parse(self.text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            self.error(&span, error.message().to_owned())
        })?;
        Ok(table.into_inner())
    }

    pub(super) fn error(&self, span: &Range<usize>, message: String) -> PolicyError {
        PolicyError::new(self.path, self.text, span.clone(), message)
    }

    pub(super) fn expected(&self, value: &Value<'_>, what: &str) -> PolicyError {
        let found = value.get_ref().type_str();
        self.error(&value.span(), format!("expected {what}, found a value of type {found}"))
    }

    pub(super) fn unknown(&self, key: &Key<'_>, of: &str, known: &[&str]) -> PolicyError {
        let hint = hint_or(key.get_ref(), known, || elsewhere(key.get_ref()));
        self.error(&key.span(), format!("{of} has no key {:?}{hint}", key.get_ref()))
    }

    /// A string that is one of these.
    pub(super) fn word(&self, value: &Value<'_>, known: &[String]) -> Result<String, PolicyError> {
        let text = self.text(value)?;
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        if known.contains(&text) {
            return Ok(text.to_owned());
        }
        let hint = hint(text, &known);
        let message = format!("{text:?} is none of them{hint}; there are {}", known.join(", "));
        Err(self.error(&value.span(), message))
    }

    /// A kind of target.
    pub(super) fn kind(&self, value: &Value<'_>) -> Result<Kind, PolicyError> {
        let name = self.text(value)?;
        let is_it = |kind: &Kind| kind.name().eq_ignore_ascii_case(name);
        Kind::ALL.into_iter().find(is_it).ok_or_else(|| {
            let known = Kind::ALL.map(Kind::name);
            let message = format!(
                "{name:?} is no kind of target{}; there are {}",
                hint(name, &known),
                known.join(", ")
            );
            self.error(&value.span(), message)
        })
    }

    /// The items of a list of strings, each read by `item`.
    pub(super) fn list<T>(
        &self,
        value: &Value<'_>,
        item: impl Fn(&Value<'_>) -> Result<T, PolicyError>,
    ) -> Result<Vec<T>, PolicyError> {
        self.all(value, "a list of strings")?.iter().map(item).collect()
    }

    /// The items of a list.
    pub(super) fn all<'v, 'i>(
        &self,
        value: &'v Value<'i>,
        what: &str,
    ) -> Result<&'v [Value<'i>], PolicyError> {
        value.get_ref().as_array().map(|it| &**it).ok_or_else(|| self.expected(value, what))
    }

    pub(super) fn flag(&self, value: &Value<'_>) -> Result<bool, PolicyError> {
        value.get_ref().as_bool().ok_or_else(|| self.expected(value, "true or false"))
    }

    pub(super) fn table<'v, 'i>(
        &self,
        value: &'v Value<'i>,
    ) -> Result<&'v DeTable<'i>, PolicyError> {
        value.get_ref().as_table().ok_or_else(|| self.expected(value, "a table"))
    }

    pub(super) fn text<'v>(&self, value: &'v Value<'_>) -> Result<&'v str, PolicyError> {
        value.get_ref().as_str().ok_or_else(|| self.expected(value, "a string"))
    }

    /// A string that says something.
    pub(super) fn filled<'v>(&self, value: &'v Value<'_>) -> Result<&'v str, PolicyError> {
        match self.text(value)? {
            text if text.trim().is_empty() => {
                let message = "expected a text that is not empty";
                Err(self.error(&value.span(), message.to_owned()))
            }
            text => Ok(text),
        }
    }

    /// A string, or a whole number as it is written.
    pub(super) fn text_or_number<'v>(&self, value: &'v Value<'_>) -> Result<&'v str, PolicyError> {
        match value.get_ref().as_integer().filter(|number| number.radix() == 10) {
            Some(number) => Ok(number.as_str()),
            None => self.text(value),
        }
    }

    pub(super) fn number(&self, value: &Value<'_>, most: u32) -> Result<u32, PolicyError> {
        let wanted =
            || self.error(&value.span(), format!("expected a whole number from 0 to {most}"));
        let integer = value.get_ref().as_integer().ok_or_else(wanted)?;
        let number =
            u32::from_str_radix(integer.as_str(), integer.radix()).map_err(|_| wanted())?;
        if number <= most { Ok(number) } else { Err(wanted()) }
    }

    pub(super) fn severity_named(
        &self,
        name: &str,
        span: &Range<usize>,
    ) -> Result<Severity, PolicyError> {
        self.one_of(name, span, &Severity::ALL.map(Severity::name))
    }

    /// The severity of this name; the error lists what else may stand there.
    pub(super) fn one_of(
        &self,
        name: &str,
        span: &Range<usize>,
        known: &[&str],
    ) -> Result<Severity, PolicyError> {
        Severity::ALL.into_iter().find(|severity| severity.name() == name).ok_or_else(|| {
            let hint = hint(name, known);
            self.error(
                span,
                format!("{name:?} is not a severity{hint}; there are {}", known.join(", ")),
            )
        })
    }
}

/// The nearest known word, if one is near enough to be meant.
pub(super) fn hint(word: &str, known: &[&str]) -> String {
    hint_or(word, known, || None)
}

/// The nearest known word, or what else is to be said where none is near enough.
pub(super) fn hint_or(
    word: &str,
    known: &[&str],
    other: impl FnOnce() -> Option<String>,
) -> String {
    let near = nearest(word, known).map(|it| format!("; did you mean {it:?}?"));
    near.or_else(other).unwrap_or_default()
}

/// Where a key stands that is none here.
pub(super) fn elsewhere(key: &str) -> Option<String> {
    let place = match key {
        key if gate::KEYS.contains(&key) => "[gate]".to_owned(),
        key if Severity::ALL.iter().any(|it| it.name() == key) => "[weights]".to_owned(),
        key => format!("[rules.{}]", rules::find(key)?.id),
    };
    Some(format!("; it stands in {place}"))
}

/// The known word that a mistyped one most resembles. One that goes on where the other
/// ends is near too, as `critical` is to `crit`.
pub(crate) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let word = word.to_ascii_lowercase();
    let goes_on = |long: &str, short: &str| short.len() >= 3 && long.starts_with(short);
    known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, candidate), *candidate))
        .filter(|(distance, candidate)| {
            *distance <= (candidate.len() / 3).max(1)
                || goes_on(&word, candidate)
                || goes_on(candidate, &word)
        })
        .min()
        .map(|(_, candidate)| candidate)
}

//! The policy file: TOML, every key known, every value checked, in place.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Policy, PolicyError, Selected, gate};
use crate::model::draft::Written;
use crate::model::severity::Severity;
use crate::model::target::Kind;
use crate::rules::{self, Rule, Shape};

/// The most path patterns of a policy. One walk can look for more, and what is
/// left is for the patterns that each container brings along.
const MOST_SOUGHT: usize = 150;

/// Lays a file over a policy.
pub(super) fn lay_over(mut policy: Policy, path: &str, text: &str) -> Result<Policy, PolicyError> {
    let file = File::new(path, text);
    let table = file.parsed()?;
    let known = ["name", "gate", "weights", "rules", "roles", "files", "waivers", "waive"];
    let (mut roles, mut files) = (None, None);
    for (key, value) in &table {
        match key.get_ref().as_ref() {
            "name" => policy.name = file.text(value)?.to_owned(),
            "gate" => policy.gate = file.gate(value)?.over(policy.gate),
            "weights" => file.weights(&mut policy, value)?,
            "rules" => file.rules(&mut policy, value)?,
            "roles" => roles = Some(value),
            "files" => files = Some((key, value)),
            "waivers" => file.waivers(&mut policy.waivers, value)?,
            "waive" => policy.waivers.exceptions = file.exceptions(value)?,
            _ => return Err(file.unknown(key, "a policy", &known)),
        }
    }
    // What is said of rules for all goes before what is said of them for a role.
    if let Some(value) = roles {
        file.roles(&mut policy, value)?;
    }
    // Last, because an entry may name a role that stands below it.
    if let Some((_, value)) = files {
        file.files(Arc::make_mut(&mut policy.files), value)?;
    }
    policy.settle();
    file.note(&mut policy.said, "", &table);
    let span = files.map(|(key, _)| key.span()).unwrap_or_default();
    file.bounded(&policy, &span)?;
    Ok(policy)
}

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

    /// Notes where each key of a table stands, by its dotted path.
    fn note(&self, said: &mut BTreeMap<String, String>, above: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let name = format!("{above}{}", key.get_ref());
            if let Some(table) = value.get_ref().as_table() {
                self.note(said, &format!("{name}."), table);
            }
            let before = self.text.get(..key.span().start).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            said.insert(name, format!("{}:{line}", self.path));
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

    /// That one walk can look for all that the policy speaks of.
    pub(super) fn bounded(&self, policy: &Policy, span: &Range<usize>) -> Result<(), PolicyError> {
        let sought = policy.sought().len();
        if sought <= MOST_SOUGHT {
            return Ok(());
        }
        let message = format!(
            "the policy and what it is laid over have {sought} path patterns, and no more than \
             {MOST_SOUGHT} are looked for: write several as one with {{a,b}}, or take entries \
             out with enabled = false"
        );
        Err(self.error(span, message))
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

    fn weights(&self, policy: &mut Policy, value: &Value<'_>) -> Result<(), PolicyError> {
        for (key, value) in self.table(value)? {
            let severity = self.severity_named(key.get_ref(), &key.span())?;
            let weight = self.number(value, 1000)?;
            policy.weights.set(severity, weight);
        }
        Ok(())
    }

    fn rules(&self, policy: &mut Policy, value: &Value<'_>) -> Result<(), PolicyError> {
        for (key, value) in self.table(value)? {
            let rule = self.rule_named(key.get_ref(), &key.span())?;
            let place = policy.rules.iter().position(|selected| selected.rule.id == rule.id);
            let mut selected = match place {
                Some(place) => policy.rules.remove(place),
                None => Selected::unset(rule),
            };
            // What an earlier file sets of it for a role, this one sets for all.
            let stated = self.table(value)?;
            for ((_, id), set) in &mut policy.by_role {
                set.retain(|name, _| *id != rule.id || !stated.contains_key(name.as_str()));
            }
            if self.rule(&mut selected, value)? {
                policy.rules.push(selected);
            }
        }
        let order =
            |selected: &Selected| rules::ALL.iter().position(|rule| rule.id == selected.rule.id);
        policy.rules.sort_by_key(order);
        Ok(())
    }

    pub(super) fn rule_named(
        &self,
        id: &str,
        span: &Range<usize>,
    ) -> Result<&'static Rule, PolicyError> {
        rules::find(id).ok_or_else(|| {
            let known: Vec<&str> = rules::ALL.iter().map(|rule| rule.id).collect();
            let all = || "; `secaudit rules` lists them all".to_owned();
            let hint = hint_or(id, &known, || elsewhere(id).or_else(|| Some(all())));
            self.error(span, format!("there is no rule {id:?}{hint}"))
        })
    }

    /// The parameters of a rule, and nothing else of it.
    pub(super) fn parameters(
        &self,
        rule: &Rule,
        value: &Value<'_>,
    ) -> Result<BTreeMap<String, Vec<String>>, PolicyError> {
        let one = |(key, value): (&Key<'_>, &Value<'_>)| {
            Ok((key.get_ref().to_string(), self.parameter(rule, key, value)?))
        };
        self.table(value)?.iter().map(one).collect()
    }

    /// Applies one rule's table; tells whether the rule stays selected.
    fn rule(&self, selected: &mut Selected, value: &Value<'_>) -> Result<bool, PolicyError> {
        let mut enabled = true;
        for (key, value) in self.table(value)? {
            match key.get_ref().as_ref() {
                "enabled" => enabled = self.flag(value)?,
                "severity" => {
                    let name = self.text(value)?;
                    if name == "none" {
                        let message = "a rule has a severity; to leave it out: enabled = false";
                        return Err(self.error(&value.span(), message.to_owned()));
                    }
                    selected.severity = self.severity_named(name, &value.span())?;
                }
                name => {
                    let values = self.parameter(selected.rule, key, value)?;
                    selected.settings.set(name, values);
                }
            }
        }
        Ok(enabled)
    }

    fn parameter(
        &self,
        rule: &Rule,
        key: &Key<'_>,
        value: &Value<'_>,
    ) -> Result<Vec<String>, PolicyError> {
        let Some(parameter) = rule.parameters.iter().find(|it| it.name == key.get_ref()) else {
            let known: Vec<&str> = ["enabled", "severity"]
                .into_iter()
                .chain(rule.parameters.iter().map(|it| it.name))
                .collect();
            let message = format!(
                "{} has no parameter {:?}{}",
                rule.id,
                key.get_ref(),
                hint(key.get_ref(), &known)
            );
            return Err(self.error(&key.span(), message));
        };
        let checked = |value: &Value<'_>| {
            let text = self.text_or_number(value)?;
            (parameter.check)(text).map_err(|message| self.error(&value.span(), message))?;
            Ok(text.to_owned())
        };
        match parameter.shape {
            Shape::One => checked(value).map(|one| vec![one]),
            Shape::List | Shape::Patterns => self.list(value, checked),
        }
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
    fn text_or_number<'v>(&self, value: &'v Value<'_>) -> Result<&'v str, PolicyError> {
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

    fn severity_named(&self, name: &str, span: &Range<usize>) -> Result<Severity, PolicyError> {
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
fn hint_or(word: &str, known: &[&str], other: impl FnOnce() -> Option<String>) -> String {
    let near = nearest(word, known).map(|it| format!("; did you mean {it:?}?"));
    near.or_else(other).unwrap_or_default()
}

/// Where a key stands that is none here.
fn elsewhere(key: &str) -> Option<String> {
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

//! The policy file: every key known, every value checked, in place.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use toml::de::DeTable;

use super::file::{File, Key, Value, elsewhere, hint, hint_or};
use super::{Policy, PolicyError, Selected};
use crate::rules::{self, Rule, Shape};

/// The most path patterns of a policy. One walk can look for more, and what is
/// left is for the patterns that each container brings along.
const MOST_SOUGHT: usize = 150;

/// Lays a file over a policy.
pub(super) fn lay_over(mut policy: Policy, path: &str, text: &str) -> Result<Policy, PolicyError> {
    let file = File::new(path, text);
    let files = file.lay_over(&mut policy)?;
    policy.settle();
    file.bounded(&policy, &files)?;
    Ok(policy)
}

impl File<'_> {
    /// Lays it over a policy that is to be settled. Returns where it speaks of files.
    pub(super) fn lay_over(&self, policy: &mut Policy) -> Result<Range<usize>, PolicyError> {
        let table = self.parsed()?;
        let known = ["name", "gate", "weights", "rules", "roles", "files", "waivers", "waive"];
        let (mut roles, mut files, mut waive) = (None, None, None);
        for (key, value) in &table {
            match key.get_ref().as_ref() {
                "name" => policy.name = self.text(value)?.to_owned(),
                "gate" => policy.gate = self.gate(value)?.over(policy.gate),
                "weights" => self.weights(policy, value)?,
                "rules" => self.rules(policy, value)?,
                "roles" => roles = Some(value),
                "files" => files = Some((key, value)),
                "waivers" => self.waivers(&mut policy.waivers, value)?,
                "waive" => waive = Some(value),
                _ => return Err(self.unknown(key, "a policy", &known)),
            }
        }
        // What is said of rules for all goes before what is said of them for a role.
        if let Some(value) = roles {
            self.roles(policy, value)?;
        }
        // Last, because an entry may name a role that stands below it.
        if let Some((_, value)) = files {
            self.files(Arc::make_mut(&mut policy.files), value)?;
        }
        // A rule that is waived may be switched off below it.
        if let Some(value) = waive {
            policy.waivers.exceptions = self.exceptions(value, &policy.rules)?;
        }
        self.note(&mut policy.said, &self.line_ends(), "", &table);
        Ok(files.map(|(key, _)| key.span()).unwrap_or_default())
    }

    /// Notes where each key of a table stands, by its dotted path. Lines end at `ends`.
    fn note(
        &self,
        said: &mut BTreeMap<String, String>,
        ends: &[usize],
        above: &str,
        table: &DeTable<'_>,
    ) {
        for (key, value) in table {
            let name = format!("{above}{}", key.get_ref());
            if let Some(table) = value.get_ref().as_table() {
                self.note(said, ends, &format!("{name}."), table);
            }
            let line = ends.partition_point(|end| *end < key.span().start) + 1;
            said.insert(name, format!("{}:{line}", self.path()));
        }
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

    fn weights(&self, policy: &mut Policy, value: &Value<'_>) -> Result<(), PolicyError> {
        let (table, mut set) = (value, Vec::new());
        for (key, value) in self.table(table)? {
            let severity = self.severity_named(key.get_ref(), &key.span())?;
            let weight = self.number(value, 1000)?;
            policy.weights.set(severity, weight);
            set.push((severity, value.span()));
        }
        // What may be grave is unknown before it is known to be mild: it must not
        // count for less.
        let Some((milder, graver)) = policy.weights.reversed() else { return Ok(()) };
        let place = set.iter().rev().find(|(it, _)| [milder, graver].contains(it));
        let span = place.map_or_else(|| table.span(), |(_, span)| span.clone());
        let (more, less) = (policy.weights.of(milder), policy.weights.of(graver));
        let message = format!(
            "with this, {milder} counts {more} and {graver} {less}: a milder failure cannot count \
             for more than a graver one; {graver} has to count {more} or more"
        );
        Err(self.error(&span, message))
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
}

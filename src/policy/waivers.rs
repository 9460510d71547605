//! What a policy file says of waivers, and those that stand in it.

use std::collections::BTreeSet;
use std::ops::Range;

use jiff::civil::Date;
use toml::value::Datetime;

use super::PolicyError;
use super::file::{File, Value};
use crate::model::demand::Names;
use crate::model::draft::Written;
use crate::model::pin;
use crate::model::target::Kind;
use crate::model::untrusted::Untrusted;
use crate::model::waiver::Terms;

/// The keys of a waiver.
const WAIVER: [&str; 8] =
    ["rule", "target", "kind", "until", "owner", "reason", "ticket", "evidence"];

/// Those of them that have to be said, in the order in which a reader asks.
const REQUIRED: [&str; 5] = ["rule", "target", "until", "owner", "reason"];

/// The most waivers of a policy.
const MOST: usize = 1000;

/// The most days before its end on which a waiver is said to end.
const MOST_DAYS: u32 = 365;

/// What a policy says of waivers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waivers {
    /// How many days before its end one is said to end.
    pub warn_days: i32,
    /// Whether labels of containers and services count.
    pub labels: bool,
    /// Those that stand in the policy, in its order.
    pub exceptions: Vec<Exception>,
}

/// A waiver that stands in a policy and speaks of targets by their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Where it stands.
    pub at: Written,
    /// The kind of target that it speaks of; none: of every kind.
    pub kind: Option<Kind>,
    /// What they are called, for people or [across runs](crate::model::identity).
    pub target: Names,
    /// What it says.
    pub terms: Terms,
}

impl File<'_> {
    /// `[waivers]`: what holds of all of them.
    pub(super) fn waivers(
        &self,
        waivers: &mut Waivers,
        value: &Value<'_>,
    ) -> Result<(), PolicyError> {
        for (key, value) in self.table(value)? {
            match key.get_ref().as_ref() {
                "warn-days" => {
                    let days = self.number(value, MOST_DAYS)?;
                    waivers.warn_days = i32::try_from(days).unwrap_or(i32::MAX);
                }
                "labels" => waivers.labels = self.flag(value)?,
                _ => return Err(self.unknown(key, "[waivers]", &["warn-days", "labels"])),
            }
        }
        Ok(())
    }

    /// `[[waive]]`: each of them.
    pub(super) fn exceptions(&self, value: &Value<'_>) -> Result<Vec<Exception>, PolicyError> {
        let items = self.all(value, "a list of tables: [[waive]]")?;
        if items.len() > MOST {
            let message = format!("{} waivers are more than the {MOST} of a policy", items.len());
            return Err(self.error(&value.span(), message));
        }
        let mut known = Vec::<(Exception, Vec<String>)>::new();
        for item in items {
            let (exception, scope) = self.exception(item)?;
            if let Some((other, _)) = known.iter().find(|(_, it)| *it == scope) {
                let line = other.at.line;
                let message = format!("it is waived in line {line} already; keep one of the two");
                return Err(self.error(&item.span(), message));
            }
            known.push((exception, scope));
        }
        Ok(known.into_iter().map(|(exception, _)| exception).collect())
    }

    /// A waiver, and what tells it from others: rule, target, kind and evidence.
    fn exception(&self, item: &Value<'_>) -> Result<(Exception, Vec<String>), PolicyError> {
        let table = self.table(item)?;
        let said: BTreeSet<&str> = table.keys().map(|key| key.get_ref().as_ref()).collect();
        if let Some(key) = table.keys().find(|it| !WAIVER.contains(&it.get_ref().as_ref())) {
            return Err(self.unknown(key, "a waiver", &WAIVER));
        }
        let missing: Vec<&str> = REQUIRED.into_iter().filter(|it| !said.contains(it)).collect();
        if !missing.is_empty() {
            let message = format!("the waiver does not say its {}", missing.join(" and "));
            return Err(self.error(&item.span(), message));
        }
        let value = |name: &str| table.get(name);
        let text = |name: &str| match value(name) {
            Some(value) => self.filled(value).map(|it| Some(Untrusted::from(it))),
            None => Ok(None),
        };
        let must = |name: &str| text(name).map(Option::unwrap_or_default);
        let rule = must("rule")?;
        let span = |name: &str| value(name).map_or(item.span(), Value::span);
        let asked = self.rule_named(rule.raw(), &span("rule"))?;
        let kind = value("kind").map(|it| self.kind(it)).transpose()?;
        if let Some(kind) = kind.filter(|it| !asked.targets.contains(it)) {
            let message = format!("{} is not asked of a {}", asked.id, kind.name());
            return Err(self.error(&span("kind"), message));
        }
        let glob = must("target")?;
        let target = Names::new(vec![glob.raw().to_owned()])
            .map_err(|error| self.error(&span("target"), error.kind().to_string()))?;
        let until = value("until").map_or_else(|| Ok(Date::ZERO), |it| self.day(it))?;
        let evidence = text("evidence")?.map(|it| it.raw().to_owned());
        if let Some(other) = evidence.as_ref().filter(|it| !pin::is_digest(it)) {
            let message = format!(
                "{other:?} is no digest of evidence: the report tells it beside a waiver, the \
                 scorecard beside a finding"
            );
            return Err(self.error(&span("evidence"), message));
        }
        let kind_name = kind.map_or("", Kind::name);
        let pin = evidence.as_deref().unwrap_or_default();
        let scope = [rule.raw(), glob.raw(), kind_name, pin].map(str::to_owned).to_vec();
        let (owner, reason, ticket) = (must("owner")?, must("reason")?, text("ticket")?);
        let terms = Terms { rule, until, owner, reason, ticket, evidence };
        Ok((Exception { at: self.written(&span("rule")), kind, target, terms }, scope))
    }

    /// A day, without a time of it: a waiver holds to the end of its last day in UTC.
    fn day(&self, value: &Value<'_>) -> Result<Date, PolicyError> {
        let span: Range<usize> = value.span();
        let Some(at) = value.get_ref().as_datetime() else {
            let quoted = value.get_ref().as_str().and_then(|it| it.parse::<Date>().ok());
            return Err(match quoted {
                Some(day) => {
                    self.error(&span, format!("a day is no text; write {day} without quotes"))
                }
                None => self.expected(value, "a day, such as 2027-01-31"),
            });
        };
        let Datetime { date: Some(day), time, offset } = at else {
            return Err(self.error(&span, "a time is no day; write it as 2027-01-31".to_owned()));
        };
        if time.is_some() || offset.is_some() {
            let message = format!("a waiver ends with a day, in UTC; write {day} without a time");
            return Err(self.error(&span, message));
        }
        let parsed = day.to_string().parse();
        parsed.map_err(|_| self.error(&span, format!("{day} is no day of the calendar")))
    }
}

//! What a policy file says of waivers, and those that stand in it.

use std::collections::BTreeSet;
use std::ops::Range;

use jiff::civil::Date;
use toml::value::Datetime;

use super::file::{File, Value};
use super::{PolicyError, Selected};
use crate::model::demand::Names;
use crate::model::draft::Written;
use crate::model::pin;
use crate::model::target::{Kind, Target};
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

impl Exception {
    /// Whether it speaks of a target, which is called so across runs.
    pub fn speaks_of(&self, target: &Target, identity: &Untrusted) -> bool {
        let name = target.name.raw();
        // Where several projects are audited, the project stands before a service's name.
        let bare = match target.kind {
            Kind::Service => name.rsplit('/').next().unwrap_or(name),
            Kind::Container | Kind::Image | Kind::Dockerfile => name,
        };
        self.kind.is_none_or(|kind| kind == target.kind)
            && [name, bare, identity.raw()].into_iter().any(|it| self.target.fit(it))
    }
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

    /// `[[waive]]`: each of them, of rules that are judged.
    pub(super) fn exceptions(
        &self,
        value: &Value<'_>,
        judged: &[Selected],
    ) -> Result<Vec<Exception>, PolicyError> {
        let items = self.all(value, "a list of tables: [[waive]]")?;
        if items.len() > MOST {
            let message = format!("{} waivers are more than the {MOST} of a policy", items.len());
            return Err(self.error(&value.span(), message));
        }
        let mut known = Vec::<(Exception, Vec<String>)>::new();
        for item in items {
            let (exception, scope) = self.exception(item, judged)?;
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
    fn exception(
        &self,
        item: &Value<'_>,
        judged: &[Selected],
    ) -> Result<(Exception, Vec<String>), PolicyError> {
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
        if !judged.iter().any(|it| it.rule.id == asked.id) {
            let message =
                format!("the policy switches {} off; remove the waiver, or judge it", asked.id);
            return Err(self.error(&span("rule"), message));
        }
        let kind = value("kind").map(|it| self.kind(it)).transpose()?;
        if let Some(kind) = kind.filter(|it| !asked.targets.contains(it)) {
            let message = format!("{} is not asked of a {}", asked.id, kind.name());
            return Err(self.error(&span("kind"), message));
        }
        let glob = must("target")?;
        let target = Names::new(vec![glob.raw().to_owned()])
            .map_err(|message| self.error(&span("target"), message))?;
        let until = value("until").map_or_else(|| Ok(Date::ZERO), |it| self.day(it))?;
        let evidence = text("evidence")?.map(|it| it.raw().to_owned());
        if let Some(other) = evidence.as_ref().filter(|it| !pin::is_digest(it)) {
            let message = format!(
                "{other:?} is no digest of evidence: the report tells it beside a waiver, the \
                 scorecard beside a finding"
            );
            return Err(self.error(&span("evidence"), message));
        }
        if evidence.is_some() && kind.is_none() {
            let message = "what shows a finding is other evidence for each kind of target; say \
                           its kind too";
            return Err(self.error(&span("evidence"), message.to_owned()));
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

#[cfg(test)]
mod tests {
    use crate::policy::Policy;

    const FULL: &str = "[[waive]]\nrule = 'not-privileged'\ntarget = 'shop-*'\nkind = 'container'\n\
        until = 2028-02-29\nowner = 'o'\nreason = 'r'\nticket = 'T-1'\n\
        evidence = '0123456789abcdef'\n";

    #[test]
    fn a_waiver_of_a_policy_says_what_it_speaks_of_until_when_who_and_why() {
        let text = format!("[waivers]\nwarn-days = 30\nlabels = true\n{FULL}");
        let waivers = Policy::parse("shop.toml", &text).unwrap().waivers;
        assert_eq!((waivers.warn_days, waivers.labels), (30, true));
        let [it] = waivers.exceptions.as_slice() else { panic!("{waivers:?}") };
        assert_eq!((it.at.file.raw(), it.at.line, it.at.column), ("shop.toml", 5, 8));
        assert_eq!(it.at.excerpt.raw(), "rule = 'not-privileged'");
        assert!(it.target.fit("shop-web") && !it.target.fit("web"));
        assert_eq!(it.terms.until.to_string(), "2028-02-29");
        assert_eq!(it.terms.ticket.as_ref().unwrap().raw(), "T-1");
        let own = Policy::baseline().waivers;
        assert_eq!((own.warn_days, own.labels, own.exceptions.len()), (14, false, 0));
    }

    #[test]
    fn what_makes_no_sense_is_an_error_at_its_place() {
        let without = |key: &str| {
            let lines = FULL.lines().filter(|it| !it.starts_with(key));
            lines.map(|it| format!("{it}\n")).collect::<String>()
        };
        let with = |from: &str, to: &str| FULL.replace(from, to);
        for (text, place, message) in [
            (with("not-privileged", "not-priviledged"), "2:8", "did you mean \"not-privileged\""),
            (with("ticket", "tikcet"), "8:1", "a waiver has no key \"tikcet\"; did you mean"),
            (with("2028-02-29", "2027-02-29"), "5:", "day between 01 and 28"),
            (with("2028-02-29", "2028-02-29T10:00:00Z"), "5:9", "write 2028-02-29 without a time"),
            (with("2028-02-29", "10:00:00"), "5:9", "a time is no day"),
            (with("2028-02-29", "'2028-02-29'"), "5:9", "write 2028-02-29 without quotes"),
            (with("2028-02-29", "'soon'"), "5:9", "expected a day, such as 2027-01-31"),
            (without("owner"), "1:1", "the waiver does not say its owner"),
            (without("until"), "1:1", "the waiver does not say its until"),
            (without("reason"), "1:1", "the waiver does not say its reason"),
            (without("target"), "1:1", "the waiver does not say its target"),
            (with("'o'", "' '"), "6:9", "not empty"),
            (with("'T-1'", "''"), "8:10", "not empty"),
            (with("'shop-*'", "''"), "3:10", "not empty"),
            (with("'shop-*'", "'shop-['"), "3:10", "character class"),
            (with("'container'", "'pod'"), "4:8", "there are container, image, service"),
            (with("'container'", "'Dockerfile'"), "4:8", "is not asked of a Dockerfile"),
            (with("0123456789abcdef", "0123"), "9:12", "no digest of evidence"),
            (without("kind"), "8:12", "say its kind too"),
            (format!("{FULL}{FULL}"), "10:1", "it is waived in line 2 already"),
            (
                format!("{FULL}[rules.not-privileged]\nenabled = false\n"),
                "2:8",
                "the policy switches not-privileged off",
            ),
            ("waive = 'all'\n".to_owned(), "1:9", "[[waive]]"),
            ("[waivers]\nwarn-days = -1\n".to_owned(), "2:13", "from 0 to 365"),
            ("[waivers]\nlabel = true\n".to_owned(), "2:1", "did you mean \"labels\""),
        ] {
            let error =
                Policy::parse("p.toml", &text).map(|it| it.waivers).unwrap_err().to_string();
            assert!(error.contains(&format!("p.toml:{place}")), "{text}: {error}");
            assert!(error.contains(message), "{text}: {error}");
        }
        // Of other evidence, or another kind, it is another waiver.
        let other = with("0123", "ffff") + &without("evidence") + &with("'container'", "'service'");
        assert_eq!(
            Policy::parse("p.toml", &(FULL.to_owned() + &other)).unwrap().waivers.exceptions.len(),
            4
        );
    }
}

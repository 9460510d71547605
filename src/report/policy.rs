//! A policy for people: what it asks, of whom, and which file says so.

use std::fmt::Write as _;

use super::terminal::Look;
use crate::facts::Facts;
use crate::model::target::Target;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::Verdict;
use crate::model::waiver::Terms;
use crate::policy::{Exception, Policy, Selected, Waivers};
use crate::rules::{self, Settings, recognised};

/// Writes a policy as it is for everything.
pub fn render(policy: &Policy, look: Look) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = Shown { policy, look, of: None }.write(&mut out);
    out
}

/// Writes what of a policy holds for a target, which is called so across runs, and why.
pub fn render_for(
    policy: &Policy,
    (target, identity): (&Target, &Untrusted),
    facts: &Facts,
    look: Look,
) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = Shown { policy, look, of: Some((target, identity, facts)) }.write(&mut out);
    out
}

struct Shown<'a, 'b> {
    policy: &'a Policy,
    look: Look,
    of: Option<(&'a Target, &'a Untrusted, &'a Facts<'b>)>,
}

impl Shown<'_, '_> {
    fn write(&self, out: &mut String) -> std::fmt::Result {
        let Self { policy, look, of } = self;
        let name = Untrusted::from(policy.name.as_str());
        match of {
            None => writeln!(out, "{}", look.bold(&format!("policy {name}")))?,
            Some((target, ..)) => {
                let head = format!("{} · {}", target.name, target.kind.name());
                writeln!(out, "{} · policy {name}", look.bold(&head))?;
            }
        }
        self.gate(out)?;
        self.waivers(out)?;
        self.roles(out)?;
        self.files(out)?;
        writeln!(out, "\n{}", look.bold("rules"))?;
        rules::ALL.iter().try_for_each(|rule| self.rule(out, rule))
    }

    /// A line, and faintly after it which file says so.
    fn line(&self, out: &mut String, text: &str, key: &str) -> std::fmt::Result {
        self.said(out, text, self.policy.said(key))
    }

    /// The same of a place that is known.
    fn said(&self, out: &mut String, text: &str, at: Option<&str>) -> std::fmt::Result {
        let at = at.map(Untrusted::from);
        let at = at.map(|at| format!("  {at}")).unwrap_or_default();
        let text = Untrusted::from(text).to_string();
        let line = self.look.wrap("  ", "      ", &format!("{text}{at}"));
        match line.strip_suffix(&at).filter(|_| !at.is_empty()) {
            Some(line) => writeln!(out, "{line}{}", self.look.faint(&at)),
            None => writeln!(out, "{line}"),
        }
    }

    fn gate(&self, out: &mut String) -> std::fmt::Result {
        let gate = &self.policy.gate;
        writeln!(out, "\n{}", self.look.bold("gate"))?;
        let fail_on = gate.fail_on.map_or("none", |it| it.name());
        self.line(out, &format!("fail-on {fail_on}"), "gate.fail-on")?;
        for (name, value) in [("fail-under", gate.fail_under), ("min-coverage", gate.min_coverage)]
        {
            if let Some(value) = value {
                self.line(out, &format!("{name} {value}"), &format!("gate.{name}"))?;
            }
        }
        Ok(())
    }

    fn waivers(&self, out: &mut String) -> std::fmt::Result {
        let Waivers { warn_days, labels, exceptions } = &self.policy.waivers;
        writeln!(out, "\n{}", self.look.bold("waivers"))?;
        self.line(out, &format!("warn-days {warn_days}"), "waivers.warn-days")?;
        self.line(out, &format!("labels {labels}"), "waivers.labels")?;
        for exception in exceptions {
            let Exception { at, kind, target, terms } = exception;
            if self.of.is_some_and(|it| !exception.speaks_of(it.0, it.1)) {
                continue;
            }
            let kind = kind.map(|it| format!(" ({})", it.name())).unwrap_or_default();
            let Terms { rule, until, owner, .. } = terms;
            let text = format!("{rule} on {target}{kind}, until {until}, owner {owner}");
            self.said(out, &text, Some(&format!("{}:{}", at.file.raw(), at.line)))?;
        }
        Ok(())
    }

    /// Whether the target has the role at a place, and what says so.
    fn has_role(&self, place: usize) -> Option<Verdict> {
        let (.., facts) = self.of?;
        Some(recognised(facts, self.policy.files.roles.get(place)?))
    }

    fn roles(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "\n{}", self.look.bold("roles"))?;
        let mut has_none = true;
        for (place, role) in self.policy.files.roles.iter().enumerate() {
            let told = match self.has_role(place) {
                None => role.name.clone(),
                Some(Verdict::Pass(proof)) => proof.statements().join("; "),
                Some(Verdict::Unknown { gap, .. }) => {
                    format!("role {}: perhaps; {}", role.name, gap.in_words())
                }
                Some(Verdict::Fail(_) | Verdict::NotApplicable(_)) => continue,
            };
            has_none = false;
            self.line(out, &told, &format!("roles.{}", role.name))?;
        }
        if has_none { writeln!(out, "  none is recognised") } else { Ok(()) }
    }

    fn files(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "\n{}", self.look.bold("files"))?;
        for demand in &self.policy.files.demands {
            let roles = &self.policy.files.roles;
            let place =
                demand.role.as_ref().and_then(|it| roles.iter().position(|role| role.name == *it));
            let is_other = |it| matches!(it, Some(Verdict::Fail(_) | Verdict::NotApplicable(_)));
            if place.is_some_and(|it| is_other(self.has_role(it))) {
                continue;
            }
            let mode = demand.mode.map(|it| format!(", mode {it}"));
            let owner = demand.owner.as_ref().map(|it| format!(", owner {it}"));
            let group = demand.group.as_ref().map(|it| format!(", group {it}"));
            let required = demand.required.then(|| ", must be there".to_owned());
            let role = demand.role.as_ref().map(|it| format!(", as {it}"));
            let demands: String =
                [mode, owner, group, required, role].into_iter().flatten().collect();
            let text = format!("{}: {}{demands}", demand.name, demand.paths.join(" "));
            self.line(out, &text, &format!("files.{}", demand.name))?;
        }
        Ok(())
    }

    fn rule(&self, out: &mut String, rule: &rules::Rule) -> std::fmt::Result {
        if self.of.is_some_and(|(target, ..)| !rule.targets.contains(&target.kind)) {
            return Ok(());
        }
        let key = format!("rules.{}", rule.id);
        let Some(selected) = self.policy.rules.iter().find(|it| it.rule.id == rule.id) else {
            return self.line(out, &format!("{}: off", rule.id), &format!("{key}.enabled"));
        };
        let severity = format!("{}: {}", rule.id, selected.severity);
        self.line(out, &severity, &format!("{key}.severity"))?;
        let Selected { settings, by_role, .. } = selected;
        let meant: Vec<&(usize, Settings)> = by_role
            .iter()
            .filter(|(place, _)| {
                let is_other = |it| matches!(it, Verdict::Fail(_) | Verdict::NotApplicable(_));
                !self.has_role(*place).is_some_and(is_other)
            })
            .collect();
        for parameter in rule.parameters {
            let name = parameter.name;
            let told = |values: &[String]| match values {
                [] => "none".to_owned(),
                values => values.join(" "),
            };
            let own = settings.list(name);
            let text = format!("    {name} {}", told(own));
            self.line(out, &text, &format!("{key}.{name}"))?;
            for (place, settings) in &meant {
                let Some(role) = self.policy.files.roles.get(*place) else { continue };
                let set = settings.list(name);
                if set != own {
                    let text = format!("    {name} {}, as {}", told(set), role.name);
                    self.line(
                        out,
                        &text,
                        &format!("roles.{}.rules.{}.{name}", role.name, rule.id),
                    )?;
                }
            }
        }
        Ok(())
    }
}

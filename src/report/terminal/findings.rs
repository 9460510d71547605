//! The findings: a block a rule, worst first, every target that breaks it below.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};

use super::{Look, excerpt};
use crate::model::severity::Severity;
use crate::model::source::{Basis, Source};
use crate::model::target::Kind;
use crate::model::untrusted::Untrusted;
use crate::report::v1;

/// How many statements, and pieces of the kernel's evidence, are shown; JSON has them all.
const SHOWN: usize = 3;

/// The most characters of one piece of evidence.
const LONG: usize = 240;

/// The targets of a report, and what its rules are about.
#[derive(Clone, Copy)]
pub(super) struct Broken<'a> {
    pub(super) targets: &'a [v1::Target],
    pub(super) rules: &'a BTreeMap<String, v1::Rule>,
}

impl Broken<'_> {
    /// Every broken rule, the gravest first, with why it matters.
    pub(super) fn write(self, out: &mut String, look: Look) -> fmt::Result {
        let is_of_build = self.targets.iter().all(|it| it.kind == Kind::Dockerfile);
        self.each(out, look, |out, rule| why_and_fix(out, rule, is_of_build, look))
    }

    /// The findings alone, without why they matter.
    pub(super) fn write_in_short(self, out: &mut String, look: Look) -> fmt::Result {
        self.each(out, look, |_, _| Ok(()))
    }

    fn each(
        self,
        out: &mut String,
        look: Look,
        below: impl Fn(&mut String, &v1::Rule) -> fmt::Result,
    ) -> fmt::Result {
        // The findings of every target stand in the order of the rules.
        let mut failing: Vec<(usize, &v1::Target, &v1::Finding)> = self
            .targets
            .iter()
            .flat_map(|target| target.findings.iter().enumerate().map(move |it| (target, it)))
            .filter(|(_, (_, it))| it.is_open())
            .map(|(target, (place, it))| (place, target, it))
            .collect();
        failing.sort_by_key(|(place, _, it)| (std::cmp::Reverse(it.severity), *place));
        let is_one = |one: &(usize, _, &v1::Finding), other: &(usize, _, &v1::Finding)| {
            (one.0, one.2.severity) == (other.0, other.2.severity)
        };
        for group in failing.chunk_by(is_one) {
            let Some((_, _, first)) = group.first() else { continue };
            let Some(rule) = self.rules.get(&*first.rule) else { continue };
            heading(out, first.severity, &first.rule, rule, look)?;
            // What is one problem in the files is told once of all containers beside it.
            for alike in group.chunk_by(|one, other| one.2.mend == other.2.mend) {
                for (_, target, finding) in alike {
                    broken_by(out, target, finding, look)?;
                }
                mend(out, alike.first().map_or(&[], |(_, _, it)| &it.mend), look)?;
            }
            below(out, rule)?;
        }
        Ok(())
    }
}

/// Why rules matter, and what to write.
pub(super) fn reasons(
    out: &mut String,
    report: &v1::Report,
    broken: &BTreeSet<String>,
    look: Look,
) -> fmt::Result {
    let mut rules: Vec<_> = report.rules.iter().filter(|(id, _)| broken.contains(*id)).collect();
    rules.sort_by_key(|(_, rule)| std::cmp::Reverse(rule.severity));
    for (id, rule) in rules {
        heading(out, rule.severity, id, rule, look)?;
        why_and_fix(out, rule, report.origin.found_by == v1::FoundBy::Dockerfile, look)?;
    }
    Ok(())
}

fn findings(targets: &[v1::Target]) -> impl Iterator<Item = (&v1::Target, &v1::Finding)> {
    targets.iter().flat_map(|target| target.findings.iter().map(move |it| (target, it)))
}

fn heading(
    out: &mut String,
    severity: Severity,
    id: &str,
    rule: &v1::Rule,
    look: Look,
) -> fmt::Result {
    let name = severity.name().to_uppercase();
    let whole = |out: &mut String| {
        let text = format_args!(" {name}  {id} · expected: {}", rule.title);
        look.wrapped(out, "", "       ", text)
    };
    out.push('\n');
    look.painted(out, whole, |text| {
        let rest = text.strip_prefix(&format!(" {name}  {id}")).unwrap_or(text);
        format!("{} {}{rest}", look.severity(severity, &format!(" {name} ")), look.bold(id))
    })?;
    writeln!(out)
}

fn broken_by(
    out: &mut String,
    target: &v1::Target,
    finding: &v1::Finding,
    look: Look,
) -> fmt::Result {
    let name = &target.name;
    let known = if finding.known { "known: " } else { "" };
    for (index, statement) in finding.statements.iter().take(SHOWN).enumerate() {
        if index == 0 {
            let text = format_args!("{name}: {known}{statement}");
            let whole = |out: &mut String| look.wrapped(out, "  ", "    ", text);
            look.painted(out, whole, |text| bold_at(text, &name.to_string(), look))?;
        } else {
            look.wrapped(out, "    ", "      ", format_args!("{statement}"))?;
        }
        writeln!(out)?;
    }
    more(out, finding.statements.len(), "more like this", look)?;
    for datum in telling(&finding.evidence) {
        match &datum.written {
            Some(place) => written(out, place, look)?,
            None => faint(out, format_args!("{}", evidence(datum)), look)?,
        }
    }
    Ok(())
}

/// What a file says, with the line that says it; of what it does not say, where
/// it could.
fn written(out: &mut String, place: &v1::Written, look: Look) -> fmt::Result {
    let at = excerpt::Place(place);
    if place.key.raw().is_empty() {
        return faint(out, format_args!("{at}: nothing here sets it"), look);
    }
    match &place.overrode {
        Some(other) => faint(out, format_args!("{at} (overrides {other})"), look)?,
        None => faint(out, format_args!("{at}"), look)?,
    }
    for line in excerpt::marked(place, look) {
        writeln!(out, "    {line}")?;
    }
    Ok(())
}

/// A line of what shows a failure.
fn faint(out: &mut String, text: fmt::Arguments<'_>, look: Look) -> fmt::Result {
    let whole = |out: &mut String| look.wrapped(out, "    ", "      ", text);
    look.painted(out, whole, |text| look.faint(text).into_owned())?;
    writeln!(out)
}

/// The lines of the files that would mend a container, below what shows the failure.
fn mend(out: &mut String, places: &[v1::Mend], look: Look) -> fmt::Result {
    // What stands below is three columns deeper than an excerpt elsewhere.
    let narrow = Look { width: look.width.saturating_sub(3), ..look };
    for (index, v1::Mend { kind, asked_already, written }) in places.iter().take(SHOWN).enumerate()
    {
        let is_build = *kind == Kind::Dockerfile;
        let said = match (*asked_already, is_build, written.key.raw().is_empty()) {
            (true, true, _) => " asks for it already: build the image and recreate the container",
            (true, false, _) => " asks for it already: recreate the container",
            (false, _, true) => ": nothing here sets it",
            (false, _, false) => "",
        };
        let first = if index == 0 { "  file " } else { "       " };
        labelled(out, (first, "         "), &format!("{}{said}", excerpt::Place(written)), look)?;
        for line in excerpt::marked(written, narrow).iter().filter(|_| said.is_empty()) {
            writeln!(out, "       {line}")?;
        }
    }
    more(out, places.len(), "more places", look)
}

/// The evidence that a person wants to see: what the kernel says, and beside
/// it the first thing that a declaration says. JSON has all of it.
fn telling(evidence: &[v1::Evidence]) -> impl Iterator<Item = &v1::Evidence> {
    let of = move |basis: Basis| evidence.iter().filter(move |datum| datum.basis == basis);
    let says_something = |datum: &&v1::Evidence| !matches!(datum.value.raw(), "not set" | "[]");
    // The line of a file that says it, or else the place where it could.
    let line = || of(Basis::Declared).filter(|it| it.written.is_some());
    let is_set =
        |it: &&v1::Evidence| it.written.as_ref().is_some_and(|at| !at.key.raw().is_empty());
    let written = line().find(is_set).or_else(|| line().next());
    let declared = written
        .or_else(|| of(Basis::Declared).find(says_something))
        .or_else(|| of(Basis::Declared).next());
    of(Basis::Effective).take(SHOWN).chain(declared)
}

fn more(out: &mut String, count: usize, what: &str, look: Look) -> fmt::Result {
    match count.checked_sub(SHOWN).filter(|more| *more > 0) {
        Some(more) => writeln!(out, "    {}", look.faint(&format!("… and {more} {what}"))),
        None => Ok(()),
    }
}

fn evidence(datum: &v1::Evidence) -> String {
    let value = datum.value.to_string();
    let value = match value.char_indices().nth(LONG) {
        Some((end, _)) => format!("{}…", value.get(..end).unwrap_or_default()),
        None => value,
    };
    let place = datum.place.to_string();
    let place = if place.is_empty() { place } else { format!(" {place}") };
    // A source's path may hold a name that a container chose.
    let source = Untrusted::from(short(&datum.source.to_string()));
    format!("{source}{place}: {value}")
}

/// A source with a container's 64 digits cut to the twelve that people know.
fn short(source: &str) -> String {
    let is_id = |part: &str| part.len() == 64 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let cut = |part: &str| match part.get(..12) {
        Some(head) if is_id(part) => head.to_owned(),
        _ => part.to_owned(),
    };
    let of_path = |path: &str| path.split('/').map(cut).collect::<Vec<_>>().join("/");
    source.split(':').map(of_path).collect::<Vec<_>>().join(":")
}

fn why_and_fix(out: &mut String, rule: &v1::Rule, is_of_build: bool, look: Look) -> fmt::Result {
    labelled(out, ("  why  ", "       "), &rule.why, look)?;
    // What can only be mended elsewhere is of no use beside a Dockerfile.
    let is_own = |it: &&String| !is_of_build || it.starts_with("Dockerfile:");
    let has_own = rule.fix.iter().any(|it| is_own(&it));
    let fix = rule.fix.iter().filter(|it| !has_own || is_own(it));
    for (index, line) in fix.enumerate() {
        let first = if index == 0 { "  fix  " } else { "       " };
        labelled(out, (first, "         "), line, look)?;
    }
    Ok(())
}

/// A wrapped text whose first line begins with a word that is bold, or with none.
fn labelled(out: &mut String, (first, rest): (&str, &str), text: &str, look: Look) -> fmt::Result {
    let whole = |out: &mut String| look.wrapped(out, first, rest, format_args!("{text}"));
    look.painted(out, whole, |text| bold_at(text, first.trim(), look))?;
    writeln!(out)
}

/// Makes a word at the beginning of a wrapped text bold.
fn bold_at(text: &str, word: &str, look: Look) -> String {
    match text.strip_prefix("  ").and_then(|it| it.strip_prefix(word)) {
        Some(rest) if !word.is_empty() => format!("  {}{rest}", look.bold(word)),
        _ => text.to_owned(),
    }
}

/// What was asked, and by which target which rules wait for the answer.
type Waiting<'a> = (&'a Source, BTreeMap<&'a Untrusted, Vec<Cow<'a, str>>>);

/// What could not be verified, gathered by reason: one remedy closes many gaps.
pub(super) fn unknown(out: &mut String, targets: &[v1::Target], look: Look) -> fmt::Result {
    // What is alike is told once: many rules wait for one answer.
    let mut by_gap: BTreeMap<(&str, &str, &str), Waiting<'_>> = BTreeMap::new();
    for (target, finding) in findings(targets) {
        let Some(gap) = &finding.gap else { continue };
        let key = (gap.reason.name(), &*gap.detail, &*gap.remedy);
        let waiting = by_gap.entry(key).or_insert_with(|| (&gap.source, BTreeMap::new()));
        let known = || format!("{} (known)", finding.rule).into();
        let rule = if finding.known { known() } else { Cow::Borrowed(&*finding.rule) };
        waiting.1.entry(&target.name).or_default().push(rule);
    }
    if by_gap.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{} what is unknown never counts as passed", look.bold(" ?  not verified ·"))?;
    for ((reason, detail, remedy), (source, targets)) in by_gap {
        let source = Untrusted::from(short(&source.to_string()));
        let detail = Untrusted::from(detail);
        let text = format_args!("{reason}: {detail} (for instance {source})");
        look.wrapped(out, "  ", "    ", text)?;
        writeln!(out)?;
        let mut by_rules: BTreeMap<Vec<Cow<'_, str>>, Vec<String>> = BTreeMap::new();
        for (name, rules) in targets {
            by_rules.entry(rules).or_default().push(name.to_string());
        }
        for (rules, names) in by_rules {
            faint(out, format_args!("{}: {}", names.join(", "), rules.join(", ")), look)?;
        }
        if !remedy.is_empty() {
            labelled(out, ("  fix  ", "       "), &Untrusted::from(remedy).to_string(), look)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::ALL;

    #[test]
    fn every_heading_fits_and_names_its_rule_and_the_claim() {
        for rule in ALL {
            let public = v1::Rule {
                title: rule.title.to_owned(),
                severity: rule.severity,
                why: String::new(),
                fix: Vec::new(),
                references: Vec::new(),
            };
            for (severity, width) in
                [(Severity::Crit, 40), (Severity::High, 80), (Severity::Low, 60)]
            {
                let mut out = String::new();
                heading(&mut out, severity, rule.id, &public, Look { width, colour: false })
                    .unwrap();
                let wide = out.lines().find(|it| it.chars().count() > width);
                assert_eq!(wide, None, "{width}");
                let words = out.split_whitespace().collect::<Vec<_>>().join(" ");
                let label = severity.name().to_uppercase();
                assert_eq!(words, format!("{label} {} · expected: {}", rule.id, rule.title));
            }
        }
    }
}

//! From verdicts and scores to the public shape.

use std::collections::{BTreeMap, BTreeSet};

use super::checklists::Roll;
use super::v1;
use crate::facts::identity::{Root, User};
use crate::facts::seccomp::Mode;
use crate::facts::{Derived, Facts};
use crate::gate::{Outcome, Tally};
use crate::join::{Joined, Mend};
use crate::judge::{Accept, Ticks};
use crate::model::bundle::{Bundle, Observation, Origin};
use crate::model::draft;
use crate::model::fact::Fact;
use crate::model::finding::{Finding, Ledger, fingerprint};
use crate::model::identity::identity;
use crate::model::reading::{Evidence, Reading};
use crate::model::source::Source;
use crate::model::target;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Proof, Verdict};
use crate::next::{Next, Step};
use crate::parse::document::Document;
use crate::policy::Policy;
use crate::rules::{self, Section};
use crate::score::{self, Grade, Scorecard};
use crate::waive::{self, Standing};

/// Everything that a report is made of.
#[derive(Debug)]
pub struct Run<'a, 'b> {
    /// The evidence.
    pub bundle: &'a Bundle,
    /// What it means.
    pub facts: &'a [Derived<'b>],
    /// What was judged by.
    pub policy: &'a Policy,
    /// Whether declarations could acquit.
    pub accept: Accept,
    /// The verdicts.
    pub ledger: &'a Ledger,
    /// Each target beside the policy's checklists.
    pub ticks: Vec<Ticks<'a>>,
    /// The waivers, and what came of each.
    pub waivers: &'a [Standing],
    /// Where the files that ask for containers would mend them.
    pub joined: &'a Joined,
    /// The scores, in the order of the ledger's sheets.
    pub cards: &'a [Scorecard],
    /// What the gate counts.
    pub tally: &'a Tally,
    /// What the gate says.
    pub outcome: &'a Outcome,
    /// What to do next with each target, in their order; empty where nobody asked.
    pub next: Vec<Option<Next>>,
    /// Whether what is well is left out, as for one of many projects; no finding has a
    /// fingerprint or a digest then, and evidence is the one line that says most.
    pub is_brief: bool,
}

/// What one audit of many adds to their report.
#[derive(Debug)]
pub struct Part {
    /// Its targets.
    pub targets: Vec<v1::Target>,
    /// The waivers that stand in its files.
    pub waivers: Vec<v1::Waiver>,
    /// What of it the gate counts.
    pub tally: Tally,
}

/// Puts a run into the public shape.
pub fn assemble(run: &Run<'_, '_>) -> v1::Report {
    let targets = targets(run);
    let mut roll = Roll::new(&run.policy.checklists);
    roll.add(&targets);
    v1::Report {
        schema: v1::SCHEMA.to_owned(),
        tool: tool(),
        collected_at: run
            .bundle
            .text(&Source::Clock)
            .map_or_else(|_| String::new(), ToString::to_string),
        clock_behind: waive::today(run.bundle, run.policy)
            .and_then(|it| it.behind)
            .map(|it| v1::ClockBehind { at: it.at.to_string(), by: it.by }),
        score_model: score::MODEL,
        policy: run.policy.name.clone(),
        settings: run.policy.settings.clone(),
        accepts_declared: run.accept == Accept::Declared,
        origin: origin(run.bundle),
        switched_off: rules::ALL
            .iter()
            .filter(|rule| !run.policy.rules.iter().any(|selected| selected.rule.id == rule.id))
            .map(|rule| rule.id.to_owned())
            .collect(),
        gate: v1::Gate {
            fail_on: run.policy.gate.fail_on,
            fail_under: run.policy.gate.fail_under,
            min_coverage: run.policy.gate.min_coverage,
            exit_code: run.outcome.exit_code(),
            failures: run.outcome.failures.clone(),
            gaps: run.outcome.gaps.clone(),
            baseline: baseline(run.policy, run.tally),
        },
        fleet: fleet(run.cards.iter().map(|card| card.floor)),
        targets,
        reachability: super::reachability::table(run.facts),
        rules: about(run.policy),
        waivers: super::waivers(run.waivers),
        checklists: roll.close(),
    }
}

/// What the audit was held against, and how it stands to that.
pub fn baseline(policy: &Policy, tally: &Tally) -> Option<v1::Baseline> {
    let baseline = policy.baseline.as_ref()?;
    Some(v1::Baseline {
        file: baseline.file.clone(),
        collected_at: baseline.collected_at.clone(),
        policy: baseline.policy.clone(),
        new: tally.failed + tally.unknown,
        known: tally.known.unwrap_or(0),
        lacks: policy.beyond(baseline).into_iter().map(str::to_owned).collect(),
    })
}

fn origin(bundle: &Bundle) -> v1::Origin {
    let info = Document::new(Source::engine_info(), bundle.json(&Source::engine_info()));
    let engine = info.text("/ServerVersion").known().copied().flatten().map(|version| {
        let is_podman = info.text("/BuildahVersion").known().is_some_and(Option::is_some);
        format!("{} {version}", if is_podman { "Podman" } else { "Docker" }).into()
    });
    let list = Source::container_list();
    let unlisted = match bundle.observations.get(&list) {
        Some(Observation::Gap(gap)) => Some(gap.clone()),
        Some(Observation::Answer(_)) | None => None,
    };
    let gaps = unlisted.into_iter().chain(bundle.missing.clone()).collect();
    let found_by = match bundle.origin {
        Origin::Engine => v1::FoundBy::Engine,
        Origin::Kernel => v1::FoundBy::Kernel,
        Origin::Compose => v1::FoundBy::Compose,
        Origin::Archive => v1::FoundBy::Archive,
        Origin::Dockerfile => v1::FoundBy::Dockerfile,
    };
    v1::Origin { found_by, engine, gaps }
}

/// What the floors of many targets say together.
pub fn fleet(floors: impl Iterator<Item = u8> + Clone) -> Option<v1::Fleet> {
    let mut grades = BTreeMap::new();
    for floor in floors.clone() {
        *grades.entry(Grade::of(floor).letter().to_string()).or_insert(0) += 1;
    }
    score::fleet(floors).map(|fleet| v1::Fleet { worst: fleet.worst, median: fleet.median, grades })
}

/// The targets of a run, each with all its findings.
pub fn targets(run: &Run<'_, '_>) -> Vec<v1::Target> {
    let sheets = run.ledger.sheets.iter().zip(run.cards).zip(run.facts).zip(&run.ticks);
    sheets
        .map(|(((sheet, card), (_, facts)), ticks)| {
            (sheet, card, facts, ticks, identity(run.bundle, &sheet.target))
        })
        .map(|(sheet, card, facts, ticks, identity)| v1::Target {
            kind: sheet.target.kind,
            id: sheet.target.id.clone(),
            name: sheet.target.name.clone(),
            image: sheet.target.image.clone(),
            grade: card.grade(),
            floor: card.floor,
            ceiling: card.ceiling,
            coverage: card.coverage,
            summary: summary(facts),
            writable: writable(facts),
            findings: sheet
                .findings
                .iter()
                .filter(|it| !run.is_brief || is_told(&it.verdict))
                .map(|it| finding(it, &sheet.target, &identity, run))
                .collect(),
            checklists: super::checklists::sheets(&run.policy.checklists, ticks, run.is_brief),
            identity,
            next: None,
        })
        .zip(run.next.iter().map(Option::as_ref).chain(std::iter::repeat(None)))
        .map(|(target, it)| v1::Target { next: it.map(next), ..target })
        .collect()
}

fn next(of: &Next) -> v1::Next {
    let step = |step: &Step| v1::Step {
        settings: step.settings.clone(),
        rules: step.rules.iter().map(|&it| it.into()).collect(),
        floor: step.card.floor,
        grade: step.card.grade(),
        choose: step
            .settings
            .iter()
            .filter_map(|it| Some(format!("{}: {}", it.what(), it.choice()?)))
            .collect(),
    };
    v1::Next {
        steps: of.steps.iter().map(step).collect(),
        compose: of.compose.clone(),
        run: of.run.clone().map(|it| v1::Run { add: it.add, leave_out: it.leave_out }),
        later: of.later.clone(),
        held_by: of.held.iter().map(|&it| it.into()).collect(),
        left: of.left.iter().map(|&it| it.into()).collect(),
    }
}

/// Whether somebody has to know it who looks at many projects.
const fn is_told(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Fail(_) | Verdict::Unknown { .. })
}

fn finding(
    finding: &Finding,
    target: &target::Target,
    identity: &Untrusted,
    run: &Run<'_, '_>,
) -> v1::Finding {
    let fingerprint = || fingerprint(finding.rule, target.kind, identity);
    let is_brief = run.is_brief;
    let mut shown = v1::Finding {
        rule: finding.rule.into(),
        severity: finding.severity,
        verdict: (&finding.verdict).into(),
        stated: false,
        statements: Vec::new(),
        evidence: Vec::new(),
        gap: None,
        fingerprint: if is_brief { String::new() } else { fingerprint() },
        known: finding.is_known,
        evidence_digest: if is_brief { None } else { finding.evidence_digest() },
        waived_at: finding.waiver.as_ref().map(|it| it.at.in_words()),
        mend: run.joined.of(target, finding.rule).iter().map(mend).collect(),
    };
    let proof = match &finding.verdict {
        Verdict::Pass(proof) => {
            shown.stated = proof.is_stated();
            Some(proof)
        }
        Verdict::Fail(proof) | Verdict::NotApplicable(proof) => Some(proof),
        Verdict::Unknown { gap, stated } => {
            shown.gap = Some(gap.clone());
            stated.as_ref()
        }
    };
    let is_broken = shown.verdict == v1::Verdict::Fail;
    if let Some(proof) = proof.filter(|_| is_broken || !is_brief) {
        shown.evidence = evidence(proof, is_brief);
        if shown.gap.is_none() {
            shown.statements = proof.statements().to_vec();
        }
    }
    shown
}

pub(super) fn evidence(proof: &Proof, is_brief: bool) -> Vec<v1::Evidence> {
    let public = |datum: &Evidence| v1::Evidence {
        basis: datum.source.basis(),
        source: datum.source.clone(),
        place: datum.place.clone(),
        value: datum.value.clone(),
        written: datum.written.as_deref().map(written),
    };
    match brief(proof.evidence()).filter(|_| is_brief) {
        Some(line) => vec![line],
        None => proof.evidence().iter().chain(proof.beside()).map(public).collect(),
    }
}

fn mend(place: &Mend) -> v1::Mend {
    let Mend { kind, ref origin, is_asked } = *place;
    v1::Mend { kind, asked_already: is_asked, written: written(origin) }
}

/// The one line of a file that says most: the first that says it, or else the
/// first that could. Whoever reads it there needs no other words.
fn brief(all: &[Evidence]) -> Option<v1::Evidence> {
    let lines = all.iter().filter_map(|it| Some((it.source(), it.line()?)));
    let (source, line) = lines.min_by_key(|(_, line)| line.key.raw().is_empty())?;
    let (place, value) = (Untrusted::default(), Untrusted::default());
    let (basis, written) = (source.basis(), Some(written(line)));
    Some(v1::Evidence { basis, source: source.clone(), place, value, written })
}

impl From<&Verdict> for v1::Verdict {
    fn from(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Pass(_) => Self::Pass,
            Verdict::Fail(_) => Self::Fail,
            Verdict::Unknown { .. } => Self::Unknown,
            Verdict::NotApplicable(_) => Self::NotApplicable,
        }
    }
}

pub(super) fn tool() -> v1::Tool {
    v1::Tool {
        name: env!("CARGO_PKG_NAME").to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// A place as people write it.
fn place(at: &draft::Written) -> String {
    format!("{}:{}:{}", at.file.raw(), at.line, at.column)
}

pub(super) fn written(origin: &draft::Origin) -> v1::Written {
    let draft::Written { file, line, column, length, excerpt } = origin.at.clone();
    let overrode = origin.overrode.as_ref().map(|at| place(at).into());
    v1::Written { key: origin.key.clone(), file, line, column, length, excerpt, overrode }
}

fn about(policy: &Policy) -> BTreeMap<String, v1::Rule> {
    policy
        .rules
        .iter()
        .map(|selected| {
            let rule = selected.rule;
            let public = v1::Rule {
                title: rule.title.to_owned(),
                severity: selected.severity,
                why: rule.prose(Section::Why),
                fix: rule.section(Section::Fix).into_iter().map(str::to_owned).collect(),
                references: rule.references.iter().map(|&it| it.to_owned()).collect(),
            };
            (rule.id.to_owned(), public)
        })
        .collect()
}

fn summary(facts: &Facts) -> v1::Summary {
    let yes_or_no = |flag: bool| if flag { "yes" } else { "no" }.to_owned();
    v1::Summary {
        user: in_words(&facts.user, |user| user_name(&user.value)),
        capabilities: most(&facts.capabilities, |held| held.value.attainable.len()),
        no_new_privileges: in_words(&facts.no_new_privileges, |flag| yes_or_no(flag.value)),
        root: in_words(&facts.root_read_only, |ro| if *ro { "ro" } else { "rw" }.to_owned()),
        seccomp: in_words(&facts.seccomp, |mode| {
            match mode.value {
                Mode::Filter => "filter",
                Mode::Strict => "strict",
                Mode::Disabled => "none",
            }
            .to_owned()
        }),
    }
}

/// What is mounted for writing, or shall be.
fn writable(facts: &Facts) -> Option<Vec<v1::Writable>> {
    let [mounts] = facts.mounts.deciding() else { return None };
    let mounts = mounts.known()?;
    let mut writable: Vec<v1::Writable> = mounts
        .iter()
        .filter(|mount| !mount.read_only)
        .map(|mount| v1::Writable {
            point: mount.point.as_str().into(),
            kind: mount.kind.as_str().into(),
            on_host: mount.on_host.first().map(|path| path.as_str().into()),
            flags: mount.options.iter().map(|it| it.as_str().into()).collect(),
            file: mount.file.as_ref().map(ToString::to_string),
        })
        .collect();
    writable.sort_by(|one, other| one.point.cmp(&other.point));
    Some(writable)
}

fn user_name(user: &User) -> String {
    match (user.root(), user.effective()) {
        (Root::Host, _) => "root".to_owned(),
        (Root::Namespaced, _) => "root*".to_owned(),
        (Root::No, Some(uid)) => uid.to_string(),
        (Root::No, None) => "unmapped".to_owned(),
    }
}

/// The distinct words for what decides; `?` for what is not known.
fn in_words<T>(fact: &Fact<T>, word: impl Fn(&T) -> String) -> String {
    let words: BTreeSet<String> = fact
        .deciding()
        .iter()
        .map(|reading| match reading {
            Reading::Known(value, _) => word(value),
            Reading::Missing(_) | Reading::Inapplicable => "?".to_owned(),
        })
        .collect();
    if words.is_empty() { "?".to_owned() } else { words.into_iter().collect::<Vec<_>>().join(",") }
}

/// The largest count of any process, or the declared one.
fn most<T>(fact: &Fact<T>, count: impl Fn(&T) -> u32) -> String {
    let known: Option<Vec<u32>> =
        fact.deciding().iter().map(|reading| reading.known().map(&count)).collect();
    known
        .and_then(|all| all.into_iter().max())
        .map_or_else(|| "?".to_owned(), |most| most.to_string())
}

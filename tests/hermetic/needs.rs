//! What each rule needs to see, found out by taking it away.
//!
//! `docs/needs.md` is made here from the recorded evidence: no line of it was
//! written by hand. `BLESS=1 cargo test` renews it.

use std::collections::BTreeMap;

use secaudit::judge::Accept;
use secaudit::model::bundle::{Bundle, Observation};
use secaudit::model::reading::{Gap, Reason};
use secaudit::model::source::Access;
use secaudit::model::target::Kind;
use secaudit::report::v1::{Finding, Verdict};
use secaudit::rules;

use crate::catalogue::is_current;
use crate::properties::{bundles, policies};

/// How much a rule's verdicts hang on what takes some access.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    /// It is never looked at.
    #[default]
    None,
    /// It is evidence, and where it is missing something else decides.
    Used,
    /// Without it a verdict is unknown.
    Needed,
}

const COLUMNS: [(Access, &str); 3] = [
    (Access::Engine, "the engine's record"),
    (Access::Anybody, "`/proc`, as any user"),
    (Access::Tracer, "`/proc`, as root"),
];

/// Every finding under the baseline and under the policies that ask more.
fn findings(bundle: &Bundle) -> Vec<Finding> {
    let reports = policies().into_iter().map(|it| secaudit::evaluate(bundle, &it, Accept::Kernel));
    reports.flat_map(|it| it.targets).flat_map(|it| it.findings).collect()
}

/// The same evidence, collected by somebody without this access.
fn without(bundle: &Bundle, access: Access) -> Bundle {
    let mut poorer = bundle.clone();
    for (source, observation) in &mut poorer.observations {
        if source.access() == access {
            let gap = Gap::new(Reason::Denied, source.clone(), "taken away by a test");
            *observation = Observation::Gap(gap);
        }
    }
    poorer
}

fn weights() -> BTreeMap<String, BTreeMap<Access, Weight>> {
    let mut weights: BTreeMap<String, BTreeMap<Access, Weight>> = BTreeMap::new();
    for (_, bundle) in bundles() {
        let poorer = COLUMNS.map(|(access, _)| (access, findings(&without(bundle, access))));
        for (index, finding) in findings(bundle).iter().enumerate() {
            let row = weights.entry(finding.rule.clone()).or_default();
            for datum in &finding.evidence {
                let weight = row.entry(datum.source.access()).or_default();
                *weight = (*weight).max(Weight::Used);
            }
            for (access, findings) in &poorer {
                let lost = finding.verdict != Verdict::Unknown
                    && findings[index].verdict == Verdict::Unknown;
                let weight = row.entry(*access).or_default();
                *weight = (*weight).max(if lost { Weight::Needed } else { Weight::None });
            }
        }
    }
    weights
}

#[test]
fn the_table_of_what_each_rule_needs_is_current() {
    let weights = weights();
    let mut table = String::from(
        "# What each rule needs to see\n\n\
         Made from recorded evidence by taking each kind of it away: *needed* means that some\n\
         verdict becomes unknown without it, *used* that it is evidence and something else\n\
         decides where it is missing. What takes root says so in the report, with the remedy.\n\n",
    );
    let heads: Vec<&str> = COLUMNS.iter().map(|(_, head)| *head).collect();
    table += &format!("| rule | {} |\n|---|---|---|---|\n", heads.join(" | "));
    for rule in rules::ALL.iter().filter(|it| it.targets.contains(&Kind::Container)) {
        let row = weights.get(rule.id).cloned().unwrap_or_default();
        let cells =
            COLUMNS.map(|(access, _)| match row.get(&access).copied().unwrap_or_default() {
                Weight::None => "",
                Weight::Used => "used",
                Weight::Needed => "needed",
            });
        table += &format!("| {} | {} |\n", rule.id, cells.join(" | "));
    }
    is_current("docs/needs.md", &table);
}

#[test]
fn every_rule_looks_at_something() {
    let weights = weights();
    for rule in rules::ALL.iter().filter(|it| it.targets.contains(&Kind::Container)) {
        let row = weights.get(rule.id).cloned().unwrap_or_default();
        let looks = row.values().any(|weight| *weight != Weight::None);
        assert!(looks, "{} rests on nothing that is recorded", rule.id);
    }
}

//! What must hold for any evidence, over recorded bundles: knowing less never
//! reads better, and the order of collection leaves no trace.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use secaudit::judge::Accept;
use secaudit::model::bundle::{Bundle, Observation};
use secaudit::model::fact::Fact;
use secaudit::model::finding::{Finding, Sheet};
use secaudit::model::reading::{Gap, Reading, Reason};
use secaudit::model::severity::Severity;
use secaudit::model::source::Source;
use secaudit::model::target::{Kind, Target};
use secaudit::model::verdict::{Check, Verdict};
use secaudit::policy::Policy;
use secaudit::report::v1::{self, Report};
use secaudit::{rules, score};

/// The recorded bundles, by name.
pub(crate) fn bundles() -> &'static [(String, Bundle)] {
    static BUNDLES: LazyLock<Vec<(String, Bundle)>> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bundles");
        let mut found: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .flatten()
            .filter(|entry| entry.path().extension().is_some_and(|it| it == "json"))
            .map(|entry| {
                let text = fs::read_to_string(entry.path()).unwrap();
                let name = entry.file_name().to_string_lossy().into_owned();
                let bundle = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
                (name, bundle)
            })
            .collect();
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        assert!(found.len() >= 12, "only {} recorded bundles", found.len());
        found
    });
    &BUNDLES
}

fn evaluate(bundle: &Bundle) -> Report {
    secaudit::evaluate(bundle, &Policy::baseline(), Accept::Kernel)
}

/// The recorded bundles and what is said of them.
fn evaluated() -> impl Iterator<Item = (&'static str, &'static Bundle, &'static Report)> {
    static REPORTS: LazyLock<Vec<Report>> =
        LazyLock::new(|| bundles().iter().map(|(_, bundle)| evaluate(bundle)).collect());
    bundles().iter().zip(REPORTS.iter()).map(|((name, bundle), report)| (&**name, bundle, report))
}

/// Takes the answer to this question out of a bundle.
fn take_away(bundle: &mut Bundle, source: &Source) -> Option<Observation> {
    let gap = Gap::new(Reason::Denied, source.clone(), "taken away by a test");
    bundle.observations.insert(source.clone(), Observation::Gap(gap))
}

/// Fails if the poorer report reads better anywhere.
fn reads_no_better(rich: &Report, poor: &Report, what: &str) {
    assert_eq!(rich.targets.len(), poor.targets.len(), "{what}");
    for (rich, poor) in rich.targets.iter().zip(&poor.targets) {
        assert!(poor.floor <= rich.floor, "{what}: floor {} became {}", rich.floor, poor.floor);
        for (before, after) in rich.findings.iter().zip(&poor.findings) {
            assert_eq!(before.rule, after.rule);
            let turned = after.verdict == v1::Verdict::Pass && before.verdict != v1::Verdict::Pass;
            assert!(!turned, "{what}: {} became a pass", after.rule);
            let excused = after.verdict == v1::Verdict::NotApplicable
                && before.verdict != v1::Verdict::NotApplicable;
            assert!(!excused, "{what}: {} became not applicable", after.rule);
        }
    }
    let worse = |code: u8| matches!(code, 1 | 3);
    assert!(!worse(rich.gate.exit_code) || worse(poor.gate.exit_code), "{what}: the gate opened");
}

#[test]
fn taking_any_one_reading_away_never_reads_better() {
    for (name, bundle, rich) in evaluated() {
        let mut poorer = bundle.clone();
        for source in bundle.observations.keys() {
            let taken = take_away(&mut poorer, source);
            reads_no_better(rich, &evaluate(&poorer), &format!("{name} without {source}"));
            poorer.observations.extend(taken.map(|taken| (source.clone(), taken)));
        }
    }
}

#[test]
fn the_ledger_always_holds_rules_times_targets() {
    for (name, bundle) in bundles() {
        let report = evaluate(bundle);
        for target in &report.targets {
            assert_eq!(target.findings.len(), rules::ALL.len(), "{name}");
        }
        assert_eq!(report.targets.len(), bundle.targets.len(), "{name}");
    }
}

/// Policies that name what only a policy can: with the baseline such a rule
/// has nothing to ask.
pub(crate) const DEMANDING: [&str; 2] = [
    "[rules.required-env]\nnames = ['PATH']\n[rules.expected-uid]\nuids = [\"1000\"]\n[rules.runtime-env]\nvariables = ['PATH']\n[rules.gunicorn-tuned]\ndemands = ['workers']\n[rules.pinned-image]\nat-least = \"digest\"\n",
    "[rules.required-env]\nnames = ['NOT_SET_ANYWHERE']\n[rules.runtime-env]\nvariables = ['NODE_ENV=production']\n[rules.heap-fits-limit]\nmax-share = 1\n",
];

/// The baseline, and the demanding policies.
pub(crate) fn policies() -> Vec<Policy> {
    let demanding = DEMANDING.iter().map(|text| Policy::parse("demanding.toml", text).unwrap());
    std::iter::once(Policy::baseline()).chain(demanding).collect()
}

/// The rules whose own cases must do: no recorded host has AppArmor or SELinux, and
/// the images of records lost their tags, which were those of their runs.
const NOT_RECORDED: [&str; 2] = ["lsm-confined", "pinned-image"];

#[test]
fn every_rule_fails_and_passes_somewhere_in_the_recorded_bundles() {
    let mut seen: BTreeMap<String, [bool; 2]> = BTreeMap::new();
    let pairs = policies()
        .into_iter()
        .flat_map(|policy| bundles().iter().map(move |(_, bundle)| (policy.clone(), bundle)));
    for (policy, bundle) in pairs {
        let report = secaudit::evaluate(bundle, &policy, Accept::Kernel);
        for finding in report.targets.into_iter().flat_map(|target| target.findings) {
            let [passes, fails] = seen.entry(finding.rule.into_owned()).or_default();
            *passes |= finding.verdict == v1::Verdict::Pass;
            *fails |= finding.verdict == v1::Verdict::Fail;
        }
    }
    // Containers alone are recorded.
    for rule in rules::ALL.iter().filter(|it| it.targets.contains(&Kind::Container)) {
        let rule = rule.id;
        let [passes, fails] = seen.get(rule).copied().unwrap_or_default();
        assert!(
            (passes && fails) || NOT_RECORDED.contains(&rule),
            "{rule}: passes {passes}, fails {fails}"
        );
    }
}

#[test]
fn a_bundle_survives_being_written_and_read() {
    for (name, bundle) in bundles() {
        let text = serde_json::to_string(bundle).unwrap();
        let again: Bundle = serde_json::from_str(&text).unwrap();
        assert_eq!(*bundle, again, "{name}");
        assert_eq!(evaluate(bundle), evaluate(&again), "{name}");
    }
}

#[test]
fn every_report_validates_against_the_committed_schema() {
    let validator = crate::support::schema();
    for (name, bundle) in bundles() {
        let text = secaudit::report::json(&evaluate(bundle)).unwrap();
        let report = serde_json::from_str(&text).unwrap();
        if let Err(error) = validator.validate(&report) {
            panic!("{name}: {error}");
        }
    }
    assert!(!validator.is_valid(&serde_json::json!({"schema": "secaudit/scorecard/v1"})));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn taking_any_readings_away_never_reads_better(seed in any::<u64>(), share in 1_u64..100) {
        for (name, bundle, rich) in evaluated() {
            let mut state = seed;
            let mut poorer = bundle.clone();
            for source in bundle.observations.keys() {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                if (state >> 33) % 100 < share {
                    take_away(&mut poorer, source);
                }
            }
            reads_no_better(rich, &evaluate(&poorer), &format!("{name}, seed {seed}, share {share}"));
        }
    }

    #[test]
    fn the_order_of_collection_changes_nothing(seed in any::<u64>()) {
        for (name, bundle, one) in evaluated() {
            let mut order: Vec<_> = bundle.observations.clone().into_iter().collect();
            let mut targets = bundle.targets.clone();
            shuffle(&mut order, seed);
            shuffle(&mut targets, seed);
            let mut again = Bundle::new(bundle.origin);
            for (source, observation) in order {
                let answer = match observation {
                    Observation::Answer(answer) => Ok(answer),
                    Observation::Gap(gap) => Err(gap),
                };
                again.record(source, answer);
            }
            targets.into_iter().for_each(|target| again.add_target(target));
            again.missing.clone_from(&bundle.missing);
            prop_assert_eq!(&evaluate(&again), one, "{}", name);
        }
    }

    #[test]
    fn mending_a_finding_never_lowers_a_score(
        verdicts in prop::collection::vec((0_u8..4, 0_usize..4), 1..30),
        mended in any::<prop::sample::Index>(),
    ) {
        let weights = Policy::baseline().weights;
        let place = mended.index(verdicts.len());
        let before = score::score(&sheet(&verdicts).findings, weights);
        let mut better = verdicts;
        better[place].0 = 0;
        let after = score::score(&sheet(&better).findings, weights);
        prop_assert!(after.floor >= before.floor && after.ceiling >= before.ceiling);
        prop_assert!(before.floor <= before.ceiling);
    }

    #[test]
    fn another_target_never_changes_a_targets_score(first in 0_usize..64, second in 0_usize..64) {
        let all = bundles();
        let (_, one) = &all[first % all.len()];
        let (_, other) = &all[second % all.len()];
        let alone = evaluate(one);
        let mut both = one.clone();
        // What holds for the whole host is one host's word, and not another target.
        let is_the_hosts = |source: &Source| {
            let name = source.to_string();
            ["engine:/networks", "engine:/info", "kernel:/proc/1/", "kernel:/proc/sys/"]
                .iter()
                .any(|host| name.starts_with(host))
        };
        let more = other.observations.iter().filter(|(source, _)| !is_the_hosts(source));
        for (source, observation) in more {
            both.observations.entry(source.clone()).or_insert_with(|| observation.clone());
        }
        let added = other.targets.iter().filter(|target| !one.targets.contains(target));
        added.for_each(|target| both.add_target(target.clone()));
        let together = evaluate(&both);
        for target in &alone.targets {
            prop_assert!(together.targets.contains(target));
        }
    }
}

#[test]
fn audits_that_go_through_each_step_together_say_what_each_says_alone() {
    let bundles: Vec<Bundle> = bundles().iter().map(|(_, bundle)| bundle.clone()).collect();
    let parts = secaudit::evaluate_parts(&bundles, &Policy::baseline(), secaudit::Detail::Full);
    assert_eq!(parts.len(), bundles.len());
    for (bundle, part) in bundles.iter().zip(parts) {
        let alone = evaluate(bundle);
        assert_eq!(part.targets, alone.targets);
        assert_eq!(part.waivers, alone.waivers);
        assert_eq!(part.tally.outcome(&Policy::baseline().gate).exit_code(), alone.gate.exit_code);
    }
}

fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut state = seed;
    for index in (1..items.len()).rev() {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        items.swap(index, (state >> 33) as usize % (index + 1));
    }
}

/// A sheet with these verdicts: 0 pass, 1 fail, 2 unknown, 3 not applicable.
fn sheet(verdicts: &[(u8, usize)]) -> Sheet {
    let findings = verdicts
        .iter()
        .map(|(kind, severity)| Finding {
            rule: "a-rule",
            severity: Severity::ALL[*severity],
            verdict: verdict(*kind),
            waiver: None,
            is_known: false,
        })
        .collect();
    let target = Target { kind: Kind::Container, id: "t".into(), name: "t".into(), image: None };
    Sheet { target, findings }
}

fn verdict(kind: u8) -> Verdict {
    let reading = match kind {
        2 => Reading::Missing(Gap::not_collected(Source::Clock)),
        _ => Reading::Known(kind, vec![]),
    };
    Fact::declared_only(reading).judge(|kind| match kind {
        0 => Check::holds("holds"),
        1 => Check::broken("broken"),
        _ => Check::moot("moot"),
    })
}

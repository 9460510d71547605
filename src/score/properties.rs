//! What must hold of every score, whatever is known and whatever the policy says.

use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::Index;

use super::{Scorecard, all};
use crate::facts;
use crate::judge::{Accept, judge};
use crate::model::bundle::Bundle;
use crate::model::fact::Fact;
use crate::model::finding::Ledger;
use crate::model::reading::Reading;
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::policy::Policy;
use crate::rules;
use crate::rules::testing::generated::{evidence, of_another};

fn cases() -> ProptestConfig {
    ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() }
}

/// What a policy may set for rules and for roles.
const SETTINGS: &[&str] = &[
    "[rules.capabilities-dropped]\nallow = []\n",
    "[rules.no-dangerous-capabilities]\naccept = ['SYS_ADMIN']\n",
    "[rules.expected-uid]\nuids = [1000]\n",
    "[rules.required-env]\nnames = ['PATH', 'HOME']\n",
    "[rules.runtime-env]\nvariables = ['NODE_ENV=production']\n",
    "[rules.tmpfs-for-writes]\npaths = ['/run', '/tmp']\n",
    "[rules.persistent-data]\npaths = ['/data']\n",
    "[rules.restart-policy]\nallowed = ['always', 'no']\n",
    "[rules.published-ports-bound]\naccept = [6379]\n",
    "[rules.init-process]\nonly-inits = 'yes'\n",
    "[rules.pinned-image]\nat-least = 'digest'\n",
    "[roles.node-server.rules.memory-limit]\n",
    "[roles.redis.rules.capabilities-dropped]\nallow = ['NET_BIND_SERVICE']\n",
    "[roles.node-server.rules.expected-uid]\nuids = [7]\n",
];

/// A policy that weighs otherwise, leaves rules out, and sets some of the rest.
fn policy() -> impl Strategy<Value = String> {
    // None counts for more than a graver one: such a policy is refused.
    let weights = prop::array::uniform4(0_u16..=1000).prop_map(|mut all| {
        all.sort_unstable_by(|one, other| other.cmp(one));
        all
    });
    let rule = (any::<Index>(), prop::option::of(0..Severity::ALL.len()));
    let rules = prop::collection::btree_map(0..rules::ALL.len(), rule, 0..12);
    let settings = prop::sample::subsequence(SETTINGS, 0..4);
    (weights, rules, settings).prop_map(|(weights, changed, settings)| {
        let mut text = "[weights]\n".to_owned();
        for (severity, weight) in Severity::ALL.iter().zip(weights) {
            writeln!(text, "{severity} = {weight}").unwrap();
        }
        let set: String = settings.concat();
        for (place, (_, severity)) in changed {
            let id = rules::ALL[place].id;
            // A table stands in a file once.
            if set.contains(&format!("[rules.{id}]")) {
                continue;
            }
            let change = severity.map_or_else(
                || "enabled = false".to_owned(),
                |it| format!("severity = '{}'", Severity::ALL[it]),
            );
            writeln!(text, "[rules.{id}]\n{change}").unwrap();
        }
        text + &set
    })
}

fn parsed(policy: &str) -> Policy {
    Policy::parse("generated.toml", policy).unwrap_or_else(|error| panic!("{policy}: {error}"))
}

fn judged(bundle: &Bundle, policy: &Policy) -> Ledger {
    judge(&facts::derive(bundle), policy, Accept::Kernel)
}

fn scores(ledger: &Ledger, policy: &Policy) -> Vec<Scorecard> {
    all(ledger, policy.weights)
}

fn is_open(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Fail(_) | Verdict::Unknown { .. })
}

fn well() -> Verdict {
    Fact::declared_only(Reading::of(())).judge(|()| Check::holds("it is mended"))
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn mending_a_finding_never_lowers_a_score(
        evidence in evidence(), policy in policy(), place in any::<Index>(),
    ) {
        let policy = parsed(&policy);
        let mut ledger = judged(&evidence.whole(), &policy);
        let before = scores(&ledger, &policy)[0];
        prop_assert!(before.floor <= before.ceiling);
        let findings = ledger.sheets[0].findings.iter_mut();
        let open: Vec<_> = findings.filter(|it| is_open(&it.verdict)).collect();
        let count = open.len();
        if count > 0 {
            let mended = open.into_iter().nth(place.index(count)).unwrap();
            mended.verdict = well();
        }
        let after = scores(&ledger, &policy)[0];
        prop_assert!(after.floor >= before.floor, "{} became {}", before.floor, after.floor);
        prop_assert!(after.ceiling >= before.ceiling, "{} became {}", before.ceiling, after.ceiling);
    }

    #[test]
    fn knowing_less_never_reads_better(evidence in evidence(), policy in policy()) {
        let policy = parsed(&policy);
        let whole = judged(&evidence.whole(), &policy);
        let less = judged(&evidence.less(), &policy);
        for (before, after) in whole.sheets[0].findings.iter().zip(&less.sheets[0].findings) {
            let is_pass = |it: &Verdict| matches!(it, Verdict::Pass(_));
            prop_assert!(
                is_pass(&before.verdict) || !is_pass(&after.verdict),
                "{} was\n{:#?}\nand became\n{:#?}", before.rule, before.verdict, after.verdict,
            );
            prop_assert!(
                !is_open(&before.verdict) || is_open(&after.verdict),
                "{} was\n{:#?}\nand became\n{:#?}", before.rule, before.verdict, after.verdict,
            );
        }
        let (before, after) = (scores(&whole, &policy)[0], scores(&less, &policy)[0]);
        prop_assert!(after.floor <= before.floor, "{} became {}", before.floor, after.floor);
    }

    #[test]
    fn another_target_never_changes_a_targets_score(
        evidence in evidence(), mut other in evidence(), policy in policy(),
    ) {
        // No audit is of both.
        other.is_service = evidence.is_service;
        let (policy, mut both) = (parsed(&policy), evidence.whole());
        let alone = scores(&judged(&both, &policy), &policy)[0];
        let own = both.targets[0].clone();
        let other = of_another(&other.whole());
        // What both are asked of is one host's word.
        for (source, observation) in other.observations {
            both.observations.entry(source).or_insert(observation);
        }
        other.targets.into_iter().for_each(|target| both.add_target(target));
        let ledger = judged(&both, &policy);
        prop_assert_eq!(ledger.sheets.len(), 2);
        let place = ledger.sheets.iter().position(|it| it.target == own).unwrap();
        prop_assert_eq!(scores(&ledger, &policy)[place], alone);
    }
}

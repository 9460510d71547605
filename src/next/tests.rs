//! Judging again what a setting is to mend comes to the same as judging everything.

use proptest::prelude::*;

use super::*;
use crate::rules::testing::generated::evidence;

/// What is told of a bundle's target, where these rules are judged again each time.
fn told(bundle: &Bundle, mut touched: BTreeSet<&'static str>) -> Next {
    let policy = Policy::baseline();
    let sheets = judge::judge(&facts::derive(bundle), &policy, Accept::Kernel).sheets;
    let (sheet, mut evidence) = (&sheets[0], bundle.clone());
    let card = score::score(&sheet.findings, policy.weights);
    let found = Found::new((sheet, &card));
    let changed = Changed::new(&mut evidence, found.target);
    let (found, accept) = (&found, Accept::Kernel);
    Plan { changed, found, policy: &policy, accept, touched: &mut touched }.run()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn what_a_setting_touches_beside_what_it_is_to_mend_is_not_overlooked(evidence in evidence()) {
        let every: BTreeSet<_> = rules::ALL.iter().map(|rule| rule.id).collect();
        for bundle in [evidence.whole(), evidence.less()] {
            prop_assert_eq!(told(&bundle, by_any()), told(&bundle, every.clone()));
        }
    }
}

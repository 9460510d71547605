//! What holds for all rules that are asked of services.

use serde_json::json;

use super::service;
use crate::judge::Accept;
use crate::model::target::Kind;
use crate::policy::Policy;
use crate::report::terminal::{self, Look};
use crate::rules::{ALL, Rule};

fn asked() -> impl Iterator<Item = &'static &'static Rule> {
    ALL.iter().filter(|rule| rule.targets.contains(&Kind::Service))
}

#[test]
fn a_service_with_everything_in_order_breaks_no_rule_and_leaves_none_open() {
    for rule in asked() {
        let outcome = service().outcome(rule);
        let is_good = matches!(outcome.as_str(), "Pass" | "NotApplicable");
        assert!(is_good, "{}: {:#?}", rule.id, service().judge(rule));
    }
}

#[test]
fn print() {
    let bad = service();
    let report = crate::evaluate(&bad.bundle, &Policy::baseline(), Accept::Kernel);
    println!("{}", terminal::render(&report, Look { width: 140, colour: false }));
    let _ = json!(0);
}

//! One line on who answers whom; JSON has the whole table.

use std::collections::{BTreeMap, BTreeSet};

use super::Look;
use crate::report::v1;

/// How many containers are named.
const SHOWN: usize = 6;

/// What answers other containers, where there are several.
pub(super) fn render(report: &v1::Report, look: Look) -> Option<String> {
    let table = &report.reachability;
    let mut answering: BTreeMap<String, BTreeSet<u16>> = BTreeMap::new();
    for row in table.rows.iter().filter(|row| row.via != v1::Via::Published) {
        if !row.ports.is_empty() {
            let ports = answering.entry(row.to.to_string()).or_default();
            ports.extend(row.ports.iter().map(|it| it.port));
        }
    }
    if report.targets.len() < 2 || answering.is_empty() {
        return None;
    }
    let named = |(name, ports): (&String, &BTreeSet<u16>)| {
        let ports: Vec<String> = ports.iter().map(ToString::to_string).collect();
        format!("{name} on {}", ports.join(", "))
    };
    let mut shown: Vec<String> = answering.iter().take(SHOWN).map(named).collect();
    if let Some(more) = answering.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        shown.push(format!("and {more} more"));
    }
    let text =
        format!("answer other containers: {} (who reaches whom: --format json)", shown.join("; "));
    Some(look.wrap("reach  ", "       ", &text))
}

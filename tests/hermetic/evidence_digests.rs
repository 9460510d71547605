//! The digests of evidence, over recorded bundles.

use std::collections::BTreeMap;

use secaudit::judge::Accept;
use secaudit::model::bundle::Bundle;
use secaudit::policy::Policy;
use secaudit::report::v1;
use serde_json::{Value, json};

use crate::properties::bundles;

/// A bundle as it would be had the container been made anew: other ids, other pids.
fn made_anew(bundle: &Bundle) -> Bundle {
    let mut value = serde_json::to_value(bundle).unwrap();
    let mut pids = BTreeMap::new();
    for list in value["observations"].as_object().unwrap().values() {
        let processes = &list["answer"]["processes"];
        for pid in ["members", "strays"].iter().filter_map(|it| processes[it].as_array()).flatten()
        {
            pids.insert(pid.as_u64().unwrap(), pid.as_u64().unwrap() + 100_000);
        }
    }
    renumber(&mut value, &pids);
    let mut text = value.to_string();
    for target in &bundle.targets {
        let other: String = target.id.chars().rev().collect();
        text = text.replace(&target.id, &other);
    }
    serde_json::from_str(&text).unwrap()
}

/// Gives processes other pids, wherever they are told by them.
fn renumber(value: &mut Value, pids: &BTreeMap<u64, u64>) {
    match value {
        Value::Object(fields) => {
            let of_processes = fields.contains_key("init") && fields.contains_key("members");
            for (name, mut inner) in std::mem::take(fields) {
                if of_processes
                    && !matches!(name.as_str(), "limit_files" | "usage_files" | "cgroups")
                {
                    numbers(&mut inner, pids);
                }
                renumber(&mut inner, pids);
                let name = pids.iter().fold(name, |name, (old, new)| {
                    name.replace(&format!("/proc/{old}/"), &format!("/proc/{new}/"))
                        .replace(&format!("/task/{old}/"), &format!("/task/{new}/"))
                });
                fields.insert(name, inner);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|it| renumber(it, pids)),
        Value::String(text) if text.contains("\nPPid:\t") => {
            for (old, new) in pids {
                for field in ["Pid", "Tgid"] {
                    let told = |pid| format!("{field}:\t{pid}\n");
                    *text = text.replace(&told(old), &told(new));
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn numbers(value: &mut Value, pids: &BTreeMap<u64, u64>) {
    match value {
        Value::Number(_) => {
            if let Some(new) = value.as_u64().and_then(|it| pids.get(&it)) {
                *value = json!(new);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|it| numbers(it, pids)),
        Value::Object(fields) => fields.values_mut().for_each(|it| numbers(it, pids)),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

#[test]
fn a_container_that_is_made_anew_keeps_the_digests_of_its_evidence() {
    let mut count = 0;
    for (name, bundle) in bundles() {
        let digests = |bundle: &Bundle| {
            let report = secaudit::evaluate(bundle, &Policy::baseline(), Accept::Kernel);
            let all = report.targets.into_iter().flat_map(|it| it.findings);
            let all =
                all.filter_map(|it| Some((it.rule.to_string(), it.evidence_digest?, it.evidence)));
            all.collect::<Vec<_>>()
        };
        let (before, after) = (digests(bundle), digests(&made_anew(bundle)));
        assert_eq!(before.len(), after.len(), "{name}");
        for ((rule, one, evidence), (_, other, anew)) in before.into_iter().zip(after) {
            let lines = |all: &[v1::Evidence]| {
                all.iter()
                    .map(|it| format!("{} {} {}", it.source, it.place, it.value))
                    .collect::<Vec<_>>()
                    .join("\n")
            };
            assert_eq!(one, other, "{name}: {rule}:\n{}\n--\n{}", lines(&evidence), lines(&anew));
            count += 1;
        }
    }
    assert!(count > 300, "{count}");
}

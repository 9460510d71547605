//! Checklists: every row of the documents is an item, and what comes of them is what
//! every report says.

use std::collections::BTreeSet;
use std::fs;

use secaudit::policy::{Policy, checklist};
use secaudit::rules;
use serde_json::Value;

use crate::catalogue::is_current;
use crate::support::{secaudit, stderr, stdout};

/// The shipped checklists over the baseline.
fn shipped() -> Policy {
    let mut policy = Policy::baseline();
    for (path, text) in checklist::SHIPPED {
        policy.add_checklist(path, text).unwrap();
    }
    policy
}

#[test]
fn every_row_of_the_documents_is_an_item_and_nothing_else_is() {
    let rows = [23, 17, 7, 23, 16];
    let policy = shipped();
    assert_eq!(policy.checklists.len(), rows.len());
    for (document, (checklist, rows)) in policy.checklists.iter().zip(rows).enumerate() {
        // A row that asks different things of different roles is an item for each.
        let ids: BTreeSet<String> = checklist
            .items
            .iter()
            .map(|it| it.id.trim_end_matches(|it: char| it.is_ascii_lowercase()).to_owned())
            .collect();
        let wanted: BTreeSet<String> = (1..=rows).map(|row| format!("{document}.{row}")).collect();
        assert_eq!(ids, wanted, "{}", checklist.name);
        assert!(checklist.items.iter().all(|it| !it.section.is_empty()), "{}", checklist.name);
    }
}

#[test]
fn every_rule_is_used_by_the_baseline_or_a_checklist() {
    let policy = shipped();
    let items = policy.checklists.iter().flat_map(|it| &it.items).flat_map(|it| &it.rules);
    let used: BTreeSet<&str> = policy.rules.iter().chain(items).map(|it| it.rule.id).collect();
    let unused: Vec<&str> =
        rules::ALL.iter().map(|it| it.id).filter(|id| !used.contains(id)).collect();
    assert_eq!(unused, [""; 0]);
}

#[test]
fn the_reference_of_the_checklists_is_current() {
    let made = secaudit::report::reference::checklists(&shipped().checklists);
    is_current("policies/checklists.md", &made);
}

#[test]
fn a_document_that_there_is_not_is_a_usage_error_with_the_nearest() {
    let output = secaudit(&["dockerfile", "--checklist", "3-compose-stuck"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("did you mean \"3-compose-stack\"?"), "{}", stderr(&output));
}

/// Two Dockerfiles, of which one meets less, beside a checklist of three items.
fn two(format: &str) -> (tempfile::TempDir, std::process::Output) {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("a.Dockerfile", "FROM scratch\nCOPY a /a\nUSER 1000:1000\nENTRYPOINT [\"/a\"]\n");
    write("b.Dockerfile", "FROM scratch\nADD a /a\nENTRYPOINT [\"/a\"]\n");
    write(
        "mine.toml",
        "title = 'Mine'\n\
         [[items]]\nid = 'A'\ntitle = 'not root'\non = ['dockerfile']\nrules = ['non-root-user']\n\
         [[items]]\nid = 'B'\ntitle = 'the user is the expected one'\non = ['dockerfile']\n\
         rules = ['expected-uid']\nexpected-uid.uids = [1000]\n\
         [[items]]\nid = 'C'\ntitle = 'bounded'\non = ['service']\nrules = ['memory-limit']\n",
    );
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (list, files) = (path("mine.toml"), path("*.Dockerfile"));
    let output = secaudit(&[
        "dockerfile",
        "--engine",
        "none",
        "--checklist",
        &list,
        "--format",
        format,
        &files,
    ]);
    (folder, output)
}

#[test]
fn an_item_is_for_the_fleet_the_worst_that_it_is_for_any_target() {
    let (_folder, output) = two("json");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let verdicts = |of: &Value, key: &str| -> Vec<String> {
        let items = of["items"].as_array().unwrap();
        items.iter().map(|it| it[key].as_str().unwrap().to_owned()).collect()
    };
    let of = |target: usize| verdicts(&report["targets"][target]["checklists"][0], "verdict");
    assert_eq!(of(0), ["met", "met", "not-applicable"]);
    assert_eq!(of(1), ["not-met", "not-met", "not-applicable"]);
    let fleet = &report["checklists"][0];
    assert_eq!(verdicts(fleet, "fleet"), ["not-met", "not-met", "not-applicable"]);
    let standing = &report["targets"][0]["checklists"][0]["standing"];
    assert_eq!((&standing["met"], &standing["floor"]), (&2.into(), &100.into()));
    assert_eq!((&fleet["fleet"]["met"], &fleet["fleet"]["floor"]), (&0.into(), &0.into()));
    // What decides is shown with the item, by its own parameters.
    let item = &report["targets"][1]["checklists"][0]["items"][1];
    assert_eq!(item["by"]["expected-uid"], "fail");
    let finding = report["targets"][1]["findings"].as_array().unwrap();
    let finding = finding.iter().find(|it| it["rule"] == "expected-uid").unwrap();
    assert_eq!(finding["verdict"], "not-applicable", "the policy names no uid");
    assert!(!item["evidence"].as_array().unwrap().is_empty());
}

#[test]
fn a_terminal_shows_a_row_an_item_and_why_one_is_not_met() {
    let (_folder, output) = two("terminal");
    let text = stdout(&output);
    for part in [
        "✓  mine · Mine",
        "A  not root",
        "applies to none of these: C",
        "2/2",
        "0/2",
        "✗ A ",
        "mine: 0 of 2 items met (0 %) by all that they apply to",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(text.lines().all(|it| it.chars().count() <= 100), "{text}");
}

#[test]
fn without_a_checklist_a_report_says_nothing_of_any() {
    let output = secaudit(&[
        "dockerfile",
        "--engine",
        "none",
        "--format",
        "json",
        "tests/corpus/builds/gate/hardened.Dockerfile",
    ]);
    assert!(!stdout(&output).contains("checklists"), "{}", stdout(&output));
}

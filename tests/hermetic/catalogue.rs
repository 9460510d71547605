//! The rules as a whole: registered, documented, covered, and their generated
//! descriptions current. `BLESS=1 cargo test` rewrites what is generated.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use secaudit::model::target::Kind;
use secaudit::policy::{NAMED, SHIPPED, checklist};
use secaudit::rules::{ALL, Rule, Section};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Holds a generated file against what the code makes now.
pub(crate) fn is_current(path: &str, made: &str) {
    let path = root().join(path);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, made).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == made, "{} is not current: run BLESS=1 cargo test", path.display());
}

/// The files that hold a rule, as `folder/file_stem`.
fn rule_files() -> BTreeSet<(String, PathBuf)> {
    let mut found = BTreeSet::new();
    for folder in fs::read_dir(root().join("src/rules")).unwrap().flatten() {
        if !folder.path().is_dir() || folder.file_name() == "testing" {
            continue;
        }
        for file in fs::read_dir(folder.path()).unwrap().flatten() {
            let path = file.path();
            let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
            // A rule may keep its data in a folder of its own name.
            if stem != "mod" && path.is_file() {
                found.insert((stem.replace('_', "-"), path));
            }
        }
    }
    found
}

#[test]
fn a_rules_id_is_its_files_name_and_every_file_is_registered_once() {
    let files: Vec<String> = rule_files().into_iter().map(|(id, _)| id).collect();
    let mut registered: Vec<&str> = ALL.iter().map(|rule| rule.id).collect();
    registered.sort_unstable();
    assert_eq!(registered, files);
}

#[test]
fn every_rule_says_what_why_and_how_to_fix() {
    for rule in ALL {
        let id = rule.id;
        assert!(!rule.section(Section::What).is_empty(), "{id} says not what must hold");
        let why = rule.prose(Section::Why);
        let sentences = why.matches(". ").count() + 1;
        assert!((1..=3).contains(&sentences), "{id}: why in about two sentences, not {sentences}");
        assert!(why.ends_with('.'), "{id}");
        let fix = rule.section(Section::Fix);
        let has = |begin: &str| fix.iter().any(|line| line.starts_with(begin));
        if rule.targets.iter().any(|it| matches!(it, Kind::Container | Kind::Service)) {
            assert!(has("compose: "), "{id} has no fix for compose");
            assert!(has("run: "), "{id} has no fix for docker run");
        }
        if rule.targets.iter().any(|it| matches!(it, Kind::Image | Kind::Dockerfile)) {
            let is_of_files =
                fix.iter().any(|line| line.contains("chmod") || line.contains("COPY"));
            assert!(has("Dockerfile: ") || is_of_files, "{id} has no fix for a Dockerfile");
        }
        let first = rule.title.chars().next().unwrap();
        assert!(
            !rule.title.ends_with('.')
                && (first.is_lowercase() || rule.title.starts_with("AppArmor")),
            "{id}: {}",
            rule.title
        );
    }
}

/// Rules on which only one of the two readings has a word by nature.
const ONE_READING: [&str; 17] = [
    "file-modes",
    "fixed-uid",
    "healthcheck",
    "healthcheck-timing",
    "healthcheck-works",
    "immutable-code",
    "log-driver",
    "no-build-leftovers",
    "no-dev-tools",
    "no-ineffective-hardening",
    "no-privileged-exec",
    "no-world-writable",
    "non-root-exec",
    "production-dependencies",
    "pinned-image",
    "restart-policy",
    "secret-file-modes",
];

#[test]
fn every_rule_has_cases_that_pass_fail_and_are_unknown_and_one_where_the_readings_disagree() {
    for (id, path) in rule_files() {
        let text = fs::read_to_string(path).unwrap();
        // The macro itself demands a pass, a fail and an unknown.
        assert!(text.contains("cases! { RULE:"), "{id} has no table of cases");
        let is_of_what_runs =
            ALL.iter().any(|it| it.id == id && it.targets.contains(&Kind::Container));
        let has_both = is_of_what_runs && !ONE_READING.contains(&id.as_str());
        let disagrees = text.contains("the_kernel_overrules") || text.contains("is_compared_too");
        assert!(!has_both || disagrees, "{id} has no case where the readings disagree");
    }
}

/// Rules that are not asked of services, and why not.
const NOT_OF_SERVICES: [(&str, &str); 14] = [
    ("file-modes", "nobody has made the files yet: they are the image's"),
    ("handles-sigterm", "only a process shows which signals it handles"),
    ("immutable-code", "only processes show which code runs, and who could rewrite it"),
    ("nginx-hardened", "the configuration is the image's, or is bound from a file of its own"),
    ("no-build-leftovers", "what the image ships is asked of the image"),
    ("no-dev-tools", "what the image ships is asked of the image"),
    ("no-login-shell", "the accounts and their shells are the image's"),
    ("no-setuid-escalation", "what the files give is the image's; no-new-privileges closes it"),
    ("no-undeclared-listeners", "nobody listens yet"),
    ("no-world-writable", "nobody has made the files yet: they are the image's"),
    ("non-root-exec", "before anything runs it is the same question as non-root-user"),
    ("production-dependencies", "what the image ships is asked of the image"),
    ("runs-as-declared", "there is only the declaration yet"),
    ("secret-file-modes", "nobody has made the files yet: they are the image's"),
];

#[test]
fn every_rule_is_asked_of_services_or_says_why_not() {
    for rule in ALL.iter().filter(|it| it.targets.contains(&Kind::Container)) {
        let is_asked = rule.targets.contains(&Kind::Service);
        let is_excused = NOT_OF_SERVICES.iter().any(|(id, _)| *id == rule.id);
        assert!(is_asked != is_excused, "{}", rule.id);
    }
    for (id, _) in NOT_OF_SERVICES {
        assert!(ALL.iter().any(|rule| rule.id == id), "{id} is no rule");
    }
}

#[test]
fn every_rule_that_is_asked_of_services_has_cases_of_them() {
    for (id, path) in rule_files() {
        let is_asked = ALL.iter().any(|it| it.id == id && it.targets.contains(&Kind::Service));
        let text = fs::read_to_string(path).unwrap();
        assert_eq!(text.contains("service()"), is_asked, "{id}");
    }
}

#[test]
fn every_rule_that_is_asked_of_dockerfiles_has_cases_of_them() {
    for (id, path) in rule_files() {
        let is_asked = ALL.iter().any(|it| it.id == id && it.targets.contains(&Kind::Dockerfile));
        let text = fs::read_to_string(path).unwrap();
        assert_eq!(text.contains(" dockerfile(\""), is_asked, "{id}");
    }
}

#[test]
fn the_rule_reference_is_current() {
    is_current("policies/rules.md", &secaudit::report::reference::markdown());
}

#[test]
fn the_scorecards_schema_is_current() {
    is_current(
        "policies/scorecard.schema.json",
        &secaudit::report::schema::<secaudit::report::v1::Report>().unwrap(),
    );
}

#[test]
fn the_schema_is_itself_valid() {
    let schema =
        serde_json::from_str(&secaudit::report::schema::<secaudit::report::v1::Report>().unwrap())
            .unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    let dialect = schema["$schema"].as_str().unwrap();
    assert_eq!(dialect, "https://json-schema.org/draft/2020-12/schema");
}

#[test]
fn a_new_rule_needs_no_change_outside_its_file_and_the_registry() {
    // Nothing but the registry, the generated reference and the policies name a rule's id.
    let ids: Vec<&str> = ALL.iter().map(|rule| rule.id).collect();
    for part in ["model", "parse", "collect", "facts", "policy", "waive", "report", "app"] {
        for path in sources(&root().join("src").join(part)) {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            let named = ids.iter().find(|id| code.contains(&format!("\"{id}\"")));
            // These ids are also the names of settings, the engine's and compose's.
            let named = named.filter(|id| !["no-new-privileges", "healthcheck"].contains(*id));
            assert_eq!(named, None, "{}", path.display());
        }
    }
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            found.extend(sources(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}

#[test]
fn every_rule_passes_and_fails_live_but_the_one_that_needs_another_host() {
    let cases: String = sources(&root().join("integration"))
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let cases: String = cases.split_whitespace().collect();
    // No host that was at hand has AppArmor or SELinux.
    let runs = |rule: &&&Rule| rule.targets.contains(&Kind::Container);
    for rule in ALL.iter().filter(runs).filter(|rule| rule.id != "lsm-confined") {
        for verdict in ["passes", "fails"] {
            let is_met = cases.contains(&format!("{verdict}(\"{}\"", rule.id));
            assert!(is_met, "no live case in which {} {verdict}", rule.id);
        }
    }
}

#[test]
fn every_policy_file_is_shipped_once() {
    let folder = root().join("policies");
    let files = [folder.clone(), folder.join("roles"), folder.join("checklists")];
    let files = files.map(|it| fs::read_dir(it).unwrap());
    let files = files.into_iter().flatten().map(|file| file.unwrap().path());
    let mut files: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|it| it == "toml")).collect();
    let shipped = [SHIPPED, NAMED, checklist::SHIPPED].concat();
    let mut shipped: Vec<PathBuf> = shipped.iter().map(|(path, _)| root().join(path)).collect();
    files.sort();
    shipped.sort();
    assert_eq!(shipped, files);
}

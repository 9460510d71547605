//! The order of the modules, and what each may touch.

#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops where it cannot go on, and reads the sources"
)]

use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::Visit;

/// The pipeline. Each module sees only those before it.
const ORDER: [&str; 16] = [
    "model", "parse", "collect", "facts", "rules", "compare", "policy", "judge", "waive", "score",
    "gate", "drift", "join", "next", "report", "app",
];

/// The layers between the evidence and the report: same input, same output.
const PURE: [&str; 14] = [
    "model", "parse", "facts", "rules", "compare", "policy", "judge", "waive", "score", "gate",
    "drift", "join", "next", "report",
];

/// What a pure layer has no business with.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::env",
    "std::net",
    "std::process",
    "std::thread",
    "std::time::SystemTime",
    "std::time::Instant",
    "std::io::stdout",
    "std::io::stderr",
    "tokio",
    "nix",
    "rustix",
    "bollard",
    "Timestamp::now",
    "Zoned::now",
];

/// A file longer than this wants to be a folder.
const LONGEST: usize = 420;

#[derive(Default)]
struct Paths {
    found: Vec<String>,
    skip_tests: bool,
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let is_test = module.attrs.iter().any(|attribute| {
            attribute.path().is_ident("cfg")
                && attribute.parse_args::<syn::Ident>().is_ok_and(|word| word == "test")
        });
        if !(is_test && self.skip_tests) {
            syn::visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        flatten(&item.tree, "", &mut self.found);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let words: Vec<String> = path.segments.iter().map(|it| it.ident.to_string()).collect();
        self.found.push(words.join("::"));
        syn::visit::visit_path(self, path);
    }
}

fn flatten(tree: &syn::UseTree, prefix: &str, found: &mut Vec<String>) {
    let join =
        |word: &str| if prefix.is_empty() { word.to_owned() } else { format!("{prefix}::{word}") };
    match tree {
        syn::UseTree::Path(path) => flatten(&path.tree, &join(&path.ident.to_string()), found),
        syn::UseTree::Name(name) => found.push(join(&name.ident.to_string())),
        syn::UseTree::Rename(rename) => found.push(join(&rename.ident.to_string())),
        syn::UseTree::Glob(_) => found.push(join("*")),
        syn::UseTree::Group(group) => {
            group.items.iter().for_each(|item| flatten(item, prefix, found));
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Every source file of a module with the paths that it names.
fn sources() -> Vec<(PathBuf, String, Vec<String>)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    files(&src)
        .into_iter()
        .filter_map(|file| {
            let inner = file.strip_prefix(&src).unwrap();
            let first = inner.components().next().unwrap().as_os_str().to_str().unwrap();
            let module = first.trim_end_matches(".rs").to_owned();
            let parsed = syn::parse_file(&fs::read_to_string(&file).unwrap()).unwrap();
            let mut paths = Paths { skip_tests: true, ..Paths::default() };
            paths.visit_file(&parsed);
            let is_test_support = inner.starts_with("rules/testing");
            (!matches!(module.as_str(), "lib" | "main") && !is_test_support).then_some((
                file,
                module,
                paths.found,
            ))
        })
        .collect()
}

fn station(module: &str) -> usize {
    ORDER
        .iter()
        .position(|it| *it == module)
        .unwrap_or_else(|| panic!("{module} is no module of the house"))
}

#[test]
fn the_modules_stand_in_the_order_of_the_pipeline() {
    let lib = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let declared: Vec<&str> =
        lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert_eq!(declared, ORDER);
}

#[test]
fn no_module_sees_above_its_station() {
    for (file, module, paths) in sources() {
        let own = station(&module);
        for path in paths {
            let Some(rest) = path.strip_prefix("crate::") else { continue };
            let other = rest.split("::").next().unwrap();
            // What stands at the root is the pipeline itself; only the app runs it.
            if other.starts_with("evaluate") || other == "Detail" {
                assert_eq!(module, "app", "{}", file.display());
                continue;
            }
            let theirs = station(other);
            assert!(theirs <= own, "{}: {module} may not see {other} ({path})", file.display());
        }
    }
}

#[test]
fn what_lies_between_evidence_and_report_does_no_io() {
    for (file, module, paths) in sources() {
        if !PURE.contains(&module.as_str()) {
            continue;
        }
        for path in paths {
            let touched =
                IMPURE.iter().find(|it| path == **it || path.starts_with(&format!("{it}::")));
            assert_eq!(touched, None, "{}: {path}", file.display());
        }
    }
}

#[test]
fn only_the_fact_decides_what_a_missing_reading_means() {
    for (file, module, paths) in sources() {
        if module != "rules" {
            continue;
        }
        for path in paths {
            let decides =
                path.contains("Reading") || path.contains("Gap") || path.contains("Proof");
            assert!(!decides, "{}: a rule names {path}", file.display());
        }
        let text = fs::read_to_string(&file).unwrap();
        assert!(!text.contains(".known()"), "{}: a rule looks into a reading", file.display());
    }
}

#[test]
fn an_audit_cannot_reach_a_client_that_writes() {
    for (file, _, paths) in sources() {
        let may_hold = file.ends_with("collect/engine/client.rs")
            || file.components().any(|it| it.as_os_str() == "demo");
        let holds = paths.iter().any(|path| path == "bollard::Docker" || path == "bollard::*");
        assert!(may_hold || !holds, "{} holds a client that can write", file.display());
        let reaches = paths.iter().any(|path| path.contains("demo::docker"));
        assert!(!reaches, "{} reaches into the demo", file.display());
    }
}

#[test]
fn no_file_has_outgrown_its_room() {
    for (file, ..) in sources() {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= LONGEST, "{} has {lines} lines: it wants to be a folder", file.display());
    }
}

#[test]
fn every_module_says_what_it_is_for() {
    for (file, ..) in sources() {
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("//! "), "{} has no module comment", file.display());
    }
}

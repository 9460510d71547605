//! Waivers where people write them, through the whole program.

use std::path::Path;
use std::time::{Duration, Instant};

use secaudit::parse::waiver::{in_dockerfile, in_yaml};
use secaudit::parse::{dockerfile, yaml};
use serde_json::Value;

use crate::compose::{document, fits, laid_out};
use crate::support::{command, schema, stdout};

const HARDENED: &str = include_str!("../corpus/gate/hardened.yaml");
const DOCKERFILE: &str = include_str!("../corpus/gate/Dockerfile");
const TERMS: &str = "until=2999-12-31 owner=shop-team reason=it keeps a cache";

/// The hardened project with a writable root, below this.
fn writable(above: &str) -> String {
    HARDENED.replace("    read_only: true\n", &format!("{above}    read_only: false\n"))
}

fn judged(folder: &Path, arguments: &[&str]) -> (Option<i32>, Value) {
    let all = [&["compose", "--engine", "none", "--format", "json"], arguments].concat();
    let output = command(&all).current_dir(folder).output().unwrap();
    let document = document(&output);
    schema().validate(&document).unwrap();
    (output.status.code(), document)
}

fn finding<'d>(document: &'d Value, target: usize, rule: &str) -> &'d Value {
    let all = document["targets"][target]["findings"].as_array().unwrap();
    all.iter().find(|it| it["rule"] == rule).unwrap()
}

#[test]
fn what_is_waived_stays_a_failure_earns_nothing_and_caps_nothing() {
    let above = format!("    # secaudit: waive read-only-root {TERMS}\n");
    let folder = laid_out(&[
        ("compose.yaml", &writable(&above)),
        ("open.yaml", &writable("")),
        ("Dockerfile", DOCKERFILE),
    ]);
    let (code, waived) = judged(folder.path(), &["--fail-on", "low"]);
    assert_eq!(code, Some(0));
    let own = finding(&waived, 0, "read-only-root");
    assert_eq!(own["verdict"], "fail");
    assert_eq!(own["waived_at"], "compose.yaml:6:5");
    let [waiver] = waived["waivers"].as_array().unwrap().as_slice() else { panic!("{waived}") };
    assert_eq!(waiver["state"], "in-force");
    assert_eq!(waiver["covers"][0], "web");
    assert_eq!(waiver["owner"], "shop-team");
    let (code, open) = judged(folder.path(), &["-f", "open.yaml", "--fail-on", "low"]);
    assert_eq!(code, Some(1));
    let floor = |document: &Value| document["targets"][0]["floor"].as_u64().unwrap();
    assert_eq!(floor(&open), 69, "a failure at high caps");
    assert!((90..100).contains(&floor(&waived)), "{}", floor(&waived));
    assert!(open.get("waivers").is_none());
}

#[test]
fn above_one_capability_a_waiver_answers_for_it_and_for_no_other() {
    let above = |rule: &str| format!("      # secaudit: waive {rule} {TERMS}\n");
    let rules = ["no-dangerous-capabilities", "capabilities-dropped"];
    let both = rules.map(above).concat();
    let dropped = "    cap_drop: [ALL]\n";
    let project = |drop: &str, items: &str| {
        format!("services:\n  web:\n    image: a\n{drop}    cap_add:\n{items}")
    };
    let (admin, ptrace) = (format!("{both}      - SYS_ADMIN\n"), "      - SYS_PTRACE\n");
    let folder = laid_out(&[
        ("one.yaml", &project(dropped, &admin)),
        ("two.yaml", &project(dropped, &format!("{admin}{ptrace}"))),
        ("both.yaml", &project(dropped, &format!("{admin}{both}{ptrace}"))),
        ("kept.yaml", &project("    cap_drop: [NET_RAW]\n", &admin)),
        ("privileged.yaml", &project("    privileged: true\n", &admin)),
    ]);
    for (file, expected) in [
        ("one.yaml", [true, true]),
        ("two.yaml", [false, false]),
        ("both.yaml", [true, true]),
        // What the engine gives is left, as far as it is not taken away.
        ("kept.yaml", [true, false]),
        ("privileged.yaml", [false, false]),
    ] {
        let (_, document) = judged(folder.path(), &["-f", file]);
        let is_waived = |rule| finding(&document, 0, rule).get("waived_at").is_some();
        assert_eq!(rules.map(is_waived), expected, "{file}: {}", document["waivers"]);
    }
}

#[test]
fn a_waiver_of_one_service_is_none_of_the_next() {
    let second =
        HARDENED.replace("  web:", "  api:").replace("read_only: true", "read_only: false");
    let second = second.split_once("services:\n").unwrap().1.split_once("\nnetworks:").unwrap().0;
    let above = format!("    # secaudit: waive read-only-root {TERMS}\n");
    let both = writable(&above).replace("services:\n", &format!("services:\n{second}"));
    let folder = laid_out(&[("compose.yaml", &both), ("Dockerfile", DOCKERFILE)]);
    let (code, document) = judged(folder.path(), &[]);
    assert_eq!(code, Some(1));
    assert!(finding(&document, 0, "read-only-root").get("waived_at").is_none());
    assert!(finding(&document, 1, "read-only-root").get("waived_at").is_some());
}

#[test]
fn above_a_service_it_holds_for_what_is_missing_and_for_what_a_later_file_says() {
    let text = HARDENED.replace("    read_only: true\n", "");
    let above = format!("  # secaudit: waive read-only-root {TERMS}\n  web:\n");
    let over = "services: { web: { read_only: false } }\n";
    let folder = laid_out(&[
        ("compose.yaml", &text.replace("  web:\n", &above)),
        ("over.yaml", over),
        ("Dockerfile", DOCKERFILE),
    ]);
    assert_eq!(judged(folder.path(), &[]).0, Some(0));
    let (code, _) = judged(folder.path(), &["-f", "compose.yaml", "-f", "over.yaml"]);
    assert_eq!(code, Some(0));
}

#[test]
fn a_waiver_in_the_dockerfile_of_a_service_holds_for_the_service() {
    let root = DOCKERFILE.replace("USER 1000:1000", "USER 0");
    let waived =
        root.replace("USER 0", &format!("# secaudit: waive non-root-user {TERMS}\nUSER 0"));
    for (text, is_waived) in [(root, false), (waived, true)] {
        let folder = laid_out(&[("compose.yaml", HARDENED), ("Dockerfile", &text)]);
        let (code, document) = judged(folder.path(), &[]);
        let own = finding(&document, 0, "non-root-user");
        assert_eq!(own["verdict"], "fail");
        assert_eq!(own.get("waived_at").is_some(), is_waived, "{own}");
        assert_eq!(code == Some(1), !is_waived, "{text}");
    }
}

#[test]
fn of_many_projects_each_tells_its_own_waivers() {
    let above = format!("    # secaudit: waive read-only-root {TERMS}\n");
    let misread = "    # secaudit: waive read-only-root until=soon owner=a reason=b\n";
    let folder = laid_out(&[
        ("a/compose.yaml", &writable(&above)),
        ("a/Dockerfile", DOCKERFILE),
        ("b/compose.yaml", &writable(misread)),
        ("b/Dockerfile", DOCKERFILE),
    ]);
    let run = |format: &str| {
        let all = ["compose", "--engine", "none", "--format", format, "*/compose.yaml"];
        command(&all).current_dir(folder.path()).env("COLUMNS", "80").output().unwrap()
    };
    let output = run("terminal");
    assert_eq!(output.status.code(), Some(1));
    fits(&output, 80);
    let text = stdout(&output);
    assert_eq!(text.matches("waivers ·").count(), 2, "{text}");
    assert!(text.contains("`soon` is no day of the calendar"), "{text}");
    let document = document(&run("json"));
    let states = document["waivers"].as_array().unwrap().iter().map(|it| &it["state"]);
    assert_eq!(states.collect::<Vec<_>>(), ["in-force", "misread"]);
}

#[test]
fn a_waiver_that_is_over_is_needed_where_one_of_many_projects_needs_it() {
    let project = |name: &str, privileged: bool| {
        format!("name: {name}\nservices:\n  web:\n    image: a\n    privileged: {privileged}\n")
    };
    let folder = laid_out(&[
        ("a/compose.yaml", &project("shop-a", true)),
        ("b/compose.yaml", &project("shop-b", false)),
        ("c/compose.yaml", &project("shop-c", false)),
        (
            "p.toml",
            "[[waive]]\nrule = 'not-privileged'\ntarget = 'shop-*/web'\nuntil = 2020-12-31\n\
             owner = 'o'\nreason = 'r'\n",
        ),
    ]);
    for (projects, problem) in [(["b", "a"], "agree on a new day"), (["b", "c"], "remove it")] {
        let all = ["compose", "--engine", "none", "--policy", "p.toml", "--format", "json"];
        let all = [&all[..], &projects[..]].concat();
        let told = document(&command(&all).current_dir(folder.path()).output().unwrap());
        assert_eq!(told["waivers"][0]["state"], "expired");
        let said = told["waivers"][0]["problem"].as_str().unwrap();
        assert!(said.contains(problem), "{projects:?}: {said}");
    }
}

#[test]
fn a_matrix_tells_each_waiver_of_its_environments_once() {
    let above = format!(
        "    # secaudit: waive read-only-root {TERMS}\n    # secaudit: waive not-privileged {TERMS}\n"
    );
    let folder = laid_out(&[
        ("compose.yaml", &writable(&above)),
        ("mended.yaml", "services: { web: { read_only: true } }"),
        ("open.yaml", "services: { web: { mem_limit: 96m } }"),
        ("Dockerfile", DOCKERFILE),
    ]);
    let all = ["compose", "--engine", "none", "--matrix", "mended.yaml", "open.yaml", "profiles"];
    let output = command(&all).current_dir(folder.path()).env("COLUMNS", "80").output().unwrap();
    fits(&output, 80);
    let text = stdout(&output);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("in force read-only-root: web, until"), "{text}");
    assert!(words.contains("unused not-privileged, until"), "{text}");
    assert!(words.contains("what it waived is mended; remove it"), "{text}");
    assert_eq!(text.matches("compose.yaml:6:5").count(), 1, "{text}");
}

#[test]
fn what_a_waiver_says_is_printed_and_does_nothing_else() {
    let above = format!("    # secaudit: waive read-only-root {TERMS} \u{1b}[2J\u{202e}\n");
    let folder = laid_out(&[("compose.yaml", &writable(&above)), ("Dockerfile", DOCKERFILE)]);
    let all = ["compose", "--engine", "none"];
    let output = command(&all).current_dir(folder.path()).output().unwrap();
    let text = stdout(&output);
    assert!(!text.contains('\u{202e}') && !text.contains("\u{1b}[2J"), "{text:?}");
}

#[test]
fn the_waivers_of_the_documentation_are_in_force() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/waivers.md");
    let text = std::fs::read_to_string(page).unwrap().replace("until=2027-", "until=2999-");
    let block = |language: &str| {
        let begin = text.split_once(&format!("```{language}\n")).unwrap().1;
        begin.split_once("```").unwrap().0.to_owned()
    };
    let dockerfile = format!("FROM scratch\n{}ENTRYPOINT [\"/a\"]\n", block("dockerfile"));
    let folder = laid_out(&[("compose.yaml", &block("yaml")), ("Dockerfile", &dockerfile)]);
    for kind in ["compose", "dockerfile"] {
        let all = [kind, "--engine", "none", "--format", "json"];
        let document = document(&command(&all).current_dir(folder.path()).output().unwrap());
        assert_eq!(document["waivers"][0]["state"], "in-force", "{kind}: {}", document["waivers"]);
    }
}

#[test]
fn a_waiver_covers_nobody_who_only_shares_its_lines_or_its_name() {
    let above = format!("  # secaudit: waive not-privileged {TERMS}\n");
    let folder = laid_out(&[
        (
            "compose.yaml",
            &format!(
                "services:\n{above}  web: &web\n    image: a\n    privileged: true\n  db: *web\n  extra:\n    extends: {{ file: common.yaml, service: base }}\n"
            ),
        ),
        (
            "common.yaml",
            &format!("services:\n  base: {{ image: b }}\n{above}  db: {{ image: c }}\n"),
        ),
        (
            "inline.yaml",
            &format!(
                "services:\n  a:\n    build:\n      dockerfile_inline: |\n        FROM scratch\n        # secaudit: waive non-root-user {TERMS}\n        USER 0\n"
            ),
        ),
    ]);
    let (_, document) = judged(folder.path(), &[]);
    let waived = |target: usize| finding(&document, target, "not-privileged").get("waived_at");
    assert_eq!(waived(0), None, "db has the lines of web, and the name of another's base");
    assert!(waived(2).is_some());
    let (code, document) = judged(folder.path(), &["-f", "inline.yaml"]);
    assert_eq!(code, Some(1), "in a value nothing is a waiver");
    assert!(document.get("waivers").is_none());
}

#[test]
fn a_file_that_is_extended_and_included_has_waivers_of_its_own_services() {
    let base = format!(
        "services:\n  # secaudit: waive not-privileged {TERMS}\n  base:\n    image: a\n    \
         privileged: true\n"
    );
    let folder = laid_out(&[
        (
            "compose.yaml",
            "include: [common.yaml]\nservices:\n  web:\n    extends: { file: common.yaml, service: base }\n",
        ),
        ("common.yaml", &base),
    ]);
    let (_, document) = judged(folder.path(), &[]);
    let named = |name: &str| {
        let all = document["targets"].as_array().unwrap();
        let place = all.iter().position(|it| it["name"] == name).unwrap();
        finding(&document, place, "not-privileged").get("waived_at")
    };
    assert_eq!(named("web"), None, "web only takes over what base has");
    assert_eq!(named("base").unwrap(), "common.yaml:2:3", "{}", document["waivers"]);
}

#[test]
fn a_file_full_of_signs_is_read_in_time() {
    let begin = Instant::now();
    let signs = "# ".repeat(200_000);
    let blanks = " ".repeat(300_000);
    for text in [
        format!("a: b\n#secaudit x\n{signs}{blanks}"),
        format!("a: b\n# secaudit: waive {} \n", "a".repeat(900_000)),
        format!("a: 'b\n #secaudit: waive\n {signs}'\n"),
        format!("{}a: b\n", "#secaudit: waive\n#\n#\n".repeat(50_000)),
    ] {
        let mut left = 1000;
        in_yaml(&text, &yaml::load(&text, 0, &mut left).unwrap());
        let text = format!("FROM a\nRUN <<E\n{text}E\n{text}");
        in_dockerfile(&text, &dockerfile::parse(text.as_bytes()));
    }
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
}

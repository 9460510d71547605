//! Baselines, differences and gates over what audits wrote.

use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::Arc;

use secaudit::compare::{Baseline, Card, Change, Standing, State, excuses};
use secaudit::judge::Accept;
use secaudit::model::bundle::{Answer, Bundle};
use secaudit::model::severity::Severity;
use secaudit::model::source::Source;
use secaudit::policy::Policy;
use secaudit::report::{self, v1};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::compose::{document, fits, laid_out, printed};
use crate::compose_gate::rows;
use crate::compose_spans::bundle;
use crate::support::{FakeEngine, command, inspect, schema, stderr, stdout};

/// The cells of a table's rows that begin with a state.
fn states() -> Vec<[String; 4]> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/gate.md");
    let text = fs::read_to_string(path).unwrap();
    let row = |line: &str| {
        let cells: Vec<String> = line.split('|').map(|it| it.trim().to_owned()).collect();
        let [_, before, now, told, held, _] = cells.as_slice() else { return None };
        let is_state = ["fails", "passes", "unknown", "waived", "stated", "not there"];
        let is_row = is_state.iter().any(|it| before.starts_with(it));
        is_row.then(|| [before.clone(), now.clone(), told.clone(), held.clone()])
    };
    text.lines().filter_map(row).collect()
}

/// `fails (high)` and the like; none where nothing is there.
fn standing(words: &str) -> Option<(State, Severity)> {
    let (word, severity) = words.split_once(" (").unwrap_or((words, "high)"));
    let severity = severity.trim_end_matches(')');
    let severity = Severity::ALL.into_iter().find(|it| it.name() == severity).unwrap();
    let state = match word {
        "fails" => State::Failing,
        "unknown" => State::Unknown,
        "waived" => State::Waived,
        "stated" => State::Stated,
        "passes" => State::Well,
        "not there" => return None,
        other => panic!("{other} is no state"),
    };
    Some((state, severity))
}

#[test]
fn every_line_of_the_table_of_changes_is_what_is_done() {
    let rows = states();
    assert!(rows.len() >= 20, "the table is not found: {rows:?}");
    for [before, now, told, held] in rows {
        let (then, today) = (standing(&before), standing(&now));
        let of =
            |it: Option<(State, Severity)>| it.map(|(state, grave)| Standing::of(state, grave));
        let change = Change::from(of(then).as_ref(), of(today).as_ref());
        assert_eq!(change.name(), told, "{before} → {now}");
        let is_open = |it: &(State, Severity)| matches!(it.0, State::Failing | State::Unknown);
        let said = today.filter(is_open).map(|(state, severity)| {
            match of(then).is_some_and(|it| excuses(&it, state, severity)) {
                true => "known",
                false => "held",
            }
        });
        assert_eq!(said.unwrap_or_default(), held, "{before} → {now}");
    }
}

/// The files of the gate's corpus with the scorecards of some.
fn recorded() -> TempDir {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/gate");
    let folder = tempfile::tempdir().unwrap();
    for file in fs::read_dir(corpus).unwrap().flatten() {
        fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
    }
    for name in ["weak", "hardened", "mild", "untold"] {
        let (yaml, card) = (format!("{name}.yaml"), format!("{name}.json"));
        let arguments = ["compose", &yaml, "--engine", "none", "--format", "json", "-o", &card];
        command(&arguments).current_dir(folder.path()).output().unwrap();
    }
    folder
}

fn run(folder: &Path, line: &str) -> Output {
    let words: Vec<&str> = line.split(' ').collect();
    let mut command = command(&words);
    if matches!(words[0], "compose" | "dockerfile") {
        command.args(["--engine", "none"]);
    }
    command.current_dir(folder).env("COLUMNS", "80").output().unwrap()
}

#[test]
fn every_line_of_the_table_of_gates_ends_as_it_says() {
    let rows = rows("gate.md");
    assert!(rows.len() >= 25, "the table is not found: {rows:?}");
    let folder = recorded();
    for (line, code) in rows {
        let output = run(folder.path(), &line);
        let said = stdout(&output) + &stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{line}: {said}");
    }
}

const DAY: &str = "2026-10-01";

/// What a project is worth on a day, held against an earlier scorecard.
fn audited(yaml: &str, day: &str, before: Option<&v1::Report>) -> v1::Report {
    let mut bundle = bundle(yaml);
    let noon = format!("{day}T12:00:00Z");
    bundle.record(Source::Clock, Ok(Answer::Text(noon.as_str().into())));
    judged(&bundle, before)
}

fn judged(bundle: &Bundle, before: Option<&v1::Report>) -> v1::Report {
    let card = |it| Card::read(report::json(it).unwrap().as_bytes()).unwrap();
    let baseline = before.map(|it| Arc::new(Baseline::new("known.json", &card(it))));
    let mut policy = Policy::baseline();
    policy.baseline = baseline;
    secaudit::evaluate(bundle, &policy, Accept::Kernel)
}

#[test]
fn a_baseline_lives_through_what_happens_to_a_project() {
    let waived = "services:\n  web:\n    image: shop/web:1.4\n    user: '1000:1000'\n    \
        # secaudit: waive not-privileged until=2026-10-31 owner=shop reason=it is moved soon\n    \
        privileged: true\n";
    let web = "services:\n  web:\n    image: shop/web:1.4\n    user: root\n";
    let (at_first, of_waived) = (audited(web, DAY, None), audited(waived, DAY, None));
    assert_eq!(at_first.gate.exit_code, 1);
    assert_eq!(at_first.gate.baseline, None);
    let two = format!("{web}  api:\n    image: shop/api:1.0\n    user: root\n");
    let table: [(&str, &v1::Report, String, &str, &[&str]); 10] = [
        ("nothing happens", &at_first, web.into(), DAY, &[]),
        ("a year passes", &at_first, web.into(), "2027-10-01", &[]),
        ("lines move", &at_first, format!("# the shop\n\n\n{web}"), DAY, &[]),
        ("an image is built anew", &at_first, web.replace("1.4", "1.5"), DAY, &[]),
        ("something is mended", &at_first, format!("{web}    read_only: true\n"), DAY, &[]),
        (
            "a user cannot be told any more",
            &at_first,
            web.replace("root", "'${WHO}'"),
            DAY,
            &["no-escape-path"],
        ),
        (
            "privileges are added",
            &at_first,
            format!("{web}    cap_add: [SYS_ADMIN]\n"),
            DAY,
            &["no-dangerous-capabilities"],
        ),
        ("a waiver still holds", &of_waived, waived.into(), "2026-10-31", &[]),
        ("a waiver ends", &of_waived, waived.into(), "2026-11-01", &["not-privileged"]),
        (
            "a waiver is taken out",
            &of_waived,
            waived.lines().filter(|it| !it.contains('#')).collect::<Vec<_>>().join("\n"),
            DAY,
            &["not-privileged"],
        ),
    ];
    for (what, before, now, day, news) in table {
        let report = audited(&now, day, Some(before));
        let open = report.targets[0].findings.iter().filter(|it| {
            let is_bad = matches!(it.verdict, v1::Verdict::Fail | v1::Verdict::Unknown);
            is_bad && it.waived_at.is_none() && !it.known && it.severity >= Severity::High
        });
        let held: Vec<&str> = open.map(|it| &*it.rule).collect();
        assert_eq!(held, news, "{what}");
        let is_broken = |rule: &&str| {
            let all = &report.targets[0].findings;
            all.iter().any(|it| it.rule == **rule && it.verdict == v1::Verdict::Fail)
        };
        let code = match (news.is_empty(), news.iter().any(is_broken)) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => 3,
        };
        assert_eq!(report.gate.exit_code, code, "{what}");
        let alone = audited(&now, day, None);
        assert_eq!(report.targets[0].floor, alone.targets[0].floor, "{what}: scores stay");
        assert_eq!(report.gate.baseline.unwrap().new, news.len(), "{what}");
    }
    let report = audited(&two, DAY, Some(&at_first));
    let [api, web] = report.targets.as_slice() else { panic!("{report:?}") };
    let known = |it: &v1::Target| it.findings.iter().filter(|it| it.known).count();
    assert_eq!(known(api), 0, "another service is new in all that it breaks");
    assert!(known(web) > 0);
    assert_eq!(report.gate.exit_code, 1);
}

/// A container of a service, by its name and number.
fn replica(name: &str, number: &str, change: impl Fn(&mut Value)) -> (String, Value) {
    let mut record = inspect('1');
    record["Config"]["Labels"] = json!({
        "com.docker.compose.project": "shop", "com.docker.compose.service": "web",
        "com.docker.compose.container-number": number,
    });
    change(&mut record);
    (name.to_owned(), record)
}

#[test]
fn new_containers_of_a_service_are_known_and_a_worse_one_among_them_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let audit = |containers: &[(String, Value)], more: &[&str]| {
        let all: Vec<(&str, Value)> =
            containers.iter().map(|(name, record)| (name.as_str(), record.clone())).collect();
        let engine = FakeEngine::ordinary("1.41", &all);
        let host = engine.host();
        let all = [&["containers", "--host", &host, "--format", "json"], more].concat();
        command(&all).current_dir(folder.path()).output().unwrap()
    };
    let writable = |it: &mut Value| it["HostConfig"]["ReadonlyRootfs"] = json!(false);
    let one = [replica("shop-web-1", "1", writable)];
    fs::write(folder.path().join("one.json"), audit(&one, &[]).stdout).unwrap();
    let held = ["--baseline", "one.json"];
    // Made anew, under other numbers, and one more of them.
    let well = |_: &mut Value| ();
    let more = [replica("shop-web-7", "7", well), replica("shop-web-8", "8", writable)];
    let output = audit(&more, &held);
    let told = document(&output);
    assert_eq!(output.status.code(), Some(0), "{}", told["gate"]);
    assert_eq!(told["targets"][0]["identity"], "shop/web");
    let fingerprints = |at: usize| {
        let all = told["targets"][at]["findings"].as_array().unwrap();
        all.iter().map(|it| it["fingerprint"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(fingerprints(0), fingerprints(1));
    let privileged = |it: &mut Value| it["HostConfig"]["Privileged"] = json!(true);
    let worse = [replica("shop-web-7", "7", writable), replica("shop-web-8", "8", privileged)];
    let output = audit(&worse, &held);
    assert_eq!(output.status.code(), Some(1));
    assert!(document(&output)["gate"]["failures"][0].as_str().unwrap().contains("new finding"));
    // The same by another service's name, or by none, is not known.
    let other = [replica("shop-web-1", "1", |it| it["Config"]["Labels"] = json!({}))];
    assert_eq!(audit(&other, &held).status.code(), Some(3));
}

#[test]
fn what_is_known_is_shown_as_such_in_every_format() {
    let folder = recorded();
    let output = run(folder.path(), "compose weak.yaml --baseline weak.json");
    let text = stdout(&output);
    fits(&output, 80);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in ["held against weak.json", "web: known: ", "k of them known", "(known)"] {
        assert!(words.contains(part), "{part}: {text}");
    }
    assert!(text.lines().last().unwrap().ends_with("10 known"), "{text}");
    let output = run(folder.path(), "compose weak.yaml --baseline weak.json --format json");
    let told = document(&output);
    schema().validate(&told).unwrap();
    let alone = document(&run(folder.path(), "compose weak.yaml --format json"));
    assert_eq!(told["targets"][0]["floor"], alone["targets"][0]["floor"]);
    assert_eq!(told["gate"]["baseline"]["file"], "weak.json");
    assert_eq!(told["gate"]["baseline"]["new"], 0);
    assert!(alone["gate"].get("baseline").is_none());
    // Of many projects too.
    let output = run(folder.path(), "compose weak.yaml hardened.yaml --baseline weak.json");
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert!(stdout(&output).contains("web: known: "), "{}", stdout(&output));
}

#[test]
fn a_baseline_that_cannot_be_one_is_refused_and_one_that_says_less_is_told() {
    let folder = recorded();
    let path = |name: &str| folder.path().join(name);
    let card = fs::read_to_string(path("weak.json")).unwrap();
    let change = |name: &str, change: &dyn Fn(&mut Value)| {
        let mut value: Value = serde_json::from_str(&card).unwrap();
        change(&mut value);
        fs::write(path(name), value.to_string()).unwrap();
    };
    change("newer.json", &|it| {
        it["rules"]["not-yet-known"] = it["rules"]["read-only-root"].clone();
    });
    change("older.json", &|it| {
        it["rules"].as_object_mut().unwrap().remove("no-new-privileges");
        let all = it["targets"][0]["findings"].as_array_mut().unwrap();
        all.retain(|it| it["rule"] != "no-new-privileges");
    });
    change("later.json", &|it| it["targets"][0]["a_field_of_later"] = json!([1]));
    change("v2.json", &|it| it["schema"] = json!("secaudit/scorecard/v2"));
    fs::write(path("deep.json"), "[".repeat(1 << 20)).unwrap();
    nix::unistd::mkfifo(&path("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    fs::File::create(path("huge.json")).unwrap().set_len(1 << 30).unwrap();
    for (name, said) in [
        ("nowhere.json", "No such file"),
        (".", "no regular file"),
        ("fifo", "no regular file"),
        ("/dev/zero", "no regular file"),
        ("huge.json", "larger than 128 MiB"),
        ("deep.json", "it is no scorecard"),
        ("weak.yaml", "it is no scorecard"),
        ("v2.json", "it is secaudit/scorecard/v2"),
        ("newer.json", "a rule not-yet-known"),
    ] {
        let output = run(folder.path(), &format!("compose weak.yaml --baseline {name}"));
        let error = stderr(&output).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(output.status.code(), Some(2), "{name}: {error}");
        assert!(error.contains(said) && stdout(&output).is_empty(), "{name}: {error}");
    }
    let output = run(folder.path(), "compose weak.yaml --baseline later.json");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let output = run(folder.path(), "compose weak.yaml --baseline older.json --format json");
    let told = document(&output);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(told["gate"]["baseline"]["lacks"], json!(["no-new-privileges"]));
    assert!(stderr(&output).contains("was not judged by"), "{}", stderr(&output));
}

#[test]
fn a_difference_fits_its_schema_and_no_name_breaks_a_writer() {
    let folder = recorded();
    let schema = printed("diff");
    for (old, new) in [("weak", "hardened"), ("hardened", "weak"), ("mild", "untold")] {
        let line = format!("diff {old}.json {new}.json --format json");
        schema.validate(&document(&run(folder.path(), &line))).unwrap();
        fits(&run(folder.path(), &format!("diff {old}.json {new}.json")), 80);
    }
    let hostile = "w\u{1b}]0;owned\u{7}\r\n## PASSED\u{202e} ``` | <script> @all";
    let card = fs::read_to_string(folder.path().join("weak.json")).unwrap();
    let mut value: Value = serde_json::from_str(&card).unwrap();
    value["policy"] = json!(hostile);
    value["targets"][0]["name"] = json!(hostile);
    value["targets"][0]["identity"] = json!(hostile);
    value["targets"][0]["findings"][0]["statements"] = json!([hostile]);
    value["origin"]["gaps"] = json!([{"reason": "gone", "source": "clock", "detail": hostile}]);
    fs::write(folder.path().join("hostile.json"), value.to_string()).unwrap();
    for line in [
        "diff hardened.json hostile.json",
        "diff hardened.json hostile.json --format markdown",
        "gate hostile.json",
    ] {
        let output = run(folder.path(), line);
        let said = stdout(&output) + &stderr(&output);
        let bad = |it: char| (it.is_control() && it != '\n') || it == '\u{202e}';
        assert!(!said.contains(bad), "{line}: {said:?}");
        assert!(!said.lines().any(|it| it.starts_with("## PASSED")), "{line}: {said}");
        assert_eq!(output.status.code(), Some(1), "{line}: {said}");
    }
}

#[test]
fn a_difference_is_written_for_a_pull_request() {
    let folder = recorded();
    let line = "diff hardened.json weak.json --format markdown";
    let text = stdout(&run(folder.path(), line));
    // The project has no name of its own, and is called after its folder.
    let project = text.split("on service `").nth(1).unwrap().split('/').next().unwrap();
    for part in [
        "## secaudit: failed",
        "### Worse (",
        &format!("- **crit** `not-privileged` on service `{project}/web`: well → failing (crit)"),
        "### Scores",
        &format!("- service `{project}/web`: 100 → 39"),
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let output = run(folder.path(), &format!("{line} -o report.md"));
    assert_eq!(fs::read_to_string(folder.path().join("report.md")).unwrap(), text);
    assert!(stderr(&output).contains("FAILED: "), "{}", stderr(&output));
}

#[test]
fn scorecards_are_gated_from_files_and_from_standard_input() {
    let folder = recorded();
    let piped = |arguments: &[&str]| {
        let weak = fs::File::open(folder.path().join("weak.json")).unwrap();
        let mut command = command(arguments);
        command.current_dir(folder.path()).stdin(Stdio::from(weak)).output().unwrap()
    };
    let output = piped(&["gate", "-", "hardened.json"]);
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    assert!(text.contains("CRIT not-privileged: web"), "{text}");
    assert!(text.contains("hardened.json") && text.contains("PASSED"), "{text}");
    assert_eq!(piped(&["gate", "-", "-"]).status.code(), Some(2));
    assert_eq!(piped(&["diff", "-", "-"]).status.code(), Some(2));
    assert_eq!(piped(&["diff", "hardened.json", "-"]).status.code(), Some(1));
    // To have judged nothing clears nobody.
    let card = fs::read_to_string(folder.path().join("hardened.json")).unwrap();
    let mut value: Value = serde_json::from_str(&card).unwrap();
    value["targets"] = json!([]);
    fs::write(folder.path().join("empty.json"), value.to_string()).unwrap();
    for line in ["gate empty.json", "diff hardened.json empty.json"] {
        let output = run(folder.path(), line);
        assert_eq!(output.status.code(), Some(3), "{line}: {}", stdout(&output));
    }
    let policy = laid_out(&[
        ("p.toml", "[gate]\nfail-under = 101\n"),
        ("q.toml", "[gate]\nfail-on = 'none'\n"),
    ]);
    let with = |name: &str| {
        let line = format!("gate weak.json --policy {}", policy.path().join(name).display());
        run(folder.path(), &line).status.code()
    };
    assert_eq!((with("p.toml"), with("q.toml")), (Some(2), Some(0)));
}

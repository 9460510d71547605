//! What to do next: what is promised is what comes of it, and no more.

use std::process::Command;
use std::sync::LazyLock;

use secaudit::Detail;
use secaudit::judge::Accept;
use secaudit::model::bundle::Bundle;
use secaudit::model::reading::{Gap, Reason};
use secaudit::model::source::Source;
use secaudit::policy::Policy;
use secaudit::report::v1::{Report, Target};

use crate::compose::{document, fits, laid_out};
use crate::compose_spans::evidence;
use crate::corpus::{Sample, made, written};
use crate::properties::bundles;
use crate::support::{command, stdout};

/// The file that a fragment is written to.
const NEXT: &str = "next.yaml";

pub(crate) fn judged(bundle: &Bundle, detail: Detail) -> Report {
    secaudit::evaluate_beside(bundle, &[], &Policy::baseline(), Accept::Kernel, detail)
}

/// The same project with a fragment laid over it.
pub(crate) fn laid(sample: &Sample, fragment: &str) -> Sample {
    let mut more = sample.clone();
    more.files.insert(NEXT.to_owned(), fragment.to_owned());
    more.compose.push(NEXT.to_owned());
    more
}

/// The floor that the last step promises.
fn promise(target: &Target) -> u8 {
    let next = target.next.as_ref().unwrap();
    next.steps.last().map_or(target.floor, |it| it.floor)
}

/// Lays the fragment of each service over its project; how many were laid.
pub(crate) fn holds(sample: &Sample) -> usize {
    let Some(bundle) = evidence(sample) else { return 0 };
    let report = judged(&bundle, Detail::Next);
    let mut count = 0;
    for target in &report.targets {
        let next = target.next.as_ref().unwrap();
        let Some(fragment) = &next.compose else {
            assert!(next.steps.is_empty(), "{}: {}", sample.name, target.name);
            continue;
        };
        let name = format!("{}: {}:\n{fragment}", sample.name, target.name);
        let bundle = evidence(&laid(sample, fragment)).unwrap_or_else(|| panic!("{name}"));
        let after = judged(&bundle, Detail::Full).targets.into_iter();
        let after = after.filter(|it| it.name == target.name).collect::<Vec<_>>();
        let [after] = after.as_slice() else { panic!("{name}") };
        assert_eq!(after.floor, promise(target), "{name}{:#?}", broken(target, after));
        assert!(after.ceiling >= promise(target), "{name}");
        count += 1;
    }
    count
}

/// What was to be mended and is not.
fn broken(before: &Target, after: &Target) -> Vec<String> {
    let next = before.next.as_ref().unwrap();
    let mended: Vec<&str> = next.steps.iter().flat_map(|it| &it.rules).map(|it| &**it).collect();
    let open = after.findings.iter().filter(|it| it.is_open() || it.gap.is_some());
    let both = open.filter(|it| mended.contains(&&*it.rule));
    both.map(|it| format!("{}: {:?} {:?}", it.rule, it.statements, it.gap)).collect()
}

#[test]
fn a_fragment_laid_over_its_project_gives_the_floor_that_was_promised() {
    let laid: usize = written().iter().map(holds).sum();
    assert!(laid > 90, "{laid}");
}

#[test]
fn so_does_one_of_a_project_out_of_dice() {
    let laid: usize = made(40).iter().map(holds).sum();
    assert!(laid > 40, "{laid}");
}

/// What is said of each recorded container, with what to do next.
fn recorded() -> impl Iterator<Item = (&'static str, &'static Bundle, &'static Target)> {
    static REPORTS: LazyLock<Vec<Report>> = LazyLock::new(|| {
        bundles().iter().map(|(_, bundle)| judged(bundle, Detail::Next)).collect()
    });
    let pairs = bundles().iter().zip(REPORTS.iter());
    let all = pairs
        .flat_map(|((name, bundle), it)| it.targets.iter().map(move |it| (&**name, bundle, it)));
    all.filter(|(.., it)| it.next.is_some())
}

#[test]
fn whose_record_nobody_has_is_told_nothing() {
    let (_, bundle) = bundles().iter().find(|(name, _)| name == "engine-less.json").unwrap();
    assert!(judged(bundle, Detail::Next).targets.iter().all(|it| it.next.is_none()));
    assert!(recorded().count() > 30);
}

#[test]
fn each_step_raises_the_floor_and_none_of_them_mends_nothing() {
    for (name, _, target) in recorded() {
        let next = target.next.as_ref().unwrap();
        let floors: Vec<u8> =
            std::iter::once(target.floor).chain(next.steps.iter().map(|it| it.floor)).collect();
        assert!(floors.is_sorted_by(|one, other| one < other), "{name}: {floors:?}");
        for step in &next.steps {
            assert!(!step.settings.is_empty() && !step.rules.is_empty(), "{name}: {step:?}");
        }
        let mut all: Vec<_> = next.steps.iter().flat_map(|it| &it.settings).collect();
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count, "{name}");
    }
}

#[test]
fn who_has_nothing_to_mend_is_told_so() {
    let (_, bundle) = bundles().iter().find(|(name, _)| name == "hardened.json").unwrap();
    let open = judged(bundle, Detail::Full).targets.remove(0).findings.into_iter();
    let open = open.filter(|it| it.is_open() || it.gap.is_some());
    let off: String = open.map(|it| format!("[rules.{}]\nenabled = false\n", it.rule)).collect();
    let policy = Policy::parse("off.toml", &off).unwrap();
    let report = secaudit::evaluate_beside(bundle, &[], &policy, Accept::Kernel, Detail::Next);
    let next = report.targets[0].next.as_ref().unwrap();
    assert_eq!((report.targets[0].floor, &*next.steps, &*next.left), (100, &[][..], &[][..]));
    assert!(next.compose.is_none() && next.run.is_none() && next.later.is_empty());
    let look = secaudit::report::terminal::Look { width: 80, colour: false };
    let text = secaudit::report::terminal::render(&report, look);
    assert!(text.contains(": nothing is left to mend\n"), "{text}");
}

#[test]
fn of_what_the_kernel_does_not_show_nothing_is_promised() {
    for (name, bundle, target) in recorded().step_by(4) {
        let mut poorer = bundle.clone();
        let source = Source::Processes(target.id.as_str().into());
        let gap = Gap::new(Reason::Denied, source.clone(), "taken away by a test");
        poorer.record(source, Err(gap));
        let poor = judged(&poorer, Detail::Next).targets;
        let poor = poor.iter().find(|it| it.id == target.id).unwrap();
        assert!(promise(poor) <= promise(target), "{name}");
        let next = poor.next.as_ref().unwrap();
        let by_kernel = ["no-new-privileges", "read-only-root", "non-root-user", "memory-limit"];
        let mended = next.steps.iter().flat_map(|it| &it.rules);
        for rule in mended {
            assert!(!by_kernel.contains(&&**rule), "{name}: {rule}");
        }
    }
}

#[test]
fn the_evidence_of_one_target_is_left_as_it_was_for_the_next() {
    for (name, bundle, target) in recorded().step_by(3) {
        let full = judged(bundle, Detail::Full).targets;
        let full = full.iter().find(|it| it.id == target.id).unwrap();
        assert_eq!(&Target { next: None, ..target.clone() }, full, "{name}");
    }
    // Of two that are asked together neither is promised what the other was.
    let all: Vec<&Bundle> = recorded().map(|(_, bundle, _)| bundle).take(2).collect();
    let mut both = all[0].clone();
    both.observations.extend(all[1].observations.clone());
    all[1].targets.iter().for_each(|it| both.add_target(it.clone()));
    let alone = |target: &Target| {
        let mut one = both.clone();
        one.targets.retain(|it| it.id == target.id);
        judged(&one, Detail::Next).targets.remove(0).next
    };
    for target in &judged(&both, Detail::Next).targets {
        assert_eq!(target.next, alone(target), "{}", target.name);
    }
}

/// A service whose every text wants out of the fragment.
const HOSTILE: &str = r##"
services:
  "web: {privileged: true}\n  evil # \e[2J":
    image: a:1
    privileged: true
    security_opt: ["no-new-privileges:false", "label:user:x\n      - seccomp=unconfined", "a: ${A:-$$(id)}"]
    cap_add: [SYS_ADMIN]
    volumes: ["/var/run/docker.sock:/var/run/docker.sock", "/srv/$$(id)' \"#:/x"]
    ports: ["8080:80"]
"##;

#[test]
fn names_and_values_that_want_out_stay_what_they_are() {
    let files = [("compose.yaml".to_owned(), HOSTILE.to_owned())].into();
    let compose = vec!["compose.yaml".to_owned()];
    let sample = Sample { name: "hostile".to_owned(), files, compose, ..Sample::default() };
    assert_eq!(holds(&sample), 1);
    let report = judged(&evidence(&sample).unwrap(), Detail::Next);
    let fragment = report.targets[0].next.as_ref().unwrap().compose.as_ref().unwrap();
    assert!(fragment.is_ascii() && !fragment.contains('\u{1b}'), "{fragment}");
    let both = laid(&sample, fragment);
    let before = evidence(&sample).unwrap().targets;
    assert_eq!(evidence(&both).unwrap().targets, before, "{fragment}");
}

#[test]
fn the_options_of_a_run_line_are_to_a_shell_what_they_are_here() {
    let mut lines = 0;
    for (name, _, target) in recorded() {
        let Some(run) = &target.next.as_ref().unwrap().run else { continue };
        let script = format!("printf '%s\\n' {}", run.add);
        let output = Command::new("sh").args(["-c", &script]).output().unwrap();
        assert!(output.status.success(), "{name}: {}", run.add);
        let words = String::from_utf8(output.stdout).unwrap();
        assert!(words.lines().any(|it| it.starts_with("--")), "{name}: {words}");
        assert_eq!(words.lines().collect::<Vec<_>>().join(" "), run.add, "{name}");
        lines += 1;
    }
    assert!(lines > 10, "{lines}");
}

/// What is printed of a project of one service.
pub(crate) fn printed(text: &str, arguments: &[&str]) -> std::process::Output {
    let folder = laid_out(&[("compose.yaml", text)]);
    let all = [&["compose", "--engine", "none"], arguments].concat();
    command(&all).current_dir(folder.path()).env("COLUMNS", "80").output().unwrap()
}

#[test]
fn a_card_ends_with_the_steps_and_the_fragment_within_80_columns() {
    let output = printed("services:\n  web:\n    image: a:1\n    privileged: true\n", &[]);
    let text = stdout(&output);
    fits(&output, 80);
    for part in [
        " →  what to do next · by how much each change raises the score\n  web: F ",
        "    services:\n      web:\n",
        "        user: \"1000:1000\"  # choose: ",
        "        privileged: false  # choose: ",
        "        cap_drop:",
        "          - ALL\n",
        "  left: ",
    ] {
        assert!(text.contains(part), "{part:?}: {text}");
    }
}

#[test]
fn of_many_projects_nobody_is_told_what_to_do_next() {
    let text = "services: { web: { image: a } }";
    let folder = laid_out(&[("one/compose.yaml", text), ("two/compose.yaml", text)]);
    let arguments = ["compose", "--engine", "none", "one", "two"];
    let output = command(&arguments).current_dir(folder.path()).output().unwrap();
    assert!(!stdout(&output).contains("what to do next"));
    let output = command(&[&arguments[..], &["--format", "json"]].concat())
        .current_dir(folder.path())
        .output();
    let document = document(&output.unwrap());
    assert_eq!(document["targets"].as_array().unwrap().len(), 2);
    assert!(document["targets"].as_array().unwrap().iter().all(|it| it.get("next").is_none()));
}

/// The fragment for a service that says this besides its image.
pub(crate) fn fragment(says: &str) -> String {
    let text = format!("services:\n  web:\n    image: a:1\n    {says}\n");
    let document = document(&printed(&text, &["--format", "json"]));
    document["targets"][0]["next"]["compose"].as_str().unwrap_or_default().to_owned()
}

/// A service of which only mild matters are left.
const CAREFUL: &str = "user: '1000:1000'\n    cap_drop: [ALL]\n    security_opt: ['no-new-privileges:true']\n    \
    read_only: true\n    tmpfs: ['/tmp:size=64m']\n    mem_limit: 512m\n    pids_limit: 200\n    ";

#[test]
fn nothing_is_offered_that_compose_or_an_engine_refuses() {
    let limits = "deploy: { resources: { limits: { cpus: '0.5' } } }";
    for (base, says, key) in [
        ("", limits, "pids_limit"),
        ("", limits, "mem_limit"),
        ("", "mem_reservation: 1g", "mem_limit"),
        ("", "user: app", "user"),
        (CAREFUL, "cpu_period: 50000", "cpus"),
    ] {
        let is_offered = |says: &str| fragment(&format!("{base}{says}")).contains(key);
        assert!(is_offered("stop_grace_period: 5s"), "{key}");
        assert!(!is_offered(says), "{key} beside {says}");
    }
}

#[test]
fn what_is_well_already_is_kept() {
    for (base, says, kept) in [
        ("", "user: '1001'", "user: \"1001:1001\""),
        ("", "user: '1001:0'", "user: \"1001:1001\""),
        (CAREFUL, "restart: always", "restart: unless-stopped"),
    ] {
        let fragment =
            fragment(&format!("{base}{says}")).replace("\"unless-stopped\"", "unless-stopped");
        assert!(fragment.contains(kept), "{kept}: {fragment}");
    }
}

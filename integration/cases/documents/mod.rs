//! The demo fleet: every system of the five documents as a real service, as it was and as its
//! document recommends it, each beside that document's own checklist. An item is what the worst
//! of container, service, image and Dockerfile makes of it.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use secaudit::report::v1::checklist::{Checklist, Standing, Tick, Ticked};
use secaudit::report::v1::{Report, Target};

use super::{Live, live};
use crate::audit::{PROGRAM, audit_by};
use crate::needs::Need;

mod wrong;

use wrong::{DOCUMENTS, Document};

pub(super) fn all() -> Vec<Live> {
    let needs = &[Need::Root, Need::Docker, Need::Program("docker-compose")];
    vec![live("documents::as-they-were-and-as-they-are-recommended", needs, both)]
}

const STATES: [&str; 2] = ["before", "after"];

/// Rules that say what the host is, and not what a document asks, are left out of the scores.
const POLICY: &str = "policy.toml";

fn both() {
    let fleet = Fleet::started();
    let [before, after] = std::thread::scope(|scope| {
        STATES
            .map(|state| scope.spawn(move || DOCUMENTS.each_ref().map(|it| Seen::of(state, it))))
            .map(|thread| thread.join().expect("the audits come to an end"))
    });
    let faults = DOCUMENTS.iter().zip(&before).flat_map(|(document, seen)| {
        let wrong: Vec<&str> = document.wrong.iter().map(|(id, _)| *id).collect();
        seen.faults("before", &wrong)
    });
    let faults: Vec<String> =
        faults.chain(after.iter().flat_map(|seen| seen.faults("after", &[]))).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    is_current("docs/fleet.md", &page(&before, &after));
    drop(fleet);
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("integration/fleet")
}

/// The running fleet, which is one on an engine: removed at the end of its test.
struct Fleet {
    /// Whoever holds it may start the fleet.
    _turn: File,
}

impl Fleet {
    fn started() -> Self {
        let turn = File::open(folder().join("run")).expect("it is in the repository");
        turn.lock().expect("a file can be locked");
        let fleet = Self { _turn: turn };
        for state in STATES {
            said(Command::new("./run").args(["up", state]).env("FLEET_REGISTRY", "no"));
        }
        fleet
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        // There is nobody left to tell.
        let _ = Command::new("./run").arg("clean").current_dir(folder()).output();
    }
}

/// What a command of the fleet's says.
fn said(command: &mut Command) -> String {
    let output = command.current_dir(folder()).output().expect("it can be started");
    let errors = String::from_utf8_lossy(&output.stderr);
    let last: Vec<&str> = errors.lines().rev().take(20).collect();
    assert!(output.status.success(), "{command:?}: {last:#?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What the auditor makes of one document's systems.
struct Seen {
    checklist: Checklist,
    /// The containers' scores and standings, by service.
    services: BTreeMap<String, (u8, Standing)>,
    /// The worst that each item is, and of whom.
    items: BTreeMap<String, (Ticked, String)>,
}

impl Seen {
    fn of(state: &str, document: &Document) -> Self {
        let Document { folder: name, stage, .. } = document;
        let (number, _) = name.split_once('-').expect("it begins with its number");
        let project = format!("fleet-{state}-{number}");
        let label = format!("label=com.docker.compose.project={project}");
        let format = "{{.Names}}\t{{.Image}}\t{{.Label \"com.docker.compose.service\"}}";
        let listed =
            said(Command::new("docker").args(["ps", "--filter", &label, "--format", format]));
        let rows: Vec<Vec<&str>> = listed.lines().map(|it| it.split('\t').collect()).collect();
        let column = |place: usize| rows.iter().map(move |row| row[place]);

        let project_folder = Path::new(state).join(name);
        let compose = project_folder.join("compose.yaml");
        let audit = |command: &str, fill: &dyn Fn(&mut Command)| -> Report {
            let mut audit = Command::new(PROGRAM);
            audit.current_dir(folder()).args([command, "--checklist", number, "--format", "json"]);
            fill(&mut audit);
            audit_by(&mut audit).report
        };
        let in_project = |command: &mut Command| {
            command.args(["-p", &project, "-f"]).arg(&compose);
        };
        let containers = audit("containers", &|command| {
            in_project(command);
            command.args(["--policy", POLICY]).args(column(0));
        });
        let reports = [
            audit("compose", &in_project),
            audit("image", &|command| {
                let mut images: Vec<&str> = column(1).collect();
                images.sort_unstable();
                images.dedup();
                // An engine needs its time to pack one.
                command.args(["--timeout", "300"]).args(images);
            }),
            audit("dockerfile", &|command| {
                let stage = stage.filter(|_| state == "after");
                command.args(stage.iter().flat_map(|it| ["--target", it]));
                command.arg(project_folder.join("*/Dockerfile"));
            }),
        ];
        let mut items: BTreeMap<String, (Ticked, String)> = BTreeMap::new();
        let all = reports.iter().chain([&containers]).flat_map(|it| &it.targets);
        for (target, tick) in all.flat_map(|it| sheet(it).1.iter().map(move |tick| (it, tick))) {
            let told = || (tick.verdict, told(target, tick));
            let worst = items.entry(tick.id.clone()).or_insert_with(told);
            if worst.0 < tick.verdict {
                *worst = told();
            }
        }
        let of = |service: &str, name: &str| {
            let is_it = |it: &&Target| it.name.raw() == name;
            let target = containers.targets.iter().find(is_it).expect("it was audited");
            (service.to_owned(), (target.floor, sheet(target).0))
        };
        let services = rows.iter().map(|row| of(row[2], row[0])).collect();
        let checklist = containers.checklists.into_iter().next().expect("one was asked for");
        Self { checklist, services, items }
    }

    /// Whatever is otherwise than expected: these items are not met, and all others are.
    fn faults(&self, state: &str, wrong: &[&str]) -> Vec<String> {
        let name = &self.checklist.name;
        let expected = self.items.iter().filter_map(|(id, (verdict, told))| match verdict {
            Ticked::Unknown => Some(format!("{state}: {name}: {id} is unknown: {told}")),
            Ticked::NotMet if !wrong.contains(&id.as_str()) => {
                Some(format!("{state}: {name}: {id} is not met: {told}"))
            }
            Ticked::Met | Ticked::NotApplicable if wrong.contains(&id.as_str()) => {
                Some(format!("{state}: {name}: {id} is {verdict:?}, and was to fail"))
            }
            Ticked::Met | Ticked::NotMet | Ticked::NotApplicable => None,
        });
        let is_asked = |id: &&&str| !self.items.contains_key(**id);
        let unknown = wrong.iter().filter(is_asked).map(|id| format!("{name} has no item {id}"));
        expected.chain(unknown).collect()
    }

    /// Items met, and items that apply.
    fn standing(&self) -> (usize, usize) {
        let count = |verdict| self.items.values().filter(|it| it.0 == verdict).count();
        (count(Ticked::Met), self.items.len() - count(Ticked::NotApplicable))
    }
}

/// A target beside the one checklist.
fn sheet(target: &Target) -> (Standing, &[Tick]) {
    let [sheet] = target.checklists.as_slice() else { panic!("one checklist was asked for") };
    (sheet.standing, &sheet.items)
}

/// An item of a target in words, for whoever has to find out.
fn told(target: &Target, tick: &Tick) -> String {
    let gap = tick.gap.as_ref().map(|it| it.detail.to_string()).unwrap_or_default();
    format!("{:?} {}: {} {gap}", target.kind, target.name, tick.statements.join("; "))
}

/// What stands in the documentation.
fn page(before: &[Seen], after: &[Seen]) -> String {
    let mut page = HEAD.to_owned();
    for (document, (before, after)) in DOCUMENTS.iter().zip(before.iter().zip(after)) {
        page += &format!(
            "\n## {}\n\n`{}`\n\n| service | score before | items before | score after | items after \
             |\n|---|---|---|---|---|\n",
            after.checklist.title, document.folder
        );
        for (service, (score, standing)) in &after.services {
            let (was, had) = &before.services[service];
            page += &format!(
                "| {service} | {was} | {} | {score} | {} |\n",
                of_those_that_apply(had),
                of_those_that_apply(standing)
            );
        }
        let of = |(met, all): (usize, usize)| format!("{met} of {all}");
        page += &format!(
            "| **all, with services, images and Dockerfiles** | | **{}** | | **{}** |\n\n\
             What was wrong before:\n\n| item | what it asks for | what the document says |\n\
             |---|---|---|\n",
            of(before.standing()),
            of(after.standing())
        );
        for (id, why) in document.wrong {
            let item = after.checklist.items.iter().find(|it| it.id == *id);
            let title = item.map(|it| it.title.as_str()).unwrap_or_default();
            page += &format!("| {id} | {title} | {why} |\n");
        }
    }
    page
}

fn of_those_that_apply(standing: &Standing) -> String {
    let Standing { met, not_met, unknown, .. } = standing;
    format!("{met} of {}", met + not_met + unknown)
}

const HEAD: &str = "\
# The demo fleet

Every system of the five documents that the [checklists](checklists.md) are made from runs in
[`integration/fleet`](../integration/fleet/README.md) as a real service, as it was and as its document
recommends it. This page is made by the live test that starts them, audits containers, compose
services, images and Dockerfiles, and asserts of every item what the document says: before, exactly
what it had wrong is not met; after, all that applies is met. Nothing is unknown.

The score of a service is its container's floor by the baseline, without the three rules that say
what the host is (`lsm-confined`, `private-cgroup-namespace`, `private-user-namespace`); its items are
those of the document's checklist that apply to the container. The last line of a table counts an
item as the worst that it is of any of the four. To meet a document in full is not a score of 100:
the score counts what the document does not ask for, too.
";

/// Holds a generated file against what the run makes now.
#[expect(clippy::disallowed_methods, reason = "what is generated is renewed on request")]
fn is_current(path: &str, made: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&file, made).expect("the repository can be written");
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == made,
        "{path} is not current: run BLESS=1 SECAUDIT_LIVE=required cargo test --test integration \
         documents\n{made}"
    );
}

//! What to do next: a container that is started again with what was printed scores what
//! was promised.

use std::process::Command;

use secaudit::report::v1::Target;

use super::{Live, live};
use crate::audit::audit;
use crate::engine::{LABEL, image};
use crate::needs::Need;
use crate::run;
use crate::wait::until;
use crate::witness::WITNESS;

pub(super) fn all() -> Vec<Live> {
    let needs = [Need::Root, Need::Docker, Need::Program("docker")];
    let case = |&(name, options): &(&'static str, &'static [&'static str])| Live {
        name: format!("next::{name}"),
        needs: needs.to_vec(),
        run: Box::new(move || keeps_its_promise(name, options)),
    };
    let compose = live("next::a-container-of-a-service", &needs, of_a_service);
    CASES.iter().map(case).chain([compose]).collect()
}

/// Containers by the options that they are started with, a flag with its value each.
const CASES: &[(&str, &[&str])] = &[
    ("plain", &[]),
    // Without a health check nothing below the gravest would count.
    ("checked", &["--health-cmd '/secaudit witness healthy'", "--health-interval 5s"]),
    ("checked-in-the-hosts-pids", &["--health-cmd '/secaudit witness healthy'", "--pid host"]),
    ("loose", &["--cap-add CAP_SYS_PTRACE", "--security-opt seccomp=unconfined"]),
    ("with-the-socket", &["--volume /var/run/docker.sock:/var/run/docker.sock"]),
    ("in-the-hosts-namespaces", &["--pid host", "--ipc host", "--uts host"]),
    ("half-done", &["--read-only", "--user 1000", "--memory 256m", "--init"]),
    ("with-a-device", &["--device /dev/fuse:/dev/fuse:rwm", "--user 1000:1000"]),
];

/// Starts a container by a command line that a shell reads.
fn start(name: &str, options: &str) -> String {
    let run = run::id();
    let name = format!("{LABEL}-{run}-next-{name}");
    let line = format!(
        "docker run --detach --name {name} --label {LABEL}={run} {options} {} {WITNESS} witness linger",
        image(&run)
    );
    let output = Command::new("sh").args(["-c", &line]).output().expect("there is a shell");
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    name
}

/// What is said of a container once its program waits for nothing more.
fn judged(name: &str) -> Target {
    let host = format!("unix://{}", run::DOCKER);
    until("the container runs", || {
        let audit = audit(&["--host", host.as_str(), name]);
        audit.report.targets.first().cloned()
    })
}

fn remove(name: &str) {
    let output = Command::new("docker").args(["rm", "--force", name]).output();
    assert!(output.expect("docker runs").status.success(), "{name}");
}

/// The promise, and what came of it.
fn keeps_its_promise(name: &str, options: &[&str]) {
    run::docker();
    let before = start(name, &options.join(" "));
    let target = judged(&before);
    remove(&before);
    let next = target.next.as_ref().expect("a container is told what to do next");
    let promised = next.steps.last().expect("there is something to mend").floor;
    let change = next.run.as_ref().expect("a container is started by an engine");
    let gone: Vec<&str> = change.leave_out.iter().map(|it| it.raw()).collect();
    for option in &gone {
        assert!(options.contains(option), "{option} was not there: {options:?}");
    }
    let kept: Vec<&str> = options.iter().copied().filter(|it| !gone.contains(it)).collect();
    let after = start(&format!("{name}-mended"), &format!("{} {}", kept.join(" "), change.add));
    let mended = judged(&after);
    remove(&after);
    assert!(
        mended.floor >= promised,
        "{promised} was promised, {} came of it: {:#?}",
        mended.floor,
        broken_promises(&target, &mended)
    );
    println!(
        "{name}: {} → {promised} promised, {} kept by {}",
        target.floor, mended.floor, change.add
    );
}

/// The rules that were to be mended and are not.
fn broken_promises<'t>(
    before: &'t Target,
    after: &'t Target,
) -> Vec<(&'t str, &'t [std::borrow::Cow<'static, str>])> {
    let steps = before.next.iter().flat_map(|it| &it.steps);
    let promised: Vec<&str> = steps.flat_map(|it| &it.rules).map(|it| &**it).collect();
    let open = after.findings.iter().filter(|it| it.is_open() || it.gap.is_some());
    let both = open.filter(|it| promised.contains(&&*it.rule));
    both.map(|it| (&*it.rule, it.statements.as_slice())).collect()
}

/// A container that compose labels is told what to write into the file as well.
fn of_a_service() {
    run::docker();
    let labels = "--label com.docker.compose.project=shop --label com.docker.compose.service=web \
        --label com.docker.compose.oneoff=False";
    let name = start("service", labels);
    let target = judged(&name);
    remove(&name);
    let next = target.next.expect("a container is told what to do next");
    let fragment = next.compose.expect("its service is known");
    assert!(fragment.starts_with("services:\n  web:\n"), "{fragment}");
    assert!(fragment.contains("    cap_drop:"), "{fragment}");
}

//! A hardened container that somebody enters with more than it was given.

use std::process::{Child, Command, Stdio};

use super::docker::{hardened, with_witness};
use super::{Live, live};
use crate::agree::{Expectation, agree, done, fails, not_gained, passes, refused};
use crate::audit::{Audit, audit, finding};
use crate::engine::{Container, Engine};
use crate::needs::Need;
use crate::record::record;
use crate::run;
use crate::testimony::Testimony;
use crate::wait;
use crate::witness::Act::{
    BecomeRoot, ChangePersonality, Mount, OpenRawSocket, SeeOtherProcesses, WriteRoot,
};

pub(super) fn all() -> Vec<Live> {
    let needs = &[Need::Root, Need::Docker];
    let entering = &[Need::Root, Need::Docker, Need::Program("nsenter")];
    vec![
        live("entered::exec-as-root", needs, exec_as_root),
        live("entered::exec-in-a-runtimes-name", needs, exec_in_a_runtimes_name),
        live("entered::exec-as-the-same-user", needs, exec_as_the_same_user),
        live("entered::by-a-container-beside-it", needs, by_a_container_beside_it),
        live("entered::into-the-cgroup", entering, into_the_cgroup),
        live("entered::into-the-namespaces-alone", entering, into_the_namespaces_alone),
        live("entered::into-the-mounts-alone", entering, into_the_mounts_alone),
        live("entered::a-session-that-has-ended", entering, a_session_that_has_ended),
    ]
}

/// Without a health check, whose own processes come and go.
fn start<'e>(engine: &'e Engine, name: &str) -> Container<'e> {
    let mut config = with_witness(hardened());
    config["Healthcheck"] = serde_json::Value::Null;
    let container = engine.start(name, &config);
    container.testimony();
    container
}

fn audited(engine: &Engine, container: &Container<'_>) -> Audit {
    audit(&["--host", &engine.address, &container.name])
}

fn exec_as_root() {
    let engine = run::docker();
    let container = start(&engine, "exec-as-root");
    let session = container.exec("0", &[]);
    let audit = audited(&engine, &container);
    const EXPECTED: &[Expectation] = &[
        fails("no-privileged-exec", &[done(BecomeRoot)]),
        fails("non-root-user", &[done(BecomeRoot)]),
        fails("runs-as-declared", &[done(BecomeRoot)]),
        passes("capabilities-dropped", &[refused(OpenRawSocket)]),
        passes("no-new-privileges", &[]),
        passes("seccomp-filter", &[refused(ChangePersonality)]),
    ];
    agree(EXPECTED, audit.only(), &session);
    assert_eq!(audit.code, 1);
    record("exec-as-root", Some(&engine.address), &container.name);
}

/// A name is no excuse: it makes the audit wait, not look away.
fn exec_in_a_runtimes_name() {
    let engine = run::docker();
    let container = start(&engine, "exec-in-a-runtimes-name");
    let session = container.exec("0", &["disguise"]);
    let audit = audited(&engine, &container);
    const EXPECTED: &[Expectation] = &[
        fails("no-privileged-exec", &[done(BecomeRoot)]),
        fails("non-root-user", &[done(BecomeRoot)]),
    ];
    agree(EXPECTED, audit.only(), &session);
    let statements = &finding(audit.only(), "non-root-user").statements;
    assert!(statements.iter().any(|it| it.contains("runc:[2:INIT]")), "{statements:?}");
}

fn exec_as_the_same_user() {
    let engine = run::docker();
    let container = start(&engine, "exec-as-the-same-user");
    let session = container.exec("1000", &[]);
    let audit = audited(&engine, &container);
    const EXPECTED: &[Expectation] = &[
        passes("no-privileged-exec", &[refused(BecomeRoot), not_gained(BecomeRoot)]),
        passes("non-root-user", &[refused(BecomeRoot)]),
        passes("runs-as-declared", &[refused(BecomeRoot)]),
    ];
    agree(EXPECTED, audit.only(), &session);
}

/// A container that shares another's PID namespace is its own target: its
/// processes are not the other's, whether it is audited too or not.
fn by_a_container_beside_it() {
    let engine = run::docker();
    let container = start(&engine, "shared");
    let sharing =
        serde_json::json!({"HostConfig": {"PidMode": format!("container:{}", container.id)}});
    let beside = engine.start("sharing", &with_witness(sharing));
    let root = beside.testimony();
    const ROOT: &[Expectation] = &[fails("non-root-user", &[done(BecomeRoot)])];
    const HARDENED: &[Expectation] =
        &[passes("non-root-user", &[]), passes("no-privileged-exec", &[])];
    let both = audit(&["--host", &engine.address, &container.name, &beside.name]);
    agree(ROOT, both.target(&beside.name).expect("it is audited"), &root);
    agree(HARDENED, both.target(&container.name).expect("it is audited"), &root);
    agree(HARDENED, audited(&engine, &container).only(), &root);
}

/// A process of the host that entered the container's namespaces.
struct Intruder {
    child: Child,
    testimony: Testimony,
}

impl Intruder {
    /// Enters as the host's root, with all that root has; first into the
    /// container's cgroups where `cgroups` holds their `cgroup.procs`.
    fn enter(pid: u32, cgroups: &[String], namespaces: &str) -> Self {
        let script = "for file in \"$@\"; do echo $$ > \"$file\" || exit 1; done; \
            exec nsenter --target \"$PID\" $NAMESPACES /secaudit witness";
        let mut child = Command::new("sh")
            .args(["-c", script, "sh"])
            .env("NAMESPACES", namespaces)
            .args(cgroups)
            .env("PID", pid.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell can be started");
        let testimony = Testimony::hear(&mut child);
        Self { child, testimony }
    }

    /// Ends the witness inside, and waits for `nsenter` to follow it.
    fn leave(&mut self) {
        let children = format!("/proc/{0}/task/{0}/children", self.child.id());
        for pid in std::fs::read_to_string(children).unwrap_or_default().split_whitespace() {
            // It may have ended with the container.
            let _ = Command::new("kill").args(["-KILL", pid]).status();
        }
        // Where it forked nobody, it is the witness itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Intruder {
    fn drop(&mut self) {
        self.leave();
    }
}

/// The `cgroup.procs` of each of the container's cgroups.
pub(super) fn cgroups(pid: u32) -> Vec<String> {
    let own = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).expect("it runs");
    let candidates = own.lines().filter_map(|line| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        let hierarchy = controllers.strip_prefix("name=").unwrap_or(controllers);
        let folders =
            [format!("/sys/fs/cgroup/{hierarchy}{path}"), format!("/sys/fs/cgroup/unified{path}")];
        folders
            .into_iter()
            .map(|folder| format!("{folder}/cgroup.procs"))
            .find(|file| path != "/" && std::path::Path::new(file).exists())
    });
    candidates.collect()
}

fn into_the_cgroup() {
    let engine = run::docker();
    let container = start(&engine, "into-the-cgroup");
    let pid = container.pid();
    let intruder = Intruder::enter(pid, &cgroups(pid), "--mount --pid");
    let audit = audited(&engine, &container);
    const EXPECTED: &[Expectation] = &[
        fails("no-privileged-exec", &[done(BecomeRoot), done(Mount)]),
        fails("runs-as-declared", &[done(BecomeRoot), done(Mount)]),
        fails("non-root-user", &[done(BecomeRoot)]),
        fails("no-dangerous-capabilities", &[done(Mount)]),
        fails("capabilities-dropped", &[done(OpenRawSocket)]),
        fails("seccomp-filter", &[done(ChangePersonality)]),
        passes("private-pid-namespace", &[refused(SeeOtherProcesses)]),
        passes("read-only-root", &[refused(WriteRoot)]),
    ];
    agree(EXPECTED, audit.only(), &intruder.testimony);
    assert_eq!(audit.code, 1);
}

fn into_the_namespaces_alone() {
    from_outside("into-the-namespaces-alone", "--mount --pid");
}

/// Its processes are out of sight for such a one, but its files are in reach.
fn into_the_mounts_alone() {
    from_outside("into-the-mounts-alone", "--mount");
}

fn from_outside(name: &str, namespaces: &str) {
    let engine = run::docker();
    let container = start(&engine, name);
    let intruder = Intruder::enter(container.pid(), &[], namespaces);
    let audit = audited(&engine, &container);
    const EXPECTED: &[Expectation] = &[
        fails("no-privileged-exec", &[done(BecomeRoot), done(Mount)]),
        fails("runs-as-declared", &[done(BecomeRoot), done(Mount)]),
        fails("non-root-user", &[done(BecomeRoot)]),
        fails("no-dangerous-capabilities", &[done(Mount)]),
    ];
    agree(EXPECTED, audit.only(), &intruder.testimony);
    let statements = &finding(audit.only(), "no-privileged-exec").statements;
    assert!(statements.iter().any(|it| it.contains("entered from outside")), "{statements:?}");
}

fn a_session_that_has_ended() {
    let engine = run::docker();
    let container = start(&engine, "a-session-that-has-ended");
    let mut intruder = Intruder::enter(container.pid(), &[], "--mount --pid");
    assert_eq!(audited(&engine, &container).code, 1);
    intruder.leave();
    const EXPECTED: &[Expectation] = &[
        passes("no-privileged-exec", &[]),
        passes("non-root-user", &[]),
        passes("runs-as-declared", &[]),
    ];
    let audit = wait::until("the audit no longer sees the intruder", || {
        let audit = audited(&engine, &container);
        (audit.only().summary.user == "1000").then_some(audit)
    });
    agree(EXPECTED, audit.only(), &intruder.testimony);
}

//! Engines that the tests start themselves: a remapping Docker, and Podman.

use secaudit::model::severity::Severity;
use serde_json::{Value, json};

use super::docker::{hardened, with_witness};
use super::{Live, live};
use crate::agree::{Expectation, agree, done, fails, gained, not_gained, passes, refused};
use crate::audit::audit;
use crate::daemon::{self, Daemon};
use crate::engine::Engine;
use crate::image;
use crate::needs::Need;
use crate::record::record;
use crate::run;
use crate::witness::Act::{
    BecomeRoot, ChangePersonality, ExceedMemory, ExceedPids, Mount, OpenHostQueue,
    OpenKernelSetting, OpenRawSocket, ReachEngine, ReachHostLoopback, SeeOtherProcesses, WriteRoot,
    WriteTmp,
};

pub(super) fn all() -> Vec<Live> {
    let setpriv = Need::Program("setpriv");
    vec![
        live("daemon::userns-remap", &[Need::Root, setpriv, Need::Program("dockerd")], userns),
        live("daemon::podman", &[Need::Root, setpriv, Need::Program("podman")], podman),
    ]
}

fn import(engine: &Engine) {
    engine.import(image::witness().expect("the image can be made"), &run::id(), None);
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

#[expect(clippy::disallowed_methods, reason = "a daemon reads its configuration from a file")]
fn write(path: &str, text: &str) {
    std::fs::write(path, text).expect("the folder is the test's own");
}

/// Root inside is an ordinary user outside: the same finding, but a mild one.
fn userns() {
    let (_daemon, engine) = Daemon::start(|folder, socket| {
        let at = |option: &str, file: &str| format!("--{option}={folder}/{file}");
        // The machine's own configuration is not this daemon's.
        let configuration = format!("{folder}/daemon.json");
        write(&configuration, "{}");
        // A daemon without a bridge takes away the one that it finds: it gets
        // a network of its own, in which there is none.
        words(&[
            "unshare",
            "--net",
            "dockerd",
            &format!("--config-file={configuration}"),
            &format!("--host=unix://{socket}"),
            &at("data-root", "data"),
            &at("exec-root", "exec"),
            &at("pidfile", "pid"),
            "--userns-remap=default",
            "--storage-driver=vfs",
            "--bridge=none",
            "--iptables=false",
            "--ip6tables=false",
        ])
    });
    import(&engine);
    let container = engine.start("userns-remap", &with_witness(json!({})));
    let testimony = container.testimony();
    let audit = audit(&["--host", &engine.address, &container.name]);
    const EXPECTED: &[Expectation] = &[
        fails("non-root-user", &[done(BecomeRoot)]).at(Severity::Low),
        fails("no-new-privileges", &[gained(BecomeRoot)]),
        fails("capabilities-dropped", &[done(OpenRawSocket)]),
        passes("no-dangerous-capabilities", &[refused(Mount)]),
        passes("private-user-namespace", &[]),
        passes("not-privileged", &[refused(OpenKernelSetting)]),
        passes("no-privileged-exec", &[]),
        passes("seccomp-filter", &[refused(ChangePersonality)]),
        fails("read-only-root", &[done(WriteRoot)]),
    ];
    agree(EXPECTED, audit.only(), &testimony);
    record("userns-remap", Some(&engine.address), &container.name);
    without_remapping(&engine);
}

/// The same daemon can be told to leave one container out: root is root again.
fn without_remapping(engine: &Engine) {
    let config = json!({"HostConfig": {"UsernsMode": "host", "NetworkMode": "none"}});
    let container = engine.start("userns-host", &with_witness(config));
    let testimony = container.testimony();
    let audit = audit(&["--host", &engine.address, &container.name]);
    const EXPECTED: &[Expectation] = &[
        fails("non-root-user", &[done(BecomeRoot)]).at(Severity::High),
        fails("private-user-namespace", &[done(BecomeRoot)]).at(Severity::High),
    ];
    agree(EXPECTED, audit.only(), &testimony);
}

/// As root without limits of its own, where the machine cannot raise them.
fn with_limits(mut config: Value) -> Value {
    config["HostConfig"]["Ulimits"] = json!([
        {"Name": "nofile", "Soft": 1024, "Hard": 1024},
        {"Name": "nproc", "Soft": 1000, "Hard": 1000},
    ]);
    with_witness(config)
}

fn podman() {
    let (_daemon, engine) = Daemon::start(|folder, socket| {
        let socket = format!("unix://{socket}");
        daemon::podman(folder, &["system", "service", "--time=0", &socket])
    });
    import(&engine);
    podman_hardened(&engine);
    podman_weak(&engine);
}

fn podman_hardened(engine: &Engine) {
    // With a read-only root Podman mounts three tmpfs by itself, and loose ones.
    let mut config = with_limits(hardened());
    let tight = "size=16m,noexec,nosuid,nodev";
    config["HostConfig"]["NetworkMode"] = "none".into();
    config["HostConfig"]["Tmpfs"] = json!({"/tmp": tight, "/run": tight, "/var/tmp": tight});
    let container = engine.start("podman-hardened", &config);
    let testimony = container.testimony();
    let audit = audit(&["--host", &engine.address, &container.name]);
    const EXPECTED: &[Expectation] = &[
        passes("non-root-user", &[refused(BecomeRoot)]),
        passes("no-new-privileges", &[not_gained(BecomeRoot)]),
        passes("capabilities-dropped", &[refused(OpenRawSocket), not_gained(OpenRawSocket)]),
        passes("no-dangerous-capabilities", &[refused(Mount), not_gained(Mount)]),
        passes("not-privileged", &[refused(OpenKernelSetting), not_gained(OpenKernelSetting)]),
        passes("seccomp-filter", &[refused(ChangePersonality)]),
        passes("no-privileged-exec", &[]),
        passes("private-pid-namespace", &[refused(SeeOtherProcesses)]),
        passes("private-network-namespace", &[refused(ReachHostLoopback)]),
        passes("private-ipc-namespace", &[refused(OpenHostQueue)]),
        passes("no-engine-socket", &[refused(ReachEngine)]),
        passes("read-only-root", &[refused(WriteRoot)]),
        passes("tmpfs-for-writes", &[done(WriteTmp)]),
        passes("memory-limit", &[refused(ExceedMemory)]),
        passes("pids-limit", &[refused(ExceedPids)]),
        passes("healthcheck", &[]),
    ];
    agree(EXPECTED, audit.only(), &testimony);
    assert_eq!(audit.code, 0, "{:?}", audit.report.gate);
    record("podman-hardened", Some(&engine.address), &container.name);
}

fn podman_weak(engine: &Engine) {
    let weak = json!({"HostConfig": {"PidMode": "host", "NetworkMode": "host", "IpcMode": "host"}});
    let container = engine.start("podman-weak", &with_limits(weak));
    let testimony = container.testimony();
    let audit = audit(&["--host", &engine.address, &container.name]);
    const EXPECTED: &[Expectation] = &[
        fails("non-root-user", &[done(BecomeRoot)]),
        fails("no-new-privileges", &[gained(BecomeRoot)]),
        fails("private-pid-namespace", &[done(SeeOtherProcesses)]),
        fails("private-network-namespace", &[done(ReachHostLoopback)]),
        fails("private-ipc-namespace", &[done(OpenHostQueue)]),
        fails("read-only-root", &[done(WriteRoot)]),
        fails("memory-limit", &[done(ExceedMemory)]),
    ];
    agree(EXPECTED, audit.only(), &testimony);
    assert_eq!(audit.code, 1);
}

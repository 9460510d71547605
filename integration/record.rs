//! Records evidence for tests that run anywhere, where `SECAUDIT_RECORD` names a folder.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use secaudit::collect::connect::NoEngine;
use secaudit::collect::containers::{Files, Plan, collect};
use secaudit::collect::engine::Limits;
use secaudit::collect::engine::address::{Surroundings, choose};
use secaudit::collect::kernel::Kernel;
use secaudit::model::bundle::{Answer, Bundle};
use secaudit::model::source::Source;
use serde_json::Value;

use crate::engine::LABEL;
use crate::run;

/// The cases that are worth a recording: one for each kind of evidence.
const KEPT: &[&str] = &[
    "beside-a-privileged-container",
    "bubblewrap",
    "datastore-internal",
    "datastore-published",
    "debugger",
    "drops-by-itself",
    "drops-in-one-thread",
    "engine-less",
    "engine-socket",
    "escape-writable-host-by-a-setuid-file",
    "exec-as-root",
    "gunicorn-plain",
    "hardened",
    "shipped-careful",
    "shipped-careless",
    "files-careless",
    "files-node-after-read-only",
    "files-node-before",
    "host-namespaces",
    "lives-badly",
    "nginx-hardened",
    "nginx-plain",
    "node-hardened",
    "node-plain",
    "no-new-privileges-false",
    "postgres-plain",
    "podman-hardened",
    "privileged",
    "published-broadly",
    "published-narrowly",
    "read-only-without-tmpfs",
    "remounted-writable",
    "root-default",
    "secrets",
    "secrets-strong",
    "root-master",
    "sensitive-mount",
    "silent-log",
    "unhealthy",
    "shared-propagation",
    "unprivileged",
    "volume-named",
    "volume-nameless",
    "user-with-a-login-shell",
    "user-without-an-account",
    "userns-remap",
];

/// What a recording says instead of the real time and kernel.
const CLOCK: &str = "2026-01-01T00:00:00Z";
const KERNEL: &str = "6.18.0";

/// Collects what an audit of `name` would see, and keeps it as `<case>.json`.
/// Without an engine's address only the kernel is asked.
pub(crate) fn record(case: &str, host: Option<&str>, name: &str) {
    if let Some(folder) = folder().filter(|_| KEPT.contains(&case)) {
        keep(&folder, case, &bundle(host, name));
    }
}

/// As [`record`], collected by this program under another user: the command
/// ends in `bundle`, an engine's address and a name.
pub(crate) fn record_by(case: &str, command: &[String]) {
    if let Some(folder) = folder() {
        let output =
            Command::new(&command[0]).args(&command[1..]).output().expect("the command runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        keep(&folder, case, &String::from_utf8_lossy(&output.stdout));
    }
}

fn folder() -> Option<PathBuf> {
    std::env::var_os("SECAUDIT_RECORD").map(PathBuf::from)
}

#[expect(clippy::disallowed_methods, reason = "recording writes files")]
fn keep(folder: &Path, case: &str, bundle: &str) {
    // The run's own name is another one each time.
    let bundle = bundle.replace(&run::id(), "run");
    let mut bundle = serde_json::from_str(&bundle).expect("a bundle is JSON");
    make_anonymous(&mut bundle);
    let bundle: Bundle = serde_json::from_value(bundle).expect("it is still a bundle");
    let text = serde_json::to_string_pretty(&bundle).expect("a bundle is JSON") + "\n";
    std::fs::create_dir_all(folder).expect("the folder can be made");
    std::fs::write(folder.join(format!("{case}.json")), text).expect("the bundle can be written");
}

/// The variables that the cases set, by how their names begin.
const VARIABLES: [&str; 8] =
    ["PATH", "HOME", "HOSTNAME", "WITNESS_", "DB_", "POSTGRES_", "JWT_", "PYTHON"];

/// The groups that a host has whatever is installed there, and the engine's.
const GROUPS: [&str; 8] =
    ["root:", "adm:", "disk:", "kmem:", "shadow:", "sudo:", "docker:", "nogroup:"];

/// The tables that list whoever listens, in the host's network the whole machine.
const TABLES: [&str; 4] = ["/net/tcp", "/net/tcp6", "/net/udp", "/net/udp6"];

/// The sockets that a process of the audited containers holds.
fn held_sockets(observations: &Value) -> BTreeSet<String> {
    let all = observations.as_object().into_iter().flatten();
    let lists = all.filter(|(source, _)| source.ends_with("/fd (listening sockets)"));
    let texts = lists.filter_map(|(_, it)| it.pointer("/answer/text")?.as_str());
    texts.flat_map(str::lines).map(str::to_owned).collect()
}

/// Takes out what names the machine and whatever else runs on it.
fn make_anonymous(bundle: &mut Value) {
    let own: Vec<Value> = bundle["targets"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|target| target["id"].clone())
        .collect();
    let observations = &mut bundle["observations"];
    if let Some(info) = observations.pointer_mut("/engine:~1info/answer/json") {
        info["ID"] = "".into();
        info["Name"] = "host".into();
        info["KernelVersion"] = KERNEL.into();
        info["SystemTime"] = CLOCK.into();
    }
    if let Some(listed) = observations.pointer_mut("/engine:~1containers~1json/answer/json") {
        *listed = own.into();
    }
    if let Some(Value::Array(networks)) = observations.pointer_mut("/engine:~1networks/answer/json")
    {
        networks.retain(|network| {
            let name = network["Name"].as_str().unwrap_or_default();
            ["bridge", "host", "none"].contains(&name) || name.starts_with(LABEL)
        });
    }
    // Whoever entered a container from outside brought the test's own environment along.
    for (source, observation) in observations.as_object_mut().into_iter().flatten() {
        let variables = observation.pointer_mut("/answer/variables").and_then(Value::as_array_mut);
        if let (true, Some(variables)) = (source.ends_with("/environ"), variables) {
            variables.retain(|it| {
                let name = it["name"].as_str().unwrap_or_default();
                VARIABLES.iter().any(|kept| name.starts_with(kept))
            });
        }
    }
    let held = held_sockets(observations);
    let tables: Vec<String> = observations
        .as_object()
        .into_iter()
        .flat_map(|all| all.keys())
        .filter_map(|source| source.strip_prefix("kernel:"))
        .filter(|path| TABLES.iter().any(|table| path.ends_with(table)))
        .map(str::to_owned)
        .collect();
    // Engines that other tests run beside this one.
    let sockets = "/kernel:~1proc~1net~1unix (container engines)/answer/files/files";
    if let Some(Value::Array(sockets)) = observations.pointer_mut(sockets) {
        sockets.retain(|it| it["path"].as_str().is_some_and(|path| !path.contains(LABEL)));
    }
    let mut rewrite = |path: &str, line: &dyn Fn(&str) -> Option<String>| {
        let place = format!("/kernel:{}/answer/text", path.replace('/', "~1"));
        // What the auditor was refused has no text to rewrite.
        if let Some(text) = observations.pointer_mut(&place) {
            let lines = text.as_str().unwrap_or_default().lines().filter_map(line);
            *text = lines.map(|line| line + "\n").collect::<String>().into();
        }
    };
    rewrite("/proc/sys/kernel/osrelease", &|_| Some(KERNEL.to_owned()));
    rewrite("/proc/1/root/etc/group", &|line| {
        GROUPS.iter().any(|name| line.starts_with(name)).then(|| line.to_owned())
    });
    rewrite("/proc/1/net/route", &|line| {
        let is_kept = ["Iface", "docker0"].iter().any(|head| line.starts_with(head));
        is_kept.then(|| line.to_owned())
    });
    for table in &tables {
        rewrite(table, &|line| {
            let inode = line.split(' ').nth(9).unwrap_or_default();
            held.contains(inode).then(|| line.to_owned())
        });
    }
    rewrite("/proc/1/status", &|line| {
        let is_name = line.starts_with("Name:");
        Some(if is_name { "Name:\tinit".to_owned() } else { line.to_owned() })
    });
    rewrite("/proc/1/mountinfo", &|line| {
        let point = line.split(' ').nth(4).unwrap_or_default();
        let is_common = ["/proc", "/sys", "/dev"].iter().any(|top| point.starts_with(top));
        let is_ours = point.contains(LABEL);
        (is_common || is_ours || ["/", "/run", "/tmp", "/var/lib/docker"].contains(&point))
            .then(|| line.to_owned())
    });
}

/// The evidence about one container, as JSON.
pub(crate) fn bundle(host: Option<&str>, name: &str) -> String {
    let engine = match host {
        Some(host) => Ok(choose(Some(host), None, &Surroundings::from_env()).expect("an address")),
        None => Err(NoEngine { detail: "no engine was to be asked".into(), remedy: "".into() }),
    };
    let plan = Plan {
        engine,
        names: vec![name.to_owned()],
        sought: secaudit::policy::Policy::baseline().sought(),
        files: Files::Kernel,
        limits: Limits::default(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be made");
    let collected = runtime.block_on(collect(&plan, &Kernel::default(), &|_, _, _| {}));
    let mut bundle = collected.expect("the engine answers");
    bundle.record(Source::Clock, Ok(Answer::Text(CLOCK.into())));
    serde_json::to_string(&bundle).expect("a bundle is JSON")
}

//! Records evidence for tests that run anywhere, where `SECAUDIT_RECORD` names a folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use secaudit::collect::containers::{NoEngine, Plan, collect};
use secaudit::collect::engine::Limits;
use secaudit::collect::engine::address::{Surroundings, choose};
use secaudit::collect::kernel::Kernel;
use secaudit::model::bundle::{Answer, Bundle};
use secaudit::model::source::Source;
use serde_json::Value;

use crate::engine::LABEL;
use crate::run;

/// The cases that are worth a recording: one for each kind of evidence.
const KEPT: [&str; 18] = [
    "beside-a-privileged-container",
    "bubblewrap",
    "drops-by-itself",
    "drops-in-one-thread",
    "engine-less",
    "engine-socket",
    "escape-writable-host-by-a-setuid-file",
    "exec-as-root",
    "hardened",
    "host-namespaces",
    "podman-hardened",
    "privileged",
    "read-only-without-tmpfs",
    "root-default",
    "sensitive-mount",
    "shared-propagation",
    "unprivileged",
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
    let mut rewrite = |path: &str, line: &dyn Fn(&str) -> Option<String>| {
        let place = format!("/kernel:{}/answer/text", path.replace('/', "~1"));
        // What the auditor was refused has no text to rewrite.
        if let Some(text) = observations.pointer_mut(&place) {
            let lines = text.as_str().unwrap_or_default().lines().filter_map(line);
            *text = lines.map(|line| line + "\n").collect::<String>().into();
        }
    };
    rewrite("/proc/sys/kernel/osrelease", &|_| Some(KERNEL.to_owned()));
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
        None => {
            Err(NoEngine { detail: "no engine was to be asked".to_owned(), remedy: String::new() })
        }
    };
    let plan = Plan { engine, names: vec![name.to_owned()], limits: Limits::default() };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be made");
    let collected = runtime.block_on(collect(&plan, &Kernel::default(), &|_, _, _| {}));
    let mut bundle = collected.expect("the engine answers");
    bundle.record(Source::Clock, Ok(Answer::Text(CLOCK.into())));
    serde_json::to_string(&bundle).expect("a bundle is JSON")
}

//! How a container starts, ends and tells.

use serde_json::{Value, json};

use crate::model::bundle::{Answer, Observation};
use crate::model::source::Source;
use crate::next::changed::{Changed, with_fields};
use crate::next::wanted::Wanted;
use crate::rules::lifecycle::restart_policy;

/// An engine's init becomes the first process, and what was it becomes its child.
pub(super) fn init(changed: &mut Changed<'_>) -> bool {
    let joins = changed.text("/HostConfig/PidMode");
    let joins = joins == "host" || joins.starts_with("container:");
    if joins || !changed.set("/HostConfig/Init", "init", true.into()) {
        return false;
    }
    begin_with_init(changed);
    true
}

/// No process can have this number (`PID_MAX_LIMIT`).
const NOBODY: u32 = (1 << 22) + 1;

/// What tini, which is Docker's init, does with every signal that it can: it blocks it and
/// waits for it (`sigtimedwait(2)`).
const BLOCKED: &str = "ffffffffbfcbfa07";

fn begin_with_init(changed: &mut Changed<'_>) {
    const NONE: &str = "0000000000000000";
    let Some(mut processes) = changed.processes().cloned() else { return };
    let first = processes.init;
    let own = format!("/proc/{first}/");
    let observed = changed.bundle.observations.iter().filter_map(|(source, observation)| {
        let Source::Kernel(path) = source else { return None };
        let Observation::Answer(answer) = observation else { return None };
        let rest = path.strip_prefix(&own)?;
        Some((format!("/proc/{NOBODY}/{rest}"), answer.clone()))
    });
    for (path, answer) in observed.collect::<Vec<_>>() {
        changed.put(Source::Kernel(path.into()), answer);
    }
    processes.members.push(NOBODY);
    processes.zombies = processes.zombies.map(|_| Vec::new());
    let source = Source::Processes(changed.target.id.as_str().into());
    changed.put(source, Answer::Processes(processes));
    changed.edit(&format!("/proc/{NOBODY}/status"), |text| {
        let inner = format!("{NOBODY}\t2");
        with_fields(text, &[("PPid", first.to_string()), ("NSpid", inner)])
    });
    changed.edit(&format!("{own}status"), |text| {
        let signals = [("SigBlk", BLOCKED), ("SigIgn", NONE), ("SigCgt", NONE)];
        let signals = signals.map(|(field, mask)| (field, mask.to_owned()));
        let name = ("Name", "docker-init".to_owned());
        let state = ("State", "S (sleeping)".to_owned());
        with_fields(text, &signals.into_iter().chain([name, state]).collect::<Vec<_>>())
    });
    changed.edit(&format!("{own}cmdline"), |text| format!("/sbin/docker-init\n--\n{text}"));
    // Its program the engine mounts read-only: of the container's own files it executes none
    // that the other did not.
    changed.edit(&format!("{own}wchan"), |_| "do_sigtimedwait".to_owned());
    let sockets = Source::held_sockets(first);
    if changed.bundle.text(&sockets).is_ok() {
        changed.put(sockets, Answer::Text("".into()));
    }
}

/// What writes plain files keeps its options, of which not all are recorded, and rotates;
/// what keeps nothing becomes the driver that rotates by itself.
pub(super) fn logging(changed: &mut Changed<'_>) -> bool {
    const LOG: &str = "/HostConfig/LogConfig";
    if !matches!(changed.text("/HostConfig/LogConfig/Type"), "json-file" | "k8s-file") {
        return changed.set(LOG, "logging", json!({"Type": "local", "Config": {}}));
    }
    let is_counted = changed.value("/HostConfig/LogConfig/Config/max-file").is_some();
    let mut set = |name: &str, value: &str| {
        let (place, key) = (format!("{LOG}/Config/{name}"), format!("logging.options.{name}"));
        changed.set(&place, &key, value.into())
    };
    set("max-size", "10m") && (is_counted || set("max-file", "3"))
}

/// What always starts again does so after a reboot, too, unless somebody stopped it. Else
/// after a failure, so often as the policy lets; else what it accepts first.
pub(super) fn restart(changed: &mut Changed<'_>, wanted: Wanted<'_>) -> bool {
    let allowed = wanted.list(&restart_policy::RULE, "allowed");
    let most = wanted.list(&restart_policy::RULE, "max-retries").first();
    let most: u64 = most.and_then(|it| it.parse().ok()).unwrap_or(5);
    let is_always = changed.text("/HostConfig/RestartPolicy/Name") == "always";
    let (name, most) = match allowed.first() {
        _ if is_always && allowed.iter().any(|it| it == "unless-stopped") => ("unless-stopped", 0),
        Some(first) if !allowed.iter().any(|it| it == "on-failure") => (first.as_str(), 0),
        _ => ("on-failure", most),
    };
    let policy: Value = json!({"Name": name, "MaximumRetryCount": most});
    changed.set("/HostConfig/RestartPolicy", "restart", policy)
}

//! What is shared with the host.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::model::bundle::Answer;
use crate::model::draft::Draft;
use crate::model::finding::Finding;
use crate::model::source::Source;
use crate::model::verdict::Verdict;
use crate::next::changed::Changed;
use crate::next::fragment::volumes;
use crate::next::mounted;
use crate::parse::path::is_within;
use crate::parse::proc::devices::{self, Entry};
use crate::rules::isolation::{no_engine_socket, no_sensitive_mounts};

use super::privilege::relabel;

const MOUNTS: &str = "/Mounts";

/// The places of the mounts that the rules on them object to.
pub(in crate::next) fn objected(findings: &[Finding]) -> BTreeSet<String> {
    let asked = [no_engine_socket::RULE.id, no_sensitive_mounts::RULE.id];
    let failed = findings.iter().filter(|it| asked.contains(&it.rule));
    let proofs = failed.filter_map(|it| match &it.verdict {
        Verdict::Fail(proof) => Some(proof.evidence()),
        Verdict::Pass(_) | Verdict::Unknown { .. } | Verdict::NotApplicable(_) => None,
    });
    proofs.flatten().map(|it| it.place.raw().to_owned()).collect()
}

/// Takes away the mounts at these places.
pub(super) fn mounts(changed: &mut Changed<'_>, places: &BTreeSet<String>) -> bool {
    let field = |it: &Value, name: &str| it.get(name).and_then(Value::as_str).map(str::to_owned);
    // What a service has from elsewhere its own volumes cannot leave out.
    let is_own = |place: usize| {
        let pointer = format!("{MOUNTS}/{place}");
        let origin = |it: &Draft| Some(it.origins.get(&pointer)?.key.raw() == "volumes");
        changed.draft().is_none_or(|it| origin(it).unwrap_or_default())
    };
    let all = changed.list(MOUNTS);
    let objected = all.iter().enumerate().filter_map(|(place, it)| {
        let point = field(it, "Destination").filter(|it| places.contains(it))?;
        Some((is_own(place), point))
    });
    let (own, others): (Vec<_>, Vec<_>) = objected.partition(|it| it.0);
    let gone: Vec<String> = own.into_iter().map(|it| it.1).collect();
    if gone.is_empty() || others.iter().any(|it| gone.contains(&it.1)) || !changed.is_known(MOUNTS)
    {
        return false;
    }
    let kept = |pointer: &str, point: &dyn Fn(&Value) -> Option<String>| -> Vec<Value> {
        let is_kept = |it: &Value| point(it).is_none_or(|it| !gone.contains(&it));
        changed.list(pointer).into_iter().filter(is_kept).collect()
    };
    let listed = kept(MOUNTS, &|it| field(it, "Destination"));
    let asked = kept("/HostConfig/Mounts", &|it| field(it, "Target"));
    let binds = kept("/HostConfig/Binds", &|it| it.as_str()?.split(':').nth(1).map(str::to_owned));
    let listed = Value::Array(listed);
    // Of a service nothing is promised that cannot be written.
    let is_written = changed.draft().is_none() || volumes(changed, &listed).is_some();
    if !is_written || !changed.set(MOUNTS, "volumes", listed) {
        return false;
    }
    for (pointer, all) in [("/HostConfig/Mounts", asked), ("/HostConfig/Binds", binds)] {
        if changed.value(pointer).is_some() {
            changed.follow(pointer, all.into());
        }
    }
    changed
        .mounts(|text| gone.iter().fold(text.to_owned(), |text, it| mounted::without(&text, it)));
    let viewer = changed.processes().map(|it| it.viewer);
    let points = viewer.map(Source::mount_points);
    let listing = points.and_then(|it| Some((changed.bundle.files(&it).ok()?.clone(), it)));
    if let Some((mut listing, source)) = listing {
        let is_gone = |path: &str| gone.iter().any(|it| is_within(path, it));
        listing.files.retain(|it| !is_gone(it.path.raw()));
        changed.put(source, Answer::Files(listing));
    }
    true
}

/// What runtimes let every container use (OCI runtime specification, default devices).
const ORDINARY: &str = "c 1:3 rwm\nc 1:5 rwm\nc 1:7 rwm\nc 1:8 rwm\nc 1:9 rwm\nc 5:0 rwm\n\
    c 5:1 rwm\nc 5:2 rwm\nc 136:* rwm\n";

pub(super) fn devices(changed: &mut Changed<'_>) -> bool {
    let keys = [
        ("/HostConfig/Devices", "devices"),
        ("/HostConfig/DeviceCgroupRules", "device_cgroup_rules"),
    ];
    let mut done = false;
    for (pointer, key) in keys {
        if !changed.list(pointer).is_empty() {
            done = changed.is_known(pointer) && changed.set(pointer, key, json!([]));
            if !done {
                return false;
            }
        }
    }
    enforce_devices(changed);
    done
}

/// No device is there but those that every container has, where none is asked for.
pub(super) fn enforce_devices(changed: &mut Changed<'_>) {
    let asked =
        ["/HostConfig/Devices", "/HostConfig/DeviceCgroupRules", "/HostConfig/DeviceRequests"];
    let is_asked = asked.iter().any(|it| !changed.list(it).is_empty());
    if is_asked || changed.flag("/HostConfig/Privileged") {
        return;
    }
    let ordinary: Vec<Entry> = ORDINARY.lines().filter_map(|it| devices::entry(it).ok()).collect();
    let Some((viewer, list)) = changed.processes().map(|it| (it.viewer, it.device_list.clone()))
    else {
        return;
    };
    if let Some(list) = list {
        // Nodes of all kinds can be made, and only these be opened.
        changed.edit(&list, |_| format!("c *:* m\nb *:* m\n{ORDINARY}"));
    }
    let source = Source::devices(viewer);
    if let Ok(mut listing) = changed.bundle.files(&source).cloned() {
        listing.files.retain(|it| {
            it.stands_for.is_none_or(|(major, minor)| {
                let (major, minor) = (Some(major), Some(minor));
                let own = Entry { kind: it.kind.letter(), major, minor, access: "rw".to_owned() };
                ordinary.iter().any(|it| it.covers(&own))
            })
        });
        changed.put(source, Answer::Files(listing));
    }
}

pub(super) fn pid(changed: &mut Changed<'_>) -> bool {
    if !leave(changed, "/HostConfig/PidMode", "pid", "") {
        return false;
    }
    alone(changed, "pid");
    let Some(init) = changed.processes().map(|it| it.init) else { return true };
    // Each has a second number in there; what matters is who has the first.
    changed.statuses(|status| {
        let outer = status.numbers("NSpid").unwrap_or_default();
        match outer.as_slice() {
            [pid] if *pid == init => vec![("NSpid", format!("{pid}\t1"))],
            [pid] => vec![("NSpid", format!("{pid}\t{pid}"))],
            _ => vec![],
        }
    });
    true
}

pub(super) fn ipc(changed: &mut Changed<'_>) -> bool {
    leave(changed, "/HostConfig/IpcMode", "ipc", "private") && alone(changed, "ipc")
}

pub(super) fn uts(changed: &mut Changed<'_>) -> bool {
    leave(changed, "/HostConfig/UTSMode", "uts", "") && alone(changed, "uts")
}

pub(super) fn cgroup(changed: &mut Changed<'_>) -> bool {
    let done = changed.text("/HostConfig/CgroupnsMode") != "private"
        && changed.is_known("/HostConfig/CgroupnsMode")
        && changed.set("/HostConfig/CgroupnsMode", "cgroup", "private".into());
    done && alone(changed, "cgroup")
}

pub(super) fn user(changed: &mut Changed<'_>) -> bool {
    leave(changed, "/HostConfig/UsernsMode", "userns_mode", "")
}

/// Leaves the host's namespace, or another container's.
fn leave(changed: &mut Changed<'_>, pointer: &str, key: &str, mode: &str) -> bool {
    let was = changed.text(pointer);
    let is_shared = was == "host" || was.starts_with("container:");
    let done = is_shared && changed.is_known(pointer) && changed.set(pointer, key, mode.into());
    relabel(changed);
    done
}

/// Nobody else lives in a namespace that was made for the container.
fn alone(changed: &mut Changed<'_>, kind: &str) -> bool {
    let Some(mut processes) = changed.processes().cloned() else { return true };
    for pid in &processes.members {
        changed.edit(&format!("/proc/{pid}/ns/{kind}"), |_| format!("{kind}:[0]"));
    }
    processes.neighbours.insert(kind.to_owned(), Vec::new());
    let source = Source::Processes(changed.target.id.as_str().into());
    changed.put(source, Answer::Processes(processes));
    true
}

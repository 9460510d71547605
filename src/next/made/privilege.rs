//! What processes may do.

use serde_json::{Value, json};

use crate::facts;
use crate::model::capability::CapabilitySet;
use crate::next::changed::Changed;
use crate::next::mounted;
use crate::next::wanted::Wanted;
use crate::rules::privilege::capabilities_dropped;

use super::isolation::enforce_devices;

const PRIVILEGED: &str = "/HostConfig/Privileged";
const OPTIONS: &str = "/HostConfig/SecurityOpt";

/// The fields of `status` that hold capabilities.
const SETS: [&str; 5] = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"];

/// What runtimes hide in `/proc` and what they protect, where nobody asks for more
/// (moby, `oci/defaults.go`).
const HIDDEN: [&str; 3] = ["/proc/kcore", "/proc/keys", "/proc/timer_list"];
const PROTECTED: [&str; 5] =
    ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

pub(super) fn unprivileged(changed: &mut Changed<'_>) -> bool {
    if !changed.flag(PRIVILEGED) || !changed.is_known(OPTIONS) {
        return false;
    }
    // What files say of paths to be left open the mode had taken no notice of.
    if opens_paths(changed) || !changed.set(PRIVILEGED, "privileged", false.into()) {
        return false;
    }
    relabel(changed);
    for pointer in ["/HostConfig/MaskedPaths", "/HostConfig/ReadonlyPaths"] {
        if changed.value(pointer).is_some() {
            changed.follow(pointer, Value::Null);
        }
    }
    enforce_capabilities(changed);
    enforce_seccomp(changed);
    enforce_devices(changed);
    changed.mounts(|text| {
        let is_kernels = |kind: &str| matches!(kind, "sysfs" | "cgroup" | "cgroup2");
        let text = mounted::read_only(text, |mount| is_kernels(&mount.kind));
        let missing = |point: &&str| !text.lines().any(|it| it.contains(&format!(" {point} ")));
        let hidden = HIDDEN.into_iter().filter(missing).map(|it| (it, "tmpfs"));
        let protected = PROTECTED.into_iter().filter(missing).map(|it| (it, "proc"));
        hidden.chain(protected).fold(text.clone(), |text, (point, kind)| {
            mounted::with(&text, point, kind, "ro,nosuid,nodev,noexec,relatime", "rw")
        })
    });
    true
}

/// Whether a file leaves open what runtimes hide and protect (`systempaths=unconfined`):
/// that is no option of the record's, so that a list without it would take it away.
fn opens_paths(changed: &Changed<'_>) -> bool {
    changed.draft().is_some_and(|it| it.origins.contains_key("/HostConfig/MaskedPaths"))
}

/// Puts other options in the place of all.
fn set_options(changed: &mut Changed<'_>, all: Vec<Value>) -> bool {
    let is_all = changed.is_known(OPTIONS) && !opens_paths(changed);
    is_all && changed.set(OPTIONS, "security_opt", all.into())
}

/// An engine gives up the label where the mode, or what the container shares with the
/// host, leaves it none to keep (moby, `daemon/container.go`, `parseSecurityOpt`).
pub(super) fn relabel(changed: &mut Changed<'_>) {
    let is_host = |pointer| changed.text(pointer) == "host";
    if changed.flag(PRIVILEGED) || is_host("/HostConfig/PidMode") || is_host("/HostConfig/IpcMode")
    {
        return;
    }
    let all = changed.list(OPTIONS);
    let is_written = |place: usize| {
        let pointer = format!("{OPTIONS}/{place}");
        let origin = changed.draft().and_then(|it| it.origins.get(&pointer));
        origin.is_some_and(|it| it.key.raw() == "security_opt")
    };
    let kept =
        all.iter().enumerate().filter(|(place, it)| **it != "label=disable" || is_written(*place));
    let kept: Vec<Value> = kept.map(|(_, it)| it.clone()).collect();
    if kept.len() < all.len() {
        changed.follow(OPTIONS, kept.into());
    }
}

pub(super) fn capabilities(changed: &mut Changed<'_>, wanted: Wanted<'_>) -> bool {
    const DROPPED: &str = "/HostConfig/CapDrop";
    const ADDED: &str = "/HostConfig/CapAdd";
    let set = |it: &Value| it.as_str()?.parse::<CapabilitySet>().ok();
    let allowed = wanted.list(&capabilities_dropped::RULE, "allow").iter();
    let allowed =
        allowed.filter_map(|it| it.parse().ok()).fold(CapabilitySet::EMPTY, CapabilitySet::union);
    let is_allowed = |it: &Value| set(it).is_some_and(|it| it.without(allowed).is_empty());
    let (added, dropped) = (changed.list(ADDED), changed.list(DROPPED));
    let kept: Vec<Value> = added.iter().filter(|it| is_allowed(it)).cloned().collect();
    let is_kept = kept.len() == added.len();
    let is_dropped = dropped.iter().any(|it| set(it) == Some(CapabilitySet::all()));
    // Of one that nobody knows nobody can say whether it may stay.
    let is_told = is_kept || changed.is_known(ADDED);
    if (is_kept && is_dropped) || !is_told {
        return false;
    }
    let done = (is_kept || changed.set(ADDED, "cap_add", kept.into()))
        && (is_dropped || changed.push(DROPPED, "cap_drop", "ALL".into()));
    if !done {
        return false;
    }
    enforce_capabilities(changed);
    true
}

/// No process that the engine starts has more than the record asks for.
pub(super) fn enforce_capabilities(changed: &mut Changed<'_>) {
    let Some(most) = facts::capabilities::asked_for(changed.bundle, changed.target) else { return };
    changed.statuses(|status| {
        let held = |field: &'static str| Some((field, status.capabilities(field).ok()?));
        let sets = SETS.into_iter().filter_map(held);
        sets.map(|(field, it)| (field, format!("{:016x}", it.intersection(most).bits()))).collect()
    });
}

pub(super) fn no_new_privileges(changed: &mut Changed<'_>) -> bool {
    let is_it = |it: &Value| it.as_str().is_some_and(|it| it.starts_with("no-new-privileges"));
    let option = json!("no-new-privileges:true");
    let all = changed.list(OPTIONS);
    let done = if all.iter().any(is_it) {
        let others = all.into_iter().filter(|it| !is_it(it)).chain([option]);
        let others = others.collect();
        set_options(changed, others)
    } else {
        changed.push(OPTIONS, "security_opt", option)
    };
    changed.statuses(|_| vec![("NoNewPrivs", "1".to_owned())]);
    done
}

pub(super) fn seccomp(changed: &mut Changed<'_>) -> bool {
    let is_it = |it: &str| it.starts_with("seccomp=") || it.starts_with("seccomp:");
    let done = without(changed, is_it);
    enforce_seccomp(changed);
    done
}

/// The engine's own profile filters what every process asks of the kernel.
pub(super) fn enforce_seccomp(changed: &mut Changed<'_>) {
    if facts::seccomp::is_asked_for(changed.bundle, changed.target) {
        changed.statuses(|_| vec![("Seccomp", "2".to_owned())]);
    }
}

pub(super) fn confinement(changed: &mut Changed<'_>) -> bool {
    let done = without(changed, |it| {
        matches!(
            it,
            "label=disable" | "label:disable" | "apparmor=unconfined" | "apparmor:unconfined"
        )
    });
    if done && changed.text("/AppArmorProfile") == "unconfined" {
        changed.follow("/AppArmorProfile", "".into());
    }
    done
}

/// Takes options away; whether there were any.
fn without(changed: &mut Changed<'_>, is_it: impl Fn(&str) -> bool) -> bool {
    let all = changed.list(OPTIONS);
    let others = all.iter().filter(|it| !it.as_str().is_some_and(&is_it));
    let others: Vec<Value> = others.cloned().collect();
    others.len() < all.len() && set_options(changed, others)
}

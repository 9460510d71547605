//! Whether a user namespace stands between the container's root and the host's.

use crate::model::capability::CapabilitySet;
use crate::model::fact::Fact;
use crate::model::reading::{Gap, Reading, Reason};
use caps::Capability;

use super::view::{Process, View};
use super::{Held, identity, no_new_privileges};

/// How near a process is to the host's root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nearness {
    /// Whom the host knows as the uid 0 of the process's user namespace.
    pub root_on_host: Option<u32>,
    /// Whether the host's root has a number in that namespace.
    pub reaches_host_root: bool,
    /// Whether one of the process's own uids is the host's root.
    pub is_host_root: bool,
    /// Whether it can gain another uid: by executing a setuid file, or because
    /// it holds `CAP_SETUID`.
    pub can_change: bool,
    /// What the engine does about it.
    pub engine: Engine,
}

/// What an engine does to keep the container's root from being the host's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Nothing: it was not told to.
    DoesNotRemap,
    /// It remaps all containers but those that opt out (`--userns host`), as this one does.
    OptedOut,
    /// Nobody asked it, and it is told not to remap this one.
    AskedNot,
    /// It remaps this one.
    Remaps,
    /// Nobody could be asked.
    Unknown,
}

pub(super) fn fact(view: &View<'_>) -> Fact<Held<Nearness>> {
    let engine = engine(view);
    let of = *engine.known().unwrap_or(&Engine::Unknown);
    let declared = declared(view, engine);
    let each = view.of_each(|process| effective(process, of));
    Fact::of_each(declared, view.processes_source(), each)
}

fn declared(view: &View<'_>, engine: Reading<Engine>) -> Reading<Held<Nearness>> {
    let declared = engine
        .zip(identity::declared(view))
        .zip(no_new_privileges::fact(view).declared().clone())
        .map(|((engine, user), new_privileges_are_off)| {
            let is_remapped = user.value.namespaced;
            view.declared(Nearness {
                root_on_host: (!is_remapped).then_some(0),
                reaches_host_root: !is_remapped,
                is_host_root: user.value.root() == identity::Root::Host,
                can_change: !new_privileges_are_off.value,
                engine,
            })
        });
    if view.kind().is_to_come() { as_far_as_told(view, declared) } else { declared }
}

/// Of an engine that nobody asked only an opt-out is known: whether it makes
/// user namespaces is its own setting. It matters to who may become root.
fn as_far_as_told(view: &View<'_>, declared: Reading<Held<Nearness>>) -> Reading<Held<Nearness>> {
    declared.and_then(|held| {
        let near = &held.value;
        if near.engine == Engine::AskedNot || !(near.is_host_root || near.can_change) {
            return Reading::of(held);
        }
        let detail = "whether the engine makes user namespaces (userns-remap) no file tells";
        Reading::Missing(
            Gap::new(Reason::NotCollected, view.inspect().source().clone(), detail).mend(
                "it does not matter to user: \"1000:1000\" with security_opt: \
                 [\"no-new-privileges:true\"]",
            ),
        )
    })
}

fn effective(process: &Process<'_>, engine: Engine) -> Reading<Nearness> {
    let permitted = process.status("CapPrm", |status| status.capabilities("CapPrm"));
    let held = permitted.zip(no_new_privileges::effective(process));
    let setuid = |set: CapabilitySet| set.has(Capability::CAP_SETUID);
    process
        .uid_map()
        .zip(process.status("Uid", |status| status.ids("Uid")))
        .zip(held.unshown())
        .map(|((map, ids), (permitted, is_bound))| Nearness {
            root_on_host: map.outside(0),
            reaches_host_root: map.inside(0).is_some(),
            is_host_root: ids.contains(&0),
            can_change: !is_bound || setuid(permitted),
            engine,
        })
}

/// The daemon's `userns-remap` and the container's `--userns`.
fn engine(view: &View<'_>) -> Reading<Engine> {
    view.inspect()
        .text("/HostConfig/UsernsMode")
        .zip(view.info().texts("/SecurityOptions").unshown())
        .map(|(mode, options)| {
            let has = |name: &str| options.iter().any(|option| identity::names(option, name));
            let is_service = view.kind().is_to_come();
            match (has("userns"), mode) {
                (_, Some("host")) if is_service => Engine::AskedNot,
                (true, Some("host")) => Engine::OptedOut,
                (true, _) => Engine::Remaps,
                (false, _) if has("rootless") => Engine::Remaps,
                (false, _) => Engine::DoesNotRemap,
            }
        })
}

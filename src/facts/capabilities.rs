//! Which capabilities a process holds, and which it could gain.

use crate::model::bundle::Bundle;
use crate::model::capability::CapabilitySet;
use crate::model::fact::Fact;
use crate::model::reading::{Gap, Reading, Reason};
use crate::model::target::Target;
use crate::parse::document::Document;

use super::identity::namespaced_by_engine;
use super::view::{Process, View};
use super::{Held, each_known, privilege};

/// A process's capabilities (`capabilities(7)`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// In force now.
    pub effective: CapabilitySet,
    /// Everything that the process holds or can gain by executing a file: the
    /// union of its bounding, permitted, inheritable and ambient sets.
    pub attainable: CapabilitySet,
    /// What they count for.
    pub scope: Scope,
    /// What an engine's own configuration may have added to a declared set:
    /// Podman's default is a setting of the host (`containers.conf(5)`). None
    /// in the kernel's word.
    pub leeway: CapabilitySet,
}

/// Where capabilities hold (`user_namespaces(7)`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// On the host: the process is in its user namespace, or is its root.
    Host,
    /// In the user namespace that the engine made for the container.
    Container,
    /// In a user namespace that a process of the container made for itself.
    Nested,
}

pub(super) fn fact(view: &View<'_>) -> Fact<Held<Capabilities>> {
    each_known(view, declared, |declared| {
        let each = view.init().and_then(|first| view.of_each(|process| effective(process, &first)));
        Fact::of_each(declared, view.processes_source(), each)
    })
}

/// The sets of one process, with `CapBnd` first in the evidence: it bounds
/// what the process can ever gain.
pub(super) fn effective(process: &Process<'_>, first: &Process<'_>) -> Reading<Capabilities> {
    let set = |name: &'static str| process.status(name, move |status| status.capabilities(name));
    set("CapBnd")
        .zip(set("CapEff"))
        .zip(set("CapPrm").zip(set("CapInh")))
        // `CapAmb` came with Linux 4.3; before it there were no ambient capabilities.
        .and_then(|sets| {
            let ambient = process.status("CapAmb", |status| {
                Ok(status.capabilities("CapAmb").unwrap_or(CapabilitySet::EMPTY))
            });
            ambient.map(|ambient| (sets, ambient))
        })
        .shown_as(|_| {
            ["CapBnd", "CapEff"]
                .into_iter()
                .filter_map(|name| match set(name) {
                    Reading::Known(_, evidence) => evidence.into_iter().next(),
                    Reading::Missing(_) | Reading::Inapplicable => None,
                })
                .collect()
        })
        .zip(scope(process, first))
        .map(|((((bounding, effective), (permitted, inheritable)), ambient), scope)| Capabilities {
            effective,
            attainable: bounding
                .union(permitted)
                .union(inheritable)
                .union(ambient)
                .union(effective),
            scope,
            leeway: CapabilitySet::EMPTY,
        })
}

/// A process whose ids map otherwise than those of the container's first is in
/// a namespace that it made itself. Whoever makes one, the host's root among
/// them, holds capabilities only in there from then on (`user_namespaces(7)`);
/// that the files of the host's root are still his is another question.
pub(super) fn scope(process: &Process<'_>, first: &Process<'_>) -> Reading<Scope> {
    let maps = process.uid_map().zip(first.uid_map());
    maps.map(|(map, outer)| {
        if map.is_identity() {
            Scope::Host
        } else if map == outer {
            Scope::Container
        } else {
            Scope::Nested
        }
    })
    .unshown()
}

/// All that a target's processes can have by what was asked for; none where that is
/// not known.
pub fn asked_for(bundle: &Bundle, target: &Target) -> Option<CapabilitySet> {
    let held = declared(&View::new(bundle, target)).known()?.value.clone();
    Some(held.attainable.union(held.leeway))
}

/// The set that results from what was asked for.
pub(super) fn declared(view: &View<'_>) -> Reading<Held<Capabilities>> {
    view.capabilities.get_or_init(|| of_declared(view, view.inspect())).clone()
}

/// What a container gets that is described like this.
pub(super) fn of_declared(view: &View<'_>, inspect: &Document<'_>) -> Reading<Held<Capabilities>> {
    let is_podman = view.info().text("/BuildahVersion").map(|version| version.is_some());
    // Nobody objects to what is dropped.
    let is_open = inspect.gap("/HostConfig/CapDrop").is_some();
    let dropped = list(inspect, "/HostConfig/CapDrop", |_| Some(String::new()));
    // An item that nobody knows may be ALL.
    let dropped = dropped.map(|it| Asked { all: it.all || is_open, ..it });
    let lists = dropped.zip(list(inspect, "/HostConfig/CapAdd", meant));
    privilege::or_mode(inspect, lists)
        .zip(is_podman.unshown())
        .zip(namespaced_by_engine(view, inspect).unshown())
        .map(|(((privileged, (drop, add)), podman), namespaced)| {
            let defaults = if podman {
                CapabilitySet::podman_default()
            } else {
                CapabilitySet::docker_default()
            };
            let set = resulting(privileged, defaults, &add, &drop);
            let leeway = if podman && !drop.all {
                CapabilitySet::docker_default().without(defaults).without(drop.set)
            } else {
                CapabilitySet::EMPTY
            };
            let scope = if namespaced { Scope::Container } else { Scope::Host };
            view.declared(Capabilities { effective: set, attainable: set, scope, leeway })
        })
}

/// A list of capabilities as it was written, `ALL` kept apart.
pub(super) struct Asked {
    pub(super) all: bool,
    pub(super) set: CapabilitySet,
}

/// The names of all that an item means, however it was spelt.
pub(super) fn meant(spelt: &str) -> Option<String> {
    let set = spelt.parse::<CapabilitySet>().ok()?;
    Some(format!("{:?}", set.names()))
}

/// A list as it was written. What a file says of an item is kept by the names of
/// what it means, however that was spelt: a rule names what it objects to.
pub(super) fn list(
    inspect: &Document<'_>,
    pointer: &str,
    meaning: fn(&str) -> Option<String>,
) -> Reading<Asked> {
    let list = inspect.texts(pointer).with_evidence(|it| it.meaning(meaning));
    list.and_then(|names| {
        let mut asked = Asked { all: false, set: CapabilitySet::EMPTY };
        for name in names {
            match name.parse::<CapabilitySet>() {
                Ok(set) if set == CapabilitySet::all() => asked.all = true,
                Ok(set) => asked.set = asked.set.union(set),
                Err(detail) => {
                    let source = inspect.source().clone();
                    return Reading::Missing(Gap::new(Reason::Malformed, source, detail));
                }
            }
        }
        Reading::of(asked)
    })
}

/// As `TweakCapabilities` in moby's `oci/caps/utils.go`: privileged means all;
/// adding `ALL` goes before dropping `ALL`; what is added wins over what is dropped.
fn resulting(
    privileged: bool,
    defaults: CapabilitySet,
    add: &Asked,
    drop: &Asked,
) -> CapabilitySet {
    if privileged {
        CapabilitySet::all()
    } else if add.all {
        CapabilitySet::all().without(drop.set)
    } else if drop.all {
        add.set
    } else {
        defaults.without(drop.set).union(add.set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(names: &[&str]) -> Asked {
        let mut asked = Asked { all: false, set: CapabilitySet::EMPTY };
        for name in names {
            match name.parse::<CapabilitySet>().unwrap() {
                set if set == CapabilitySet::all() => asked.all = true,
                set => asked.set = asked.set.union(set),
            }
        }
        asked
    }

    #[test]
    fn the_resulting_set_is_the_engines() {
        let default = CapabilitySet::docker_default();
        let result =
            |add: &[&str], drop: &[&str]| resulting(false, default, &asked(add), &asked(drop));
        assert_eq!(result(&[], &[]), default);
        assert_eq!(result(&[], &["ALL"]), CapabilitySet::EMPTY);
        assert_eq!(result(&["net_bind_service"], &["all"]), "NET_BIND_SERVICE".parse().unwrap());
        assert_eq!(result(&["ALL"], &["ALL"]), CapabilitySet::all());
        assert_eq!(result(&["CAP_CHOWN"], &["CHOWN"]), default);
        assert_eq!(result(&["SYS_ADMIN"], &[]).names().len(), 15);
        assert_eq!(resulting(true, default, &asked(&[]), &asked(&["ALL"])), CapabilitySet::all());
    }

    #[test]
    fn podmans_expanded_list_means_the_same_as_all() {
        let default = CapabilitySet::podman_default();
        let names = default.names();
        let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
        let set = resulting(false, default, &asked(&[]), &asked(&names));
        assert_eq!(set, CapabilitySet::EMPTY);
    }
}

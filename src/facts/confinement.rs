//! How a labelling security module (AppArmor, SELinux) confines a process.

use crate::model::fact::Fact;
use crate::model::reading::Reading;

use super::identity::names;
use super::view::{Process, View};
use super::{Held, each_known};

/// A process's confinement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confinement {
    /// This host has no module that labels processes.
    NoModule,
    /// Under a profile or type that is enforced; the label.
    Enforced(String),
    /// Labelled, but nothing is enforced; the label.
    Unenforced(String),
    /// Nothing was asked for: whether there is a module is the host's affair.
    LeftToHost,
}

/// The profiles and types that engines give to a container by themselves: moby's
/// `profiles/apparmor`, containerd's and Podman's copies of it, and the types of
/// container-selinux.
const OF_ENGINES: [&str; 5] = [
    "docker-default",
    "cri-containerd.apparmor.d",
    "containers-default-",
    "container_t",
    "svirt_lxc_net_t",
];

impl Confinement {
    /// Whether an engine's own profile is enforced. All of these let nobody
    /// mount, trace a process outside of the profile, or write a setting of the
    /// kernel, whatever its capabilities. What another profile allows, its name
    /// does not tell.
    pub fn is_engines(&self) -> bool {
        match self {
            Self::NoModule | Self::Unenforced(_) | Self::LeftToHost => false,
            Self::Enforced(label) => {
                let kind = label.split(':').nth(2).unwrap_or(label);
                OF_ENGINES.iter().any(|known| kind.starts_with(known))
            }
        }
    }
}

pub(super) fn fact(view: &View<'_>) -> Fact<Held<Confinement>> {
    each_known(view, declared, |declared| {
        let each = view.of_each(|process| effective(view, process));
        Fact::of_each(declared, view.processes_source(), each)
    })
}

pub(super) fn effective(view: &View<'_>, process: &Process<'_>) -> Reading<Confinement> {
    process.attribute("attr/current").and_then(|label| match label {
        None => Reading::of(Confinement::NoModule),
        Some(label) if is_selinux(label) => view
            .host_file("/sys/fs/selinux/enforce")
            .map(|enforce| of_selinux(label, enforce.trim() == "1")),
        Some(label) => Reading::of(of_apparmor(label)),
    })
}

/// SELinux prints `user:role:type:level`. AppArmor's labels have colons only
/// where they name a namespace: `:ns:profile` or `profile//&:ns:other`.
fn is_selinux(label: &str) -> bool {
    label.split(':').count() >= 3 && !label.starts_with(':') && !label.contains("//&")
}

/// The types `unconfined_t` and Docker's `spc_t` are not restricted, and a
/// permissive host restricts nobody.
fn of_selinux(label: &str, enforcing: bool) -> Confinement {
    let label = trimmed(label);
    let free = label.split(':').nth(2).is_some_and(|kind| FREE_TYPES.contains(&kind));
    if enforcing && !free { Confinement::Enforced(label) } else { Confinement::Unenforced(label) }
}

/// AppArmor prints `docker-default (enforce)`, or `unconfined`.
fn of_apparmor(label: &str) -> Confinement {
    let label = trimmed(label);
    let enforced = label.ends_with("(enforce)") || label.ends_with("(kill)");
    if enforced { Confinement::Enforced(label) } else { Confinement::Unenforced(label) }
}

fn trimmed(label: &str) -> String {
    label.trim_end_matches(['\0', '\n']).to_owned()
}

/// The engine's word: the modules that it uses, and the container's options.
pub(super) fn declared(view: &View<'_>) -> Reading<Held<Confinement>> {
    let inspect = view.inspect();
    let options = inspect.texts("/HostConfig/SecurityOpt");
    let privileged = inspect.flag("/HostConfig/Privileged").map(|on| on == Some(true));
    let confinement = if view.is_engine_open() {
        opted_out(options, privileged)
    } else {
        view.info()
            .texts("/SecurityOptions")
            .zip(options.zip(privileged))
            .zip(inspect.text("/AppArmorProfile"))
            .map(|((modules, (options, privileged)), profile)| {
                by_module(&modules, &options, privileged, profile)
            })
    };
    confinement.map(|it| view.declared(it))
}

const APPARMOR_OFF: [&str; 2] = ["apparmor=unconfined", "apparmor:unconfined"];
const SELINUX_OFF: [&str; 2] = ["label=disable", "label:disable"];

fn asks(options: &[&str], wanted: &[&str]) -> bool {
    options.iter().any(|option| wanted.contains(option))
}

/// Types of SELinux that are not restricted.
const FREE_TYPES: [&str; 3] = ["unconfined_t", "spc_t", "unconfined_service_t"];

/// Whether a security option asks for a type of SELinux that is not restricted. A
/// level alone leaves the engine's type in force.
fn frees(option: &str) -> bool {
    let label = option.strip_prefix("label").and_then(|it| it.strip_prefix(['=', ':']));
    label.and_then(|it| it.strip_prefix("type:")).is_some_and(|kind| FREE_TYPES.contains(&kind))
}

/// The profile that a security option asks for, written with `=` or `:`.
fn of_option(option: &str) -> Option<&str> {
    option.strip_prefix("apparmor")?.strip_prefix(['=', ':'])
}

fn by_module(
    modules: &[&str],
    options: &[&str],
    privileged: bool,
    profile: Option<&str>,
) -> Confinement {
    let has = |name: &str| modules.iter().any(|module| names(module, name));
    if has("apparmor") {
        let asked = || options.iter().find_map(|option| of_option(option));
        let profile = profile.filter(|it| !it.is_empty()).or_else(asked);
        let off = asks(options, &APPARMOR_OFF)
            || profile == Some("unconfined")
            || (privileged && profile.is_none());
        let profile = profile.unwrap_or("docker-default");
        if off {
            Confinement::Unenforced("unconfined".to_owned())
        } else {
            Confinement::Enforced(profile.to_owned())
        }
    } else if has("selinux") {
        if privileged || asks(options, &SELINUX_OFF) || options.iter().any(|it| frees(it)) {
            Confinement::Unenforced("spc_t".to_owned())
        } else {
            Confinement::Enforced("container_t".to_owned())
        }
    } else {
        Confinement::NoModule
    }
}

/// Where nobody knows the host, a module can only be switched off.
fn opted_out(options: Reading<Vec<&str>>, privileged: Reading<bool>) -> Reading<Confinement> {
    let off = options.known().and_then(|options| {
        let off = |option: &&&str| {
            APPARMOR_OFF.contains(option) || SELINUX_OFF.contains(option) || frees(option)
        };
        options.iter().find(off).map(|option| (*option).to_owned())
    });
    match (off, privileged.known()) {
        (Some(option), _) => options.map(|_| Confinement::Unenforced(option)),
        (None, Some(true)) => {
            privileged.map(|_| Confinement::Unenforced("privileged mode".to_owned()))
        }
        (None, _) => options.zip(privileged).map(|_| Confinement::LeftToHost),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apparmor_labels_are_read_with_their_mode() {
        assert!(matches!(of_apparmor("docker-default (enforce)\n"), Confinement::Enforced(_)));
        assert!(matches!(of_apparmor("docker-default (complain)"), Confinement::Unenforced(_)));
        assert!(matches!(of_apparmor("unconfined"), Confinement::Unenforced(_)));
    }

    #[test]
    fn only_an_engines_own_profile_is_known_for_what_it_denies() {
        for (label, expected) in [
            ("docker-default (enforce)", true),
            ("containers-default-0.50.1 (enforce)", true),
            ("docker-default (complain)", false),
            ("my-profile (enforce)", false),
        ] {
            assert_eq!(of_apparmor(label).is_engines(), expected, "{label}");
        }
        assert!(of_selinux("system_u:system_r:container_t:s0:c1,c2", true).is_engines());
        assert!(!of_selinux("system_u:system_r:container_t:s0:c1,c2", false).is_engines());
    }

    #[test]
    fn a_free_type_switches_selinux_off() {
        for (option, expected) in [
            ("label=type:spc_t", true),
            ("label:type:unconfined_t", true),
            ("label=type:container_t", false),
            ("label=level:s0:c1,c2", false),
        ] {
            let declared = || Reading::of(vec![option]);
            let open = opted_out(declared(), Reading::of(false));
            let unenforced = matches!(open.known(), Some(Confinement::Unenforced(_)));
            assert_eq!(unenforced, expected, "{option}");
            let known = by_module(&["name=selinux"], &[option], false, None);
            assert_eq!(matches!(known, Confinement::Unenforced(_)), expected, "{option}");
        }
    }

    #[test]
    fn selinux_labels_count_only_where_the_host_enforces() {
        let container = "system_u:system_r:container_t:s0:c1,c2\0";
        assert!(is_selinux(container) && !is_selinux("docker-default (enforce)"));
        assert!(!is_selinux("docker-default//&:lxd:unconfined (enforce)"));
        assert!(matches!(of_selinux(container, true), Confinement::Enforced(_)));
        assert!(matches!(of_selinux(container, false), Confinement::Unenforced(_)));
        assert!(matches!(of_selinux("u:r:spc_t:s0", true), Confinement::Unenforced(_)));
    }
}

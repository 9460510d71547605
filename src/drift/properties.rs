//! Every property of a posture that files, engine and kernel speak of.

use std::collections::{BTreeMap, BTreeSet};

use super::{Port, Row, Standing, Unit, Worth};
use crate::facts::Facts;
use crate::facts::confinement::Confinement;
use crate::facts::health::Healthcheck;
use crate::facts::identity::{Root, User};
use crate::facts::limits::Limit;
use crate::facts::mounts::Mount;
use crate::facts::namespaces::Namespace;
use crate::facts::network::published::Published;
use crate::facts::privilege::Reach;
use crate::facts::seccomp::Mode;
use crate::model::fact::Fact;
use crate::model::reading::Reading;
use crate::parse::proc::sockets::Protocol;

/// A property: the key that sets it, and how it is read of a target's facts.
pub(super) struct Property {
    key: &'static str,
    read: fn(&Facts) -> Sides,
}

/// The two readings of a property of one target.
struct Sides {
    declared: Reading<Worth>,
    effective: Vec<Reading<Worth>>,
}

const USER: &str = "user";
const PORTS: &str = "ports";

/// In the order in which a compose file's reader asks.
pub(super) static ALL: &[Property] = &[
    Property { key: USER, read: |it| sides(&it.user_in_container, |held| user(&held.value)) },
    Property { key: "privileged", read: |it| sides(&it.privileged, privileged) },
    Property {
        key: "security_opt: no-new-privileges",
        read: |it| sides(&it.no_new_privileges, |held| Worth::switch(held.value)),
    },
    Property {
        key: "cap_add, cap_drop",
        read: |it| {
            sides(&it.capabilities, |held| {
                Worth::Grants(held.value.attainable.names().into_iter().map(String::from).collect())
            })
        },
    },
    Property {
        key: "security_opt: seccomp",
        read: |it| sides(&it.seccomp, |held| seccomp(held.value)),
    },
    Property {
        key: "security_opt: apparmor, label",
        read: |it| sides(&it.confinement, |held| confinement(&held.value)),
    },
    Property { key: "read_only", read: |it| sides(&it.root_read_only, |on| Worth::switch(*on)) },
    Property { key: "volumes: writable", read: |it| sides(&it.mount_points, |all| writable(all)) },
    Property {
        key: "volumes: of the host",
        // The kernel knows what is mounted by other names than files and engines.
        read: |it| Sides { effective: Vec::new(), ..sides(&it.mounts, |all| of_host(all)) },
    },
    Property { key: "pid", read: |it| sides(&it.pid_namespace, namespace) },
    Property { key: "network_mode", read: |it| sides(&it.network_namespace, namespace) },
    Property { key: "ipc", read: |it| sides(&it.ipc_namespace, namespace) },
    Property { key: "uts", read: |it| sides(&it.uts_namespace, namespace) },
    Property { key: "cgroup", read: |it| sides(&it.cgroup_namespace, namespace) },
    Property {
        key: "mem_limit",
        read: |it| sides(&it.limits.memory_as_set, |most| bound(most, Unit::Bytes)),
    },
    Property {
        key: "pids_limit",
        read: |it| sides(&it.limits.pids_as_set, |most| bound(most, Unit::Tasks)),
    },
    Property {
        key: "cpus",
        read: |it| sides(&it.limits.cpu_as_set, |most| bound(most, Unit::Processors)),
    },
    Property { key: PORTS, read: |it| sides(&it.network.published, |all| ports(all)) },
    Property {
        key: "networks",
        read: |it| {
            sides(&it.network.attachments, |all| {
                Worth::Grants(all.iter().map(|one| one.name.to_string()).collect())
            })
        },
    },
    Property { key: "healthcheck", read: |it| sides(&it.health.check, healthcheck) },
    Property {
        key: "restart",
        read: |it| sides(&it.restart_policy, |it| Worth::Plain(it.name.clone())),
    },
    Property { key: "logging", read: |it| sides(&it.log, |it| Worth::Plain(it.driver.clone())) },
];

fn sides<T>(fact: &Fact<T>, worth: impl Fn(&T) -> Worth) -> Sides {
    let of = |reading: &Reading<T>| reading.as_ref().map(&worth);
    Sides { declared: of(fact.declared()), effective: fact.effective().iter().map(of).collect() }
}

impl Property {
    pub(super) fn row(&self, asked: &Facts, own: &Facts) -> Row {
        let sides = (self.read)(own);
        let file = self.asked(asked, own, &sides);
        let is_told = |it: &Reading<Worth>| !matches!(it, Reading::Inapplicable);
        let effective: Vec<Reading<Worth>> = sides.effective.into_iter().filter(is_told).collect();
        let standing = standing(&file, &sides.declared, &effective);
        let beyond = beyond(&file, &sides.declared, &effective);
        Row { property: self.key, file, engine: sides.declared, effective, standing, beyond }
    }

    /// What the files ask for, where they leave it to somebody as what that makes of it.
    fn asked(&self, asked: &Facts, own: &Facts, sides: &Sides) -> Reading<Worth> {
        let file = (self.read)(asked).declared;
        if !matches!(file, Reading::Missing(_)) {
            return file;
        }
        if self.key == USER && is_user_the_same(asked, own) {
            sides.declared.clone()
        } else if self.key == PORTS && is_on_host(asked) {
            Reading::Inapplicable
        } else {
            file
        }
    }
}

/// Whether both name the same user: which uid that is the container's own
/// accounts tell, and they are the image's.
fn is_user_the_same(asked: &Facts, own: &Facts) -> bool {
    let written = |it: &Facts| it.written_user.declared().known().cloned().flatten();
    written(asked).is_some_and(|it| Some(it) == written(own))
}

/// Whether a service asks for the host's network: every port is open that it
/// will ever listen on, and no container can open more.
fn is_on_host(asked: &Facts) -> bool {
    asked.network_namespace.declared().known() == Some(&Namespace::Host)
}

/// All that is granted and that the files do not ask for.
fn beyond(
    file: &Reading<Worth>,
    engine: &Reading<Worth>,
    effective: &[Reading<Worth>],
) -> BTreeSet<String> {
    let own = effective.iter().chain([engine]).filter_map(Reading::known);
    file.known().map_or_else(BTreeSet::new, |file| own.flat_map(|it| it.beyond(file)).collect())
}

/// The worst of what is in force; where the kernel has no word by nature, what
/// the engine was told. An engine that was told less than the files ask for
/// convicts whatever is in force: by that it starts sessions, and the container
/// the next time.
fn standing(
    file: &Reading<Worth>,
    engine: &Reading<Worth>,
    effective: &[Reading<Worth>],
) -> Standing {
    let Reading::Known(asked, _) = file else {
        return if matches!(file, Reading::Inapplicable) {
            Standing::Same
        } else {
            Standing::Unverifiable
        };
    };
    let against = |reading: &Reading<Worth>| match reading {
        Reading::Known(own, _) => own.against(asked),
        Reading::Missing(_) => Standing::Unverifiable,
        Reading::Inapplicable => Standing::Same,
    };
    let told = against(engine);
    // Where one process is as asked for, others that are stronger change nothing.
    let worst = |it: &Standing| (*it != Standing::Stronger, *it);
    match effective.iter().map(against).max_by_key(worst) {
        Some(standing) if told != Standing::Weaker => standing,
        _ => told,
    }
}

fn user(user: &User) -> Worth {
    let uid = user.effective().map_or_else(|| "unmapped".to_owned(), |uid| uid.to_string());
    match user.root() {
        Root::Host => Worth::Rank(0, "root".to_owned()),
        Root::Namespaced => Worth::Rank(1, "root in a user namespace".to_owned()),
        Root::No => Worth::Rank(2, uid),
    }
}

/// What the kernel shows is a privileged container only with all of it.
fn privileged(reach: &Reach) -> Worth {
    let is_on = match reach {
        Reach::Asked(asked) => *asked,
        Reach::OpenProc => false,
        Reach::Seen { all_capabilities, unfiltered, open_sys, open_proc, namespaced, .. } => {
            *all_capabilities && *unfiltered && *open_sys && *open_proc && !*namespaced
        }
    };
    Worth::Rank(u8::from(!is_on), if is_on { "yes" } else { "no" }.to_owned())
}

fn seccomp(mode: Mode) -> Worth {
    match mode {
        Mode::Disabled => Worth::Rank(0, "none".to_owned()),
        Mode::Filter => Worth::Rank(1, "filter".to_owned()),
        Mode::Strict => Worth::Rank(2, "strict".to_owned()),
    }
}

fn confinement(confinement: &Confinement) -> Worth {
    match confinement {
        Confinement::LeftToHost => Worth::Plain("left to the host".to_owned()),
        // Whatever the label: nothing is enforced.
        Confinement::NoModule | Confinement::Unenforced(_) => Worth::Rank(0, "none".to_owned()),
        Confinement::Enforced(label) => Worth::Rank(1, profile(label).to_owned()),
    }
}

/// The profile of a label: the engine names it alone, the kernel with its mode,
/// or as the type between SELinux's user, role and level.
fn profile(label: &str) -> &str {
    let name = label.split(" (").next().unwrap_or(label);
    name.split(':').nth(2).unwrap_or(name)
}

fn namespace(namespace: &Namespace) -> Worth {
    match namespace {
        Namespace::Host => Worth::Rank(0, "host".to_owned()),
        Namespace::NotTheHosts(_) => Worth::Rank(1, "not the host's".to_owned()),
    }
}

const fn bound(limit: &Limit, unit: Unit) -> Worth {
    match limit {
        Limit::Of(most) => Worth::Bound(Some(*most), unit),
        Limit::None => Worth::Bound(None, unit),
    }
}

fn ports(all: &[Published]) -> Worth {
    let port = |it: &Published| {
        let protocol = it.protocol.map_or("sctp", Protocol::name);
        Port { host: it.host, host_port: it.host_port, port: format!("{}/{protocol}", it.port) }
    };
    Worth::Ports(all.iter().map(port).collect())
}

/// What was bound from the host, writable or not.
fn of_host(all: &[Mount]) -> Worth {
    let bind = |mount: &Mount| Some((mount.point.clone(), mount.on_host.first()?.clone()));
    let binds: BTreeMap<String, String> = all.iter().filter_map(bind).collect();
    Worth::Binds(binds)
}

/// Where something of the host's, or of a volume, can be written.
fn writable(all: &[Mount]) -> Worth {
    const OWN: [&str; 8] =
        ["proc", "sysfs", "tmpfs", "devpts", "mqueue", "cgroup", "cgroup2", "overlay"];
    const MADE: [&str; 3] = ["/etc/hosts", "/etc/hostname", "/etc/resolv.conf"];
    let is_meant = |mount: &&Mount| {
        let is_own = OWN.contains(&mount.kind.as_str()) || MADE.contains(&mount.point.as_str());
        !mount.read_only && !is_own
    };
    let points: BTreeSet<String> =
        all.iter().filter(is_meant).map(|mount| mount.point.clone()).collect();
    Worth::Grants(points)
}

fn healthcheck(check: &Healthcheck) -> Worth {
    match check {
        Healthcheck::Disabled => Worth::Rank(0, "disabled".to_owned()),
        Healthcheck::Undefined => Worth::Rank(0, "none".to_owned()),
        Healthcheck::Defined(_) => Worth::Rank(1, "defined".to_owned()),
    }
}

//! The links, each a failure exactly where it is there.

use caps::Capability;

use crate::facts::attainable::{Extent, Power};
use crate::facts::capabilities::Scope;
use crate::facts::devices::Grant;
use crate::facts::kernel_files::Place;
use crate::facts::mounts::Mount;
use crate::facts::namespaces::{Company, Namespace};
use crate::facts::seccomp::Mode;
use crate::facts::{Facts, Held, Holder};
use crate::model::capability::CapabilitySet;
use crate::model::fact::Fact;
use crate::model::files::Kind;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Verdict};
use crate::parse::path::is_within;
use crate::rules::isolation::{no_engine_socket, no_sensitive_mounts};

/// One part of a chain.
pub(super) type Link = fn(&Facts) -> Verdict;

pub(super) fn has_engines_socket(facts: &Facts) -> Verdict {
    no_engine_socket::by_socket(facts)
}

pub(super) fn is_pointed_to_engine(facts: &Facts) -> Verdict {
    no_engine_socket::by_network(facts)
}

/// Connecting takes the right to write to the socket (`unix(7)`). What is known
/// by its name alone, and is no socket that was looked at, lets everybody in.
pub(super) fn may_connect(facts: &Facts) -> Verdict {
    const WHAT: &str = "may connect to the engine's socket";
    let by_name = beside(facts, &facts.mounts, WHAT, |power, mounts| {
        let mut named = mounts.iter().filter(|mount| no_engine_socket::engine_in(mount).is_some());
        named.any(|mount| {
            let socket = mount.file.as_ref().filter(|file| file.kind == Kind::Socket);
            socket.is_none_or(|socket| power.may_write(socket))
        })
    });
    let on_disk = beside(facts, &facts.engine_sockets, WHAT, |power, found| {
        found.iter().any(|it| power.may_write(&it.socket))
    });
    by_name.and(on_disk)
}

/// Names of disks and of what is made of them (`Documentation/admin-guide/devices.txt`).
const DISKS: [&str; 9] = [
    "/dev/sd",
    "/dev/vd",
    "/dev/xvd",
    "/dev/hd",
    "/dev/nvme",
    "/dev/mmcblk",
    "/dev/dm-",
    "/dev/md",
    "/dev/mapper/",
];

fn is_disk(grant: &Grant) -> bool {
    grant.entry.as_ref().map_or_else(
        || grant.paths.iter().any(|path| DISKS.iter().any(|disk| path.starts_with(disk))),
        |entry| entry.kind != 'c' && entry.opens(),
    )
}

fn a_disk(grants: &[Grant], what: &str) -> Check {
    match grants.iter().find(|grant| is_disk(grant)) {
        None => Check::holds("no block device of the host"),
        Some(grant) => {
            let place = grant.paths.first().map_or("", String::as_str);
            let shown = Untrusted::from(if place.is_empty() { &grant.shown } else { place });
            Check::broken(format!("the container {what} {shown}"))
                .showing(place, grant.shown.as_str())
        }
    }
}

/// Where the cgroup lets nobody open a disk, no node has to be looked for.
pub(super) fn has_disk(facts: &Facts) -> Verdict {
    let has = facts.opened_devices.judge(|grants| a_disk(grants, "has the block device"));
    let lets = facts.devices.judge(|grants| a_disk(grants, "may use"));
    has.or(lets).fails_as(|said| said.first().map(ToString::to_string).unwrap_or_default())
}

/// Opening it to read is enough: what is read is every file of the host. Of a
/// node that nobody looked at only root is sure to have the right.
pub(super) fn may_open_disk(facts: &Facts) -> Verdict {
    beside(facts, &facts.opened_devices, "may open it", |power, grants| {
        let mut disks = grants.iter().filter(|grant| is_disk(grant));
        disks.any(|disk| match &disk.node {
            Some(node) => power.may_open(node),
            None => power.overrides_modes(),
        })
    })
}

pub(super) fn may_use_disks(facts: &Facts) -> Verdict {
    facts.device_rules.judge(|grants| a_disk(grants, "may use block devices by"))
}

pub(super) fn can_make_nodes(facts: &Facts) -> Verdict {
    can_have(facts, Capability::CAP_MKNOD, "can have MKNOD")
}

/// What a peer must be able to have so that whoever takes it over has the host.
const RULING: [Capability; 5] = [
    Capability::CAP_SYS_ADMIN,
    Capability::CAP_SYS_MODULE,
    Capability::CAP_SYS_RAWIO,
    Capability::CAP_SYS_PTRACE,
    Capability::CAP_DAC_READ_SEARCH,
];

pub(super) fn lives_with_ruler(facts: &Facts) -> Verdict {
    facts.pid_company.judge(|company| match company {
        Company::Alone => Check::holds("nobody else lives in the PID namespace"),
        Company::Asked(other) => Check::broken(format!("the PID namespace is shared with {other}")),
        Company::Neighbour(it) => {
            let who = match &it.process {
                Holder::Service | Holder::Run => format!("the service {}", it.container),
                process @ (Holder::Process { .. } | Holder::Declaration) => {
                    format!("{process} of {}", it.container)
                }
            };
            let held = &it.capabilities;
            let rules = RULING.iter().any(|each| held.attainable.has(*each));
            if rules && held.scope == Scope::Host {
                Check::broken(format!("{who} shares its PID namespace and rules the host"))
            } else {
                Check::holds(format!("{who} does not rule the host"))
            }
        }
    })
}

/// Where the host has the kernel's own files, of which other chains tell what
/// they give.
const KERNELS: [&str; 3] = ["/proc", "/sys", "/dev"];

/// Where the host knows a mount by a name that decides over it.
fn deciding(mount: &Mount) -> Option<&String> {
    let decides = |host: &&String| {
        no_sensitive_mounts::sensitive(host).is_some()
            && !KERNELS.iter().any(|folder| is_within(host, folder))
    };
    mount.on_host.iter().find(decides).filter(|_| !mount.read_only)
}

pub(super) fn holds_writable_host(facts: &Facts) -> Verdict {
    facts.mounts.judge(|mounts| {
        let deciding = mounts.iter().filter_map(|mount| Some((mount, deciding(mount)?)));
        let nothing = Check::holds("nothing of the host that matters can be written");
        deciding.fold(nothing, |check, (mount, host)| {
            let point = Untrusted::from(mount.point.as_str());
            let host = Untrusted::from(host.as_str());
            check
                .also(&format!("{point} is {host} of the host, writable"))
                .showing(mount.point.as_str(), mount.shown.as_str())
        })
    })
}

/// Root, or whoever the mode of what is mounted lets write: everybody, where
/// nobody looked at it. What lies deeper may have another owner, of whom
/// nothing is known here.
pub(super) fn may_write_host(facts: &Facts) -> Verdict {
    beside(facts, &facts.mounts, "may write it", |power, mounts| {
        let mut deciding = mounts.iter().filter(|mount| deciding(mount).is_some());
        deciding.any(|mount| mount.file.as_ref().is_none_or(|file| power.may_write(file)))
    })
}

pub(super) fn sees_host_processes(facts: &Facts) -> Verdict {
    facts.pid_namespace.judge(|namespace| match namespace {
        Namespace::Host => Check::broken("the PID namespace is the host's"),
        Namespace::NotTheHosts(_) => Check::holds("the PID namespace is not the host's"),
    })
}

/// Any file system with handles will do: a bound `/etc/hosts` is on the host's
/// disk. An overlay decodes none unless it is exported, which no engine asks for.
pub(super) fn shares_file_system(facts: &Facts) -> Verdict {
    const WITH_HANDLES: [&str; 11] =
        ["btrfs", "ext2", "ext3", "ext4", "f2fs", "jfs", "ntfs3", "tmpfs", "vfat", "xfs", "zfs"];
    facts.shared_with_host.judge(|mounts| {
        let found = mounts.iter().find(|it| WITH_HANDLES.contains(&it.kind.as_str()));
        match found {
            None => Check::holds("no file system of the host is in the container"),
            Some(mount) => {
                let point = Untrusted::from(mount.point.as_str());
                Check::broken(format!("{point} is on a file system of the host"))
                    .showing(mount.point.as_str(), mount.shown.as_str())
            }
        }
    })
}

pub(super) fn writes_agents(facts: &Facts) -> Verdict {
    at_places(&facts.release_agents, "can be written")
}

/// Either suffices: a kernel that does not ask, or the right that it asks for.
pub(super) fn may_set_agents(facts: &Facts) -> Verdict {
    let by_kernel = facts.guarded_agents.judge(|(release, guards)| {
        let release = Untrusted::from(release.as_str());
        if *guards {
            Check::holds(format!("Linux {release} lets only SYS_ADMIN set it"))
        } else {
            Check::broken(format!("Linux {release} may let root set it"))
        }
    });
    let by_right = process(facts, &[], "can have SYS_ADMIN as the host's root", |power| {
        power.on_host(Capability::CAP_SYS_ADMIN) && power.overrides_modes()
    });
    by_kernel.and(by_right)
}

/// Only the root of a hierarchy has an agent, and only from the first cgroup
/// namespace can a hierarchy be made (`cgroup1_root_to_use` in the kernel's
/// `kernel/cgroup/cgroup-v1.c`). Either suffices: that namespace, or a
/// hierarchy that is there and does not bind the container.
pub(super) fn reaches_agents(facts: &Facts) -> Verdict {
    let makes = facts.cgroup_namespace.judge(|namespace| match namespace {
        Namespace::Host => Check::broken("the cgroup namespace is the host's"),
        Namespace::NotTheHosts(_) => Check::holds("the cgroup namespace is not the host's"),
    });
    let what = "of the host is a hierarchy in which the container has no cgroup of its own";
    makes.and(at_places(&facts.open_hierarchies, what))
}

pub(super) fn writes_core_pattern(facts: &Facts) -> Verdict {
    at_places(&facts.core_pattern, "can be written")
}

fn at_places(places: &Fact<Vec<Place>>, what: &str) -> Verdict {
    places.judge(|places| match places.first() {
        None => Check::holds("there is no such place"),
        Some(Place { path, line }) => {
            Check::broken(format!("{} {what}", Untrusted::from(path.as_str())))
                .showing(path.as_str(), line.as_str())
        }
    })
}

pub(super) fn can_trace(facts: &Facts) -> Verdict {
    process(facts, &[], "can have SYS_PTRACE", |power| {
        power.on_host(Capability::CAP_SYS_PTRACE) && !power.confined
    })
}

pub(super) fn can_load_modules(facts: &Facts) -> Verdict {
    can_have(facts, Capability::CAP_SYS_MODULE, "can have SYS_MODULE")
}

pub(super) fn can_reach_hardware(facts: &Facts) -> Verdict {
    can_have(facts, Capability::CAP_SYS_RAWIO, "can have SYS_RAWIO")
}

pub(super) fn can_open_by_handle(facts: &Facts) -> Verdict {
    can_have(facts, Capability::CAP_DAC_READ_SEARCH, "can have DAC_READ_SEARCH")
}

/// Both of one process: the filter of another does not bind it.
pub(super) fn has_unfiltered_admin(facts: &Facts) -> Verdict {
    process(facts, &["Seccomp"], "can have SYS_ADMIN without a seccomp filter", |power| {
        power.on_host(Capability::CAP_SYS_ADMIN) && power.seccomp == Mode::Disabled
    })
}

/// Mounting takes SYS_ADMIN, writing the file its owner, the host's root.
pub(super) fn can_mount_agents(facts: &Facts) -> Verdict {
    process(facts, &[], "can have SYS_ADMIN as the host's root", |power| {
        power.on_host(Capability::CAP_SYS_ADMIN) && power.overrides_modes() && !power.confined
    })
}

/// The kernel lets only this user write its settings, whatever its
/// capabilities (`test_perm` in `fs/proc/proc_sysctl.c`).
pub(super) fn is_hosts_root(facts: &Facts) -> Verdict {
    process(facts, &[], "is the host's root, or can become it", |power| {
        power.is_hosts_root() && !power.confined
    })
}

pub(super) fn is_or_overrides(facts: &Facts) -> Verdict {
    process(facts, &[], "can write files of the host's root", Power::overrides_modes)
}

fn can_have(facts: &Facts, capability: Capability, what: &str) -> Verdict {
    process(facts, &[], what, |power| power.on_host(capability))
}

/// A link that a single process is.
fn process(facts: &Facts, lines: &[&str], what: &str, has: impl Fn(&Power) -> bool) -> Verdict {
    let asked = facts.powers.asked(lines, &has);
    asked.judge(|held| link(&held.by, &held.value, what, has(&held.value)))
}

/// A link that a single process is by something that the container has.
fn beside<T: Clone>(
    facts: &Facts,
    other: &Fact<T>,
    what: &str,
    has: impl Fn(&Power, &T) -> bool,
) -> Verdict {
    facts.powers.asked_beside(other, &["Groups"], &has).judge(|Held { by, value }| {
        let (power, other) = value;
        link(by, power, what, has(power, other))
    })
}

fn link(by: &Holder, power: &Power, what: &str, is_there: bool) -> Check {
    if !is_there {
        // A pass of many links is told in one sentence.
        return Check::holds("a link is missing");
    }
    let by_file = match (power.extent, power.gains.first()) {
        (Extent::Files, Some(gain)) => format!(" by executing {}", gain.file.named()),
        (Extent::Own | Extent::Files | Extent::AtMost, _) => String::new(),
    };
    let capabilities = what.split(' ').filter(|word| word.parse::<CapabilitySet>().is_ok());
    capabilities.fold(Check::broken(format!("{by} {what}{by_file}")), Check::naming)
}

//! Files in which the kernel is told what to run on the host.

use crate::model::fact::Fact;
use crate::model::reading::{Gap, Reading, Reason};
use crate::parse::path::{beneath, is_within};
use crate::parse::proc::mountinfo::{self, Mount};

use super::view::View;
use super::{each_known, privilege};

/// One place where such a file is, and the mount that shows it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its path.
    pub path: String,
    /// The mount, as the kernel tells it.
    pub line: String,
}

/// The program that the kernel starts, in the host's namespaces and as its
/// root, for every program that crashes (`core(5)`): one setting for the whole
/// machine, whichever `proc` it is written through.
const CORE_PATTERN: &str = "/sys/kernel/core_pattern";

/// Where the container can write `core_pattern`. No declaration tells it of a
/// container that runs: the engine protects `/proc` without saying so.
pub(super) fn core_pattern(view: &View<'_>) -> Fact<Vec<Place>> {
    if view.kind().is_to_come() {
        return each_known(view, unprotected, Fact::declared_only);
    }
    writable(view, "proc", CORE_PATTERN)
}

/// Where the container can write a `release_agent`. Only the root of a whole
/// hierarchy has one (`cgroups(7)`), so a mount of a cgroup further down is harmless.
pub(super) fn release_agents(view: &View<'_>) -> Fact<Vec<Place>> {
    if view.kind().is_to_come() {
        return Fact::declared_only(without_version_1(view));
    }
    writable(view, "cgroup", "/release_agent")
}

/// Engines protect `/proc` unless they are told not to: by privileged mode, or by
/// `systempaths=unconfined` (`docker run --security-opt`).
fn unprotected(view: &View<'_>) -> Reading<Vec<Place>> {
    let inspect = view.inspect();
    let open = inspect.texts("/HostConfig/SecurityOpt").map(|options| {
        let open = ["systempaths=unconfined", "systempaths:unconfined"];
        options.iter().any(|option| open.contains(option))
    });
    // Compose hands it to the engine as paths that are not protected.
    let open = open
        .zip(inspect.is_emptied("/HostConfig/ReadonlyPaths"))
        .map(|(open, unprotected)| open || unprotected);
    privilege::or_mode(inspect, open).map(|(privileged, open)| {
        let line = if privileged { "privileged mode" } else { "systempaths=unconfined" };
        let place = || Place { path: format!("/proc{CORE_PATTERN}"), line: line.to_owned() };
        (privileged || open).then(place).into_iter().collect()
    })
}

/// Cgroups of version 2 have no such files, and an engine that nobody asked is
/// taken for one on a host with these.
fn without_version_1(view: &View<'_>) -> Reading<Vec<Place>> {
    view.info().text("/CgroupVersion").map(|_| Vec::new())
}

/// Where the container's writable mounts of this kind show the file `inner`.
fn writable(view: &View<'_>, kind: &str, inner: &str) -> Fact<Vec<Place>> {
    let effective = view.mounts().map(|mounts| {
        let is_writable = |mount: &&Mount| mount.kind == kind && !mount.is_read_only();
        let writable = mounts.iter().filter(is_writable);
        writable.filter_map(|mount| place(&mounts, mount, inner)).collect()
    });
    Fact::new(Reading::Inapplicable, effective)
}

/// The host's hierarchies of version 1 in which the container has no cgroup of
/// its own. A cgroup namespace has for its root the cgroups in which its first
/// process stood (`cgroup_namespaces(7)`), and what is mounted in it begins there:
/// without a cgroup of its own, at the root of the hierarchy.
pub(super) fn open_hierarchies(view: &View<'_>) -> Fact<Vec<Place>> {
    if view.kind().is_to_come() {
        return Fact::declared_only(without_version_1(view));
    }
    let own = view.processes().map_or_else(Reading::Missing, |it| Reading::Known(it, vec![]));
    let effective = view.host_mounts().zip(own).map(|(mounts, own)| {
        let is_bound = |mount: &Mount| {
            let has = |each: &str| mount.super_options.iter().any(|option| option == each);
            let binds = |all: &str| all.split(',').all(has);
            own.cgroups.iter().any(|(controllers, _)| !controllers.is_empty() && binds(controllers))
        };
        mounts
            .iter()
            .filter(|mount| mount.kind == "cgroup" && !is_bound(mount))
            .map(|mount| Place { path: mount.point.clone(), line: mount.line.clone() })
            .collect()
    });
    Fact::new(Reading::Inapplicable, effective)
}

/// The kernel's release, and whether it lets only the host's `SYS_ADMIN` set a
/// `release_agent`: since Linux 5.17 (CVE-2022-0492). An older one may have
/// been mended by its distribution, which its release does not tell.
pub(super) fn guarded_agents(view: &View<'_>) -> Fact<(String, bool)> {
    if view.kind().is_to_come() {
        let source = view.inspect().source().clone();
        let detail = "under which kernel it will run no file tells";
        let gap = Gap::new(Reason::NotRunning, source, detail);
        return Fact::declared_only(Reading::Missing(gap));
    }
    let release = view.host_file("/proc/sys/kernel/osrelease");
    let judged = release.map(|release| (release.trim().to_owned(), is_at_least(release, (5, 17))));
    Fact::new(Reading::Inapplicable, judged)
}

/// A release that cannot be read as one counts as older.
fn is_at_least(release: &str, wanted: (u32, u32)) -> bool {
    let mut numbers = release.split(|it: char| !it.is_ascii_digit()).map(str::parse);
    matches!((numbers.next(), numbers.next()), (Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= wanted)
}

/// Where this mount shows the file `inner` of its file system, unless another
/// mount lies over it.
fn place(mounts: &[Mount], mount: &Mount, inner: &str) -> Option<Place> {
    let rest = beneath(inner, &mount.root)?;
    let point = mount.point.trim_end_matches('/');
    let path = if rest.is_empty() { mount.point.clone() } else { format!("{point}/{rest}") };
    let covers =
        |other: &&Mount| is_within(&path, &other.point) && !mountinfo::is_hidden(mounts, other);
    let shown = mounts.iter().filter(covers).max_by_key(|other| other.point.len())?;
    (shown.id == mount.id).then(|| Place { path, line: mount.line.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, inner: &str) -> Vec<String> {
        let mounts = mountinfo::parse(text).unwrap();
        let procs = mounts.iter().filter(|mount| mount.kind == "proc" && !mount.is_read_only());
        procs.filter_map(|it| place(&mounts, it, inner)).map(|it| it.path).collect()
    }

    #[test]
    fn releases_are_compared_as_numbers() {
        for (release, expected) in [
            ("5.17.0", true),
            ("6.1.0-18-amd64\n", true),
            ("5.4.0-1", false),
            ("4.18.0-553.el8", false),
            ("strange", false),
        ] {
            assert_eq!(is_at_least(release, (5, 17)), expected, "{release}");
        }
    }

    #[test]
    fn a_mount_over_a_part_hides_that_part_alone() {
        let proc = "1 0 8:1 / / rw - ext4 a rw\n2 1 0:4 / /proc rw - proc proc rw\n";
        assert_eq!(shown(proc, CORE_PATTERN), ["/proc/sys/kernel/core_pattern"]);
        let protected = format!("{proc}3 2 0:4 /sys /proc/sys ro - proc proc rw\n");
        assert!(shown(&protected, CORE_PATTERN).is_empty());
        let other = format!("{proc}3 2 0:4 /bus /proc/bus ro - proc proc rw\n");
        assert_eq!(shown(&other, CORE_PATTERN), ["/proc/sys/kernel/core_pattern"]);
    }
}

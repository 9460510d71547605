//! Where a container's limits stand in the cgroup file systems.

use std::path::Path;

use crate::model::bundle::Processes;
use crate::parse::path::beneath;
use crate::parse::proc::mountinfo::{self, Mount};

use super::process::Process;

/// The cgroup file systems of this host, as the auditor has them mounted.
pub(super) struct CgroupMounts {
    mounts: Vec<Mount>,
}

/// Controller and limit file, for version 1 and for version 2
/// (`Documentation/admin-guide/cgroup-v1/` and `cgroup-v2.rst`).
const LIMITS: [(&str, &str, &str); 2] =
    [("memory", "memory.limit_in_bytes", "memory.max"), ("pids", "pids.max", "pids.max")];

impl CgroupMounts {
    pub(super) fn read(proc: &Path) -> Self {
        let own = Process::own(proc).ok().and_then(|own| own.peek("mountinfo"));
        let text = own.unwrap_or_default();
        let mut mounts = mountinfo::parse(&text).unwrap_or_default();
        mounts.retain(|mount| matches!(mount.kind.as_str(), "cgroup" | "cgroup2"));
        Self { mounts }
    }

    /// The limit files of the container's cgroup and of every cgroup above it,
    /// the nearest first: a limit binds everything below it.
    pub(super) fn limit_files(&self, processes: &Processes) -> Vec<String> {
        let mut files = Vec::new();
        for (controllers, path) in &processes.cgroups {
            for (controller, v1, v2) in LIMITS {
                let (mount, file) = if controllers.is_empty() {
                    (self.unified(), v2)
                } else if controllers.split(',').any(|each| each == controller) {
                    (self.hierarchy(controller), v1)
                } else {
                    continue;
                };
                let Some(folder) = mount.and_then(|mount| below(mount, path)) else { continue };
                files.extend(folder.into_iter().map(|folder| format!("{folder}/{file}")));
            }
        }
        files
    }

    /// The file that lists what devices the container's cgroup lets it use
    /// (`Documentation/admin-guide/cgroup-v1/devices.rst`).
    pub(super) fn device_list(&self, processes: &Processes) -> Option<String> {
        processes.cgroups.iter().find_map(|(controllers, path)| {
            controllers.split(',').find(|each| *each == "devices")?;
            let folder = below(self.hierarchy("devices")?, path)?.into_iter().next()?;
            Some(format!("{folder}/devices.list"))
        })
    }

    fn unified(&self) -> Option<&Mount> {
        self.mounts.iter().find(|mount| mount.kind == "cgroup2")
    }

    fn hierarchy(&self, controller: &str) -> Option<&Mount> {
        self.mounts.iter().find(|mount| {
            mount.kind == "cgroup" && mount.super_options.iter().any(|option| option == controller)
        })
    }
}

/// The folders from `path` up to, but not including, the root of the mount:
/// the root cgroup has no limits.
fn below(mount: &Mount, path: &str) -> Option<Vec<String>> {
    let mut folders = Vec::new();
    let mut rest = beneath(path, &mount.root)?;
    while !rest.is_empty() {
        folders.push(format!("{}/{rest}", mount.point));
        rest = rest.rsplit_once('/').map_or("", |(parent, _)| parent);
    }
    Some(folders)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(mounts: &str, cgroups: &[(&str, &str)]) -> Vec<String> {
        let mounts = CgroupMounts { mounts: mountinfo::parse(mounts).unwrap() };
        let cgroups = cgroups.iter().map(|(c, p)| ((*c).to_owned(), (*p).to_owned())).collect();
        mounts.limit_files(&Processes { cgroups, ..Processes::default() })
    }

    #[test]
    fn version_2_limits_are_those_of_the_container_and_of_its_slices() {
        let mounts = "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
        assert_eq!(
            files(mounts, &[("", "/system.slice/docker-ab.scope")]),
            [
                "/sys/fs/cgroup/system.slice/docker-ab.scope/memory.max",
                "/sys/fs/cgroup/system.slice/memory.max",
                "/sys/fs/cgroup/system.slice/docker-ab.scope/pids.max",
                "/sys/fs/cgroup/system.slice/pids.max",
            ]
        );
    }

    #[test]
    fn version_1_limits_stand_in_a_hierarchy_of_their_own() {
        let mounts = "30 1 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
            31 1 0:27 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n";
        assert_eq!(
            files(mounts, &[("memory", "/docker/ab"), ("cpu,cpuacct", "/docker/ab")]),
            [
                "/sys/fs/cgroup/memory/docker/ab/memory.limit_in_bytes",
                "/sys/fs/cgroup/memory/docker/memory.limit_in_bytes",
            ]
        );
    }

    #[test]
    fn a_hierarchy_that_is_not_mounted_has_no_files() {
        assert!(files("", &[("memory", "/docker/ab")]).is_empty());
    }
}

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

/// What stands in the cgroups of one controller, for version 1 and for
/// version 2 (`Documentation/admin-guide/cgroup-v1/` and `cgroup-v2.rst`).
struct Controller {
    name: &'static str,
    /// What binds everything below it.
    limits: [&'static [&'static str]; 2],
    /// What is used, and what came of the limit.
    usage: [&'static [&'static str]; 2],
}

const CONTROLLERS: [Controller; 4] = [
    Controller {
        name: "memory",
        limits: [
            &["memory.limit_in_bytes", "memory.memsw.limit_in_bytes"],
            &["memory.max", "memory.swap.max"],
        ],
        usage: [
            &["memory.usage_in_bytes", "memory.max_usage_in_bytes", "memory.oom_control"],
            &["memory.current", "memory.peak", "memory.events"],
        ],
    },
    Controller {
        name: "pids",
        limits: [&["pids.max"], &["pids.max"]],
        usage: [&["pids.current", "pids.events"], &["pids.current", "pids.peak", "pids.events"]],
    },
    Controller {
        name: "cpu",
        limits: [&["cpu.cfs_quota_us", "cpu.cfs_period_us"], &["cpu.max"]],
        usage: [&["cpu.stat"], &["cpu.stat"]],
    },
    Controller {
        name: "cpuset",
        limits: [&["cpuset.cpus"], &["cpuset.cpus.effective"]],
        usage: [&[], &[]],
    },
];

impl CgroupMounts {
    pub(super) fn read(proc: &Path) -> Self {
        let own = Process::own(proc).ok().and_then(|own| own.peek("mountinfo"));
        let text = own.unwrap_or_default();
        let mut mounts = mountinfo::parse(&text).unwrap_or_default();
        mounts.retain(|mount| matches!(mount.kind.as_str(), "cgroup" | "cgroup2"));
        Self { mounts }
    }

    /// Names what binds the container, in its cgroup and in every cgroup above
    /// it, the nearest first, and what tells its own use.
    pub(super) fn name_files(&self, processes: &mut Processes) {
        let (mut limits, mut usage) = (Vec::new(), Vec::new());
        for (controllers, path) in &processes.cgroups {
            for controller in &CONTROLLERS {
                let ([limits_v1, limits_v2], [usage_v1, usage_v2]) =
                    (controller.limits, controller.usage);
                let (mount, bounds, uses) = if controllers.is_empty() {
                    (self.unified(), limits_v2, usage_v2)
                } else if controllers.split(',').any(|each| each == controller.name) {
                    (self.hierarchy(controller.name), limits_v1, usage_v1)
                } else {
                    continue;
                };
                let Some(folders) = mount.and_then(|mount| below(mount, path)) else { continue };
                for file in bounds {
                    limits.extend(folders.iter().map(|folder| format!("{folder}/{file}")));
                }
                for file in uses {
                    usage.extend(folders.first().map(|folder| format!("{folder}/{file}")));
                }
            }
        }
        (processes.limit_files, processes.usage_files) = (limits, usage);
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
        let mut processes = Processes { cgroups, ..Processes::default() };
        mounts.name_files(&mut processes);
        let about = |file: &String| {
            file.contains("/memory.limit")
                || file.ends_with("s.max")
                || file.ends_with("/memory.max")
        };
        assert!(processes.usage_files.iter().all(|file| file.contains("ab")), "only its own use");
        processes.limit_files.into_iter().filter(about).collect()
    }

    #[test]
    fn use_is_told_by_the_nearest_cgroup_alone() {
        let mounts = "30 1 0:26 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n";
        let mounts = CgroupMounts { mounts: mountinfo::parse(mounts).unwrap() };
        let cgroups = vec![("cpu".to_owned(), "/docker/ab".to_owned())];
        let mut processes = Processes { cgroups, ..Processes::default() };
        mounts.name_files(&mut processes);
        assert_eq!(processes.usage_files, ["/sys/fs/cgroup/cpu/docker/ab/cpu.stat"]);
        assert_eq!(processes.limit_files.len(), 4);
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

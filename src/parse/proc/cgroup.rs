//! `/proc/<pid>/cgroup` (`cgroups(7)`): one `id:controllers:path` line a hierarchy.

/// Where a process stands in one hierarchy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership<'a> {
    /// The controllers of a version 1 hierarchy; empty for version 2.
    pub controllers: &'a str,
    /// The path below the root of the hierarchy.
    pub path: &'a str,
}

/// Reads every hierarchy of the file. Lines of another form are passed over:
/// the kernel prints no others, and a process cannot add any.
pub fn parse(text: &str) -> Vec<Membership<'_>> {
    text.lines()
        .filter_map(|line| {
            let (_, rest) = line.split_once(':')?;
            let (controllers, path) = rest.split_once(':')?;
            path.starts_with('/').then_some(Membership { controllers, path })
        })
        .collect()
}

/// The path down to and including the component that holds `id`.
///
/// A container may make cgroups of its own below its own (an init system
/// does), so the container's place is the component that the engine made.
pub fn prefix_with<'a>(path: &'a str, id: &str) -> Option<&'a str> {
    let start = path.find(id)?;
    let end = path.get(start..)?.find('/').map_or(path.len(), |slash| start + slash);
    path.get(..end)
}

/// A container as a cgroup's path tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container<'a> {
    /// What made it.
    pub runtime: &'static str,
    /// Its id, or its name where the runtime uses names.
    pub id: &'a str,
    /// The path down to and including the component that names it.
    pub path: &'a str,
}

/// How a runtime names its cgroups: the component must carry these around the
/// id, below a parent that ends as given (empty: any).
struct Naming {
    runtime: &'static str,
    parent: &'static str,
    prefix: &'static str,
    suffix: &'static str,
    /// Whether the id is 64 hexadecimal digits; else it is a name.
    hex: bool,
}

/// From the runtimes' sources and documentation: both cgroup drivers of
/// Docker, Podman, the CRI runtimes, LXC and systemd-nspawn.
const NAMINGS: [Naming; 13] = [
    Naming { runtime: "docker", parent: "/docker", prefix: "", suffix: "", hex: true },
    Naming { runtime: "docker", parent: "", prefix: "docker-", suffix: ".scope", hex: true },
    Naming { runtime: "podman", parent: "", prefix: "libpod-", suffix: ".scope", hex: true },
    Naming { runtime: "podman", parent: "", prefix: "libpod-", suffix: "", hex: true },
    Naming {
        runtime: "containerd",
        parent: "",
        prefix: "cri-containerd-",
        suffix: ".scope",
        hex: true,
    },
    Naming { runtime: "cri-o", parent: "", prefix: "crio-", suffix: ".scope", hex: true },
    Naming { runtime: "cri-o", parent: "", prefix: "crio-", suffix: "", hex: true },
    Naming { runtime: "lxc", parent: "", prefix: "lxc.payload.", suffix: "", hex: false },
    Naming { runtime: "lxc", parent: "/lxc.payload", prefix: "", suffix: "", hex: false },
    Naming { runtime: "lxc", parent: "/lxc", prefix: "", suffix: "", hex: false },
    Naming {
        runtime: "nspawn",
        parent: "",
        prefix: "systemd-nspawn@",
        suffix: ".service",
        hex: false,
    },
    Naming {
        runtime: "nspawn",
        parent: "/machine.slice",
        prefix: "machine-",
        suffix: ".scope",
        hex: false,
    },
    Naming { runtime: "container", parent: "", prefix: "", suffix: "", hex: true },
];

/// The outermost container that a path names, if it names one.
pub fn container(path: &str) -> Option<Container<'_>> {
    let mut start = 0;
    for component in path.split('/') {
        let end = start + component.len();
        let parent = path.get(..start)?.trim_end_matches('/');
        let through = path.get(..end)?;
        let named = NAMINGS.iter().find_map(|naming| {
            let id = component.strip_prefix(naming.prefix)?.strip_suffix(naming.suffix)?;
            let is_hex = id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
            // libvirt's virtual machines are registered beside containers.
            let is_machine = id.starts_with("qemu");
            let fits = if naming.hex { is_hex } else { !id.is_empty() && !is_machine };
            (fits && parent.ends_with(naming.parent)).then_some(Container {
                runtime: naming.runtime,
                id,
                path: through,
            })
        });
        if named.is_some() {
            return named;
        }
        start = end + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_are_read() {
        let text = "5:pids:/docker/ab12\n1:name=systemd:/docker/ab12\n0::/system.slice/x.scope\n";
        let read = parse(text);
        assert_eq!(read.len(), 3);
        assert_eq!(read.first(), Some(&Membership { controllers: "pids", path: "/docker/ab12" }));
        assert_eq!(
            read.last(),
            Some(&Membership { controllers: "", path: "/system.slice/x.scope" })
        );
    }

    #[test]
    fn the_containers_own_cgroup_is_the_component_with_its_id() {
        assert_eq!(prefix_with("/docker/ab12/init.scope", "ab12"), Some("/docker/ab12"));
        assert_eq!(
            prefix_with("/machine.slice/libpod-ab12.scope/container", "ab12"),
            Some("/machine.slice/libpod-ab12.scope")
        );
        assert_eq!(prefix_with("/docker/cd34", "ab12"), None);
    }

    #[test]
    fn the_runtimes_are_recognised_by_how_they_name_their_cgroups() {
        let id = "ab12".repeat(16);
        for (path, runtime) in [
            (format!("/docker/{id}"), "docker"),
            (format!("/docker/{id}/init.scope"), "docker"),
            (format!("/system.slice/docker-{id}.scope"), "docker"),
            (format!("/machine.slice/libpod-{id}.scope/container"), "podman"),
            (format!("/libpod_parent/libpod-{id}"), "podman"),
            (
                format!("/kubepods.slice/kubepods-pod1.slice/cri-containerd-{id}.scope"),
                "containerd",
            ),
            (format!("/kubepods/besteffort/pod1/{id}"), "container"),
            (format!("/system.slice/crio-{id}.scope"), "cri-o"),
        ] {
            let found = container(&path).map(|found| (found.runtime, found.id.to_owned()));
            assert_eq!(found, Some((runtime, id.clone())), "{path}");
        }
        for (path, runtime, name) in [
            ("/lxc.payload.web", "lxc", "web"),
            ("/lxc/web/init", "lxc", "web"),
            ("/machine.slice/machine-web.scope", "nspawn", "web"),
            ("/machine.slice/systemd-nspawn@web.service/payload", "nspawn", "web"),
        ] {
            let found = container(path).map(|found| (found.runtime, found.id));
            assert_eq!(found, Some((runtime, name)), "{path}");
        }
    }

    #[test]
    fn services_and_sessions_are_no_containers() {
        let machine = r"/machine.slice/machine-qemu\x2d1\x2dvm.scope";
        for path in
            ["/", machine, "/system.slice/nginx.service", "/user.slice/user-0.slice", "/docker"]
        {
            assert_eq!(container(path), None, "{path}");
        }
    }
}

//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::mounts::Mount;
use crate::model::severity::Severity;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Verdict};
use crate::parse::path::{beneath, is_within};
use crate::rules::isolation::also;
use crate::rules::{Settings, rule};

rule! {
    /// The container cannot reach a container engine.
    ///
    /// No engine's socket is mounted, under whatever path, nor a folder of the host that
    /// holds one; no variable points to an engine over the network. A read-only mount
    /// does not help: a socket is connected to, not written.
    ///
    /// ## Why it matters
    /// Whoever can talk to the engine can start a container with the host's disk mounted
    /// in it. The socket is the host's root password.
    ///
    /// ## How to fix
    /// compose: remove the socket from `volumes:` and `DOCKER_HOST` from `environment:`
    /// run: remove its `--volume` and `--env DOCKER_HOST`
    pub static RULE = {
        id: "no-engine-socket",
        title: "no container engine in reach",
        severity: Severity::Crit,
        references: &["CIS Docker 1.6: 5.32", "KICS d6355c88", "compose-lint CL-0001"],
        parameters: &[],
        judge: judge,
    }
}

/// The sockets of engines and runtimes, where they stand by default.
const SOCKETS: [&str; 10] = [
    "/run/docker.sock",
    "/var/run/docker.sock",
    "/run/docker/containerd/containerd.sock",
    "/run/containerd/containerd.sock",
    "/run/podman/podman.sock",
    "/run/crio/crio.sock",
    "/run/cri-dockerd.sock",
    "/run/dockershim.sock",
    "/run/buildkit/buildkitd.sock",
    "/run/k3s/containerd/containerd.sock",
];

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    let mounts = facts.mounts.judge(|mounts| {
        let broken = mounts.iter().filter_map(|mount| Some((mount, engine_in(mount)?)));
        let mut check = Check::holds("no mount holds an engine's socket");
        for (mount, what) in broken {
            check = also(check, &what).showing(mount.point.as_str(), mount.shown.as_str());
        }
        check
    });
    let variables = facts.engine_variables.judge(|variables| match variables.first() {
        None => Check::holds("no variable points to an engine"),
        Some(variable) => {
            Check::broken(format!("the variable {} points to an engine", variable.name))
        }
    });
    mounts.and(variables)
}

/// How a mount leads to an engine, if it does.
fn engine_in(mount: &Mount) -> Option<String> {
    let point = Untrusted::from(mount.point.as_str());
    let names = || mount.on_host.iter().map(String::as_str).chain([mount.point.as_str()]);
    let by_name = |path: &&str| SOCKETS.iter().any(|socket| file_name(socket) == file_name(path));
    if let Some(path) = names().find(|path| path.ends_with(".sock") && by_name(path)) {
        let path = Untrusted::from(path);
        return Some(format!("{point} is the engine's socket {path}"));
    }
    let holds = |host: &&String| SOCKETS.iter().any(|socket| is_within(socket, host));
    let host = mount
        .on_host
        .iter()
        .find(holds)
        .or_else(|| mount.on_host.iter().find(|it| is_users(it)))?;
    let host = Untrusted::from(host.as_str());
    Some(format!("{point} is {host} of the host, where an engine's socket stands"))
}

/// Whether a folder is a user's own in `/run/user`, where rootless engines listen.
fn is_users(host: &str) -> bool {
    let inner = beneath(host, "/run/user");
    inner.is_some_and(|inner| !inner.contains('/') || inner.ends_with("/podman"))
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, container};
    use serde_json::json;

    const SOCKET: &str = "60 40 0:20 /docker.sock /var/run/docker.sock ro - tmpfs tmpfs rw";
    const RENAMED: &str = "60 45 0:20 /docker.sock /tmp/innocent ro - tmpfs tmpfs rw";
    const PARENT: &str = "60 40 0:20 / /host/run ro - tmpfs tmpfs rw";

    cases! { RULE:
        a_container_without_mounts_passes: container() => "Pass",
        a_read_only_socket_fails: container().mount(SOCKET) => "Fail",
        a_socket_under_another_name_fails: container().mount(RENAMED) => "Fail",
        a_folder_that_holds_the_socket_fails: container().mount(PARENT) => "Fail",
        a_users_runtime_folder_fails:
            container().mount("60 40 0:20 /user/1000 /x ro - tmpfs tmpfs rw") => "Fail",
        dockers_own_runtime_folder_fails:
            container().mount("60 40 0:20 /docker /x ro - tmpfs tmpfs rw") => "Fail",
        another_file_system_passes:
            container().mount("60 40 8:1 /srv/data /data rw - ext4 /dev/sda1 rw") => "Pass",
        a_socket_that_another_mount_hides_passes: container()
            .mount(&format!("{SOCKET}\n61 40 0:70 / /var rw - tmpfs tmpfs rw")) => "Pass",
        a_mount_that_the_kernel_does_not_show_leaves_it_unknown: container()
            .declares("/Mounts", json!([{"Type": "bind", "Source": "/srv", "Destination": "/srv"}]))
            => "Unknown",
        the_kernel_overrules_the_declaration: container()
            .declares("/Mounts", json!([{"Type": "bind", "Source": "/run", "Destination": "/tmp", "RW": false}]))
            => "Pass",
        a_declared_socket_convicts: container()
            .declares("/Mounts", json!([{"Type": "bind", "Source": "/var/run/docker.sock", "Destination": "/d"}]))
            .kernel_denied() => "Fail",
        a_good_declaration_cannot_acquit: container().kernel_denied() => "Unknown",
        an_engine_over_tcp_fails:
            container().engine_starts_with(&["DOCKER_HOST=tcp://host:2375"]) => "Fail",
        a_variable_for_a_socket_that_is_not_mounted_passes:
            container().engine_starts_with(&["DOCKER_HOST=unix:///run/docker.sock"]) => "Pass",
        without_the_hosts_mounts_nobody_knows_what_is_mounted:
            container().denied("mountinfo") => "Unknown",
    }
}

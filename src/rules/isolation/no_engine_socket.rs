//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::mounts::Mount;
use crate::model::severity::Severity;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Verdict};
use crate::parse::path::{beneath, is_within};
use crate::rules::{Settings, rule};

rule! {
    /// The container cannot reach a container engine.
    ///
    /// No engine's socket is mounted, under whatever name, nor a folder of the host that holds
    /// one: sockets are known by the names that engines give them, and by device and inode
    /// wherever an engine of this host listens. No variable points to an engine over the
    /// network. A read-only mount does not help: a socket is connected to, not written.
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
        targets: [Container, Service],
        mends: [Mounts],
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
    by_socket(facts).and(by_network(facts))
}

/// Whether a socket of an engine is in the container.
pub(super) fn by_socket(facts: &Facts) -> Verdict {
    let mounts = facts.mounts.judge(|mounts| {
        let broken = mounts.iter().filter_map(|mount| Some((mount, engine_in(mount)?)));
        let mut check = Check::holds("no mount holds an engine's socket");
        for (mount, what) in broken {
            check = check.also(&what).showing(mount.point.as_str(), mount.shown.as_str());
        }
        check
    });
    let sockets = facts.engine_sockets.judge(|sockets| {
        sockets.iter().fold(Check::holds("no mount is an engine's socket on disk"), |check, it| {
            let point = Untrusted::from(it.point.as_str());
            let socket = &it.socket.path;
            let what = if it.in_folder {
                format!("{point} is a folder of the host that holds the engine's socket {socket}")
            } else {
                format!("{point} is the engine's socket {socket}")
            };
            check.also(&what)
        })
    });
    mounts.and(sockets)
}

/// Whether a variable points to an engine.
pub(super) fn by_network(facts: &Facts) -> Verdict {
    facts.engine_variables.judge(|variables| match variables.first() {
        None => Check::holds("no variable points to an engine"),
        Some(variable) => {
            Check::broken(format!("the variable {} points to an engine", variable.name))
                .naming(variable.name.clone())
        }
    })
}

/// How a mount leads to an engine, if it does.
pub(super) fn engine_in(mount: &Mount) -> Option<String> {
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
    use crate::model::files::Kind::{Folder, Socket};
    use crate::rules::testing::{cases, container, service};
    use serde_json::{Value, json};

    const SOCKET: &str = "60 40 0:20 /docker.sock /var/run/docker.sock ro - tmpfs tmpfs rw";
    const RENAMED: &str = "60 45 0:20 /docker.sock /tmp/innocent ro - tmpfs tmpfs rw";
    const PARENT: &str = "60 40 0:20 / /host/run ro - tmpfs tmpfs rw";

    fn bind(host: &str, point: &str) -> Value {
        json!({"Type": "bind", "Source": host, "Destination": point, "RW": true})
    }

    fn binds(host: &str) -> Value {
        json!([bind(host, "/x")])
    }

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
        a_hard_link_to_the_socket_fails: container()
            .mount("60 40 0:20 /other/name /x ro - tmpfs tmpfs rw")
            .point("/x", Socket, (0, 20), 3577) => "Fail",
        another_socket_passes: container()
            .mount("60 40 0:20 /other/name /x ro - tmpfs tmpfs rw")
            .point("/x", Socket, (0, 20), 3578) => "Pass",
        the_same_inode_on_another_file_system_passes: container()
            .mount("60 40 8:1 /other/name /x ro - ext4 /dev/sda1 rw")
            .point("/x", Socket, (8, 1), 3577) => "Pass",
        a_folder_that_holds_an_unusual_engines_socket_fails: container()
            .engine_at(Some(("/srv/engine/e.sock", (8, 1), 9)))
            .mount("60 40 8:1 /srv/engine /x ro - ext4 /dev/sda1 rw")
            .point("/x", Folder, (8, 1), 8) => "Fail",
        a_folder_beside_an_unusual_engines_socket_passes: container()
            .engine_at(Some(("/srv/engine/e.sock", (8, 1), 9)))
            .mount("60 40 8:1 /srv/engines /x ro - ext4 /dev/sda1 rw")
            .point("/x", Folder, (8, 1), 8) => "Pass",
        a_point_that_could_be_the_socket_and_is_unread_is_unknown:
            container().mount("60 40 0:20 /other/name /x ro - tmpfs tmpfs rw") => "Unknown",
        where_an_engine_listens_nobody_knows_where_a_mount_of_the_host_is_unknown: container()
            .engine_at(None).mount("60 40 8:1 /srv /x ro - ext4 /dev/sda1 rw")
            .point("/x", Folder, (8, 1), 8) => "Unknown",
        where_an_engine_listens_nobody_knows_what_the_engine_made_passes: container()
            .engine_at(None)
            .mount(&format!("60 40 8:1 /d/containers/{}/hosts /etc/hosts rw - ext4 /dev/sda1 rw", "c".repeat(64)))
            => "Pass",
        without_the_engines_sockets_names_still_convict:
            container().unread("/proc/net/unix (container engines)").mount(SOCKET) => "Fail",
        without_the_engines_sockets_a_mount_of_the_host_is_unknown: container()
            .unread("/proc/net/unix (container engines)")
            .mount("60 40 8:1 /srv /x ro - ext4 /dev/sda1 rw") => "Unknown",
        an_engine_over_tcp_fails:
            container().engine_starts_with(&["DOCKER_HOST=tcp://host:2375"]) => "Fail",
        a_variable_for_a_socket_that_is_not_mounted_passes:
            container().engine_starts_with(&["DOCKER_HOST=unix:///run/docker.sock"]) => "Pass",
        without_the_hosts_mounts_nobody_knows_what_is_mounted:
            container().denied("mountinfo") => "Unknown",
        a_service_without_mounts_passes: service() => "Pass",
        a_service_with_the_socket_fails: service().writes("/Mounts", binds("/var/run/docker.sock")) => "Fail",
        podmans_folder_by_its_old_name_fails: service().writes("/Mounts", binds("/var/run/podman")) => "Fail",
        containerds_folder_by_its_old_name_fails:
            service().writes("/Mounts", binds("/var/run/containerd/")) => "Fail",
        a_users_folder_by_its_old_name_fails:
            service().writes("/Mounts", binds("/var/run/user/1000")) => "Fail",
        another_folder_beside_them_passes: service().writes("/Mounts", binds("/var/run/app")) => "Pass",
        what_a_service_mounts_for_sure_convicts_whatever_else_it_mounts: service()
            .writes("/Mounts", json!([bind("/var/run/docker.sock", "/x"), bind("", "/data")]))
            .unset("/Mounts/1/Source", "DATA") => "Fail",
        a_services_mount_that_is_a_variable_is_unknown: service()
            .writes("/Mounts", binds("")).unset("/Mounts/0/Source", "DATA") => "Unknown",
        a_service_that_is_pointed_to_an_engine_fails:
            service().sets(&["DOCKER_HOST=tcp://host:2375"]) => "Fail",
        a_service_whose_engine_is_a_variable_is_unknown: service()
            .sets(&["DOCKER_HOST=x"]).unset("/Config/Env/0", "DOCKER_HOST") => "Unknown",
        another_variable_without_a_value_points_to_no_engine: service()
            .sets(&["LEVEL=x"]).unset("/Config/Env/0", "LEVEL") => "Pass",
    }
}

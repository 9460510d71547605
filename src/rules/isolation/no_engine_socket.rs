//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::mounts::Mount;
use crate::model::severity::Severity;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Verdict};
use crate::parse::path::is_within;
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
const SOCKETS: [&str; 9] = [
    "/run/docker.sock",
    "/var/run/docker.sock",
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
            let name = variable.split('=').next().unwrap_or_default();
            Check::broken(format!("the variable {name} points to an engine"))
                .showing("/Config/Env", variable.as_str())
        }
    });
    mounts.and(variables)
}

/// How a mount leads to an engine, if it does.
fn engine_in(mount: &Mount) -> Option<String> {
    let point = Untrusted::from(mount.point.as_str());
    let by_name = |path: &str| SOCKETS.iter().any(|socket| file_name(socket) == file_name(path));
    let host = mount.on_host.as_deref();
    if let Some(path) =
        [host, Some(mount.point.as_str())].into_iter().flatten().find(|path| by_name(path))
    {
        let path = Untrusted::from(path);
        return Some(format!("{point} is the engine's socket {path}"));
    }
    let held =
        SOCKETS.into_iter().find(|socket| host.is_some_and(|host| is_within(socket, host)))?;
    Some(format!("{point} is {} of the host, which holds {held}", Untrusted::from(host?)))
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, container};
    use serde_json::json;

    const SOCKET: &str = "60 40 0:20 /docker.sock /var/run/docker.sock ro - tmpfs tmpfs rw";
    const RENAMED: &str = "60 40 0:20 /docker.sock /tmp/innocent ro - tmpfs tmpfs rw";
    const PARENT: &str = "60 40 0:20 / /host/run ro - tmpfs tmpfs rw";

    cases! { RULE:
        a_container_without_mounts_passes: container() => "Pass",
        a_read_only_socket_fails: container().mount(SOCKET) => "Fail",
        a_socket_under_another_name_fails: container().mount(RENAMED) => "Fail",
        a_folder_that_holds_the_socket_fails: container().mount(PARENT) => "Fail",
        another_file_system_passes:
            container().mount("60 40 8:1 /srv/data /data rw - ext4 /dev/sda1 rw") => "Pass",
        a_covered_socket_still_has_its_name: container()
            .mount(&format!("{SOCKET}\n61 40 0:70 / /var/run/docker.sock rw - tmpfs tmpfs rw"))
            => "Fail",
        the_kernel_overrules_the_declaration: container()
            .declares("/Mounts", json!([{"Type": "bind", "Source": "/run", "Destination": "/x", "RW": false}]))
            => "Pass",
        a_declared_socket_convicts: container()
            .declares("/Mounts", json!([{"Type": "bind", "Source": "/var/run/docker.sock", "Destination": "/d"}]))
            .kernel_denied() => "Fail",
        a_good_declaration_cannot_acquit: container().kernel_denied() => "Unknown",
        an_engine_over_tcp_fails:
            container().declares("/Config/Env", json!(["DOCKER_HOST=tcp://(not recorded)"])) => "Fail",
        a_variable_for_a_socket_that_is_not_mounted_passes:
            container().declares("/Config/Env", json!(["DOCKER_HOST=unix://(not recorded)"])) => "Pass",
        without_the_hosts_mounts_nobody_knows_what_is_mounted:
            container().denied("mountinfo") => "Unknown",
    }
}

//! The two containers: what the engine is told about each.

use std::path::Path;

use bollard::models::{
    ContainerCreateBody, HealthConfig, HostConfig, HostConfigCgroupnsModeEnum, Mount,
    MountBindOptions, MountType,
};

use super::image::PROGRAM;

/// The container with every safeguard that an engine offers.
pub(super) const HARDENED: &str = "secaudit-demo-hardened";

/// The container as people really run them.
pub(super) const TYPICAL: &str = "secaudit-demo-typical";

/// Where programs look for the engine's socket.
const SOCKET: &str = "/var/run/docker.sock";

const SECOND: i64 = 1_000_000_000;

pub(super) fn hardened() -> ContainerCreateBody {
    let check = ["CMD", PROGRAM, "demo-payload", "healthy"].map(str::to_owned);
    ContainerCreateBody {
        user: Some("1000:1000".to_owned()),
        healthcheck: Some(HealthConfig {
            test: Some(check.to_vec()),
            interval: Some(30 * SECOND),
            timeout: Some(10 * SECOND),
            retries: Some(3),
            ..HealthConfig::default()
        }),
        host_config: Some(HostConfig {
            cap_drop: Some(vec!["ALL".to_owned()]),
            security_opt: Some(vec!["no-new-privileges:true".to_owned()]),
            readonly_rootfs: Some(true),
            tmpfs: Some(
                [("/tmp".to_owned(), "nosuid,nodev,noexec,size=1m,mode=1777".to_owned())].into(),
            ),
            cgroupns_mode: Some(HostConfigCgroupnsModeEnum::PRIVATE),
            memory: Some(64 << 20),
            pids_limit: Some(16),
            network_mode: no_network(),
            ..HostConfig::default()
        }),
        ..waiting()
    }
}

/// Nothing is set for its safety; tools that start containers themselves get
/// the engine's socket as well.
pub(super) fn typical(socket: Option<&Path>) -> ContainerCreateBody {
    // As a mount, for a bind would make a folder where the engine finds no socket.
    let mount = socket.map(|path| Mount {
        typ: Some(MountType::BIND),
        source: Some(path.to_string_lossy().into_owned()),
        target: Some(SOCKET.to_owned()),
        bind_options: Some(MountBindOptions::default()),
        ..Mount::default()
    });
    ContainerCreateBody {
        host_config: Some(HostConfig {
            mounts: mount.map(|mount| vec![mount]),
            network_mode: no_network(),
            ..HostConfig::default()
        }),
        ..waiting()
    }
}

/// Whether an engine's network works is no matter for a demo.
fn no_network() -> Option<String> {
    Some("none".to_owned())
}

fn waiting() -> ContainerCreateBody {
    ContainerCreateBody {
        entrypoint: Some(vec![PROGRAM.to_owned()]),
        cmd: Some(["demo-payload", "wait"].map(str::to_owned).to_vec()),
        ..ContainerCreateBody::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_typical_container_gets_the_socket_and_only_where_there_is_one() {
        let mounts = |body: ContainerCreateBody| body.host_config.unwrap().mounts;
        assert_eq!(mounts(hardened()), None);
        assert_eq!(mounts(typical(None)), None);
        let mount = mounts(typical(Some(Path::new("/run/user/7/docker.sock")))).unwrap().remove(0);
        assert_eq!(mount.source.as_deref(), Some("/run/user/7/docker.sock"));
        assert_eq!(mount.target.as_deref(), Some("/var/run/docker.sock"));
    }
}

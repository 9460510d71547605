//! What may be shown below each key that compose knows.

/// How much may be shown of what stands at a place. A value that an alias puts
/// in several places is shown where one of them is known and none is secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Unknown,
    Shown,
    /// `NAME=value`, of which the name is shown.
    Pair,
    Secret,
}

/// What stands below a key.
#[derive(Clone, Copy)]
pub(super) enum Below {
    All(Level),
    /// Secret values under names that are none, or a list of `NAME=value`.
    Pairs,
    /// Depends on the key.
    Keys(fn(&str) -> Below),
    /// The same, or a text that says it in short.
    Short(fn(&str) -> Below),
    /// The same for each key and item.
    Each(fn() -> Below),
}

const SHOWN: Below = Below::All(Level::Shown);
pub(super) const SECRET: Below = Below::All(Level::Secret);
pub(super) const UNKNOWN: Below = Below::All(Level::Unknown);

pub(super) fn root(key: &str) -> Below {
    match key {
        "version" | "name" | "include" => SHOWN,
        "services" => Below::Each(|| Below::Keys(service)),
        "networks" => Below::Each(|| Below::Keys(network)),
        "volumes" => Below::Each(|| Below::Keys(volume)),
        "secrets" | "configs" => Below::Each(|| Below::Keys(secret)),
        _ => UNKNOWN,
    }
}

fn service(key: &str) -> Below {
    match key {
        "attach"
        | "blkio_config"
        | "cap_add"
        | "cap_drop"
        | "cgroup"
        | "cgroup_parent"
        | "configs"
        | "container_name"
        | "cpu_count"
        | "cpu_percent"
        | "cpu_period"
        | "cpu_quota"
        | "cpu_rt_period"
        | "cpu_rt_runtime"
        | "cpu_shares"
        | "cpus"
        | "cpuset"
        | "depends_on"
        | "device_cgroup_rules"
        | "devices"
        | "dns"
        | "dns_opt"
        | "dns_search"
        | "domainname"
        | "env_file"
        | "expose"
        | "extends"
        | "external_links"
        | "extra_hosts"
        | "gpus"
        | "group_add"
        | "hostname"
        | "image"
        | "init"
        | "ipc"
        | "isolation"
        | "label_file"
        | "links"
        | "mac_address"
        | "mem_limit"
        | "mem_reservation"
        | "mem_swappiness"
        | "memswap_limit"
        | "network_mode"
        | "networks"
        | "oom_kill_disable"
        | "oom_score_adj"
        | "pid"
        | "pids_limit"
        | "platform"
        | "ports"
        | "privileged"
        | "profiles"
        | "pull_policy"
        | "read_only"
        | "restart"
        | "runtime"
        | "scale"
        | "secrets"
        | "security_opt"
        | "shm_size"
        | "stdin_open"
        | "stop_grace_period"
        | "stop_signal"
        | "sysctls"
        | "tmpfs"
        | "tty"
        | "ulimits"
        | "use_api_socket"
        | "user"
        | "userns_mode"
        | "uts"
        | "volumes_from"
        | "working_dir" => SHOWN,
        "build" => Below::Short(build),
        "deploy" => Below::Keys(deploy),
        "healthcheck" => Below::Keys(healthcheck),
        "logging" => Below::Keys(logging),
        "post_start" | "pre_stop" => Below::Keys(hook),
        "volumes" => Below::Each(|| Below::Short(mount)),
        "environment" | "labels" | "annotations" => Below::Pairs,
        "command" | "entrypoint" => SECRET,
        _ => UNKNOWN,
    }
}

fn build(key: &str) -> Below {
    match key {
        "context" | "dockerfile" | "target" | "network" | "no_cache" | "pull" | "platforms"
        | "privileged" | "entitlements" | "isolation" | "secrets" | "shm_size" | "tags"
        | "ulimits" | "provenance" | "sbom" => SHOWN,
        "args" | "labels" => Below::Pairs,
        "dockerfile_inline" => SECRET,
        _ => UNKNOWN,
    }
}

fn deploy(key: &str) -> Below {
    match key {
        "mode" | "replicas" | "endpoint_mode" | "resources" | "restart_policy"
        | "update_config" | "rollback_config" | "placement" => SHOWN,
        "labels" => Below::Pairs,
        _ => UNKNOWN,
    }
}

fn healthcheck(key: &str) -> Below {
    match key {
        "interval" | "timeout" | "retries" | "start_period" | "start_interval" | "disable" => SHOWN,
        _ => SECRET,
    }
}

fn hook(key: &str) -> Below {
    match key {
        "user" | "privileged" | "working_dir" => SHOWN,
        "environment" => Below::Pairs,
        _ => SECRET,
    }
}

fn logging(key: &str) -> Below {
    if key == "driver" { SHOWN } else { SECRET }
}

fn mount(key: &str) -> Below {
    match key {
        "type" | "source" | "target" | "read_only" | "bind" | "tmpfs" | "consistency" | "image" => {
            SHOWN
        }
        "volume" => Below::Keys(|key| if key == "labels" { SECRET } else { SHOWN }),
        _ => UNKNOWN,
    }
}

fn network(key: &str) -> Below {
    match key {
        "driver" | "internal" | "external" | "attachable" | "enable_ipv4" | "enable_ipv6"
        | "name" | "ipam" => SHOWN,
        "driver_opts" | "labels" => SECRET,
        _ => UNKNOWN,
    }
}

fn volume(key: &str) -> Below {
    match key {
        "driver" | "external" | "name" => SHOWN,
        "driver_opts" | "labels" => SECRET,
        _ => UNKNOWN,
    }
}

fn secret(key: &str) -> Below {
    match key {
        "file" | "environment" | "external" | "name" => SHOWN,
        "content" | "driver_opts" | "labels" => SECRET,
        _ => UNKNOWN,
    }
}

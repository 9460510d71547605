//! The keys of the Compose Specification and what each takes.
//!
//! Every record is sorted by name, which a test holds.

use super::{Form, Kind};
use Kind::Text;
use Kind::{Any, Command, Duration, Flag, Integer, List, Mode, Named, Number, Record, Short, Size};

type Keys = &'static [(&'static str, Kind)];

const TEXTS: Kind = Short(Form::Texts, &List(&Text));
const PAIRS: Kind = Short(Form::Pairs, &Named(&Text));
const HOSTS: Kind = Short(Form::Hosts, &Named(&TEXTS));
/// A mapping that has no list form.
const OPTIONS: Kind = Named(&Text);
const FILES: Kind = List(&Short(Form::Source, &Record(FILE_REFERENCE)));
const LIMITS: Kind = Named(&Short(Form::Limit, &Record(LIMIT)));
const HOOKS: Kind = List(&Record(HOOK));
const REQUESTS: Kind = List(&Short(Form::Request, &Record(REQUEST)));

/// A whole compose file.
pub const ROOT: Kind = Record(TOP);

/// What one service is.
pub const ONE_SERVICE: Kind = Record(SERVICE);

/// The sections of a compose file.
pub const TOP: Keys = &[
    ("configs", Named(&Short(Form::Resource, &Record(CONFIG)))),
    ("include", List(&Short(Form::Include, &Record(INCLUDE)))),
    ("models", Named(&Record(MODEL))),
    ("name", Text),
    ("networks", Named(&Short(Form::Resource, &Record(NETWORK)))),
    ("secrets", Named(&Short(Form::Resource, &Record(SECRET)))),
    ("services", Named(&Record(SERVICE))),
    ("version", Text),
    ("volumes", Named(&Short(Form::Resource, &Record(VOLUME)))),
];

const SERVICE: Keys = &[
    ("annotations", PAIRS),
    ("attach", Flag),
    ("blkio_config", Record(BLKIO)),
    ("build", Short(Form::Build, &Record(BUILD))),
    ("cap_add", List(&Text)),
    ("cap_drop", List(&Text)),
    ("cgroup", Text),
    ("cgroup_parent", Text),
    ("command", Command),
    ("configs", FILES),
    ("container_name", Text),
    ("cpu_count", Integer),
    ("cpu_percent", Number),
    ("cpu_period", Integer),
    ("cpu_quota", Integer),
    // Microseconds, or a duration.
    ("cpu_rt_period", Text),
    ("cpu_rt_runtime", Text),
    ("cpu_shares", Integer),
    ("cpus", Number),
    ("cpuset", Text),
    ("credential_spec", Record(&[("config", Text), ("file", Text), ("registry", Text)])),
    ("depends_on", Short(Form::Dependencies, &Named(&Record(DEPENDENCY)))),
    ("deploy", Record(DEPLOY)),
    ("develop", Record(&[("watch", List(&Record(WATCH)))])),
    ("device_cgroup_rules", List(&Text)),
    ("devices", List(&Short(Form::Device, &Record(DEVICE)))),
    ("dns", TEXTS),
    ("dns_opt", List(&Text)),
    ("dns_search", TEXTS),
    ("domainname", Text),
    ("entrypoint", Command),
    ("env_file", Short(Form::EnvFiles, &List(&Record(ENV_FILE)))),
    ("environment", PAIRS),
    ("expose", List(&Text)),
    ("extends", Short(Form::Extends, &Record(&[("file", Text), ("service", Text)]))),
    ("external_links", List(&Text)),
    ("extra_hosts", HOSTS),
    ("gpus", Short(Form::Gpus, &REQUESTS)),
    ("group_add", List(&Text)),
    ("healthcheck", Record(HEALTHCHECK)),
    ("hostname", Text),
    ("image", Text),
    ("init", Flag),
    ("ipc", Text),
    ("isolation", Text),
    ("label_file", TEXTS),
    ("labels", PAIRS),
    ("links", List(&Text)),
    ("logging", Record(&[("driver", Text), ("options", OPTIONS)])),
    ("mac_address", Text),
    ("mem_limit", Size),
    ("mem_reservation", Size),
    ("mem_swappiness", Integer),
    ("memswap_limit", Size),
    ("models", Short(Form::Names, &Named(&Record(&[("endpoint_var", Text), ("model_var", Text)])))),
    ("network_mode", Text),
    ("networks", Short(Form::Names, &Named(&Record(ENDPOINT)))),
    ("oom_kill_disable", Flag),
    ("oom_score_adj", Integer),
    ("pid", Text),
    ("pids_limit", Integer),
    ("platform", Text),
    ("ports", Short(Form::Ports, &List(&Record(PORT)))),
    ("post_start", HOOKS),
    ("pre_start", HOOKS),
    ("pre_stop", HOOKS),
    ("privileged", Flag),
    ("profiles", List(&Text)),
    ("provider", Record(&[("options", Named(&Any)), ("type", Text)])),
    ("pull_policy", Text),
    ("pull_refresh_after", Text),
    ("read_only", Flag),
    ("restart", Text),
    ("runtime", Text),
    ("scale", Integer),
    ("secrets", FILES),
    ("security_opt", List(&Text)),
    ("shm_size", Size),
    ("stdin_open", Flag),
    ("stop_grace_period", Duration),
    ("stop_signal", Text),
    ("storage_opt", Named(&Any)),
    ("sysctls", PAIRS),
    ("tmpfs", TEXTS),
    ("tty", Flag),
    ("ulimits", LIMITS),
    ("use_api_socket", Flag),
    ("user", Text),
    ("userns_mode", Text),
    ("uts", Text),
    ("volumes", List(&Short(Form::Volume, &Record(MOUNT)))),
    ("volumes_from", List(&Text)),
    ("working_dir", Text),
];

const BUILD: Keys = &[
    ("additional_contexts", PAIRS),
    ("args", PAIRS),
    ("cache_from", List(&Text)),
    ("cache_to", List(&Text)),
    ("context", Text),
    ("dockerfile", Text),
    ("dockerfile_inline", Text),
    ("entitlements", List(&Text)),
    ("extra_hosts", HOSTS),
    ("isolation", Text),
    ("labels", PAIRS),
    ("network", Text),
    ("no_cache", Flag),
    ("platforms", List(&Text)),
    ("privileged", Flag),
    ("provenance", Text),
    ("pull", Flag),
    ("sbom", Text),
    ("secrets", FILES),
    ("shm_size", Size),
    ("ssh", PAIRS),
    ("tags", List(&Text)),
    ("target", Text),
    ("ulimits", LIMITS),
];

const BLKIO: Keys = &[
    ("device_read_bps", List(&Record(RATE))),
    ("device_read_iops", List(&Record(RATE))),
    ("device_write_bps", List(&Record(RATE))),
    ("device_write_iops", List(&Record(RATE))),
    ("weight", Integer),
    ("weight_device", List(&Record(&[("path", Text), ("weight", Integer)]))),
];

const RATE: Keys = &[("path", Text), ("rate", Size)];

const DEPENDENCY: Keys = &[("condition", Text), ("required", Flag), ("restart", Flag)];

const DEPLOY: Keys = &[
    ("endpoint_mode", Text),
    ("labels", PAIRS),
    ("mode", Text),
    ("placement", Record(PLACEMENT)),
    ("replicas", Integer),
    ("resources", Record(RESOURCES)),
    ("restart_policy", Record(RESTART_POLICY)),
    ("rollback_config", Record(UPDATE)),
    ("update_config", Record(UPDATE)),
];

const PLACEMENT: Keys = &[
    ("constraints", List(&Text)),
    ("max_replicas_per_node", Integer),
    ("preferences", List(&Record(&[("spread", Text)]))),
];

const RESOURCES: Keys = &[
    ("limits", Record(&[("cpus", Number), ("memory", Size), ("pids", Integer)])),
    (
        "reservations",
        Record(&[
            ("cpus", Number),
            ("devices", REQUESTS),
            ("generic_resources", List(&Record(&[("discrete_resource_spec", Record(DISCRETE))]))),
            ("memory", Size),
        ]),
    ),
];

const DISCRETE: Keys = &[("kind", Text), ("value", Integer)];

const RESTART_POLICY: Keys =
    &[("condition", Text), ("delay", Duration), ("max_attempts", Integer), ("window", Duration)];

const UPDATE: Keys = &[
    ("delay", Duration),
    ("failure_action", Text),
    ("max_failure_ratio", Number),
    ("monitor", Duration),
    ("order", Text),
    ("parallelism", Integer),
];

const REQUEST: Keys = &[
    ("capabilities", List(&Text)),
    ("count", Text),
    ("device_ids", List(&Text)),
    ("driver", Text),
    ("options", PAIRS),
];

const WATCH: Keys = &[
    ("action", Text),
    ("exec", Record(HOOK)),
    ("ignore", TEXTS),
    ("include", TEXTS),
    ("initial_sync", Flag),
    ("path", Text),
    ("target", Text),
];

const HOOK: Keys = &[
    ("command", Command),
    ("environment", PAIRS),
    ("privileged", Flag),
    ("user", Text),
    ("working_dir", Text),
];

const DEVICE: Keys = &[("permissions", Text), ("source", Text), ("target", Text)];

const ENV_FILE: Keys = &[("format", Text), ("path", Text), ("required", Flag)];

const HEALTHCHECK: Keys = &[
    ("disable", Flag),
    ("interval", Duration),
    ("retries", Integer),
    ("start_interval", Duration),
    ("start_period", Duration),
    // A text is a script for a shell, and is never split.
    ("test", Command),
    ("timeout", Duration),
];

const ENDPOINT: Keys = &[
    ("aliases", List(&Text)),
    ("driver_opts", OPTIONS),
    ("gw_priority", Integer),
    ("interface_name", Text),
    ("ipv4_address", Text),
    ("ipv6_address", Text),
    ("link_local_ips", List(&Text)),
    ("mac_address", Text),
    ("priority", Integer),
];

const PORT: Keys = &[
    ("app_protocol", Text),
    ("host_ip", Text),
    ("mode", Text),
    ("name", Text),
    ("protocol", Text),
    // A port, or a range of which the engine takes one.
    ("published", Text),
    ("target", Integer),
];

const MOUNT: Keys = &[
    (
        "bind",
        Record(&[
            ("create_host_path", Flag),
            ("propagation", Text),
            ("recursive", Text),
            ("selinux", Text),
        ]),
    ),
    ("consistency", Text),
    ("image", Record(&[("subpath", Text)])),
    ("read_only", Flag),
    ("source", Text),
    ("target", Text),
    ("tmpfs", Record(&[("mode", Mode), ("size", Size)])),
    ("type", Text),
    ("volume", Record(&[("labels", PAIRS), ("nocopy", Flag), ("subpath", Text)])),
];

const FILE_REFERENCE: Keys =
    &[("gid", Text), ("mode", Mode), ("source", Text), ("target", Text), ("uid", Text)];

const LIMIT: Keys = &[("hard", Integer), ("soft", Integer)];

const INCLUDE: Keys = &[("env_file", TEXTS), ("path", TEXTS), ("project_directory", Text)];

const NETWORK: Keys = &[
    ("attachable", Flag),
    ("driver", Text),
    ("driver_opts", OPTIONS),
    ("enable_ipv4", Flag),
    ("enable_ipv6", Flag),
    ("external", Flag),
    ("internal", Flag),
    ("ipam", Record(&[("config", List(&Record(POOL))), ("driver", Text), ("options", OPTIONS)])),
    ("labels", PAIRS),
    ("name", Text),
];

const POOL: Keys =
    &[("aux_addresses", OPTIONS), ("gateway", Text), ("ip_range", Text), ("subnet", Text)];

const VOLUME: Keys = &[
    ("driver", Text),
    ("driver_opts", OPTIONS),
    ("external", Flag),
    ("labels", PAIRS),
    ("name", Text),
];

const SECRET: Keys = &[
    ("driver", Text),
    ("driver_opts", OPTIONS),
    ("environment", Text),
    ("external", Flag),
    ("file", Text),
    ("labels", PAIRS),
    ("name", Text),
    ("template_driver", Text),
];

const CONFIG: Keys = &[
    ("content", Text),
    ("environment", Text),
    ("external", Flag),
    ("file", Text),
    ("labels", PAIRS),
    ("name", Text),
    ("template_driver", Text),
];

const MODEL: Keys =
    &[("context_size", Integer), ("model", Text), ("name", Text), ("runtime_flags", List(&Text))];

#[cfg(test)]
mod tests {
    use super::*;

    fn each_record(kind: &'static Kind, see: &mut dyn FnMut(Keys)) {
        match kind {
            List(inner) | Named(inner) | Short(_, inner) => each_record(inner, see),
            Record(keys) => {
                see(keys);
                keys.iter().for_each(|(_, kind)| each_record(kind, see));
            }
            Any | Text | Flag | Integer | Number | Size | Duration | Mode | Command => {}
        }
    }

    #[test]
    fn every_record_is_sorted_so_that_a_key_is_found() {
        each_record(&ROOT, &mut |keys| {
            assert!(keys.windows(2).all(|pair| pair[0].0 < pair[1].0), "{keys:?}");
        });
    }
}

//! Evidence by chance: the hardened container or service, with some of its settings changed.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use super::Case;
use super::hardened::{INIT, container};
use super::service::service;
use crate::model::bundle::{Bundle, Observation};
use crate::model::reading::{Gap, Reason};

/// What a file or the engine's record may say, as JSON, and where.
const DECLARED: &[(&str, &[&str])] = &[
    ("/Config/User", &[r#""""#, r#""root""#, r#""0:0""#, r#""app""#, r#""1000""#, "7"]),
    ("/Config/Healthcheck", &["{}", r#"{"Test": ["NONE"]}"#, r#"{"Test": ["CMD", "true"]}"#]),
    ("/Path", &[r#""/bin/sh""#, r#""node""#, r#""redis-server""#, r#""gunicorn""#, "null"]),
    ("/Args", &["[]", r#"["-c", "exec app"]"#, r#"["--bind", "0.0.0.0"]"#]),
    ("/HostConfig/CapDrop", &["null", "[]", r#"["NET_RAW"]"#, r#"["all"]"#]),
    ("/HostConfig/CapAdd", &[r#"["SYS_ADMIN"]"#, r#"["NET_BIND_SERVICE"]"#, r#"["ALL"]"#]),
    (
        "/HostConfig/SecurityOpt",
        &["null", r#"["no-new-privileges:false"]"#, r#"["seccomp=unconfined"]"#, "[7]"],
    ),
    ("/HostConfig/Privileged", &["true", r#""yes""#]),
    ("/HostConfig/ReadonlyRootfs", &["false", "null"]),
    ("/HostConfig/Tmpfs", &["null", r#"{"/run": ""}"#]),
    ("/HostConfig/PidMode", &[r#""host""#, r#""container:x""#]),
    ("/HostConfig/IpcMode", &[r#""host""#, r#""shareable""#]),
    ("/HostConfig/UTSMode", &[r#""host""#]),
    ("/HostConfig/CgroupnsMode", &[r#""host""#, r#""""#]),
    ("/HostConfig/NetworkMode", &[r#""host""#, r#""none""#, r#""bridge""#]),
    ("/HostConfig/Memory", &["0", "null", "1073741824"]),
    ("/HostConfig/NanoCpus", &["0", "null"]),
    ("/HostConfig/PidsLimit", &["0", "-1", "null"]),
    ("/HostConfig/Init", &["false", "null"]),
    ("/HostConfig/LogConfig", &[r#"{"Type": "none"}"#, r#"{"Type": "json-file", "Config": {}}"#]),
    ("/HostConfig/RestartPolicy", &[r#"{"Name": "no"}"#, r#"{"Name": "always"}"#]),
    (
        "/Mounts",
        &[
            r#"[{"Type": "bind", "Source": "/", "Destination": "/host", "RW": true}]"#,
            r#"[{"Type": "bind", "Source": "/run/docker.sock", "Destination": "/s", "RW": true}]"#,
            r#"[{"Type": "volume", "Name": "data", "Destination": "/data", "RW": true}]"#,
        ],
    ),
    (
        "/NetworkSettings/Ports",
        &["{}", r#"{"6379/tcp": [{"HostIp": "0.0.0.0", "HostPort": "6379"}]}"#],
    ),
];

/// What the kernel may say of a process.
const STATUS: &[(&str, &[&str])] = &[
    ("NoNewPrivs", &["0", "1", "x"]),
    ("Uid", &["0\t0\t0\t0", "1000\t0\t0\t0", "65534\t65534\t65534\t65534"]),
    ("Gid", &["0\t0\t0\t0"]),
    ("Groups", &["", "0", "998"]),
    ("CapEff", &["00000000a80425fb", "000001ffffffffff"]),
    ("CapBnd", &["00000000a80425fb", "000001ffffffffff", "0000000000000400"]),
    ("CapPrm", &["00000000a80425fb", "0000000000000400"]),
    ("Seccomp", &["0", "1"]),
    ("SigCgt", &["0000000000000000"]),
    ("Name", &["node", "redis-server", "nginx", "gunicorn", "sh"]),
];

/// What the kernel may say of what the container can use.
const LIMITS: &[(&str, &[&str])] = &[
    ("memory.limit_in_bytes", &["9223372036854771712", "1048576", "x"]),
    ("pids.max", &["max", "7"]),
    ("cpu.cfs_quota_us", &["-1", "0"]),
];

/// One thing that is otherwise.
#[derive(Clone, Debug)]
enum Change {
    /// A setting says something else.
    Declared(Index, Index),
    /// The first process is something else.
    First(Index, Index),
    /// There is another process, which is something else.
    Another(Index, Index),
    /// A limit is another.
    Limit(Index, Index),
    /// Nobody knows a setting, or what some source says.
    Forgotten(Index),
}

fn pick<'a>(table: &'a [(&str, &[&str])], row: &Index, value: &Index) -> (&'a str, &'a str) {
    let &(name, values) = row.get(table);
    (name, *value.get(values))
}

impl Change {
    fn of(&self, case: Case, is_service: bool) -> Case {
        match self {
            Self::Declared(row, value) => {
                let (pointer, text) = pick(DECLARED, row, value);
                let value: Value = serde_json::from_str(text).unwrap_or_else(|_| json!(text));
                if is_service { case.writes(pointer, value) } else { case.declares(pointer, value) }
            }
            Self::Forgotten(row) if is_service => case.unset(row.get(DECLARED).0, "X"),
            Self::Forgotten(place) => {
                let mut case = case;
                let known: Vec<_> = case.bundle.observations.keys().cloned().collect();
                let source = place.get(&known).clone();
                let gap = Gap::new(Reason::Denied, source.clone(), "it was refused");
                case.bundle.observations.insert(source, Observation::Gap(gap));
                case
            }
            // None of these runs yet.
            Self::First(..) | Self::Another(..) | Self::Limit(..) if is_service => case,
            Self::First(row, value) => case.status(&[pick(STATUS, row, value)]),
            Self::Another(row, value) => case.add_process(INIT + 1, &[pick(STATUS, row, value)]),
            Self::Limit(row, value) => {
                let (file, text) = pick(LIMITS, row, value);
                case.limit(file, text)
            }
        }
    }
}

/// A container or a service by chance.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    /// Whether it is of a service.
    pub(crate) is_service: bool,
    changes: Vec<Change>,
    forgotten: Vec<Change>,
}

impl Evidence {
    fn case(&self) -> Case {
        let whole = if self.is_service { service() } else { container() };
        self.changes.iter().fold(whole, |case, change| change.of(case, self.is_service))
    }

    /// All of it.
    pub(crate) fn whole(&self) -> Bundle {
        self.case().bundle
    }

    /// The same where nobody knows some of it.
    pub(crate) fn less(&self) -> Bundle {
        self.forgotten
            .iter()
            .fold(self.case(), |case, change| change.of(case, self.is_service))
            .bundle
    }
}

/// Containers and services.
pub(crate) fn evidence() -> impl Strategy<Value = Evidence> {
    let place = any::<Index>;
    let change = prop_oneof![
        4 => (place(), place()).prop_map(|(row, value)| Change::Declared(row, value)),
        2 => (place(), place()).prop_map(|(row, value)| Change::First(row, value)),
        1 => (place(), place()).prop_map(|(row, value)| Change::Another(row, value)),
        1 => (place(), place()).prop_map(|(row, value)| Change::Limit(row, value)),
    ];
    let changes = prop::collection::vec(change, 0..8);
    let forgotten = |size: std::ops::Range<usize>| {
        prop::collection::vec(place().prop_map(Change::Forgotten), size)
    };
    (any::<bool>(), changes, forgotten(0..3), forgotten(1..5)).prop_map(
        |(is_service, mut changes, unknown, forgotten)| {
            // What nobody knows cannot be changed any more.
            changes.extend(unknown);
            Evidence { is_service, changes, forgotten }
        },
    )
}

/// The same evidence of somebody else: under other numbers, of another project.
pub(crate) fn of_another(bundle: &Bundle) -> Bundle {
    let text = serde_json::to_string(bundle).unwrap();
    // Pids and ids among other numbers, whichever they are.
    let text = text.replace("100", "200").replace(&"c".repeat(64), &"d".repeat(64));
    serde_json::from_str(&text.replace("compose.yaml#", "other.yaml#")).unwrap()
}

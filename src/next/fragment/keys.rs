//! Every key that a setting says, and the words of the record that stand for its value.

use serde_json::{Map, Value};

use crate::model::setting::Setting;

/// How a part of the record stands in a compose file.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    /// `key: true`.
    Flag,
    /// `key: value`, a number or a text without a variable.
    Bare,
    /// `key: value`, a text.
    Text,
    /// A list of texts.
    List,
    /// A list of points with options, in any order.
    Points,
    /// The driver of the log.
    Driver,
    /// The options of the log, beside its driver.
    Options,
}

/// A key of a service, the option of `docker run` that says the same, and the part of the
/// record that tells it, as the words that stand there.
pub(super) struct Key {
    pub(super) key: &'static str,
    pub(super) option: &'static str,
    pub(super) pointer: &'static str,
    pub(super) shape: Shape,
    pub(super) words: fn(&Value) -> Option<Vec<String>>,
    /// What is made by it.
    pub(super) settings: &'static [Setting],
}

const fn key(
    key: &'static str,
    option: &'static str,
    pointer: &'static str,
    shape: Shape,
    words: fn(&Value) -> Option<Vec<String>>,
    settings: &'static [Setting],
) -> Key {
    Key { key, option, pointer, shape, words, settings }
}

use Shape::{Bare, Driver, Flag, List, Options, Points, Text};

/// Every key that a setting says, in the order in which people write them.
pub(super) const KEYS: [Key; 24] = [
    key("user", "--user", "/Config/User", Text, text, &[Setting::User]),
    key("group_add", "--group-add", "/HostConfig/GroupAdd", List, texts, &[Setting::Groups]),
    key(
        "privileged",
        "--privileged",
        "/HostConfig/Privileged",
        Flag,
        flag,
        &[Setting::Unprivileged],
    ),
    key("cap_drop", "--cap-drop", "/HostConfig/CapDrop", List, texts, &[Setting::Capabilities]),
    key("cap_add", "--cap-add", "/HostConfig/CapAdd", List, texts, &[Setting::Capabilities]),
    key("security_opt", "--security-opt", OPTIONS, List, texts, CONFINED),
    key("pid", "--pid", "/HostConfig/PidMode", Text, text, &[Setting::PidNamespace]),
    key("ipc", "--ipc", "/HostConfig/IpcMode", Text, text, &[Setting::IpcNamespace]),
    key("uts", "--uts", "/HostConfig/UTSMode", Text, text, &[Setting::UtsNamespace]),
    key(
        "cgroup",
        "--cgroupns",
        "/HostConfig/CgroupnsMode",
        Text,
        text,
        &[Setting::CgroupNamespace],
    ),
    key("userns_mode", "--userns", "/HostConfig/UsernsMode", Text, text, &[Setting::UserNamespace]),
    key("devices", "--device", "/HostConfig/Devices", List, devices, &[Setting::Devices]),
    key("device_cgroup_rules", "--device-cgroup-rule", RULES, List, texts, &[Setting::Devices]),
    key("volumes", "--volume", MOUNTS, List, mounts, &[Setting::Mounts]),
    key(
        "read_only",
        "--read-only",
        "/HostConfig/ReadonlyRootfs",
        Flag,
        flag,
        &[Setting::ReadOnlyRoot],
    ),
    key("tmpfs", "--tmpfs", "/HostConfig/Tmpfs", Points, tmpfs, &[Setting::ReadOnlyRoot]),
    key("mem_limit", "--memory", "/HostConfig/Memory", Bare, bytes, &[Setting::Memory]),
    key("cpus", "--cpus", "/HostConfig/NanoCpus", Bare, billionths, &[Setting::Cpus]),
    key("pids_limit", "--pids-limit", "/HostConfig/PidsLimit", Bare, number, &[Setting::Pids]),
    key("init", "--init", "/HostConfig/Init", Flag, flag, &[Setting::Init]),
    key("restart", "--restart", "/HostConfig/RestartPolicy", Text, restart, &[Setting::Restart]),
    key("logging", "--log-driver", LOG_DRIVER, Driver, text, &[Setting::Logging]),
    key("logging", "--log-opt", LOG_OPTIONS, Options, pairs, &[Setting::Logging]),
    key("ports", "--publish", PORTS, List, ports, &[Setting::Ports]),
];

pub(super) const OPTIONS: &str = "/HostConfig/SecurityOpt";
pub(super) const MOUNTS: &str = "/Mounts";
pub(super) const PORTS: &str = "/HostConfig/PortBindings";
pub(super) const LOG_DRIVER: &str = "/HostConfig/LogConfig/Type";
pub(super) const LOG_OPTIONS: &str = "/HostConfig/LogConfig/Config";
const RULES: &str = "/HostConfig/DeviceCgroupRules";
const CONFINED: &[Setting] = &[Setting::Seccomp, Setting::Confinement, Setting::NoNewPrivileges];

fn flag(value: &Value) -> Option<Vec<String>> {
    Some(if value.as_bool()? { vec!["true".to_owned()] } else { Vec::new() })
}

fn text(value: &Value) -> Option<Vec<String>> {
    let text = value.as_str()?;
    Some(if text.is_empty() { Vec::new() } else { vec![text.to_owned()] })
}

fn texts(value: &Value) -> Option<Vec<String>> {
    // What is not known is nothing here, and stays where it is.
    Some(value.as_array()?.iter().map(|it| it.as_str().unwrap_or_default().to_owned()).collect())
}

fn number(value: &Value) -> Option<Vec<String>> {
    let number = value.as_i64()?;
    Some(if number > 0 { vec![number.to_string()] } else { Vec::new() })
}

fn bytes(value: &Value) -> Option<Vec<String>> {
    let bytes = value.as_u64()?;
    Some(match bytes {
        0 => Vec::new(),
        _ if bytes.trailing_zeros() >= 20 => vec![format!("{}m", bytes >> 20)],
        _ => vec![format!("{bytes}b")],
    })
}

/// Billionths of a processor as a decimal fraction.
fn billionths(value: &Value) -> Option<Vec<String>> {
    let nanos = value.as_u64()?;
    let text = format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000);
    let text = text.trim_end_matches('0');
    let text = if text.ends_with('.') { format!("{text}0") } else { text.to_owned() };
    Some(if nanos == 0 { Vec::new() } else { vec![text] })
}

fn tmpfs(value: &Value) -> Option<Vec<String>> {
    let each = |(point, options): (&String, &Value)| {
        // What stands behind the first colon would be options.
        let options = options.as_str().filter(|_| !point.contains(':'))?;
        Some(if options.is_empty() { point.clone() } else { format!("{point}:{options}") })
    };
    value.as_object()?.iter().map(each).collect()
}

fn devices(value: &Value) -> Option<Vec<String>> {
    let each = |it: &Value| {
        let text = |name: &str| it.get(name).and_then(Value::as_str);
        let (host, inside) = (text("PathOnHost")?, text("PathInContainer")?);
        Some(format!("{host}:{inside}:{}", text("CgroupPermissions").unwrap_or("rwm")))
    };
    value.as_array()?.iter().map(each).collect()
}

fn mounts(value: &Value) -> Option<Vec<String>> {
    let each = |it: &Value| {
        let text = |name: &str| it.get(name).and_then(Value::as_str).unwrap_or_default();
        let source = if text("Type") == "volume" { text("Name") } else { text("Source") };
        let mode = if it.get("RW") == Some(&Value::Bool(false)) { ":ro" } else { "" };
        format!("{source}:{}{mode}", text("Destination"))
    };
    Some(value.as_array()?.iter().map(each).collect())
}

fn restart(value: &Value) -> Option<Vec<String>> {
    let name = value.get("Name").and_then(Value::as_str)?;
    let most = value.get("MaximumRetryCount").and_then(Value::as_u64).unwrap_or(0);
    Some(match (name, most) {
        ("" | "no", _) => Vec::new(),
        ("on-failure", 1..) => vec![format!("{name}:{most}")],
        _ => vec![name.to_owned()],
    })
}

fn pairs(value: &Value) -> Option<Vec<String>> {
    let all = value.as_object()?.iter();
    Some(all.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect())
}

fn ports(value: &Value) -> Option<Vec<String>> {
    let bindings: &Map<String, Value> = value.as_object()?;
    let mut all = Vec::new();
    for (port, places) in bindings {
        for place in places.as_array()? {
            let text = |name: &str| place.get(name).and_then(Value::as_str).unwrap_or_default();
            let (address, published) = (text("HostIp"), text("HostPort"));
            all.push(match (address.contains(':'), address.is_empty(), published.is_empty()) {
                (true, ..) => format!("[{address}]:{published}:{port}"),
                (false, false, _) => format!("{address}:{published}:{port}"),
                (false, true, false) => format!("{published}:{port}"),
                (false, true, true) => port.clone(),
            });
        }
    }
    Some(all)
}

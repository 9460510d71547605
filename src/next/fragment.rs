//! Settings as a person writes them: the keys of a compose file, the options of
//! `docker run`. Both are what tells the record as it would be from the record as it is.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::model::setting::Setting;
use crate::model::untrusted::Untrusted;

use super::changed::Changed;
use super::quote;

/// How a part of the record stands in a compose file.
#[derive(Clone, Copy)]
enum Shape {
    /// `key: true`.
    Flag,
    /// `key: value`, a number or a text without a variable.
    Bare,
    /// `key: value`, a text.
    Text,
    /// A list of texts.
    List,
    /// The driver of the log.
    Driver,
}

/// A key of a service, the option of `docker run` that says the same, and the part of the
/// record that tells it, as the words that stand there.
struct Key {
    key: &'static str,
    option: &'static str,
    pointer: &'static str,
    shape: Shape,
    words: fn(&Value) -> Option<Vec<String>>,
    /// What a person has to look at where it was set.
    setting: Setting,
}

const fn key(
    key: &'static str,
    option: &'static str,
    pointer: &'static str,
    shape: Shape,
    words: fn(&Value) -> Option<Vec<String>>,
    setting: Setting,
) -> Key {
    Key { key, option, pointer, shape, words, setting }
}

use Shape::{Bare, Driver, Flag, List, Text};

/// Every key that a setting says, in the order in which people write them.
const KEYS: [Key; 23] = [
    key("user", "--user", "/Config/User", Text, text, Setting::User),
    key("group_add", "--group-add", "/HostConfig/GroupAdd", List, texts, Setting::Groups),
    key("privileged", "--privileged", "/HostConfig/Privileged", Flag, flag, Setting::Unprivileged),
    key("cap_drop", "--cap-drop", "/HostConfig/CapDrop", List, texts, Setting::Capabilities),
    key("cap_add", "--cap-add", "/HostConfig/CapAdd", List, texts, Setting::Capabilities),
    key("security_opt", "--security-opt", OPTIONS, List, texts, Setting::NoNewPrivileges),
    key("pid", "--pid", "/HostConfig/PidMode", Text, text, Setting::PidNamespace),
    key("ipc", "--ipc", "/HostConfig/IpcMode", Text, text, Setting::IpcNamespace),
    key("uts", "--uts", "/HostConfig/UTSMode", Text, text, Setting::UtsNamespace),
    key("cgroup", "--cgroupns", "/HostConfig/CgroupnsMode", Text, text, Setting::CgroupNamespace),
    key("userns_mode", "--userns", "/HostConfig/UsernsMode", Text, text, Setting::UserNamespace),
    key("devices", "--device", "/HostConfig/Devices", List, devices, Setting::Devices),
    key("device_cgroup_rules", "--device-cgroup-rule", RULES, List, texts, Setting::Devices),
    key("volumes", "--volume", MOUNTS, List, mounts, Setting::Mounts),
    key(
        "read_only",
        "--read-only",
        "/HostConfig/ReadonlyRootfs",
        Flag,
        flag,
        Setting::ReadOnlyRoot,
    ),
    key("tmpfs", "--tmpfs", "/HostConfig/Tmpfs", List, tmpfs, Setting::ReadOnlyRoot),
    key("mem_limit", "--memory", "/HostConfig/Memory", Bare, bytes, Setting::Memory),
    key("cpus", "--cpus", "/HostConfig/NanoCpus", Bare, billionths, Setting::Cpus),
    key("pids_limit", "--pids-limit", "/HostConfig/PidsLimit", Bare, number, Setting::Pids),
    key("init", "--init", "/HostConfig/Init", Flag, flag, Setting::Init),
    key("restart", "--restart", "/HostConfig/RestartPolicy", Text, restart, Setting::Restart),
    key("logging", "--log-driver", "/HostConfig/LogConfig", Driver, driver, Setting::Logging),
    key("ports", "--publish", "/HostConfig/PortBindings", List, ports, Setting::Ports),
];

const OPTIONS: &str = "/HostConfig/SecurityOpt";
const MOUNTS: &str = "/Mounts";
const RULES: &str = "/HostConfig/DeviceCgroupRules";

/// What an engine sets by itself beside other settings, and nobody writes.
const IMPLIED: &str = "label=disable";

/// What changes on the command line of `docker run`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// The options that are added, ready for a shell.
    pub add: String,
    /// The options that are left out, each with its value.
    pub leave_out: Vec<Untrusted>,
}

/// What some settings change.
pub(super) struct Fragment {
    made: Vec<Setting>,
    /// None where something of it cannot be written.
    parts: Option<Vec<Part>>,
}

/// One key with what stands there as it is and as it would be.
struct Part {
    key: &'static Key,
    before: Vec<String>,
    after: Vec<String>,
    /// Whether nobody wrote anything that would have to be taken away first.
    is_new: bool,
    /// What stands there then as a compose file says it; none where that is not known.
    told: Option<Vec<String>>,
}

impl Fragment {
    /// What tells the record as it would be from that which the evidence has.
    pub(super) fn of(now: &Changed<'_>, after: &Value, made: Vec<Setting>) -> Self {
        let parts: Option<Vec<_>> = KEYS.iter().map(|key| Part::of(key, now, after)).collect();
        Self { made, parts: parts.map(|all| all.into_iter().flatten().collect()) }
    }

    /// A compose file to be laid over the service's own.
    pub(super) fn compose(&self, service: &str) -> Option<String> {
        let mut out = format!("services:\n  {}:\n", quote::key(service));
        for part in self.parts.as_ref()? {
            part.write(&mut out, self.choice(part))?;
        }
        Some(out)
    }

    /// What changes on the command line of `docker run`.
    pub(super) fn run(&self) -> Option<Run> {
        let (mut add, mut leave_out) = (Vec::new(), Vec::new());
        for Part { key, before, after, .. } in self.parts.as_ref()? {
            let whole = |word: &String| match key.shape {
                Flag => key.option.to_owned(),
                Bare | Text | List | Driver => format!("{} {word}", key.option),
            };
            let gone = before.iter().filter(|it| !after.contains(it));
            // A flag that is not given is not set, nor is what has one value alone and gets another.
            let is_replaced = matches!(key.shape, Bare | Text | Driver) && !after.is_empty();
            leave_out.extend(gone.filter(|_| !is_replaced).map(|it| Untrusted::from(whole(it))));
            for word in after.iter().filter(|it| !before.contains(it)) {
                add.push(key.option.to_owned());
                if !matches!(key.shape, Flag) {
                    add.push(quote::shell(word)?);
                }
            }
        }
        Some(Run { add: add.join(" "), leave_out })
    }

    /// What a person has to look at before this is made.
    fn choice(&self, part: &Part) -> Option<&'static str> {
        let setting = part.key.setting;
        setting.choice().filter(|_| self.made.contains(&setting) && part.key.names_its_choice())
    }
}

impl Key {
    /// Of the keys of one setting the one that stands first says what to look at.
    fn names_its_choice(&self) -> bool {
        let first = KEYS.iter().find(|it| it.setting == self.setting);
        first.is_some_and(|it| it.key == self.key)
    }
}

impl Part {
    /// One key, nothing where it does not change; none where that cannot be told.
    fn of(key: &'static Key, now: &Changed<'_>, after: &Value) -> Option<Option<Self>> {
        let value = |of: Option<&Value>| of.cloned().unwrap_or_default();
        let (was, is) = (value(now.value(key.pointer)), value(after.pointer(key.pointer)));
        if was == is {
            return Some(None);
        }
        let hides = key.pointer == OPTIONS && is_implied(now);
        let written = |it: &Value| {
            let words = if it.is_null() { Some(Vec::new()) } else { (key.words)(it) };
            let is_shown = |it: &String| !hides || it != IMPLIED;
            words.map(|all| all.into_iter().filter(is_shown).collect::<Vec<String>>())
        };
        let (before, after) = (written(&was)?, written(&is)?);
        if before == after {
            return Some(None);
        }
        let is_new = match key.shape {
            Driver => was == default_log() || was.is_null(),
            Flag | Bare | Text | List => after.starts_with(&before),
        };
        let told = if key.pointer == MOUNTS { volumes(now, &is) } else { Some(after.clone()) };
        Some(Some(Self { key, before, after, is_new, told }))
    }

    fn write(&self, out: &mut String, choice: Option<&str>) -> Option<()> {
        let Self { key, before, after, is_new, told } = self;
        let name = key.key;
        let over = if *is_new { "" } else { " !override" };
        let note = choice.map(|it| format!("  # choose: {it}")).unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = match (key.shape, after.first()) {
            (Flag, None) => writeln!(out, "    {name}: false"),
            (Flag, Some(_)) => writeln!(out, "    {name}: true{note}"),
            (Bare, Some(value)) => writeln!(out, "    {name}: {value}{note}"),
            (Text, Some(value)) => writeln!(out, "    {name}: {}{note}", quote::yaml(value)),
            (Bare | Text, None) => writeln!(out, "    {name}: !reset null"),
            (Driver, value) => {
                let driver = quote::yaml(value.map_or("local", String::as_str));
                writeln!(out, "    {name}:{over}\n      driver: {driver}")
            }
            (List, _) if told.as_ref().is_some_and(Vec::is_empty) => {
                writeln!(out, "    {name}: !override []{note}")
            }
            (List, _) => {
                let told = told.as_ref()?;
                let told = if *is_new { told.get(before.len()..)? } else { told.as_slice() };
                writeln!(out, "    {name}:{over}{note}").ok()?;
                told.iter().try_for_each(|it| writeln!(out, "      - {}", quote::yaml(it)))
            }
        };
        Some(())
    }
}

/// Whether nobody wrote what an engine sets by itself.
fn is_implied(now: &Changed<'_>) -> bool {
    let Some(draft) = now.draft() else {
        let is_host = |pointer| now.text(pointer) == "host";
        return now.flag("/HostConfig/Privileged")
            || is_host("/HostConfig/PidMode")
            || is_host("/HostConfig/IpcMode");
    };
    let all = now.list(OPTIONS);
    let mut places = all.iter().enumerate().filter(|(_, it)| *it == IMPLIED);
    let of = |place: usize| draft.origins.get(&format!("{OPTIONS}/{place}"));
    places.all(|(place, _)| of(place).is_none_or(|it| it.key.raw() != "security_opt"))
}

/// How the log is kept where nobody says anything.
fn default_log() -> Value {
    serde_json::json!({"Type": "json-file", "Config": {}})
}

/// What stays mounted, as a compose file says it; none where the record does not tell all
/// of it.
pub(super) fn volumes(now: &Changed<'_>, after: &Value) -> Option<Vec<String>> {
    let before = now.list(MOUNTS);
    let origin = |pointer: &str| Some(now.draft()?.origins.get(pointer)?.key.raw());
    let each = |it: &Value| {
        let text = |name: &str| it.get(name).and_then(Value::as_str).unwrap_or_default();
        let (kind, point, mode) = (text("Type"), text("Destination"), text("Mode"));
        let place = format!("{MOUNTS}/{}", before.iter().position(|own| own == it)?);
        let is_service = now.draft().is_some();
        let name = origin(&format!("{place}/Name")).and_then(|it| it.strip_prefix("volumes."));
        // What the service has from elsewhere it keeps: it stands under another key.
        if is_service && origin(&place) != Some("volumes") {
            return Some(None);
        }
        let is_read_only = it.get("RW") == Some(&Value::Bool(false));
        let (source, mode) = match (kind, name) {
            (_, Some(name)) => (name, if is_read_only { "ro" } else { "" }),
            // A mode says that the short form says it all.
            ("bind", None) if it.get("Name").is_none() && (!is_service || !mode.is_empty()) => {
                (text("Source"), mode)
            }
            _ => return None,
        };
        let is_private = matches!(text("Propagation"), "" | "rprivate");
        let is_plain = |text: &str| !text.is_empty() && !text.contains(':');
        let mode = match mode {
            "" | "rw" => {
                if is_read_only {
                    ":ro".to_owned()
                } else {
                    String::new()
                }
            }
            mode => format!(":{mode}"),
        };
        (is_private && is_plain(source) && is_plain(point))
            .then(|| Some(format!("{source}:{point}{mode}")))
    };
    let all: Option<Vec<Option<String>>> = after.as_array()?.iter().map(each).collect();
    Some(all?.into_iter().flatten().collect())
}

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
        let options = options.as_str()?;
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

fn driver(value: &Value) -> Option<Vec<String>> {
    Some(vec![value.get("Type").and_then(Value::as_str)?.to_owned()])
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

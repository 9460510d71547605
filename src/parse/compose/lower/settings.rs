//! The settings that go to the engine as they are.

use serde_json::{Value as Json, json};

use crate::parse::compose::schema::cast;
use crate::parse::compose::tree::Node;

use super::image::Image;
use super::joined;
use super::sheet::{Given, Sheet, text};

/// How a setting is read.
#[derive(Clone, Copy)]
enum As {
    Flag,
    Integer,
    Text,
    Texts,
    /// A mode that may join another service.
    Mode,
}

/// Keys of a service that go to the engine as they are (`docker compose`,
/// `getCreateConfigs`).
const PLAIN: [(&str, &str, As); 29] = [
    ("cap_add", "/HostConfig/CapAdd", As::Texts),
    ("cap_drop", "/HostConfig/CapDrop", As::Texts),
    ("cgroup", "/HostConfig/CgroupnsMode", As::Text),
    ("cgroup_parent", "/HostConfig/CgroupParent", As::Text),
    ("cpu_count", "/HostConfig/CpuCount", As::Integer),
    ("cpu_period", "/HostConfig/CpuPeriod", As::Integer),
    ("cpu_quota", "/HostConfig/CpuQuota", As::Integer),
    ("cpu_shares", "/HostConfig/CpuShares", As::Integer),
    ("cpuset", "/HostConfig/CpusetCpus", As::Text),
    ("device_cgroup_rules", "/HostConfig/DeviceCgroupRules", As::Texts),
    ("dns", "/HostConfig/Dns", As::Texts),
    ("dns_opt", "/HostConfig/DnsOptions", As::Texts),
    ("dns_search", "/HostConfig/DnsSearch", As::Texts),
    ("domainname", "/Config/Domainname", As::Text),
    ("group_add", "/HostConfig/GroupAdd", As::Texts),
    ("hostname", "/Config/Hostname", As::Text),
    ("init", "/HostConfig/Init", As::Flag),
    ("ipc", "/HostConfig/IpcMode", As::Mode),
    ("isolation", "/HostConfig/Isolation", As::Text),
    ("mem_swappiness", "/HostConfig/MemorySwappiness", As::Integer),
    ("oom_score_adj", "/HostConfig/OomScoreAdj", As::Integer),
    ("pid", "/HostConfig/PidMode", As::Mode),
    ("privileged", "/HostConfig/Privileged", As::Flag),
    ("read_only", "/HostConfig/ReadonlyRootfs", As::Flag),
    ("runtime", "/HostConfig/Runtime", As::Text),
    ("stdin_open", "/Config/OpenStdin", As::Flag),
    ("tty", "/Config/Tty", As::Flag),
    ("userns_mode", "/HostConfig/UsernsMode", As::Text),
    ("uts", "/HostConfig/UTSMode", As::Mode),
];

/// Keys whose empty text means the image's word.
const OF_IMAGE: [(&str, &str); 3] = [
    ("stop_signal", "/Config/StopSignal"),
    ("user", "/Config/User"),
    ("working_dir", "/Config/WorkingDir"),
];

pub(super) fn fill(sheet: &mut Sheet<'_>, service: &Node, image: Image<'_>) {
    for (key, pointer, how) in PLAIN {
        // An empty text asks for nothing.
        let given = Given::of(Some(service), key).filter(|it| it.node.text() != Some(""));
        if let Some(given) = given {
            read(sheet, given, pointer, how);
        }
    }
    for (key, pointer) in OF_IMAGE {
        match Given::of(Some(service), key).filter(|it| it.node.text() != Some("")) {
            Some(given) => read(sheet, given, pointer, As::Text),
            None => sheet.inherit(image, pointer),
        }
    }
    if let Some(given) = Given::of(Some(service), "stop_grace_period") {
        let seconds = |node: &Node| Ok(cast::duration(node)?.map(|it| it.as_secs()));
        sheet.read(given, "/Config/StopTimeout", seconds);
    }
    if let Some(given) = Given::of(Some(service), "extra_hosts") {
        hosts(sheet, given);
    }
    security(sheet, service);
    restart(sheet, service);
    logging(sheet, service);
    for (key, pointer) in
        [("sysctls", "/HostConfig/Sysctls"), ("annotations", "/HostConfig/Annotations")]
    {
        if let Some(given) = Given::of(Some(service), key) {
            let all = sheet.pairs(given, pointer);
            sheet.set(pointer, all);
        }
    }
}

fn read(sheet: &mut Sheet<'_>, given: Given<'_>, pointer: &str, how: As) {
    match how {
        As::Flag => sheet.read(given, pointer, cast::flag),
        As::Integer => sheet.read(given, pointer, cast::integer),
        As::Text => sheet.read(given, pointer, text),
        As::Texts => {
            let all = sheet.texts(given, pointer);
            sheet.set(pointer, all);
        }
        As::Mode => {
            let project = sheet.project();
            sheet.read(given, pointer, |node| Ok(node.text().map(|it| joined(project, it))));
        }
    }
}

/// Each address of each host is an item of its own.
fn hosts(sheet: &mut Sheet<'_>, given: Given<'_>) {
    const HOSTS: &str = "/HostConfig/ExtraHosts";
    sheet.wrote(HOSTS, given);
    if let Some(gap) = sheet.unset(given.node) {
        sheet.gap(HOSTS, gap);
    }
    let mut all: Vec<Json> = Vec::new();
    for entry in given.node.entries() {
        for address in entry.node.items().iter().chain([&entry.node]) {
            let item = Given::item("extra_hosts", address);
            let pointer = format!("{HOSTS}/{}", all.len());
            if sheet.unset(address).is_some() || address.text().is_some() {
                let address = sheet.item(item, &pointer);
                let pair = address.as_str().map(|it| format!("{}:{it}", entry.key));
                all.push(pair.map_or(Json::Null, Json::from));
            }
        }
    }
    sheet.set(HOSTS, all);
}

/// `systempaths=unconfined` goes to the engine as paths that are not masked, and
/// an engine gives up labels where the container shares what they protect.
fn security(sheet: &mut Sheet<'_>, service: &Node) {
    const OPTIONS: &str = "/HostConfig/SecurityOpt";
    let mut all: Vec<Json> = Vec::new();
    if let Some(given) = Given::of(Some(service), "security_opt") {
        sheet.wrote(OPTIONS, given);
        if let Some(gap) = sheet.unset(given.node) {
            sheet.gap(OPTIONS, gap);
        }
        for item in given.node.items().iter().map(|item| Given::item("security_opt", item)) {
            if item.node.text() == Some("systempaths=unconfined") {
                for pointer in ["/HostConfig/MaskedPaths", "/HostConfig/ReadonlyPaths"] {
                    sheet.wrote(pointer, item);
                    sheet.set(pointer, Vec::<Json>::new());
                }
                continue;
            }
            let option = sheet.item(item, &format!("{OPTIONS}/{}", all.len()));
            let text = option.as_str().unwrap_or_default();
            let pair = text.split_once('=').or_else(|| text.split_once(':'));
            if let Some(("apparmor", profile)) = pair {
                sheet.wrote("/AppArmorProfile", item);
                sheet.set("/AppArmorProfile", profile);
            }
            all.push(option);
        }
    }
    let mut is = |pointer: &str, value: Json| sheet.get(pointer).is_some_and(|it| *it == value);
    let is_privileged = is("/HostConfig/Privileged", true.into());
    let shares =
        is("/HostConfig/PidMode", "host".into()) || is("/HostConfig/IpcMode", "host".into());
    if is_privileged {
        sheet.set("/HostConfig/MaskedPaths", Json::Null);
        sheet.set("/HostConfig/ReadonlyPaths", Json::Null);
    }
    let is_label = |it: &Json| it.as_str().is_some_and(|it| it.split('=').next() == Some("label"));
    if (is_privileged || shares) && !all.iter().any(is_label) {
        // Whatever takes the walls down is what asks for it.
        let from = if is_privileged { "/HostConfig/Privileged" } else { OPTIONS };
        sheet.copy_origin(from, &format!("{OPTIONS}/{}", all.len()));
        all.push("label=disable".into());
    }
    if !all.is_empty() {
        sheet.set(OPTIONS, all);
    }
}

/// `deploy.restart_policy` goes before `restart`, even where it names no
/// condition: then it is none.
fn restart(sheet: &mut Sheet<'_>, service: &Node) {
    const POLICY: &str = "/HostConfig/RestartPolicy";
    const NAME: &str = "/HostConfig/RestartPolicy/Name";
    const COUNT: &str = "/HostConfig/RestartPolicy/MaximumRetryCount";
    let (mut name, mut count) = (String::new(), 0);
    let simple = Given::of(Some(service), "restart");
    if let Some(policy) = Given::of(service.get("deploy"), "deploy.restart_policy") {
        sheet.wrote(POLICY, policy);
        if let Some(given) = Given::of(Some(policy.node), "deploy.restart_policy.condition") {
            name = sheet.meaning(given, NAME, text).unwrap_or_default();
        }
        if let Some(given) = Given::of(Some(policy.node), "deploy.restart_policy.max_attempts") {
            count = sheet.meaning(given, COUNT, cast::integer).unwrap_or(0);
        }
        for pointer in [POLICY, NAME] {
            simple.into_iter().for_each(|simple| sheet.overrode(pointer, simple));
        }
    } else if let Some(given) = simple {
        sheet.wrote(POLICY, given);
        let said = sheet.meaning(given, NAME, text).unwrap_or_default();
        let (condition, most) = said.split_once(':').unwrap_or((&said, "0"));
        name = condition.to_owned();
        count = most.parse().unwrap_or(0);
    }
    let name = match name.as_str() {
        "none" | "no" | "" => "no",
        "any" | "always" => "always",
        other => other,
    };
    sheet.set(POLICY, json!({"Name": name, "MaximumRetryCount": count}));
}

/// Without a driver it is the daemon's, of which Docker's own default is `json-file`.
fn logging(sheet: &mut Sheet<'_>, service: &Node) {
    const DRIVER: &str = "/HostConfig/LogConfig/Type";
    const OPTIONS: &str = "/HostConfig/LogConfig/Config";
    let (mut driver, mut options) = (Json::from("json-file"), json!({}));
    if let Some(logging) = Given::of(Some(service), "logging") {
        sheet.wrote("/HostConfig/LogConfig", logging);
        if let Some(gap) = sheet.unset(logging.node) {
            sheet.gap("/HostConfig/LogConfig", gap);
        }
        let given = Given::of(Some(logging.node), "logging.driver");
        if let Some(given) = given.filter(|it| it.node.text() != Some("")) {
            driver = sheet.item(given, DRIVER);
        }
        if let Some(given) = Given::of(Some(logging.node), "logging.options") {
            options = sheet.pairs(given, OPTIONS);
        }
    }
    sheet.set("/HostConfig/LogConfig", json!({"Type": driver, "Config": options}));
}

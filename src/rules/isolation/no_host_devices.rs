//! See [`RULE`].

use caps::Capability;

use crate::facts::capabilities::Scope;
use crate::facts::devices::Grant;
use crate::facts::{Facts, Held};
use crate::model::severity::Severity;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Verdict};
use crate::parse::proc::devices::{self, Entry};
use crate::rules::{Parameter, Settings, Shape, rule};

rule! {
    /// The container can use no device beyond those that every container has.
    ///
    /// Every container has null, zero, full, random, urandom and terminals. Under cgroup
    /// version 1 the kernel lists what the container's cgroup lets it open, and that
    /// decides. Under version 2 that filter cannot be read back: the nodes that stand in
    /// the container's `/dev` and at its mount points decide, and where a process can make
    /// nodes itself (`MKNOD`) also what was declared.
    ///
    /// ## Why it matters
    /// Whoever can open the host's disk reads and writes every file on it, past all
    /// permissions. Other devices give memory, input, cameras or the kernel's own interfaces.
    ///
    /// ## How to fix
    /// compose: remove `devices:`, `device_cgroup_rules:` and `privileged: true`, or accept the one device in the policy
    /// run: remove `--device`, `--device-cgroup-rule`, `--gpus` and `--privileged`, or accept the one device in the policy
    pub static RULE = {
        id: "no-host-devices",
        title: "no device of the host",
        severity: Severity::High,
        targets: [Container, Service],
        mends: [Devices, Unprivileged],
        references: &["CIS Docker 1.6: 5.18", "compose-lint CL-0016"],
        parameters: &[Parameter {
            name: "accept",
            about: "devices that are accepted, as a path in the container such as /dev/fuse, or as the kernel writes them, such as c 10:229",
            shape: Shape::List,
            default: &[],
            check: device,
        }],
        judge: judge,
    }
}

/// What runtimes let every container use: runc's `specconv.AllowedDevices` and
/// the OCI runtime specification's default devices. Older runtimes also let it
/// use `/dev/net/tun`, for which it takes `NET_ADMIN` and a node.
const DEFAULT: [&str; 10] = [
    "c 1:3 rwm",
    "c 1:5 rwm",
    "c 1:7 rwm",
    "c 1:8 rwm",
    "c 1:9 rwm",
    "c 5:0 rwm",
    "c 5:1 rwm",
    "c 5:2 rwm",
    "c 136:* rwm",
    "c 10:200 rwm",
];

/// The most devices that one finding names.
const NAMED: usize = 8;

fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    let accepted = settings.list("accept");
    let check = |grants: &Vec<Grant>| beyond(grants, accepted);
    let makes_no_node = facts.capabilities.judge(|Held { by, value }| {
        if value.scope == Scope::Host && value.attainable.has(Capability::CAP_MKNOD) {
            Check::broken(format!("{by} can make device nodes"))
        } else {
            Check::holds(format!("{by} can make no device node"))
        }
    });
    facts.devices.judge(check).and(facts.device_rules.judge(check).or(makes_no_node))
}

fn beyond(grants: &[Grant], accepted: &[String]) -> Check {
    let broken: Vec<&Grant> = grants.iter().filter(|it| !is_allowed(it, accepted)).collect();
    let named = broken.iter().take(NAMED).fold(
        Check::holds("no device beyond those of every container"),
        |check, grant| {
            let what = what(grant);
            let place = grant.paths.first().map_or("", String::as_str);
            check
                .also(&format!("the container can use {what}"))
                .showing(place, grant.shown.as_str())
        },
    );
    named.and_more(broken.len().saturating_sub(NAMED))
}

fn is_allowed(grant: &Grant, accepted: &[String]) -> bool {
    let by_path = || !grant.paths.is_empty() && grant.paths.iter().all(|it| accepted.contains(it));
    let Some(entry) = &grant.entry else { return by_path() };
    let in_list = |line: &str| devices::entry(line).is_ok_and(|known| known.covers(entry));
    // One path does not excuse an entry that stands for many devices.
    let is_one = entry.major.is_some() && entry.minor.is_some();
    !entry.opens()
        || DEFAULT.into_iter().any(in_list)
        || accepted.iter().any(|line| in_list(line))
        || (is_one && grant.paths.iter().any(|it| accepted.contains(it)))
}

fn what(grant: &Grant) -> String {
    let path = grant.paths.first().map(|path| Untrusted::from(path.as_str()));
    let Some(entry) = &grant.entry else {
        return path.map_or_else(|| "a device".to_owned(), |path| path.to_string());
    };
    let kind = if entry.kind == 'b' { "block device" } else { "character device" };
    match (entry, path) {
        (Entry { kind: 'a', major: None, .. }, _) => "every device of the host".to_owned(),
        (Entry { major: None, .. }, _) => format!("every {kind} of the host"),
        (Entry { major: Some(major), minor: None, .. }, _) => {
            format!("every {kind} with major number {major}")
        }
        (Entry { major: Some(major), minor: Some(minor), .. }, Some(path)) => {
            format!("{path}, {kind} {major}:{minor}")
        }
        (Entry { major: Some(major), minor: Some(minor), .. }, None) => {
            format!("{kind} {major}:{minor}")
        }
    }
}

fn device(text: &str) -> Result<(), String> {
    if text.starts_with('/') { Ok(()) } else { devices::entry(text).map(|_| ()) }
}

#[cfg(test)]
mod tests {
    use crate::model::files::Kind::{BlockDevice, CharacterDevice};
    use crate::rules::testing::{Case, DEVICE_LIST, cases, container, service};
    use serde_json::json;

    const MKNOD: (&str, &str) = ("CapBnd", "0000000008000000");
    const ORDINARY: &str = "c 1:3 rwm\nc *:* m\nb *:* m\nc 136:* rwm\nc 10:200 rwm\n";

    fn allows(line: &str) -> Case {
        container().kernel(DEVICE_LIST, &format!("{ORDINARY}{line}\n"))
    }

    cases! { RULE:
        what_every_container_has_passes: container() => "Pass",
        the_ordinary_list_passes: allows("c 5:2 rwm") => "Pass",
        a_disk_fails: allows("b 8:0 r") => "Fail",
        every_device_fails: container().kernel(DEVICE_LIST, "a *:* rwm\n") => "Fail",
        every_terminal_beyond_the_containers_own_fails: allows("c 4:* rwm") => "Fail",
        a_node_that_may_be_made_and_not_opened_passes: allows("b 8:0 m") => "Pass",
        a_node_that_the_cgroup_does_not_let_anybody_open_passes:
            container().device("/dev/sda", BlockDevice, (8, 0)) => "Pass",
        an_accepted_device_passes: allows("c 10:229 rwm")
            .device("/dev/fuse", CharacterDevice, (10, 229)).set("accept", &["/dev/fuse"]) => "Pass",
        a_device_accepted_by_its_number_passes:
            allows("c 10:229 rwm").set("accept", &["c 10:229"]) => "Pass",
        one_accepted_path_does_not_excuse_all_devices: container().kernel(DEVICE_LIST, "a *:* rwm\n")
            .device("/dev/fuse", CharacterDevice, (10, 229)).set("accept", &["/dev/fuse"]) => "Fail",
        under_version_2_a_node_convicts:
            container().without_device_list().device("/dev/sda", BlockDevice, (8, 0)) => "Fail",
        under_version_2_a_bound_node_convicts: container().without_device_list()
            .point("/data/x", BlockDevice, (8, 3), 7).stands_for("/data/x", (8, 0)) => "Fail",
        under_version_2_a_bound_file_that_nobody_looked_at_is_unknown: container()
            .without_device_list().mount("60 40 0:9 /x /x rw - fuse.s3 s3 rw") => "Unknown",
        under_version_2_a_whole_file_system_is_no_node: container()
            .without_device_list().mount("60 40 0:9 / /x rw - fuse.s3 s3 rw") => "Pass",
        under_version_2_the_ordinary_nodes_pass: container().without_device_list()
            .device("/dev/null", CharacterDevice, (1, 3)) => "Pass",
        under_version_2_a_declared_rule_helps_nobody_who_can_make_no_node: container()
            .without_device_list()
            .declares("/HostConfig/DeviceCgroupRules", json!(["b 8:* rmw"])) => "Pass",
        under_version_2_a_declared_rule_convicts: container().without_device_list().status(&[MKNOD])
            .declares("/HostConfig/DeviceCgroupRules", json!(["b 8:* rmw"])) => "Fail",
        under_version_2_without_an_engine_nobody_knows_the_filter:
            container().without_device_list().status(&[MKNOD]).engine_denied() => "Unknown",
        under_version_2_an_unread_dev_is_unknown: container().without_device_list()
            .unread("/proc/100/root/dev (devices)") => "Unknown",
        the_kernel_overrules_the_declaration: container()
            .declares("/HostConfig/Devices", json!([{"PathInContainer": "/dev/sda"}])) => "Pass",
        a_declared_device_convicts: container()
            .declares("/HostConfig/Devices", json!([{"PathInContainer": "/dev/sda"}]))
            .kernel_denied() => "Fail",
        a_declared_gpu_convicts: container()
            .declares("/HostConfig/DeviceRequests", json!([{"Driver": "nvidia", "Count": -1}]))
            .kernel_denied() => "Fail",
        privileged_mode_convicts:
            container().declares("/HostConfig/Privileged", json!(true)).kernel_denied() => "Fail",
        a_good_declaration_cannot_acquit: container().kernel_denied() => "Unknown",
        an_unread_list_is_unknown: container().unread(DEVICE_LIST) => "Unknown",
        a_service_without_devices_passes: service() => "Pass",
        a_service_with_a_device_fails: service()
            .writes("/HostConfig/Devices", json!([{"PathInContainer": "/dev/sda"}])) => "Fail",
        a_privileged_service_fails: service().writes("/HostConfig/Privileged", json!(true)) => "Fail",
        a_services_device_that_is_a_variable_is_unknown: service()
            .writes("/HostConfig/Devices", json!([{"PathInContainer": ""}]))
            .unset("/HostConfig/Devices/0", "DEVICE") => "Unknown",
        beside_a_device_that_nobody_set_the_others_convict: service()
            .writes("/HostConfig/Devices", json!([{"PathInContainer": "/dev/sda"}, {}]))
            .unset("/HostConfig/Devices/1", "X") => "Fail",
        beside_a_rule_that_nobody_set_the_others_convict: service()
            .writes("/HostConfig/DeviceCgroupRules", json!(["x", "b 8:* rwm"]))
            .unset("/HostConfig/DeviceCgroupRules/0", "X") => "Fail",
        a_device_that_nobody_set_is_unknown: service()
            .writes("/HostConfig/Devices", json!([{}])).unset("/HostConfig/Devices/0", "X") => "Unknown",
    }
}

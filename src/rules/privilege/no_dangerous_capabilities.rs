//! See [`RULE`].

use caps::Capability;

use crate::facts::capabilities::{Capabilities, Scope};
use crate::facts::namespaces::Namespace;
use crate::facts::{Facts, Held};
use crate::model::capability::CapabilitySet;
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Parameter, Settings, Shape, rule};

rule! {
    /// No process holds, or can gain, a capability that gives control of the host.
    ///
    /// These are the capabilities with which a single program takes over the machine
    /// that it runs on. `NET_ADMIN` is among them only together with the host's network.
    ///
    /// ## Why it matters
    /// One such capability makes the container's isolation worthless: its holder loads
    /// code into the kernel, reads any file of the host or takes over its processes.
    ///
    /// ## How to fix
    /// compose: remove the capability from `cap_add:` and set `cap_drop: [ALL]`
    /// run: remove its `--cap-add` and set `--cap-drop ALL`
    pub static RULE = {
        id: "no-dangerous-capabilities",
        title: "no capability gives control of the host",
        severity: Severity::Crit,
        targets: [Container, Service],
        mends: [Capabilities, Unprivileged],
        references: &[
            "CIS Docker 1.6: 5.4", "docker-bench C.5.3.1", "docker-bench C.5.3.2", "docker-bench C.5.3.3",
            "docker-bench C.5.3.4", "compose-lint CL-0011", "compose-lint CL-0024", "compose-lint CL-0028",
        ],
        parameters: &[Parameter {
            name: "accept",
            about: "dangerous capabilities that are accepted all the same",
            shape: Shape::List,
            default: &[],
            check: super::is_capability,
        }],
        judge: judge,
    }
}

/// Each with what it gives away (`capabilities(7)`).
pub(in crate::rules) const DANGEROUS: [(Capability, &str); 10] = [
    (Capability::CAP_SYS_ADMIN, "mounts file systems and administers the kernel"),
    (Capability::CAP_SYS_MODULE, "loads code into the kernel"),
    (Capability::CAP_SYS_PTRACE, "takes over every process that it can see"),
    (Capability::CAP_SYS_RAWIO, "reads and writes the machine's memory and ports"),
    (Capability::CAP_DAC_READ_SEARCH, "opens any file of the host's file system by its handle"),
    (Capability::CAP_BPF, "loads programs into the kernel"),
    (Capability::CAP_PERFMON, "observes the whole kernel"),
    (Capability::CAP_SYS_BOOT, "restarts the machine or loads another kernel"),
    (Capability::CAP_MAC_ADMIN, "rewrites the security module's policy"),
    (Capability::CAP_MAC_OVERRIDE, "ignores the security module's policy"),
];

fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    let accepted = super::named(settings, "accept");
    let alone = facts.capabilities.judge(|held| none_of(held, &DANGEROUS, accepted));
    let with_host_network = [(Capability::CAP_NET_ADMIN, "reconfigures the host's network")];
    let network =
        facts.capabilities.judge(|held| none_of(held, &with_host_network, accepted)).or(facts
            .network_namespace
            .judge(|namespace| match namespace {
                Namespace::Host => Check::broken("the network is the host's"),
                Namespace::NotTheHosts(_) => Check::holds("the network is not the host's"),
            }));
    alone.and(network)
}

fn none_of(
    held: &Held<Capabilities>,
    dangerous: &[(Capability, &str)],
    accepted: CapabilitySet,
) -> Check {
    let by = &held.by;
    let counting = held.value.attainable.without(accepted);
    let found: Vec<(String, &str)> = dangerous
        .iter()
        .filter(|(capability, _)| counting.has(*capability))
        .map(|(capability, gives)| (CapabilitySet::from_iter([*capability]).to_string(), *gives))
        .collect();
    if found.is_empty() {
        return Check::holds(format!("{by} can have none of them"));
    }
    let each: Vec<String> = found.iter().map(|(name, gives)| format!("{name} ({gives})")).collect();
    let broken = Check::broken(format!("{by} can have {}", each.join(", ")));
    let broken = found.into_iter().fold(broken, |check, (name, _)| check.naming(name));
    // Inside a user namespace they rule what the namespace owns, not the host.
    match held.value.scope {
        Scope::Host => broken,
        Scope::Container => broken.only(Severity::Med),
        Scope::Nested => broken.only(Severity::Low),
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, container, service};
    use serde_json::json;

    const SYS_ADMIN: (&str, &str) = ("CapBnd", "0000000000200000");
    const NET_ADMIN: (&str, &str) = ("CapBnd", "0000000000001000");

    cases! { RULE:
        nothing_left_passes: container() => "Pass",
        sys_admin_fails: container().status(&[SYS_ADMIN]) => "Fail",
        sys_admin_of_a_later_process_fails: container().add_process(101, &[SYS_ADMIN]) => "Fail",
        inside_a_user_namespace_it_is_milder:
            container().status(&[SYS_ADMIN]).uid_map(100, "0 165536 65536") => "Fail(med)",
        the_hosts_root_has_them_only_in_the_namespace_that_he_made: container()
            .add_process(101, &[SYS_ADMIN, ("Uid", "0 0 0 0")]).uid_map(101, "0 0 1") => "Fail(low)",
        in_a_namespace_that_a_program_made_for_itself_it_is_mild: container()
            .add_process(101, &[SYS_ADMIN]).uid_map(101, "0 1000 1") => "Fail(low)",
        net_admin_in_a_network_of_its_own_passes: container().status(&[NET_ADMIN]) => "Pass",
        net_admin_in_the_hosts_network_fails:
            container().status(&[NET_ADMIN]).kernel("/proc/100/ns/net", "net:[1]") => "Fail",
        net_admin_of_a_user_namespace_in_the_hosts_network_is_milder: container()
            .status(&[NET_ADMIN, ("Uid", "165536 165536 165536 165536")])
            .uid_map(100, "0 165536 65536").kernel("/proc/100/ns/net", "net:[1]") => "Fail(med)",
        net_admin_in_an_unknown_network_is_unknown:
            container().status(&[NET_ADMIN]).denied("ns/net").denied("net/dev (inode)") => "Unknown",
        without_net_admin_the_network_does_not_matter:
            container().denied("ns/net").denied("net/dev (inode)") => "Pass",
        the_kernel_overrules_a_declared_sys_admin:
            container().declares("/HostConfig/CapAdd", json!(["CAP_SYS_ADMIN"])) => "Pass",
        a_declared_sys_admin_convicts_where_the_kernel_is_silent:
            container().declares("/HostConfig/CapAdd", json!(["sys_admin"])).kernel_denied() => "Fail",
        a_good_declaration_cannot_acquit: container().kernel_denied() => "Unknown",
        a_service_without_capabilities_passes: service() => "Pass",
        a_service_with_sys_admin_fails: service().writes("/HostConfig/CapAdd", json!(["SYS_ADMIN"])) => "Fail",
        a_service_with_net_admin_in_its_own_network_passes:
            service().writes("/HostConfig/CapAdd", json!(["NET_ADMIN"])) => "Pass",
        a_service_with_net_admin_in_the_hosts_network_fails: service()
            .writes("/HostConfig/CapAdd", json!(["NET_ADMIN"]))
            .writes("/HostConfig/NetworkMode", json!("host")) => "Fail",
        a_service_in_the_network_of_one_that_is_in_the_hosts_fails: service()
            .writes("/HostConfig/CapAdd", json!(["NET_ADMIN"]))
            .writes("/HostConfig/NetworkMode", json!("container:compose.yaml#worker"))
            .other_writes("worker", "/HostConfig/NetworkMode", json!("host")) => "Fail",
        a_services_capability_that_is_a_variable_is_unknown: service()
            .writes("/HostConfig/CapAdd", json!(["CHOWN"]))
            .unset("/HostConfig/CapAdd/0", "CAPABILITY") => "Unknown",
        beside_an_item_that_nobody_set_the_others_convict: service()
            .writes("/HostConfig/CapAdd", json!(["SYS_ADMIN", "x"])).unset("/HostConfig/CapAdd/1", "X") => "Fail",
        beside_an_item_that_nobody_set_the_others_acquit_nobody: service()
            .writes("/HostConfig/CapAdd", json!(["CHOWN", "x"])).unset("/HostConfig/CapAdd/1", "X") => "Unknown",
    }
}

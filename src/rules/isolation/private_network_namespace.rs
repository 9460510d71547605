//! See [`RULE`].

use crate::facts::Facts;
use crate::model::severity::Severity;
use crate::model::verdict::Verdict;
use crate::rules::{Settings, rule};

rule! {
    /// The container does not live in the host's network namespace.
    ///
    /// A namespace shared with another container is a finding where a process of that container
    /// holds a dangerous capability or sees the host's processes.
    ///
    /// ## Why it matters
    /// In the host's network a program reaches every service that listens on loopback
    /// only, takes any free port and sees the machine's traffic with raw sockets.
    ///
    /// ## How to fix
    /// compose: remove `network_mode: host`; publish the one port that is needed with `ports:`
    /// run: remove `--network host`; publish the one port that is needed with `--publish`
    pub static RULE = {
        id: "private-network-namespace",
        title: "not in the host's network namespace",
        severity: Severity::High,
        targets: [Container, Service],
        references: &["CIS Docker 1.6: 5.10", "KICS 071a71ff", "compose-lint CL-0008"],
        parameters: &[],
        judge: judge,
    }
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    facts
        .network_namespace
        .judge(|namespace| super::not_the_hosts(namespace, "network"))
        .and(facts.network_company.judge(|company| super::in_good_company(company, "network")))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, container, service};
    use serde_json::json;

    cases! { RULE:
        a_namespace_of_its_own_passes: container() => "Pass",
        the_hosts_fails: container().kernel("/proc/100/ns/net", "net:[1]") => "Fail",
        the_kernel_overrules_the_declaration:
            container().declares("/HostConfig/NetworkMode", json!("host")) => "Pass",
        the_declaration_convicts_where_the_kernel_is_silent:
            container().declares("/HostConfig/NetworkMode", json!("host")).kernel_denied() => "Fail",
        without_the_right_to_trace_the_inode_tells: container().denied("ns/net") => "Pass",
        without_the_right_to_trace_the_inode_tells_the_hosts_too: container()
            .denied("ns/net").kernel("/proc/100/net/dev (inode)", "11") => "Fail",
        the_declaration_cannot_acquit:
            container().denied("ns/net").denied("net/dev (inode)") => "Unknown",
        without_an_engine_the_kernel_decides: container().engine_denied() => "Pass",
        an_ordinary_neighbour_passes: container().neighbour("net", 200, &[]) => "Pass",
        a_neighbour_that_holds_the_host_fails: container()
            .neighbour("net", 200, &[("CapBnd", "000001ffffffffff")]) => "Fail",
        a_neighbour_that_sees_the_hosts_processes_fails:
            container().neighbour("net", 200, &[("NSpid", "200")]) => "Fail",
        a_powerful_neighbour_behind_a_user_namespace_passes: container()
            .neighbour("net", 200, &[("CapBnd", "000001ffffffffff"), ("Uid", "165536\t165536\t165536\t165536")])
            .uid_map(200, "0 165536 65536") => "Pass",
        an_unread_neighbour_is_unknown:
            container().neighbour("net", 200, &[]).unread("/proc/200/status") => "Unknown",
        where_neighbours_cannot_be_told_it_is_unknown:
            container().neighbours_unread("net") => "Unknown",
        a_service_on_a_network_of_the_project_passes: service() => "Pass",
        a_service_in_the_hosts_network_fails:
            service().writes("/HostConfig/NetworkMode", json!("host")) => "Fail",
        a_service_in_the_network_of_one_that_is_in_the_hosts_fails: service()
            .writes("/HostConfig/NetworkMode", json!("container:compose.yaml#worker"))
            .other_writes("worker", "/HostConfig/NetworkMode", json!("host")) => "Fail",
        a_service_that_leaves_it_to_a_variable_is_unknown:
            service().unset("/HostConfig/NetworkMode", "NETWORK") => "Unknown",
    }
}

//! See [`RULE`].

use crate::facts::Facts;
use crate::model::severity::Severity;
use crate::model::verdict::Verdict;
use crate::rules::{Settings, rule};

rule! {
    /// The container does not live in the host's IPC namespace.
    ///
    /// A namespace shared with another container is a finding where a process of that container
    /// holds a dangerous capability or sees the host's processes.
    ///
    /// ## Why it matters
    /// In the host's IPC namespace a program reads and writes the shared memory of the
    /// host's programs, databases and display servers among them.
    ///
    /// ## How to fix
    /// compose: remove `ipc: host`
    /// run: remove `--ipc host`
    pub static RULE = {
        id: "private-ipc-namespace",
        title: "not in the host's IPC namespace",
        severity: Severity::High,
        targets: [Container, Service],
        mends: [IpcNamespace],
        references: &["CIS Docker 1.6: 5.17", "KICS baa3890f", "compose-lint CL-0010"],
        parameters: &[],
        judge: judge,
    }
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    facts
        .ipc_namespace
        .judge(|namespace| super::not_the_hosts(namespace, "IPC"))
        .and(facts.ipc_company.judge(|company| super::in_good_company(company, "IPC")))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, container, service};
    use serde_json::json;

    cases! { RULE:
        a_namespace_of_its_own_passes: container() => "Pass",
        the_hosts_fails: container().kernel("/proc/100/ns/ipc", "ipc:[1]") => "Fail",
        the_kernel_overrules_the_declaration:
            container().declares("/HostConfig/IpcMode", json!("host")) => "Pass",
        the_declaration_convicts_where_the_kernel_is_silent:
            container().declares("/HostConfig/IpcMode", json!("host")).kernel_denied() => "Fail",
        without_the_hosts_link_the_machines_first_namespace_tells: container()
            .unread("/proc/1/ns/ipc").kernel("/proc/100/ns/ipc", "ipc:[4026531839]") => "Fail",
        an_auditor_in_a_container_cannot_tell_the_hosts_namespace: container()
            .unread("/proc/1/ns/ipc").kernel("/proc/self/ns/ipc", "ipc:[9]") => "Unknown",
        the_declaration_cannot_acquit: container().denied("ns/ipc") => "Unknown",
        without_an_engine_the_kernel_decides: container().engine_denied() => "Pass",
        an_ordinary_neighbour_passes: container().neighbour("ipc", 200, &[]) => "Pass",
        a_neighbour_that_holds_the_host_fails: container()
            .neighbour("ipc", 200, &[("CapBnd", "000001ffffffffff")]) => "Fail",
        a_neighbour_that_sees_the_hosts_processes_fails:
            container().neighbour("ipc", 200, &[("NSpid", "200")]) => "Fail",
        a_powerful_neighbour_behind_a_user_namespace_passes: container()
            .neighbour("ipc", 200, &[("CapBnd", "000001ffffffffff"), ("Uid", "165536\t165536\t165536\t165536")])
            .uid_map(200, "0 165536 65536") => "Pass",
        an_unread_neighbour_is_unknown:
            container().neighbour("ipc", 200, &[]).unread("/proc/200/status") => "Unknown",
        where_neighbours_cannot_be_told_it_is_unknown:
            container().neighbours_unread("ipc") => "Unknown",
        a_service_of_its_own_passes: service() => "Pass",
        a_service_in_the_hosts_fails: service().writes("/HostConfig/IpcMode", json!("host")) => "Fail",
        a_service_that_leaves_it_to_a_variable_is_unknown:
            service().unset("/HostConfig/IpcMode", "IPC") => "Unknown",
    }
}

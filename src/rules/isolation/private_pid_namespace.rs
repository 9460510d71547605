//! See [`RULE`].

use crate::facts::Facts;
use crate::model::severity::Severity;
use crate::model::verdict::Verdict;
use crate::rules::{Settings, rule};

rule! {
    /// The container does not live in the host's PID namespace.
    ///
    /// A namespace shared with another container is a finding where a process of that container
    /// holds a dangerous capability or sees the host's processes.
    ///
    /// ## Why it matters
    /// In the host's PID namespace a program sees every process of the machine with its
    /// arguments and, with the right uid or capability, signals and traces it.
    ///
    /// ## How to fix
    /// compose: remove `pid: host`
    /// run: remove `--pid host`
    pub static RULE = {
        id: "private-pid-namespace",
        title: "not in the host's PID namespace",
        severity: Severity::High,
        targets: [Container, Service],
        mends: [PidNamespace],
        references: &["CIS Docker 1.6: 5.16", "KICS 4f31dd9f", "compose-lint CL-0010"],
        parameters: &[],
        judge: judge,
    }
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    facts
        .pid_namespace
        .judge(|namespace| super::not_the_hosts(namespace, "PID"))
        .and(facts.pid_company.judge(|company| super::in_good_company(company, "PID")))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, container, service};
    use serde_json::json;

    cases! { RULE:
        a_namespace_of_its_own_passes: container() => "Pass",
        the_hosts_fails: container().status(&[("NSpid", "100")]) => "Fail",
        the_kernel_overrules_the_declaration:
            container().declares("/HostConfig/PidMode", json!("host")) => "Pass",
        the_declaration_convicts_where_the_kernel_is_silent:
            container().declares("/HostConfig/PidMode", json!("host")).kernel_denied() => "Fail",
        the_declaration_cannot_acquit: container().denied("status") => "Unknown",
        without_an_engine_the_kernel_decides: container().engine_denied() => "Pass",
        an_ordinary_neighbour_passes: container().neighbour("pid", 200, &[]) => "Pass",
        a_neighbour_that_holds_the_host_fails: container()
            .neighbour("pid", 200, &[("CapBnd", "000001ffffffffff")]) => "Fail",
        a_neighbour_that_sees_the_hosts_processes_fails:
            container().neighbour("pid", 200, &[("NSpid", "200")]) => "Fail",
        a_powerful_neighbour_behind_a_user_namespace_passes: container()
            .neighbour("pid", 200, &[("CapBnd", "000001ffffffffff"), ("Uid", "165536\t165536\t165536\t165536")])
            .uid_map(200, "0 165536 65536") => "Pass",
        an_unread_neighbour_is_unknown:
            container().neighbour("pid", 200, &[]).unread("/proc/200/status") => "Unknown",
        where_neighbours_cannot_be_told_it_is_unknown:
            container().neighbours_unread("pid") => "Unknown",
        a_service_of_its_own_passes: service() => "Pass",
        a_service_among_the_hosts_processes_fails:
            service().writes("/HostConfig/PidMode", json!("host")) => "Fail",
        a_service_beside_an_ordinary_one_passes: service()
            .writes("/HostConfig/PidMode", json!("container:compose.yaml#worker"))
            .other_writes("worker", "/HostConfig/Init", json!(true)) => "Pass",
        a_service_beside_one_that_rules_the_host_fails: service()
            .writes("/HostConfig/PidMode", json!("container:compose.yaml#worker"))
            .other_writes("worker", "/HostConfig/Privileged", json!(true)) => "Fail",
        a_service_beside_one_that_sees_the_hosts_processes_fails: service()
            .writes("/HostConfig/PidMode", json!("container:compose.yaml#worker"))
            .other_writes("worker", "/HostConfig/PidMode", json!("host")) => "Fail",
        a_service_that_leaves_it_to_a_variable_is_unknown:
            service().unset("/HostConfig/PidMode", "PID") => "Unknown",
    }
}

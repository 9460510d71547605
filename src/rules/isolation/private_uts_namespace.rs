//! See [`RULE`].

use crate::facts::Facts;
use crate::model::severity::Severity;
use crate::model::verdict::Verdict;
use crate::rules::{Settings, rule};

rule! {
    /// The container does not live in the host's UTS namespace.
    ///
    /// A UTS namespace holds the host name and the domain name, and nothing else.
    ///
    /// ## Why it matters
    /// In the host's UTS namespace a program that holds `SYS_ADMIN` renames the machine,
    /// and what the host logs, certifies and mounts by name goes astray.
    ///
    /// ## How to fix
    /// compose: remove `uts: host`; set the one name that is needed with `hostname:`
    /// run: remove `--uts host`; set the one name that is needed with `--hostname`
    pub static RULE = {
        id: "private-uts-namespace",
        title: "not in the host's UTS namespace",
        severity: Severity::Med,
        targets: [Container, Service],
        mends: [UtsNamespace],
        references: &["CIS Docker 1.6: 5.21"],
        parameters: &[],
        judge: judge,
    }
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    facts.uts_namespace.judge(|namespace| super::not_the_hosts(namespace, "UTS"))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, container, service};
    use serde_json::json;

    cases! { RULE:
        a_namespace_of_its_own_passes: container() => "Pass",
        the_hosts_fails: container().kernel("/proc/100/ns/uts", "uts:[1]") => "Fail",
        the_kernel_overrules_the_declaration:
            container().declares("/HostConfig/UTSMode", json!("host")) => "Pass",
        the_declaration_convicts_where_the_kernel_is_silent:
            container().declares("/HostConfig/UTSMode", json!("host")).kernel_denied() => "Fail",
        without_the_hosts_link_the_machines_first_namespace_tells: container()
            .unread("/proc/1/ns/uts").kernel("/proc/100/ns/uts", "uts:[4026531838]") => "Fail",
        the_declaration_cannot_acquit: container().denied("ns/uts") => "Unknown",
        without_an_engine_the_kernel_decides: container().engine_denied() => "Pass",
        a_service_of_its_own_passes: service() => "Pass",
        a_service_in_the_hosts_fails: service().writes("/HostConfig/UTSMode", json!("host")) => "Fail",
        a_service_that_leaves_it_to_a_variable_is_unknown:
            service().unset("/HostConfig/UTSMode", "UTS") => "Unknown",
    }
}

//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::network::attachments::Place;
use crate::model::severity::Severity;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Settings, rule};

rule! {
    /// The container is not on the engine's default network.
    ///
    /// Networks of its own or none at all are fine. In the host's network the rule does not
    /// apply: that is `private-network-namespace`'s finding.
    ///
    /// ## Why it matters
    /// Every container that asked for nothing else is on the default bridge, and each reaches
    /// every port of the others. Names are not resolved there, so people write addresses down.
    ///
    /// ## How to fix
    /// compose: remove `network_mode: bridge`; name the project's own under `networks:`
    /// run: `docker network create shop`, then `--network shop`
    pub static RULE = {
        id: "custom-network",
        title: "not on the engine's default network",
        severity: Severity::Low,
        targets: [Container, Service],
        references: &["CIS Docker 1.6: 5.30", "KICS ce14a68b"],
        parameters: &[],
        judge: judge,
    }
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    facts.network.place.judge(|place| match place {
        Place::OnDefault(how) => {
            let how = Untrusted::from(how.as_str());
            Check::broken(format!("the container is on the engine's default network: it has {how}"))
        }
        Place::OnOthers => Check::holds("the container is on networks of its own"),
        Place::OnNone => Check::holds("the container is on no network"),
        Place::Host => Check::moot("the container lives in the host's network"),
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, container, service};
    use serde_json::json;

    const ROUTE: &str = "/proc/100/net/route";
    const ON_DEFAULT: &str = "eth0 000011AC 00000000 0001 0 0 0 0000FFFF 0 0 0\n";
    const DOCKER0: &str = "docker0 000011AC 00000000 0001 0 0 0 0000FFFF 0 0 0\n";

    cases! { RULE:
        a_network_of_its_own_passes: container() => "Pass",
        the_default_bridge_fails: container().kernel(ROUTE, ON_DEFAULT) => "Fail",
        no_network_passes: container().kernel(ROUTE, "") => "Pass",
        the_hosts_network_does_not_apply: container().kernel("/proc/100/ns/net", "net:[1]") => "NotApplicable",
        the_kernel_overrules_the_declaration: container()
            .declares("/NetworkSettings/Networks", json!({"bridge": {"NetworkID": "b1"}})) => "Pass",
        the_declaration_convicts_where_the_kernel_is_silent: container()
            .declares("/NetworkSettings/Networks", json!({"bridge": {"NetworkID": "b1"}}))
            .kernel_denied() => "Fail",
        the_declaration_cannot_acquit: container().unread(ROUTE) => "Unknown",
        without_an_engine_the_hosts_routes_tell: container().found_in_proc()
            .kernel("/proc/1/net/route", DOCKER0) => "Pass",
        without_an_engine_the_default_bridge_is_known_by_its_name: container().found_in_proc()
            .kernel("/proc/1/net/route", DOCKER0).kernel(ROUTE, ON_DEFAULT) => "Fail",
        a_list_that_lacks_the_containers_own_network_leaves_it_unknown: container()
            .network("bridge", &json!({"Name": "b", "Options": {}}))
            .network("shop", &json!({"Name": "s", "Id": "s1"})) => "Unknown",
        an_engine_without_a_default_network_passes: container()
            .network("bridge", &json!({"Name": "b", "Options": {}})) => "Pass",
        a_default_network_without_addresses_leaves_it_unknown: container()
            .network("bridge", &json!({"IPAM": {"Config": true}})) => "Unknown",
        an_engine_that_tells_no_networks_leaves_it_unknown: container().engine_denied() => "Unknown",
        a_service_on_a_network_of_the_project_passes: service() => "Pass",
        a_service_on_the_default_bridge_fails: service()
            .writes("/HostConfig/NetworkMode", json!("bridge"))
            .writes("/NetworkSettings/Networks", json!({"bridge": {}})) => "Fail",
        a_service_without_a_network_passes: service()
            .writes("/HostConfig/NetworkMode", json!("none"))
            .writes("/NetworkSettings/Networks", json!({"none": {}})) => "Pass",
        a_service_in_the_hosts_network_is_not_judged: service()
            .writes("/HostConfig/NetworkMode", json!("host"))
            .writes("/NetworkSettings/Networks", json!({})) => "NotApplicable",
        a_services_network_that_is_a_variable_is_unknown:
            service().unset("/NetworkSettings/Networks", "NETWORK") => "Unknown",
    }
}

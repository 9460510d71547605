//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::network::published::{Behind, Published};
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::settings::is_port;
use crate::rules::{Parameter, Settings, Shape, rule};

rule! {
    /// Every published port is bound to one address of the host, and somebody answers there.
    ///
    /// In the host's network every listener of the container's own counts as published. A
    /// published port on which nobody in the container listens, or only on loopback, is a
    /// milder finding: it is open for whoever listens there first. Which ports a service will open
    /// in the host's network nobody knows before it runs.
    ///
    /// ## Why it matters
    /// A port that is published without an address is open on every interface of the host, and
    /// the engine's own forwarding rules bypass the host's firewall.
    ///
    /// ## How to fix
    /// compose: `ports: ["127.0.0.1:8080:80"]`, or the one address that is to be reached
    /// run: `--publish 127.0.0.1:8080:80`; remove the ports that nobody serves
    pub static RULE = {
        id: "published-ports-bound",
        title: "published ports are bound to one address and served",
        severity: Severity::Med,
        targets: [Container, Service],
        mends: [Ports],
        references: &["CIS Docker 1.6: 5.9", "CIS Docker 1.6: 5.14", "KICS 451d79dc", "compose-lint CL-0005"],
        parameters: &[Parameter {
            name: "accept",
            about: "ports of the host that may be open on every interface",
            shape: Shape::List,
            default: &[],
            check: is_port,
        }],
        judge: judge,
    }
}

fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    let accepted: Vec<u16> = settings.all("accept");
    let bound = facts.network.published.judge(|ports| {
        let is_open = |it: &&Published| it.host.is_none() && !accepted.contains(&it.host_port);
        let mut check = match ports.first() {
            None => Check::moot("no port is published"),
            Some(first) if ports.len() == 1 => Check::holds(first.to_string()),
            Some(_) => Check::holds(format!(
                "{} ports are published, none of them on every interface",
                ports.len()
            )),
        };
        let mut said = Vec::new();
        for port in ports.iter().filter(is_open) {
            let what = port.to_string();
            // An engine lists a port once for IPv4 and once for IPv6.
            if !said.contains(&what) {
                check = check.also(&what).showing("", what.clone());
                said.push(what);
            }
        }
        check
    });
    let answered = facts.network.answered.judge(|ports| {
        let mut check = match ports.first() {
            None => Check::moot("no port is published"),
            Some(_) => Check::holds("somebody listens behind every published port"),
        };
        let mut said = Vec::new();
        for (port, behind) in ports {
            let protocol = port.protocol.map_or("sctp", |it| it.name());
            let what = match behind {
                Behind::Listener => continue,
                Behind::Nobody => {
                    format!("port {}/{protocol} is published and nobody listens on it", port.port)
                }
                Behind::LoopbackOnly => format!(
                    "port {}/{protocol} is published, but its program listens on loopback alone and never answers",
                    port.port
                ),
            };
            if !said.contains(&what) {
                check = check.also(&what).only(Severity::Low);
                said.push(what);
            }
        }
        check
    });
    bound.and(answered)
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, container, service};
    use serde_json::json;

    const PORTS: &str = "/NetworkSettings/Ports";
    const TCP: &str = "/proc/100/net/tcp";

    cases! { RULE:
        bound_to_loopback_and_served_passes: container() => "Pass",
        bound_to_one_address_passes: container()
            .declares(PORTS, json!({"80/tcp": [{"HostIp": "192.0.2.7", "HostPort": "80"}]})) => "Pass",
        nothing_published_does_not_apply: container().declares(PORTS, json!({"80/tcp": null})) => "NotApplicable",
        ports_of_an_unknown_form_are_unknown: container()
            .declares(PORTS, json!({"80/tcp": {"HostIp": "0.0.0.0", "HostPort": "80"}})) => "Unknown",
        every_interface_fails: container()
            .declares(PORTS, json!({"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "80"}]})) => "Fail",
        every_interface_of_ipv6_fails: container()
            .declares(PORTS, json!({"80/tcp": [{"HostIp": "::", "HostPort": "80"}]})) => "Fail",
        no_address_is_every_interface: container()
            .declares(PORTS, json!({"80/tcp": [{"HostIp": "", "HostPort": "80"}]})) => "Fail",
        what_the_policy_accepts_passes: container().set("accept", &["443"])
            .declares(PORTS, json!({"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "443"}]})) => "Pass",
        nobody_listens: container().kernel(TCP, "") => "Fail(low)",
        another_protocol_is_nobody: container()
            .declares(PORTS, json!({"80/udp": [{"HostIp": "127.0.0.1", "HostPort": "80"}]})) => "Fail(low)",
        only_loopback_listens: container()
            .kernel(TCP, "0: 0100007F:0050 00000000:0000 0A 0:0 00:0 0 0 0 9 1") => "Fail(low)",
        ipv6_answers_for_ipv4_too: container().kernel(TCP, "")
            .kernel("/proc/100/net/tcp6", &format!("0: {0}:0050 {0}:0000 0A 0:0 00:0 0 0 0 9 1", "0".repeat(32)))
            => "Pass",
        a_network_without_ipv6_is_known: container().nothing("/proc/100/net/tcp6") => "Pass",
        unread_listeners_acquit_nobody: container().unread(TCP) => "Unknown",
        unread_listeners_excuse_nobody: container().unread(TCP)
            .declares(PORTS, json!({"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "80"}]})) => "Fail",
        in_the_hosts_network_the_kernel_overrules_the_declaration: container()
            .declares(PORTS, json!({})).kernel("/proc/100/ns/net", "net:[1]") => "Fail",
        in_the_hosts_network_only_its_own_listeners_count: container().declares(PORTS, json!({}))
            .kernel("/proc/100/ns/net", "net:[1]").kernel("/proc/100/fd (listening sockets)", "") => "NotApplicable",
        in_the_hosts_network_somebody_must_tell_whose_they_are: container().declares(PORTS, json!({}))
            .kernel("/proc/100/ns/net", "net:[1]").denied("fd (listening sockets)") => "Unknown",
        a_joined_networks_ports_are_its_own: container()
            .declares("/HostConfig/NetworkMode", json!("container:ee")).declares(PORTS, json!({}))
            .lender("ee", json!({"NetworkSettings": {"Ports": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "80"}]}}}))
            => "Fail",
        without_the_lenders_record_nobody_knows: container()
            .declares("/HostConfig/NetworkMode", json!("container:ee")).declares(PORTS, json!({})) => "Unknown",
        to_no_interface_nobody_forwards_anything: container().found_in_proc()
            .kernel("/proc/100/net/route", "") => "NotApplicable",
        without_an_engine_nobody_knows: container().engine_denied() => "Unknown",
        the_declaration_cannot_acquit: container().kernel_denied() => "Unknown",
        a_port_of_the_engines_choice_fails: container()
            .declares("/HostConfig/PortBindings", json!({"80/tcp": [{"HostIp": "", "HostPort": ""}]}))
            .declares(PORTS, json!({"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "32768"}]})) => "Fail",
        a_service_on_loopback_passes: service() => "Pass",
        a_service_that_publishes_nothing_is_not_judged: service().leaves_out(PORTS) => "NotApplicable",
        a_service_on_every_interface_fails: service()
            .writes(PORTS, json!({"80/tcp": [{"HostIp": "", "HostPort": "80"}]})) => "Fail",
        every_interface_in_the_words_of_ipv6_fails: service()
            .writes(PORTS, json!({"80/tcp": [{"HostIp": "::ffff:0.0.0.0", "HostPort": "80"}]})) => "Fail",
        a_service_at_a_port_of_the_engines_choice_fails: service()
            .writes(PORTS, json!({"80/tcp": [{"HostIp": "", "HostPort": ""}]})) => "Fail",
        a_services_open_port_convicts_whatever_else_it_publishes: service()
            .writes(PORTS, json!({"80/tcp": [{"HostIp": "", "HostPort": "80"}], "81/tcp": []}))
            .unset("/NetworkSettings/Ports/81~1tcp", "PORT") => "Fail",
        a_services_port_that_is_a_variable_is_unknown:
            service().unset("/NetworkSettings/Ports/80~1tcp/0", "PORT") => "Unknown",
        in_the_hosts_network_a_services_ports_show_only_where_it_runs: service()
            .leaves_out(PORTS).writes("/HostConfig/NetworkMode", json!("host")) => "Unknown",
        a_service_in_anothers_network_is_open_by_its_ports: service().leaves_out(PORTS)
            .writes("/HostConfig/NetworkMode", json!("container:compose.yaml#worker"))
            .other_writes("worker", PORTS, json!({"80/tcp": [{"HostIp": "", "HostPort": "80"}]})) => "Fail",
    }
}

//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::network::listeners::Listener;
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::settings::is_port;
use crate::rules::{Parameter, Settings, Shape, rule};

rule! {
    /// Other containers reach no port that is not declared.
    ///
    /// A port that others on a shared network reach is published or exposed, by the image or by
    /// the run. A debugger's port that is not is always a finding. Any other is a milder one,
    /// and only where the container declares some ports: then the rest is an oversight.
    ///
    /// ## Why it matters
    /// A debugger's port executes whatever it is sent, and an admin port that listens on
    /// all interfaces is open to every compromised neighbour. Nobody guards what nobody knows.
    ///
    /// ## How to fix
    /// compose: bind the program to 127.0.0.1, or say so with `expose: ["9090"]`
    /// run: bind the program to 127.0.0.1, or say so with `--expose 9090`
    /// Dockerfile: `EXPOSE 9090`
    pub static RULE = {
        id: "no-undeclared-listeners",
        title: "other containers reach no port that is not declared",
        severity: Severity::Med,
        references: &["CIS Docker 1.6: 5.9"],
        parameters: &[Parameter {
            name: "accept",
            about: "ports that neighbours may reach without a declaration",
            shape: Shape::List,
            default: &[],
            check: is_port,
        }],
        judge: judge,
    }
}

/// Ports on which debuggers wait by default, and execute what they are sent.
const DEBUGGERS: [(u16, &str); 6] = [
    (2345, "Delve"),
    (5005, "Java's debugger"),
    (5678, "debugpy"),
    (9222, "Chrome's DevTools"),
    (9229, "Node's inspector"),
    (9003, "Xdebug"),
];

fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    let accepted: Vec<u16> = settings.all("accept");
    facts.network.offer.judge(|offer| {
        if offer.is_host {
            return Check::moot("the container lives in the host's network");
        }
        if offer.open.is_empty() {
            return Check::holds("nobody listens where neighbours could reach it");
        }
        if !offer.has_neighbours {
            return Check::moot("the container is on no network on which neighbours reach it");
        }
        let is_declared = |it: &&Listener| {
            let says = |(protocol, port): &(String, u16)| {
                protocol == it.protocol.name() && *port == it.port
            };
            offer.declared.iter().any(says) || accepted.contains(&it.port)
        };
        let mut undeclared = offer.open.iter().filter(|it| !is_declared(it)).peekable();
        if undeclared.peek().is_none() {
            return Check::holds("every port that neighbours reach is declared");
        }
        let mut check =
            Check::holds("neighbours reach ports, and none is declared that would set them apart");
        let mut is_grave = false;
        for listener in undeclared {
            let debugger = DEBUGGERS.iter().find(|(port, _)| *port == listener.port);
            let whose = match debugger {
                Some((_, whose)) => format!(", the port of {whose}"),
                None if offer.declared.is_empty() => continue,
                None => String::new(),
            };
            is_grave |= debugger.is_some();
            check =
                check.also(&format!("neighbours reach {listener}{whose}, and nothing declares it"));
        }
        if is_grave { check } else { check.only(Severity::Low) }
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, container};
    use serde_json::json;

    const TCP: &str = "/proc/100/net/tcp";
    const EXPOSED: &str = "/Config/ExposedPorts";
    const METRICS: &str = "0: 00000000:0050 00000000:0000 0A 0:0 00:0 0 0 0 9 1\n\
        1: 00000000:2382 00000000:0000 0A 0:0 00:0 0 0 0 10 1\n";
    const INSPECTOR: &str = "0: 00000000:240D 00000000:0000 0A 0:0 00:0 0 0 0 10 1\n";
    const ON_LOOPBACK: &str = "0: 0100007F:240D 00000000:0000 0A 0:0 00:0 0 0 0 10 1\n";

    cases! { RULE:
        a_declared_port_passes: container() => "Pass",
        a_further_port_fails_mildly: container().kernel(TCP, METRICS) => "Fail(low)",
        a_further_port_that_is_exposed_passes: container().kernel(TCP, METRICS)
            .declares(EXPOSED, json!({"80/tcp": {}, "9090/tcp": {}})) => "Pass",
        a_further_port_that_the_policy_accepts_passes: container().kernel(TCP, METRICS)
            .set("accept", &["9090"]) => "Pass",
        a_container_that_declares_nothing_is_left_alone: container().kernel(TCP, METRICS)
            .declares(EXPOSED, json!(null)).declares("/NetworkSettings/Ports", json!({})) => "Pass",
        a_debuggers_port_fails: container().kernel(TCP, INSPECTOR)
            .declares(EXPOSED, json!(null)).declares("/NetworkSettings/Ports", json!({})) => "Fail",
        a_debugger_on_loopback_passes: container().kernel(TCP, ON_LOOPBACK) => "Pass",
        an_answer_that_a_client_waits_for_is_no_listener: container()
            .kernel("/proc/100/net/udp", "0: 00000000:9000 00000000:0000 07 0:0 00:0 0 0 0 10 1\n") => "Pass",
        where_neighbours_may_not_talk_it_does_not_apply: container().kernel(TCP, INSPECTOR)
            .network("shop", &json!({"Options": {"com.docker.network.bridge.enable_icc": "false"}})) => "NotApplicable",
        the_hosts_network_does_not_apply: container().kernel("/proc/100/ns/net", "net:[1]") => "NotApplicable",
        the_kernel_overrules_the_declaration: container().kernel(TCP, "") => "Pass",
        unread_listeners_acquit_nobody: container().unread(TCP) => "Unknown",
        without_an_engine_no_listener_needs_no_declaration: container().engine_denied()
            .kernel(TCP, ON_LOOPBACK) => "Pass",
        without_an_engine_nobody_knows_what_is_declared: container().engine_denied() => "Unknown",
    }
}

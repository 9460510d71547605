//! See [`RULE`].

use crate::facts::network::published::Published;
use crate::facts::network::service::Service;
use crate::facts::{Facts, Holder};
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::store::{Store, is_of_a_store, port_of_a_store, recognised};
use crate::rules::{Settings, rule};

rule! {
    /// Databases, caches and brokers are reached only from inside.
    ///
    /// They are known by the programs that really run, else by the image's name or a well-known
    /// port. None is published beyond the host's loopback. A network that leads out of the host
    /// is a milder finding: nobody gets in by it, but data gets out.
    ///
    /// ## Why it matters
    /// Stores that listen to the world are found within hours and emptied or encrypted; many
    /// ask for no password at all. A service that needs one can be on the same network.
    ///
    /// ## How to fix
    /// compose: remove `ports:`; put it only on a network with `internal: true`
    /// run: remove `--publish`; `docker network create --internal data`, then `--network data`
    pub static RULE = {
        id: "datastore-internal",
        title: "databases, caches and brokers are reached only from inside",
        severity: Severity::High,
        targets: [Container, Service],
        references: &["CIS Docker 1.6: 5.9"],
        parameters: &[],
        judge: judge,
    }
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    let published = facts.network.service.judge(|service| {
        let Some(Store { sign, .. }) = recognised(service) else {
            return Check::moot(if service.programs.is_empty() {
                "neither image nor ports are those of a database, cache or broker".to_owned()
            } else {
                let names: Vec<String> = service.programs.iter().map(ToString::to_string).collect();
                format!("no database, cache or broker: what runs is {}", names.join(", "))
            });
        };
        let open =
            service.published.iter().filter(|it| !it.is_loopback() && is_the_stores(it, service));
        let open: Vec<String> = open.map(ToString::to_string).collect();
        if open.is_empty() {
            Check::holds(format!("{sign}, and it is not published"))
        } else {
            let what = format!("{sign}, and it is published: {}", open.join("; "));
            open.into_iter().fold(Check::broken(what), |check, port| check.showing("", port))
        }
    });
    if matches!(published, Verdict::NotApplicable(_)) {
        return published;
    }
    published.and(facts.network.way_out.judge(|leads_out| {
        if *leads_out {
            Check::broken("the network of a database, cache or broker leads out of the host")
                .only(Severity::Low)
        } else {
            Check::holds("its network has no way out")
        }
    }))
}

/// Whether the port may be the store's: unless it is known that the processes
/// that answer there are all of another program.
fn is_the_stores(port: &Published, service: &Service) -> bool {
    let mut holders = service
        .listeners
        .iter()
        .filter(|it| port.is_answered_by(it))
        .flat_map(|it| it.holders())
        .peekable();
    let is_known = holders.peek().is_some();
    let is_store = |holder: &Holder| match holder {
        Holder::Process { name, .. } => is_of_a_store(name.raw()),
        Holder::Declaration | Holder::Service | Holder::Run => false,
    };
    !is_known || holders.any(is_store) || port_of_a_store(port.port).is_some()
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{Case, cases, container, service};
    use serde_json::json;

    const PORTS: &str = "/NetworkSettings/Ports";
    const ROUTE: &str = "/proc/100/net/route";
    const INTERNAL: &str = "eth0 000012AC 00000000 0001 0 0 0 0000FFFF 0 0 0\n";

    const WAY_OUT: &str = "eth0 00000000 010012AC 0003 0 0 0 00000000 0 0 0\n\
        eth0 000012AC 00000000 0001 0 0 0 0000FFFF 0 0 0\n";

    /// A database on an internal network, published nowhere.
    fn store() -> Case {
        container()
            .status(&[("Name", "redis-server")])
            .kernel("/proc/100/net/tcp", "0: 00000000:18EB 00000000:0000 0A 0:0 00:0 0 0 0 9 1\n")
            .declares(PORTS, json!({"6379/tcp": null}))
            .network("shop", &json!({"Internal": true}))
            .kernel(ROUTE, INTERNAL)
    }

    fn store_service() -> Case {
        service().image("redis:7").leaves_out(PORTS)
    }

    cases! { RULE:
        a_store_on_an_internal_network_passes: store() => "Pass",
        what_is_no_store_does_not_apply: container() => "NotApplicable",
        a_published_store_fails: store()
            .declares(PORTS, json!({"6379/tcp": [{"HostIp": "0.0.0.0", "HostPort": "6379"}]})) => "Fail",
        published_on_one_address_it_fails_too: store()
            .declares(PORTS, json!({"6379/tcp": [{"HostIp": "192.0.2.7", "HostPort": "6379"}]})) => "Fail",
        published_on_loopback_it_passes: store()
            .declares(PORTS, json!({"6379/tcp": [{"HostIp": "127.0.0.1", "HostPort": "6379"}]})) => "Pass",
        a_way_out_fails_mildly: store()
            .kernel(ROUTE, WAY_OUT).network("shop", &json!({"Internal": false})) => "Fail(low)",
        a_default_route_that_the_engines_filter_closes_passes: store().kernel(ROUTE, WAY_OUT) => "Pass",
        unread_routes_acquit_nobody: store().unread(ROUTE) => "Unknown",
        the_kernel_overrules_the_declaration: store().network("shop", &json!({"Internal": false})) => "Pass",
        another_programs_port_in_the_same_container_is_not_the_stores: store()
            .add_process(101, &[("Name", "nginx")])
            .kernel("/proc/101/fd (listening sockets)", "7\n")
            .kernel("/proc/100/net/tcp", "0: 00000000:18EB 00000000:0000 0A 0:0 00:0 0 0 0 9 1\n\
                1: 00000000:0050 00000000:0000 0A 0:0 00:0 0 0 0 7 1\n")
            .declares(PORTS, json!({"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "80"}]})) => "Pass",
        the_image_alone_is_overruled_by_what_runs: container().image("redis:7") => "NotApplicable",
        a_runtime_in_a_brokers_image_is_the_broker: store()
            .status(&[("Name", "beam.smp")]).image("rabbitmq:3").kernel("/proc/100/net/tcp", "") => "Pass",
        by_its_port_a_store_is_known: store().status(&[("Name", "server")]) => "Pass",
        an_image_convicts_where_the_kernel_is_silent: container().image("docker.io/library/postgres:16")
            .declares(PORTS, json!({"5432/tcp": [{"HostIp": "0.0.0.0", "HostPort": "5432"}]}))
            .kernel_denied() => "Fail",
        unread_programs_excuse_nobody: container().denied("status") => "Unknown",
        unread_listeners_excuse_nobody: container().unread("/proc/100/net/tcp") => "Unknown",
        without_an_engine_nobody_knows_what_is_published: store().engine_denied() => "Unknown",
        in_the_hosts_network_its_listeners_are_open: store()
            .declares(PORTS, json!({})).kernel("/proc/100/ns/net", "net:[1]") => "Fail",
        a_service_that_is_no_store_is_not_judged: service() => "NotApplicable",
        a_store_on_an_internal_network_of_the_project_passes: store_service().project_network(
            &json!({"Name": "shop_default", "Driver": "bridge", "Internal": true})) => "Pass",
        a_store_on_a_network_with_a_way_out_fails_mildly: store_service() => "Fail(low)",
        a_store_that_is_published_fails: store_service()
            .writes(PORTS, json!({"6379/tcp": [{"HostIp": "", "HostPort": "6379"}]})) => "Fail",
        a_store_by_its_exposed_port_is_known: service().leaves_out(PORTS)
            .writes("/Config/ExposedPorts", json!({"5432/tcp": {}})) => "Fail(low)",
        whether_a_network_that_is_not_the_projects_own_leads_out_is_unknown: store_service()
            .project_network(&json!({"Name": "shop_default"})) => "Unknown",
        a_store_on_a_network_that_is_not_the_projects_own_convicts_by_its_ports: store_service()
            .writes(PORTS, json!({"6379/tcp": [{"HostIp": "", "HostPort": "6379"}]}))
            .project_network(&json!({"Name": "shop_default"})) => "Fail",
    }
}

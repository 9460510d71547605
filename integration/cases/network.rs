//! Networks and ports: what the audit says is what a witness can connect to.

use std::net::TcpListener;

use secaudit::model::severity::Severity::{Low, Med};
use secaudit::report::v1::{Reachability, Via};
use serde_json::{Value, json};

use super::docker::with_witness;
use super::{Live, live};
use crate::agree::{Expectation, agree, fails, not_applicable, passes};
use crate::audit::audit;
use crate::engine::Container;
use crate::needs::Need;
use crate::record::record;
use crate::run;
use crate::witness::WITNESS;

pub(in crate::cases) fn all() -> Vec<Live> {
    let needs = &[Need::Root, Need::Docker];
    vec![
        live("network::published-ports", needs, published_ports),
        live("network::ports-of-others", needs, ports_of_others),
        live("network::datastores", needs, datastores),
        live("network::reachability", needs, reachability),
    ]
}

/// A witness that listens on these addresses.
fn serving(addresses: &[&str]) -> Value {
    let mut config = with_witness(json!({}));
    config["Cmd"] = json!([&[WITNESS, "witness", "serve"], addresses].concat());
    config
}

/// As [`serving`], on this network and with these ports published.
fn published(network: &str, addresses: &[&str], ports: &Value) -> Value {
    let mut config = serving(addresses);
    let exposed =
        ports.as_object().expect("ports by name").keys().map(|it| (it.clone(), json!({})));
    config["ExposedPorts"] = Value::Object(exposed.collect());
    config["HostConfig"] = json!({"NetworkMode": network, "PortBindings": ports});
    config
}

fn bound(address: &str) -> Value {
    json!([{"HostIp": address, "HostPort": ""}])
}

/// The host's port on which the engine published one.
fn host_port(container: &Container<'_>, port: &str) -> String {
    let ports = &container.inspect()["NetworkSettings"]["Ports"];
    ports[port][0]["HostPort"].as_str().expect("the port is published").to_owned()
}

fn published_ports() {
    const CASES: [(&str, &str, &str, bool, &[Expectation]); 5] = [
        (
            "published-broadly",
            "0.0.0.0",
            "0.0.0.0:8080",
            true,
            &[fails("published-ports-bound", &[]).at(Med)],
        ),
        (
            "published-narrowly",
            "127.0.0.1",
            "0.0.0.0:8080",
            true,
            &[
                passes("published-ports-bound", &[]),
                passes("custom-network", &[]),
                passes("no-undeclared-listeners", &[]),
            ],
        ),
        (
            "published-and-unserved",
            "127.0.0.1",
            "0.0.0.0:8081",
            false,
            &[
                fails("published-ports-bound", &[]).at(Low),
                fails("no-undeclared-listeners", &[]).at(Low),
            ],
        ),
        (
            "published-and-on-loopback",
            "127.0.0.1",
            "127.0.0.1:8080",
            false,
            &[fails("published-ports-bound", &[]).at(Low)],
        ),
        (
            "debugger",
            "127.0.0.1",
            "0.0.0.0:9229",
            false,
            &[fails("no-undeclared-listeners", &[]).at(Med)],
        ),
    ];
    let engine = run::docker();
    let network = engine.network("published", &json!({}));
    let host = engine.start(
        "published-client",
        &merged(serving(&[]), json!({"HostConfig": {"NetworkMode": "host"}})),
    );
    host.testimony();
    for (name, address, listens, answers, expected) in CASES {
        let config = published(&network.name, &[listens], &json!({"8080/tcp": bound(address)}));
        let container = engine.start(name, &config);
        let testimony = container.testimony();
        // The engine's own program may accept for nobody; the container's address does not.
        let inner = format!("{}:8080", address_of(&container));
        assert_eq!(host.connects(&inner), answers, "{name}");
        if answers {
            let outer = format!("127.0.0.1:{}", host_port(&container, "8080/tcp"));
            assert!(host.connects(&outer), "{name}");
        }
        let audit = audit(&["--host", &engine.address, &container.name]);
        agree(expected, audit.only(), &testimony);
        record(name, Some(&engine.address), &container.name);
    }
}

/// In the host's network every listener is open; in a joined one the other's ports are.
fn ports_of_others() {
    const OPEN: &[Expectation] = &[fails("published-ports-bound", &[]).at(Med)];
    const ON_LOOPBACK: &[Expectation] = &[not_applicable("published-ports-bound", &[])];
    let engine = run::docker();
    let free = TcpListener::bind("0.0.0.0:0").and_then(|it| it.local_addr());
    let port = free.expect("the host has a free port").port();
    let network = engine.network("others", &json!({}));
    let ports = json!({"8080/tcp": bound("0.0.0.0")});
    let lender = engine.start("lender", &published(&network.name, &["0.0.0.0:8080"], &ports));
    let joined = format!("container:{}", lender.id);
    let client = engine.start("others-client", &published(&network.name, &[], &json!({})));
    let cases = [
        ("host-network", "host", format!("0.0.0.0:{port}"), OPEN),
        ("host-network-on-loopback", "host", format!("127.0.0.1:{port}"), ON_LOOPBACK),
        ("joined-network", joined.as_str(), "127.0.0.1:7070".to_owned(), OPEN),
    ];
    for (name, mode, listens, expected) in cases {
        let container = engine.start(name, &published(mode, &[listens.as_str()], &json!({})));
        let testimony = container.testimony();
        let audit = audit(&["--host", &engine.address, &container.name]);
        agree(expected, audit.only(), &testimony);
        if mode == "host" {
            let address = format!("{}:{port}", gateway_of(&client));
            assert_eq!(client.connects(&address), listens.starts_with("0.0.0.0"), "{name}");
        }
    }
}

fn datastores() {
    const OPEN: &[Expectation] =
        &[fails("datastore-internal", &[]), fails("custom-network", &[]).at(Low)];
    const LEADS_OUT: &[Expectation] = &[fails("datastore-internal", &[]).at(Low)];
    const INTERNAL: &[Expectation] = &[passes("datastore-internal", &[])];
    const NONE: &[Expectation] = &[not_applicable("datastore-internal", &[])];
    let engine = run::docker();
    let front = engine.network("data-front", &json!({}));
    let back = engine.network("data-back", &json!({"Internal": true}));
    let none = json!({});
    let open = json!({"6379/tcp": bound("0.0.0.0")});
    let cases = [
        // On the default network, as whoever publishes it in haste.
        ("datastore-published", "bridge", "0.0.0.0:6379", &open, OPEN),
        ("datastore-with-a-way-out", front.name.as_str(), "0.0.0.0:6379", &none, LEADS_OUT),
        ("datastore-internal", back.name.as_str(), "0.0.0.0:6379", &none, INTERNAL),
        ("no-datastore", front.name.as_str(), "0.0.0.0:8080", &none, NONE),
    ];
    for (name, network, listens, ports, expected) in cases {
        let container = engine.start(name, &published(network, &[listens], ports));
        let testimony = container.testimony();
        let audit = audit(&["--host", &engine.address, &container.name]);
        agree(expected, audit.only(), &testimony);
        record(name, Some(&engine.address), &container.name);
    }
}

fn merged(mut config: Value, more: Value) -> Value {
    if let (Value::Object(config), Value::Object(more)) = (&mut config, more) {
        config.extend(more);
    }
    config
}

fn address_of(container: &Container<'_>) -> String {
    let networks = &container.inspect()["NetworkSettings"]["Networks"];
    let first = networks.as_object().and_then(|all| all.values().next());
    first.and_then(|it| it["IPAddress"].as_str()).expect("it has an address").to_owned()
}

fn gateway_of(container: &Container<'_>) -> String {
    let networks = &container.inspect()["NetworkSettings"]["Networks"];
    let first = networks.as_object().and_then(|all| all.values().next());
    first.and_then(|it| it["Gateway"].as_str()).unwrap_or_default().to_owned()
}

/// Whether the table leads from one to the other's port, by one of these ways.
fn leads(table: &Reachability, from: &str, to: &str, port: u16, vias: &[Via]) -> bool {
    table.rows.iter().any(|row| {
        row.to.raw() == to
            && row.from.iter().any(|it| it.raw() == from)
            && vias.contains(&row.via)
            && row.ports.iter().any(|it| it.port == port)
    })
}

/// Everybody tries to connect to everybody: it works exactly where the table says so.
fn reachability() {
    let engine = run::docker();
    let front = engine.network("front", &json!({}));
    let other = engine.network("other", &json!({}));
    let back = engine.network("back", &json!({"Internal": true}));
    let quiet = engine
        .network("quiet", &json!({"Options": {"com.docker.network.bridge.enable_icc": "false"}}));
    let on = |network: &str| json!({"HostConfig": {"NetworkMode": network}});
    let open = ["0.0.0.0:8080", "127.0.0.1:7070"];
    let start = |name: &str, network: &str| {
        let container = engine.start(name, &merged(serving(&open), on(network)));
        container.testimony();
        container
    };
    let publishing = published(&front.name, &open, &json!({"8080/tcp": bound("0.0.0.0")}));
    let web = engine.start("web", &publishing);
    web.testimony();
    let members = [
        start("api", &front.name),
        start("far", &other.name),
        start("db", &back.name),
        start("dump", &back.name),
        start("one", &quiet.name),
        start("two", &quiet.name),
    ];
    let side = engine.start("side", &merged(serving(&[]), on(&format!("container:{}", web.id))));
    side.testimony();
    let host = engine.start("agent", &merged(serving(&[]), on("host")));
    host.testimony();

    let everybody: Vec<&Container<'_>> = members.iter().chain([&web, &side, &host]).collect();
    let mut arguments = vec!["--host", engine.address.as_str()];
    arguments.extend(everybody.iter().map(|it| it.name.as_str()));
    let report = audit(&arguments).report;
    let table = &report.reachability;
    assert!(table.unplaced.is_empty(), "{:?}", table.unplaced);
    assert!(table.rows.iter().all(|row| row.gap.is_none()), "{table:#?}");

    let direct = [Via::Network, Via::Host];
    let mut faults = Vec::new();
    let mut hold = |from: &Container<'_>, to: &Container<'_>, address: String, expected: bool| {
        if from.connects(&address) != expected {
            let (from, to) = (&from.name, &to.name);
            faults.push(format!("{from} to {to} at {address}: the table says {expected}"));
        }
    };
    for to in members.iter().chain([&web]) {
        let address = format!("{}:8080", address_of(to));
        for from in everybody.iter().filter(|from| from.id != to.id && from.id != side.id) {
            let expected = leads(table, &from.name, &to.name, 8080, &direct);
            hold(from, to, address.clone(), expected);
            assert!(!leads(table, &from.name, &to.name, 7070, &direct));
        }
        // Whoever reaches the one port is refused at the other: it is on loopback.
        hold(&host, to, format!("{}:7070", address_of(to)), false);
    }
    assert!(leads(table, &side.name, &web.name, 7070, &[Via::Namespace]));
    hold(&side, &web, "127.0.0.1:7070".to_owned(), true);
    let port = host_port(&web, "8080/tcp");
    let number = port.parse().expect("a port is a number");
    for from in &members {
        let gateway = gateway_of(from);
        // On an internal network the engine tells no gateway, and lets nobody through.
        if !gateway.is_empty() {
            let expected = leads(table, &from.name, &web.name, number, &[Via::Published]);
            hold(from, &web, format!("{gateway}:{port}"), expected);
        }
    }
    assert!(faults.is_empty(), "{}\n{table:#?}", faults.join("\n"));
}

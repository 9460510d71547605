//! Which containers reach which, by evidence made by hand.

use secaudit::judge::Accept;
use secaudit::model::bundle::{Answer, Bundle, Origin, Processes};
use secaudit::model::reading::{Gap, Reason};
use secaudit::model::source::Source;
use secaudit::model::target::{Kind, Target};
use secaudit::policy::Policy;
use secaudit::report::v1::{Reachability, Via};
use serde_json::{Value, json};

/// A host with two networks, one that forbids its members to talk, and the default one.
struct Fleet {
    bundle: Bundle,
    next: u32,
}

/// Listens on port 80 everywhere, and on 6379 on loopback.
const LISTENERS: &str = "0: 00000000:0050 00000000:0000 0A 0:0 00:0 0 0 0 9 1\n\
    1: 0100007F:18EB 00000000:0000 0A 0:0 00:0 0 0 0 10 1\n";

impl Fleet {
    fn new() -> Self {
        let mut bundle = Bundle::new(Origin::Engine);
        let quiet = json!({"com.docker.network.bridge.enable_icc": "false"});
        let networks = json!([
            {"Name": "front", "Id": "f", "Driver": "bridge"},
            {"Name": "back", "Id": "b", "Driver": "bridge", "Internal": true},
            {"Name": "quiet", "Id": "q", "Driver": "bridge", "Options": quiet},
            {"Name": "host", "Id": "h", "Driver": "host"},
            {"Name": "none", "Id": "n", "Driver": "null"},
        ]);
        bundle.record(Source::networks(), Ok(Answer::Json(networks)));
        let mut fleet = Self { bundle, next: 100 };
        fleet.text(Source::proc(1, "ns/net"), "net:[1]");
        fleet.text(Source::proc(1, "net/dev (inode)"), "1");
        fleet
    }

    fn text(&mut self, source: Source, text: &str) {
        self.bundle.record(source, Ok(Answer::Text(text.into())));
    }

    /// A container on these networks, in this namespace.
    fn add(&mut self, name: &str, networks: &[&str], namespace: u32, more: Value) -> u32 {
        let pid = self.next;
        self.next += 1;
        let id = format!("{pid:064x}");
        let attached: serde_json::Map<String, Value> =
            networks.iter().map(|name| ((*name).to_owned(), json!({}))).collect();
        let mut inspect = json!({"NetworkSettings": {"Networks": attached, "Ports": {}}});
        if let Value::Object(more) = more {
            for (pointer, value) in more {
                inspect["NetworkSettings"][pointer] = value;
            }
        }
        self.bundle.add_target(Target {
            kind: Kind::Container,
            id: id.clone(),
            name: name.into(),
            image: None,
        });
        self.bundle.record(Source::container(&id), Ok(Answer::Json(inspect)));
        let processes =
            Processes { init: pid, viewer: pid, members: vec![pid], ..Processes::default() };
        self.bundle.record(Source::Processes(id.into()), Ok(Answer::Processes(processes)));
        self.text(Source::proc(pid, "status"), "Name:\tapp\n");
        self.text(Source::proc(pid, "ns/net"), &format!("net:[{namespace}]"));
        self.text(Source::proc(pid, "net/dev (inode)"), &namespace.to_string());
        self.text(Source::proc(pid, "net/tcp"), LISTENERS);
        for empty in ["net/tcp6", "net/udp", "net/udp6"] {
            self.text(Source::proc(pid, empty), "");
        }
        self.text(Source::held_sockets(pid), "9\n10\n");
        pid
    }

    fn table(&self) -> Reachability {
        secaudit::evaluate(&self.bundle, &Policy::baseline(), Accept::Kernel).reachability
    }
}

/// The ways from one to the other, as `via: ports`.
fn ways(table: &Reachability, from: &str, to: &str) -> Vec<(Via, Vec<u16>)> {
    let is_way = |row: &&secaudit::report::v1::Reach| {
        row.to.raw() == to && row.from.iter().any(|it| it.raw() == from)
    };
    let ports = |row: &secaudit::report::v1::Reach| row.ports.iter().map(|it| it.port).collect();
    table.rows.iter().filter(is_way).map(|row| (row.via, ports(row))).collect()
}

#[test]
fn members_of_a_network_reach_what_is_not_on_loopback_and_nobody_else_does() {
    let mut fleet = Fleet::new();
    fleet.add("web", &["front"], 2, Value::Null);
    fleet.add("api", &["front", "back"], 3, Value::Null);
    fleet.add("db", &["back"], 4, Value::Null);
    fleet.add("alone", &["none"], 5, Value::Null);
    let table = fleet.table();
    assert_eq!(ways(&table, "web", "api"), [(Via::Network, vec![80])]);
    assert_eq!(ways(&table, "api", "db"), [(Via::Network, vec![80])]);
    assert_eq!(ways(&table, "web", "db"), []);
    for other in ["web", "api", "db"] {
        assert_eq!(ways(&table, other, "alone"), []);
        assert_eq!(ways(&table, "alone", other), []);
    }
    assert!(table.unplaced.is_empty());
    let row = table.rows.iter().find(|row| row.to.raw() == "db").unwrap();
    assert_eq!(row.over.raw(), "back");
    assert_eq!(row.ports[0].by, ["process 102 (app)"]);
}

#[test]
fn a_network_that_forbids_it_lets_nobody_talk() {
    let mut fleet = Fleet::new();
    fleet.add("one", &["quiet"], 2, Value::Null);
    fleet.add("two", &["quiet"], 3, Value::Null);
    assert!(fleet.table().rows.is_empty());
}

#[test]
fn who_shares_the_namespace_reaches_loopback_too() {
    let mut fleet = Fleet::new();
    fleet.add("web", &["front"], 2, Value::Null);
    fleet.add("sidecar", &["front"], 2, Value::Null);
    assert_eq!(ways(&fleet.table(), "sidecar", "web"), [(Via::Namespace, vec![80, 6379])]);
}

#[test]
fn the_hosts_network_reaches_every_bridge_and_is_reached_by_its_gateway() {
    let mut fleet = Fleet::new();
    fleet.add("agent", &["host"], 1, Value::Null);
    fleet.add("db", &["back"], 4, Value::Null);
    fleet.add("alone", &["none"], 5, Value::Null);
    let table = fleet.table();
    assert_eq!(ways(&table, "agent", "db"), [(Via::Host, vec![80])]);
    assert_eq!(ways(&table, "db", "agent"), [(Via::Host, vec![80])]);
    assert_eq!(ways(&table, "agent", "alone"), []);
}

#[test]
fn a_published_port_is_reached_over_the_host() {
    let mut fleet = Fleet::new();
    let published = json!({"Ports": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"},
                                                {"HostIp": "::", "HostPort": "8080"}]}});
    fleet.add("web", &["front"], 2, published);
    let narrowly = json!({"Ports": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8081"}]}});
    fleet.add("admin", &["front"], 3, narrowly);
    fleet.add("far", &["quiet"], 4, Value::Null);
    fleet.add("deep", &["back"], 5, Value::Null);
    fleet.add("agent", &["host"], 1, Value::Null);
    let table = fleet.table();
    assert_eq!(ways(&table, "far", "web"), [(Via::Published, vec![8080])]);
    assert_eq!(ways(&table, "far", "admin"), []);
    assert_eq!(ways(&table, "deep", "web"), []);
    assert_eq!(
        ways(&table, "agent", "admin"),
        [(Via::Host, vec![80]), (Via::Published, vec![8081])]
    );
}

#[test]
fn what_is_unknown_is_said_and_is_never_unreachable() {
    let mut fleet = Fleet::new();
    let web = fleet.add("web", &["front"], 2, Value::Null);
    fleet.add("api", &["front"], 3, Value::Null);
    let take = |fleet: &mut Fleet, source: Source| {
        let gap = Gap::new(Reason::Denied, source.clone(), "taken away");
        fleet.bundle.record(source, Err(gap));
    };
    take(&mut fleet, Source::proc(web, "net/tcp"));
    let table = fleet.table();
    let row = table.rows.iter().find(|row| row.to.raw() == "web").unwrap();
    assert_eq!((row.from.len(), row.ports.len()), (1, 0));
    assert_eq!(row.gap.as_ref().unwrap().detail, "taken away");

    take(&mut fleet, Source::networks());
    let table = fleet.table();
    let unplaced: Vec<&str> = table.unplaced.iter().map(|it| it.name.raw()).collect();
    assert_eq!(unplaced, ["api", "web"]);
}

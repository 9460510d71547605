//! The ports by which the world outside the host's containers gets in.

use core::net::IpAddr;
use std::fmt;

use serde_json::Value;

use crate::facts::namespaces::{self, Namespace};
use crate::facts::view::View;
use crate::model::fact::Fact;
use crate::model::reading::{Gap, Reading, Reason};
use crate::model::source::Source;
use crate::model::untrusted::Untrusted;
use crate::parse::document::Document;
use crate::parse::proc::sockets::Protocol;

use super::attachments;
use super::listeners::{self, Listener};

/// A port that is open to the host or to who reaches the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// What is spoken there; none where the kernel's tables do not list it.
    pub protocol: Option<Protocol>,
    /// The port in the container.
    pub port: u16,
    /// The host's address that it is bound to; none is every address.
    pub host: Option<IpAddr>,
    /// The host's port; 0 is one that the engine will choose.
    pub host_port: u16,
    /// Whether nobody asked for this port of the host's: another container gets another.
    pub is_chosen: bool,
    /// The listener itself, where the container lives in the host's network.
    pub listener: Option<Listener>,
}

impl Published {
    /// Whether only the host itself can connect.
    pub fn is_loopback(&self) -> bool {
        self.host.is_some_and(|host| host.is_loopback())
    }

    /// Whether this listener answers there.
    pub fn is_answered_by(&self, listener: &Listener) -> bool {
        self.protocol == Some(listener.protocol) && self.port == listener.port
    }
}

/// `port 80/tcp on 0.0.0.0:8080`
impl fmt::Display for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = self.protocol.map_or("sctp", Protocol::name);
        match &self.listener {
            Some(listener) => write!(f, "{listener} in the host's network"),
            None => {
                let port = self.port;
                match self.host {
                    None => write!(f, "port {port}/{protocol} on every interface of the host")?,
                    Some(host) => write!(f, "port {port}/{protocol} on {host} of the host")?,
                }
                match (self.host_port, self.is_chosen) {
                    (0, _) => f.write_str(", port of the engine's choice"),
                    (port, true) => write!(f, ", port {port} of the engine's choice"),
                    (port, false) => write!(f, ", port {port}"),
                }
            }
        }
    }
}

/// What is published.
///
/// What an engine publishes it forwards by its own rules and programs, of which
/// no file in `/proc` tells, so there its record decides. In the host's network
/// nothing is forwarded: there every listener of the container's is open. And
/// to a container without an interface nobody can forward anything.
pub(in crate::facts) fn fact(view: &View<'_>) -> Fact<Vec<Published>> {
    if view.kind().is_to_come() {
        return of_service(view);
    }
    let in_force = super::namespace(view).and_then(|namespace| match namespace {
        Namespace::Host => listeners::held(view).map(|own| {
            let open = own.into_iter().filter(|it| !it.is_loopback() && !it.may_be_a_client());
            open.map(of_host).collect()
        }),
        Namespace::NotTheHosts(_) => attachments::has_interface(view).and_then(|has_interface| {
            if has_interface { Reading::Inapplicable } else { Reading::of(vec![]) }
        }),
    });
    Fact::new(by_engine(view), in_force)
}

/// In the host's network nothing has to be published to be open.
fn of_service(view: &View<'_>) -> Fact<Vec<Published>> {
    let (known, gap) = declared(view);
    let open = match namespaces::network(view).declared() {
        Reading::Known(Namespace::Host, _) => {
            let source = view.inspect().source().clone();
            let detail =
                "in the host's network every port is open on which the program will listen";
            let gap = Gap::new(Reason::NotRunning, source, detail);
            Some(gap.mend("remove network_mode: host"))
        }
        Reading::Missing(gap) => Some(gap.clone()),
        Reading::Known(Namespace::NotTheHosts(_), _) | Reading::Inapplicable => None,
    };
    Fact::declared_in_part(known, gap.or(open))
}

/// What is published, by whoever's word counts where the container lives.
pub(super) fn in_force(view: &View<'_>) -> Reading<Vec<Published>> {
    match fact(view).effective() {
        [Reading::Known(open, evidence)] => Reading::Known(open.clone(), evidence.clone()),
        [Reading::Missing(gap)] => Reading::Missing(gap.clone()),
        _ => by_engine(view),
    }
}

fn of_host(listener: Listener) -> Published {
    Published {
        protocol: Some(listener.protocol),
        port: listener.port,
        host: Some(listener.address).filter(|address| !is_any(*address)),
        host_port: listener.port,
        is_chosen: false,
        listener: Some(listener),
    }
}

/// What is published by the engine's record.
pub(super) fn by_engine(view: &View<'_>) -> Reading<Vec<Published>> {
    let (known, gap) = declared(view);
    gap.map_or(known, Reading::Missing)
}

/// `/NetworkSettings/Ports` of the engine's record: `80/tcp` and where it is
/// bound; without a place it is only exposed. With it, why there may be more.
pub(super) fn declared(view: &View<'_>) -> (Reading<Vec<Published>>, Option<Gap>) {
    view.published.get_or_init(|| read(view)).clone()
}

fn read(view: &View<'_>) -> (Reading<Vec<Published>>, Option<Gap>) {
    const PORTS: &str = "/NetworkSettings/Ports";
    let owner = super::owner(view);
    let malformed = |name: &str| {
        let detail = format!("{PORTS} does not say where {} is published", Untrusted::from(name));
        Reading::Missing(super::malformed(owner.source(), detail))
    };
    let (known, gap) = owner.known_fields(PORTS);
    let known = known.unshown().and_then(|fields| {
        let (mut all, mut evidence) = (Vec::new(), Vec::new());
        for (name, places) in &fields {
            // Null is a port that is only exposed.
            if !places.is_array() && !places.is_null() {
                return malformed(name);
            }
            for (index, place) in places.as_array().into_iter().flatten().enumerate() {
                let text = |key: &str| place.get(key).and_then(Value::as_str);
                let address = text("HostIp").unwrap_or_default();
                let Some(port) = bound(view, name, address, text("HostPort")) else {
                    return malformed(name);
                };
                let is_chosen = is_chosen(&owner, name, port.host_port);
                let port = Published { is_chosen, ..port };
                let pointer = format!("{PORTS}/{}/{index}", name.replace('/', "~1"));
                let told = owner.told(&pointer, port.to_string());
                evidence.push(told.with(|datum| datum.place = PORTS.into()));
                all.push(port);
            }
        }
        Reading::Known(all, evidence)
    });
    let known = known.and_then(|all| {
        let none = all.is_empty().then(|| owner.told(PORTS, "nothing is published"));
        Reading::Known(all, none.into_iter().collect())
    });
    (known, gap)
}

/// Whether an address stands for every interface, also where IPv6 writes that of
/// IPv4: `::ffff:0.0.0.0` (RFC 4291, 2.5.5.2).
const fn is_any(address: IpAddr) -> bool {
    address.to_canonical().is_unspecified()
}

/// Whether a port was asked for, and none of the host's that it is published at.
/// Podman writes down what it chose as if somebody had asked for it.
fn is_chosen(owner: &Document<'_>, name: &str, host_port: u16) -> bool {
    let asked = |key: &str| owner.peek(&format!("/HostConfig/{key}"));
    let places = asked("PortBindings").and_then(|it| it.get(name)).and_then(Value::as_array);
    let names_it = |place: &Value| {
        let port = place.get("HostPort").and_then(Value::as_str);
        port.and_then(|it| it.parse().ok()) == Some(host_port)
    };
    match places {
        Some(places) => !places.iter().any(names_it),
        None => asked("PublishAllPorts").and_then(Value::as_bool) == Some(true),
    }
}

fn bound(view: &View<'_>, name: &str, address: &str, host_port: Option<&str>) -> Option<Published> {
    let (port, protocol) = name.split_once('/')?;
    let protocol = match protocol {
        "tcp" => Some(Protocol::Tcp),
        "udp" => Some(Protocol::Udp),
        "sctp" => None,
        _ => return None,
    };
    let host = match address.trim_start_matches('[').trim_end_matches(']') {
        // Podman leaves the address out where it binds to every interface.
        "" => None,
        address => Some(address.parse::<IpAddr>().ok()?).filter(|it| !is_any(*it)),
    };
    // Before anything runs, an engine that may choose the port has not chosen yet.
    let is_open = view.kind().is_to_come() && host_port.unwrap_or_default().is_empty();
    let host_port = if is_open { 0 } else { host_port?.parse().ok()? };
    let port = port.parse().ok()?;
    Some(Published { protocol, port, host, host_port, is_chosen: false, listener: None })
}

/// What waits behind a published port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behind {
    /// Somebody who answers.
    Listener,
    /// Somebody whom only the container itself reaches.
    LoopbackOnly,
    /// Nobody.
    Nobody,
}

/// What waits behind each port that the engine publishes: its word joined with
/// the kernel's. In the host's network a port is its own listener.
pub(in crate::facts) fn answered(view: &View<'_>) -> Fact<Vec<(Published, Behind)>> {
    let joined = in_force(view).and_then(|mut ports| {
        ports.retain(|port| port.listener.is_none());
        if ports.is_empty() {
            return Reading::of(Vec::new());
        }
        if let Some(port) = ports.iter().find(|port| port.protocol.is_none()) {
            let source = Source::container(view.id());
            let detail = format!(
                "who listens on SCTP is not read, so nobody knows whether {port} is answered"
            );
            return Reading::Missing(Gap::new(Reason::Unsupported, source, detail));
        }
        listeners::in_namespace(view)
            .map(|all| ports.into_iter().map(|port| (port.clone(), behind(&port, &all))).collect())
    });
    Fact::new(Reading::Inapplicable, joined)
}

fn behind(port: &Published, listeners: &[Listener]) -> Behind {
    let mut there = listeners.iter().filter(|it| port.is_answered_by(it)).peekable();
    if there.peek().is_none() {
        Behind::Nobody
    } else if there.all(Listener::is_loopback) {
        Behind::LoopbackOnly
    } else {
        Behind::Listener
    }
}

/// A listener that whoever shares a network with the container can reach,
/// beside what the container says that it offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The listeners that neighbours reach.
    pub open: Vec<Listener>,
    /// The ports that image or run expose or publish.
    pub declared: Vec<(String, u16)>,
    /// Whether there is a network on which neighbours reach them.
    pub has_neighbours: bool,
    /// Whether it lives in the host's network.
    pub is_host: bool,
}

/// What the container offers to its neighbours, and what it says of it.
pub(in crate::facts) fn offer(view: &View<'_>) -> Fact<Offer> {
    let seen = super::namespace(view).and_then(|namespace| {
        if namespace == Namespace::Host {
            let nothing =
                Offer { open: vec![], declared: vec![], has_neighbours: false, is_host: true };
            return Reading::of(nothing);
        }
        listeners::in_namespace(view).and_then(|mut open| {
            open.retain(|it| !it.is_loopback() && !it.may_be_a_client() && it.may_be_own());
            if open.is_empty() {
                let nothing =
                    Offer { open, declared: vec![], has_neighbours: true, is_host: false };
                return Reading::of(nothing);
            }
            let attached = attachments::by_engine(view);
            exposed(view).zip(attached).map(|(declared, attached)| Offer {
                open,
                declared,
                has_neighbours: attached.iter().any(attachments::Attachment::lets_neighbours_talk),
                is_host: false,
            })
        })
    });
    Fact::new(Reading::Inapplicable, seen)
}

/// What image and run expose: `/Config/ExposedPorts`, of the container itself
/// and of the one whose network it joined; what is published is among it.
fn exposed(view: &View<'_>) -> Reading<Vec<(String, u16)>> {
    let of = |record: &Document<'_>| {
        super::fields(record, "/Config/ExposedPorts").map(|fields| {
            let port = |name: &str| {
                let (port, protocol) = name.split_once('/')?;
                Some((protocol.to_owned(), port.parse().ok()?))
            };
            fields.iter().filter_map(|(name, _)| port(name)).collect::<Vec<_>>()
        })
    };
    let published = by_engine(view).map(|ports| {
        let declared = |it: &Published| Some((it.protocol?.name().to_owned(), it.port));
        ports.iter().filter_map(declared).collect::<Vec<_>>()
    });
    of(view.inspect()).zip(of(&super::owner(view))).zip(published).map(
        |((own, owners), published)| {
            let mut all = [own, owners, published].concat();
            all.sort();
            all.dedup();
            all
        },
    )
}

//! The networks that a container is attached to.

use core::net::{IpAddr, Ipv4Addr};

use serde_json::Value;

use crate::facts::beside;
use crate::facts::namespaces::{self, Namespace};
use crate::facts::view::View;
use crate::model::bundle::Origin;
use crate::model::fact::Fact;
use crate::model::reading::{Evidence, Gap, Reading, Reason};
use crate::model::source::Source;
use crate::model::untrusted::Untrusted;
use crate::parse::document::Document;
use crate::parse::proc::route::{self, Route};

/// One network, as the engine made it and the container is attached to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// The network's name.
    pub name: Untrusted,
    /// The network's id.
    pub id: String,
    /// What makes it: `bridge`, `macvlan`, `overlay`, `null`, `host`…
    pub driver: String,
    /// Whether it has no way out; `None` of a network that a project only uses.
    pub is_internal: Option<bool>,
    /// Whether it is the one that the engine attaches everybody to who asks
    /// for nothing else.
    pub is_default: bool,
    /// Whether containers on it may talk to each other (`enable_icc`).
    pub has_icc: bool,
}

impl Attachment {
    /// Whether others on the network reach the container.
    pub fn lets_neighbours_talk(&self) -> bool {
        self.has_icc && !matches!(self.driver.as_str(), "null" | "none" | "host")
    }

    /// Whether packets can reach the host by it.
    pub fn reaches_host(&self) -> bool {
        self.driver == "bridge"
    }

    /// Whether it leads out of the host.
    pub fn has_way_out(&self) -> bool {
        self.is_internal != Some(true) && !matches!(self.driver.as_str(), "null" | "none")
    }
}

pub(in crate::facts) fn fact(view: &View<'_>) -> Fact<Vec<Attachment>> {
    Fact::declared_only(by_engine(view))
}

/// The networks by the engine's record, those of the network's owner.
pub(super) fn by_engine(view: &View<'_>) -> Reading<Vec<Attachment>> {
    view.attachments.get_or_init(|| attached(view)).clone()
}

fn attached(view: &View<'_>) -> Reading<Vec<Attachment>> {
    const NETWORKS: &str = "/NetworkSettings/Networks";
    const MODE: &str = "/HostConfig/NetworkMode";
    let owner = super::owner(view);
    let networks = view.networks();
    let source = networks.source().clone();
    let known = networks.items();
    let mut attached = super::fields(&owner, NETWORKS);
    if !owner.has_origin(NETWORKS) && owner.has_origin(MODE) {
        attached = attached.shown_as(|all| {
            let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
            vec![owner.told(MODE, names.join(", "))]
        });
    }
    attached.zip(known).and_then(|(attached, known)| {
        let mut all = Vec::new();
        let mut evidence = Vec::new();
        for (name, endpoint) in attached {
            let id = endpoint.get("NetworkID").and_then(Value::as_str).unwrap_or_default();
            let is_it = |network: &&Value| {
                let text = |key: &str| network.get(key).and_then(Value::as_str);
                if id.is_empty() { text("Name") == Some(name) } else { text("Id") == Some(id) }
            };
            // Podman names the network where Docker gives its number.
            let by_name =
                |network: &&Value| network.get("Name").and_then(Value::as_str) == Some(name);
            let found = known.iter().find(is_it).or_else(|| known.iter().find(by_name));
            let Some(network) = found else {
                let name = Untrusted::from(name);
                let detail = format!("the engine does not list the network {name}");
                return Reading::Missing(super::malformed(&source, detail));
            };
            let attachment = attachment(view, name, network);
            let Attachment { driver, is_internal, has_icc, .. } = &attachment;
            let internal = is_internal.map_or_else(|| "?".to_owned(), |it| it.to_string());
            let shown = format!("driver {driver}, internal {internal}, icc {has_icc}");
            evidence.push(Evidence::new(source.clone(), name, shown));
            all.push(attachment);
        }
        Reading::Known(all, evidence)
    })
}

const DEFAULT: &str = "com.docker.network.bridge.default_bridge";
const ICC: &str = "com.docker.network.bridge.enable_icc";

fn option<'a>(network: &'a Value, name: &str) -> Option<&'a str> {
    network.get("Options")?.get(name)?.as_str()
}

/// Whether a network is the engine's default: Docker marks its own, Podman's
/// is known by its name.
fn is_default(network: &Value) -> bool {
    let name = network.get("Name").and_then(Value::as_str);
    option(network, DEFAULT) == Some("true") || matches!(name, Some("bridge" | "podman"))
}

fn attachment(view: &View<'_>, name: &str, network: &Value) -> Attachment {
    let internal = network.get("Internal").and_then(Value::as_bool);
    let is_told = internal.is_some() || !view.kind().is_to_come();
    let text = |key: &str| network.get(key).and_then(Value::as_str).unwrap_or_default();
    Attachment {
        name: name.into(),
        id: text("Id").to_owned(),
        driver: text("Driver").to_owned(),
        is_internal: is_told.then(|| internal.unwrap_or(false)),
        is_default: is_default(network),
        has_icc: option(network, ICC) != Some("false"),
    }
}

/// Where the container stands beside the engine's default network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// On the default network; by its name or its addresses.
    OnDefault(String),
    /// On networks of its own.
    OnOthers,
    /// On none at all.
    OnNone,
    /// In the host's network.
    Host,
}

/// Whether the container is on the default bridge: by the engine's record, and
/// by the kernel's routes, one of which leads to that bridge's addresses.
pub(in crate::facts) fn place(view: &View<'_>) -> Fact<Place> {
    let mode = namespaces::network(view);
    let is_hosts = mode.declared().known() == Some(&Namespace::Host);
    let attached = match mode.declared() {
        // Whoever may be in the host's network is on none of them for sure.
        Reading::Missing(gap) if view.kind().is_to_come() => Reading::Missing(gap.clone()),
        Reading::Missing(_) | Reading::Known(..) | Reading::Inapplicable => by_engine(view),
    };
    let declared = attached.map(|all| match all.iter().find(|it| it.is_default) {
        None if is_hosts && view.kind().is_to_come() => Place::Host,
        Some(network) => Place::OnDefault(format!("the network {}", network.name)),
        None if all.iter().any(|it| it.driver == "host") => Place::Host,
        None if all.iter().all(|it| it.driver == "null") => Place::OnNone,
        None => Place::OnOthers,
    });
    beside(view, declared, || {
        super::namespace(view).and_then(|namespace| match namespace {
            Namespace::Host => Reading::of(Place::Host),
            Namespace::NotTheHosts(_) => routes(view).zip(default_subnets(view)).map(compared),
        })
    })
}

type Subnet = (Ipv4Addr, Ipv4Addr);

fn compared((routes, defaults): (Vec<Route>, Vec<Subnet>)) -> Place {
    let is_there = |route: &&Route| defaults.contains(&(route.destination, route.mask));
    match routes.iter().find(is_there) {
        Some(Route { destination, .. }) => {
            Place::OnDefault(format!("the default bridge's addresses {destination}"))
        }
        None if routes.is_empty() => Place::OnNone,
        None => Place::OnOthers,
    }
}

/// The container's IPv4 routes.
pub(super) fn routes(view: &View<'_>) -> Reading<Vec<Route>> {
    Reading::from(view.init()).and_then(|process| routes_of(view, process.pid))
}

fn routes_of(view: &View<'_>, pid: u32) -> Reading<Vec<Route>> {
    let source = Source::proc(pid, "net/route");
    let text = view.process(pid).text("net/route").unshown();
    text.and_then(|text| match route::parse(text) {
        Ok(routes) => {
            let shown =
                |it: &Route| format!("{} by {}", it.destination, Untrusted::from(&*it.interface));
            let shown: Vec<String> = routes.iter().map(shown).collect();
            let shown = if shown.is_empty() { "no route".to_owned() } else { shown.join(", ") };
            Reading::Known(routes, vec![Evidence::new(source, "", shown)])
        }
        Err(detail) => Reading::Missing(super::malformed(&source, detail)),
    })
}

/// Whether its networks lead out of the host.
pub(super) fn leads_out(view: &View<'_>) -> Fact<bool> {
    let source = view.inspect().source().clone();
    let declared = by_engine(view).and_then(|all| {
        let untold = all.iter().find(|it| it.is_internal.is_none());
        match untold
            .filter(|_| !all.iter().any(|it| it.is_internal == Some(false) && it.has_way_out()))
        {
            None => Reading::of(all.iter().any(Attachment::has_way_out)),
            Some(network) => {
                let detail = format!(
                    "whether the network {} is internal no file tells: it is not the project's own",
                    network.name
                );
                Reading::Missing(
                    Gap::new(Reason::NotCollected, source, detail)
                        .mend("make it a network of the project, with internal: true"),
                )
            }
        }
    });
    beside(view, declared, || way_out(view))
}

/// Whether packets get out of the host. Without a default route none does,
/// whatever was declared. With one the engine's packet filter decides, of which
/// no file tells: there the engine says whether the networks are internal.
/// (Docker 20.10 gives an internal network a default route all the same.)
pub(super) fn way_out(view: &View<'_>) -> Reading<bool> {
    has_default_route(view).and_then(|leads_out| {
        if leads_out {
            by_engine(view).map(|all| all.iter().any(Attachment::has_way_out))
        } else {
            Reading::of(false)
        }
    })
}

/// Whether any interface but loopback leads anywhere. Without one nobody gets
/// in, whatever is published.
pub(super) fn has_interface(view: &View<'_>) -> Reading<bool> {
    routes(view).zip(ipv6_routes(view)).map(|(ipv4, ipv6)| !ipv4.is_empty() || !ipv6.is_empty())
}

fn has_default_route(view: &View<'_>) -> Reading<bool> {
    let ipv4 = routes(view).map(|all| all.iter().any(Route::is_default));
    ipv4.zip(ipv6_routes(view)).map(|(ipv4, ipv6)| ipv4 || ipv6.contains(&true))
}

/// Of each IPv6 route that leads somewhere, whether it leads to everywhere.
fn ipv6_routes(view: &View<'_>) -> Reading<Vec<bool>> {
    let pid = match view.init() {
        Ok(process) => process.pid,
        Err(gap) => return Reading::Missing(gap),
    };
    let source = Source::proc(pid, "net/ipv6_route");
    let parsed = view.process(pid).attribute("net/ipv6_route").and_then(|text| {
        match route::parse_ipv6(text.unwrap_or_default()) {
            Ok(routes) => Reading::of(routes),
            Err(detail) => Reading::Missing(super::malformed(&source, detail)),
        }
    });
    parsed.shown_as(|routes| {
        let shown = match routes.len() {
            0 => "no route".to_owned(),
            _ if routes.contains(&true) => "a default route".to_owned(),
            count => format!("{count} routes, none of them the default"),
        };
        vec![Evidence::new(source, "", shown)]
    })
}

/// The bridges that engines make for those who ask for no network, by their
/// interface on the host.
const BRIDGES: [&str; 3] = ["docker0", "podman0", "cni-podman0"];

/// The addresses of the default bridge: by the engine, or without one by the
/// host's routes, where that bridge has its well-known name.
fn default_subnets(view: &View<'_>) -> Reading<Vec<Subnet>> {
    match view.origin() {
        // A list without a default network counts only if it has those that
        // the container is on.
        Origin::Engine | Origin::Archive | Origin::Compose | Origin::Dockerfile => {
            of_default(&view.networks()).and_then(|subnets| {
                if subnets.is_empty() {
                    by_engine(view).shown_as(|_| vec![]).map(|_| subnets)
                } else {
                    Reading::Known(subnets, vec![])
                }
            })
        }
        Origin::Kernel => routes_of(view, 1).map(|routes| {
            let by_bridge = routes.iter().filter(|it| BRIDGES.contains(&it.interface.as_str()));
            by_bridge.map(|it| (it.destination, it.mask)).collect()
        }),
    }
}

fn of_default(networks: &Document<'_>) -> Reading<Vec<Subnet>> {
    let source = networks.source().clone();
    networks
        .objects("")
        .unshown()
        .and_then(|all| {
            let mut subnets = Vec::new();
            for network in all.into_iter().filter(|it| is_default(it)) {
                let pools = network.pointer("/IPAM/Config").and_then(Value::as_array);
                let texts = pools.into_iter().flatten().filter_map(|it| it.get("Subnet")?.as_str());
                let before = subnets.len();
                subnets.extend(texts.filter_map(subnet));
                if subnets.len() == before {
                    let detail = "the engine does not tell the default network's addresses";
                    return Reading::Missing(super::malformed(&source, detail.to_owned()));
                }
            }
            Reading::of(subnets)
        })
        .shown_as(|subnets| {
            let shown: Vec<String> = subnets.iter().map(|(net, _)| net.to_string()).collect();
            vec![Evidence::new(source, "the default bridge's addresses", shown.join(", "))]
        })
}

/// `172.17.0.0/16` as network and mask; of IPv6 the routes say nothing here.
fn subnet(text: &str) -> Option<Subnet> {
    let (address, length) = text.split_once('/')?;
    let IpAddr::V4(address) = address.parse().ok()? else { return None };
    let length: u32 = length.parse().ok()?;
    let mask = u32::MAX.checked_shl(32_u32.checked_sub(length)?).unwrap_or(0);
    Some((Ipv4Addr::from(u32::from(address) & mask), Ipv4Addr::from(mask)))
}

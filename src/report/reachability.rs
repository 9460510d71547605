//! Which targets can connect to which: the facts of all of them, joined.

use std::collections::{BTreeMap, BTreeSet};

use super::v1::{Port, Reach, Reachability, Unplaced, Via};
use crate::facts::namespaces::Namespace;
use crate::facts::network::attachments::Attachment;
use crate::facts::network::listeners::{Listener, Owner};
use crate::facts::network::published::Published;
use crate::facts::{Derived, Facts};
use crate::model::fact::Fact;
use crate::model::reading::{Gap, Reading};
use crate::model::untrusted::Untrusted;

/// The table of all targets that run: of the others nobody knows yet what answers.
pub(super) fn table(all: &[Derived]) -> Reachability {
    let mut table = Reachability::default();
    let all = all.iter().filter(|(target, _)| !target.kind.is_to_come());
    let mut places = Vec::new();
    for (target, facts) in all {
        match place(&target.name, facts) {
            Ok(place) => places.push(place),
            Err(gap) => table.unplaced.push(Unplaced { name: target.name.clone(), gap }),
        }
    }
    for to in &places {
        let others: Vec<&Place<'_>> =
            places.iter().filter(|from| !std::ptr::eq(*from, to)).collect();
        let ways = by_namespace(to, &others)
            .into_iter()
            .chain(by_networks(to, &others))
            .chain(by_host(to, &others))
            .chain(by_published(to, &others));
        table.rows.extend(ways.filter(|way| !way.from.is_empty()));
    }
    table
}

/// Where a target stands.
struct Place<'a> {
    name: &'a Untrusted,
    is_host: bool,
    /// Its namespace, where the kernel told: equal means the same.
    namespace: Option<&'a str>,
    attachments: &'a [Attachment],
    published: &'a [Published],
    listeners: Result<&'a [Listener], &'a Gap>,
}

/// A target whose namespace or networks are unknown stands nowhere.
fn place<'a>(name: &'a Untrusted, facts: &'a Facts) -> Result<Place<'a>, Gap> {
    // A declaration places a target, too: what answers there is then unknown.
    let is_host = match in_force(&facts.network_namespace) {
        Reading::Known(namespace, _) => *namespace == Namespace::Host,
        Reading::Missing(gap) => match facts.network_namespace.declared() {
            Reading::Known(namespace, _) => *namespace == Namespace::Host,
            Reading::Missing(_) | Reading::Inapplicable => return Err(gap.clone()),
        },
        Reading::Inapplicable => false,
    };
    let (attachments, published) =
        (facts.network.attachments.declared(), facts.network.published.declared());
    if let (false, Some(gap)) = (is_host, missing(attachments).or_else(|| missing(published))) {
        return Err(gap.clone());
    }
    // Of the host's listeners only the container's own are its ports.
    let untold = missing(in_force(&facts.network.published)).filter(|_| is_host);
    let listeners = match (in_force(&facts.network.listeners), untold) {
        (_, Some(gap)) | (Reading::Missing(gap), None) => Err(gap),
        (Reading::Known(listeners, _), None) => Ok(listeners.as_slice()),
        (Reading::Inapplicable, None) => Ok([].as_slice()),
    };
    Ok(Place {
        name,
        is_host,
        namespace: in_force(&facts.network.identity).known().map(String::as_str),
        attachments: attachments.known().map(Vec::as_slice).unwrap_or_default(),
        published: published.known().map(Vec::as_slice).unwrap_or_default(),
        listeners,
    })
}

/// The kernel's reading, of facts that have one.
fn in_force<T>(fact: &Fact<T>) -> &Reading<T> {
    fact.effective().first().unwrap_or_else(|| fact.declared())
}

const fn missing<T>(reading: &Reading<T>) -> Option<&Gap> {
    match reading {
        Reading::Missing(gap) => Some(gap),
        Reading::Known(..) | Reading::Inapplicable => None,
    }
}

impl Place<'_> {
    fn shares_namespace(&self, other: &Self) -> bool {
        (self.is_host && other.is_host)
            || (self.namespace.is_some() && self.namespace == other.namespace)
    }

    /// Whether its packets get to an address of the host.
    fn reaches_host(&self) -> bool {
        self.is_host || self.attachments.iter().any(Attachment::reaches_host)
    }

    /// Whether its packets get to a port that the engine publishes: from an
    /// internal network the engine's own rules let none through.
    fn reaches_published(&self) -> bool {
        self.is_host || self.attachments.iter().any(|it| it.reaches_host() && it.has_way_out())
    }

    /// What answers those that `fits` says of. What somebody else holds who
    /// shares the namespace is another target's; in the host's it is nobody's.
    fn ports(&self, fits: impl Fn(&Listener) -> bool) -> (Vec<Port>, Option<Gap>) {
        let listeners = match self.listeners {
            Ok(listeners) => listeners,
            Err(gap) => return (Vec::new(), Some(gap.clone())),
        };
        let mut ports: BTreeMap<(_, u16), BTreeSet<String>> = BTreeMap::new();
        for it in listeners {
            if it.owner != Owner::Other && !it.may_be_a_client() && fits(it) {
                let holders = ports.entry((it.protocol, it.port)).or_default();
                holders.extend(it.holders().iter().map(ToString::to_string));
            }
        }
        let port = |((protocol, port), by): (_, BTreeSet<String>)| Port {
            protocol,
            port,
            by: by.into_iter().collect(),
        };
        (ports.into_iter().map(port).collect(), None)
    }

    fn reached<'p>(
        &self,
        from: impl Iterator<Item = &'p &'p Place<'p>>,
        (via, over): (Via, Untrusted),
        (ports, gap): (Vec<Port>, Option<Gap>),
    ) -> Reach {
        let from = from.map(|place| place.name.clone()).collect();
        Reach { from, to: self.name.clone(), via, over, ports, gap }
    }
}

fn is_open(listener: &Listener) -> bool {
    !listener.is_loopback()
}

fn by_namespace(to: &Place<'_>, others: &[&Place<'_>]) -> Option<Reach> {
    let from = others.iter().filter(|from| from.shares_namespace(to));
    let over = if to.is_host { "the host's network" } else { "loopback" };
    Some(to.reached(from, (Via::Namespace, over.into()), to.ports(|_| true)))
}

fn by_networks(to: &Place<'_>, others: &[&Place<'_>]) -> Vec<Reach> {
    let networks = to.attachments.iter().filter(|it| !to.is_host && it.lets_neighbours_talk());
    networks
        .map(|network| {
            let is_member = |from: &&&Place<'_>| {
                !from.is_host
                    && !from.shares_namespace(to)
                    && from
                        .attachments
                        .iter()
                        .any(|it| it.id == network.id && it.name == network.name)
            };
            let from = others.iter().filter(is_member);
            to.reached(from, (Via::Network, network.name.clone()), to.ports(is_open))
        })
        .collect()
}

/// From the host's network into a bridge, and from a bridge to its gateway.
fn by_host(to: &Place<'_>, others: &[&Place<'_>]) -> Option<Reach> {
    let from = others.iter().filter(|from| {
        from.is_host != to.is_host
            && if to.is_host { from.reaches_host() } else { to.reaches_host() }
    });
    let over = if to.is_host { "the bridge's gateway" } else { "the bridge" };
    Some(to.reached(from, (Via::Host, over.into()), to.ports(is_open)))
}

/// By a port of the host: whoever reaches the host, and of those on its
/// loopback only who lives in its network.
fn by_published(to: &Place<'_>, others: &[&Place<'_>]) -> Vec<Reach> {
    let published = to.published.iter().filter(|_| !to.is_host);
    published
        .map(|port| {
            let gets_there = |from: &&&Place<'_>| {
                !from.shares_namespace(to)
                    && if port.is_loopback() { from.is_host } else { from.reaches_published() }
            };
            let host = port.host.map_or_else(|| "every address".to_owned(), |it| it.to_string());
            let over = format!("port {} on {host} of the host", port.host_port);
            let answers = |it: &Listener| is_open(it) && port.is_answered_by(it);
            let from = others.iter().filter(gets_there);
            let (mut ports, gap) = to.ports(answers);
            ports.iter_mut().for_each(|it| it.port = port.host_port);
            to.reached(from, (Via::Published, over.into()), (ports, gap))
        })
        .fold(Vec::new(), |mut rows, row| {
            // An engine lists a port once for IPv4 and once for IPv6.
            if !rows.contains(&row) {
                rows.push(row);
            }
            rows
        })
}

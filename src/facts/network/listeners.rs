//! Who listens in a container's network namespace, by the kernel's word.

use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::facts::Holder;
use crate::facts::namespaces::Namespace;
use crate::facts::view::View;
use crate::model::bundle::Processes;
use crate::model::fact::Fact;
use crate::model::reading::{Evidence, Gap, Reading, Reason};
use crate::model::source::Source;
use crate::parse::proc::sockets::{self, Protocol};

/// A socket that waits for whoever comes.
///
/// One that waits on `::` waits for IPv4 too, unless its owner asked for IPv6
/// alone (`ipv6(7)`, `IPV6_V6ONLY`), which the kernel shows to nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// What it speaks.
    pub protocol: Protocol,
    /// Where it waits.
    pub address: IpAddr,
    /// The port.
    pub port: u16,
    /// Whose it is.
    pub owner: Owner,
}

/// Whose a listener is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// These processes of the container hold it.
    Own(Vec<Holder>),
    /// Somebody else who shares the network: every process of the container
    /// was asked, and none holds it.
    Other,
    /// The open files of some process could not be looked at.
    Unknown,
}

impl Listener {
    /// Whether only the same network namespace reaches it.
    pub const fn is_loopback(&self) -> bool {
        self.address.is_loopback()
    }

    /// Whether it may be a client's socket that waits for an answer: UDP knows
    /// no difference, and a port of the ephemeral range is the only sign
    /// (`ip(7)`, `ip_local_port_range`, from 32768).
    pub const fn may_be_a_client(&self) -> bool {
        matches!(self.protocol, Protocol::Udp) && self.port >= 32768
    }

    /// Whether a process of the container holds it, as far as is known.
    pub const fn may_be_own(&self) -> bool {
        !matches!(self.owner, Owner::Other)
    }

    /// Who holds it, where that is known.
    pub fn holders(&self) -> &[Holder] {
        match &self.owner {
            Owner::Own(holders) => holders,
            Owner::Other | Owner::Unknown => &[],
        }
    }
}

/// `tcp 0.0.0.0:80 (process 7 (nginx))`
impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { protocol, address, port, .. } = self;
        match address {
            IpAddr::V4(address) => write!(f, "{protocol} {address}:{port}")?,
            IpAddr::V6(address) => write!(f, "{protocol} [{address}]:{port}")?,
        }
        self.holders().first().map_or(Ok(()), |holder| write!(f, " by {holder}"))
    }
}

const TABLES: [&str; 4] = ["net/tcp", "net/tcp6", "net/udp", "net/udp6"];

pub(in crate::facts) fn fact(view: &View<'_>) -> Fact<Vec<Listener>> {
    Fact::new(Reading::Inapplicable, in_namespace(view))
}

/// Every listener of the network namespace that the container lives in.
pub(super) fn in_namespace(view: &View<'_>) -> Reading<Vec<Listener>> {
    let processes = match view.processes() {
        Ok(processes) => processes,
        Err(gap) => return Reading::Missing(gap),
    };
    let holders = holders(view, processes);
    let mut found: Reading<Vec<Listener>> = Reading::Known(Vec::new(), Vec::new());
    for table in TABLES {
        let more = of_table(view, processes.init, table, &holders);
        found = found.zip(more).map(|(mut all, more)| {
            all.extend(more);
            all
        });
    }
    found.map(together)
}

/// The listeners that processes of the container hold themselves: in the
/// host's network the others are the host's affair.
pub(super) fn held(view: &View<'_>) -> Reading<Vec<Listener>> {
    in_namespace(view).and_then(|all| {
        if all.iter().any(|it| it.owner == Owner::Unknown) {
            let pids = view.processes().map(Processes::all).unwrap_or_default();
            let unread = pids.into_iter().find_map(|pid| held_by(view, pid).err());
            let not_told = || Gap::not_collected(view.processes_source().clone());
            return Reading::Missing(unread.unwrap_or_else(not_told));
        }
        let own = all.into_iter().filter(|it| matches!(it.owner, Owner::Own(_)));
        Reading::of(own.collect())
    })
}

/// The same place may have several sockets: one for each worker that listens.
fn together(mut all: Vec<Listener>) -> Vec<Listener> {
    all.sort_by_key(|it| (it.protocol, it.port, it.address));
    let mut merged: Vec<Listener> = Vec::new();
    for next in all {
        match merged.last_mut() {
            Some(last)
                if (last.protocol, last.address, last.port)
                    == (next.protocol, next.address, next.port) =>
            {
                last.owner = match (std::mem::replace(&mut last.owner, Owner::Unknown), next.owner)
                {
                    (Owner::Own(mut mine), Owner::Own(theirs)) => {
                        mine.extend(theirs);
                        mine.dedup();
                        Owner::Own(mine)
                    }
                    (Owner::Own(known), _) | (_, Owner::Own(known)) => Owner::Own(known),
                    (Owner::Other, Owner::Other) => Owner::Other,
                    (Owner::Unknown, _) | (_, Owner::Unknown) => Owner::Unknown,
                };
            }
            _ => merged.push(next),
        }
    }
    merged
}

/// Which processes hold each socket, and whether all of them told.
struct Holders {
    of: BTreeMap<u64, Vec<Holder>>,
    is_complete: bool,
}

fn holders(view: &View<'_>, processes: &Processes) -> Holders {
    let mut found = Holders { of: BTreeMap::new(), is_complete: true };
    for pid in processes.all() {
        match held_by(view, pid) {
            Ok(inodes) => {
                for inode in inodes {
                    found.of.entry(inode).or_default().push(view.process(pid).holder());
                }
            }
            Err(_) => found.is_complete = false,
        }
    }
    found
}

fn held_by(view: &View<'_>, pid: u32) -> Result<BTreeSet<u64>, Gap> {
    let source = Source::held_sockets(pid);
    let text = view.text_of(&source)?;
    text.lines()
        .map(|line| line.parse().map_err(|_| super::malformed(&source, "a line is no number")))
        .collect()
}

fn of_table(view: &View<'_>, init: u32, table: &str, holders: &Holders) -> Reading<Vec<Listener>> {
    let source = Source::proc(init, table);
    let protocol = Protocol::of_table(table);
    view.process(init)
        .attribute(table)
        .and_then(|text| match sockets::parse(protocol, text.unwrap_or_default()) {
            Ok(sockets) => {
                let listeners = sockets.into_iter().map(|socket| Listener {
                    protocol,
                    address: socket.address,
                    port: socket.port,
                    owner: match holders.of.get(&socket.inode) {
                        Some(known) => Owner::Own(known.clone()),
                        None if holders.is_complete => Owner::Other,
                        None => Owner::Unknown,
                    },
                });
                Reading::of(listeners.collect())
            }
            Err(detail) => Reading::Missing(Gap::new(Reason::Malformed, source.clone(), detail)),
        })
        .shown_as(|listeners: &Vec<Listener>| {
            let places: BTreeSet<String> =
                listeners.iter().map(|it| format!("{}:{}", it.address, it.port)).collect();
            let shown = places.into_iter().collect::<Vec<_>>().join(", ");
            let nobody = "nobody listens".to_owned();
            vec![Evidence::new(source.clone(), "", if shown.is_empty() { nobody } else { shown })]
        })
}

/// The listeners that are the container's own, wherever it lives: all of its
/// namespace, except in the host's.
pub(super) fn own(view: &View<'_>) -> Reading<Vec<Listener>> {
    super::namespace(view).and_then(|namespace| match namespace {
        Namespace::Host => held(view),
        Namespace::NotTheHosts(_) => in_namespace(view),
    })
}

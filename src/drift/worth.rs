//! What a property is worth, so that two can be held against each other.

use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::Standing;
use crate::model::untrusted::Untrusted;

/// A value that can be stronger or weaker than another of the same property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Worth {
    /// One of few possibilities: the higher the rank, the stronger.
    Rank(u8, String),
    /// A bound: the lower, the stronger; none is the weakest.
    Bound(Option<u64>, Unit),
    /// What is granted: each more is weaker.
    Grants(BTreeSet<String>),
    /// The ports that are open: each more is weaker.
    Ports(BTreeSet<Port>),
    /// What of the host is at which point of the container: each point more is
    /// weaker, something else at the same point is neither.
    Binds(BTreeMap<String, String>),
    /// What has no order.
    Plain(String),
}

/// What a bound counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Processes and threads.
    Tasks,
    /// Thousandths of a processor.
    Processors,
}

/// A port of the container that is open outside of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Port {
    /// The host's address; none is every address.
    pub host: Option<IpAddr>,
    /// The host's port; 0 is one that the engine chooses.
    pub host_port: u16,
    /// The container's port and the protocol, such as `80/tcp`.
    pub port: String,
}

impl Port {
    /// Whether who asks for `self` may get `own`.
    fn covers(&self, own: &Self) -> bool {
        let is_port = self.host_port == 0 || self.host_port == own.host_port;
        is_port && self.host == own.host && self.port == own.port
    }
}

/// As compose writes it, with `*` where the engine chooses.
impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host {
            None => {}
            Some(IpAddr::V4(host)) => write!(f, "{host}:")?,
            Some(IpAddr::V6(host)) => write!(f, "[{host}]:")?,
        }
        match self.host_port {
            0 => write!(f, "*:{}", self.port),
            host_port => write!(f, "{host_port}:{}", self.port),
        }
    }
}

impl Worth {
    /// A switch that makes a container stronger.
    pub fn switch(is_on: bool) -> Self {
        Self::Rank(u8::from(is_on), if is_on { "yes" } else { "no" }.to_owned())
    }

    /// How one that runs stands to the one that was asked for.
    pub fn against(&self, asked: &Self) -> Standing {
        match (self, asked) {
            _ if self == asked => Standing::Same,
            (Self::Rank(own, _), Self::Rank(asked, _)) if own != asked => by(own > asked),
            (Self::Bound(own, _), Self::Bound(asked, _)) => {
                by(own.unwrap_or(u64::MAX) < asked.unwrap_or(u64::MAX))
            }
            (Self::Grants(own), Self::Grants(asked)) => by(own.is_subset(asked)),
            (Self::Ports(_), Self::Ports(_)) if !self.beyond(asked).is_empty() => Standing::Weaker,
            (Self::Ports(own), Self::Ports(asked)) => {
                let is_used = |port: &Port| own.iter().any(|it| port.covers(it));
                if asked.iter().all(is_used) { Standing::Same } else { Standing::Stronger }
            }
            (Self::Binds(_), Self::Binds(_)) if !self.beyond(asked).is_empty() => Standing::Weaker,
            (Self::Binds(own), Self::Binds(asked)) => {
                let is_other = |(point, from)| asked.get(point).is_some_and(|it| it != from);
                if own.iter().any(is_other) { Standing::Different } else { Standing::Stronger }
            }
            _ => Standing::Different,
        }
    }

    /// What is granted and was not asked for.
    pub fn beyond(&self, asked: &Self) -> Vec<String> {
        match (self, asked) {
            (Self::Grants(own), Self::Grants(asked)) => own.difference(asked).cloned().collect(),
            (Self::Ports(own), Self::Ports(asked)) => {
                let is_more = |own: &&Port| !asked.iter().any(|it| it.covers(own));
                own.iter().filter(is_more).map(ToString::to_string).collect()
            }
            (Self::Binds(own), Self::Binds(asked)) => {
                let more = own.iter().filter(|(point, _)| !asked.contains_key(*point));
                more.map(bind).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// As compose writes it.
fn bind((point, from): (&String, &String)) -> String {
    format!("{from}:{point}")
}

const fn by(is_stronger: bool) -> Standing {
    if is_stronger { Standing::Stronger } else { Standing::Weaker }
}

impl fmt::Display for Worth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Rank(_, text) | Self::Plain(text) => text.clone(),
            Self::Bound(None, _) => "no limit".to_owned(),
            Self::Bound(Some(most), unit) => unit.said(*most),
            Self::Grants(all) => joined(all.iter().cloned()),
            Self::Ports(all) => joined(all.iter().map(ToString::to_string)),
            Self::Binds(all) => joined(all.iter().map(bind)),
        };
        write!(f, "{}", Untrusted::from(text))
    }
}

fn joined(all: impl Iterator<Item = String>) -> String {
    let all: Vec<String> = all.collect();
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

impl Unit {
    /// Exactly, so that two that differ do not read alike.
    fn said(self, most: u64) -> String {
        match self {
            Self::Tasks => most.to_string(),
            Self::Processors => {
                let text = format!("{}.{:03}", most / 1000, most % 1000);
                text.trim_end_matches('0').trim_end_matches('.').to_owned()
            }
            Self::Bytes => {
                let units = [(30, "GiB"), (20, "MiB"), (10, "KiB"), (0, "bytes")];
                let whole = units.into_iter().find(|(bits, _)| most.trailing_zeros() >= *bits);
                let (bits, unit) = whole.unwrap_or((0, "bytes"));
                format!("{} {unit}", most >> bits)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(names: &[&str]) -> Worth {
        Worth::Grants(names.iter().map(|&it| it.to_owned()).collect())
    }

    const fn tasks(most: Option<u64>) -> Worth {
        Worth::Bound(most, Unit::Tasks)
    }

    fn ports(ports: &[u16]) -> Worth {
        let port =
            |host_port: &u16| Port { host: None, host_port: *host_port, port: "80/tcp".into() };
        Worth::Ports(ports.iter().map(port).collect())
    }

    fn binds(binds: &[(&str, &str)]) -> Worth {
        let bind = |(point, from): &(&str, &str)| ((*point).to_owned(), (*from).to_owned());
        Worth::Binds(binds.iter().map(bind).collect())
    }

    #[test]
    fn a_port_that_was_left_to_the_engine_may_be_any() {
        let table = [
            (ports(&[32_768]), ports(&[0]), Standing::Same),
            (ports(&[32_768]), ports(&[8080]), Standing::Weaker),
            (ports(&[32_768]), ports(&[]), Standing::Weaker),
            (ports(&[]), ports(&[0]), Standing::Stronger),
            (ports(&[8080]), ports(&[8080, 0]), Standing::Same),
        ];
        for (own, asked, standing) in table {
            assert_eq!(own.against(&asked), standing, "{own} against {asked}");
        }
        assert_eq!(ports(&[0]).to_string(), "*:80/tcp");
    }

    #[test]
    fn more_of_the_host_is_weaker_and_another_part_of_it_is_different() {
        let asked = binds(&[("/conf", "/srv/conf")]);
        let table = [
            (binds(&[("/conf", "/srv/conf"), ("/host", "/")]), Standing::Weaker),
            (binds(&[("/conf", "/opt/conf")]), Standing::Different),
            (binds(&[]), Standing::Stronger),
        ];
        for (own, standing) in table {
            assert_eq!(own.against(&asked), standing, "{own} against {asked}");
        }
        let more = binds(&[("/conf", "/srv/conf"), ("/host", "/")]);
        assert_eq!(more.beyond(&asked), ["/:/host"]);
    }

    #[test]
    fn a_bound_is_said_exactly_in_the_largest_unit_that_leaves_it_whole() {
        for (most, unit, said) in [
            (96 << 20, Unit::Bytes, "96 MiB"),
            ((96 << 20) + 1, Unit::Bytes, "100663297 bytes"),
            (500, Unit::Processors, "0.5"),
            (2000, Unit::Processors, "2"),
            (64, Unit::Tasks, "64"),
        ] {
            assert_eq!(Worth::Bound(Some(most), unit).to_string(), said);
        }
    }

    #[test]
    fn less_that_is_granted_and_a_lower_bound_are_stronger() {
        let table = [
            (Worth::switch(true), Worth::switch(false), Standing::Stronger),
            (Worth::switch(false), Worth::switch(true), Standing::Weaker),
            (tasks(Some(1)), tasks(None), Standing::Stronger),
            (tasks(None), tasks(Some(1)), Standing::Weaker),
            (tasks(Some(2)), tasks(Some(2)), Standing::Same),
            (grants(&[]), grants(&["CHOWN"]), Standing::Stronger),
            (grants(&["CHOWN"]), grants(&["KILL"]), Standing::Weaker),
            (Worth::Rank(1, "uid 1".into()), Worth::Rank(1, "uid 2".into()), Standing::Different),
            (Worth::Plain("a".into()), Worth::Plain("b".into()), Standing::Different),
        ];
        for (own, asked, standing) in table {
            assert_eq!(own.against(&asked), standing, "{own} against {asked}");
        }
    }
}

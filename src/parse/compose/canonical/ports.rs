//! The short form of a port: `[[ADDRESS:]PUBLISHED:]TARGET[/PROTOCOL]`, where
//! both ports may be ranges (Compose Specification, `ports`).

use core::net::IpAddr;

use crate::parse::compose::tree::{Node, Value};
use crate::parse::compose::wrong::Wrong;

use super::short::{default, quoted, record};

/// Turns every item of `ports` into its long form, and a range into as many
/// items as it has ports, as long as there are no more than `left`.
pub(super) fn lengthen(node: &mut Node, left: &mut usize) -> Result<(), Wrong> {
    let Value::List(items) = &mut node.value else { return Ok(()) };
    let mut long = Vec::with_capacity(items.len());
    for mut item in std::mem::take(items) {
        match item.text() {
            Some(said) => {
                let ports = Port::parse(said).map_err(|what| {
                    let help =
                        "write [[ADDRESS:]PUBLISHED:]TARGET[/PROTOCOL], such as 127.0.0.1:8080:80";
                    Wrong::new(item.at, what, help)
                })?;
                *left = left.checked_sub(ports.count()).ok_or_else(|| {
                    let what = "the ranges of the ports of this file are too long";
                    let help = "publish fewer ports, or share the host's network";
                    Wrong::new(item.at, what, help)
                })?;
                long.extend(ports.each(&item));
            }
            None => {
                default(&mut item, "protocol", "tcp");
                default(&mut item, "mode", "ingress");
                long.push(item);
            }
        }
    }
    node.value = Value::List(long);
    Ok(())
}

/// Ports that lie side by side, the last among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    first: u16,
    last: u16,
}

impl Range {
    fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let number = |text: &str| {
            let is_plain = text.bytes().all(|it| it.is_ascii_digit());
            is_plain.then(|| text.parse::<u16>().ok())?
        };
        let range = Self { first: number(first)?, last: number(last)? };
        (range.first <= range.last).then_some(range)
    }

    const fn span(self) -> u16 {
        self.last - self.first
    }
}

struct Port<'a> {
    address: Option<&'a str>,
    published: Option<Range>,
    target: Range,
    protocol: String,
}

impl<'a> Port<'a> {
    fn parse(said: &'a str) -> Result<Self, &'static str> {
        // An address of IPv6 has colons of its own: the last two divide.
        let (rest, target) = said.rsplit_once(':').unwrap_or(("", said));
        let (address, published) = rest.rsplit_once(':').unwrap_or(("", rest));
        let (target, protocol) = target.split_once('/').unwrap_or((target, "tcp"));
        let protocol = protocol.to_ascii_lowercase();
        if !matches!(protocol.as_str(), "tcp" | "udp" | "sctp") {
            return Err("the protocol of this port is none of tcp, udp and sctp");
        }
        let bare = address.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
        let address = Some(bare.unwrap_or(address)).filter(|it| !it.is_empty());
        if address.is_some_and(|it| it.parse::<IpAddr>().is_err()) {
            return Err("the address of this port is no IP address");
        }
        let target = Range::parse(target).ok_or("the port in the container is no port")?;
        let published = match published {
            "" => None,
            some => Some(Range::parse(some).ok_or("the port of the host is no port")?),
        };
        // Of a range for one port the engine takes what is free.
        let is_matched = published.is_none_or(|it| it.span() == target.span());
        if !is_matched && target.span() > 0 {
            return Err("the two ranges of this port differ in length");
        }
        Ok(Self { address, published, target, protocol })
    }

    fn count(&self) -> usize {
        usize::from(self.target.span()) + 1
    }

    fn each(&self, item: &Node) -> impl Iterator<Item = Node> {
        let node = |value| Node { value, tag: None, ..*item };
        (self.target.first..=self.target.last).zip(0_u16..).map(move |(target, nth)| {
            let mut parts = vec![("mode", node(quoted("ingress")))];
            if let Some(address) = self.address {
                parts.push(("host_ip", node(quoted(address))));
            }
            let target = Value::Text { text: target.to_string(), plain: true };
            parts.push(("target", node(target)));
            if let Some(Range { first, last }) = self.published {
                let published = if self.target.span() == 0 && first < last {
                    format!("{first}-{last}")
                } else {
                    first.saturating_add(nth).to_string()
                };
                parts.push(("published", node(quoted(published))));
            }
            parts.push(("protocol", node(quoted(self.protocol.as_str()))));
            Node { value: record(item.at, parts), ..*item }
        })
    }
}

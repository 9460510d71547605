//! `/proc/<pid>/net/{tcp,tcp6,udp,udp6}`: one line a socket (`proc_pid_net(5)`).
//!
//! An address is the hexadecimal form of its 32-bit words as the machine's own
//! numbers (`net/ipv4/tcp_ipv4.c`, `get_tcp4_sock`), so on every little-endian
//! machine its bytes stand in reverse within each word; the port does not.

// The addresses are plain values: nothing here can open a connection.
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a socket speaks.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl Protocol {
    /// The word that engines and `services(5)` use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }

    /// What a table such as `net/tcp6` lists.
    pub fn of_table(table: &str) -> Self {
        if table.contains("udp") { Self::Udp } else { Self::Tcp }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A socket that waits for whoever comes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Socket {
    /// Where it waits; an IPv4 address that is written as IPv6 is given as IPv4.
    pub address: IpAddr,
    /// The port.
    pub port: u16,
    /// Its number, by which a process's file descriptors name it.
    pub inode: u64,
}

/// The fields of a line up to the inode, which is the last that is kept.
const FIELDS: usize = 10;

/// A line of a table as far as it is worth keeping: a TCP socket that listens
/// (state `0A`), or a UDP socket that is bound and connected to nobody (state
/// `07`, `include/net/tcp_states.h`). Connections are not. What cannot be
/// understood is kept: the parser will say so.
pub fn listening(protocol: Protocol, line: &str) -> Option<String> {
    let fields: Vec<&str> = line.split_whitespace().take(FIELDS).collect();
    let is_heading = fields.first() == Some(&"sl") || fields.is_empty();
    let waits = match (protocol, fields.get(3)) {
        (Protocol::Tcp, Some(state)) => *state == "0A",
        (Protocol::Udp, Some(state)) => {
            let peer = fields.get(2).and_then(|remote| remote.rsplit_once(':'));
            *state == "07" && peer.is_none_or(|(_, port)| port == "0000")
        }
        (_, None) => true,
    };
    (!is_heading && waits).then(|| fields.join(" "))
}

/// The waiting sockets of a table.
///
/// # Errors
/// A line is not of the form that the kernel writes.
pub fn parse(protocol: Protocol, text: &str) -> Result<Vec<Socket>, String> {
    text.lines()
        .filter_map(|line| listening(protocol, line))
        .map(|line| socket(&line).ok_or_else(|| format!("line {line:?} is no socket")))
        .collect()
}

fn socket(line: &str) -> Option<Socket> {
    let mut fields = line.split(' ');
    let (address, port) = fields.nth(1)?.rsplit_once(':')?;
    let inode = fields.nth(7)?.parse().ok()?;
    Some(Socket { address: ip(address)?, port: u16::from_str_radix(port, 16).ok()?, inode })
}

/// An IPv4 address as the kernel writes it in `net/tcp` and `net/route`.
pub(super) fn ipv4(text: &str) -> Option<Ipv4Addr> {
    let word = (text.len() == 8).then(|| u32::from_str_radix(text, 16).ok())??;
    Some(Ipv4Addr::from(word.to_le_bytes()))
}

fn ip(text: &str) -> Option<IpAddr> {
    if text.len() != 32 {
        return ipv4(text).map(IpAddr::V4);
    }
    let mut bytes = [0; 16];
    for (index, four) in bytes.chunks_exact_mut(4).enumerate() {
        four.copy_from_slice(&ipv4(text.get(index * 8..index * 8 + 8)?)?.octets());
    }
    Some(IpAddr::V6(Ipv6Addr::from(bytes)).to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TCP: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
        \x20  0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4242 1 0 100 0 0 10 0\n\
        \x20  1: 020011AC:1F90 030011AC:D431 01 00000000:00000000 00:00000000 00000000  1000        0 4243 1 0 20 4 30 10 -1\n";

    const TCP6: &str = "   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 7 1\n\
        \x20  1: 00000000000000000000000001000000:0051 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 8 1\n\
        \x20  2: 0000000000000000FFFF00000100007F:0052 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 9 1\n";

    const UDP: &str = "  10: 00000000:0035 00000000:0000 07 0:0 00:0 0 0 0 11 2 0 0\n\
        \x20 11: 020011AC:9000 08080808:0035 01 0:0 00:0 0 0 0 12 2 0 0\n";

    fn shown(protocol: Protocol, text: &str) -> Vec<String> {
        let sockets = parse(protocol, text).unwrap();
        sockets.iter().map(|it| format!("{} {} {}", it.address, it.port, it.inode)).collect()
    }

    #[test]
    fn listeners_are_read_and_connections_are_not() {
        assert_eq!(shown(Protocol::Tcp, TCP), ["127.0.0.1 8080 4242"]);
        assert_eq!(shown(Protocol::Udp, UDP), ["0.0.0.0 53 11"]);
    }

    #[test]
    fn ipv6_stands_in_four_words_and_a_mapped_address_is_ipv4() {
        assert_eq!(shown(Protocol::Tcp, TCP6), [":: 80 7", "::1 81 8", "127.0.0.1 82 9"]);
    }

    #[test]
    fn what_is_kept_of_a_line_reads_as_the_line_itself() {
        let kept: String = TCP
            .lines()
            .filter_map(|line| listening(Protocol::Tcp, line))
            .map(|line| line + "\n")
            .collect();
        assert_eq!(kept.lines().count(), 1);
        assert_eq!(parse(Protocol::Tcp, &kept), parse(Protocol::Tcp, TCP));
    }

    #[test]
    fn a_mangled_line_is_an_error_and_not_nothing() {
        assert!(parse(Protocol::Tcp, "0: 7F:1F90 0:0 0A 0 0 0 0 0 1").is_err());
        assert!(parse(Protocol::Udp, "what").is_err());
        assert_eq!(parse(Protocol::Tcp, ""), Ok(vec![]));
    }
}

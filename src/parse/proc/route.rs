//! `/proc/<pid>/net/route` and `ipv6_route`: where packets go (`proc_pid_net(5)`).

use core::net::Ipv4Addr;

use super::sockets::ipv4;

/// One IPv4 route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The interface that packets leave by.
    pub interface: String,
    /// The network that it leads to.
    pub destination: Ipv4Addr,
    /// How much of an address is the network's.
    pub mask: Ipv4Addr,
}

impl Route {
    /// Whether it leads to everywhere.
    pub const fn is_default(&self) -> bool {
        self.mask.is_unspecified()
    }
}

/// A route that refuses: `RTF_REJECT` in `include/uapi/linux/route.h`.
const REJECT: u32 = 0x0200;

/// The IPv4 routes that lead somewhere.
///
/// # Errors
/// A line is not of the form that the kernel writes.
pub fn parse(text: &str) -> Result<Vec<Route>, String> {
    let read = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [interface, destination, _, flags, _, _, _, mask, ..] = fields.as_slice() else {
            return None;
        };
        let flags = u32::from_str_radix(flags, 16).ok()?;
        let route = Route {
            interface: (*interface).to_owned(),
            destination: ipv4(destination)?,
            mask: ipv4(mask)?,
        };
        Some((route, flags))
    };
    text.lines()
        .filter(|line| !line.starts_with("Iface") && !line.trim().is_empty())
        .map(|line| read(line).ok_or_else(|| format!("line {line:?} is no route")))
        .filter(|route| !route.as_ref().is_ok_and(|(_, flags)| flags & REJECT != 0))
        .map(|route| route.map(|(route, _)| route))
        .collect()
}

/// The IPv6 routes that lead somewhere: by an interface that is not loopback,
/// and not refused. Of each, whether it leads to everywhere.
///
/// # Errors
/// A line is not of the form that the kernel writes.
pub fn parse_ipv6(text: &str) -> Result<Vec<bool>, String> {
    let read = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [_, length, _, _, _, _, _, _, flags, interface] = fields.as_slice() else {
            return None;
        };
        let flags = u32::from_str_radix(flags, 16).ok()?;
        let leads = *interface != "lo" && flags & REJECT == 0;
        Some(leads.then_some(*length == "00"))
    };
    let read = |line: &str| read(line).ok_or_else(|| format!("line {line:?} is no route"));
    text.lines().filter_map(|line| read(line).transpose()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTES: &str = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
        eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
        eth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n\
        *\t0000000A\t00000000\t0200\t0\t0\t0\t000000FF\t0\t0\t0\n";

    #[test]
    fn the_routes_of_a_real_container_are_read() {
        let routes = parse(ROUTES).unwrap();
        assert_eq!(routes.len(), 2, "one refuses");
        assert!(routes[0].is_default() && !routes[1].is_default());
        assert_eq!(routes[1].destination.to_string(), "172.17.0.0");
        assert_eq!(routes[1].mask.to_string(), "255.255.0.0");
        assert!(parse("eth0 nonsense\n").is_err());
    }

    #[test]
    fn loopbacks_own_refusal_is_no_way_out() {
        let zeros = "0".repeat(32);
        let line = |flags: &str, interface: &str| {
            format!(
                "{zeros} 00 {zeros} 00 {zeros} ffffffff 00000001 00000000 {flags} {interface}\n"
            )
        };
        assert_eq!(parse_ipv6(&line("00200200", "lo")), Ok(vec![]));
        assert_eq!(parse_ipv6(&line("00000003", "eth0")), Ok(vec![true]));
        assert_eq!(parse_ipv6(""), Ok(vec![]));
        assert!(parse_ipv6("x").is_err());
    }
}

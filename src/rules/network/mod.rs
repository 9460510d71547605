//! Who gets to the container, and is that meant?

pub mod custom_network;
pub mod datastore_internal;
pub mod no_undeclared_listeners;
pub mod published_ports_bound;

/// Whether a text is a port, for parameters that list some.
fn is_port(text: &str) -> Result<(), String> {
    let fits = text.parse::<u16>().is_ok_and(|port| port > 0);
    if fits { Ok(()) } else { Err("expected a port from 1 to 65535".to_owned()) }
}

/// Whether a list of ports, as a policy writes it, holds this one.
fn lists(ports: &[String], port: u16) -> bool {
    ports.iter().any(|listed| listed.parse() == Ok(port))
}

//! Who gets to the container, and is that meant?

pub mod custom_network;
pub mod datastore_internal;
pub mod no_undeclared_listeners;
pub mod published_ports_bound;

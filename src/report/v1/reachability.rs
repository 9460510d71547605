//! Who reaches whom.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::reading::Gap;
use crate::model::untrusted::Untrusted;
use crate::parse::proc::sockets::Protocol;

/// Which targets can connect to which.
///
/// By the namespaces that the kernel shows, the networks as the engine made
/// them, and the listeners that the kernel lists. Packet filters that somebody
/// else set up are not read: they may forbid what stands here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reachability {
    /// Who is reached by whom, sorted by name.
    pub rows: Vec<Reach>,
    /// The targets of which nobody knows where they stand: whom they reach and
    /// who reaches them is unknown, and no row speaks of them.
    pub unplaced: Vec<Unplaced>,
}

/// A target that others reach in one way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reach {
    /// The names of the targets that reach it.
    pub from: Vec<Untrusted>,
    /// The name of the target that is reached.
    pub to: Untrusted,
    /// How they get there.
    pub via: Via,
    /// What is said of the way: the network's name, or where a port is published.
    pub over: Untrusted,
    /// What answers; empty and without a gap: nobody listens.
    pub ports: Vec<Port>,
    /// Why what answers is not known.
    pub gap: Option<Gap>,
}

/// How one target gets to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Via {
    /// They live in the same network namespace, and share loopback.
    Namespace,
    /// They are on the same network, and it lets its members talk.
    Network,
    /// One lives in the host's network, the other on a bridge of the host.
    Host,
    /// By the host's port on which the engine publishes it.
    Published,
}

/// Something that answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Port {
    /// `tcp` or `udp`.
    pub protocol: Protocol,
    /// The port to connect to.
    pub port: u16,
    /// Who listens there, where that is known.
    pub by: Vec<String>,
}

/// A target of which nobody knows where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unplaced {
    /// Its name.
    pub name: Untrusted,
    /// Why.
    pub gap: Gap,
}

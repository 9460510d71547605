//! An engine as its documentation describes it, where none was asked.

use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::model::source::Source;
use crate::parse::document::Document;

/// Docker's own seccomp profile is applied unless a container asks for another
/// (`docs.docker.com/engine/security/seccomp`), processes may gain privileges
/// (`dockerd --no-new-privileges`, default false), ids are not remapped
/// (`dockerd --userns-remap`, no default), and under cgroup version 2 each
/// container gets a cgroup namespace (`dockerd --default-cgroupns-mode`).
static INFO: LazyLock<Value> = LazyLock::new(
    || json!({"SecurityOptions": ["name=seccomp,profile=builtin", "name=cgroupns"], "CgroupVersion": "2"}),
);

/// The networks that every engine has (`docker network ls`), in the shape of
/// `GET /networks`.
static NETWORKS: LazyLock<Value> = LazyLock::new(|| {
    json!([
        {"Name": "bridge", "Driver": "bridge", "Internal": false},
        {"Name": "host", "Driver": "host", "Internal": false},
        {"Name": "none", "Driver": "null", "Internal": false},
    ])
});

/// In the shape of `GET /info`.
pub(super) fn info() -> Document<'static> {
    Document::new(source(), Ok(&INFO))
}

/// A network that an engine has by itself.
pub(super) fn network(name: &str) -> Option<&'static Value> {
    let is_it = |network: &&Value| network.get("Name").and_then(Value::as_str) == Some(name);
    NETWORKS.as_array()?.iter().find(is_it)
}

fn source() -> Source {
    Source::Default("Docker Engine".to_owned())
}

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

/// In the shape of `GET /info`.
pub(super) fn info<'a>() -> Document<'a> {
    Document::new(source(), Ok(&INFO))
}

fn source() -> Source {
    Source::Default("Docker Engine".into())
}

//! Capabilities that are dropped in vain: added as well, or never given.
//!
//! Adding `ALL` goes before dropping `ALL`, and what is added goes before what
//! is dropped (`TweakCapabilities` in moby's `oci/caps/utils.go`). Podman takes
//! no such contradiction, and what it gives by itself is a setting of its host.

use serde_json::Value;

use crate::facts::capabilities::{Asked, list, meant};
use crate::facts::view::View;
use crate::model::capability::CapabilitySet;
use crate::model::reading::Reading;
use crate::parse::document::Document;

use super::Idle;
use super::privileged::is_filled;

const DROPPED: &str = "/HostConfig/CapDrop";
const ADDED: &str = "/HostConfig/CapAdd";
const REMEDY: &str = "write cap_drop: [ALL] (--cap-drop ALL), and add only what the program needs";

pub(super) fn all(view: &View<'_>, inspect: &Document<'_>) -> Vec<Reading<Option<Idle>>> {
    let is_all = |list: &Value| {
        let names = list.as_array().map(Vec::as_slice).unwrap_or_default();
        names.iter().any(|it| it.as_str().is_some_and(|it| it.eq_ignore_ascii_case("all")))
    };
    // The usual case: everything is dropped, and at most a few are added.
    let is_usual = !inspect.may_be(ADDED, is_all) && !inspect.may_be(DROPPED, |it| !is_all(it));
    // Privileged mode gives them all, whatever is said here.
    let is_privileged = inspect.peek("/HostConfig/Privileged") == Some(&Value::Bool(true));
    if is_usual || is_privileged || !inspect.may_be(DROPPED, is_filled) {
        return Vec::new();
    }
    let is_podman = view.info().text("/BuildahVersion").map(|it| it.is_some()).unshown();
    let added = list(inspect, ADDED, meant);
    // Where nothing is added, that is no evidence of anything.
    let added = if inspect.may_be(ADDED, is_filled) { added } else { added.unshown() };
    let asked = list(inspect, DROPPED, meant).zip(added).zip(is_podman);
    vec![asked.map(|((drop, add), is_podman)| (!is_podman).then(|| in_vain(&drop, &add))?)]
}

fn in_vain(drop: &Asked, add: &Asked) -> Option<Idle> {
    let names = |set: CapabilitySet| set.names().join(", ");
    if drop.all && add.all {
        let what = "dropping ALL does nothing: ALL is added as well, which goes first";
        return Some(Idle::new(what, REMEDY));
    }
    if drop.all || add.all {
        return None;
    }
    let both = drop.set.intersection(add.set);
    if !both.is_empty() {
        let what =
            format!("dropping {} does nothing: it is added as well, which goes first", names(both));
        let first = both.names().into_iter().next().unwrap_or_default();
        return Some(Idle::new(what, REMEDY).item(first));
    }
    // `docker run`, "Runtime privilege and Linux capabilities": the default set.
    let is_given = !drop.set.intersection(CapabilitySet::docker_default()).is_empty();
    (!is_given && !drop.set.is_empty()).then(|| {
        let what = format!(
            "dropping {} does nothing: no container has it unless it is added",
            names(drop.set)
        );
        Idle::new(what, REMEDY)
    })
}

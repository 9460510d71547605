//! Which services are started: those without profiles, and those of active ones
//! (Compose Specification, chapter Profiles).

use std::collections::BTreeSet;

use super::environment::Environment;
use super::tree::{Entry, Node};
use super::{Remark, Request};

/// The names of the services that are not started, and what is odd about it.
pub(super) fn inactive(
    request: &Request,
    environment: &Environment<'_>,
    root: &Node,
    remarks: &mut Vec<Remark>,
) -> Vec<String> {
    let mut active: Vec<&str> = request.profiles.iter().map(String::as_str).collect();
    if active.is_empty() {
        let named = environment.text("COMPOSE_PROFILES").unwrap_or_default();
        active = named.split(',').map(str::trim).filter(|it| !it.is_empty()).collect();
    }
    let services = root.get("services").map(Node::entries).unwrap_or_default();
    let mut unknown: BTreeSet<&str> = active.iter().copied().filter(|it| *it != "*").collect();
    let mut inactive: BTreeSet<&str> = BTreeSet::new();
    for service in services {
        let own = service.node.get("profiles").map(Node::items).unwrap_or_default();
        let mut is_active = own.is_empty();
        for profile in own {
            let Some(name) = profile.text() else {
                // Better judged in vain than not at all.
                is_active = true;
                let what = format!(
                    "whether {} is started depends on a variable that nobody set",
                    service.key
                );
                remarks.push(Remark { at: Some(profile.at), what });
                continue;
            };
            unknown.remove(name);
            is_active |= active.iter().any(|it| *it == "*" || *it == name);
        }
        if !is_active {
            inactive.insert(&service.key);
        }
    }
    for profile in unknown {
        let what = format!("no service has the profile `{profile}`");
        remarks.push(Remark { at: None, what });
    }
    let all: BTreeSet<&str> = services.iter().map(|it| it.key.as_str()).collect();
    for service in services.iter().filter(|it| !inactive.contains(it.key.as_str())) {
        let needed = service.node.get("depends_on").map(Node::entries).unwrap_or_default();
        for Entry { key: needed, key_at, node } in needed {
            if node.get("required").and_then(Node::text) == Some("false") {
                continue;
            }
            let why = if inactive.contains(needed.as_str()) {
                "is behind a profile that is not active"
            } else if all.contains(needed.as_str()) {
                continue;
            } else {
                "is defined nowhere"
            };
            let name = &service.key;
            let what =
                format!("{name} depends on {needed}, which {why}: compose refuses to start it");
            remarks.push(Remark { at: Some(*key_at), what });
        }
    }
    let names = services.iter().map(|it| &it.key);
    names.filter(|it| inactive.contains(it.as_str())).cloned().collect()
}

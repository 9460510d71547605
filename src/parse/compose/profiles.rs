//! Which services are started: those without profiles, and those of active ones
//! (Compose Specification, chapter Profiles).

use super::environment::Environment;
use super::tree::Node;
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
    let profiles = |service: &'_ Node| -> Vec<String> {
        let items = service.get("profiles").map(Node::items).unwrap_or_default();
        items.iter().filter_map(Node::text).map(ToOwned::to_owned).collect()
    };
    let mut unknown: Vec<&str> = active.iter().copied().filter(|it| *it != "*").collect();
    let mut inactive = Vec::new();
    for service in services {
        let own = profiles(&service.node);
        unknown.retain(|it| !own.iter().any(|own| own == it));
        let items = service.node.get("profiles").map(Node::items).unwrap_or_default();
        let is_active = items.is_empty()
            || active.iter().any(|it| *it == "*" || own.iter().any(|own| own == it));
        if !is_active {
            inactive.push(service.key.clone());
        }
    }
    for profile in unknown {
        let what = format!("no service has the profile `{profile}`");
        remarks.push(Remark { at: None, what });
    }
    for service in services.iter().filter(|it| !inactive.contains(&it.key)) {
        let needed = service.node.get("depends_on").map(Node::entries).unwrap_or_default();
        for entry in needed {
            let required = entry.node.get("required").and_then(Node::text) != Some("false");
            let what = if !required {
                continue;
            } else if inactive.contains(&entry.key) {
                "is behind a profile that is not active"
            } else if services.iter().any(|it| it.key == entry.key) {
                continue;
            } else {
                "is defined nowhere"
            };
            let what = format!(
                "{} depends on {}, which {what}: compose refuses to start it",
                service.key, entry.key
            );
            remarks.push(Remark { at: Some(entry.key_at), what });
        }
    }
    inactive
}

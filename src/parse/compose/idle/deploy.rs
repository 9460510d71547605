//! What of `deploy` docker compose leaves to Swarm. Source: Compose Deploy
//! Specification; `getDeployResources` and `getRestartPolicy` in compose's
//! `pkg/compose/create.go`.

use crate::parse::compose::tree::Node;

use super::{Page, find, place_of};

/// The keys that docker compose does not apply, and what to do about each.
const SWARM_ALONE: [(&str, &str); 9] = [
    (
        "deploy.endpoint_mode",
        "remove it; the containers of a service share its name in the network's DNS",
    ),
    (
        "deploy.labels",
        "write labels directly below the service, if its containers are to have them",
    ),
    ("deploy.placement", "remove it, or deploy with docker stack deploy"),
    ("deploy.resources.reservations.cpus", "bound it by deploy.resources.limits.cpus"),
    (
        "deploy.resources.reservations.generic_resources",
        "name devices in deploy.resources.reservations.devices",
    ),
    (
        "deploy.restart_policy.delay",
        "remove it; the engine doubles its own delay after each restart",
    ),
    (
        "deploy.restart_policy.window",
        "remove it; the engine counts a start as good after ten seconds",
    ),
    ("deploy.rollback_config", "remove it, or deploy with docker stack deploy"),
    ("deploy.update_config", "remove it, or deploy with docker stack deploy"),
];

pub(super) fn read(page: &mut Page<'_>, service: &Node) {
    let Some(deploy) = service.get("deploy") else { return };
    for (key, instead) in SWARM_ALONE {
        if let Some(entry) = find(service, key) {
            let what = format!("{key} is for Swarm: docker compose does not apply it");
            page.entry(key, entry, what, instead);
        }
    }
    // `replicated` is what compose does anyway.
    let mode = deploy.entry("mode").filter(|it| it.node.text() == Some("global"));
    if let Some(entry) = mode {
        let what = "deploy.mode: global is for Swarm: docker compose starts what replicas says";
        page.entry("deploy.mode", entry, what.to_owned(), "set deploy.replicas");
    }
    restart(page, service);
}

/// `deploy.restart_policy` goes before `restart`, whatever that says.
fn restart(page: &mut Page<'_>, service: &Node) {
    let policy = find(service, "deploy.restart_policy");
    let (Some(policy), Some(own)) = (policy, find(service, "restart")) else { return };
    let asked = own.node.text().unwrap_or_default();
    let (name, attempts) = asked.split_once(':').unwrap_or((asked, ""));
    let condition = policy.node.get("condition").and_then(Node::text);
    let most = policy.node.get("max_attempts").and_then(Node::text).unwrap_or_default();
    if condition.is_some_and(|it| engines(it) == engines(name)) && most == attempts {
        return;
    }
    let what = "restart does nothing beside deploy.restart_policy, which says otherwise";
    page.add("restart", place_of(own), what.to_owned(), "write one of the two");
}

/// The engine's name of a policy.
fn engines(condition: &str) -> &str {
    match condition {
        "none" => "no",
        "any" => "always",
        other => other,
    }
}

//! Keys that compose does not know, and what was meant by them.

use std::collections::BTreeMap;

use crate::parse::compose::schema::{
    Kind, MOST_COMPARED, ONE_SERVICE, TOP, Unknown, find, is_extension, unknown_in,
};
use crate::parse::compose::tree::{Entry, Node, Value};

use super::{MOST, Page, shown};

/// Keys of other levels that people write directly below a service.
const ELSEWHERE: [(&str, &str); 15] = [
    ("endpoint_mode", "deploy.endpoint_mode"),
    ("internal", "internal: true of a network, at the top level of the file"),
    ("interval", "healthcheck.interval"),
    ("limits", "deploy.resources.limits"),
    ("placement", "deploy.placement"),
    ("replicas", "deploy.replicas"),
    ("reservations", "deploy.resources.reservations"),
    ("resources", "deploy.resources"),
    ("retries", "healthcheck.retries"),
    ("rollback_config", "deploy.rollback_config"),
    ("start_interval", "healthcheck.start_interval"),
    ("start_period", "healthcheck.start_period"),
    ("test", "healthcheck.test"),
    ("timeout", "healthcheck.timeout"),
    ("update_config", "deploy.update_config"),
];

/// The forms that work, by the key that was meant.
const FORMS: [(&str, &str); 8] = [
    ("cap_add", "cap_drop: [ALL], and only what the program needs in cap_add"),
    ("cap_drop", "cap_drop: [ALL]"),
    ("cpus", "cpus: 0.5"),
    ("init", "init: true"),
    ("mem_limit", "mem_limit: 512m"),
    ("pids_limit", "pids_limit: 100"),
    ("read_only", "read_only: true"),
    ("user", "user: \"1000:1000\""),
];

/// The keys of a project that compose does not know.
#[derive(Debug)]
pub(super) struct Keys<'a> {
    top: Vec<Unknown>,
    services: BTreeMap<&'a str, Vec<Unknown>>,
    /// By section and name; those that have none are left out.
    resources: BTreeMap<(&'static str, &'a str), Vec<Unknown>>,
}

impl<'a> Keys<'a> {
    pub(super) fn of(root: &'a Node) -> Self {
        let mut left = MOST_COMPARED;
        let mut look = |node: &Node, kind: &Kind| {
            let mut found = unknown_in(node, kind, &mut left);
            found.truncate(MOST);
            Some(found).filter(|it| !it.is_empty())
        };
        let top = sections(root, &mut look);
        let (mut services, mut resources) = (BTreeMap::new(), BTreeMap::new());
        for entry in root.get("services").map(Node::entries).unwrap_or_default() {
            let found = look(&entry.node, &ONE_SERVICE);
            services.extend(found.map(|it| (entry.key.as_str(), it)));
        }
        for section in ["networks", "volumes", "secrets", "configs"] {
            let Some(Kind::Named(kind)) = find(TOP, section) else { continue };
            for entry in root.get(section).map(Node::entries).unwrap_or_default() {
                let found = look(&entry.node, kind);
                resources.extend(found.map(|it| ((section, entry.key.as_str()), it)));
            }
        }
        Self { top, services, resources }
    }

    pub(super) fn read(&self, page: &mut Page<'_>, service: &Entry) {
        for it in self.services.get(service.key.as_str()).into_iter().flatten() {
            let is_own = it.path == it.key;
            tell(page, "", it, if is_own { Level::Service } else { Level::Below });
        }
        for it in &self.top {
            tell(page, "", it, Level::Top);
        }
        if self.resources.is_empty() {
            return;
        }
        for (section, name) in used(&service.node) {
            for it in self.resources.get(&(section, name)).into_iter().flatten() {
                tell(page, &format!("{section}.{name}."), it, Level::Below);
            }
        }
    }
}

/// Where a key stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Top,
    Service,
    Below,
}

fn tell(page: &mut Page<'_>, prefix: &str, it: &Unknown, level: Level) {
    let path = format!("{prefix}{}", it.path);
    let what = format!(
        "{} is no key of compose: docker compose refuses it, other tools ignore it",
        shown(&path)
    );
    page.add(&path, it.key_at, what, instead(it, level));
}

fn instead(it: &Unknown, level: Level) -> String {
    let elsewhere = ELSEWHERE.iter().find(|(key, _)| *key == it.key && level == Level::Service);
    if let Some((_, place)) = elsewhere {
        return format!("write {place}");
    }
    if let Some(nearest) = it.nearest {
        return format!("write {}", form(nearest, &it.key));
    }
    let Kind::Record(service) = ONE_SERVICE else { return String::new() };
    match (level, find(service, &it.key)) {
        (Level::Top, Some(_)) => format!("write {} below each service", it.key),
        (Level::Below, Some(_)) => format!("write {} directly below the service", it.key),
        (Level::Service, _) | (_, None) => {
            "remove it, or begin it with x- if it is meant for another tool".to_owned()
        }
    }
}

/// What to write for the key that was meant.
fn form(meant: &str, key: &str) -> String {
    if meant == "security_opt" {
        let key = key.to_ascii_lowercase();
        let option = if key.contains("seccomp") {
            "seccomp:profile.json"
        } else if key.contains("apparmor") {
            "apparmor:docker-default"
        } else {
            "no-new-privileges:true"
        };
        return format!("security_opt: [\"{option}\"]");
    }
    FORMS.iter().find(|(name, _)| *name == meant).map_or(meant, |(_, form)| form).to_owned()
}

/// The sections of the file that compose does not know.
fn sections(
    root: &Node,
    look: &mut impl FnMut(&Node, &Kind) -> Option<Vec<Unknown>>,
) -> Vec<Unknown> {
    let is_odd = |it: &&Entry| !is_extension(&it.key) && find(TOP, &it.key).is_none();
    // Only their names: what is in them is no part of any record.
    let bare = root.entries().iter().filter(is_odd).map(|it| Entry {
        key: it.key.clone(),
        key_at: it.key_at,
        node: Node::new(Value::Null, it.key_at),
    });
    let bare = Node::new(Value::Map(bare.collect()), root.at);
    look(&bare, &Kind::Record(TOP)).unwrap_or_default()
}

/// What a service uses of the sections of the file, by section and name.
fn used(service: &Node) -> Vec<(&'static str, &str)> {
    let items = |key: &str| service.get(key).map(Node::items).unwrap_or_default().iter();
    let volumes = items("volumes")
        .filter(|it| it.get("type").and_then(Node::text) == Some("volume"))
        .filter_map(|it| it.get("source").and_then(Node::text))
        .map(|name| ("volumes", name));
    let mut all: Vec<(&'static str, &str)> = volumes.collect();
    for section in ["secrets", "configs"] {
        let named = items(section).filter_map(|it| it.get("source").and_then(Node::text));
        all.extend(named.map(|name| (section, name)));
    }
    let networks = service.get("networks").map(Node::entries).unwrap_or_default();
    all.extend(networks.iter().map(|it| ("networks", it.key.as_str())));
    if networks.is_empty() && service.get("network_mode").is_none() {
        all.push(("networks", "default"));
    }
    all
}

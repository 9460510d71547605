//! Keys that compose does not know, with the one that may have been meant.

use crate::parse::compose::tree::{Node, Place, Value};

use super::{Kind, ROOT, find, is_extension};

/// A key that compose does not know: whatever it was to do, it does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// Where the key stands.
    pub key_at: Place,
    /// The key.
    pub key: String,
    /// The keys that lead to it and itself, with points between them.
    pub path: String,
    /// The key of the same level that comes nearest to it.
    pub nearest: Option<&'static str>,
}

/// Every key of a project that compose does not know, in the order of the
/// files. `x-` extensions are meant for others and are none of them.
pub fn unknown(root: &Node) -> Vec<Unknown> {
    unknown_in(root, &ROOT, &mut { MOST_COMPARED })
}

/// The same of one value by what it is to be; the paths begin at it. `compared`
/// is for how many more the nearest is looked for: [`MOST_COMPARED`] a file.
pub fn unknown_in(node: &Node, kind: &Kind, compared: &mut usize) -> Vec<Unknown> {
    let mut found = Vec::new();
    search(node, kind, &mut Vec::new(), &mut found, compared);
    found
}

/// How much of a key is kept in a path, so that a long one is not repeated in
/// every path below it.
const LONGEST_PART: usize = 100;

/// For how many unknown keys the nearest is looked for: a file with more of
/// them is not compose at all, and each costs a comparison with a whole table.
pub const MOST_COMPARED: usize = 256;

fn search<'a>(
    node: &'a Node,
    kind: &Kind,
    path: &mut Vec<&'a str>,
    found: &mut Vec<Unknown>,
    compared: &mut usize,
) {
    match (kind, &node.value) {
        (Kind::Short(_, inner), _) => search(node, inner, path, found, compared),
        (Kind::List(inner), Value::List(items)) => {
            items.iter().for_each(|item| search(item, inner, path, found, compared));
        }
        (Kind::Named(inner), Value::Map(entries)) => {
            for entry in entries {
                path.push(&entry.key);
                search(&entry.node, inner, path, found, compared);
                path.pop();
            }
        }
        (Kind::Record(keys), Value::Map(entries)) => {
            for entry in entries.iter().filter(|entry| !is_extension(&entry.key)) {
                path.push(&entry.key);
                match find(keys, &entry.key) {
                    Some(kind) => search(&entry.node, kind, path, found, compared),
                    None => {
                        let is_compared = *compared > 0;
                        *compared = compared.saturating_sub(1);
                        found.push(Unknown {
                            key_at: entry.key_at,
                            key: entry.key.clone(),
                            path: written(path),
                            nearest: is_compared.then(|| nearest(&entry.key, keys)).flatten(),
                        });
                    }
                }
                path.pop();
            }
        }
        _ => {}
    }
}

/// Keys with points between them, each cut where it is too long.
fn written(path: &[&str]) -> String {
    let cut = |key: &&str| -> String { key.chars().take(LONGEST_PART).collect() };
    path.iter().map(cut).collect::<Vec<_>>().join(".")
}

/// What people write, and what compose calls it: names of `docker run`, of
/// Kubernetes, of older versions and plain slips that no spelling explains.
/// Only letters and digits count, in lower case.
const CONFUSED: [(&str, &str); 74] = [
    ("allowprivilegeescalation", "security_opt"),
    ("apparmor", "security_opt"),
    ("arguments", "command"),
    ("autorestart", "restart"),
    ("buildargs", "args"),
    ("capabilities", "cap_add"),
    ("capabilitiesadd", "cap_add"),
    ("capabilitiesdrop", "cap_drop"),
    ("capsadd", "cap_add"),
    ("capsdrop", "cap_drop"),
    ("cgroupns", "cgroup"),
    ("cmd", "command"),
    ("containername", "container_name"),
    ("cpu", "cpus"),
    ("cpulimit", "cpus"),
    ("cpusetcpus", "cpuset"),
    ("depends", "depends_on"),
    ("device", "devices"),
    ("dockerfilepath", "dockerfile"),
    ("dropcapabilities", "cap_drop"),
    ("env", "environment"),
    ("envvars", "environment"),
    ("envfrom", "env_file"),
    ("envfiles", "env_file"),
    ("exposedports", "expose"),
    ("fsgroup", "group_add"),
    ("groups", "group_add"),
    ("health", "healthcheck"),
    ("healthcmd", "healthcheck"),
    ("hostipc", "ipc"),
    ("hostnetwork", "network_mode"),
    ("hostpid", "pid"),
    ("hosts", "extra_hosts"),
    ("initprocess", "init"),
    ("ipcmode", "ipc"),
    ("livenessprobe", "healthcheck"),
    ("logdriver", "logging"),
    ("logopt", "logging"),
    ("maxretries", "max_attempts"),
    ("mem", "mem_limit"),
    ("memory", "mem_limit"),
    ("memlimit", "memory"),
    ("memorylimit", "mem_limit"),
    ("memorylimit", "memory"),
    ("memoryreservation", "mem_reservation"),
    ("memoryswap", "memswap_limit"),
    ("mounts", "volumes"),
    ("net", "network_mode"),
    ("nonewprivileges", "security_opt"),
    ("nonewprivs", "security_opt"),
    ("pidmode", "pid"),
    ("pids", "pids_limit"),
    ("pidslimit", "pids"),
    ("publish", "ports"),
    ("readinessprobe", "healthcheck"),
    ("readonlyfilesystem", "read_only"),
    ("readonlyroot", "read_only"),
    ("readonlyrootfilesystem", "read_only"),
    ("readonlyrootfs", "read_only"),
    ("restartpolicy", "restart"),
    ("runasgroup", "user"),
    ("runasnonroot", "user"),
    ("runasuser", "user"),
    ("seccomp", "security_opt"),
    ("seccompprofile", "security_opt"),
    ("securitycontext", "security_opt"),
    ("securityoptions", "security_opt"),
    ("startupprobe", "healthcheck"),
    ("stopgrace", "stop_grace_period"),
    ("stoptimeout", "stop_grace_period"),
    ("terminationgraceperiodseconds", "stop_grace_period"),
    ("uid", "user"),
    ("usernsmode", "userns_mode"),
    ("workdir", "working_dir"),
];

/// How like a key must be before it is offered, of 1.
const LIKE: f64 = 0.6;

/// A key longer than this is no slip of any of ours.
const LONGEST: usize = 64;

fn nearest(key: &str, keys: &'static [(&'static str, Kind)]) -> Option<&'static str> {
    if key.len() > LONGEST {
        return None;
    }
    let letters = |text: &str| -> String {
        let kept = text.chars().filter(|it| it.is_ascii_alphanumeric());
        kept.map(|it| it.to_ascii_lowercase()).collect()
    };
    let bare = letters(key);
    let names = || keys.iter().map(|(name, _)| *name);
    if let Some(same) = names().find(|name| letters(name) == bare) {
        return Some(same);
    }
    let mut meant = CONFUSED.iter().filter(|(wrong, _)| *wrong == bare).map(|(_, right)| *right);
    if let Some(meant) = meant.find(|right| find(keys, right).is_some()) {
        return Some(meant);
    }
    let likeness = |name: &str| strsim::normalized_damerau_levenshtein(&bare, &letters(name));
    let (name, likeness) = names()
        .map(|name| (name, likeness(name)))
        .reduce(|best, next| if next.1 > best.1 { next } else { best })?;
    (likeness >= LIKE).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::compose::tree::Entry;

    fn at(line: u32) -> Place {
        Place { file: 0, line, column: 1, length: 1 }
    }

    fn map(entries: Vec<(&str, Node)>) -> Node {
        let entries = entries.into_iter().zip(1..).map(|((key, node), line)| Entry {
            key: key.to_owned(),
            key_at: at(line),
            node,
        });
        Node::new(Value::Map(entries.collect()), at(1))
    }

    fn null() -> Node {
        Node::new(Value::Null, at(1))
    }

    fn of_service(key: &str) -> Vec<Unknown> {
        unknown(&map(vec![("services", map(vec![("web", map(vec![(key, null())]))]))]))
    }

    #[test]
    fn a_key_that_does_nothing_is_found_with_the_one_that_was_meant() {
        for (key, meant) in [
            ("read_only_root_filesystem", "read_only"),
            ("readonly", "read_only"),
            ("read_only_rootfs", "read_only"),
            ("read-only", "read_only"),
            ("no_new_privileges", "security_opt"),
            ("security_opts", "security_opt"),
            ("securityContext", "security_opt"),
            ("capabilities", "cap_add"),
            ("cap-drop", "cap_drop"),
            ("capdrop", "cap_drop"),
            ("cap_droop", "cap_drop"),
            ("memory_limit", "mem_limit"),
            ("runAsUser", "user"),
            ("healthchek", "healthcheck"),
            ("enviroment", "environment"),
            ("Privileged", "privileged"),
            ("pid_limit", "pids_limit"),
        ] {
            let found = of_service(key);
            assert_eq!(found.len(), 1, "{key}");
            assert_eq!(found[0].nearest, Some(meant), "{key}");
            assert_eq!(found[0].path, format!("services.web.{key}"));
        }
        assert_eq!(of_service("wibble")[0].nearest, None);
        assert_eq!(of_service(&"read_only".repeat(30))[0].nearest, None);
    }

    #[test]
    fn the_nearest_key_is_one_of_the_same_level() {
        let limits = map(vec![("mem_limit", null()), ("cpu", null())]);
        let deploy = map(vec![("resources", map(vec![("limits", limits)]))]);
        let found =
            unknown(&map(vec![("services", map(vec![("web", map(vec![("deploy", deploy)]))]))]));
        let found: Vec<_> = found.iter().map(|it| (it.path.as_str(), it.nearest)).collect();
        let path = "services.web.deploy.resources.limits";
        assert_eq!(
            found,
            [
                (format!("{path}.mem_limit").as_str(), Some("memory")),
                (format!("{path}.cpu").as_str(), Some("cpus"))
            ]
        );
    }

    #[test]
    fn extensions_and_names_that_a_person_chose_are_not_unknown() {
        let service = map(vec![
            ("x-own", map(vec![("anything", null())])),
            ("environment", map(vec![("READONLY", null())])),
            ("storage_opt", map(vec![("size", null())])),
        ]);
        let root = map(vec![("x-common", null()), ("services", map(vec![("readonly", service)]))]);
        assert_eq!(unknown(&root), []);
    }

    #[test]
    fn what_is_meant_is_always_a_key_of_some_level() {
        fn is_known(kind: &Kind, name: &str) -> bool {
            match kind {
                Kind::List(inner) | Kind::Named(inner) | Kind::Short(_, inner) => {
                    is_known(inner, name)
                }
                Kind::Record(keys) => {
                    find(keys, name).is_some() || keys.iter().any(|(_, it)| is_known(it, name))
                }
                Kind::Any | Kind::Text | Kind::Flag | Kind::Integer | Kind::Number => false,
                Kind::Size | Kind::Duration | Kind::Mode | Kind::Command => false,
            }
        }
        for (wrong, right) in CONFUSED {
            assert!(is_known(&ROOT, right), "{wrong} → {right}");
        }
    }

    #[test]
    fn a_file_of_nothing_but_unknown_keys_costs_little() {
        let keys: Vec<String> = (0..50_000).map(|it| format!("key_number_{it}")).collect();
        let root = map(keys.iter().map(|key| (key.as_str(), null())).collect());
        let start = std::time::Instant::now();
        assert_eq!(unknown(&root).len(), 50_000);
        assert!(start.elapsed().as_secs() < 5);
    }
}

//! What a call installs for a project as a whole, and whether that is for production.
//!
//! Sources: the manuals of npm, yarn, pnpm, bun, pip, uv, poetry, pipenv, composer and
//! bundler.

use std::collections::BTreeSet;

use crate::facts::build::{Carriage, Doubt, Started};
use crate::model::untrusted::Untrusted;
use crate::parse::dockerfile::{Act, Manager, Verb, act};
use crate::parse::path::clean;

/// What a call does to the dependencies of a project; they lie at one of the paths.
pub(super) enum Project {
    /// It installs those for development as well.
    Whole { what: String, paths: Vec<String> },
    /// Nobody can tell whether it does.
    Untold { doubt: Doubt, paths: Vec<String> },
    /// It leaves only those for production.
    Clean(Vec<String>),
}

/// What earlier calls told programs for good, by their names.
#[derive(Default)]
pub(super) struct Told(BTreeSet<&'static str>);

/// Whether an installation leaves out what is for development.
enum Leaves<'c> {
    Out,
    In,
    Untold(&'c str),
}

/// The words that name what is for development.
const DEVELOPMENT: [&str; 10] = [
    "dev",
    "devel",
    "develop",
    "development",
    "lint",
    "test",
    "testing",
    "tests",
    "typing",
    "local",
];

/// What a call does to the dependencies of a project; none where it does nothing.
pub(super) fn project(
    started: &Started<'_>,
    carriage: &Carriage<'_>,
    told: &mut Told,
) -> Option<Project> {
    configure(started, told);
    if let Some(act) = act(started.call) {
        return match act.manager {
            Manager::Npm | Manager::Yarn | Manager::Pnpm => of_node(started, &act, carriage, told),
            Manager::Pip => of_pip(started, &act, carriage),
            Manager::Apt | Manager::Apk | Manager::Dnf | Manager::Zypper => None,
        };
    }
    of_others(started, carriage, told)
}

/// Remembers what `npm config set omit dev` and `bundle config without …` say.
fn configure(started: &Started<'_>, told: &mut Told) {
    let words: Vec<&str> = started.call.words().collect();
    let has = |word: &str| words.iter().any(|it| it.split('=').next() == Some(word));
    match started.call.name() {
        "npm" if has("set") && (has("omit") || has("production") || has("only")) => {
            told.0.insert("npm");
        }
        "bundle" | "bundler" if has("config") && (has("without") || has("only")) => {
            told.0.insert("bundle");
        }
        _ => {}
    }
}

fn of_node(
    started: &Started<'_>,
    act: &Act<'_>,
    carriage: &Carriage<'_>,
    told: &Told,
) -> Option<Project> {
    if act.is_global() {
        return None;
    }
    let words = || started.call.words();
    let paths = || -> Vec<String> {
        carriage.roots(started, act).iter().map(|it| below(it, "node_modules")).collect()
    };
    let is_prune = words().any(|it| it == "prune") && !words().any(|it| it == "run");
    let installs = matches!(act.verb, Verb::Install | Verb::InstallLocked);
    // What nobody can tell may be options.
    let is_unnamed = act.packages.iter().all(|it| it.told().is_none());
    let is_project = installs && is_unnamed && !words().any(|it| it == "fetch");
    if is_project || is_prune && act.verb == Verb::Other {
        return match leaves_of_node(started, act, told) {
            Leaves::Out => Some(Project::Clean(paths())),
            _ if is_prune => None,
            Leaves::In => Some(whole(started, paths())),
            Leaves::Untold(why) => Some(untold(started, why, paths())),
        };
    }
    let saved = ["-D", "--save-dev", "--dev"];
    if installs && act.has(&saved) {
        return Some(whole(started, paths()));
    }
    None
}

fn leaves_of_node<'l>(started: &Started<'l>, act: &Act<'l>, told: &Told) -> Leaves<'l> {
    let is_off = |value: &Option<&str>| matches!(value, Some("false" | "0"));
    if act.values(&["--include", "--also"]).any(|it| it.starts_with("dev")) {
        return Leaves::In;
    }
    let switches = ["--production", "--prod", "-P", "--no-dev"];
    if let Some((_, value)) = act.options.iter().rev().find(|(name, _)| switches.contains(name)) {
        return if is_off(value) { Leaves::In } else { Leaves::Out };
    }
    let omits = |it: &str| it.split(',').any(|it| it == "dev");
    let only = |it: &str| it.starts_with("prod");
    if act.values(&["--omit"]).any(omits) || act.values(&["--only"]).any(only) {
        return Leaves::Out;
    }
    if let Some(untold) = act.untold {
        return Leaves::Untold(untold.text.as_deref().err().map_or("", String::as_str));
    }
    if act.manager == Manager::Npm && told.0.contains("npm") {
        return Leaves::Out;
    }
    let own = OWN.iter().filter(|(manager, _)| *manager == act.manager).map(|(_, it)| it);
    by_variables(started, OF_NODE.iter().chain(own).copied())
}

/// The variables that managers of Node's go by.
const OF_NODE: [Variable; 3] = [
    ("NODE_ENV", is_production),
    ("npm_config_production", is_on),
    ("NPM_CONFIG_PRODUCTION", is_on),
];
const OWN: [(Manager, Variable); 3] = [
    (Manager::Npm, ("npm_config_omit", names_development)),
    (Manager::Npm, ("NPM_CONFIG_OMIT", names_development)),
    (Manager::Yarn, ("YARN_PRODUCTION", is_on)),
];

fn of_pip(started: &Started<'_>, act: &Act<'_>, carriage: &Carriage<'_>) -> Option<Project> {
    if act.verb != Verb::Install {
        return None;
    }
    let files = act.values(&["-r", "--requirement", "--requirements"]);
    let file = files.filter(|it| is_for_development(it.trim_end_matches(".txt"))).last();
    let group = act.values(&["--group", "--extra"]).filter(|it| is_for_development(it)).last();
    let packages = act.packages.iter().filter_map(|it| it.told());
    let packages = packages.chain(act.values(&["-e", "--editable"]));
    let extras = packages
        .filter(|it| {
            let inner = it.split_once('[').and_then(|(_, it)| it.split_once(']'));
            inner.is_some_and(|(it, _)| it.split(',').any(is_for_development))
        })
        .last();
    let what = Untrusted::from(file.or(group).or(extras)?);
    let what = format!("{} installs {what}, which is for development", started.call.name());
    Some(Project::Whole { what, paths: site_packages(&carriage.roots(started, act)) })
}

/// Whether a file, an extra or a group is named after development.
fn is_for_development(name: &str) -> bool {
    let own = name.rsplit('/').next().unwrap_or_default();
    let mut words = own.split(['-', '_', '.', ' ']);
    words.any(|it| DEVELOPMENT.contains(&it.to_ascii_lowercase().as_str()))
}

fn of_others(started: &Started<'_>, carriage: &Carriage<'_>, told: &Told) -> Option<Project> {
    let call = started.call;
    let has = |options: &[&str]| {
        call.words().any(|it| options.contains(&it.split('=').next().unwrap_or_default()))
    };
    let verb = call.words().find(|it| !it.starts_with('-')).unwrap_or_default();
    let folder = started.folder.as_deref().unwrap_or("/?");
    let names = call.words().filter(|it| !it.starts_with('-')).count();
    let venv = || site_packages(&[below(folder, ".venv")]);
    let Others { leaves, variables, paths, cleans } = match (call.name(), verb) {
        ("bun", "install" | "i") if names == 1 => Others {
            leaves: has(&["--production", "-p", "--omit"]),
            variables: &[("NODE_ENV", is_production)],
            paths: vec![below(folder, "node_modules")],
            cleans: vec![below(folder, "node_modules")],
        },
        ("uv", "sync") => Others {
            leaves: has(&["--no-dev", "--no-default-groups", "--no-group", "--only-group"])
                && !has(&["--all-groups", "--dev"]),
            variables: &[("UV_NO_DEV", is_on), ("UV_NO_DEFAULT_GROUPS", is_on)],
            paths: of_python(carriage, started),
            cleans: venv(),
        },
        ("poetry", "install" | "sync") => Others {
            leaves: has(&["--without", "--only", "--no-dev", "--only-root"]) && !has(&["--with"]),
            paths: of_python(carriage, started),
            cleans: if verb == "sync" || has(&["--sync"]) { venv() } else { Vec::new() },
            ..Others::default()
        },
        ("pdm", "install" | "sync") => Others {
            leaves: has(&["--prod", "--production", "--no-dev"]),
            paths: of_python(carriage, started),
            ..Others::default()
        },
        ("pipenv", "install" | "sync") => Others {
            leaves: !has(&["--dev", "-d"]),
            paths: of_python(carriage, started),
            ..Others::default()
        },
        ("composer", "install" | "update") => Others {
            leaves: has(&["--no-dev"]),
            variables: &[("COMPOSER_NO_DEV", is_on)],
            paths: vec![below(folder, "vendor")],
            cleans: vec![below(folder, "vendor")],
        },
        ("bundle" | "bundler", "install") => Others {
            leaves: has(&["--without"]) || told.0.contains("bundle"),
            variables: &[("BUNDLE_WITHOUT", names_development), ("BUNDLE_ONLY", is_something)],
            paths: ["/usr/local/bundle", "vendor/bundle", "vendor", ".bundle"]
                .map(|it| if it.starts_with('/') { it.to_owned() } else { below(folder, it) })
                .to_vec(),
            cleans: Vec::new(),
        },
        _ => return None,
    };
    if leaves {
        return Some(Project::Clean(cleans));
    }
    let untold = call.arguments.iter().find_map(|it| it.text.as_deref().err());
    match (by_variables(started, variables.iter().copied()), untold) {
        (Leaves::Out, _) => Some(Project::Clean(cleans)),
        (Leaves::Untold(why), _) => Some(self::untold(started, why, paths)),
        (Leaves::In, Some(why)) => Some(self::untold(started, why, paths)),
        (Leaves::In, None) => Some(whole(started, paths)),
    }
}

/// A variable, and the values with which what is for development is left out.
type Variable = (&'static str, fn(&str) -> bool);

/// What another program than the managers of Node's and pip is told.
#[derive(Default)]
struct Others {
    /// Whether its options leave out what is for development.
    leaves: bool,
    /// The variables that do.
    variables: &'static [Variable],
    /// Where it may install to.
    paths: Vec<String>,
    /// Where it takes away what it leaves out.
    cleans: Vec<String>,
}

/// The environment beside the project, and wherever else Python's packages lie.
fn of_python(carriage: &Carriage<'_>, started: &Started<'_>) -> Vec<String> {
    let folder = started.folder.as_deref().unwrap_or("/?");
    let mut roots = vec![below(folder, ".venv")];
    roots.extend(carriage.of_python(started));
    site_packages(&roots)
}

fn site_packages(roots: &[String]) -> Vec<String> {
    roots.iter().map(|it| format!("{it}/lib/python3/site-packages")).collect()
}

fn by_variables<'l>(
    started: &Started<'l>,
    variables: impl Iterator<Item = Variable>,
) -> Leaves<'l> {
    let mut answer = Leaves::In;
    for (name, is_it) in variables {
        match started.done.setting(started.call, name) {
            Some(Ok(value)) if is_it(value) => return Leaves::Out,
            Some(Err(why)) => answer = Leaves::Untold(why),
            Some(Ok(_)) | None => {}
        }
    }
    answer
}

fn is_production(value: &str) -> bool {
    value == "production"
}

fn names_development(value: &str) -> bool {
    value.contains("dev")
}

fn is_something(value: &str) -> bool {
    !value.is_empty()
}

fn is_on(value: &str) -> bool {
    !["", "0", "false", "no", "off"].contains(&value.to_ascii_lowercase().as_str())
}

fn whole(started: &Started<'_>, paths: Vec<String>) -> Project {
    let what = format!("{} installs what is for development as well", started.call.name());
    Project::Whole { what, paths }
}

fn untold(started: &Started<'_>, why: &str, paths: Vec<String>) -> Project {
    Project::Untold { doubt: (started.call.program.place, why.to_owned()), paths }
}

fn below(folder: &str, name: &str) -> String {
    clean(&format!("{folder}/{name}"))
}

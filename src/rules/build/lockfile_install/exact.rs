//! Whether a package is named with its version.

use crate::parse::dockerfile::{Argument, Call, Manager};

/// Whether a package is named with its version, or is a file.
pub(super) fn is_exact(manager: Manager, package: &str) -> bool {
    if manager == Manager::Pip {
        return is_exact_of_python(package);
    }
    if let Some(reference) = repository(package) {
        return is_reference(reference);
    }
    is_file(package)
        || package.contains('/') && !package.starts_with('@')
        || package.rsplit_once('@').is_some_and(|(name, it)| !name.is_empty() && is_version(it))
}

fn is_exact_of_python(package: &str) -> bool {
    if let Some((_, address)) = package.split_once("git+") {
        let address = address.split('#').next().unwrap_or_default();
        let path = address.split_once("://").map_or(address, |(_, it)| it);
        let path = path.split_once('/').map_or("", |(_, it)| it);
        return path.rsplit_once('@').is_some_and(|(_, it)| is_reference(it));
    }
    let bare = package.split(['[', '<', '>', '=', '~', '!', ';', ' ']).next().unwrap_or_default();
    let version = package.split_once("==").map(|(_, it)| it.split([';', ',']).next());
    is_file(package)
        || package.contains('/')
        || ["pip", "setuptools", "wheel"].contains(&bare)
        || version.is_some_and(|it| it.is_some_and(|it| !it.contains('*')))
}

fn is_file(package: &str) -> bool {
    package.starts_with(['.', '/', '~', '*'])
        || [".whl", ".tgz", ".tar.gz"].iter().any(|it| package.ends_with(it))
}

/// What of a repository a package of Node's is, empty where that is not said; none
/// where it is no repository.
fn repository(package: &str) -> Option<&str> {
    let (address, reference) = package.split_once('#').unwrap_or((package, ""));
    let is_short = !address.starts_with(['.', '/', '~', '@', '*'])
        && address.split('/').count() == 2
        && !address.contains([':', '@']);
    let is_git = ["git+", "git:", "git@", "github:", "gitlab:", "bitbucket:"]
        .iter()
        .any(|it| address.starts_with(it));
    let is_archive = is_file(address);
    (is_git || (is_short || address.ends_with(".git")) && !is_archive).then_some(reference)
}

/// Whether this is a commit, or a tag that is named as a version.
fn is_reference(it: &str) -> bool {
    let is_commit = it.len() >= 7 && it.chars().all(|it| it.is_ascii_hexdigit());
    is_commit || it.trim_start_matches('v').starts_with(|it: char| it.is_ascii_digit())
}

/// Whether this is one version, and not a range: `1.2.3`, `v1.2.3-rc.1`.
fn is_version(it: &str) -> bool {
    let it = it.strip_prefix(['v', '=']).unwrap_or(it);
    let numbers = it.split(['-', '+']).next().unwrap_or_default();
    let is_number = |it: &str| !it.is_empty() && it.chars().all(|it| it.is_ascii_digit());
    numbers.split('.').count() == 3 && numbers.split('.').all(is_number)
}

/// The packages that another program is told to install without a version, or nobody
/// can tell with which. A word
/// that may be the value of an option is none.
pub(super) fn loose(call: &Call) -> Vec<&Argument> {
    const SWITCHES: [&str; 16] = [
        "-g",
        "--global",
        "-N",
        "--no-document",
        "--no-ri",
        "--no-rdoc",
        "-f",
        "--force",
        "-D",
        "--dev",
        "-y",
        "-q",
        "--quiet",
        "--no-cache",
        "--no-interaction",
        "-v",
    ];
    let words = || call.arguments.iter().enumerate();
    let is_option = |it: &str| it.starts_with('-');
    let mut verbs = words().filter(|(_, it)| it.told().is_none_or(|it| !is_option(it)));
    let mut verb = || verbs.next().and_then(|(at, it)| Some((at, it.told()?)));
    let Some((mut last, first)) = verb() else { return Vec::new() };
    let mut verb_of = first;
    if matches!((call.name(), first), ("uv", "tool") | ("composer", "global")) {
        let Some((at, inner)) = verb() else { return Vec::new() };
        (last, verb_of) = (at, inner);
    }
    let has = |names: &[&str]| {
        call.words().any(|it| names.contains(&it.split('=').next().unwrap_or_default()))
    };
    let is_fixed: fn(&str) -> bool = match (call.name(), first, verb_of) {
        ("bun", _, "install" | "i" | "add") => |it| is_exact(Manager::Npm, it),
        ("pipx", _, "install") | ("uv", "add", _) | ("poetry", _, "add") => {
            is_exact_of_python_or_at
        }
        ("uv", "tool", "install") => is_exact_of_python_or_at,
        ("gem", _, "install") if !has(&["-v", "--version", "-g", "--file"]) => {
            |it| it.ends_with(".gem") || it.contains(':')
        }
        ("go", _, "install" | "get") => {
            |it| it.rsplit_once('@').is_none_or(|(_, it)| is_reference(it))
        }
        ("composer", _, "require") => {
            |it| !it.contains('/') || it.split_once(':').is_some_and(|(_, it)| is_version(it))
        }
        _ => return Vec::new(),
    };
    let told = |at: usize| call.arguments.get(at).and_then(Argument::told);
    let after = words().filter(|(at, _)| *at > last);
    let is_package = |at: usize| {
        let before = told(at.saturating_sub(1)).unwrap_or_default();
        // composer takes a version as a word of its own as well.
        let next = told(at + 1).filter(|_| call.name() == "composer").unwrap_or_default();
        let is_value = is_option(before) && !before.contains('=') && !SWITCHES.contains(&before);
        !is_value && !is_version(next)
    };
    let loose = after.filter(|(at, it)| {
        it.told().is_none_or(|it| !is_option(it) && !is_fixed(it)) && is_package(*at)
    });
    loose.map(|(_, it)| it).collect()
}

/// pipx, poetry and `uv tool` know `name@1.2.3` as well.
fn is_exact_of_python_or_at(package: &str) -> bool {
    let version = package.split_once('@').filter(|_| !package.contains("git+"));
    is_exact_of_python(package) || version.is_some_and(|(_, it)| is_version(it))
}

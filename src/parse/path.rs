//! Absolute paths as text: a container's paths need not exist here.

use crate::model::secret::Variable;
use crate::model::untrusted::Untrusted;

/// Whether `path` is `folder` or lies below it. `/docker/ab1` is not within `/docker/ab`.
pub fn is_within(path: &str, folder: &str) -> bool {
    beneath(path, folder).is_some()
}

/// What of `path` lies below `folder`, without a leading slash; empty for the folder itself.
pub fn beneath<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(folder.trim_end_matches('/'))?;
    (rest.is_empty() || rest.starts_with('/')).then(|| rest.trim_start_matches('/'))
}

/// A path without doubled slashes, `.` and `..`, as far as the text alone tells:
/// a link may lead elsewhere.
pub fn clean(path: &str) -> String {
    let is_absolute = path.starts_with('/');
    let mut kept: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => match kept.last() {
                Some(last) if *last != ".." => {
                    kept.pop();
                }
                _ if is_absolute => {}
                _ => kept.push(part),
            },
            _ => kept.push(part),
        }
    }
    let joined = kept.join("/");
    match (is_absolute, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

/// A path of the host by the name that it has there: `/var/run` is a link to `/run`
/// (Filesystem Hierarchy Standard 3.0, 5.13), which no declaration resolves.
pub fn on_host(path: &str) -> String {
    if !path.starts_with('/') {
        return path.to_owned();
    }
    let path = clean(path);
    match beneath(&path, "/var/run") {
        Some("") => "/run".to_owned(),
        Some(inner) => format!("/run/{inner}"),
        None => path,
    }
}

/// Where programs are looked for without a `PATH`, as the engines set it.
pub const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The files that a program's name may stand for, the first that is there
/// counts. Nothing where a folder of `path` cannot be told.
pub fn candidates(program: &str, path: Option<&str>) -> Vec<String> {
    if program.contains('/') {
        return vec![program.to_owned()];
    }
    let folders: Vec<&str> = path.unwrap_or(DEFAULT_PATH).split(':').collect();
    if folders.iter().any(|folder| !folder.starts_with('/')) {
        return Vec::new();
    }
    folders.iter().map(|folder| format!("{}/{program}", folder.trim_end_matches('/'))).collect()
}

/// The `PATH` of an environment, where it names one: the last one wins.
pub fn search_path(variables: &[Variable]) -> Option<&str> {
    let path = variables.iter().rev().find(|variable| variable.name.raw() == "PATH")?;
    path.kept.as_ref().map(Untrusted::raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sibling_with_a_longer_name_is_not_within() {
        assert!(is_within("/docker/ab", "/docker/ab"));
        assert!(is_within("/docker/ab/x", "/docker/ab/"));
        assert!(!is_within("/docker/abc", "/docker/ab"));
        assert!(is_within("/anything", "/"));
    }

    #[test]
    fn a_program_is_looked_for_along_the_path() {
        assert_eq!(candidates("/bin/x", Some("/usr/bin")), ["/bin/x"]);
        assert_eq!(candidates("x", Some("/usr/bin:/bin/")), ["/usr/bin/x", "/bin/x"]);
        assert_eq!(candidates("x", None).len(), 6);
        assert!(candidates("x", Some("/bin:…")).is_empty());
    }

    #[test]
    fn a_path_is_cleaned_by_its_text() {
        for (path, cleaned) in [
            ("/a//b/./c/", "/a/b/c"),
            ("/a/../../b", "/b"),
            ("a/../../b", "../b"),
            ("./a", "a"),
            ("a/..", "."),
            ("/", "/"),
        ] {
            assert_eq!(clean(path), cleaned, "{path}");
        }
    }

    #[test]
    fn the_old_name_of_run_is_run() {
        for (path, there) in [
            ("/var/run", "/run"),
            ("/var/run/podman/", "/run/podman"),
            ("/var//lib/../run/user/1000", "/run/user/1000"),
            ("/var/runs", "/var/runs"),
            ("/srv/var/run", "/srv/var/run"),
            ("C:\\data", "C:\\data"),
        ] {
            assert_eq!(on_host(path), there, "{path}");
        }
    }

    #[test]
    fn the_rest_has_no_leading_slash() {
        assert_eq!(beneath("/run/docker.sock", "/run"), Some("docker.sock"));
        assert_eq!(beneath("/run", "/run"), Some(""));
        assert_eq!(beneath("/srv", "/run"), None);
    }
}

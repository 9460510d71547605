//! Absolute paths as text: a container's paths need not exist here.

/// Whether `path` is `folder` or lies below it. `/docker/ab1` is not within `/docker/ab`.
pub fn is_within(path: &str, folder: &str) -> bool {
    beneath(path, folder).is_some()
}

/// What of `path` lies below `folder`, without a leading slash; empty for the folder itself.
pub fn beneath<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(folder.trim_end_matches('/'))?;
    (rest.is_empty() || rest.starts_with('/')).then(|| rest.trim_start_matches('/'))
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
    fn the_rest_has_no_leading_slash() {
        assert_eq!(beneath("/run/docker.sock", "/run"), Some("docker.sock"));
        assert_eq!(beneath("/run", "/run"), Some(""));
        assert_eq!(beneath("/srv", "/run"), None);
    }
}

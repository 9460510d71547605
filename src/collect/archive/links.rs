//! Where symbolic links lead, worked out from the links that archives tell of
//! (`path_resolution(7)`): nothing is opened and nobody is asked.

use std::collections::BTreeMap;

/// How many links are followed for one path: as many as the kernel follows.
const MOST_FOLLOWED: usize = 40;

/// Links by their paths, and what each holds.
#[derive(Debug, Default)]
pub(super) struct Links(BTreeMap<Vec<u8>, Vec<u8>>);

impl Links {
    /// One more link.
    pub(super) fn add(&mut self, path: &[u8], target: Vec<u8>) {
        self.0.insert(path.to_vec(), target);
    }

    /// The path at which no link is left, the root as a slash. `..` of the root
    /// is the root. None where links lead in circles.
    pub(super) fn resolved(&self, path: &[u8]) -> Option<Vec<u8>> {
        let mut at: Vec<u8> = Vec::with_capacity(path.len());
        let mut ahead: Vec<&[u8]> = path.rsplit(|it| *it == b'/').collect();
        let mut followed = 0;
        while let Some(part) = ahead.pop() {
            match part {
                b"" | b"." => continue,
                b".." => {
                    at.truncate(at.iter().rposition(|it| *it == b'/').unwrap_or_default());
                    continue;
                }
                part => {
                    at.push(b'/');
                    at.extend_from_slice(part);
                }
            }
            let Some(target) = self.0.get(&at) else { continue };
            followed += 1;
            if followed > MOST_FOLLOWED {
                return None;
            }
            let above = at.iter().rposition(|it| *it == b'/').unwrap_or_default();
            at.truncate(if target.starts_with(b"/") { 0 } else { above });
            ahead.extend(target.rsplit(|it| *it == b'/'));
        }
        Some(if at.is_empty() { b"/".to_vec() } else { at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_followed_link_by_link_and_never_out() {
        let mut links = Links::default();
        for (path, target) in [
            ("/bin", "usr/bin"),
            ("/usr/bin/awk", "/etc/alternatives/awk"),
            ("/etc/alternatives/awk", "../../bin/mawk"),
            ("/out", "../../../etc/shadow"),
            ("/up", "/usr/lib/.."),
            ("/around", "around"),
            ("/a", "/b/x"),
            ("/b", "/a/y"),
        ] {
            links.add(path.as_bytes(), target.into());
        }
        for (path, found) in [
            ("/bin/awk", Some("/usr/bin/mawk")),
            ("/out", Some("/etc/shadow")),
            ("/up/share/./x", Some("/usr/share/x")),
            ("/../..", Some("/")),
            ("/bin/../x", Some("/usr/x")),
            ("/plain", Some("/plain")),
            ("/around", None),
            ("/a", None),
        ] {
            assert_eq!(
                links.resolved(path.as_bytes()).as_deref(),
                found.map(str::as_bytes),
                "{path}"
            );
        }
    }
}

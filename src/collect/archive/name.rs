//! What an archive's name stands for below the root, if for anything.

use crate::model::reading::Reason;

/// The longest path: as much as the kernel takes in one go (`PATH_MAX`).
const LONGEST: usize = 4096;

/// How many folders deep.
const DEEPEST: usize = 128;

/// The absolute path of an archive's name, without a slash at its end but for
/// the root. One that begins with a slash is below the root all the same, as it
/// is for engines.
///
/// # Errors
/// The name leads out, is none, or is longer or deeper than is looked at.
pub(super) fn absolute(name: &[u8]) -> Result<Vec<u8>, (Reason, &'static str)> {
    if name.is_empty() || name.contains(&0) {
        return Err((Reason::Malformed, "a name is empty or holds a zero"));
    }
    if name.len() > LONGEST {
        return Err((Reason::TooLarge, "a path is longer than 4096 bytes"));
    }
    let mut path = Vec::with_capacity(name.len() + 1);
    let mut depth = 0;
    for part in name.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => continue,
            b".." => return Err((Reason::Malformed, "a path has .. in it")),
            part => {
                path.push(b'/');
                path.extend_from_slice(part);
                depth += 1;
            }
        }
    }
    if depth > DEEPEST {
        return Err((Reason::TooLarge, "a path lies more than 128 folders deep"));
    }
    Ok(if path.is_empty() { b"/".to_vec() } else { path })
}

/// The folder that a path lies in, empty for the root, and its last name.
pub(super) fn split(path: &[u8]) -> (&[u8], &[u8]) {
    let slash = path.iter().rposition(|byte| *byte == b'/').unwrap_or_default();
    let (folder, name) = path.split_at(slash);
    (folder, name.strip_prefix(b"/").unwrap_or(name))
}

/// Whether a path is another or lies below it; the root is empty or a slash.
pub(super) fn is_within(path: &[u8], folder: &[u8]) -> bool {
    let folder = folder.strip_suffix(b"/").unwrap_or(folder);
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_below_the_root_or_refused() {
        for (name, path) in
            [("a", "/a"), ("./a//b/", "/a/b"), ("/etc/x", "/etc/x"), ("./", "/"), ("/", "/")]
        {
            assert_eq!(absolute(name.as_bytes()).unwrap(), path.as_bytes(), "{name}");
        }
        assert!(absolute(b"a/...").is_ok() && absolute(b"\xff\n").is_ok());
        for name in ["", "..", "../x", "a/../../x", "a/..", "/..", "a\0b"] {
            assert_eq!(absolute(name.as_bytes()).unwrap_err().0, Reason::Malformed, "{name}");
        }
        let (long, deep) = (vec![b'x'; 5000], b"x/".repeat(200));
        assert_eq!(absolute(&long).unwrap_err().0, Reason::TooLarge);
        assert_eq!(absolute(&deep).unwrap_err().0, Reason::TooLarge);
    }

    #[test]
    fn a_sibling_is_not_within() {
        assert!(is_within(b"/a/b", b"/a") && is_within(b"/a", b"/a") && is_within(b"/a", b"/"));
        assert!(!is_within(b"/ab", b"/a"));
        assert_eq!(split(b"/a/b"), (&b"/a"[..], &b"b"[..]));
        assert_eq!(split(b"/a"), (&b""[..], &b"a"[..]));
    }
}

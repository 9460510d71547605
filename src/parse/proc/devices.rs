//! `devices.list` of a cgroup (`Documentation/admin-guide/cgroup-v1/devices.rst`).

use std::fmt;

/// One line: what a cgroup lets its processes do with some devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// `a` for all, `c` for character and `b` for block devices.
    pub kind: char,
    /// The major number; `None` for all.
    pub major: Option<u32>,
    /// The minor number; `None` for all.
    pub minor: Option<u32>,
    /// What is allowed: of `r` (read), `w` (write) and `m` (mknod).
    pub access: String,
}

impl Entry {
    /// Whether a device can be opened, and not only its node be made.
    pub fn opens(&self) -> bool {
        self.access.contains(['r', 'w'])
    }

    /// Whether everything that `other` covers is covered by this entry.
    pub fn covers(&self, other: &Self) -> bool {
        let number = |mine: Option<u32>, theirs| mine.is_none() || mine == theirs;
        (self.kind == 'a' || self.kind == other.kind)
            && number(self.major, other.major)
            && number(self.minor, other.minor)
    }
}

/// Reads one entry, such as `c 1:3 rwm`, `b 8:* r` or `a *:* rwm`.
///
/// # Errors
/// The line is not of the documented form.
pub fn entry(line: &str) -> Result<Entry, String> {
    let read = || {
        let mut words = line.split_whitespace();
        let (kind, numbers) = (words.next()?, words.next().unwrap_or("*:*"));
        // `a` alone is everything, and older writers leave the access out.
        let access = words.next().unwrap_or("rwm");
        let (major, minor) = numbers.split_once(':')?;
        let number = |text: &str| match text {
            "*" => Some(None),
            digits => digits.parse().ok().map(Some),
        };
        let kind = kind.parse().ok().filter(|it| matches!(it, 'a' | 'b' | 'c'))?;
        let is_access = !access.is_empty() && access.chars().all(|it| "rwm".contains(it));
        is_access.then_some(Entry {
            kind,
            major: number(major)?,
            minor: number(minor)?,
            access: access.to_owned(),
        })
    };
    read().ok_or_else(|| format!("{line:?} is no entry of a device list"))
}

/// As a device list writes it.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number =
            |number: Option<u32>| number.map_or_else(|| "*".to_owned(), |it| it.to_string());
        write!(f, "{} {}:{} {}", self.kind, number(self.major), number(self.minor), self.access)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_reads_back_as_it_is_written() {
        for line in ["c 1:3 rwm", "b 8:* r", "a *:* rwm", "c *:* m"] {
            assert_eq!(entry(line).unwrap().to_string(), line);
        }
        assert_eq!(entry("a").unwrap().to_string(), "a *:* rwm");
    }

    #[test]
    fn what_is_no_entry_is_an_error() {
        for line in ["", "x 1:3 rwm", "c 1 rwm", "c 1:x rwm", "c 1:3 z", "cc 1:3 r"] {
            assert!(entry(line).is_err(), "{line}");
        }
    }

    #[test]
    fn an_entry_covers_what_it_names_and_no_more() {
        let covers =
            |wide: &str, narrow: &str| entry(wide).unwrap().covers(&entry(narrow).unwrap());
        assert!(covers("a *:* rwm", "b 8:0 r") && covers("c 136:* rwm", "c 136:4 rw"));
        assert!(!covers("c 136:* rwm", "c *:* rwm") && !covers("c 1:3 rwm", "b 1:3 rwm"));
    }
}

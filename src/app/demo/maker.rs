//! Which demo made a container or an image, and whether that demo still runs.

use std::collections::HashMap;

/// The label of everything that a demo makes.
pub(super) const LABEL: &str = "secaudit.demo";

/// The label that tells which process made it.
pub(super) const MADE_BY: &str = "secaudit.demo.made-by";

/// A running demo, told apart from every other on any machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Maker {
    /// The boot and the PID namespace in which the process is numbered.
    place: String,
    pid: u32,
    start: u64,
}

impl Maker {
    /// This process.
    pub(super) fn here() -> Self {
        let pid = std::process::id();
        Self { place: place(), pid, start: start(pid).unwrap_or_default() }
    }

    /// The labels of what this demo makes.
    pub(super) fn labels(&self) -> HashMap<String, String> {
        let pairs = [(LABEL, "true".to_owned()), (MADE_BY, self.label())];
        pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    pub(super) fn label(&self) -> String {
        format!("{}/{}/{}", self.place, self.pid, self.start)
    }

    /// Whether a container or image with this label was left behind. Where its
    /// maker ran elsewhere or before a reboot, only `is_running` can tell.
    pub(super) fn has_left(&self, label: Option<&str>, is_running: bool) -> bool {
        match label.and_then(Self::parse) {
            Some(other) if other.place == self.place => start(other.pid) != Some(other.start),
            Some(_) | None => !is_running,
        }
    }

    fn parse(label: &str) -> Option<Self> {
        let (rest, start) = label.rsplit_once('/')?;
        let (place, pid) = rest.rsplit_once('/')?;
        Some(Self { place: place.to_owned(), pid: pid.parse().ok()?, start: start.parse().ok()? })
    }
}

fn place() -> String {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let namespace = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    let digits: String = namespace.to_string_lossy().chars().filter(char::is_ascii_digit).collect();
    format!("{}/{digits}", boot.trim())
}

/// When a process started: field 22 of `proc_pid_stat(5)`. Its name, field 2,
/// is in parentheses and may hold anything.
fn start(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_running_demo_made_is_no_leftover() {
        let here = Maker::here();
        assert_eq!(Maker::parse(&here.label()), Some(here.clone()));
        assert!(!here.has_left(Some(&here.label()), true));
        assert!(!here.has_left(Some(&here.label()), false));
    }

    #[test]
    fn what_a_demo_made_that_has_ended_is_a_leftover() {
        let here = Maker::here();
        let reused = Maker { start: here.start + 1, ..here.clone() };
        assert!(here.has_left(Some(&reused.label()), true));
    }

    #[test]
    fn what_was_made_elsewhere_is_left_alone_while_it_runs() {
        let here = Maker::here();
        let elsewhere = Maker { place: "other/1".to_owned(), ..here.clone() };
        for label in [Some(elsewhere.label()), Some("nonsense".to_owned()), None] {
            assert!(!here.has_left(label.as_deref(), true));
            assert!(here.has_left(label.as_deref(), false));
        }
    }
}

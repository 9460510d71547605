//! Which demo made a container or an image, and whether that demo still runs.

/// The label of everything that a demo makes.
const LABEL: &str = "secaudit.demo";

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

    /// The labels of what this demo makes, the maker's first.
    pub(super) fn labels(&self) -> [(String, String); 2] {
        let made_by = format!("{}/{}/{}", self.place, self.pid, self.start);
        [(MADE_BY.to_owned(), made_by), (LABEL.to_owned(), "true".to_owned())]
    }

    /// The demo that [`MADE_BY`] names. Only the first word counts: Podman
    /// takes all labels of an imported image for the first one's value.
    pub(super) fn of(label: &str) -> Option<Self> {
        let (rest, start) = label.split_whitespace().next()?.rsplit_once('/')?;
        let (place, pid) = rest.rsplit_once('/')?;
        Some(Self { place: place.to_owned(), pid: pid.parse().ok()?, start: start.parse().ok()? })
    }

    /// Whether this demo left behind what it made. Where it ran elsewhere or
    /// before a reboot, or is not known, only `is_running` can tell.
    pub(super) fn has_left(other: Option<&Self>, is_running: bool) -> bool {
        match other {
            Some(other) if other.place == place() => start(other.pid) != Some(other.start),
            Some(_) | None => !is_running,
        }
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
    fn a_label_names_its_maker_also_where_other_labels_stick_to_it() {
        let here = Maker::here();
        let [(_, label), _] = here.labels();
        assert_eq!(Maker::of(&label), Some(here.clone()));
        assert_eq!(Maker::of(&format!("{label} secaudit.demo=true")), Some(here));
        assert_eq!(Maker::of("nonsense"), None);
    }

    #[test]
    fn what_a_running_demo_made_is_no_leftover() {
        let here = Maker::here();
        assert!(!Maker::has_left(Some(&here), true) && !Maker::has_left(Some(&here), false));
    }

    #[test]
    fn what_a_demo_made_that_has_ended_is_a_leftover() {
        let here = Maker::here();
        let ended = Maker { start: here.start + 1, ..here };
        assert!(Maker::has_left(Some(&ended), true));
    }

    #[test]
    fn what_was_made_elsewhere_is_left_alone_while_it_runs() {
        let elsewhere = Maker { place: "other/1".to_owned(), ..Maker::here() };
        for maker in [Some(&elsewhere), None] {
            assert!(!Maker::has_left(maker, true) && Maker::has_left(maker, false));
        }
    }
}

//! The bounds on what a container can use.

use crate::model::fact::Fact;
use crate::model::reading::{Gap, Reading, Reason};
use crate::model::source::Source;

use super::view::View;

/// A bound, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Limit {
    /// The tightest bound that holds, in bytes or in processes and threads.
    Of(u64),
    /// Nothing bounds it below what the host has.
    None,
}

/// From here on a version 1 memory limit means "no limit": the kernel prints
/// its largest page count in bytes, just under 2^63.
const UNLIMITED: u64 = 1 << 62;

pub(super) fn memory(view: &View<'_>) -> Fact<Limit> {
    let declared = view.inspect().integer("/HostConfig/Memory").map(positive);
    let machine =
        view.host_file("/proc/meminfo").and_then(|text| read(total_memory(text), "/proc/meminfo"));
    let files = effective(view, &["memory.max", "memory.limit_in_bytes"]);
    Fact::new(declared, below(files, machine))
}

pub(super) fn pids(view: &View<'_>) -> Fact<Limit> {
    let declared = view.inspect().integer("/HostConfig/PidsLimit").map(positive);
    let path = "/proc/sys/kernel/pid_max";
    let machine = view.host_file(path).and_then(|text| read(text.trim().parse().ok(), path));
    Fact::new(declared, below(effective(view, &["pids.max"]), machine))
}

/// The limit as it was asked for and as it was set, also where the machine
/// could not reach it.
pub(super) fn memory_as_set(view: &View<'_>) -> Fact<Limit> {
    let declared = view.inspect().integer("/HostConfig/Memory").map(positive);
    Fact::new(declared, effective(view, &["memory.max", "memory.limit_in_bytes"]))
}

/// As [`memory_as_set`], of processes and threads.
pub(super) fn pids_as_set(view: &View<'_>) -> Fact<Limit> {
    let declared = view.inspect().integer("/HostConfig/PidsLimit").map(positive);
    Fact::new(declared, effective(view, &["pids.max"]))
}

/// `MemTotal` of `proc_meminfo(5)`, in bytes.
fn total_memory(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

fn read(number: Option<u64>, path: &str) -> Reading<u64> {
    let source = Source::Kernel(path.to_owned());
    number.map_or_else(
        || Reading::Missing(Gap::new(Reason::Malformed, source, "it holds no such number")),
        |number| Reading::Known(number, vec![]),
    )
}

/// A limit at or above what the machine has bounds nothing. Where there is no
/// limit at all, what the machine has does not matter.
fn below(limit: Reading<Limit>, machine: Reading<u64>) -> Reading<Limit> {
    limit.and_then(|limit| match limit {
        Limit::None => Reading::Known(Limit::None, vec![]),
        Limit::Of(most) => machine
            .shown_as(|_| vec![])
            .map(|has| if most < has { Limit::Of(most) } else { Limit::None }),
    })
}

/// The engine writes "no limit" as 0, as a negative number or not at all.
fn positive(limit: Option<i64>) -> Limit {
    match limit.map(u64::try_from) {
        Some(Ok(limit)) if limit > 0 => Limit::Of(limit),
        _ => Limit::None,
    }
}

/// The tightest of the limits of the container's cgroup and of those above it.
fn effective(view: &View<'_>, names: &[&str]) -> Reading<Limit> {
    if let Err(gap) = view.processes() {
        return Reading::Missing(gap);
    }
    let limits = view.limit_files(names).into_iter().map(|(path, content)| {
        content.and_then(|text| match text.map_or(Some(Limit::None), |text| parse(text.trim())) {
            Some(limit) => Reading::Known(limit, vec![]),
            None => Reading::Missing(Gap::new(
                Reason::Malformed,
                Source::Kernel(path),
                "the file holds neither a number nor max",
            )),
        })
    });
    limits.reduce(tighter).unwrap_or_else(|| {
        Reading::Missing(
            Gap::new(
                Reason::Unsupported,
                view.processes_source(),
                "the container has no cgroup of its own that this host has mounted",
            )
            .mend("mount the cgroup file system where secaudit runs"),
        )
    })
}

/// Both limits bind, so the tighter one holds; its evidence alone is kept.
/// Where one cannot be read, the other may still be a bound.
fn tighter(left: Reading<Limit>, right: Reading<Limit>) -> Reading<Limit> {
    match (&left, &right) {
        (Reading::Known(Limit::Of(near), _), Reading::Known(Limit::Of(far), _)) => {
            if far < near {
                right
            } else {
                left
            }
        }
        (Reading::Known(Limit::Of(_), _), _) => left,
        (_, Reading::Known(Limit::Of(_), _)) => right,
        (Reading::Missing(_), _) => left,
        (_, Reading::Missing(_)) => right,
        _ => left,
    }
}

fn parse(text: &str) -> Option<Limit> {
    if text == "max" {
        return Some(Limit::None);
    }
    let limit: u64 = text.parse().ok()?;
    Some(if limit < UNLIMITED { Limit::Of(limit) } else { Limit::None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_cgroup_versions_write_no_limit_in_their_own_way() {
        assert_eq!(parse("max"), Some(Limit::None));
        assert_eq!(parse("9223372036854771712"), Some(Limit::None));
        assert_eq!(parse("67108864"), Some(Limit::Of(67_108_864)));
        assert_eq!(parse("lots"), None);
    }

    #[test]
    fn a_limit_that_the_machine_cannot_reach_bounds_nothing() {
        assert_eq!(total_memory("MemTotal:       2048 kB\nMemFree: 1 kB\n"), Some(2 << 20));
        let known = |limit| Reading::Known(limit, vec![]);
        let machine = || Reading::Known(100, vec![]);
        assert_eq!(below(known(Limit::Of(99)), machine()), known(Limit::Of(99)));
        assert_eq!(below(known(Limit::Of(100)), machine()), known(Limit::None));
        let unread = Reading::Missing(Gap::not_collected(Source::Clock));
        assert!(matches!(below(known(Limit::Of(1)), unread), Reading::Missing(_)));
    }

    #[test]
    fn zero_and_minus_one_are_no_limit_to_the_engine() {
        for none in [None, Some(0), Some(-1)] {
            assert_eq!(positive(none), Limit::None);
        }
        assert_eq!(positive(Some(100)), Limit::Of(100));
    }

    #[test]
    fn a_limit_above_binds_and_an_unread_one_does_not_hide_a_known_one() {
        let known = |limit| Reading::Known(limit, vec![]);
        let unread = || Reading::Missing(Gap::not_collected(Source::Clock));
        assert_eq!(tighter(known(Limit::None), known(Limit::Of(5))), known(Limit::Of(5)));
        assert_eq!(tighter(known(Limit::Of(3)), known(Limit::Of(5))), known(Limit::Of(3)));
        assert_eq!(tighter(unread(), known(Limit::Of(5))), known(Limit::Of(5)));
        assert_eq!(tighter(known(Limit::None), unread()), unread());
    }
}

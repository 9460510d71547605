//! The bounds on what a container can use.

mod cpu;

use std::fmt;

use crate::model::fact::Fact;
use crate::model::reading::{Evidence, Gap, Reading, Reason};
use crate::model::source::Source;

use super::beside;
use super::view::View;

/// The bounds on what a container can use.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The bound on memory.
    pub memory: Fact<Bound>,
    /// The bound on the number of processes and threads.
    pub pids: Fact<Bound>,
    /// The bound on processor time.
    pub cpu: Fact<Bound>,
    /// The bound on memory as it was set, whatever the machine has.
    pub memory_as_set: Fact<Limit>,
    /// The bound on processes and threads as it was set.
    pub pids_as_set: Fact<Limit>,
    /// The quota of processor time as it was set, in thousandths of a processor.
    pub cpu_as_set: Fact<Limit>,
}

pub(super) fn all(view: &View<'_>) -> Limits {
    Limits {
        memory: memory(view),
        pids: pids(view),
        cpu: cpu::fact(view),
        memory_as_set: memory_as_set(view),
        pids_as_set: pids_as_set(view),
        cpu_as_set: cpu::as_set(view),
    }
}

/// A bound, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Limit {
    /// The tightest bound that holds, in bytes or in processes and threads.
    Of(u64),
    /// Nothing bounds it below what the host has.
    None,
}

/// A bound with what is used below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// What holds.
    pub limit: Limit,
    /// What the container's own cgroup uses: told, never judged.
    pub usage: Usage,
    /// Whether nothing bounds the container's swap: it was asked for without a
    /// bound, or this machine has swap and no limit of it is in force.
    pub swap_is_unbounded: bool,
}

/// What a cgroup uses, as far as the kernel tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// At present.
    pub now: Option<u64>,
    /// The most so far.
    pub peak: Option<u64>,
    /// How often the limit struck: processes killed for memory, forks refused,
    /// periods in which the processor was taken away.
    pub struck: Option<u64>,
}

/// A number of bytes for a person: in a unit that leaves it whole, unless that
/// takes more than four digits; then in the largest that leaves two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes(pub u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(30, "GiB"), (20, "MiB"), (10, "KiB"), (0, "bytes")];
        let Self(bytes) = self;
        let is_whole = |bits: u32| bytes.trailing_zeros() >= bits && bytes >> bits < 10_000;
        let has_two = |bits: u32| bits == 0 || bytes >> bits >= 10;
        let whole = units.into_iter().find(|(bits, _)| *bytes > 0 && is_whole(*bits));
        match whole.or_else(|| units.into_iter().find(|(bits, _)| has_two(*bits))) {
            Some((bits, unit)) => write!(f, "{} {unit}", bytes >> bits),
            None => write!(f, "{bytes} bytes"),
        }
    }
}

/// From here on a version 1 memory limit means "no limit": the kernel prints
/// its largest page count in bytes, just under 2^63.
const UNLIMITED: u64 = 1 << 62;

/// From here on a declared limit bounds nothing, whatever the machine: a tebibyte
/// of memory, and as many processes as the kernel can number (`PID_MAX_LIMIT`).
const MOST_MEMORY: u64 = 1 << 40;
const MOST_PIDS: u64 = 1 << 22;

/// A limit as the engine writes it, unless no machine would reach it.
const fn reachable(limit: u64, most: u64) -> Limit {
    if limit < most { positive(limit) } else { Limit::None }
}

fn memory(view: &View<'_>) -> Fact<Bound> {
    let inspect = view.inspect();
    let swap = inspect.integer("/HostConfig/MemorySwap").unshown().known().copied().flatten();
    let declared = inspect.count("/HostConfig/Memory").map(|limit| Bound {
        swap_is_unbounded: swap.is_some_and(i64::is_negative),
        ..alone(reachable(limit, MOST_MEMORY))
    });
    if view.kind().is_to_come() {
        return Fact::declared_only(declared);
    }
    let files = effective(view, &["memory.max", "memory.limit_in_bytes"]);
    let swap = effective(view, &["memory.swap.max", "memory.memsw.limit_in_bytes"]);
    let machine_swaps = view
        .host_file(MEMINFO)
        .known()
        .and_then(|text| kilobytes(text, "SwapTotal:"))
        .is_some_and(|bytes| bytes > 0);
    let told = usage(
        view,
        &["memory.current", "memory.usage_in_bytes"],
        &["memory.peak", "memory.max_usage_in_bytes"],
        &[("memory.events", "oom_kill"), ("memory.oom_control", "oom_kill")],
    );
    let effective = with_usage(below(files, machine_memory(view)), told).map(|bound| Bound {
        swap_is_unbounded: machine_swaps && swap.known() == Some(&Limit::None),
        ..bound
    });
    Fact::new(declared, effective)
}

/// The memory that one process of the container can use at most.
pub(super) fn memory_in_force(view: &View<'_>) -> Reading<Limit> {
    below(effective(view, &["memory.max", "memory.limit_in_bytes"]), machine_memory(view))
}

const MEMINFO: &str = "/proc/meminfo";

fn machine_memory(view: &View<'_>) -> Reading<u64> {
    view.host_file(MEMINFO).and_then(|text| read(kilobytes(text, "MemTotal:"), MEMINFO))
}

fn pids(view: &View<'_>) -> Fact<Bound> {
    let declared =
        view.inspect().count("/HostConfig/PidsLimit").map(|limit| reachable(limit, MOST_PIDS));
    if view.kind().is_to_come() {
        return Fact::declared_only(declared.map(alone));
    }
    let path = "/proc/sys/kernel/pid_max";
    let machine = view.host_file(path).and_then(|text| read(text.trim().parse().ok(), path));
    let told = usage(view, &["pids.current"], &["pids.peak"], &[("pids.events", "max")]);
    let effective = with_usage(below(effective(view, &["pids.max"]), machine), told);
    Fact::new(declared.map(alone), effective)
}

/// The limit as it was asked for and as it was set, also where the machine
/// could not reach it.
fn memory_as_set(view: &View<'_>) -> Fact<Limit> {
    let declared = view.inspect().count("/HostConfig/Memory").map(positive);
    beside(view, declared, || effective(view, &["memory.max", "memory.limit_in_bytes"]))
}

/// As [`memory_as_set`], of processes and threads.
fn pids_as_set(view: &View<'_>) -> Fact<Limit> {
    let declared = view.inspect().count("/HostConfig/PidsLimit").map(positive);
    beside(view, declared, || effective(view, &["pids.max"]))
}

const fn alone(limit: Limit) -> Bound {
    let usage = Usage { now: None, peak: None, struck: None };
    Bound { limit, usage, swap_is_unbounded: false }
}

fn with_usage(limit: Reading<Limit>, (usage, told): (Usage, Vec<Evidence>)) -> Reading<Bound> {
    limit.and_then(|limit| Reading::Known(Bound { usage, ..alone(limit) }, told))
}

/// What the files of the container's own cgroup tell. What they do not tell is
/// not said, and changes no verdict.
fn usage(
    view: &View<'_>,
    now: &[&str],
    peak: &[&str],
    struck: &[(&str, &str)],
) -> (Usage, Vec<Evidence>) {
    let mut told = Vec::new();
    let mut ask = |names: &[&str], key: &str| {
        view.usage_files(names).into_iter().find_map(|reading| match reading {
            Reading::Known(text, evidence) => {
                let number =
                    if key.is_empty() { text?.trim().parse().ok() } else { keyed(text?, key) };
                let number: u64 = number?;
                let shown =
                    |it: Evidence| Evidence::new(it.source.clone(), key, number.to_string());
                told.extend(evidence.into_iter().map(shown));
                Some(number)
            }
            Reading::Missing(_) | Reading::Inapplicable => None,
        })
    };
    let usage = Usage {
        now: ask(now, ""),
        peak: ask(peak, ""),
        struck: struck.iter().find_map(|(name, key)| ask(&[name], key)),
    };
    (usage, told)
}

/// A number from a file of `key value` lines.
fn keyed(text: &str, key: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')?.trim().parse().ok())
}

/// A line of `proc_meminfo(5)`, in bytes.
fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

fn read(number: Option<u64>, path: &str) -> Reading<u64> {
    let source = Source::Kernel(path.into());
    number.map_or_else(
        || Reading::Missing(Gap::new(Reason::Malformed, source, "it holds no such number")),
        Reading::of,
    )
}

/// A limit at or above what the machine has bounds nothing. Where there is no
/// limit at all, what the machine has does not matter.
fn below(limit: Reading<Limit>, machine: Reading<u64>) -> Reading<Limit> {
    limit.and_then(|limit| match limit {
        Limit::None => Reading::of(Limit::None),
        Limit::Of(most) => {
            machine.unshown().map(|has| if most < has { Limit::Of(most) } else { Limit::None })
        }
    })
}

/// A limit as the engine writes it, where 0 is none.
const fn positive(limit: u64) -> Limit {
    if limit > 0 { Limit::Of(limit) } else { Limit::None }
}

/// The tightest of the limits of the container's cgroup and of those above it.
fn effective(view: &View<'_>, names: &[&str]) -> Reading<Limit> {
    each_limit(view, names, |path, text| {
        parse(text.trim()).map_or_else(|| no_limit(path), Reading::of)
    })
}

/// The tightest of what each file says; one that is not there sets no limit.
fn each_limit(
    view: &View<'_>,
    names: &[&str],
    read: impl Fn(&str, &str) -> Reading<Limit>,
) -> Reading<Limit> {
    if let Err(gap) = view.processes() {
        return Reading::Missing(gap);
    }
    let limits = view.limit_files(names).into_iter().map(|(path, content)| {
        content.and_then(|text| text.map_or(Reading::of(Limit::None), |text| read(&path, text)))
    });
    limits.reduce(tighter).unwrap_or_else(|| {
        Reading::Missing(
            Gap::new(
                Reason::Unsupported,
                view.processes_source().clone(),
                "the container has no cgroup of its own that this host has mounted",
            )
            .mend("mount the cgroup file system where secaudit runs"),
        )
    })
}

fn no_limit<T>(path: &str) -> Reading<T> {
    Reading::Missing(Gap::new(
        Reason::Malformed,
        Source::Kernel(path.into()),
        "the file holds neither a number nor max",
    ))
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
        let text = "MemTotal:       2048 kB\nMemFree: 1 kB\n";
        assert_eq!(kilobytes(text, "MemTotal:"), Some(2 << 20));
        let known = |limit| Reading::of(limit);
        let machine = || Reading::of(100);
        assert_eq!(below(known(Limit::Of(99)), machine()), known(Limit::Of(99)));
        assert_eq!(below(known(Limit::Of(100)), machine()), known(Limit::None));
        let unread = Reading::Missing(Gap::not_collected(Source::Clock));
        assert!(matches!(below(known(Limit::Of(1)), unread), Reading::Missing(_)));
    }

    #[test]
    fn a_number_of_bytes_is_said_in_the_unit_that_fits() {
        for (bytes, said) in [
            (512 << 20, "512 MiB"),
            (2 << 30, "2 GiB"),
            ((96 << 20) + 5, "96 MiB"),
            (93_456 << 10, "91 MiB"),
            (3016 << 10, "3016 KiB"),
            (0, "0 bytes"),
            (1000, "1000 bytes"),
            (30_000, "29 KiB"),
        ] {
            assert_eq!(Bytes(bytes).to_string(), said);
        }
    }

    #[test]
    fn a_limit_above_binds_and_an_unread_one_does_not_hide_a_known_one() {
        let known = |limit| Reading::of(limit);
        let unread = || Reading::Missing(Gap::not_collected(Source::Clock));
        assert_eq!(tighter(known(Limit::None), known(Limit::Of(5))), known(Limit::Of(5)));
        assert_eq!(tighter(known(Limit::Of(3)), known(Limit::Of(5))), known(Limit::Of(3)));
        assert_eq!(tighter(unread(), known(Limit::Of(5))), known(Limit::Of(5)));
        assert_eq!(tighter(known(Limit::None), unread()), unread());
    }
}

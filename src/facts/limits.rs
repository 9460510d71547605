//! The bounds on what a container can use.

use std::fmt;

use crate::model::fact::Fact;
use crate::model::reading::{Evidence, Gap, Reading, Reason};
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

/// A bound with what is used below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// What holds.
    pub limit: Limit,
    /// What the container's own cgroup uses: told, never judged.
    pub usage: Usage,
    /// Whether this machine has swap and nothing bounds the container's.
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

pub(super) fn memory(view: &View<'_>) -> Fact<Bound> {
    let declared = view.inspect().count("/HostConfig/Memory").map(positive);
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
    Fact::new(declared.map(alone), effective)
}

/// The memory that one process of the container can use at most.
pub(super) fn memory_in_force(view: &View<'_>) -> Reading<Limit> {
    below(effective(view, &["memory.max", "memory.limit_in_bytes"]), machine_memory(view))
}

const MEMINFO: &str = "/proc/meminfo";

fn machine_memory(view: &View<'_>) -> Reading<u64> {
    view.host_file(MEMINFO).and_then(|text| read(kilobytes(text, "MemTotal:"), MEMINFO))
}

pub(super) fn pids(view: &View<'_>) -> Fact<Bound> {
    let declared = view.inspect().count("/HostConfig/PidsLimit").map(positive);
    let path = "/proc/sys/kernel/pid_max";
    let machine = view.host_file(path).and_then(|text| read(text.trim().parse().ok(), path));
    let told = usage(view, &["pids.current"], &["pids.peak"], &[("pids.events", "max")]);
    let effective = with_usage(below(effective(view, &["pids.max"]), machine), told);
    Fact::new(declared.map(alone), effective)
}

/// The limit as it was asked for and as it was set, also where the machine
/// could not reach it.
pub(super) fn memory_as_set(view: &View<'_>) -> Fact<Limit> {
    let declared = view.inspect().count("/HostConfig/Memory").map(positive);
    Fact::new(declared, effective(view, &["memory.max", "memory.limit_in_bytes"]))
}

/// As [`memory_as_set`], of processes and threads.
pub(super) fn pids_as_set(view: &View<'_>) -> Fact<Limit> {
    let declared = view.inspect().count("/HostConfig/PidsLimit").map(positive);
    Fact::new(declared, effective(view, &["pids.max"]))
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
                let shown = |it: Evidence| Evidence::new(it.source, key, number.to_string());
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

/// The bound on processor time, in thousandths of a processor: a quota, or a
/// set of processors smaller than the machine's. Shares and weights bind only
/// while others want the processor too, and are no bound.
pub(super) fn cpu(view: &View<'_>) -> Fact<Bound> {
    let inspect = view.inspect();
    let declared = inspect
        .count("/HostConfig/NanoCpus")
        .zip(inspect.count("/HostConfig/CpuQuota"))
        .zip(inspect.count("/HostConfig/CpuPeriod"))
        .zip(inspect.text("/HostConfig/CpusetCpus"))
        .map(|(((nanos, quota), period), set)| {
            let period = if period == 0 { CPU_PERIOD } else { period };
            let quota = quota.saturating_mul(1000).checked_div(period);
            let set = set.and_then(processors).map(|count| count * 1000);
            let all = [Some(nanos / 1_000_000), quota, set];
            let bound = all.into_iter().flatten().filter(|it| *it > 0).min();
            alone(bound.map_or(Limit::None, Limit::Of))
        });
    let online = "/sys/devices/system/cpu/online";
    let machine = view
        .host_file(online)
        .and_then(|text| read(processors(text).map(|count| count * 1000), online));
    let limits = each_limit(view, &["cpu.max", "cpu.cfs_quota_us"], |path, text| {
        match path.strip_suffix("cpu.cfs_quota_us") {
            Some(folder) => {
                let period = view.host_file(&format!("{folder}cpu.cfs_period_us"));
                period.and_then(|period| {
                    quota(text.trim(), period.trim())
                        .map_or_else(|| no_limit(path), |it| Reading::of(it))
                })
            }
            None => {
                let (most, period) = text.trim().split_once(' ').unwrap_or((text.trim(), "100000"));
                quota(most, period).map_or_else(|| no_limit(path), |it| Reading::of(it))
            }
        }
    });
    let sets = each_limit(view, &["cpuset.cpus", "cpuset.cpus.effective"], |path, text| {
        if text.trim().is_empty() {
            return Reading::of(Limit::None);
        }
        processors(text)
            .map_or_else(|| no_limit(path), |count| Reading::of(Limit::Of(count * 1000)))
    });
    let told = usage(view, &[], &[], &[("cpu.stat", "nr_throttled")]);
    // Each by itself: a set of all processors must not hide an unread quota.
    let bound = tighter(below(limits, machine.clone()), below(sets, machine));
    Fact::new(declared, with_usage(bound, told))
}

/// The kernel's default, in microseconds.
const CPU_PERIOD: u64 = 100_000;

/// A quota within a period: `-1` (version 1) and `max` (version 2) are none.
fn quota(most: &str, period: &str) -> Option<Limit> {
    if matches!(most, "-1" | "max") {
        return Some(Limit::None);
    }
    let (most, period): (u64, u64) = (most.parse().ok()?, period.parse().ok()?);
    most.checked_mul(1000)?.checked_div(period).map(Limit::Of)
}

/// How many processors a list such as `0-3,7` names.
fn processors(list: &str) -> Option<u64> {
    let list = list.trim();
    if list.is_empty() {
        return None;
    }
    list.split(',')
        .map(|part| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
            last.checked_sub(first)?.checked_add(1)
        })
        .try_fold(0_u64, |sum, count| sum.checked_add(count?))
        .filter(|count| *count <= 1 << 20)
}

/// A line of `proc_meminfo(5)`, in bytes.
fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

fn read(number: Option<u64>, path: &str) -> Reading<u64> {
    let source = Source::Kernel(path.to_owned());
    number.map_or_else(
        || Reading::Missing(Gap::new(Reason::Malformed, source, "it holds no such number")),
        |number| Reading::of(number),
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
        parse(text.trim()).map_or_else(|| no_limit(path), |limit| Reading::of(limit))
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
                view.processes_source(),
                "the container has no cgroup of its own that this host has mounted",
            )
            .mend("mount the cgroup file system where secaudit runs"),
        )
    })
}

fn no_limit<T>(path: &str) -> Reading<T> {
    Reading::Missing(Gap::new(
        Reason::Malformed,
        Source::Kernel(path.to_owned()),
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
    fn a_quota_and_a_set_of_processors_are_counted_in_thousandths() {
        assert_eq!(quota("-1", "100000"), Some(Limit::None));
        assert_eq!(quota("max", "100000"), Some(Limit::None));
        assert_eq!(quota("50000", "100000"), Some(Limit::Of(500)));
        assert_eq!(quota("5", "0"), None);
        assert_eq!(processors("0-3,7\n"), Some(5));
        assert_eq!(processors("3-1"), None);
        assert_eq!(processors("all"), None);
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

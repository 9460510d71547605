//! The bound on processor time.

use crate::facts::beside;
use crate::facts::view::View;
use crate::model::fact::Fact;
use crate::model::reading::Reading;

use super::{Bound, Limit, alone, below, each_limit, no_limit, read, tighter, usage, with_usage};

/// The bound on processor time, in thousandths of a processor: a quota, or a
/// set of processors smaller than the machine's. Shares and weights bind only
/// while others want the processor too, and are no bound.
pub(super) fn fact(view: &View<'_>) -> Fact<Bound> {
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
            let bound = all.into_iter().flatten().filter(|it| *it > 0 && *it < MOST).min();
            alone(bound.map_or(Limit::None, Limit::Of))
        });
    if view.kind().is_to_come() {
        return Fact::declared_only(declared);
    }
    let online = "/sys/devices/system/cpu/online";
    let machine = view
        .host_file(online)
        .and_then(|text| read(processors(text).map(|count| count * 1000), online));
    let limits = quotas(view);
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

/// The tightest quota of the container's cgroups, whatever the machine has.
fn quotas(view: &View<'_>) -> Reading<Limit> {
    each_limit(view, &["cpu.max", "cpu.cfs_quota_us"], |path, text| {
        match path.strip_suffix("cpu.cfs_quota_us") {
            Some(folder) => {
                let period = view.host_file(&format!("{folder}cpu.cfs_period_us"));
                period.and_then(|period| {
                    quota(text.trim(), period.trim()).map_or_else(|| no_limit(path), Reading::of)
                })
            }
            None => {
                let (most, period) = text.trim().split_once(' ').unwrap_or((text.trim(), "100000"));
                quota(most, period).map_or_else(|| no_limit(path), Reading::of)
            }
        }
    })
}

/// The quota as it was asked for and as it was set, also where the machine could
/// not reach it; which processors they are does not matter.
pub(super) fn as_set(view: &View<'_>) -> Fact<Limit> {
    let inspect = view.inspect();
    let declared = inspect
        .count("/HostConfig/NanoCpus")
        .zip(inspect.count("/HostConfig/CpuQuota"))
        .zip(inspect.count("/HostConfig/CpuPeriod"))
        .map(|((nanos, quota), period)| {
            let period = if period == 0 { CPU_PERIOD } else { period };
            let quota = quota.saturating_mul(1000).checked_div(period).unwrap_or(0);
            let asked = [nanos / 1_000_000, quota].into_iter().filter(|it| *it > 0).min();
            asked.map_or(Limit::None, Limit::Of)
        });
    beside(view, declared, || quotas(view))
}

/// From here on a declared bound is none, whatever the machine, in thousandths of
/// a processor.
const MOST: u64 = 1_024_000;

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

#[cfg(test)]
mod tests {
    use super::*;

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
}

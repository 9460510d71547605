//! What can be used.

use serde_json::Value;

use crate::next::changed::Changed;
use crate::next::wanted::Wanted;
use crate::parse::command::options;
use crate::rules::resources::memory_limit;

/// What most services stay below, where nobody knows what one uses.
const MEMORY: u64 = 512 << 20;

/// Less makes programs fail that need next to nothing.
const LEAST_MEMORY: u64 = 64 << 20;

/// Threads count too.
const PIDS: u64 = 200;

pub(super) fn memory(changed: &mut Changed<'_>, wanted: Wanted<'_>) -> bool {
    let used = used(changed, &["memory.current", "memory.usage_in_bytes"]);
    let bytes = used.map_or(MEMORY, |it| twice(it).max(LEAST_MEMORY));
    let allowed = wanted.list(&memory_limit::RULE, "max").first();
    let bytes = allowed.and_then(|it| options::bytes(it)).map_or(bytes, |most| bytes.min(most));
    // No engine takes a limit below what is reserved (`docker run --memory-reservation`).
    if changed.is_bounded_by_deploy() || bytes < changed.number("/HostConfig/MemoryReservation") {
        return false;
    }
    if !changed.set("/HostConfig/Memory", "mem_limit", bytes.into()) {
        return false;
    }
    // Without a bound on both together it is twice the memory (`docker run --memory-swap`).
    if changed.number("/HostConfig/MemorySwap") == 0 {
        changed.follow("/HostConfig/MemorySwap", bytes.saturating_mul(2).into());
        changed.limit("memory.swap.max", bytes.to_string());
        changed.limit("memory.memsw.limit_in_bytes", bytes.saturating_mul(2).to_string());
    }
    changed.limit("memory.max", bytes.to_string());
    changed.limit("memory.limit_in_bytes", bytes.to_string());
    true
}

pub(super) fn pids(changed: &mut Changed<'_>) -> bool {
    let used = used(changed, &["pids.current"]).map_or(0, twice);
    let most = used.max(PIDS);
    if changed.is_bounded_by_deploy() {
        return false;
    }
    changed.limit("pids.max", most.to_string());
    changed.set("/HostConfig/PidsLimit", "pids_limit", most.into())
}

/// One processor; of a machine that has no more, the half.
pub(super) fn cpus(changed: &mut Changed<'_>) -> bool {
    let online = changed.kernel("/sys/devices/system/cpu/online").map(str::trim);
    let (quota, nanos) = match online {
        Some("0") => (50_000_u64, 500_000_000_u64),
        _ => (100_000, 1_000_000_000),
    };
    for (file, text) in [
        ("cpu.max", format!("{quota} 100000")),
        ("cpu.cfs_quota_us", quota.to_string()),
        ("cpu.cfs_period_us", "100000".to_owned()),
    ] {
        changed.limit(file, text);
    }
    let is_unset = |name| changed.value(name).and_then(Value::as_i64).unwrap_or(0) <= 0;
    // An engine takes neither beside a number of processors.
    let is_free = is_unset("/HostConfig/CpuQuota") && is_unset("/HostConfig/CpuPeriod");
    is_free
        && !changed.is_bounded_by_deploy()
        && changed.set("/HostConfig/NanoCpus", "cpus", nanos.into())
}

/// Twice as much, up to the next power of two.
fn twice(used: u64) -> u64 {
    used.saturating_mul(2).checked_next_power_of_two().unwrap_or(u64::MAX)
}

/// What the container's own cgroup uses now.
fn used(changed: &Changed<'_>, names: &[&str]) -> Option<u64> {
    let files = &changed.processes()?.usage_files;
    let is_it = |path: &&String| path.rsplit('/').next().is_some_and(|it| names.contains(&it));
    files.iter().filter(is_it).find_map(|path| changed.kernel(path)?.trim().parse().ok())
}

//! The bounds on what the container can use. Of `deploy.resources`, compose
//! applies the limits and the reserved memory; the rest is for Swarm alone.

use serde_json::{Value as Json, json};

use crate::parse::compose::schema::cast;
use crate::parse::compose::tree::Node;

use super::sheet::{Given, Read, Sheet};

/// A service's own key, the one of `deploy.resources` that goes before it, and
/// the engine's name.
const BOUNDS: [(&str, &str, &str, Read); 4] = [
    ("mem_limit", "deploy.resources.limits.memory", "/HostConfig/Memory", cast::size),
    (
        "mem_reservation",
        "deploy.resources.reservations.memory",
        "/HostConfig/MemoryReservation",
        cast::size,
    ),
    ("cpus", "deploy.resources.limits.cpus", "/HostConfig/NanoCpus", cast::billionths),
    ("pids_limit", "deploy.resources.limits.pids", "/HostConfig/PidsLimit", cast::integer),
];

pub(super) fn fill(sheet: &mut Sheet<'_>, service: &Node) {
    let resources = service.get("deploy").and_then(|it| it.get("resources"));
    for (key, deployed, pointer, read) in BOUNDS {
        let own = Given::of(Some(service), key);
        let section = if deployed.contains(".limits.") { "limits" } else { "reservations" };
        let deployed = Given::of(resources.and_then(|it| it.get(section)), deployed);
        // Nothing at all is no bound, and less than that only a service's own key says.
        let deployed = deployed.filter(|it| !matches!(read(it.node), Ok(Some(..=0))));
        let own = own.filter(|it| read(it.node) != Ok(Some(0)));
        match (deployed, own) {
            (Some(deployed), own) => {
                sheet.read(deployed, pointer, read);
                own.into_iter().for_each(|own| sheet.overrode(pointer, own));
            }
            (None, Some(own)) => sheet.read(own, pointer, read),
            (None, None) => {}
        }
    }
    for (key, pointer) in
        [("memswap_limit", "/HostConfig/MemorySwap"), ("shm_size", "/HostConfig/ShmSize")]
    {
        let given = Given::of(Some(service), key);
        if let Some(given) = given.filter(|it| cast::size(it.node) != Ok(Some(0))) {
            sheet.read(given, pointer, cast::size);
        }
    }
    swap(sheet);
    if let Some(given) = Given::of(Some(service), "ulimits") {
        process_limits(sheet, given);
    }
}

/// Where nobody bounds memory and swap together, it is twice the memory
/// (`docker run --memory-swap`).
fn swap(sheet: &mut Sheet<'_>) {
    let number = |it: Option<&mut Json>| it.and_then(|it| it.as_i64()).unwrap_or(0);
    let memory = number(sheet.get("/HostConfig/Memory"));
    let together = number(sheet.get("/HostConfig/MemorySwap"));
    if memory > 0 && together == 0 && sheet.gap_of("/HostConfig/MemorySwap").is_none() {
        sheet.set("/HostConfig/MemorySwap", memory.saturating_mul(2));
        sheet.copy_origin("/HostConfig/Memory", "/HostConfig/MemorySwap");
    }
}

fn process_limits(sheet: &mut Sheet<'_>, given: Given<'_>) {
    const LIMITS: &str = "/HostConfig/Ulimits";
    sheet.wrote(LIMITS, given);
    if let Some(gap) = sheet.unset(given.node) {
        sheet.gap(LIMITS, gap);
        return;
    }
    let mut all: Vec<Json> = Vec::new();
    for entry in given.node.entries() {
        let key = format!("ulimits.{}", entry.key);
        let limit = Given::entry(&key, entry);
        let pointer = format!("{LIMITS}/{}", all.len());
        sheet.wrote(&pointer, limit);
        if let Some(gap) = sheet.unset(limit.node) {
            sheet.gap(&pointer, gap);
        }
        let mut number = |name: &str, field: &str| {
            let key = format!("{key}.{name}");
            let given = Given::of(Some(limit.node), &key)?;
            sheet.meaning(given, &format!("{pointer}/{field}"), cast::integer)
        };
        let (soft, hard) = (number("soft", "Soft"), number("hard", "Hard"));
        all.push(json!({"Name": entry.key, "Soft": soft, "Hard": hard}));
    }
    sheet.set(LIMITS, all);
}

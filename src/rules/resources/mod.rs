//! How much can be used?

pub mod cpu_limit;
pub mod heap_fits_limit;
pub mod memory_limit;
pub mod pids_limit;

use std::fmt::{Display, Write};

use crate::facts::limits::Usage;

/// What is used beside a limit, as far as it is known: `; uses 12 MiB, peak 80
/// MiB, 2 OOM kills`. It informs, and decides nothing.
fn used<T: Display>(usage: &Usage, shown: impl Fn(u64) -> T, strikes: &str) -> String {
    let struck = usage.struck.filter(|times| *times > 0);
    let parts = [
        usage.now.map(|now| format!("uses {}", shown(now))),
        usage.peak.map(|peak| format!("peak {}", shown(peak))),
        struck.map(|times| format!("{times} {strikes}")),
    ];
    let mut text = String::new();
    for (place, part) in parts.into_iter().flatten().enumerate() {
        // Writing to a text cannot fail.
        let _ = write!(text, "{} {part}", if place == 0 { ";" } else { "," });
    }
    text
}

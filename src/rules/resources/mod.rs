//! How much can be used?

pub mod memory_limit;
pub mod pids_limit;

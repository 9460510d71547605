//! What can be written?

pub mod read_only_root;
pub mod tmpfs_for_writes;

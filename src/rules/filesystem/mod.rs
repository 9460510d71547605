//! What can be written?

pub mod file_modes;
pub mod immutable_code;
pub mod no_world_writable;
pub mod read_only_root;
pub mod secret_file_modes;
pub mod tmpfs_for_writes;

//! What can be written, and what of it lasts?

pub mod file_modes;
pub mod immutable_code;
pub mod no_world_writable;
pub mod persistent_data;
pub mod read_only_root;
pub mod secret_file_modes;
pub mod tmpfs_for_writes;

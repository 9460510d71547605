//! Who are the processes?

pub mod non_root_user;

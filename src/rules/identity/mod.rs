//! Who are the processes?

pub mod expected_uid;
pub mod fixed_uid;
pub mod no_login_shell;
pub mod no_privileged_groups;
pub mod non_root_exec;
pub mod non_root_user;

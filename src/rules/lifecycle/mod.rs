//! Does it live and die well?

pub mod exec_form_command;
pub mod handles_sigterm;
pub mod healthcheck;
pub mod healthcheck_timing;
pub mod healthcheck_works;
pub mod init_process;
pub mod log_driver;
pub mod restart_policy;

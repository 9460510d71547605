//! Does it live and die well?

pub mod exec_form_command;
pub mod handles_sigterm;
pub mod healthcheck;
pub mod healthcheck_timing;
pub mod healthcheck_works;
pub mod init_process;
pub mod log_driver;
pub mod restart_policy;

use std::time::Duration;

use crate::parse::time;
use crate::rules::Settings;

/// Whether a parameter is a duration as Docker writes them.
fn is_duration(text: &str) -> Result<(), String> {
    time::duration(text)
        .map(|_| ())
        .ok_or_else(|| format!("{text:?} is no duration; expected one such as 30s or 1m30s"))
}

/// Whether a parameter is a whole number.
fn is_number(text: &str) -> Result<(), String> {
    text.parse::<u64>()
        .map(|_| ())
        .map_err(|_| format!("{text:?} is no number; expected one such as 3"))
}

fn duration(settings: &Settings, name: &str) -> Option<Duration> {
    settings.one(name).and_then(time::duration)
}

fn number(settings: &Settings, name: &str) -> Option<u64> {
    settings.one(name)?.parse().ok()
}

//! What may the processes do?

pub mod capabilities_dropped;
pub mod lsm_confined;
pub mod no_dangerous_capabilities;
pub mod no_new_privileges;
pub mod no_privileged_exec;
pub mod no_setuid_escalation;
pub mod not_privileged;
pub mod seccomp_filter;

use crate::model::capability::CapabilitySet;
use crate::rules::Settings;

/// Whether a parameter names a capability, or all of them.
fn is_capability(name: &str) -> Result<(), String> {
    name.parse::<CapabilitySet>().map(|_| ())
}

/// The capabilities that a parameter names.
fn named(settings: &Settings, parameter: &str) -> CapabilitySet {
    settings.all(parameter).into_iter().fold(CapabilitySet::EMPTY, CapabilitySet::union)
}

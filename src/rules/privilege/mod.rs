//! What may the processes do?

pub mod capabilities_dropped;
pub mod lsm_confined;
pub mod no_dangerous_capabilities;
pub mod no_new_privileges;
pub mod no_privileged_exec;
pub mod no_setuid_escalation;
pub mod not_privileged;
pub mod seccomp_filter;

//! Does it live and die well?

pub mod healthcheck;

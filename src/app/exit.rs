//! Why the program ends without a report, and every exit code.
//!
//! 0 clean and complete · 1 a finding at or above the gate · 2 usage or policy
//! error · 3 incomplete · 4 the report could not be written · 70 a bug ·
//! 128 and the signal's number where a signal ended the demo.
//! The gate decides between 0, 1 and 3; see [`crate::gate::Outcome::exit_code`].

use crate::collect::engine::EngineError;
use crate::collect::engine::address::AddressError;
use crate::model::untrusted::Untrusted;
use crate::policy::PolicyError;

/// Clean and complete.
pub(super) const CLEAN: u8 = 0;
/// Usage or policy error.
pub(super) const USAGE: u8 = 2;
/// Incomplete.
pub(super) const INCOMPLETE: u8 = 3;
/// The report could not be written.
pub(super) const UNWRITTEN: u8 = 4;
/// A bug.
pub(super) const BUG: u8 = 70;

/// Why the program ends without doing what it was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("{0}")]
    Address(#[from] AddressError),
    #[error("the policy makes no sense\n{0}")]
    Policy(#[from] PolicyError),
    #[error("cannot read the policy {path}: {cause}; check the path")]
    PolicyFile { path: Untrusted, cause: std::io::Error },
    #[error("the settings make no sense\n{0}")]
    Settings(PolicyError),
    #[error("cannot read the settings {path}: {cause}; check the path")]
    SettingsFile { path: Untrusted, cause: std::io::Error },
    #[error("cannot use {path} as a scorecard: {cause}")]
    Scorecard { path: Untrusted, cause: String },
    #[error("{error}; {}", error.remedy())]
    Engine {
        #[from]
        error: EngineError,
    },
    #[error("cannot write {what}: {cause}")]
    Output { what: String, cause: std::io::Error },
    #[error("{0}")]
    Usage(String),
    #[error("{0}")]
    Demo(String),
    #[error("interrupted by {signal}")]
    Interrupted { signal: nix::sys::signal::Signal },
    #[error("internal error, please report it: {0}")]
    Bug(String),
}

impl Failure {
    pub(super) const fn exit_code(&self) -> u8 {
        match self {
            Self::Address(_) | Self::Policy(_) | Self::PolicyFile { .. } | Self::Usage(_) => USAGE,
            Self::Settings(_) | Self::SettingsFile { .. } | Self::Scorecard { .. } => USAGE,
            // What was to be audited could not be asked: nothing is known.
            Self::Engine { .. } | Self::Demo(_) => INCOMPLETE,
            Self::Output { .. } => UNWRITTEN,
            // As a shell tells it; a signal's number is below 65.
            Self::Interrupted { signal } => 128 + *signal as u8,
            Self::Bug(_) => BUG,
        }
    }
}

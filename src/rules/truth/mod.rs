//! Is what is said true?

pub mod no_ineffective_hardening;
pub mod runs_as_declared;

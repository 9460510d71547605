//! Is what is said true?

pub mod runs_as_declared;

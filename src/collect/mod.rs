//! The only I/O of an audit. Collectors ask and record; they decide nothing.
//!
//! Everything here reads. The engine client can send nothing but `GET`, and no
//! file is opened for writing. What a source refuses, hides or mangles becomes
//! a [`Gap`](crate::model::reading::Gap) in the bundle, with what would close it.

pub mod archive;
mod at_hand;
pub(crate) mod by_path;
pub mod compose;
pub mod connect;
pub mod containers;
pub mod dockerfile;
pub mod engine;
pub mod images;
pub mod kernel;
mod places;
pub(crate) mod redact;
mod tally;

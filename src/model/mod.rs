//! The vocabulary that everything else speaks.
//!
//! This module imports no sibling. It holds no I/O, no parsing and no opinion
//! about what is secure; it says what a reading, a fact, a verdict and a
//! finding *are*. Three-valued logic lives here, in
//! [`fact`] and [`verdict`], and nowhere else.

pub mod build;
pub mod bundle;
pub mod capability;
pub mod demand;
pub mod draft;
pub mod fact;
pub mod files;
pub mod finding;
pub mod glob;
pub mod identity;
pub mod image_name;
pub mod kept;
pub mod layers;
pub mod nginx;
pub mod pin;
pub mod pointer;
pub mod reading;
pub mod secret;
pub mod setting;
pub mod severity;
pub mod source;
pub mod survey;
pub mod target;
pub mod untrusted;
pub mod verdict;
pub mod waiver;

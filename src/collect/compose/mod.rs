//! Collects the evidence about compose projects: their files, and what the
//! images bring along that services are made from.

pub mod files;
mod images;

pub use images::Images;

//! Compose projects as we resolve them, beside docker-compose 1.29.
//!
//! ```text
//! sample ─┬─► ours ───────────────────┬─► normal ─► differences ─► explained?
//!         └─► reference ─► theirs ────┘
//! ```
//!
//! Both sides are brought into one shape, in which it is the same to write a thing
//! short or long, or to leave a default out. Whatever differs after that has to
//! stand in the table of what is different by intent.

pub(crate) mod differences;
pub(crate) mod explained;
pub(crate) mod normal;
pub(crate) mod ours;
pub(crate) mod reference;
pub(crate) mod theirs;

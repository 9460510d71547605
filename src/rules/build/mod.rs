//! Is the image built so that little can go wrong, and little is left in it?

/// How many places of one Dockerfile a finding names.
const MOST: usize = 50;

pub mod copy_not_add;
pub mod multi_stage;
pub mod valid_dockerfile;

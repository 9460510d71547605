//! Is the image built so that little can go wrong, and little is left in it?

pub mod multi_stage;
pub mod valid_dockerfile;

//! Is the image built so that little can go wrong, and little is left in it?

pub mod copy_not_add;
pub mod multi_stage;
pub mod valid_dockerfile;

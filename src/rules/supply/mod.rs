//! Is what an image is made of what somebody chose?

pub mod pinned_image;

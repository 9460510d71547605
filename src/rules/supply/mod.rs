//! Is what an image is made of what somebody chose, and what does it carry along?

pub mod no_secrets_in_layers;
pub mod pinned_image;

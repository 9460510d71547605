//! Where does the image come from, and what does it carry along?

pub mod no_secrets_in_layers;

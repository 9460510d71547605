//! One project under every profile, or under several sets of files.

//! What the bytes say. Pure: text in, structure out, no opinion, no I/O.
//!
//! A parser never panics and never guesses: what it cannot read is an error
//! that names the place, and the caller turns it into a gap.

pub mod acl;
pub mod code;
pub mod command;
pub mod compose;
pub mod dockerfile;
pub mod dockerignore;
pub mod document;
pub mod file_capability;
pub mod git;
pub mod group;
pub mod history;
pub mod holder;
pub mod known_image;
pub mod nginx;
pub mod npm;
pub mod os_release;
pub mod passwd;
pub mod path;
pub mod pattern;
pub mod proc;
pub mod run;
pub mod secret;
pub mod signal;
pub mod time;
pub mod waiver;
pub mod yaml;

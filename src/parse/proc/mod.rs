//! The kernel's text files, as `proc(5)` and `cgroups(7)` describe them.

pub mod cgroup;
pub mod devices;
pub mod idmap;
pub mod mountinfo;
pub mod status;
pub mod unix;

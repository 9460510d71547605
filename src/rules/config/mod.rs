//! Is a program configured as its own documentation advises?

pub mod nginx_hardened;

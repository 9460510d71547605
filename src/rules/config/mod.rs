//! Is what runs configured as for production?

pub mod gunicorn_tuned;
pub mod nginx_hardened;
pub mod runtime_env;

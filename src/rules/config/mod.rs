//! Is what runs told to run as in production?

pub mod gunicorn_tuned;
pub mod runtime_env;

//! Each feature of the Dockerfile reference by its name.

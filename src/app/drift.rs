//! `secaudit drift`: running containers beside the files that ask for them.

//! The project that a command line's options name.

use std::collections::BTreeMap;
use std::ffi::OsString;

use crate::app::args;
use crate::app::exit::Failure;
use crate::parse::compose::Request;

/// The project that the options name, as docker compose takes them.
pub(in crate::app) fn request(project: &args::Project) -> Result<Request, Failure> {
    let folder = std::env::current_dir().map_err(|error| {
        Failure::Usage(format!("nobody can tell which folder this is: {error}; change to another"))
    })?;
    // What is not text is no variable that a compose file could name.
    let text = |(name, value): (OsString, OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    Ok(Request {
        folder,
        files: project.files.clone(),
        project_directory: project.project_directory.clone(),
        env_files: project.env_files.clone(),
        environment: std::env::vars_os().filter_map(text).collect::<BTreeMap<_, _>>().into(),
        profiles: project.profiles.clone(),
        project_name: project.project_name.clone(),
        ..Request::default()
    })
}

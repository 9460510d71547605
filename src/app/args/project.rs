//! The options that name a compose project.

use std::path::PathBuf;

/// A compose project, named as for docker compose.
#[derive(Debug, clap::Args)]
pub(in crate::app) struct Project {
    /// A compose file; given several times, the later are laid over the earlier; - is standard input
    #[arg(short, long = "file", value_name = "FILE", help_heading = "Project")]
    pub(in crate::app) files: Vec<PathBuf>,
    /// The folder that relative paths begin at [default: that of the first file]
    #[arg(long, value_name = "FOLDER", help_heading = "Project")]
    pub(in crate::app) project_directory: Option<PathBuf>,
    /// A file of variables instead of .env; may be given several times
    #[arg(long = "env-file", value_name = "FILE", help_heading = "Project")]
    pub(in crate::app) env_files: Vec<PathBuf>,
    /// A profile to activate, or * for all; may be given several times
    #[arg(long = "profile", value_name = "NAME", help_heading = "Project")]
    pub(in crate::app) profiles: Vec<String>,
    /// The project's name
    #[arg(short, long, value_name = "NAME", help_heading = "Project")]
    pub(in crate::app) project_name: Option<String>,
}

impl Project {
    /// Whether an option names something of a project, and none its files.
    pub(in crate::app) fn lacks_files(&self) -> bool {
        let Self { files, project_directory, env_files, profiles, project_name } = self;
        let is_named = project_directory.is_some() || project_name.is_some();
        files.is_empty() && (is_named || !env_files.is_empty() || !profiles.is_empty())
    }
}

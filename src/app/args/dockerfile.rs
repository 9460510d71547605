//! The command line of `secaudit dockerfile`.

use std::path::PathBuf;

use super::{Asked, EXIT_CODES, Gate, Output};

/// Audit Dockerfiles before they are built.
///
/// Works out what the stage that ships makes of its base image, judges it by the rules
/// for running containers, and the build by rules of its own. The base image is asked
/// of the engine; what nobody can tell is unknown, never passed.
///
/// Without a path, the Dockerfiles of this folder. A file that makes no sense is an
/// error of its own (exit code 3); the others are judged.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(in crate::app) struct Dockerfile {
    /// Dockerfiles, folders, or globs in quotes; - is standard input
    #[arg(value_name = "PATH")]
    pub(in crate::app) paths: Vec<PathBuf>,
    /// The stage that ships [default: the last]
    #[arg(long, value_name = "STAGE", help_heading = "Build")]
    pub(in crate::app) target: Option<String>,
    /// A build argument; without a value, the environment's; may be given several times
    #[arg(long = "build-arg", value_name = "NAME=VALUE", help_heading = "Build")]
    pub(in crate::app) build_args: Vec<String>,
    /// The folder that is given to the build [default: each file's own]
    #[arg(long, value_name = "FOLDER", help_heading = "Build")]
    pub(in crate::app) context_dir: Option<PathBuf>,

    #[command(flatten)]
    pub(in crate::app) gate: Gate,
    #[command(flatten)]
    pub(in crate::app) asked: Asked,
    #[command(flatten)]
    pub(in crate::app) output: Output,
}

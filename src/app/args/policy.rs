//! The options of `secaudit policy`.

use std::path::PathBuf;

use clap::Subcommand;

use super::Asked;

/// Show what a policy asks and of whom, or check a file.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub(in crate::app) struct Policy {
    #[command(subcommand)]
    pub(in crate::app) command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
pub(in crate::app) enum PolicyCommand {
    Show(PolicyShow),
    Check(PolicyCheck),
}

/// Print a policy, or what of it holds for containers and why.
///
/// Each line ends with the file that says so. With names, the roles that are recognised
/// and by what, and the parameters that hold for them.
#[derive(Debug, clap::Args)]
pub(in crate::app) struct PolicyShow {
    /// Names or id prefixes of containers
    #[arg(value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(in crate::app) names: Vec<String>,
    /// A policy file (TOML), laid over the built-in baseline, or `strict`
    #[arg(long, value_name = "FILE")]
    pub(in crate::app) policy: Option<PathBuf>,

    #[command(flatten)]
    pub(in crate::app) asked: Asked,
}

/// Say of policies, checklists and a secaudit.toml whether they make sense.
///
/// Ends with 2 where one does not; each mistake is shown at its place.
#[derive(Debug, clap::Args)]
pub(in crate::app) struct PolicyCheck {
    /// The files
    #[arg(value_name = "FILE", required = true)]
    pub(in crate::app) files: Vec<PathBuf>,
}

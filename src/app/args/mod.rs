//! The command line.

mod common;
mod dockerfile;
mod policy;
mod project;
mod recorded;

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Parser, Subcommand, ValueEnum};

use crate::policy::config::Config;

pub(super) use common::{Address, Asked, Engine, FailOn, Format, Gate, Output, names};
pub(super) use dockerfile::Dockerfile;
pub(super) use policy::{Policy, PolicyCommand, PolicyShow};
pub(super) use project::Project;
pub(super) use recorded::{Diff, DiffFormat, OnRecord};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const EXIT_CODES: &str = "\
Exit codes:
  0   nothing at or above the gate failed or is unknown
  1   a finding at or above the gate that no --baseline has, or a score under
      --fail-under
  2   wrong usage, or a policy, settings or baseline that make no sense
  3   incomplete: something at or above the gate could not be verified, a
      target is verified to less than --min-coverage, or what was named
      (a container, an image, an engine) could not be found
  4   the report could not be written
  70  a bug";

/// Audits what running containers can really do.
///
/// Reads what the engine declares and what the kernel enforces for every process,
/// judges both by one set of rules, and never counts "could not check" as a pass.
#[derive(Debug, Parser)]
#[command(version, styles = STYLES, after_help = EXIT_CODES, max_term_width = 100)]
#[command(arg_required_else_help = true)]
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) command: Command,
    /// Whether to colour the output
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        help_heading = "Output"
    )]
    pub(super) color: Colour,
    #[command(flatten)]
    pub(super) settings: Settings,
}

/// Where settings are read.
#[derive(Debug, clap::Args)]
pub(super) struct Settings {
    /// The file of settings [default: the nearest secaudit.toml, up to the repository's root]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Settings")]
    pub(super) config: Option<PathBuf>,
    /// Read no file of settings
    #[arg(long, global = true, help_heading = "Settings", conflicts_with = "config")]
    pub(super) no_config: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Containers(Containers),
    Image(Image),
    Compose(Compose),
    Dockerfile(Dockerfile),
    Drift(Drift),
    Diff(Diff),
    #[command(name = "gate")]
    OnRecord(OnRecord),
    Rules(Rules),
    Checklists(Checklists),
    Policy(Policy),
    Explain(Explain),
    Schema(Schema),
    Demo(Demo),
    #[command(hide = true, name = "demo-payload")]
    DemoPayload(DemoPayload),
}

impl Command {
    /// What to do where no engine can be asked, if the command can do without one.
    pub(super) const fn without_an_engine(&self) -> Option<&'static str> {
        match self {
            Self::Containers(_) => Some("--engine none audits from the kernel alone"),
            Self::Compose(_) | Self::Dockerfile(_) => {
                Some("--engine none judges by the files alone")
            }
            Self::Image(_) => Some("--archive FILE reads a saved image without one"),
            Self::Drift(_) | Self::Diff(_) | Self::OnRecord(_) | Self::Rules(_) => None,
            Self::Policy(_) => Some("--engine none sees them from the kernel alone"),
            Self::Checklists(_) | Self::Explain(_) | Self::Schema(_) => None,
            Self::Demo(_) | Self::DemoPayload(_) => None,
        }
    }

    /// Whether a file of settings says something about it.
    pub(super) const fn has_settings(&self) -> bool {
        !matches!(
            self,
            Self::Rules(_)
                | Self::Checklists(_)
                | Self::Explain(_)
                | Self::Schema(_)
                | Self::Demo(_)
                | Self::DemoPayload(_)
                | Self::Policy(Policy { command: PolicyCommand::Check(_), .. })
        )
    }

    /// Takes from a file of settings what the command line does not say.
    pub(super) fn lay_over(&mut self, config: &Config) {
        match self {
            Self::Containers(Containers { gate, asked, output, .. }) => {
                gate.lay_over(config, "containers");
                asked.lay_over(config);
                output.lay_over(config);
            }
            Self::Image(Image { gate, address, output, .. }) => {
                gate.lay_over(config, "image");
                address.lay_over(config);
                output.lay_over(config);
            }
            Self::Compose(Compose { gate, asked, output, .. }) => {
                gate.lay_over(config, "compose");
                asked.lay_over(config);
                output.lay_over(config);
            }
            Self::Dockerfile(Dockerfile { gate, asked, output, .. }) => {
                gate.lay_over(config, "dockerfile");
                asked.lay_over(config);
                output.lay_over(config);
            }
            Self::Drift(Drift { address, output, .. }) => {
                address.lay_over(config);
                output.lay_over(config);
            }
            Self::Diff(Diff { gate, .. }) => gate.lay_over(config),
            Self::OnRecord(OnRecord { gate, .. }) => gate.lay_over(config, "gate"),
            Self::Policy(Policy { command: PolicyCommand::Show(show) }) => {
                show.policy = show.policy.take().or_else(|| config.chosen_policy());
                show.asked.lay_over(config);
            }
            Self::Policy(_) | Self::Rules(_) | Self::Checklists(_) => {}
            Self::Explain(_) | Self::Schema(_) => {}
            Self::Demo(_) | Self::DemoPayload(_) => {}
        }
    }
}

/// Audit running containers.
///
/// Without a name, all running containers of the engine. One that is stopped is
/// audited by its name, its files where --files engine says so. As root every rule can
/// be verified; without root, or without an engine, the report lists
/// what could not be read and what to do about it.
///
/// With --file, what fails on containers of that compose project names the lines of its
/// files, and of the Dockerfiles that it builds from, that would mend it.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Containers {
    /// Names or id prefixes of the containers to audit
    #[arg(value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(super) names: Vec<String>,

    #[command(flatten)]
    pub(super) gate: Gate,
    /// Let a declaration count as a pass where the engine runs under another kernel
    #[arg(long, value_name = "WHAT", help_heading = "Gate")]
    pub(super) accept: Option<Accept>,

    #[command(flatten)]
    pub(super) asked: Asked,
    /// Who is asked for the containers' files
    #[arg(long = "files", value_name = "WAY", help_heading = "Engine", default_value = "kernel")]
    pub(super) files_by: Files,

    #[command(flatten)]
    pub(super) project: Project,
    #[command(flatten)]
    pub(super) output: Output,
}

/// Audit images by what they say of themselves and by the files in them.
///
/// The engine saves each image, and its layers are read as they come, nothing
/// unpacked: an upper layer hides what is below it. With --archive no engine is
/// needed: the images of an archive on disk are read. What is asked of running
/// containers alone does not apply.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Image {
    /// Names, or id prefixes, of the images to audit; with --archive all of it unless named
    #[arg(value_name = "IMAGE", required_unless_present = "archive", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(super) names: Vec<String>,
    /// Read images from a file of docker save, an OCI archive or an OCI layout folder; - is
    /// standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["host", "context"])]
    pub(super) archive: Option<PathBuf>,
    /// Of an image of several platforms in an archive, the one to audit [default: this host's]
    #[arg(long, value_name = "OS/ARCH", requires = "archive")]
    pub(super) platform: Option<String>,

    #[command(flatten)]
    pub(super) gate: Gate,
    #[command(flatten)]
    pub(super) address: Address,
    #[command(flatten)]
    pub(super) output: Output,
}

/// Audit compose projects before they are deployed.
///
/// Resolves each project as docker compose does, works out what the engine would
/// create for every service, and judges it by the rules for running containers. What
/// the files leave to the image is asked of the engine, or of the Dockerfile that
/// builds it; what nobody can tell is unknown, never passed.
///
/// Without a path, the project of this folder or of the nearest one above it. A file
/// that makes no sense is an error of its own (exit code 3); the others are judged.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Compose {
    /// Compose files, folders, or globs in quotes: each is a project of its own
    #[arg(value_name = "PATH", conflicts_with = "files")]
    pub(super) paths: Vec<PathBuf>,

    #[command(flatten)]
    pub(super) project: Project,
    /// Grade the project once for each profile (`profiles`), or once with each of these
    /// files laid over it; several files joined by commas are one set
    #[arg(long, value_name = "WHAT", num_args = 1.., help_heading = "Project")]
    pub(super) matrix: Vec<String>,

    #[command(flatten)]
    pub(super) gate: Gate,
    #[command(flatten)]
    pub(super) asked: Asked,
    #[command(flatten)]
    pub(super) output: Output,
}

/// Compare a project's running containers with its files.
///
/// For every property of the posture: what the files ask for, what the engine was
/// told, and what the kernel enforces. Weaker than the files is a finding; what
/// nobody can see is unverifiable.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Drift {
    #[command(flatten)]
    pub(super) project: Project,
    #[command(flatten)]
    pub(super) address: Address,
    /// Show every property, also those that are as asked for
    #[arg(long, help_heading = "Output")]
    pub(super) all: bool,
    #[command(flatten)]
    pub(super) output: Output,
}

/// List the rules.
#[derive(Debug, clap::Args)]
pub(super) struct Rules {
    /// How to write the list
    #[arg(long, value_name = "FORMAT", default_value = "terminal")]
    pub(super) format: RulesFormat,
}

/// List the checklists, or the items of one and what decides them.
///
/// Each is made from a document; --checklist holds an audit's targets against it.
#[derive(Debug, clap::Args)]
pub(super) struct Checklists {
    /// A name or the beginning of one, a TOML file, or `all`
    #[arg(value_name = "WHICH")]
    pub(super) which: Option<PathBuf>,
    /// How to write the list
    #[arg(long, value_name = "FORMAT", default_value = "terminal")]
    pub(super) format: RulesFormat,
}

/// Explain one rule: what, why, how to fix, references.
#[derive(Debug, clap::Args)]
pub(super) struct Explain {
    /// The rule's id, as `secaudit rules` lists it
    pub(super) rule: String,
}

/// Print the JSON Schema of an output format.
///
/// The schema is of the dialect 2020-12.
#[derive(Debug, clap::Args)]
pub(super) struct Schema {
    /// Which format
    pub(super) what: Described,
}

/// Make two throw-away sandboxes, audit them, remove them.
///
/// One is hardened, the other is as people really run it. Needs no image registry
/// and no network. With a Docker engine the sandboxes are containers of an image
/// made in memory; without one they are Linux namespaces. This is the one command
/// that creates something; it says what, and cleans up, also when interrupted.
///
/// Ends with 0 whatever the scorecard says, with 3 where no sandbox can be made,
/// and with 128 and the signal's number where a signal ended it.
#[derive(Debug, clap::Args)]
pub(super) struct Demo {
    /// What to make the sandboxes with
    #[arg(long, value_name = "HOW", default_value = "auto")]
    pub(super) with: DemoWith,
}

/// What runs inside a sandbox of the demo.
#[derive(Debug, clap::Args)]
pub(super) struct DemoPayload {
    /// What to do
    #[arg(value_name = "WORDS")]
    pub(super) words: Vec<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum DemoWith {
    /// Docker where an engine answers, else namespaces
    Auto,
    /// Containers of a Docker engine
    Docker,
    /// Linux namespaces alone
    Namespaces,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Colour {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Accept {
    /// What the engine declares; each such pass is marked as stated
    Declared,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Files {
    /// The kernel; where it cannot tell, they stay unknown
    Kernel,
    /// Where the kernel cannot tell, the engine: it then packs and sends the whole root file
    /// system of each such container, and whatever is mounted into it
    Engine,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum RulesFormat {
    /// One line for each
    Terminal,
    /// The whole reference
    Markdown,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Described {
    /// The report of `--format json`
    Scorecard,
    /// What `drift --format json` writes
    Drift,
    /// What `compose --matrix … --format json` writes
    Matrix,
    /// What `diff --format json` writes
    Diff,
}

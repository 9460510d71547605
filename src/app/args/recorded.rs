//! The command lines of `secaudit diff` and `secaudit gate`.

use std::path::PathBuf;

use clap::ValueEnum;

use super::{EXIT_CODES, FailOn, Gate};
use crate::policy::config::Config;

const DIFF_CODES: &str = "\
Exit codes:
  0   nothing at or above --fail-on is new, worse or unknown now
  1   something is new or worse
  2   wrong usage, or a file that is no scorecard
  3   incomplete: something is unknown now, or the newer audit was not complete
  4   the report could not be written
  70  a bug";

/// Tell what has changed from one scorecard to another.
///
/// Compares what two audits wrote with --format json, finding by finding: new, worse,
/// unknown now, waived now, better, fixed, gone. Replicas of a service are one, and
/// the worst of them counts; ids, lines and tags may change. To know less is never
/// better: what failed and is unknown now is not fixed.
#[derive(Debug, clap::Args)]
#[command(after_help = DIFF_CODES)]
pub(in crate::app) struct Diff {
    /// The older scorecard; - is standard input
    #[arg(value_name = "OLD")]
    pub(in crate::app) old: PathBuf,
    /// The newer scorecard; - is standard input
    #[arg(value_name = "NEW")]
    pub(in crate::app) new: PathBuf,
    #[command(flatten)]
    pub(in crate::app) gate: DiffGate,
    /// How to write what has changed
    #[arg(long, value_name = "FORMAT", help_heading = "Output", default_value = "terminal")]
    pub(in crate::app) format: DiffFormat,
    /// Write it to a file instead of standard output
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub(in crate::app) output: Option<PathBuf>,
}

/// Which change fails.
#[derive(Debug, clap::Args)]
pub(in crate::app) struct DiffGate {
    /// Fail on changes of this severity or above [default: high]
    #[arg(long, value_name = "SEVERITY", help_heading = "Gate")]
    pub(in crate::app) fail_on: Option<FailOn>,
}

impl DiffGate {
    /// As [`Gate::lay_over`].
    pub(in crate::app) fn lay_over(&mut self, config: &Config) {
        self.fail_on = self.fail_on.or_else(|| config.gate.fail_on.map(FailOn::of));
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::app) enum DiffFormat {
    /// For people
    Terminal,
    /// For programs (see `secaudit schema diff`)
    Json,
    /// For pull requests
    Markdown,
}

/// Hold scorecards on record against a gate.
///
/// Reads what audits wrote with --format json, and says what the gate of these options, or
/// of a policy, says to all of them together. Verdicts and severities are as they were
/// recorded: of a policy only its gate holds. The audits themselves take the same options
/// and gate what is live.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(in crate::app) struct OnRecord {
    /// Scorecards; - is standard input
    #[arg(value_name = "FILE", required = true)]
    pub(in crate::app) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(in crate::app) gate: Gate,
}

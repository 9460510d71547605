//! What several commands have in common.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::model::severity::Severity;
use crate::policy::config::Config;

/// When an audit fails.
#[derive(Debug, clap::Args)]
pub(in crate::app) struct Gate {
    /// Fail on findings of this severity or above [default: high]
    #[arg(long, value_name = "SEVERITY", help_heading = "Gate")]
    pub(in crate::app) fail_on: Option<FailOn>,
    /// Fail if one scores less than this (0 to 100)
    #[arg(long, value_name = "SCORE", help_heading = "Gate", value_parser = clap::value_parser!(u8).range(..=100))]
    pub(in crate::app) fail_under: Option<u8>,
    /// Incomplete if one is verified to less than this percentage
    #[arg(long, value_name = "PERCENT", help_heading = "Gate", value_parser = clap::value_parser!(u8).range(..=100))]
    pub(in crate::app) min_coverage: Option<u8>,
    /// A policy file (TOML), laid over the built-in baseline
    #[arg(long, value_name = "FILE", help_heading = "Gate")]
    pub(in crate::app) policy: Option<PathBuf>,
    /// An earlier scorecard (JSON): what was as bad there already is shown as known and
    /// does not fail
    #[arg(long, value_name = "FILE", help_heading = "Gate")]
    pub(in crate::app) baseline: Option<PathBuf>,
    /// Hold everything against a checklist too, item by item: one that comes with secaudit
    /// by its name or the beginning of it, a TOML file, or `all`; see `secaudit checklists`
    #[arg(long = "checklist", value_name = "WHICH", help_heading = "Checklists")]
    pub(in crate::app) checklists: Vec<PathBuf>,
    /// The file whose settings hold.
    #[arg(skip)]
    pub(in crate::app) settings: Option<PathBuf>,
}

impl Gate {
    /// Takes what was not said from a file of settings; `command` is the command's name.
    pub(in crate::app) fn lay_over(&mut self, config: &Config, command: &str) {
        let gate = config.gate;
        self.fail_on = self.fail_on.or_else(|| gate.fail_on.map(FailOn::of));
        self.fail_under = self.fail_under.or(gate.fail_under);
        self.min_coverage = self.min_coverage.or(gate.min_coverage);
        let path = |it: &String| config.beside(it);
        self.policy = self.policy.take().or_else(|| config.chosen_policy());
        if self.checklists.is_empty() {
            self.checklists = config.checklists();
        }
        self.baseline = self.baseline.take().or_else(|| config.baseline(command).map(path));
        self.settings = Some(config.path.clone());
    }
}

/// Where the engine is, and how long it may take.
#[derive(Debug, clap::Args)]
pub(in crate::app) struct Address {
    /// The engine's address, such as unix:///var/run/docker.sock
    #[arg(long, value_name = "ADDRESS", help_heading = "Engine", conflicts_with = "context")]
    pub(in crate::app) host: Option<String>,
    /// The docker context to use
    #[arg(long, value_name = "NAME", help_heading = "Engine")]
    pub(in crate::app) context: Option<String>,
    /// Seconds that one question to the engine may take
    #[arg(long, value_name = "SECONDS", help_heading = "Engine", default_value = "10", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(in crate::app) timeout: u64,
}

impl Address {
    /// As [`Gate::lay_over`]. What the environment names goes before the file's address.
    pub(in crate::app) fn lay_over(&mut self, config: &Config) {
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|it| !it.is_empty());
        let is_named = ["DOCKER_HOST", "DOCKER_CONTEXT"].into_iter().any(is_set);
        if self.host.is_none() && self.context.is_none() && !is_named {
            self.host.clone_from(&config.host);
        }
    }
}

/// Which engine is asked, if any.
#[derive(Debug, clap::Args)]
pub(in crate::app) struct Asked {
    #[command(flatten)]
    pub(in crate::app) address: Address,
    /// Which engine's own sockets to ask; with none no engine is asked [default: auto]
    #[arg(
        long,
        value_name = "ENGINE",
        help_heading = "Engine",
        conflicts_with_all = ["host", "context"]
    )]
    engine: Option<Engine>,
}

impl Asked {
    /// Which engine is asked.
    pub(in crate::app) fn engine(&self) -> Engine {
        self.engine.unwrap_or(Engine::Auto)
    }

    /// As [`Gate::lay_over`].
    pub(in crate::app) fn lay_over(&mut self, config: &Config) {
        let is_said = self.address.host.is_some() || self.address.context.is_some();
        if self.engine.is_none() && !is_said {
            self.engine = config.engine.as_deref().and_then(of_name);
        }
        if self.engine.is_none() {
            self.address.lay_over(config);
        }
    }
}

/// What is written, and where.
#[derive(Debug, clap::Args)]
pub(in crate::app) struct Output {
    /// How to write the report [default: terminal]
    #[arg(long, value_name = "FORMAT", help_heading = "Output")]
    format: Option<Format>,
    /// Write the report to a file instead of standard output
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub(in crate::app) output: Option<PathBuf>,
}

impl Output {
    /// How the report is written.
    pub(in crate::app) fn format(&self) -> Format {
        self.format.unwrap_or(Format::Terminal)
    }

    /// As [`Gate::lay_over`].
    pub(in crate::app) fn lay_over(&mut self, config: &Config) {
        self.format = self.format.or_else(|| config.format.as_deref().and_then(of_name));
    }
}

/// The value of an option that a file names, which knows what there is.
fn of_name<T: ValueEnum>(name: &str) -> Option<T> {
    T::from_str(name, false).ok()
}

/// The names that an option knows.
pub(in crate::app) fn names<T: ValueEnum>() -> Vec<String> {
    let all = T::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    all.map(|it| it.get_name().to_owned()).collect()
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::app) enum FailOn {
    Crit,
    High,
    Med,
    Low,
    /// Findings never fail the audit
    None,
}

impl FailOn {
    pub(in crate::app) const fn of(severity: Option<Severity>) -> Self {
        match severity {
            Some(Severity::Crit) => Self::Crit,
            Some(Severity::High) => Self::High,
            Some(Severity::Med) => Self::Med,
            Some(Severity::Low) => Self::Low,
            None => Self::None,
        }
    }

    pub(in crate::app) const fn severity(self) -> Option<Severity> {
        match self {
            Self::Crit => Some(Severity::Crit),
            Self::High => Some(Severity::High),
            Self::Med => Some(Severity::Med),
            Self::Low => Some(Severity::Low),
            Self::None => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::app) enum Engine {
    /// What the environment or context names, else Docker's or Podman's sockets, else none
    Auto,
    /// Docker's sockets
    Docker,
    /// Podman's sockets
    Podman,
    /// No engine: containers as /proc shows them, projects as their files do
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::app) enum Format {
    /// A scorecard for people
    Terminal,
    /// The scorecard as JSON (see `secaudit schema scorecard`)
    Json,
}

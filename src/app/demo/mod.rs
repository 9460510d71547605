//! `secaudit demo`: makes two sandboxes, audits them, removes them.
//!
//! The one command that writes. Its client of the engine is a type of its own,
//! private to this module, and no audit can reach it: this module is the last.

mod confine;
mod containers;
mod docker;
mod elf;
pub mod image;
mod maker;
mod namespaces;
mod payload;
mod signals;

use super::args::{Demo, DemoWith};
use super::exit::{self, Failure};
use super::output::{self, Terminal};
use crate::collect::containers::Plan;
use crate::collect::engine::address::{self, Surroundings};
use crate::judge::Accept;
use crate::policy::Policy;
use crate::report::terminal::Look;
use crate::report::{self, v1};

use docker::Workshop;
use namespaces::Sandboxes;
use signals::Signals;

pub(super) use payload::payload;

/// Runs the demo. It ends with 0 whatever the scorecard says: it is there to
/// show one.
pub(super) fn run(command: &Demo, terminal: Terminal) -> Result<u8, Failure> {
    super::runtime()?.block_on(demonstrate(command.with, terminal.look(false)))
}

async fn demonstrate(with: DemoWith, look: Look) -> Result<u8, Failure> {
    let mut signals = Signals::listen().map_err(|error| Failure::Bug(error.to_string()))?;
    let mut means = tokio::select! {
        means = Means::choose(with) => means?,
        signal = signals.next() => return Err(Failure::Interrupted { signal }),
    };
    output::print(&introduction(&means, look))?;
    let shown = tokio::select! {
        shown = show(&mut means, look) => shown,
        signal = signals.next() => Err(Failure::Interrupted { signal }),
    };
    note("removing everything …");
    let removed = means.remove().await;
    // Of two errors the first is the cause; the other is told all the same.
    let report = shown.inspect_err(|_| {
        if let Err(failure) = &removed {
            note(&failure.to_string());
        }
    })?;
    removed?;
    output::print(&conclusion(&report, look))?;
    Ok(exit::CLEAN)
}

async fn show(means: &mut Means, look: Look) -> Result<v1::Report, Failure> {
    let plan = means.make().await?;
    note("auditing …");
    let collected = super::containers::collecting(&plan).await?;
    if !collected.unknown_names.is_empty() {
        return Err(Failure::Demo(
            "the audit does not see the sandboxes; run the demo on the host itself, not in a \
             container"
                .to_owned(),
        ));
    }
    let missing = super::containers::missing(&collected);
    let policy = Policy::baseline();
    let report = super::containers::evaluate(&collected.bundle, &policy, Accept::Kernel, missing);
    output::print(&format!("\n{}\n", report::terminal::render(&report, look)))?;
    Ok(report)
}

/// What the sandboxes are made with.
enum Means {
    Docker(Workshop),
    Namespaces(Sandboxes),
}

impl Means {
    async fn choose(with: DemoWith) -> Result<Self, Failure> {
        if matches!(with, DemoWith::Namespaces) {
            return Ok(Self::Namespaces(Sandboxes::default()));
        }
        let workshop = match address::choose(None, None, &Surroundings::from_env()) {
            Ok(choice) => Workshop::connect(&choice).await,
            Err(error) => Err(error.to_string()),
        };
        match (workshop, with) {
            (Ok(workshop), _) => Ok(Self::Docker(workshop)),
            (Err(reason), DemoWith::Docker) => Err(Failure::Demo(format!(
                "{reason}; start Docker, run as root or as a member of the socket's group, \
                 or run `secaudit demo --with namespaces`"
            ))),
            (Err(reason), DemoWith::Auto | DemoWith::Namespaces) => {
                note(&format!("{reason}, so Linux namespaces will do"));
                Ok(Self::Namespaces(Sandboxes::default()))
            }
        }
    }

    fn announcement(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Docker(workshop) => workshop.announcement(),
            Self::Namespaces(sandboxes) => sandboxes.announcement(),
        }
    }

    async fn make(&mut self) -> Result<Plan, Failure> {
        match self {
            Self::Docker(workshop) => workshop.make().await,
            Self::Namespaces(sandboxes) => sandboxes.make().await,
        }
    }

    async fn remove(&mut self) -> Result<(), Failure> {
        match self {
            Self::Docker(workshop) => workshop.remove().await,
            Self::Namespaces(sandboxes) => sandboxes.remove().await,
        }
    }
}

fn introduction(means: &Means, look: Look) -> String {
    let mut text = look.wrap(
        "",
        "",
        "This demo makes two throw-away sandboxes, audits them together, and removes them. \
         It needs no registry and no network. It is the one command of secaudit that creates \
         anything, and this is all that it creates:",
    );
    text.push_str("\n\n");
    for (kind, what) in means.announcement() {
        let line = look.wrap(&format!("  {kind:<10} "), &" ".repeat(13), &what);
        text.push_str(&format!("{line}\n"));
    }
    text
}

fn conclusion(report: &v1::Report, look: Look) -> String {
    let text = look.wrap(
        "",
        "",
        &format!(
            "Everything is removed. The demo ends with exit code 0; `secaudit containers` would \
             have ended with {}, which is how it stops a pipeline.",
            report.gate.exit_code
        ),
    );
    format!(
        "{text}\n\n{}\n  secaudit containers                 audit what runs on this machine\n  \
         secaudit explain no-engine-socket   what a rule asks, why, and how to fix it\n",
        look.bold("Next")
    )
}

/// Tells how far the demo is, apart from what it shows.
fn note(text: &str) {
    output::to_stderr(&format!("secaudit: {text}"));
}

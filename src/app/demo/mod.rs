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
use crate::Detail;
use crate::collect::containers::Plan;
use crate::collect::engine::address::{self, Surroundings};
use crate::judge::Accept;
use crate::policy::Policy;
use crate::report::terminal::Look;
use crate::report::{self, v1};

use docker::{Refusal, Workshop};
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
    let report = shown.inspect_err(|_| match &removed {
        Ok(()) => note("everything is removed"),
        Err(failure) => note(&failure.to_string()),
    })?;
    removed?;
    output::print(&conclusion(&report, look))?;
    Ok(exit::CLEAN)
}

async fn show(means: &mut Means, look: Look) -> Result<v1::Report, Failure> {
    let plan = means.make().await?;
    note("auditing …");
    let bundle = super::containers::collecting(&plan).await?;
    if !bundle.missing.is_empty() {
        return Err(Failure::Demo(
            "the audit did not find the sandboxes: they ended too early, or a container hides \
             them; run the demo again, on the host itself"
                .to_owned(),
        ));
    }
    let report =
        crate::evaluate_beside(&bundle, &[], &Policy::baseline(), Accept::Kernel, Detail::Next);
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
        let refused = match address::choose(None, None, &Surroundings::from_env()) {
            Ok(choice) => match Workshop::connect(&choice).await {
                Ok(workshop) => return Ok(Self::Docker(workshop)),
                Err(refusal) => refusal,
            },
            Err(error) => Refusal { reason: error.to_string(), remedy: "mend the address" },
        };
        if matches!(with, DemoWith::Docker) {
            return Err(Failure::Demo(format!(
                "{}; {}, or run `secaudit demo --with namespaces`",
                refused.reason, refused.remedy
            )));
        }
        note(&format!("{}, so Linux namespaces will do", refused.reason));
        Ok(Self::Namespaces(Sandboxes::default()))
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
    let next = match worst(report) {
        Some(rule) => format!("secaudit explain {rule}"),
        None => "secaudit rules".to_owned(),
    };
    format!(
        "{text}\n\n{}\n  {:<36}audit what runs on this machine\n  {next:<36}what a rule asks, why, and how to fix it\n",
        look.bold("Next"),
        "secaudit containers",
    )
}

/// The rule that was broken worst, the first of several.
fn worst(report: &v1::Report) -> Option<&str> {
    let all = report.targets.iter().flat_map(|target| &target.findings);
    let failed = all.filter(|finding| finding.verdict == v1::Verdict::Fail);
    let worst = failed.rev().max_by_key(|finding| finding.severity)?;
    Some(&worst.rule)
}

/// Tells how far the demo is, apart from what it shows.
fn note(text: &str) {
    output::to_stderr(&format!("secaudit: {text}"));
}

//! `secaudit containers`: collect, judge, report.

use std::path::Path;

use super::args::{self, Containers, Format};
use super::exit::Failure;
use super::output::{self, Bar, ReportFile, Terminal};
use crate::collect::containers::{Collected, Plan, collect};
use crate::collect::engine::Limits;
use crate::collect::engine::address::{self, Choice, Surroundings};
use crate::collect::kernel::Kernel;
use crate::gate::{self, Outcome};
use crate::judge::Accept;
use crate::model::bundle::{Answer, Bundle};
use crate::model::source::Source;
use crate::model::untrusted::Untrusted;
use crate::policy::{Gate, Policy};
use crate::report::{self, v1};
use crate::{facts, judge, score};

pub(super) fn run(command: &Containers, terminal: Terminal) -> Result<u8, Failure> {
    let policy = policy(command)?;
    let plan = plan(command)?;
    let file = command.output.as_deref().filter(|path| *path != Path::new("-"));
    let file = file.map(ReportFile::create).transpose()?;

    let collected = super::runtime()?.block_on(collecting(&plan))?;
    let accept = command.accept.map_or(Accept::Kernel, |args::Accept::Declared| Accept::Declared);
    let missing = missing(&collected);
    let report = evaluate(&collected.bundle, &policy, accept, missing);

    let text = match command.format {
        Format::Terminal => report::terminal::render(&report, terminal.look(file.is_some())),
        Format::Json => report::json(&report).map_err(|error| Failure::Bug(error.to_string()))?,
    };
    for reason in missing_names(&collected) {
        output::to_stderr(&format!("secaudit: {reason}"));
    }
    match file {
        Some(file) => file.finish(&text)?,
        None if report.targets.is_empty() && !collected.unknown_names.is_empty() => {}
        None => output::print(&text)?,
    }
    Ok(report.gate.exit_code)
}

/// Judges a bundle and puts the result into the public shape. `missing` is
/// what kept the collection from being complete.
pub(super) fn evaluate(
    bundle: &Bundle,
    policy: &Policy,
    accept: Accept,
    missing: Vec<String>,
) -> v1::Report {
    let facts = facts::derive(bundle);
    let ledger = judge::judge(&facts, policy, accept);
    let cards: Vec<_> =
        ledger.sheets.iter().map(|sheet| score::score(sheet, policy.weights)).collect();
    let mut outcome: Outcome = gate::outcome(&ledger, &cards, &policy.gate);
    outcome.gaps.extend(missing);
    report::assemble(&report::Run {
        bundle,
        facts: &facts,
        policy,
        accept,
        ledger: &ledger,
        cards: &cards,
        outcome: &outcome,
    })
}

/// Collects with a progress bar, and notes the time.
pub(super) async fn collecting(plan: &Plan) -> Result<Collected, Failure> {
    let bar = Bar::new();
    let progress = |what: &str, done, of| bar.show(what, done, of);
    let mut collected = collect(plan, &Kernel::default(), &progress).await?;
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    collected.bundle.record(Source::Clock, Ok(Answer::Text(now.into())));
    Ok(collected)
}

fn policy(command: &Containers) -> Result<Policy, Failure> {
    let mut policy = match &command.policy {
        None => Policy::baseline(),
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|cause| Failure::PolicyFile { path: path.clone(), cause })?;
            Policy::parse(&path.display().to_string(), &text)?
        }
    };
    policy.gate = Gate {
        fail_on: command.fail_on.map_or(policy.gate.fail_on, args::FailOn::severity),
        fail_under: command.fail_under.or(policy.gate.fail_under),
        min_coverage: command.min_coverage.or(policy.gate.min_coverage),
    };
    Ok(policy)
}

fn plan(command: &Containers) -> Result<Plan, Failure> {
    let limits =
        Limits { deadline: std::time::Duration::from_secs(command.timeout), ..Limits::default() };
    let engine = match command.engine {
        args::Engine::None => None,
        engine => {
            let choice = address::choose(
                command.host.as_deref(),
                command.context.as_deref(),
                &Surroundings::from_env(),
            )?;
            Some(only(engine, choice))
        }
    };
    Ok(Plan { engine, names: command.names.clone(), limits })
}

/// Of the well-known sockets only those of the engine that was asked for; it
/// was named, so it must answer.
fn only(engine: args::Engine, mut choice: Choice) -> Choice {
    let wanted = match engine {
        args::Engine::Auto | args::Engine::None => return choice,
        args::Engine::Docker => "docker.sock",
        args::Engine::Podman => "podman.sock",
    };
    if choice.named_by.is_none() {
        choice.candidates.retain(|address| address.to_string().ends_with(wanted));
        choice.named_by = Some("--engine".to_owned());
    }
    choice
}

/// What kept the collection from being complete, as reasons for the gate.
pub(super) fn missing(collected: &Collected) -> Vec<String> {
    let mut missing: Vec<String> = missing_names(collected);
    let hidden = Source::Kernel("/proc".to_owned());
    if collected.bundle.observations.contains_key(&hidden)
        && let Err(gap) = collected.bundle.ask(&hidden)
    {
        missing.push(gap.detail);
    }
    missing
}

fn missing_names(collected: &Collected) -> Vec<String> {
    let running = match collected.known_names.as_slice() {
        [] => "no container is running".to_owned(),
        names => {
            let names: Vec<String> = names.iter().map(Untrusted::to_string).collect();
            format!("running: {}", names.join(", "))
        }
    };
    collected
        .unknown_names
        .iter()
        .map(|name| {
            format!("no running container is called {}; {running}", Untrusted::from(name.as_str()))
        })
        .collect()
}

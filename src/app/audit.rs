//! What every audit has in common: its policy, its report, its end.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::args::{self, Format};
use super::exit::Failure;
use super::output::{self, ReportFile, Terminal};
use super::record;
use crate::collect::connect::NoEngine;
use crate::collect::engine::Limits;
use crate::collect::engine::address::{self, Choice, Surroundings};
use crate::model::bundle::{Answer, Bundle};
use crate::model::reading::Gap;
use crate::model::source::Source;
use crate::policy::{Gate, Policy, checklist, nearest};
use crate::report::{self, v1};

/// What one question to the engine may cost.
pub(super) fn limits(address: &args::Address) -> Limits {
    Limits::within(Duration::from_secs(address.timeout))
}

/// Which engine to ask: one that is named, one kind's own sockets, or none.
pub(super) fn engine(asked: &args::Asked) -> Result<Result<Choice, NoEngine>, Failure> {
    Ok(match asked.engine() {
        args::Engine::None => Err(NoEngine {
            detail: "no engine was asked (--engine none)".into(),
            remedy: "leave out --engine none".into(),
        }),
        args::Engine::Auto => Ok(named(&asked.address)?),
        args::Engine::Docker => Ok(address::well_known(Some("docker"), &Surroundings::from_env())),
        args::Engine::Podman => Ok(address::well_known(Some("podman"), &Surroundings::from_env())),
    })
}

/// The engine that an address names, else the one that the environment does, or one
/// of the well-known.
pub(super) fn named(address: &args::Address) -> Result<Choice, Failure> {
    let (host, context) = (address.host.as_deref(), address.context.as_deref());
    Ok(address::choose(host, context, &Surroundings::from_env())?)
}

/// The file that the report goes to, made before anything is collected.
pub(super) fn file(output: &args::Output) -> Result<Option<ReportFile>, Failure> {
    let file = output.output.as_deref().filter(|path| *path != Path::new("-"));
    file.map(ReportFile::create).transpose()
}

/// Notes when the evidence was collected.
pub(super) fn note_the_time(bundle: &mut Bundle) {
    bundle.record(Source::Clock, Ok(Answer::Text(now().into())));
}

/// The time in UTC (RFC 3339).
pub(super) fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Writes the report where it belongs; the exit code that the gate says.
pub(super) fn write(
    bundle: &Bundle,
    report: &v1::Report,
    format: Format,
    file: Option<ReportFile>,
    terminal: Terminal,
) -> Result<u8, Failure> {
    let is_terminal = matches!(format, Format::Terminal);
    let text = match format {
        Format::Terminal => report::terminal::render(report, terminal.look(file.is_some())),
        Format::Json => report::json(report).map_err(|error| Failure::Bug(error.to_string()))?,
    };
    // What is wrong with a file was told with its line.
    let is_told = |it: &&Gap| matches!(it.source, Source::Compose(_));
    for gap in bundle.missing.iter().filter(|it| !is_told(it)) {
        output::to_stderr(&format!("secaudit: {}", gap.in_words()));
    }
    match file {
        Some(file) => {
            file.finish(&text)?;
            output::to_stderr(&format!("secaudit: {}", report::terminal::conclusion(report)));
        }
        // To a person an audit of nobody has nothing to say but why.
        None if is_terminal && report.targets.is_empty() && !bundle.missing.is_empty() => {}
        None => output::print(&text)?,
    }
    Ok(report.gate.exit_code)
}

/// The policy that the command names, and its gate.
pub(super) fn policy(gate: &args::Gate) -> Result<Policy, Failure> {
    let mut policy = policy_of(gate.policy.as_deref())?;
    for which in &gate.checklists {
        add_checklist(&mut policy, which)?;
    }
    policy.gate = Gate {
        fail_on: gate.fail_on.map_or(policy.gate.fail_on, args::FailOn::severity),
        fail_under: gate.fail_under.or(policy.gate.fail_under),
        min_coverage: gate.min_coverage.or(policy.gate.min_coverage),
    };
    policy.settings = gate.settings.as_deref().map(record::shown);
    if let Some(path) = &gate.baseline {
        policy.baseline = Some(Arc::new(record::baseline(path, &policy)?));
    }
    Ok(policy)
}

/// A policy by its file, or by its name where it comes with the program.
pub(super) fn policy_of(path: Option<&Path>) -> Result<Policy, Failure> {
    let Some(path) = path else { return Ok(Policy::baseline()) };
    let name = path.display().to_string();
    match Policy::named(&name) {
        Some(policy) => Ok(policy),
        None => Ok(Policy::parse(&name, &policy_file(path)?)?),
    }
}

/// Adds the checklists that are meant.
pub(super) fn add_checklist(policy: &mut Policy, which: &Path) -> Result<(), Failure> {
    let name = which.display().to_string();
    let found = if name == "all" { checklist::SHIPPED } else { checklist::find(&name) };
    for (path, text) in found {
        policy.add_checklist(path, text)?;
    }
    if !found.is_empty() {
        return Ok(());
    }
    let is_file = name.contains('/') || name.ends_with(".toml");
    if is_file {
        return Ok(policy.add_checklist(&name, &policy_file(which)?)?);
    }
    let names = checklist::names();
    let hint = nearest(&name, &names).map(|it| format!("; did you mean {it:?}?"));
    Err(Failure::Usage(format!(
        "--checklist {name:?}: there is no such checklist{} There are {}, all, and any file.toml",
        hint.as_deref().unwrap_or("."),
        names.join(", ")
    )))
}

pub(super) fn policy_file(path: &Path) -> Result<String, Failure> {
    record::text(path).map_err(|cause| Failure::PolicyFile { path: record::shown(path), cause })
}

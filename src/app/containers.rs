//! `secaudit containers`: collect, judge, report.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::args::{self, Containers, Format};
use super::exit::Failure;
use super::output::{self, Bar, ReportFile, Terminal};
use crate::collect::containers::{NoEngine, Plan, collect};
use crate::collect::engine::Limits;
use crate::collect::engine::address::{self, Surroundings};
use crate::collect::kernel::Kernel;
use crate::judge::Accept;
use crate::model::bundle::{Answer, Bundle};
use crate::model::source::Source;
use crate::policy::{Gate, Policy};
use crate::report;

pub(super) fn run(command: &Containers, terminal: Terminal) -> Result<u8, Failure> {
    let policy = policy(command)?;
    let plan = plan(command)?;
    let file = command.output.as_deref().filter(|path| *path != Path::new("-"));
    let file = file.map(ReportFile::create).transpose()?;

    let bundle = super::runtime()?.block_on(collecting(&plan))?;
    let accept = command.accept.map_or(Accept::Kernel, |args::Accept::Declared| Accept::Declared);
    let report = crate::evaluate(&bundle, &policy, accept);

    let is_terminal = matches!(command.format, Format::Terminal);
    let text = match command.format {
        Format::Terminal => report::terminal::render(&report, terminal.look(file.is_some())),
        Format::Json => report::json(&report).map_err(|error| Failure::Bug(error.to_string()))?,
    };
    for gap in &bundle.missing {
        output::to_stderr(&format!("secaudit: {}", gap.in_words()));
    }
    match file {
        Some(file) => {
            file.finish(&text)?;
            output::to_stderr(&format!("secaudit: {}", report::terminal::conclusion(&report)));
        }
        // To a person an audit of nobody has nothing to say but why.
        None if is_terminal && report.targets.is_empty() && !bundle.missing.is_empty() => {}
        None => output::print(&text)?,
    }
    Ok(report.gate.exit_code)
}

/// Collects with a progress bar, and notes the time.
pub(super) async fn collecting(plan: &Plan) -> Result<Bundle, Failure> {
    let bar = Bar::new();
    let progress = |what: &str, done, of| bar.show(what, done, of);
    let mut bundle = collect(plan, &Kernel::default(), &progress).await?;
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    bundle.record(Source::Clock, Ok(Answer::Text(now.into())));
    Ok(bundle)
}

fn policy(command: &Containers) -> Result<Policy, Failure> {
    let mut policy = match &command.policy {
        None => Policy::baseline(),
        Some(path) => {
            let text = read_policy(path)
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

/// The most bytes of a policy.
const LONGEST_POLICY: u64 = 1 << 20;

fn read_policy(path: &Path) -> io::Result<String> {
    // Looked at before it is opened: a FIFO would never answer, a device never end.
    let about = std::fs::metadata(path)?;
    if !about.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    if about.len() > LONGEST_POLICY {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    std::fs::read_to_string(path)
}

fn plan(command: &Containers) -> Result<Plan, Failure> {
    let limits = Limits::within(Duration::from_secs(command.timeout));
    let engine = match command.engine {
        args::Engine::None => Err(NoEngine {
            detail: "no engine was asked (--engine none)".to_owned(),
            remedy: "leave out --engine none".to_owned(),
        }),
        args::Engine::Auto => Ok(address::choose(
            command.host.as_deref(),
            command.context.as_deref(),
            &Surroundings::from_env(),
        )?),
        args::Engine::Docker => Ok(address::well_known(Some("docker"), &Surroundings::from_env())),
        args::Engine::Podman => Ok(address::well_known(Some("podman"), &Surroundings::from_env())),
    };
    Ok(Plan { engine, names: command.names.clone(), limits })
}

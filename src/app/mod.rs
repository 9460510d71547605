//! The program: arguments in, bytes and an exit code out.

mod args;
mod audit;
mod batch;
mod checklists;
mod compose;
mod config;

mod containers;
pub mod demo;
mod dockerfile;
mod drift;

mod exit;
mod fault;
mod image;
mod output;
mod policy;
mod record;
mod recorded;
mod rules;
mod stream;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};
use exit::Failure;
use output::Terminal;

/// Runs the program with these arguments, the first being its own name.
///
/// Every way out is one of the documented exit codes; a panic, which would be a
/// bug, becomes 70 with one line instead of a trace.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        output::to_stderr(&format!("secaudit: internal error, please report it: {panic}"));
    }));
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let code = std::panic::catch_unwind(|| run(arguments)).unwrap_or(exit::BUG);
    ExitCode::from(code)
}

fn run(arguments: Vec<OsString>) -> u8 {
    let mut args = match Args::try_parse_from(arguments) {
        Ok(args) => args,
        Err(error) => return output::usage(&error),
    };
    let terminal = Terminal::detect(args.color);
    if args.command.has_settings() {
        match config::read(&args.settings) {
            Ok(Some(config)) => args.command.lay_over(&config),
            Ok(None) => {}
            Err(failure) => {
                output::to_stderr(&format!("secaudit: {failure}"));
                return failure.exit_code();
            }
        }
    }
    let instead = args.command.without_an_engine();
    let done = match args.command {
        Command::Containers(command) => containers::run(&command, terminal),
        Command::Image(command) => image::run(&command, terminal),
        Command::Compose(command) => compose::run(&command, terminal),
        Command::Dockerfile(command) => dockerfile::run(&command, terminal),
        Command::Drift(command) => drift::run(&command, terminal),
        Command::Diff(command) => recorded::diff(&command, terminal),
        Command::OnRecord(command) => recorded::gate(&command, terminal),
        Command::Rules(command) => rules::list(&command, terminal),
        Command::Checklists(command) => checklists::run(&command, terminal),
        Command::Policy(command) => policy::run(&command, terminal),
        Command::Explain(command) => rules::explain(&command, terminal),
        Command::Schema(command) => rules::schema(&command),
        Command::Demo(command) => demo::run(&command, terminal),
        Command::DemoPayload(payload) => demo::payload(&payload),
    };
    done.unwrap_or_else(|failure: Failure| {
        let instead = instead.filter(|_| matches!(failure, Failure::Engine { .. }));
        let instead = instead.map(|it| format!("; {it}")).unwrap_or_default();
        output::to_stderr(&format!("secaudit: {failure}{instead}"));
        failure.exit_code()
    })
}

/// What drives everything that waits, in one thread.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Bug(error.to_string()))
}

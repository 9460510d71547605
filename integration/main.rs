//! Live tests: what the audit says of real containers must be what a witness
//! inside them finds when it tries.
//!
//! Each case names what is expected. The real program audits the container, a
//! witness in it tries the acts that the rules speak of, and all three must
//! agree. Images are made here, from this very program; nothing is pulled.
//!
//! Without an engine the cases are skipped and say so; with
//! `SECAUDIT_LIVE=required` a skip is a failure.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and a witness speaks on standard output"
)]

mod agree;
mod audit;
mod cases;
mod compose;
#[path = "../tests/corpus/mod.rs"]
mod corpus;
mod daemon;
mod engine;
mod image;
mod layered;
mod needs;
mod record;
mod relay;
mod run;
mod services;
mod testimony;
mod trace;
mod wait;
mod witness;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use tokio::signal::unix::{SignalKind, signal};

use cases::Live;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["witness", words @ ..] => return ExitCode::from(witness::main(words)),
        // Under the name of a shell it runs one command of its own.
        ["-c", script] if script.contains(" witness ") => {
            let command = script.split("||").next().unwrap_or_default();
            let words: Vec<&str> = command.split_whitespace().skip(2).collect();
            return ExitCode::from(witness::main(&words));
        }
        ["bundle", host, name] => {
            print!("{}", record::bundle(Some(host), name));
            return ExitCode::SUCCESS;
        }
        ["weigh", words @ ..] => {
            print!("{}", cases::images::weigh(words));
            return ExitCode::SUCCESS;
        }
        _ => {}
    }
    let arguments = Arguments::from_args();
    if arguments.list {
        return libtest_mimic::run(&arguments, trials()).exit_code();
    }
    clean_up_when_interrupted();
    run::clean_after_others();
    let conclusion = libtest_mimic::run(&arguments, trials());
    run::clean();
    conclusion.exit_code()
}

fn trials() -> Vec<Trial> {
    cases::all().into_iter().map(trial).collect()
}

fn trial(live: Live) -> Trial {
    let Live { name, needs, run } = live;
    Trial::ignorable_test(name, move || match needs.into_iter().find_map(needs::Need::unmet) {
        None => {
            run();
            Ok(Completion::Completed)
        }
        Some(reason) if needs::are_required() => Err(Failed::from(reason)),
        Some(reason) => Ok(Completion::ignored_with(reason)),
    })
}

/// An interrupted run takes its containers and its image with it.
fn clean_up_when_interrupted() {
    std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime can be made");
        runtime.block_on(async {
            let mut terminated = signal(SignalKind::terminate()).expect("a signal can be caught");
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminated.recv() => {}
            }
        });
        run::clean();
        #[expect(clippy::exit, clippy::disallowed_methods, reason = "the run was interrupted")]
        std::process::exit(130);
    });
}

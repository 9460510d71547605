//! The whole program, started as people start it, and timed from outside.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The median time of a run with these arguments, and the most memory, in KiB,
/// that any run held so far.
pub(crate) fn timed(arguments: &[&str], rounds: usize) -> (Duration, u64) {
    let mut times: Vec<Duration> = (0..rounds).map(|_| once(arguments)).collect();
    times.sort_unstable();
    (*times.get(times.len() / 2).unwrap(), memory())
}

fn once(arguments: &[&str]) -> Duration {
    let begin = Instant::now();
    let mut process = Command::new(env!("CARGO_BIN_EXE_secaudit"))
        .args(arguments)
        .current_dir(Path::new("/"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let status = process.wait().unwrap();
    let time = begin.elapsed();
    assert!(status.code().is_some() && status.signal().is_none(), "it ends by itself");
    time
}

/// The most memory that any child held so far, in KiB (`getrusage(2)`).
fn memory() -> u64 {
    let who = nix::sys::resource::UsageWho::RUSAGE_CHILDREN;
    let usage = nix::sys::resource::getrusage(who).unwrap();
    u64::try_from(usage.max_rss()).unwrap()
}

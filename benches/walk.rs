//! The walk through a container's files beside GNU `find`, whole processes, on
//! one tree with a warm cache.
//!
//! `cargo bench --bench walk` makes a tree of 100 000 files, lets both walk it in
//! turn, and prints the ratio of their median times; then one of 1 000 000, and
//! prints the most memory that the walk held. It fails where the walk takes more
//! than half of find's time, or more than 40 MB.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark lays out its files, prints, and stops where it cannot go on"
)]

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use secaudit::collect::kernel::below;
use secaudit::parse::pattern::Patterns;
use secaudit::policy::Policy;

/// How often each walks the tree. The median counts.
const ROUNDS: usize = 21;

/// The most of find's time that the walk may take.
const MOST_TIME: f64 = 0.5;

/// The most memory that the walk may hold, in KiB.
const MOST_MEMORY: u64 = 40_000;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    if let (Some("walk"), Some(folder)) = (arguments.next().as_deref(), arguments.next()) {
        walk(Path::new(&folder));
        return ExitCode::SUCCESS;
    }
    let is_quick = is_faster();
    let is_small = is_bounded();
    if is_quick && is_small { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What the other process does: walk, look for all that the baseline asks for,
/// and tell how much memory that took.
fn walk(folder: &Path) {
    let patterns = Patterns::new(Policy::baseline().sought()).expect("the baseline's patterns");
    let survey = below(folder, &patterns).expect("the tree can be walked");
    let status = fs::read_to_string("/proc/self/status").expect("the kernel tells of itself");
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    println!(
        "{} names, {} groups, {} gaps, {peak}",
        survey.names,
        survey.groups.len(),
        survey.unread.len()
    );
    survey.unread.iter().for_each(|it| println!("{}", it.gap.detail));
}

/// An ordinary application: folders of twenty files, a tenth of them programs.
fn plant(folder: &Path, files: usize) {
    for group in 0..files / 20 {
        let place =
            folder.join(format!("app/node_modules/package-{:03}/lib/part-{group:05}", group / 50));
        fs::create_dir_all(&place).unwrap();
        for file in 0..20 {
            let path = place.join(format!("module-{file:02}.js"));
            File::create(&path).unwrap();
            let mode = if file < 2 { 0o755 } else { 0o644 };
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        }
    }
}

fn is_faster() -> bool {
    let tree = tempfile::tempdir().unwrap();
    plant(tree.path(), 100_000);
    let find = || timed(Command::new("find").arg(tree.path()).args(["-printf", "%m %u %g %p\n"]));
    let own = || timed(walker(tree.path()));
    find();
    own();
    let mut times: (Vec<Duration>, Vec<Duration>) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        times.0.push(find());
        times.1.push(own());
    }
    let (find, own) = (median(times.0), median(times.1));
    let ratio = own.as_secs_f64() / find.as_secs_f64();
    println!(
        "100 000 files: find {find:.1?}, the walk {own:.1?}, ratio {ratio:.2} (at most {MOST_TIME})"
    );
    ratio <= MOST_TIME
}

fn is_bounded() -> bool {
    let tree = tempfile::tempdir().unwrap();
    plant(tree.path(), 1_000_000);
    let told = walker(tree.path()).output().expect("the walk runs");
    let told = String::from_utf8_lossy(&told.stdout).trim().to_owned();
    let peak = told.split_whitespace().rev().nth(1).and_then(|it| it.parse().ok());
    println!("1 000 000 files: {told} (at most {MOST_MEMORY} kB)");
    told.contains(" 0 gaps") && peak.is_some_and(|peak: u64| peak <= MOST_MEMORY)
}

fn walker(folder: &Path) -> Command {
    let mut own = Command::new(std::env::current_exe().expect("it has a path"));
    own.arg("walk").arg(folder);
    own
}

fn timed(mut command: impl std::borrow::BorrowMut<Command>) -> Duration {
    let begin = Instant::now();
    let status = command.borrow_mut().stdout(Stdio::null()).status().expect("it starts");
    assert!(status.success(), "it ends well");
    begin.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    *times.get(times.len() / 2).expect("it was timed")
}

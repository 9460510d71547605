//! Threads that are not what their process seems to be.
//!
//! Credentials belong to the thread (`credentials(7)`): a program may drop its
//! privileges in one thread and keep them in another, by mistake or to hide
//! them. `/proc/<pid>/status` tells of the first thread alone.

use super::Answers;
use super::process::Process;
use crate::model::bundle::{Answer, Bundle, Processes};
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::parse::proc::status::Status;

/// What makes up a thread's credentials.
const CREDENTIALS: [&str; 10] = [
    "Uid",
    "Gid",
    "Groups",
    "CapInh",
    "CapPrm",
    "CapEff",
    "CapBnd",
    "CapAmb",
    "NoNewPrivs",
    "Seccomp",
];

/// The most threads that are looked at of one process.
const MOST: usize = 10_000;

/// The `status` of each thread whose credentials differ from the first one's.
/// `first` is that one's.
pub(super) fn differing(process: &Process, first: &str) -> Answers {
    let pid = process.pid();
    let first = Status::parse(first);
    if first.number("Threads").is_ok_and(|threads| threads <= 1) {
        return Answers::new();
    }
    let names = match process.list("task") {
        Ok(names) => names,
        // A process that has ended meanwhile has no threads that count.
        Err(gap) if gap.reason == Reason::Gone => return Answers::new(),
        Err(gap) => {
            let source = Source::proc(pid, &file(pid));
            return vec![(source.clone(), Err(Gap { source, ..gap }))];
        }
    };
    let mut threads: Vec<u32> =
        names.iter().filter_map(|name| name.parse().ok()).filter(|it| *it != pid).collect();
    threads.sort_unstable();
    let mut answers = Answers::new();
    if let Some(unread) = threads.get(MOST) {
        let source = Source::proc(pid, &file(*unread));
        let gap = Gap::new(
            Reason::TooLarge,
            source.clone(),
            format!("the process has over {MOST} threads"),
        );
        answers.push((source, Err(gap)));
    }
    for thread in threads.into_iter().take(MOST) {
        let answer = process.read(&file(thread));
        let is_noteworthy = match &answer {
            Ok(Answer::Text(text)) => !is_alike(&first, &Status::parse(text.raw())),
            Ok(_) => false,
            // A thread that has ended meanwhile is nobody's any more.
            Err(gap) => gap.reason != Reason::Gone,
        };
        if is_noteworthy {
            answers.push((Source::proc(pid, &file(thread)), answer));
        }
    }
    answers
}

/// The threads of these processes that a bundle holds.
pub(super) fn recorded(processes: &Processes, bundle: &Bundle) -> Vec<(u32, u32)> {
    let all = processes.all();
    bundle
        .observations
        .keys()
        .filter_map(|source| {
            let Source::Kernel(path) = source else { return None };
            let (pid, rest) = path.strip_prefix("/proc/")?.split_once("/task/")?;
            let thread = rest.strip_suffix("/status")?;
            Some((pid.parse().ok()?, thread.parse().ok()?))
        })
        .filter(|(pid, _)| all.contains(pid))
        .collect()
}

fn file(thread: u32) -> String {
    format!("task/{thread}/status")
}

fn is_alike(one: &Status<'_>, other: &Status<'_>) -> bool {
    CREDENTIALS.iter().all(|field| one.field(field).ok() == other.field(field).ok())
}

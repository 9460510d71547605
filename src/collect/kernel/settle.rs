//! Processes that are just starting or ending.
//!
//! For `exec` and for health checks a runtime puts a process of its own into
//! the container, with all its privileges; that gives them up and executes what
//! was asked for, within milliseconds. Read in between, it would convict any
//! container of what no program in it can do. So it is read again until it has
//! executed something or has ended.
//!
//! The name only costs time: whoever borrows it is judged by what it has, once
//! the patience is over.

use std::time::{Duration, Instant};

use super::process::Process;
use super::{Answers, Kernel, Proved, Readings};
use crate::model::bundle::Answer;
use crate::model::reading::Reason;
use crate::model::source::Source;
use crate::parse::proc::status::Status;

/// How long all the starting processes of one audit are waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(5);

impl Kernel {
    /// Reads starting and ending processes again until there are none, or
    /// patience ends, and forgets those that have ended.
    pub(super) fn settle(&self, read: &mut Readings, proved: &mut [Proved<'_>]) {
        let begin = Instant::now();
        loop {
            let unsettled: Vec<(u32, u64)> = read
                .iter()
                .filter(|((pid, _), answers)| {
                    is_starting(*pid, answers) || is_ending(*pid, answers)
                })
                .map(|(key, _)| *key)
                .collect();
            if unsettled.is_empty() || begin.elapsed() > PATIENCE {
                return;
            }
            #[expect(clippy::disallowed_methods, reason = "the kernel announces neither")]
            std::thread::sleep(PAUSE);
            for key @ (pid, _) in unsettled {
                let answers = self.read_process(pid);
                read.insert(key, answers);
                self.forget_if_ended(key, read, proved);
            }
        }
    }

    /// As if the process had ended before anybody looked. Asked after it was
    /// read: what still lives now was alive while it was read. The first
    /// process stays: without it there is no container.
    fn forget_if_ended(&self, key: (u32, u64), read: &mut Readings, proved: &mut [Proved<'_>]) {
        let (pid, start) = key;
        let is_first = proved.iter().any(|(_, it)| it.as_ref().is_ok_and(|it| it.init == pid));
        if is_first || self.lives(pid, start) {
            return;
        }
        read.remove(&key);
        for processes in proved.iter_mut().filter_map(|(_, it)| it.as_mut().ok()) {
            processes.members.retain(|member| *member != pid);
            processes.strays.retain(|stray| *stray != pid);
            for neighbours in processes.neighbours.values_mut() {
                neighbours.retain(|neighbour| neighbour.pid != pid);
            }
        }
    }

    /// Whether this very process still runs something. A zombie does only
    /// where other threads outlived its first.
    pub(super) fn lives(&self, pid: u32, start: u64) -> bool {
        Process::open(&self.proc, pid).is_ok_and(|process| {
            let status = process.peek("status").unwrap_or_default();
            let status = Status::parse(&status);
            let is_zombie = status.field("State").is_ok_and(|state| state.starts_with(['Z', 'X']));
            let is_last = status.number("Threads").is_ok_and(|threads| threads <= 1);
            process.start() == Some(start) && !(is_zombie && is_last)
        })
    }
}

/// Whether a process was there and one of its files was not any more: it has
/// given up its memory, and is a zombie in a moment. One of which nothing
/// could be read is another matter: it may live, too quick to be read.
fn is_ending(pid: u32, answers: &Answers) -> bool {
    let status = Source::proc(pid, "status");
    let was_there = answers.iter().any(|(source, answer)| *source == status && answer.is_ok());
    was_there
        && answers.iter().any(|(_, it)| it.as_ref().is_err_and(|gap| gap.reason == Reason::Gone))
}

/// Whether a process has the name that a runtime gives it until it executes
/// the container's program: runc's are `runc:[0:PARENT]`, `runc:[1:CHILD]` and
/// `runc:[2:INIT]`; crun only forks, so its process still has crun's own.
fn is_starting(pid: u32, answers: &Answers) -> bool {
    let status = Source::proc(pid, "status");
    answers.iter().any(|(source, answer)| {
        let (true, Ok(Answer::Text(text))) = (*source == status, answer) else { return false };
        let status = Status::parse(text.raw());
        let name = status.name();
        let name = name.raw();
        name == "crun" || (name.starts_with("runc:[") && name.ends_with(']'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_starting_process_is_known_by_its_runtimes_name() {
        let named = |name: &str| {
            let text = format!("Name:\t{name}\nUid:\t0\t0\t0\t0\n");
            is_starting(7, &vec![(Source::proc(7, "status"), Ok(Answer::Text(text.into())))])
        };
        assert!(named("runc:[0:PARENT]") && named("runc:[2:INIT]") && named("crun"));
        assert!(!named("web") && !named("runc") && !named("x runc:[2:INIT]"));
    }

    #[test]
    fn a_process_that_could_not_be_read_is_not_waited_for() {
        assert!(!is_starting(7, &vec![]));
    }
}

//! Processes that a runtime is just starting.
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
use crate::model::source::Source;
use crate::parse::proc::status::Status;

/// How long all the starting processes of one audit are waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(5);

impl Kernel {
    /// Reads starting processes again until there are none, or patience ends.
    pub(super) fn settle(&self, read: &mut Readings, proved: &mut [Proved<'_>]) {
        let begin = Instant::now();
        loop {
            let starting: Vec<(u32, u64)> = read
                .iter()
                .filter(|((pid, _), answers)| is_starting(*pid, answers))
                .map(|(key, _)| *key)
                .collect();
            if starting.is_empty() || begin.elapsed() > PATIENCE {
                return;
            }
            #[expect(clippy::disallowed_methods, reason = "the kernel announces no execve")]
            std::thread::sleep(PAUSE);
            for key @ (pid, start) in starting {
                let is_first =
                    proved.iter().any(|(_, it)| it.as_ref().is_ok_and(|it| it.init == pid));
                let answers = self.read_process(pid);
                // Looked at last: what still lives now was alive while it was read.
                let lives = Process::open(&self.proc, pid).ok().and_then(|it| it.start());
                if lives == Some(start) || is_first {
                    read.insert(key, answers);
                } else {
                    // As if it had ended before anybody looked.
                    read.remove(&key);
                    for processes in proved.iter_mut().filter_map(|(_, it)| it.as_mut().ok()) {
                        processes.members.retain(|member| *member != pid);
                        processes.strays.retain(|stray| *stray != pid);
                        for neighbours in processes.neighbours.values_mut() {
                            neighbours.retain(|neighbour| neighbour.pid != pid);
                        }
                    }
                }
            }
        }
    }
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

//! A container's network, as its first process is shown it: who listens, where
//! packets go, and which process holds which listener.
//!
//! `/proc/<pid>/net` needs no privilege. Only whose a listener is takes the
//! right to look at the process's file descriptors.

use std::collections::BTreeSet;

use super::Answers;
use super::process::Process;
use crate::model::bundle::{Answer, Processes};
use crate::model::reading::Gap;
use crate::model::source::Source;
use crate::parse::proc::sockets::{self, Protocol};

/// The tables of sockets, and those of routes.
const TABLES: [&str; 4] = ["net/tcp", "net/tcp6", "net/udp", "net/udp6"];
const ROUTES: [&str; 2] = ["net/route", "net/ipv6_route"];

/// The network of a container; `open` opens one of its processes.
pub(super) fn answers(
    first: &Result<Process, Gap>,
    processes: &Processes,
    open: impl Fn(u32) -> Result<Process, Gap>,
) -> Answers {
    let init = processes.init;
    let mut listeners = BTreeSet::new();
    let mut answers = Answers::new();
    for table in TABLES {
        let protocol = Protocol::of_table(table);
        let answer = each(first, init, table, |process| {
            process.lines(table, |line| sockets::listening(protocol, line))
        });
        if let Ok(Answer::Text(kept)) = &answer {
            let kept = sockets::parse(protocol, kept.raw()).unwrap_or_default();
            listeners.extend(kept.into_iter().map(|socket| socket.inode));
        }
        answers.push((Source::proc(init, table), answer));
    }
    for table in ROUTES {
        // The kernel fills its lines with blanks to the same length.
        let answer = each(first, init, table, |process| {
            process.lines(table, |line| Some(line.trim_end().to_owned()))
        });
        answers.push((Source::proc(init, table), answer));
    }
    for pid in processes.all() {
        let source = Source::held_sockets(pid);
        let answer = match open(pid) {
            // Of nothing nobody holds anything, and nobody has to be asked.
            _ if listeners.is_empty() => Ok(Answer::Text("".into())),
            Ok(process) => process.sockets(&listeners, source.clone()),
            Err(gap) => Err(Gap { source: source.clone(), ..gap }),
        };
        answers.push((source, answer));
    }
    answers
}

fn each(
    process: &Result<Process, Gap>,
    pid: u32,
    file: &str,
    read: impl FnOnce(&Process) -> Result<Answer, Gap>,
) -> Result<Answer, Gap> {
    match process {
        Ok(process) => read(process),
        Err(gap) => Err(Gap { source: Source::proc(pid, file), ..gap.clone() }),
    }
}

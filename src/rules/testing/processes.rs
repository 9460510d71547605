//! The processes of the container and of its neighbours.

use super::Case;
use super::hardened::{INIT, STATUS};
use crate::collect::redact;
use crate::model::bundle::{Answer, Neighbour};
use crate::model::secret::Variable;
use crate::model::source::Source;

impl Case {
    /// A process was started with these variables.
    pub(in crate::rules) fn started_with(mut self, pid: u32, variables: &[&str]) -> Self {
        let sealed = variables.iter().map(|it| redact::variable(it)).collect();
        self.put(Source::proc(pid, "environ"), Answer::Variables(sealed));
        self
    }

    /// A process was started with variables of whose values nothing was kept.
    pub(in crate::rules) fn forgets_values(mut self, pid: u32) -> Self {
        let source = Source::proc(pid, "environ");
        let variables = self.bundle.variables(&source).unwrap().iter().cloned();
        let variables = variables.map(|it| Variable { kept: None, ..it }).collect();
        self.put(source, Answer::Variables(variables));
        self
    }

    /// The first process runs this command, a word each line.
    pub(in crate::rules) fn command(self, words: &str) -> Self {
        self.kernel(&format!("/proc/{INIT}/cmdline"), words)
    }

    /// These have ended, and their parents have not waited for them.
    pub(in crate::rules) fn zombies(mut self, zombies: &[(u32, u32)]) -> Self {
        self.processes().zombies = Some(zombies.to_vec());
        self
    }

    /// Nobody has looked for zombies.
    pub(in crate::rules) fn without_zombies(mut self) -> Self {
        self.processes().zombies = None;
        self
    }

    /// The first process's `status` has these fields.
    pub(in crate::rules) fn status(self, fields: &[(&str, &str)]) -> Self {
        self.add_process(INIT, fields)
    }

    /// A further process of the container, like the hardened first but for these fields.
    pub(in crate::rules) fn add_process(mut self, pid: u32, fields: &[(&str, &str)]) -> Self {
        let mut status = String::new();
        for line in STATUS.lines() {
            let (name, value) = line.split_once(":\t").unwrap();
            let value = fields.iter().find(|(field, _)| *field == name).map_or(value, |(_, it)| it);
            status += &format!("{name}:\t{value}\n");
        }
        let processes = self.processes();
        if !processes.members.contains(&pid) {
            processes.members.push(pid);
        }
        self.put(Source::proc(pid, "attr/current"), Answer::Nothing);
        self = self.started_with(pid, &["PATH=/bin"]);
        let holds = if pid == INIT { "9\n10\n" } else { "" };
        self.put(Source::held_sockets(pid), Answer::Text(holds.into()));
        for (link, target) in
            [("exe", "/bin/app"), ("cwd", "/"), ("root", "/"), ("ns/mnt", "mnt:[7]")]
        {
            let source = Source::proc(pid, link);
            if self.bundle.ask(&source).is_err() {
                self.put(source, Answer::Text(target.into()));
            }
        }
        self.kernel(&format!("/proc/{pid}/status"), &status)
            .kernel(&format!("/proc/{pid}/cmdline"), "/bin/app\n…\n")
            .uid_map(pid, "0 0 4294967295")
            .gid_map(pid, "0 0 4294967295")
    }

    /// A process entered the PID namespace from outside the container's cgroup.
    pub(in crate::rules) fn stray(mut self, pid: u32, fields: &[(&str, &str)]) -> Self {
        self = self.add_process(pid, fields);
        let processes = self.processes();
        processes.members.retain(|member| *member != pid);
        processes.strays.push(pid);
        self
    }

    /// A process of another container lives in the namespace of this kind.
    pub(in crate::rules) fn neighbour(
        mut self,
        kind: &str,
        pid: u32,
        fields: &[(&str, &str)],
    ) -> Self {
        self = self.add_process(pid, fields);
        let processes = self.processes();
        processes.members.retain(|member| *member != pid);
        let neighbour = Neighbour { pid, container: "d".repeat(64) };
        processes.neighbours.insert(kind.to_owned(), vec![neighbour]);
        self
    }

    /// Nobody can tell who lives in the namespace of this kind.
    pub(in crate::rules) fn neighbours_unread(mut self, kind: &str) -> Self {
        self.processes().neighbours.remove(kind);
        self
    }

    /// A process's user namespace maps ids like this.
    pub(in crate::rules) fn uid_map(self, pid: u32, map: &str) -> Self {
        self.kernel(&format!("/proc/{pid}/uid_map"), map)
    }

    /// A process's user namespace maps group ids like this.
    pub(in crate::rules) fn gid_map(self, pid: u32, map: &str) -> Self {
        self.kernel(&format!("/proc/{pid}/gid_map"), map)
    }
}

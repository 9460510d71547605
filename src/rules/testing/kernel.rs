//! The kernel's files, and what it refuses.

use super::Case;
use crate::model::bundle::Answer;
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;

impl Case {
    /// The kernel says that there is no such file.
    pub(in crate::rules) fn nothing(mut self, path: &str) -> Self {
        self.put(Source::Kernel(path.into()), Answer::Nothing);
        self
    }

    /// A file of the kernel holds this.
    pub(in crate::rules) fn kernel(mut self, path: &str, text: &str) -> Self {
        self.put(Source::Kernel(path.into()), Answer::Text(text.into()));
        self
    }

    /// One of the container's limit files holds this.
    pub(in crate::rules) fn limit(mut self, file: &str, text: &str) -> Self {
        let files = self.processes().limit_files.clone();
        for path in files.iter().filter(|path| path.ends_with(file)) {
            self = self.kernel(path, text);
        }
        self
    }

    /// The container's cgroup has one more limit file.
    pub(in crate::rules) fn add_limit(mut self, file: &str, text: &str) -> Self {
        self.processes().limit_files.push(format!("/sys/fs/cgroup/box/{file}"));
        self.limit(file, text)
    }

    /// The container's cgroup tells of its use.
    pub(in crate::rules) fn usage(mut self, file: &str, text: &str) -> Self {
        let path = format!("/sys/fs/cgroup/box/{file}");
        self.processes().usage_files.push(path.clone());
        self.kernel(&path, text)
    }

    /// Nobody knows when the evidence was collected.
    pub(in crate::rules) fn without_the_clock(mut self) -> Self {
        self.bundle.observations.remove(&Source::Clock);
        self
    }

    /// A file of the kernel has this answer.
    pub(in crate::rules) fn answer(mut self, path: &str, answer: Answer) -> Self {
        self.put(Source::Kernel(path.into()), answer);
        self
    }

    /// The kernel refuses this file of every process.
    pub(in crate::rules) fn denied(mut self, file: &str) -> Self {
        for pid in self.processes().all() {
            let source = Source::proc(pid, file);
            let gap = Gap::new(Reason::Denied, source.clone(), "the kernel refused it");
            self.bundle.record(source, Err(gap));
        }
        self
    }

    /// One file of the kernel cannot be read.
    pub(in crate::rules) fn unread(mut self, path: &str) -> Self {
        let source = Source::Kernel(path.into());
        let gap = Gap::new(Reason::Denied, source.clone(), "the kernel refused it");
        self.bundle.record(source, Err(gap));
        self
    }

    /// The kernel tells nothing: as behind `hidepid`.
    pub(in crate::rules) fn kernel_denied(mut self) -> Self {
        let source = Source::Processes(self.id().into());
        let gap = Gap::new(Reason::Denied, source.clone(), "/proc hides the processes");
        self.bundle.record(source, Err(gap));
        self
    }
}

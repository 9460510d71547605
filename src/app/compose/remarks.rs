//! What is odd about a project's files and keeps nobody from going on.

use std::collections::BTreeSet;

use crate::app::output;
use crate::model::untrusted::Untrusted;
use crate::parse::compose::{Project, Remark};

/// How many remarks are told of one project.
const MOST: usize = 20;

/// What is odd about one project's files.
pub(in crate::app) struct Remarks {
    /// The project's first file.
    file: String,
    lines: Vec<String>,
}

impl Remarks {
    pub(in crate::app) fn of(project: &Project) -> Self {
        let shown = |file: &std::path::Path| Untrusted::from(file.display().to_string());
        let line = |remark: &Remark| {
            let file = remark.at.and_then(|at| project.files.get(usize::try_from(at.file).ok()?));
            let file = shown(file.unwrap_or(&project.file));
            let at = remark.at.map(|at| format!(":{}:{}", at.line, at.column)).unwrap_or_default();
            format!("{file}{at}: {}", Untrusted::from(remark.what.as_str()))
        };
        let file = shown(&project.file).to_string();
        Self { file, lines: project.remarks.iter().map(line).collect() }
    }

    /// Tells what was not told before, each once.
    pub(in crate::app) fn tell(self, told: &mut BTreeSet<String>) {
        let mut left = MOST;
        for line in self.lines {
            if told.contains(&line) {
                continue;
            }
            if left == 0 {
                let file = self.file;
                output::to_stderr(&format!("secaudit: warning: {file}: and more of the like"));
                break;
            }
            left -= 1;
            output::to_stderr(&format!("secaudit: warning: {line}"));
            told.insert(line);
        }
    }
}

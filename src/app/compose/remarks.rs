//! What is odd about a project's files and keeps nobody from going on.

use std::collections::BTreeSet;

use crate::app::output;
use crate::model::untrusted::Untrusted;
use crate::parse::compose::{Project, Remark};

/// How many remarks are told of one project.
const MOST: usize = 20;

/// Tells what is odd about a project, each once.
pub(in crate::app) fn tell(project: &Project, told: &mut BTreeSet<String>) {
    let line = |remark: &Remark| {
        let file = remark.at.and_then(|at| project.files.get(usize::try_from(at.file).ok()?));
        let file = Untrusted::from(file.unwrap_or(&project.file).display().to_string());
        let at = remark.at.map(|at| format!(":{}:{}", at.line, at.column)).unwrap_or_default();
        format!("{file}{at}: {}", Untrusted::from(remark.what.as_str()))
    };
    let mut left = MOST;
    for line in project.remarks.iter().map(line) {
        if told.contains(&line) {
            continue;
        }
        if left == 0 {
            let file = Untrusted::from(project.file.display().to_string());
            output::to_stderr(&format!("secaudit: warning: {file}: and more of the like"));
            break;
        }
        left -= 1;
        output::to_stderr(&format!("secaudit: warning: {line}"));
        told.insert(line);
    }
}

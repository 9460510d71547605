//! Runs the real program and reads its report.

use std::ffi::OsStr;
use std::process::Command;
use std::sync::LazyLock;

use secaudit::report::v1::{Finding, Report, Target};

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_secaudit");

/// One audit's report and exit code.
pub(crate) struct Audit {
    pub(crate) report: Report,
    pub(crate) code: i32,
}

static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let printed =
        Command::new(PROGRAM).args(["schema", "scorecard"]).output().expect("the program runs");
    let schema = serde_json::from_slice(&printed.stdout).expect("the schema is JSON");
    jsonschema::validator_for(&schema).expect("the schema is a JSON Schema")
});

/// `secaudit containers … --format json`, as this process's user.
pub(crate) fn audit<S: AsRef<OsStr>>(arguments: &[S]) -> Audit {
    audit_by(Command::new(PROGRAM).arg("containers").args(arguments).args(["--format", "json"]))
}

/// As [`audit`], with the whole command made by the case. Every report, of
/// whatever case, fits the schema that the program prints.
pub(crate) fn audit_by(command: &mut Command) -> Audit {
    let output = command.output().expect("the program runs");
    let said = String::from_utf8_lossy(&output.stderr);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("the report is no JSON: {error}; {said}"));
    let faults: Vec<String> =
        SCHEMA.iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(faults.is_empty(), "the report does not fit its schema: {faults:?}");
    let report = serde_json::from_value(document).expect("the schema and the types are one");
    let code = output.status.code().expect("no signal ended the program");
    Audit { report, code }
}

impl Audit {
    /// The one target of the audit.
    pub(crate) fn only(&self) -> &Target {
        match self.report.targets.as_slice() {
            [target] => target,
            others => panic!("one target was expected, not {}", others.len()),
        }
    }

    /// The target of this name.
    pub(crate) fn target(&self, name: &str) -> Option<&Target> {
        self.report.targets.iter().find(|target| target.name.raw() == name)
    }
}

/// A target's finding of one rule.
pub(crate) fn finding<'t>(target: &'t Target, rule: &str) -> &'t Finding {
    target
        .findings
        .iter()
        .find(|finding| finding.rule == rule)
        .unwrap_or_else(|| panic!("there is no rule {rule}"))
}

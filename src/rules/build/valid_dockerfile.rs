//! See [`RULE`].

use crate::facts::Facts;
use crate::model::severity::Severity;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Settings, rule};

rule! {
    /// Builders take the Dockerfile as it is.
    ///
    /// Instructions, their flags and their arguments are those of the Dockerfile reference. What
    /// is wrong with one of them keeps nobody from judging the others.
    ///
    /// ## Why it matters
    /// A builder stops at such a line, or reads it otherwise than whoever wrote it. The image
    /// in use is then the one from before, with everything that was to be mended.
    ///
    /// ## How to fix
    /// Dockerfile: write `FROM image`, `COPY source /target`, `CMD ["/bin/app"]`, one instruction a line
    pub static RULE = {
        id: "valid-dockerfile",
        title: "builders take the Dockerfile as it is",
        severity: Severity::Med,
        targets: [Dockerfile],
        references: &["hadolint DL1000", "hadolint DL3061", "KICS b03a748a"],
        parameters: &[],
        judge: judge,
    }
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    facts.build.layout.judge(|layout| {
        let faults = &layout.dockerfile.faults;
        let told = faults.iter().map(|fault| {
            let help =
                if fault.help.is_empty() { String::new() } else { format!("; {}", fault.help) };
            format!("line {}: {}{help}", fault.place.line, Untrusted::from(fault.what.as_str()))
        });
        let Some(what) = told.reduce(|all, one| format!("{all}; {one}")) else {
            return Check::holds("every line is one that builders take");
        };
        let origins =
            faults.iter().map(|fault| layout.origin_at(&layout.word_at(fault.place), fault.place));
        origins.fold(Check::broken(what), |check, origin| {
            let line = origin.at.excerpt.clone();
            check.at(origin, line)
        })
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, dockerfile};

    cases! { RULE:
        what_builders_take_passes: dockerfile("FROM alpine:3.20\nUSER 1000:1000\n") => "Pass",
        an_unknown_instruction_fails: dockerfile("FROM alpine\nCOPPY a b\n") => "Fail",
        a_flag_that_nobody_knows_fails: dockerfile("FROM alpine\nCOPY --form=x a b\n") => "Fail",
        a_file_that_is_not_at_hand_is_unknown: dockerfile("FROM alpine\n").unread_dockerfile() => "Unknown",
    }
}

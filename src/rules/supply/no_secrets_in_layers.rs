//! See [`RULE`].

mod dockerfile;

use crate::facts::Facts;
use crate::model::severity::Severity;
use crate::model::verdict::Verdict;
use crate::rules::{Settings, rule};

rule! {
    /// No layer and no step of the image's history holds a secret.
    ///
    /// Of a Dockerfile the stages that ship are asked: build arguments and variables that are
    /// secrets by name or value, what commands are told, and files of secrets that are copied, also
    /// by way of a stage before. What a secret mount gives is in no layer.
    ///
    /// ## Why it matters
    /// Whoever may pull an image has every layer of it and its whole history. What a later layer
    /// deletes is hidden from the container, and from nobody else.
    ///
    /// ## How to fix
    /// Dockerfile: `RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci --omit=dev`
    pub static RULE = {
        id: "no-secrets-in-layers",
        title: "no secret is in a layer or in the history",
        severity: Severity::Crit,
        targets: [Dockerfile],
        references: &["CIS Docker 1.6: 4.10", "Trivy DS-0031", "hadolint DL3064"],
        parameters: &[],
        judge: judge,
    }
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    dockerfile::judge(facts, &|_| false)
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, dockerfile};

    cases! { RULE:
        a_build_without_secrets_passes: dockerfile("FROM a\nENV NODE_ENV=production\n") => "Pass",
        a_build_argument_fails: dockerfile("FROM a\nARG NPM_TOKEN\n") => "Fail",
        a_file_that_is_not_at_hand_is_unknown: dockerfile("FROM a\n").unread_dockerfile() => "Unknown",
    }
}

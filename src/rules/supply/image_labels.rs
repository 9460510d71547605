//! See [`RULE`].

use crate::facts::Facts;
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Parameter, Settings, Shape, rule};

rule! {
    /// The image says where it comes from, by the labels that everybody reads.
    ///
    /// The labels are those of the OCI's image specification. One without a value says nothing.
    /// Of a Dockerfile those count that the stages that ship set, and those of their base image
    /// where an engine has it. One whose value is a build argument is set by the build.
    ///
    /// ## Why it matters
    /// Whoever finds a fault in a running container needs the repository and the commit that it
    /// was built from. A tag moves; a label stays with the image.
    ///
    /// ## How to fix
    /// Dockerfile: `ARG REVISION` and `LABEL org.opencontainers.image.source=https://git.example.org/shop org.opencontainers.image.revision=$REVISION`
    /// compose: `build: {labels: {org.opencontainers.image.source: https://git.example.org/shop}}`
    /// run: `docker build --label org.opencontainers.image.revision=$(git rev-parse HEAD) .`
    pub static RULE = {
        id: "image-labels",
        title: "the image says where it comes from",
        severity: Severity::Low,
        targets: [Image, Dockerfile],
        references: &["OCI image specification: annotations", "hadolint DL3048", "hadolint DL3049"],
        parameters: &[Parameter {
            name: "labels",
            about: "Labels that an image must have",
            shape: Shape::List,
            default: &["org.opencontainers.image.source", "org.opencontainers.image.revision"],
            check: |_| Ok(()),
        }],
        judge: judge,
    }
}

fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    let wanted = settings.list("labels");
    facts.supply.labels(wanted).judge(|labels| {
        let missing = labels.iter().filter(|it| !it.is_set);
        let missing: Vec<&str> = missing.map(|it| it.name.as_str()).collect();
        if missing.is_empty() {
            Check::holds(format!("it has the labels {}", wanted.join(", ")))
        } else {
            Check::broken(format!("it has no label {}", missing.join(", ")))
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{Case, cases, dockerfile, shipped};
    use serde_json::json;

    /// A file that sets both labels, with this revision.
    fn revised(base: &str, revision: &str) -> Case {
        dockerfile(&format!(
            "FROM {base}\nARG REVISION\nLABEL org.opencontainers.image.source=https://a.b/c \\\n  org.opencontainers.image.revision={revision}\n"
        ))
    }

    cases! { RULE:
        an_image_with_both_labels_passes: shipped() => "Pass",
        one_without_labels_fails: shipped().says("/Config/Labels", json!(null)) => "Fail",
        an_empty_label_says_nothing:
            shipped().says("/Config/Labels/org.opencontainers.image.source", json!("")) => "Fail",
        the_policy_may_demand_others: shipped().set("labels", &["com.example.team"]) => "Fail",
        an_image_that_demands_no_labels_passes: shipped().set("labels", &[]) => "Pass",
        labels_that_cannot_be_understood_are_unknown:
            shipped().says("/Config/Labels", json!("x")) => "Unknown",
        a_file_with_both_passes_whatever_its_base: revised("a", "0123abc") => "Pass",
        a_revision_that_the_build_is_given_is_unknown_until_then: revised("a", "$REVISION") => "Unknown",
        also_where_the_base_sets_nothing: revised("scratch", "\"$REVISION\"") => "Unknown",
        one_with_a_default_passes: revised("scratch", "${REVISION:-none}") => "Pass",
        one_that_says_nothing_fails: revised("a", "\"\"") => "Fail",
        labels_may_be_those_of_a_base_that_nobody_has: dockerfile("FROM a\n") => "Unknown",
        upon_nothing_there_are_none: dockerfile("FROM scratch\nLABEL a=b\n") => "Fail",
        those_of_a_builder_are_not_the_images: dockerfile(
            "FROM scratch AS b\nLABEL org.opencontainers.image.source=x org.opencontainers.image.revision=y\nFROM scratch\nCOPY --from=b /x /x\n",
        ) => "Fail",
        those_of_a_stage_below_are: dockerfile(
            "FROM scratch AS b\nLABEL org.opencontainers.image.source=x org.opencontainers.image.revision=y\nFROM b\nUSER 1\n",
        ) => "Pass",
    }
}

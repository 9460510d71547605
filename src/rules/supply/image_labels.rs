//! See [`RULE`].

use crate::facts::Facts;
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Parameter, Settings, Shape, rule};

rule! {
    /// The image says where it comes from, by the labels that everybody reads.
    ///
    /// The labels are those of the OCI's image specification. One without a value says nothing.
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
        targets: [Image],
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
    facts.supply.labels.judge(|labels| {
        let has = |wanted: &&String| {
            labels.iter().any(|(name, value)| {
                name.raw() == wanted.as_str() && !value.raw().trim().is_empty()
            })
        };
        let missing: Vec<&str> = wanted.iter().filter(|it| !has(it)).map(String::as_str).collect();
        if missing.is_empty() {
            Check::holds(format!("it has the labels {}", wanted.join(", ")))
        } else {
            Check::broken(format!("it has no label {}", missing.join(", ")))
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, shipped};
    use serde_json::json;

    cases! { RULE:
        an_image_with_both_labels_passes: shipped() => "Pass",
        one_without_labels_fails: shipped().says("/Config/Labels", json!(null)) => "Fail",
        an_empty_label_says_nothing:
            shipped().says("/Config/Labels/org.opencontainers.image.source", json!("")) => "Fail",
        the_policy_may_demand_others: shipped().set("labels", &["com.example.team"]) => "Fail",
        an_image_that_demands_no_labels_passes: shipped().set("labels", &[]) => "Pass",
        labels_that_cannot_be_understood_are_unknown:
            shipped().says("/Config/Labels", json!("x")) => "Unknown",
    }
}

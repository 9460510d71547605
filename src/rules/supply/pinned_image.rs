//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::pins::Asked;
use crate::model::image_name::{ImageName, numbers};
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Parameter, Settings, Shape, rule};

rule! {
    /// Images are asked for by a version.
    ///
    /// A tag names a version where it has a number in it, as precise as the policy demands, or is
    /// the release of a distribution; `latest`, `stable` and no tag at all name whatever was built
    /// last. A digest names one image for ever, and is better than any tag. Of a Dockerfile each
    /// stage counts that begins with an image, and each image that is copied from.
    ///
    /// ## Why it matters
    /// What such a name means changes without notice: the next deploy runs something that nobody
    /// has tested, and nobody can tell which image ran when something went wrong.
    ///
    /// ## How to fix
    /// compose: `image: nginx:1.27.3`, or `image: nginx@sha256:…`
    /// run: `docker run nginx:1.27.3`
    /// Dockerfile: `FROM node:22.12.0-slim`, or `FROM node@sha256:…`
    pub static RULE = {
        id: "pinned-image",
        title: "images are asked for by a version",
        severity: Severity::Med,
        targets: [Container, Service, Dockerfile],
        references: &[
            "Trivy DS-0001", "Checkov CKV_DOCKER_7", "hadolint DL3006", "hadolint DL3007",
            "compose-lint CL-0004", "compose-lint CL-0019",
        ],
        parameters: &[Parameter {
            name: "at-least",
            about: "how precise a version is: major, minor, patch or digest",
            shape: Shape::One,
            default: &["major"],
            check: is_level,
        }],
        judge: judge,
    }
}

/// How many images of one Dockerfile a finding names.
const MOST: usize = 50;

/// How precise, by the numbers that a tag must have; a digest is beyond them.
const LEVELS: [(&str, usize); 4] =
    [("major", 1), ("minor", 2), ("patch", 3), ("digest", usize::MAX)];

/// Releases of distributions, which are versions by name.
const RELEASES: [&str; 9] =
    ["buster", "bullseye", "bookworm", "trixie", "focal", "jammy", "noble", "stretch", "bionic"];

fn is_level(text: &str) -> Result<(), String> {
    if LEVELS.iter().any(|(level, _)| *level == text) {
        return Ok(());
    }
    Err(format!("{text:?} is none of major, minor, patch and digest"))
}

fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    let level = settings.one("at-least").unwrap_or("major");
    let wanted = LEVELS.iter().find(|(name, _)| *name == level).map_or(1, |(_, count)| *count);
    facts.pins.judge(|all| {
        if all.is_empty() {
            return Check::moot("it is made from no image of anybody's");
        }
        let names: Vec<String> = all.iter().map(|it| it.name.to_string()).collect();
        let is_fixed = |it: &Asked| ImageName::parse(it.name.raw()).digest.is_some();
        let better =
            if all.iter().all(is_fixed) { "" } else { "; a digest would name one for ever" };
        let good = Check::holds(format!("{}{better}", names.join(", ")));
        let faults = all.iter().filter_map(|it| Some((it, fault(it.name.raw(), level, wanted)?)));
        faults.take(MOST).fold(good, |check, (asked, fault)| {
            let check = check.also(&format!("{} {fault}", asked.name));
            match &asked.origin {
                Some(origin) => check.at(origin.clone(), asked.name.clone()),
                None => check,
            }
        })
    })
}

/// What is wrong with a name, if anything.
fn fault(name: &str, level: &str, wanted: usize) -> Option<String> {
    let ImageName { repository, tag, digest } = ImageName::parse(name);
    if digest.is_some() || ImageName::is_id(name) {
        return None;
    }
    if wanted == usize::MAX {
        return Some("has no digest".to_owned());
    }
    let Some(tag) = tag else { return Some("has no tag, which is latest".to_owned()) };
    let last = repository.rsplit('/').next().unwrap_or_default();
    let release = tag.split('-').next().unwrap_or_default();
    let is_release =
        ["debian", "ubuntu", "buildpack-deps"].contains(&last) && RELEASES.contains(&release);
    match numbers(tag) {
        0 if is_release && wanted == 1 => None,
        0 => Some("names no version".to_owned()),
        count if count < wanted => Some(format!("is less precise than a {level} version")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, container, dockerfile, service};
    use serde_json::json;

    cases! { RULE:
        a_version_passes: container().declares("/Config/Image", json!("shop/web:1.0")) => "Pass",
        latest_fails: container().declares("/Config/Image", json!("shop/web:latest")) => "Fail",
        no_tag_fails: container().declares("/Config/Image", json!("nginx")) => "Fail",
        the_port_of_a_registry_is_no_tag:
            container().declares("/Config/Image", json!("registry:5000/web")) => "Fail",
        a_digest_passes: container().declares("/Config/Image", json!("nginx@sha256:ab")) => "Pass",
        an_id_passes: container().declares("/Config/Image", json!(format!("sha256:{}", "a".repeat(64)))) => "Pass",
        a_name_without_a_number_fails: container().declares("/Config/Image", json!("nginx:stable")) => "Fail",
        a_release_of_a_distribution_passes:
            container().declares("/Config/Image", json!("debian:bookworm-slim")) => "Pass",
        a_policy_may_want_more: container().declares("/Config/Image", json!("node:22"))
            .set("at-least", &["patch"]) => "Fail",
        a_policy_may_want_a_digest: container().declares("/Config/Image", json!("node:22.1.0"))
            .set("at-least", &["digest"]) => "Fail",
        without_an_engine_nobody_knows: container().engine_denied() => "Unknown",
        a_service_with_a_version_passes: service().writes("/Config/Image", json!("nginx:1.27")) => "Pass",
        a_service_without_one_fails: service().writes("/Config/Image", json!("nginx")) => "Fail",
        a_service_whose_version_is_a_variable_is_unknown: service().unset("/Config/Image", "TAG") => "Unknown",
        each_stage_of_a_dockerfile_counts:
            dockerfile("FROM golang AS a\nRUN x\nFROM alpine:3.20\nCOPY --from=a /x /x\n") => "Fail",
        nothing_is_no_image: dockerfile("FROM scratch\nUSER 1\n") => "NotApplicable",
        a_stage_beside_a_version_is_no_image: dockerfile("FROM alpine:3.20 AS a\nFROM a\nUSER 1\n") => "Pass",
        what_is_copied_from_counts:
            dockerfile("FROM alpine:3.20\nCOPY --from=busybox /bin/sh /bin/sh\n") => "Fail",
        a_variable_with_a_version_passes: dockerfile("ARG V=3.20\nFROM alpine:${V}\n") => "Pass",
        a_variable_without_a_value_is_unknown: dockerfile("ARG V\nFROM alpine:${V:?}\n") => "Unknown",
    }
}

//! See [`RULE`].

use crate::facts::Facts;
use crate::model::severity::Severity;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Settings, rule};

rule! {
    /// The user is written as a number with a group's number, not as a name.
    ///
    /// The kernel knows numbers alone, so only what was written can be judged. Where no
    /// user is written the rule does not apply: that is `non-root-user`'s finding.
    ///
    /// ## Why it matters
    /// A name means what the image's own files say, and the next build may say otherwise.
    /// A number without a group gets the group 0, root's, where the image has no account for it.
    ///
    /// ## How to fix
    /// compose: `user: "1000:1000"`
    /// run: `--user 1000:1000`
    /// Dockerfile: `USER 1000:1000`
    pub static RULE = {
        id: "fixed-uid",
        title: "the user is a fixed number with a group",
        severity: Severity::Low,
        targets: [Container, Service, Image, Dockerfile],
        mends: [User],
        references: &["hadolint DL3066"],
        parameters: &[],
        judge: judge,
    }
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    facts.written_user.judge(|user| {
        let Some(user) = user else { return Check::moot("no user is declared, so it is root") };
        let (name, group) = match user.raw().split_once(':') {
            Some((name, group)) => (name, Some(group).filter(|it| !it.is_empty())),
            None => (user.raw(), None),
        };
        if !is_number(name) {
            let name = Untrusted::from(name);
            return Check::broken(format!("the user {name} is a name, which the image resolves"));
        }
        match group {
            None => Check::broken(format!("the user {user} has no group, which the image decides")),
            Some(group) if !is_number(group) => {
                let group = Untrusted::from(group);
                Check::broken(format!("the group {group} is a name, which the image resolves"))
            }
            Some(_) => Check::holds(format!("the user is {user}")),
        }
    })
}

/// As the engine reads a number, Go's `strconv.Atoi`.
fn is_number(text: &str) -> bool {
    text.parse::<i64>().is_ok()
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, container, dockerfile, service};
    use serde_json::json;

    cases! { RULE:
        a_number_with_a_group_passes: container() => "Pass",
        a_name_fails: container().declares("/Config/User", json!("app")) => "Fail",
        a_number_without_a_group_fails: container().declares("/Config/User", json!("1000")) => "Fail",
        an_empty_group_is_none: container().declares("/Config/User", json!("1000:")) => "Fail",
        a_group_by_name_fails: container().declares("/Config/User", json!("1000:app")) => "Fail",
        no_user_at_all_is_another_rules_finding:
            container().declares("/Config/User", json!("")) => "NotApplicable",
        what_the_processes_are_does_not_matter: container().kernel_denied() => "Pass",
        without_the_engine_nobody_knows: container().engine_denied() => "Unknown",
        a_service_with_a_number_and_a_group_passes: service() => "Pass",
        a_service_with_a_name_fails: service().writes("/Config/User", json!("app")) => "Fail",
        a_service_whose_image_decides_is_unknown:
            service().leaves_out("/Config/User").without_the_image() => "Unknown",
        a_dockerfile_with_numbers_passes: dockerfile("FROM a\nUSER 1000:1000\n") => "Pass",
        a_dockerfile_with_a_name_fails: dockerfile("FROM a\nRUN useradd -u 1000 app\nUSER app\n") => "Fail",
        a_dockerfile_on_a_base_that_nobody_has_is_unknown: dockerfile("FROM a\n") => "Unknown",
    }
}

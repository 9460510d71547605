//! See [`RULE`].

use crate::facts::identity::Root;
use crate::facts::{Facts, Held};
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::settings::is_number;
use crate::rules::{Parameter, Settings, Shape, rule};

rule! {
    /// Every process has one of the uids that the policy expects.
    ///
    /// The real, effective, saved and file-system uid count, in the container's own
    /// numbering. Where no policy names a uid the rule does not apply.
    ///
    /// ## Why it matters
    /// Files on volumes belong to numbers. A service under another uid than the one that
    /// was planned for it cannot read its own data, or can read somebody else's.
    ///
    /// ## How to fix
    /// compose: `user: "1000:1000"`, with the uid that the policy names
    /// run: `--user 1000:1000`, with the uid that the policy names
    /// Dockerfile: `USER 1000:1000`, with the uid that the policy names
    pub static RULE = {
        id: "expected-uid",
        title: "every process has an expected uid",
        severity: Severity::Med,
        targets: [Container, Service, Image, Dockerfile],
        mends: [User],
        references: &[],
        parameters: &[Parameter {
            name: "uids",
            about: "the uids that processes may have",
            shape: Shape::List,
            default: &[],
            check: is_number,
        }],
        judge: judge,
    }
}

fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    let expected: Vec<u32> = settings.all("uids");
    if expected.is_empty() {
        return facts.user_in_container.unasked("no policy names a uid");
    }
    facts.user_in_container.judge(|Held { by, value: user }| {
        let strange = user.uids.iter().find(|uid| !uid.is_some_and(|it| expected.contains(&it)));
        match strange {
            // A first process that renamed itself in a namespace of its own is root all the same.
            None if user.root() == Root::Host && !user.uids.contains(&Some(0)) => {
                Check::broken(format!(
                    "{by} is the host's root, behind a user namespace that gives it another uid"
                ))
            }
            None => Check::holds(format!("{by} has an expected uid")),
            Some(Some(uid)) => Check::broken(format!("{by} has uid {uid}, which is not expected")),
            Some(None) => Check::broken(format!("{by} has a uid from outside the container")),
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{self, Case, cases, dockerfile, image, service};
    use serde_json::json;

    fn container() -> Case {
        testing::container().set("uids", &["1000", "1001"])
    }

    cases! { RULE:
        without_a_policy_it_does_not_apply: testing::container() => "NotApplicable",
        without_a_policy_nothing_needs_to_be_known:
            testing::container().kernel_denied().engine_denied() => "NotApplicable",
        expected_uids_pass:
            container().add_process(101, &[("Uid", "1001 1001 1001 1001")]) => "Pass",
        another_uid_fails: container().status(&[("Uid", "33 33 33 33")]) => "Fail",
        a_root_master_above_expected_workers_fails:
            container().status(&[("Uid", "0 0 0 0")]).add_process(101, &[("PPid", "100")]) => "Fail",
        another_saved_uid_fails: container().status(&[("Uid", "1000 1000 0 1000")]) => "Fail",
        a_sandbox_inside_the_container_keeps_its_uid:
            container().add_process(101, &[]).uid_map(101, "0 1000 1") => "Pass",
        a_remapped_uid_is_the_containers:
            container().status(&[("Uid", "166536 166536 166536 166536")]).uid_map(100, "0 165536 65536") => "Pass",
        a_process_from_outside_the_user_namespace_fails: container()
            .status(&[("Uid", "166536 166536 166536 166536")]).uid_map(100, "0 165536 65536")
            .stray(900, &[]) => "Fail",
        root_that_calls_itself_otherwise_fails:
            container().status(&[("Uid", "0 0 0 0")]).uid_map(100, "1000 0 1") => "Fail",
        the_kernel_overrules_the_declaration: container().declares("/Config/User", json!("33")) => "Pass",
        the_declaration_convicts_where_the_kernel_is_silent:
            container().declares("/Config/User", json!("33")).kernel_denied() => "Fail",
        the_declaration_cannot_acquit: container().kernel_denied() => "Unknown",
        a_service_with_an_expected_uid_passes: service().set("uids", &["1000"]) => "Pass",
        a_service_with_another_uid_fails: service().set("uids", &["33"]) => "Fail",
        a_services_name_is_unknown:
            service().set("uids", &["33"]).writes("/Config/User", json!("app")) => "Unknown",
        a_dockerfiles_expected_uid_passes: dockerfile("FROM a\nUSER 101:101\n").set("uids", &["101"]) => "Pass",
        another_uid_of_a_dockerfile_fails: dockerfile("FROM a\nUSER 1000\n").set("uids", &["101"]) => "Fail",
        a_name_is_a_number_in_the_images_own_passwd: image(&json!({"User": "www"}))
            .names("/etc/passwd", "www:x:101:101:::").set("uids", &["101"]) => "Pass",
        and_maybe_not_the_expected_one: image(&json!({"User": "www"}))
            .names("/etc/passwd", "www:x:33:33:::").set("uids", &["101"]) => "Fail",
        a_dockerfile_on_a_base_that_nobody_has_is_unknown: dockerfile("FROM a\n").set("uids", &["101"]) => "Unknown",
    }
}

//! See [`RULE`].

use crate::facts::identity::Root;
use crate::facts::lineage::Standing;
use crate::facts::{Facts, Held};
use crate::model::capability::CapabilitySet;
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Settings, rule};

rule! {
    /// No process of the container runs as root.
    ///
    /// A process counts as root when its real, effective, saved or file-system uid is 0 inside
    /// the container, whatever the declaration says. A uid 0 that a user namespace maps to an
    /// ordinary user of the host is a milder finding. So is a root process that only stands
    /// above workers of the same program with another uid, as nginx does, and can gain no more
    /// than an ordinary container's capabilities.
    ///
    /// ## Why it matters
    /// A bug in a program that runs as root hands the attacker every file of the
    /// container and every capability that it was left. Most ways out of a container
    /// start with uid 0.
    ///
    /// ## How to fix
    /// compose: `user: "1000:1000"`
    /// run: `--user 1000:1000`
    /// Dockerfile: `USER 1000:1000`
    pub static RULE = {
        id: "non-root-user",
        title: "no process runs as root",
        severity: Severity::High,
        targets: [Container, Service, Image, Dockerfile],
        mends: [User],
        references: &[
            "CIS Docker 1.6: 4.1", "Trivy DS-0002", "Checkov CKV_DOCKER_3", "Checkov CKV_DOCKER_8",
            "hadolint DL3002", "compose-lint CL-0018", "dockle CIS-DI-0001",
        ],
        parameters: &[],
        judge: judge,
    }
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    facts.standing.judge(|standing| {
        let Held { by, value: Standing { user: value, .. } } = standing;
        let root = match value.effective() {
            Some(0) => "runs as root (uid 0)".to_owned(),
            Some(uid) => format!("runs as uid {uid} and can become root"),
            None => "can become root".to_owned(),
        };
        let on_host = value.effective_on_host();
        match value.root() {
            Root::No if standing.value.is_made => Check::holds(format!(
                "{by} is a user that the files make, whatever its number"
            )),
            Root::No => {
                let uid = value.effective().map_or_else(|| "an unmapped uid".to_owned(), |uid| format!("uid {uid}"));
                Check::holds(format!("{by} has {uid}"))
            }
            Root::Namespaced => {
                let host = on_host.map(|uid| format!(", uid {uid} on the host")).unwrap_or_default();
                Check::broken(format!("{by} {root} inside a user namespace{host}")).only(Severity::Low)
            }
            Root::Host if value.namespaced => Check::broken(format!(
                "{by} is the host's root, behind a user namespace in which it calls itself otherwise"
            )),
            Root::Host => master(standing)
                .unwrap_or_else(|| Check::broken(format!("{by} {root}"))),
        }
    })
}

/// A root process above workers that gave root up: who takes over a worker has
/// not root yet. It is no milder where the process can gain more than every
/// container has, for then it holds the host in its hands.
fn master(standing: &Held<Standing>) -> Option<Check> {
    let Held { by, value: Standing { workers, capabilities, .. } } = standing;
    let capabilities = capabilities.as_ref()?;
    let mut uids: Vec<String> = workers
        .iter()
        .map(|uid| uid.map_or_else(|| "nobody's".to_owned(), |uid| uid.to_string()))
        .collect();
    uids.sort_unstable();
    uids.dedup();
    let plural = if workers.len() == 1 { "" } else { "s" };
    let broken = Check::broken(format!(
        "{by} stays root (uid 0) above {} worker{plural} with uid {}, and still holds {}",
        workers.len(),
        uids.join(", "),
        capabilities.effective,
    ));
    let is_ordinary = capabilities.attainable.without(CapabilitySet::docker_default()).is_empty();
    match (workers.is_empty(), is_ordinary) {
        (true, _) => None,
        (false, true) => Some(broken.only(Severity::Med)),
        (false, false) => Some(broken),
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, container, dockerfile, image, service};
    use serde_json::json;

    const MASTER: &[(&str, &str)] = &[("Uid", "0 0 0 0"), ("CapBnd", "00000000a80425fb")];
    const WORKER: &[(&str, &str)] = &[("PPid", "100")];

    cases! { RULE:
        an_ordinary_user_passes: container() => "Pass",
        root_fails: container().status(&[("Uid", "0 0 0 0")]) => "Fail",
        a_saved_root_fails: container().status(&[("Uid", "33 33 0 33")]) => "Fail",
        one_root_process_among_many_fails:
            container().add_process(101, &[]).add_process(102, &[("Uid", "0 0 0 0")]) => "Fail",
        a_root_that_a_user_namespace_maps_is_milder:
            container().status(&[("Uid", "165536 165536 165536 165536")]).uid_map(100, "0 165536 65536")
            => "Fail(low)",
        root_that_calls_itself_otherwise_in_a_namespace_of_its_own_fails:
            container().status(&[("Uid", "0 0 0 0")]).uid_map(100, "1000 0 1") => "Fail",
        root_that_maps_to_nobody_in_a_namespace_of_its_own_fails:
            container().status(&[("Uid", "0 0 0 0")]).uid_map(100, "") => "Fail",
        the_kernel_overrules_a_declared_root: container().declares("/Config/User", json!("")) => "Pass",
        a_declared_user_cannot_acquit: container().kernel_denied() => "Unknown",
        no_user_at_all_means_root: container().declares("/Config/User", json!(null)).kernel_denied() => "Fail",
        zero_zero_means_root: container().declares("/Config/User", json!("0:0")).kernel_denied() => "Fail",
        two_zeros_mean_root: container().declares("/Config/User", json!("00")).kernel_denied() => "Fail",
        root_by_name_means_root: container().declares("/Config/User", json!("root:root")).kernel_denied() => "Fail",
        a_name_is_looked_up_in_the_containers_own_passwd:
            container().declares("/Config/User", json!("toor")).denied("status") => "Fail",
        a_root_master_above_workers_is_milder: container().status(MASTER)
            .add_process(101, WORKER).add_process(102, WORKER) => "Fail(med)",
        a_root_master_that_can_gain_everything_is_not: container()
            .status(&[MASTER[0], ("CapBnd", "000001ffffffffff")]).add_process(101, WORKER) => "Fail",
        a_root_master_above_another_program_is_not: container().status(MASTER)
            .add_process(101, &[WORKER[0], ("Name", "other")]) => "Fail",
        a_root_worker_is_not: container().status(MASTER)
            .add_process(101, WORKER).add_process(102, &[WORKER[0], MASTER[0]]) => "Fail",
        a_worker_that_can_become_root_again_is_none: container().status(MASTER)
            .add_process(101, &[WORKER[0], ("Uid", "33 33 0 33")]) => "Fail",
        beside_an_unread_process_nobody_knows_how_bad_a_master_is: container().status(MASTER)
            .add_process(101, WORKER).add_process(102, &[]).unread("/proc/102/status") => "Unknown",
        a_root_master_inside_a_user_namespace_is_mild_as_before: container()
            .status(&[("Uid", "165536 165536 165536 165536")]).uid_map(100, "0 165536 65536") => "Fail(low)",
        without_the_map_nobody_knows_who_is_root_inside: container().denied("uid_map") => "Unknown",
        a_service_with_a_number_passes: service() => "Pass",
        a_service_that_names_nobody_is_root: service().leaves_out("/Config/User") => "Fail",
        a_services_root_by_name_fails: service().writes("/Config/User", json!("root:root")) => "Fail",
        which_number_a_services_user_has_its_image_knows:
            service().writes("/Config/User", json!("app")) => "Unknown",
        a_name_that_its_dockerfile_makes_is_known: service().writes("/Config/User", json!("app"))
            .writes("/Accounts", json!([{"Name": "app", "Uid": 1000}])) => "Pass",
        a_second_name_of_root_is_root: service().writes("/Config/User", json!("toor"))
            .writes("/Accounts", json!([{"Name": "toor", "Uid": 0}])) => "Fail",
        a_service_whose_image_nobody_has_is_unknown:
            service().leaves_out("/Config/User").without_the_image() => "Unknown",
        a_service_whose_user_is_a_variable_is_unknown: service().unset("/Config/User", "UID") => "Unknown",
        a_dockerfile_that_names_a_number_passes: dockerfile("FROM a\nUSER 1000:1000\n") => "Pass",
        nobody_knows_the_user_of_a_base_that_nobody_has: dockerfile("FROM a\nRUN x\n") => "Unknown",
        from_nothing_it_is_root: dockerfile("FROM scratch\nCOPY a /a\n") => "Fail",
        the_last_user_counts: dockerfile("FROM a\nUSER 1000\nUSER 0:0\n") => "Fail",
        a_user_of_a_builder_excuses_nobody: dockerfile("FROM a AS b\nUSER 1000\nFROM scratch\nCOPY --from=b /x /x\n") => "Fail",
        a_builders_root_accuses_nobody: dockerfile("FROM a AS b\nUSER root\nFROM a\nUSER 1000\n") => "Pass",
        a_user_of_the_stage_below_counts: dockerfile("FROM a AS b\nUSER 1000\nFROM b\nRUN x\n") => "Pass",
        a_default_of_root_is_root: dockerfile("FROM scratch\nARG UID\nUSER ${UID:-0}\n") => "Fail",
        a_user_that_is_made_without_a_number_is_not_root:
            dockerfile("FROM a\nRUN groupadd -r app && useradd -r -g app app\nUSER app\n") => "Pass",
        a_user_that_is_only_changed_may_be_anybody:
            dockerfile("FROM a\nRUN usermod -aG video app\nUSER app\n") => "Unknown",
        a_user_that_is_made_before_is_known: dockerfile("FROM a\nRUN adduser -u 1000 -D app\nUSER app\n") => "Pass",
        whom_a_name_means_only_the_base_knows: dockerfile("FROM a\nUSER node\n") => "Unknown",
        an_image_with_a_user_passes: image(&json!({"User": "1000"})) => "Pass",
        a_name_is_what_the_images_own_passwd_says:
            image(&json!({"User": "app"})).names("/etc/passwd", "app:x:1000:1000:::/bin/sh") => "Pass",
        a_second_name_of_root_in_an_image_is_root:
            image(&json!({"User": "toor"})).names("/etc/passwd", "toor:x:0:0:::/bin/sh") => "Fail",
        a_name_that_the_image_does_not_know_is_unknown: image(&json!({"User": "app"})) => "Unknown",
        a_name_in_an_image_that_is_cut_short_is_unknown:
            image(&json!({"User": "app"})).without_accounts() => "Unknown",
        a_number_in_one_needs_no_accounts:
            image(&json!({"User": "1000"})).without_accounts() => "Pass",
        an_image_without_a_user_is_root: image(&json!({})) => "Fail",
    }
}

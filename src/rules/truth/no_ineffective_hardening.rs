//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::idle::{Effect, Idle};
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Settings, rule};

rule! {
    /// Everything that was asked for does something.
    ///
    /// Nothing undoes or contradicts another setting: capabilities dropped beside privileged
    /// mode, or dropped and added; a read-only root with the code on a writable mount; ports
    /// published from the host's network; `no-new-privileges:false`. Of a service the files
    /// are held against what docker compose carries out: unknown and misplaced keys, keys of
    /// Swarm, `mode` of a secret from a file, limits of 0, an image's user that `user: root`
    /// takes back, `setcap -r` and modes that their owner can change back. What is so anyway,
    /// such as `PYTHONHASHSEED=random`, is milder. A health check that is switched off or
    /// cannot fail is the finding of `healthcheck` and `healthcheck-works`. Only what was
    /// written can be without effect, so the files or the engine's record decide.
    ///
    /// ## Why it matters
    /// Who reads such a setting takes the service for hardened and looks no further. So one
    /// that does nothing is worse than one that is missing.
    ///
    /// ## How to fix
    /// compose: `read_only: true`, `cap_drop: [ALL]` and `security_opt: ["no-new-privileges:true"]`, without `privileged`
    /// run: `--read-only --cap-drop ALL --security-opt no-new-privileges`, without `--privileged`
    /// Dockerfile: `USER 1000:1000` and `COPY --chown=root:root --chmod=444`, without `setcap -r`
    pub static RULE = {
        id: "no-ineffective-hardening",
        title: "every setting has an effect",
        severity: Severity::Med,
        targets: [Container, Service, Image, Dockerfile],
        mends: [Unprivileged, Capabilities, NoNewPrivileges, User],
        references: &[],
        parameters: &[],
        judge: judge,
    }
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    let each = facts.idle.iter().map(|fact| fact.judge(check));
    each.reduce(Verdict::and).unwrap_or_else(|| facts.declaration.unasked("nothing is asked for"))
}

fn check(effect: &Effect) -> Check {
    let Effect::Without(Idle { what, instead, item, is_so_anyway }) = effect else {
        return Check::holds("nothing that was asked for is without effect");
    };
    let mut broken = Check::broken(format!("{what}; {instead}"));
    if !item.is_empty() {
        broken = broken.naming(item.as_str());
    }
    if *is_so_anyway { broken.only(Severity::Low) } else { broken }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{Case, cases, container, dockerfile, service};
    use serde_json::{Value, json};

    fn drops(dropped: &Value) -> Case {
        container().declares("/HostConfig/CapDrop", dropped.clone())
    }

    fn adds(added: &[&str], dropped: &[&str]) -> Case {
        drops(&json!(dropped)).declares("/HostConfig/CapAdd", json!(added))
    }

    fn privileged(case: Case) -> Case {
        case.declares("/HostConfig/Privileged", json!(true))
    }

    /// An ordinary user in privileged mode, for whom root and flag hold.
    fn without_drops(case: Case) -> Case {
        privileged(case).declares("/HostConfig/CapDrop", json!(null))
    }

    fn secured_by(options: &[&str]) -> Case {
        container().declares("/HostConfig/SecurityOpt", json!(options))
    }

    fn mounted(kind: &str, point: &str) -> Case {
        let mount = json!({"Type": kind, "Source": "/srv/x", "Destination": point, "RW": true});
        container().declares("/Mounts", json!([mount]))
    }

    fn works_in(folder: &str, point: &str) -> Case {
        mounted("bind", point).declares("/Config/WorkingDir", json!(folder))
    }

    fn on_host_network() -> Case {
        container()
            .declares("/HostConfig/NetworkMode", json!("host"))
            .declares("/HostConfig/PortBindings", json!({"80/tcp": [{"HostIp": "127.0.0.1"}]}))
    }

    cases! { RULE:
        settings_that_do_what_they_say_pass: container() => "Pass",
        a_flag_that_is_switched_off_fails: secured_by(&["no-new-privileges:false"]) => "Fail",
        in_either_spelling: secured_by(&["no-new-privileges=0"]) => "Fail",
        a_flag_that_is_switched_on_later_passes:
            secured_by(&["no-new-privileges:false", "no-new-privileges"]) => "Pass",
        dropping_in_privileged_mode_fails: privileged(container()) => "Fail",
        a_read_only_root_and_the_flag_hold_for_an_ordinary_user: without_drops(container()) => "Pass",
        root_in_privileged_mode_mounts_the_root_anew: without_drops(container())
            .declares("/Config/User", json!("0")).declares("/HostConfig/SecurityOpt", json!(null)) => "Fail",
        and_has_nothing_left_to_gain: without_drops(container())
            .declares("/Config/User", json!("0")).declares("/HostConfig/ReadonlyRootfs", json!(false)) => "Fail",
        privileged_mode_alone_is_another_rules: without_drops(secured_by(&[]))
            .declares("/HostConfig/ReadonlyRootfs", json!(false)) => "Pass",
        adding_and_dropping_all_fails: adds(&["ALL"], &["ALL"]) => "Fail",
        adding_what_is_dropped_fails: adds(&["CAP_CHOWN"], &["chown"]) => "Fail",
        adding_a_few_to_nothing_passes: adds(&["NET_BIND_SERVICE"], &["ALL"]) => "Pass",
        dropping_a_few_of_all_passes: adds(&["ALL"], &["SYS_ADMIN"]) => "Pass",
        dropping_what_nobody_has_fails: drops(&json!(["SYS_ADMIN", "NET_ADMIN"])) => "Fail",
        dropping_something_passes: drops(&json!(["SYS_ADMIN", "NET_RAW"])) => "Pass",
        podmans_default_is_a_setting_of_its_host: drops(&json!(["SYS_ADMIN"]))
            .engine_says("/BuildahVersion", json!("1.28")) => "Pass",
        a_writable_mount_over_the_code_fails: mounted("bind", "/app") => "Fail",
        a_volume_as_well: mounted("volume", "/usr/share/nginx/html") => "Fail",
        a_folder_of_it_as_well: mounted("bind", "/usr/src/app/src/") => "Fail",
        a_file_of_it_as_well: mounted("bind", "/opt/tool/main.py") => "Fail",
        the_folder_of_the_program_as_well: mounted("bind", "/opt/tool")
            .declares("/Path", json!("/opt/tool/run")) => "Fail",
        the_folder_that_it_works_in_as_well: works_in("/opt/tool", "/opt/tool") => "Fail",
        what_is_above_that_as_well: works_in("/opt/tool/x", "/opt/tool") => "Fail",
        data_beside_the_code_pass: works_in("/opt/tool", "/opt/tool/uploads") => "Pass",
        a_folder_to_write_beside_the_code_passes: mounted("volume", "/app/recordings") => "Pass",
        data_where_it_works_pass: works_in("/data", "/data") => "Pass",
        a_volume_of_the_images_own_passes: works_in("/prometheus", "/prometheus")
            .declares("/Config/Volumes", json!({"/prometheus": {}})) => "Pass",
        a_temporary_file_system_passes: mounted("tmpfs", "/app") => "Pass",
        without_a_read_only_root_it_is_another_rules: mounted("bind", "/app")
            .declares("/HostConfig/ReadonlyRootfs", json!(false)) => "Pass",
        ports_of_the_hosts_network_fail: on_host_network() => "Fail",
        ports_of_a_network_of_its_own_pass:
            on_host_network().declares("/HostConfig/NetworkMode", json!("shop")) => "Pass",
        swap_without_memory_fails: container().declares("/HostConfig/Memory", json!(0))
            .declares("/HostConfig/MemorySwap", json!(67_108_864)) => "Fail",
        swap_with_memory_passes: container().declares("/HostConfig/MemorySwap", json!(67_108_864)) => "Pass",
        nothing_to_be_killed_for_fails: container().declares("/HostConfig/Memory", json!(0))
            .declares("/HostConfig/OomKillDisable", json!(true)) => "Fail",
        the_timing_of_no_check_fails: container()
            .declares("/Config/Healthcheck", json!({"Test": ["NONE"], "Interval": 1})) => "Fail",
        no_check_is_another_rules: container()
            .declares("/Config/Healthcheck", json!({"Test": ["NONE"]})) => "Pass",
        a_check_that_cannot_fail_is_another_rules: container()
            .declares("/Config/Healthcheck/Test", json!(["CMD-SHELL", "curl … || true"])) => "Pass",
        pythons_own_default_is_milder:
            container().engine_starts_with(&["PYTHONHASHSEED=random"]) => "Fail(low)",
        a_seed_of_ones_own_is_no_default: container().engine_starts_with(&["PYTHONHASHSEED=1"]) => "Pass",
        without_an_engine_nobody_knows: container().engine_denied() => "Unknown",
        the_kernel_has_no_word: container().kernel_denied() => "Pass",
        a_service_that_does_what_it_says_passes: service() => "Pass",
        a_service_in_privileged_mode_fails: service().writes("/HostConfig/Privileged", json!(true)) => "Fail",
        a_mode_that_nobody_set_leaves_it_open: service().unset("/HostConfig/Privileged", "MODE") => "Unknown",
        a_key_that_does_nothing_fails: service().idles("read_only_root_filesystem") => "Fail",
        what_an_unknown_image_is_taken_back_is_unknown: service().without_the_image()
            .unset("/Image", "TAG").writes("/Config/User", json!("root")) => "Unknown",
        what_a_file_says_is_no_matter_of_its_image: service().without_the_image() => "Pass",
        a_dockerfile_that_takes_nothing_away_fails: dockerfile("FROM nginx:1.27\nRUN setcap -r /usr/sbin/nginx\n") => "Fail",
        a_dockerfile_with_nothing_of_the_kind_passes: dockerfile("FROM nginx:1.27\nUSER 101\n") => "Pass",
    }

    #[test]
    fn a_finding_names_the_key_what_it_does_and_the_form_that_works_at_its_line() {
        let case = service().idles("read_only_root_filesystem");
        let crate::model::verdict::Verdict::Fail(proof) = case.judge(&super::RULE) else {
            panic!("it does nothing")
        };
        assert_eq!(
            proof.statements(),
            ["read_only_root_filesystem is no key of compose; write read_only: true"]
        );
        let written = proof.evidence()[0].written.as_ref().unwrap();
        assert_eq!((written.key.raw(), written.at.line), ("read_only_root_filesystem", 99));
    }

    #[test]
    fn a_contradiction_is_pointed_at_where_the_idle_part_is_written() {
        for (case, key) in [
            (service().writes("/HostConfig/Privileged", json!(true)), "/HostConfig/CapDrop"),
            (
                service().writes("/HostConfig/SecurityOpt", json!(["no-new-privileges:false"])),
                "/HostConfig/SecurityOpt/0",
            ),
            (
                service().writes(
                    "/Mounts",
                    json!([{"Type": "bind", "Source": "/x", "Destination": "/app", "RW": true}]),
                ),
                "/Mounts/0",
            ),
            (service().sets(&["A=1", "PYTHONHASHSEED=random"]), "/Config/Env/1"),
        ] {
            let crate::model::verdict::Verdict::Fail(proof) = case.judge(&super::RULE) else {
                panic!("{key} does nothing: {:#?}", case.judge(&super::RULE))
            };
            let written = proof.evidence()[0].written.as_ref();
            assert_eq!(written.map(|it| it.key.raw()), Some(key), "{:#?}", proof.evidence());
        }
    }
}

//! See [`RULE`].

use crate::facts::groups::{Group, Groups};
use crate::facts::identity::Root;
use crate::facts::{Facts, Held};
use crate::model::severity::Severity;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Parameter, Settings, Shape, rule};

rule! {
    /// No process belongs to a group that is as good as root.
    ///
    /// Its own and its supplementary groups count, as the container's `group` file names
    /// them and as the host's does: on a socket, device or folder of the host a number
    /// is the host's group. For a process that is root a group is no further finding.
    ///
    /// ## Why it matters
    /// The group `docker` owns the engine's socket, `disk` the raw disks, `shadow` the
    /// password hashes and 0 much of the image. A process in it needs no root to use them.
    ///
    /// ## How to fix
    /// compose: remove the entry from `group_add:`, and write `user: "1000:1000"` with a group of its own
    /// run: remove `--group-add`, and write `--user 1000:1000` with a group of its own
    /// Dockerfile: `USER 1000:1000`, with a group of its own
    pub static RULE = {
        id: "no-privileged-groups",
        title: "no process belongs to a privileged group",
        severity: Severity::Med,
        targets: [Container, Service, Image],
        mends: [User, Groups],
        references: &["CWE-250"],
        parameters: &[Parameter {
            name: "groups",
            about: "groups that count as privileged, by name; root is the group 0",
            shape: Shape::List,
            default: &[
                "root", "docker", "podman", "containerd", "lxd", "libvirt", "disk", "kmem",
                "shadow", "sudo", "wheel", "adm",
            ],
            check: |name| if name.is_empty() { Err("a group has a name".to_owned()) } else { Ok(()) },
        }],
        judge: judge,
    }
}

fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    let privileged = settings.list("groups");
    let on_host = |held: &Held<Groups>| check(held, privileged, "on the host");
    facts.groups.judge(on_host).and(facts.groups_by_host.judge(on_host)).and(
        facts.groups_by_container.judge(|held| match held.value.root {
            Root::Namespaced => Check::moot(format!(
                "{} is root in the container, and needs no group there",
                held.by
            )),
            Root::Host | Root::No => check(held, privileged, "in the container"),
        }),
    )
}

fn check(Held { by, value }: &Held<Groups>, privileged: &[String], place: &str) -> Check {
    if value.root == Root::Host {
        return Check::moot(format!("{by} is root, and needs no group"));
    }
    let name_of = |group: &Group| -> Option<Untrusted> {
        group.names.iter().find(|name| privileged.iter().any(|it| it == name.raw())).cloned()
    };
    let found: Vec<String> = value
        .held
        .iter()
        .filter_map(|group| {
            let name = name_of(group)?;
            Some(group.gid.map_or_else(|| name.to_string(), |gid| format!("{name} ({gid})")))
        })
        .collect();
    if found.is_empty() {
        Check::holds(format!("{by} belongs to no privileged group {place}"))
    } else {
        let what = format!("{by} belongs to the group {} {place}", found.join(", "));
        let names = value.held.iter().filter_map(name_of);
        names.fold(Check::broken(what), Check::naming)
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, container, image, service};
    use serde_json::json;

    use crate::rules::testing::Case;

    /// An image whose user is this one, and which has two groups.
    fn shipped(user: &str) -> Case {
        image(&json!({"User": user}))
            .names("/etc/passwd", "app:x:1000:1000:::\nbackup:x:34:0:::")
            .names("/etc/group", "app:x:1000:\ndocker:x:998:ann,agent")
    }

    const REMAPPED: &[(&str, &str)] = &[
        ("Uid", "166536 166536 166536 166536"),
        ("Gid", "166536 166536 166536 166536"),
        ("Groups", ""),
    ];

    cases! { RULE:
        a_group_of_its_own_passes: container() => "Pass",
        group_zero_fails: container().status(&[("Gid", "0 0 0 0")]) => "Fail",
        a_supplementary_group_zero_fails: container().status(&[("Groups", "0 1000")]) => "Fail",
        a_group_that_the_container_calls_shadow_fails: container()
            .status(&[("Groups", "42")]).nothing("/proc/1/root/etc/group") => "Fail",
        a_group_that_only_the_host_calls_docker_fails: container().status(&[("Groups", "998")]) => "Fail",
        another_group_passes: container().status(&[("Groups", "44 1000")]) => "Pass",
        a_worker_of_a_root_master_is_judged: container()
            .status(&[("Uid", "0 0 0 0"), ("Gid", "0 0 0 0")])
            .add_process(101, &[("Groups", "998")]) => "Fail",
        for_root_it_is_no_second_finding:
            container().status(&[("Uid", "0 0 0 0"), ("Gid", "0 0 0 0"), ("Groups", "0 6 998")]) => "NotApplicable",
        a_remapped_group_is_not_the_hosts:
            container().status(REMAPPED).uid_map(100, "0 165536 65536").gid_map(100, "0 165536 65536") => "Pass",
        a_remapped_group_zero_is_the_containers: container()
            .status(&[REMAPPED[0], ("Gid", "165536 165536 165536 165536")])
            .uid_map(100, "0 165536 65536").gid_map(100, "0 165536 65536") => "Fail",
        a_group_of_the_host_kept_in_a_user_namespace_fails: container()
            .status(&[("Uid", "165536 165536 165536 165536"), ("Gid", "165536 165536 165536 165536"), ("Groups", "998")])
            .uid_map(100, "0 165536 65536").gid_map(100, "0 165536 65536") => "Fail",
        what_the_policy_does_not_name_passes:
            container().status(&[("Gid", "0 0 0 0")]).set("groups", &["docker"]) => "Pass",
        an_image_without_a_group_file_names_no_group:
            container().nothing("/proc/100/root/etc/group") => "Pass",
        without_the_hosts_groups_nobody_knows: container().unread("/proc/1/root/etc/group") => "Unknown",
        without_the_containers_groups_nobody_knows: container().unread("/proc/100/root/etc/group") => "Unknown",
        group_zero_needs_no_list: container().status(&[("Gid", "0 0 0 0")])
            .unread("/proc/1/root/etc/group").unread("/proc/100/root/etc/group") => "Fail",
        the_kernel_overrules_the_declaration:
            container().declares("/HostConfig/GroupAdd", json!(["docker"])) => "Pass",
        a_declared_group_convicts_where_the_kernel_is_silent:
            container().declares("/HostConfig/GroupAdd", json!(["docker"])).kernel_denied() => "Fail",
        a_declared_group_zero_convicts:
            container().declares("/Config/User", json!("1000:0")).kernel_denied() => "Fail",
        an_account_that_is_not_there_means_group_zero:
            container().declares("/Config/User", json!("4242")).denied("status") => "Fail",
        the_declaration_cannot_acquit: container().kernel_denied() => "Unknown",
        a_service_with_a_group_of_its_own_passes: service() => "Pass",
        a_service_in_group_zero_fails: service().writes("/Config/User", json!("1000:0")) => "Fail",
        a_service_that_joins_docker_fails:
            service().writes("/HostConfig/GroupAdd", json!(["docker"])) => "Fail",
        what_the_host_calls_a_services_added_group_is_unknown:
            service().writes("/HostConfig/GroupAdd", json!(["998"])) => "Unknown",
        which_group_a_services_user_has_its_image_knows:
            service().writes("/Config/User", json!("1000")) => "Unknown",
        a_group_that_its_dockerfile_gives_is_known: service().writes("/Config/User", json!("1000"))
            .writes("/Accounts", json!([{"Name": "app", "Uid": 1000, "Gid": 1000}])) => "Pass",
        for_a_service_that_is_root_it_is_no_second_finding:
            service().leaves_out("/Config/User") => "NotApplicable",
        a_group_of_its_own_in_an_image_passes: shipped("app") => "Pass",
        an_accounts_own_group_in_an_image_counts: shipped("backup") => "Fail",
        without_an_account_the_images_user_is_in_group_zero: shipped("4242") => "Fail",
        a_group_that_the_image_calls_docker_fails: shipped("1000:998") => "Fail",
        a_group_by_its_name_is_one_of_the_images: shipped("1000:docker") => "Fail",
        a_group_that_the_image_does_not_know_is_unknown: shipped("1000:video") => "Unknown",
        an_account_that_the_image_lists_as_a_member_is_one: shipped("agent")
            .names("/etc/passwd", "agent:x:1000:1000:::") => "Fail",
        with_a_group_that_is_asked_for_it_is_none: shipped("agent:1000")
            .names("/etc/passwd", "agent:x:1000:1000:::") => "Pass",
        of_two_accounts_with_the_number_the_first_counts: shipped("1000")
            .names("/etc/passwd", "app:x:1000:0:::\n1000:x:1000:1000:::") => "Fail",
        an_account_that_a_number_is_the_name_of_is_another: shipped("1000")
            .names("/etc/passwd", "1000:x:34:0:::\napp:x:1000:1000:::") => "Pass",
        a_group_of_many_names_is_one: shipped("agent")
            .names("/etc/passwd", "agent:x:1000:1000:::")
            .names("/etc/group", &"a:x:7:agent\nb:x:7:agent\n".repeat(20_000)) => "Pass",
        behind_many_other_names_the_privileged_one_fails: shipped("agent")
            .names("/etc/passwd", "agent:x:1000:1000:::")
            .names("/etc/group", &("a:x:7:agent\nb:x:7:agent\n".repeat(20_000) + "docker:x:7:")) => "Fail",
        for_an_image_that_is_root_it_is_no_second_finding: shipped("") => "NotApplicable",
        an_image_whose_accounts_nobody_read_is_unknown: shipped("1000").without_accounts() => "Unknown",
        beside_a_group_that_nobody_set_the_others_convict: service()
            .writes("/HostConfig/GroupAdd", json!(["docker", "x"])).unset("/HostConfig/GroupAdd/1", "X") => "Fail",
        beside_a_group_that_nobody_set_the_others_acquit_nobody: service()
            .writes("/HostConfig/GroupAdd", json!(["audio", "x"])).unset("/HostConfig/GroupAdd/1", "X") => "Unknown",
    }
}

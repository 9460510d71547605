//! See [`RULE`].

use crate::facts::Facts;
use crate::model::severity::Severity;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Settings, rule};

rule! {
    /// The container does not live in the host's cgroup namespace.
    ///
    /// Under cgroup version 1 Docker's default is the host's. Where the container can write to
    /// no cgroup file system, since it is read-only or a user namespace keeps the host's root
    /// out, it only sees how the host names its cgroups, and that is a milder finding.
    ///
    /// ## Why it matters
    /// Through a writable cgroup mount in the host's namespace a program changes the limits of
    /// every container, and under version 1 it can name a program that the host then runs as
    /// root.
    ///
    /// ## How to fix
    /// compose: `cgroup: private`
    /// run: `--cgroupns private`
    pub static RULE = {
        id: "private-cgroup-namespace",
        title: "not in the host's cgroup namespace",
        severity: Severity::High,
        targets: [Container, Service],
        mends: [CgroupNamespace],
        references: &["CIS Docker 1.6: 5.25"],
        parameters: &[],
        judge: judge,
    }
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    let own = facts.cgroup_namespace.judge(|namespace| super::not_the_hosts(namespace, "cgroup"));
    let writable = facts.writable_cgroups.judge(|points| match points.first() {
        None => Check::holds("no cgroup can be written"),
        Some(point) => {
            Check::broken(format!("cgroups can be written at {}", Untrusted::from(point.as_str())))
        }
    });
    let root = facts.hosts_root.judge(|held| {
        if held.value {
            Check::broken(format!("the host's root is a user of {}", held.by))
        } else {
            Check::holds(format!("the host's root is no user of {}", held.by))
        }
    });
    own.clone().or(writable).or(root).and(own.at_most(Severity::Low))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, container, service};
    use serde_json::json;

    const WRITABLE: &str = "60 43 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory";
    const READABLE: &str = "60 43 0:30 / /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory";
    const HOSTS: (&str, &str) = ("/proc/100/ns/cgroup", "cgroup:[1]");

    cases! { RULE:
        a_namespace_of_its_own_passes: container() => "Pass",
        a_writable_mount_in_a_namespace_of_its_own_passes: container().mount(WRITABLE) => "Pass",
        the_hosts_with_a_writable_mount_fails:
            container().kernel(HOSTS.0, HOSTS.1).mount(WRITABLE) => "Fail",
        the_hosts_with_a_mount_that_belongs_to_no_user_of_the_namespace_fails_mildly: container()
            .kernel(HOSTS.0, HOSTS.1).mount(WRITABLE).uid_map(100, "0 165536 65536") => "Fail(low)",
        the_hosts_with_a_writable_mount_and_a_process_outside_the_namespace_fails: container()
            .kernel(HOSTS.0, HOSTS.1).mount(WRITABLE).uid_map(100, "0 165536 65536")
            .add_process(101, &[]) => "Fail",
        of_an_unknown_user_namespace_the_engine_speaks: container()
            .kernel(HOSTS.0, HOSTS.1).mount(WRITABLE).denied("uid_map") => "Fail",
        the_hosts_with_read_only_mounts_fails_mildly:
            container().kernel(HOSTS.0, HOSTS.1).mount(READABLE) => "Fail(low)",
        the_hosts_where_nobody_knows_what_is_mounted_is_unknown:
            container().kernel(HOSTS.0, HOSTS.1).denied("mountinfo") => "Unknown",
        a_declared_hosts_is_mild_where_the_kernel_shows_that_nothing_can_be_written: container()
            .declares("/HostConfig/CgroupnsMode", json!("host")).denied("ns/cgroup") => "Fail(low)",
        the_kernel_overrules_the_declaration:
            container().declares("/HostConfig/CgroupnsMode", json!("host")) => "Pass",
        how_bad_a_declared_hosts_is_only_the_kernel_tells: container()
            .declares("/HostConfig/CgroupnsMode", json!("host")).kernel_denied() => "Unknown",
        a_declared_hosts_with_privileges_convicts: container()
            .declares("/HostConfig/CgroupnsMode", json!("host"))
            .declares("/HostConfig/Privileged", json!(true)).kernel_denied() => "Fail",
        an_engine_of_cgroup_version_1_that_says_nothing_gives_the_hosts: container()
            .declares("/HostConfig/CgroupnsMode", json!("")).kernel_denied() => "Unknown",
        the_declaration_cannot_acquit: container().denied("ns/cgroup") => "Unknown",
        without_the_hosts_link_the_machines_first_namespace_tells: container()
            .unread("/proc/1/ns/cgroup").kernel(HOSTS.0, "cgroup:[4026531835]") => "Fail(low)",
        a_service_of_its_own_passes: service() => "Pass",
        a_service_that_says_nothing_has_the_engines_default:
            service().leaves_out("/HostConfig/CgroupnsMode") => "Pass",
        a_service_in_the_hosts_fails_mildly:
            service().writes("/HostConfig/CgroupnsMode", json!("host")) => "Fail(low)",
        a_privileged_service_in_the_hosts_fails: service()
            .writes("/HostConfig/CgroupnsMode", json!("host"))
            .writes("/HostConfig/Privileged", json!(true)) => "Fail",
        a_service_that_leaves_it_to_a_variable_is_unknown:
            service().unset("/HostConfig/CgroupnsMode", "CGROUP") => "Unknown",
    }
}

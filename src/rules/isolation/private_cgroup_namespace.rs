//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::namespaces::Namespace;
use crate::model::severity::Severity;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Settings, rule};

rule! {
    /// The container does not live in the host's cgroup namespace.
    ///
    /// Docker's default under cgroup version 1 is the host's. Where every cgroup file
    /// system in the container is read-only, or a user namespace keeps the host's root
    /// out, that only shows how the host names things, and the failure is a mild one; a
    /// writable one makes it grave.
    ///
    /// ## Why it matters
    /// Through a writable cgroup mount in the host's namespace a program changes the limits
    /// of every container, and under version 1 names a program that the host runs as root.
    ///
    /// ## How to fix
    /// compose: `cgroup: private`
    /// run: `--cgroupns private`
    pub static RULE = {
        id: "private-cgroup-namespace",
        title: "not in the host's cgroup namespace",
        severity: Severity::High,
        references: &["CIS Docker 1.6: 5.25"],
        parameters: &[],
        judge: judge,
    }
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    facts.cgroup_namespace.judge(|view| match (&view.namespace, view.writable.as_slice()) {
        (Namespace::NotTheHosts(_), _) => super::not_the_hosts(&view.namespace, "cgroup"),
        (Namespace::Host, []) => {
            let what = "the container is in the host's cgroup namespace, \
                and can write to no cgroup";
            Check::broken(what).only(Severity::Low)
        }
        (Namespace::Host, [point, ..]) => Check::broken(format!(
            "the container is in the host's cgroup namespace, and can write to it at {}",
            Untrusted::from(point.as_str())
        )),
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, container};
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
        the_hosts_with_a_writable_mount_and_an_unknown_user_namespace_is_unknown: container()
            .kernel(HOSTS.0, HOSTS.1).mount(WRITABLE).denied("uid_map") => "Unknown",
        the_hosts_with_read_only_mounts_fails_mildly:
            container().kernel(HOSTS.0, HOSTS.1).mount(READABLE) => "Fail(low)",
        the_hosts_where_nobody_knows_what_is_mounted_is_unknown:
            container().kernel(HOSTS.0, HOSTS.1).denied("mountinfo") => "Unknown",
        the_kernel_overrules_the_declaration:
            container().declares("/HostConfig/CgroupnsMode", json!("host")) => "Pass",
        a_declared_hosts_convicts_mildly: container()
            .declares("/HostConfig/CgroupnsMode", json!("host")).kernel_denied() => "Fail(low)",
        a_declared_hosts_with_privileges_convicts: container()
            .declares("/HostConfig/CgroupnsMode", json!("host"))
            .declares("/HostConfig/Privileged", json!(true)).kernel_denied() => "Fail",
        an_engine_of_cgroup_version_1_that_says_nothing_gives_the_hosts: container()
            .declares("/HostConfig/CgroupnsMode", json!("")).kernel_denied() => "Fail(low)",
        the_declaration_cannot_acquit: container().denied("ns/cgroup") => "Unknown",
        without_the_hosts_link_the_machines_first_namespace_tells: container()
            .unread("/proc/1/ns/cgroup").kernel(HOSTS.0, "cgroup:[4026531835]") => "Fail(low)",
    }
}

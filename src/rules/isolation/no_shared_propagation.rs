//! See [`RULE`].

use crate::facts::Facts;
use crate::model::severity::Severity;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Settings, rule};

rule! {
    /// What is mounted in the container does not appear on the host.
    ///
    /// A mount is shared when the kernel keeps it in one peer group with a mount of the host. A
    /// group that holds only the container's own mounts, or one that only receives what the
    /// host mounts, is harmless.
    ///
    /// ## Why it matters
    /// With shared propagation a program that may mount in the container mounts on the
    /// host: it lays files over the host's, and takes away what the host has mounted there.
    ///
    /// ## How to fix
    /// compose: remove `bind: {propagation: rshared}` from `volumes:`, or write `rslave` where the host's later mounts are needed
    /// run: remove `:rshared` from `--volume`, or write `:rslave` where the host's later mounts are needed
    pub static RULE = {
        id: "no-shared-propagation",
        title: "no mount is shared back to the host",
        severity: Severity::High,
        targets: [Container, Service],
        mends: [Mounts],
        references: &["CIS Docker 1.6: 5.20", "compose-lint CL-0017"],
        parameters: &[],
        judge: judge,
    }
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    facts.shared_mounts.judge(|mounts| {
        mounts.iter().fold(Check::holds("no mount is shared with the host"), |check, mount| {
            let point = Untrusted::from(mount.point.as_str());
            check
                .also(&format!("what is mounted below {point} appears on the host"))
                .showing(mount.point.as_str(), mount.shown.as_str())
        })
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{Case, cases, container, service};
    use serde_json::json;

    /// The host's `/srv` is in peer group 5.
    fn host() -> Case {
        container().kernel(
            "/proc/1/mountinfo",
            "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n25 20 8:2 / /srv rw shared:5 - ext4 /dev/sdb1 rw\n",
        )
    }

    cases! { RULE:
        a_container_without_shared_mounts_passes: container() => "Pass",
        a_mount_in_a_group_of_the_hosts_fails:
            host().mount("60 40 8:2 /a /a rw shared:5 - ext4 /dev/sdb1 rw") => "Fail",
        a_mount_that_also_receives_from_the_host_fails:
            host().mount("60 40 8:2 /a /a rw shared:5 master:4 - ext4 /dev/sdb1 rw") => "Fail",
        a_group_of_the_containers_own_passes:
            host().mount("60 40 8:2 /a /a rw shared:51 - ext4 /dev/sdb1 rw") => "Pass",
        a_mount_that_only_receives_from_the_host_passes:
            host().mount("60 40 8:2 /a /a rw master:5 - ext4 /dev/sdb1 rw") => "Pass",
        the_root_counts_too:
            host().mounts("40 30 8:2 / / rw shared:5 - ext4 /dev/sdb1 rw\n") => "Fail",
        the_kernel_overrules_the_declaration: container()
            .declares("/Mounts", json!([{"Destination": "/tmp", "Propagation": "rshared"}])) => "Pass",
        a_declared_sharing_convicts: container()
            .declares("/Mounts", json!([{"Destination": "/a", "Propagation": "shared"}]))
            .kernel_denied() => "Fail",
        a_private_declaration_cannot_acquit: container()
            .declares("/Mounts", json!([{"Destination": "/a", "Propagation": "rprivate"}]))
            .kernel_denied() => "Unknown",
        without_the_hosts_mounts_it_is_unknown:
            container().unread("/proc/1/mountinfo") => "Unknown",
        a_service_with_a_private_mount_passes: service().writes("/Mounts", json!([
            {"Type": "bind", "Source": "/srv", "Destination": "/a", "Propagation": "rprivate"},
        ])) => "Pass",
        a_service_with_a_shared_mount_fails: service().writes("/Mounts", json!([
            {"Type": "bind", "Source": "/srv", "Destination": "/a", "Propagation": "rshared"},
        ])) => "Fail",
        a_services_propagation_that_is_a_variable_is_unknown: service().writes("/Mounts", json!([
            {"Type": "bind", "Source": "/srv", "Destination": "/a", "Propagation": ""},
        ])).unset("/Mounts/0/Propagation", "PROPAGATION") => "Unknown",
    }
}

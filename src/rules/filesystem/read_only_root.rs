//! See [`RULE`].

use crate::facts::Facts;
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Settings, rule};

rule! {
    /// The root file system is mounted read-only.
    ///
    /// ## Why it matters
    /// An attacker who cannot write to the image's files cannot replace its programs,
    /// leave a backdoor for the next start or drop tools beside them.
    ///
    /// ## How to fix
    /// compose: `read_only: true`, with `tmpfs: ["/tmp:size=64m"]` for what must be written
    /// run: `--read-only --tmpfs /tmp:size=64m`
    pub static RULE = {
        id: "read-only-root",
        title: "the root file system is read-only",
        severity: Severity::High,
        targets: [Container, Service],
        mends: [ReadOnlyRoot],
        references: &["CIS Docker 1.6: 5.13", "compose-lint CL-0007"],
        parameters: &[],
        judge: judge,
    }
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    facts.root_read_only.judge(|read_only| {
        if *read_only {
            Check::holds("the root file system is read-only")
        } else {
            Check::broken("the root file system is writable")
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, container, service};
    use serde_json::json;

    const WRITABLE: &str = "40 30 0:44 / / rw,relatime - overlay overlay rw\n";

    cases! { RULE:
        a_read_only_mount_passes: container() => "Pass",
        a_writable_mount_fails: container().mounts(WRITABLE) => "Fail",
        a_later_mount_over_the_root_counts:
            container().mount("60 40 0:70 / / rw - tmpfs tmpfs rw") => "Fail",
        the_kernel_overrules_a_bad_declaration:
            container().declares("/HostConfig/ReadonlyRootfs", json!(false)) => "Pass",
        the_declaration_convicts_where_the_kernel_is_silent:
            container().declares("/HostConfig/ReadonlyRootfs", json!(false)).kernel_denied() => "Fail",
        the_declaration_cannot_acquit: container().denied("mountinfo") => "Unknown",
        a_view_that_lacks_a_mount_of_the_engines_is_no_answer: container()
            .declares("/Mounts", json!([{"Type": "bind", "Source": "/srv", "Destination": "/srv"}]))
            => "Unknown",
        mounts_without_a_root_are_no_answer: container().mounts("") => "Unknown",
        a_read_only_service_passes: service() => "Pass",
        a_service_that_says_nothing_is_writable: service().leaves_out("/HostConfig/ReadonlyRootfs") => "Fail",
        a_service_that_leaves_it_to_a_variable_is_unknown:
            service().unset("/HostConfig/ReadonlyRootfs", "READ_ONLY") => "Unknown",
    }
}

//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::privilege::Reach;
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Settings, rule};

rule! {
    /// The container does not run in privileged mode, nor with the same reach.
    ///
    /// The kernel shows the mode by what it gives: every capability without a seccomp
    /// filter, or a writable `/sys` beside an unmasked `/proc`. The latter stays even
    /// where the first process gave its capabilities up: a later `exec` has them all.
    /// An unmasked `/proc` alone is a milder finding.
    ///
    /// ## Why it matters
    /// A privileged container is a program on the host with another root directory: it
    /// loads kernel modules, opens raw disks and rewrites kernel settings.
    ///
    /// ## How to fix
    /// compose: remove `privileged: true`; add the one `cap_add:` or `devices:` entry that is needed
    /// run: remove `--privileged`; add the one `--cap-add` or `--device` that is needed
    pub static RULE = {
        id: "not-privileged",
        title: "not in privileged mode",
        severity: Severity::Crit,
        targets: [Container, Service],
        mends: [Unprivileged],
        references: &["CIS Docker 1.6: 5.5", "KICS ae5b6871", "compose-lint CL-0002"],
        parameters: &[],
        judge: judge,
    }
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    facts.privileged.judge(|reach| match *reach {
        Reach::Asked(true) => Check::broken("privileged mode was asked for"),
        Reach::Asked(false) => Check::holds("privileged mode was not asked for"),
        // The milder half of the mode, as where the kernel shows it.
        Reach::OpenProc => Check::broken("an unmasked /proc was asked for")
            .naming("systempaths=unconfined")
            .only(Severity::High),
        Reach::Seen { all_capabilities, unfiltered, open_sys, open_proc, namespaced } => {
            let all = all_capabilities && unfiltered;
            let open_kernel = open_sys && open_proc;
            let marks: Vec<&str> = [
                (all, "every capability of the host and no seccomp filter"),
                (open_kernel, "a writable /sys and an unmasked /proc"),
                (
                    open_proc && !open_kernel,
                    "an unmasked /proc, through which root can change kernel settings",
                ),
            ]
            .into_iter()
            .filter_map(|(seen, mark)| seen.then_some(mark))
            .collect();
            if marks.is_empty() {
                return Check::holds("the kernel shows none of the marks of privileged mode");
            }
            let broken = Check::broken(format!("the container has {}", marks.join(", and ")));
            let is_mode = (all || open_kernel) && !namespaced;
            if is_mode { broken } else { broken.only(Severity::High) }
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, container, service};
    use serde_json::json;

    const ALL: &[(&str, &str)] = &[("CapBnd", "000001ffffffffff"), ("Seccomp", "0")];
    const OPEN: &str = "40 30 0:44 / / rw - overlay overlay rw\n41 40 0:45 / /proc rw - proc proc rw\n\
        43 40 0:46 / /sys rw - sysfs sysfs rw\n";

    cases! { RULE:
        an_ordinary_container_passes: container() => "Pass",
        every_capability_without_a_filter_fails: container().status(ALL) => "Fail",
        an_open_kernel_fails_even_without_capabilities: container().mounts(OPEN) => "Fail",
        an_open_proc_alone_is_milder: container()
            .mounts("40 30 0:44 / / ro - overlay overlay rw\n41 40 0:45 / /proc rw - proc proc rw\n\
                42 41 0:50 / /proc/meminfo rw - fuse.lxcfs lxcfs rw\n") => "Fail(high)",
        inside_a_user_namespace_it_is_milder:
            container().status(ALL).uid_map(100, "0 165536 65536") => "Fail(high)",
        the_kernel_overrules_the_declaration:
            container().declares("/HostConfig/Privileged", json!(true)) => "Pass",
        the_declaration_convicts_where_the_kernel_is_silent:
            container().declares("/HostConfig/Privileged", json!(true)).kernel_denied() => "Fail",
        a_view_that_lacks_a_mount_of_the_engines_is_no_answer: container()
            .declares("/Mounts", json!([{"Type": "bind", "Source": "/srv", "Destination": "/srv"}]))
            => "Unknown",
        the_declaration_cannot_acquit: container().kernel_denied() => "Unknown",
        an_ordinary_service_passes: service() => "Pass",
        a_privileged_service_fails: service().writes("/HostConfig/Privileged", json!(true)) => "Fail",
        a_service_with_an_unmasked_proc_is_milder: service()
            .writes("/HostConfig/MaskedPaths", json!([]))
            .writes("/HostConfig/ReadonlyPaths", json!([])) => "Fail(high)",
        in_privileged_mode_that_is_the_least_of_it: service()
            .writes("/HostConfig/Privileged", json!(true))
            .writes("/HostConfig/MaskedPaths", json!([])) => "Fail",
        how_bad_an_unmasked_proc_is_nobody_knows_where_the_kernel_is_silent: container()
            .declares("/HostConfig/MaskedPaths", json!([])).kernel_denied() => "Unknown",
        a_service_that_leaves_it_to_a_variable_is_unknown:
            service().unset("/HostConfig/Privileged", "PRIVILEGED") => "Unknown",
    }
}

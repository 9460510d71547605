//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::confinement::Confinement;
use crate::model::severity::Severity;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Settings, rule};

rule! {
    /// A security module confines every process, where the host has one.
    ///
    /// AppArmor or SELinux, whichever this host runs: the process carries an enforced
    /// profile or a confined type. On a host that has neither, the rule does not apply,
    /// and the kernel's answer proves it. A service that does not run yet can only switch it off:
    /// where it does not, the rule does not apply.
    ///
    /// ## Why it matters
    /// The module's profile is a second wall behind the first: it forbids mounting,
    /// writing to kernel files and tracing even to a process that became root.
    ///
    /// ## How to fix
    /// compose: remove `apparmor:unconfined` and `label:disable` from `security_opt:`
    /// run: remove `--security-opt apparmor=unconfined` and `label=disable`
    pub static RULE = {
        id: "lsm-confined",
        title: "AppArmor or SELinux confines every process",
        severity: Severity::Med,
        targets: [Container, Service],
        mends: [Confinement, Unprivileged],
        references: &["CIS Docker 1.6: 5.2", "CIS Docker 1.6: 5.3", "compose-lint CL-0009"],
        parameters: &[],
        judge: judge,
    }
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    facts.confinement.judge(|held| {
        let by = &held.by;
        match &held.value {
            Confinement::NoModule => Check::moot("this host runs neither AppArmor nor SELinux"),
            Confinement::LeftToHost => {
                Check::moot("whether there is AppArmor or SELinux is the host's affair, and nothing switches it off")
            }
            Confinement::Enforced(label) => {
                Check::holds(format!("{by} is confined by {}", Untrusted::from(label.as_str())))
            }
            Confinement::Unenforced(label) => {
                let label = Untrusted::from(label.as_str());
                Check::broken(format!("{by} is not confined: {label}")).naming(label)
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, container, service};
    use serde_json::json;

    const LABEL: &str = "/proc/100/attr/current";

    cases! { RULE:
        a_host_without_a_module_is_not_judged: container() => "NotApplicable",
        an_enforced_profile_passes: container().kernel(LABEL, "docker-default (enforce)\n") => "Pass",
        a_complaining_profile_fails: container().kernel(LABEL, "docker-default (complain)\n") => "Fail",
        an_unconfined_process_fails: container().kernel(LABEL, "unconfined\n") => "Fail",
        an_enforced_type_passes: container()
            .kernel(LABEL, "system_u:system_r:container_t:s0:c1,c2\0")
            .kernel("/sys/fs/selinux/enforce", "1") => "Pass",
        a_permissive_host_fails: container()
            .kernel(LABEL, "system_u:system_r:container_t:s0:c1,c2\0")
            .kernel("/sys/fs/selinux/enforce", "0") => "Fail",
        a_type_without_the_hosts_mode_is_unknown:
            container().kernel(LABEL, "system_u:system_r:container_t:s0") => "Unknown",
        the_kernel_overrules_the_declaration: container()
            .engine_says("/SecurityOptions", json!(["name=apparmor"]))
            .declares("/HostConfig/SecurityOpt", json!(["apparmor=unconfined"]))
            .kernel(LABEL, "docker-default (enforce)") => "Pass",
        a_declared_opt_out_convicts: container()
            .engine_says("/SecurityOptions", json!(["name=selinux"]))
            .declares("/HostConfig/SecurityOpt", json!(["label=disable"])).kernel_denied() => "Fail",
        the_engines_default_cannot_acquit: container()
            .engine_says("/SecurityOptions", json!(["name=apparmor"])).kernel_denied() => "Unknown",
        whether_there_is_a_module_a_service_does_not_say: service() => "NotApplicable",
        a_service_that_switches_apparmor_off_fails:
            service().writes("/HostConfig/SecurityOpt", json!(["apparmor=unconfined"])) => "Fail",
        a_service_that_switches_selinux_off_fails:
            service().writes("/HostConfig/SecurityOpt", json!(["label:disable"])) => "Fail",
        a_privileged_service_fails: service().writes("/HostConfig/Privileged", json!(true)) => "Fail",
        a_services_option_that_is_a_variable_is_unknown:
            service().unset("/HostConfig/SecurityOpt/0", "OPTION") => "Unknown",
        beside_an_option_that_nobody_set_the_others_convict: service()
            .writes("/HostConfig/SecurityOpt", json!(["x", "apparmor=unconfined"]))
            .unset("/HostConfig/SecurityOpt/0", "X") => "Fail",
    }
}

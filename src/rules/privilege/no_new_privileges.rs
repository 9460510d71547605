//! See [`RULE`].

use crate::facts::Facts;
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Settings, rule};

rule! {
    /// No process of the container can gain privileges by executing a file.
    ///
    /// The kernel's `no_new_privs` flag is set for every process. All spellings of the option
    /// are understood; `no-new-privileges:false` is not the option, and a daemon-wide default
    /// counts.
    ///
    /// ## Why it matters
    /// Without the flag a setuid program or a file with capabilities in the image turns
    /// an ordinary user into root. The flag switches that off for good, for every child.
    ///
    /// ## How to fix
    /// compose: `security_opt: ["no-new-privileges:true"]`
    /// run: `--security-opt no-new-privileges`
    pub static RULE = {
        id: "no-new-privileges",
        title: "executing a file cannot raise privileges",
        severity: Severity::High,
        targets: [Container, Service],
        mends: [NoNewPrivileges],
        references: &["CIS Docker 1.6: 5.26", "KICS 27fcc7d6", "compose-lint CL-0003"],
        parameters: &[],
        judge: judge,
    }
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    facts.no_new_privileges.judge(|flag| {
        let by = &flag.by;
        if flag.value {
            Check::holds(format!("{by} has no_new_privs set"))
        } else {
            Check::broken(format!("{by} can gain privileges by executing a file"))
                .naming("no-new-privileges")
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, container, service};
    use serde_json::json;

    cases! { RULE:
        the_flag_of_every_process_passes: container().add_process(101, &[]) => "Pass",
        one_process_without_the_flag_fails:
            container().add_process(101, &[("NoNewPrivs", "0")]) => "Fail",
        the_kernel_overrules_a_bad_declaration:
            container().declares("/HostConfig/SecurityOpt", json!(["no-new-privileges:false"])) => "Pass",
        the_kernel_overrules_a_good_declaration: container().status(&[("NoNewPrivs", "0")]) => "Fail",
        a_declaration_cannot_acquit: container().kernel_denied() => "Unknown",
        false_is_not_the_option: container()
            .declares("/HostConfig/SecurityOpt", json!(["no-new-privileges:false"])).kernel_denied() => "Fail",
        nothing_declared_and_no_daemon_default_convicts: container()
            .declares("/HostConfig/SecurityOpt", json!(null)).kernel_denied() => "Fail",
        a_daemon_default_counts_as_declared: container()
            .declares("/HostConfig/SecurityOpt", json!(null))
            .engine_says("/SecurityOptions", json!(["name=no-new-privileges"])).kernel_denied() => "Unknown",
        a_service_with_the_option_passes: service() => "Pass",
        a_service_without_it_has_the_engines_default:
            service().leaves_out("/HostConfig/SecurityOpt") => "Fail",
        a_service_that_switches_it_off_fails:
            service().writes("/HostConfig/SecurityOpt", json!(["no-new-privileges:false"])) => "Fail",
        a_services_option_that_is_a_variable_is_unknown:
            service().unset("/HostConfig/SecurityOpt/0", "OPTION") => "Unknown",
        beside_an_option_that_nobody_set_a_refusal_convicts: service()
            .writes("/HostConfig/SecurityOpt", json!(["no-new-privileges:false", "x"]))
            .unset("/HostConfig/SecurityOpt/1", "X") => "Fail",
        an_option_that_nobody_set_may_refuse: service()
            .writes("/HostConfig/SecurityOpt", json!(["no-new-privileges", "x"]))
            .unset("/HostConfig/SecurityOpt/1", "X") => "Unknown",
        an_option_that_nobody_set_may_ask_for_it: service()
            .writes("/HostConfig/SecurityOpt", json!(["x"])).unset("/HostConfig/SecurityOpt/0", "X") => "Unknown",
    }
}

//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::seccomp::Mode;
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Settings, rule};

rule! {
    /// A seccomp filter is active for every process.
    ///
    /// Of a service that does not run yet the engine's own profile counts, which Docker applies
    /// unless another one, none or privileged mode is asked for.
    ///
    /// ## Why it matters
    /// The filter keeps a compromised program from dozens of system calls that few
    /// services need, among them those in which most kernel bugs are found.
    ///
    /// ## How to fix
    /// compose: remove `seccomp:unconfined` from `security_opt:`, or name a profile there
    /// run: remove `--security-opt seccomp=unconfined`, or name a profile
    pub static RULE = {
        id: "seccomp-filter",
        title: "a seccomp filter is active",
        severity: Severity::High,
        targets: [Container, Service],
        mends: [Seccomp, Unprivileged],
        references: &["CIS Docker 1.6: 5.22", "KICS 404fde2c", "compose-lint CL-0009"],
        parameters: &[],
        judge: judge,
    }
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    facts.seccomp.judge(|mode| {
        let by = &mode.by;
        match mode.value {
            Mode::Filter => Check::holds(format!("{by} has a seccomp filter")),
            Mode::Strict => Check::holds(format!("{by} is in seccomp's strict mode")),
            Mode::Disabled => {
                Check::broken(format!("{by} has no seccomp filter")).naming("seccomp")
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, container, service};
    use serde_json::json;

    cases! { RULE:
        a_filter_passes: container() => "Pass",
        strict_mode_passes: container().status(&[("Seccomp", "1")]) => "Pass",
        a_process_without_a_filter_fails: container().add_process(101, &[("Seccomp", "0")]) => "Fail",
        an_unknown_mode_is_no_answer: container().status(&[("Seccomp", "7")]) => "Unknown",
        the_kernel_overrules_the_declaration:
            container().declares("/HostConfig/SecurityOpt", json!(["seccomp=unconfined"])) => "Pass",
        unconfined_with_a_colon_convicts: container()
            .declares("/HostConfig/SecurityOpt", json!(["seccomp:unconfined"])).kernel_denied() => "Fail",
        privileged_mode_convicts:
            container().declares("/HostConfig/Privileged", json!(true)).kernel_denied() => "Fail",
        an_engine_without_seccomp_convicts:
            container().engine_says("/SecurityOptions", json!([])).kernel_denied() => "Fail",
        the_engines_default_cannot_acquit: container().kernel_denied() => "Unknown",
        a_service_has_the_engines_profile_by_default: service() => "Pass",
        a_service_that_switches_it_off_fails:
            service().writes("/HostConfig/SecurityOpt", json!(["seccomp=unconfined"])) => "Fail",
        a_privileged_service_fails: service().writes("/HostConfig/Privileged", json!(true)) => "Fail",
        what_a_services_own_profile_forbids_nobody_knows:
            service().writes("/HostConfig/SecurityOpt", json!(["seccomp:p.json"])) => "Unknown",
        nor_where_it_is_privileged: service()
            .writes("/HostConfig/Privileged", json!(true))
            .writes("/HostConfig/SecurityOpt", json!(["seccomp={}"])) => "Unknown",
        a_service_that_names_the_engines_profile_passes:
            service().writes("/HostConfig/SecurityOpt", json!(["seccomp=builtin"])) => "Pass",
        a_services_option_that_is_a_variable_is_unknown:
            service().unset("/HostConfig/SecurityOpt/0", "OPTION") => "Unknown",
        beside_an_option_that_nobody_set_the_others_convict: service()
            .writes("/HostConfig/SecurityOpt", json!(["seccomp=unconfined", "x"]))
            .unset("/HostConfig/SecurityOpt/1", "X") => "Fail",
        beside_an_option_that_nobody_set_the_default_acquits_nobody: service()
            .writes("/HostConfig/SecurityOpt", json!(["x"])).unset("/HostConfig/SecurityOpt/0", "X") => "Unknown",
    }
}

//! See [`RULE`].

use crate::facts::Facts;
use crate::model::severity::Severity;
use crate::model::verdict::Verdict;
use crate::rules::{Settings, rule};

rule! {
    /// The container does not live in the host's PID namespace.
    ///
    /// ## Why it matters
    /// In the host's PID namespace a program sees every process of the machine, their
    /// arguments and, with the right uid or capability, signals and traces them.
    ///
    /// ## How to fix
    /// compose: remove `pid: host`
    /// run: remove `--pid host`
    pub static RULE = {
        id: "private-pid-namespace",
        title: "not in the host's PID namespace",
        severity: Severity::High,
        references: &["CIS Docker 1.6: 5.16", "KICS 4f31dd9f", "compose-lint CL-0010"],
        parameters: &[],
        judge: judge,
    }
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    facts.pid_namespace.judge(|namespace| super::not_the_hosts(namespace, "PID"))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, container};
    use serde_json::json;

    cases! { RULE:
        a_namespace_of_its_own_passes: container() => "Pass",
        the_hosts_fails: container().status(&[("NSpid", "100")]) => "Fail",
        the_kernel_overrules_the_declaration:
            container().declares("/HostConfig/PidMode", json!("host")) => "Pass",
        the_declaration_convicts_where_the_kernel_is_silent:
            container().declares("/HostConfig/PidMode", json!("host")).kernel_denied() => "Fail",
        the_declaration_cannot_acquit: container().denied("status") => "Unknown",
        without_an_engine_the_kernel_decides: container().engine_denied() => "Pass",
    }
}

//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::limits::Bytes;
use crate::model::severity::Severity;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Settings, rule};

rule! {
    /// The container's output is kept, and cannot fill the disk.
    ///
    /// The log driver is not `none`, and one that writes plain files has a size at which it
    /// begins a new one; `local` rotates by itself, others hand the lines on. Only the engine
    /// keeps the output, so its record decides; a service that names no driver gets json-file, as
    /// Docker's documentation has it.
    ///
    /// ## Why it matters
    /// Without logs nobody can tell what an intruder did. Without rotation one chatty or
    /// attacked container fills the disk of the engine, and every other container with it.
    ///
    /// ## How to fix
    /// compose: `logging: {driver: local}`, or `logging: {driver: json-file, options: {max-size: 10m, max-file: "3"}}`
    /// run: `--log-driver local`, or `--log-opt max-size=10m --log-opt max-file=3`
    pub static RULE = {
        id: "log-driver",
        title: "logs are kept and rotated",
        severity: Severity::Low,
        targets: [Container, Service],
        mends: [Logging],
        references: &["compose-lint CL-0014"],
        parameters: &[],
        judge: judge,
    }
}

/// Drivers that write a file of their own without end unless they are told.
const UNBOUNDED: [&str; 2] = ["json-file", "k8s-file"];

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    facts.log.judge(|log| {
        let driver = Untrusted::from(log.driver.as_str());
        match (log.driver.as_str(), log.max_size) {
            ("none", _) => Check::broken("the container's output is thrown away (none)"),
            (name, None) if UNBOUNDED.contains(&name) => {
                Check::broken(format!("{driver} without max-size grows without end"))
            }
            (_, Some(size)) => Check::holds(format!("{driver}, a new file after {}", Bytes(size))),
            (_, None) => Check::holds(format!("{driver}")),
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{Case, cases, container, service};
    use serde_json::{Value, json};

    fn log(driver: &str, options: &Value) -> Case {
        container().declares("/HostConfig/LogConfig", json!({"Type": driver, "Config": options}))
    }

    cases! { RULE:
        a_file_that_is_rotated_passes: log("json-file", &json!({"max-size": "10m"})) => "Pass",
        a_file_without_end_fails: log("json-file", &json!({})) => "Fail",
        a_file_count_without_a_size_fails: log("json-file", &json!({"max-file": "3"})) => "Fail",
        a_driver_that_rotates_by_itself_passes: container() => "Pass",
        output_that_is_thrown_away_fails: log("none", &json!({})) => "Fail",
        lines_that_are_handed_on_pass: log("syslog", &json!({})) => "Pass",
        podmans_own_file_without_end_fails: container().declares(
            "/HostConfig/LogConfig", json!({"Type": "k8s-file", "Config": null, "Size": "0B"})) => "Fail",
        podmans_own_bound_counts: container().declares(
            "/HostConfig/LogConfig", json!({"Type": "k8s-file", "Config": null, "Size": "10MB"})) => "Pass",
        a_record_without_a_driver_is_no_answer:
            container().declares("/HostConfig/LogConfig", json!(null)) => "Unknown",
        the_kernel_has_no_word: container().kernel_denied() => "Pass",
        without_an_engine_nobody_knows: container().engine_denied() => "Unknown",
        a_service_with_a_driver_that_rotates_passes: service() => "Pass",
        a_service_that_says_nothing_has_the_engines_default:
            service().leaves_out("/HostConfig/LogConfig") => "Fail",
        a_service_that_keeps_nothing_fails:
            service().writes("/HostConfig/LogConfig", json!({"Type": "none", "Config": {}})) => "Fail",
        a_services_driver_that_is_a_variable_is_unknown:
            service().unset("/HostConfig/LogConfig/Type", "DRIVER") => "Unknown",
    }
}

//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::restart::{MANY, Policy, Restarts};
use crate::model::severity::Severity;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Verdict};
use crate::parse::time::in_words;
use crate::rules::settings::{is_duration, is_number};
use crate::rules::{Parameter, Settings, Shape, rule};

rule! {
    /// The engine starts a failed container again, but not without end.
    ///
    /// The restart policy is an accepted one, and `on-failure` has a bound on its retries; the
    /// container is not in a loop, started again and again only to end. Only the engine
    /// restarts containers, so its record decides.
    ///
    /// ## Why it matters
    /// A service without a restart policy stays down after its first crash. One that is
    /// restarted forever hides the crash, and gives an attacker as many tries as he needs.
    ///
    /// ## How to fix
    /// compose: `restart: on-failure:5`, or `deploy: {restart_policy: {condition: on-failure, max_attempts: 5}}`
    /// run: `--restart on-failure:5`
    pub static RULE = {
        id: "restart-policy",
        title: "restarted after a failure, but not in a loop",
        severity: Severity::Low,
        targets: [Container, Service],
        mends: [Restart],
        references: &["CIS Docker 1.6: 5.15", "KICS 2fc99041"],
        parameters: &[
            Parameter {
                name: "allowed",
                about: "the restart policies that are accepted",
                shape: Shape::List,
                default: &["on-failure", "unless-stopped"],
                check: is_policy,
            },
            Parameter {
                name: "max-retries",
                about: "the most retries of on-failure",
                shape: Shape::One,
                default: &["5"],
                check: is_number,
            },
            Parameter {
                name: "settled-after",
                about: "how long a container must have run to be out of a restart loop",
                shape: Shape::One,
                default: &["10m"],
                check: is_duration,
            },
        ],
        judge: judge,
    }
}

fn is_policy(text: &str) -> Result<(), String> {
    match text {
        "no" | "always" | "on-failure" | "unless-stopped" => Ok(()),
        _ => Err(format!(
            "{text:?} is no restart policy; expected no, always, on-failure or unless-stopped"
        )),
    }
}

fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    let policy = facts.restart_policy.judge(|policy| {
        let Policy { name, most } = policy;
        let shown = Untrusted::from(name.as_str());
        if !settings.list("allowed").contains(name) {
            return Check::broken(if name == "no" {
                "nothing starts the container again after a failure".to_owned()
            } else {
                format!("the restart policy is {shown}")
            });
        }
        match (name.as_str(), most, settings.number("max-retries")) {
            ("on-failure", 0, _) => Check::broken("on-failure without a bound on its retries"),
            ("on-failure", most, Some(bound)) if *most > bound => {
                Check::broken(format!("on-failure with {most} retries, more than {bound}"))
            }
            ("on-failure", most, _) => Check::holds(format!("on-failure, at most {most} times")),
            _ => Check::holds(format!("{shown}")),
        }
    });
    policy.and(facts.restarts.judge(|restarts| in_a_loop(restarts, settings)))
}

fn in_a_loop(restarts: &Restarts, settings: &Settings) -> Check {
    let Restarts { count, running } = restarts;
    match running {
        Some(so_long) if *count >= MANY && Some(*so_long) < settings.duration("settled-after") => {
            Check::broken(format!(
                "restarted {count} times, the last time {} ago",
                in_words(*so_long)
            ))
        }
        _ => Check::holds(format!("restarted {count} times")),
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{Case, cases, container, service};
    use serde_json::json;

    fn policy(name: &str, most: u64) -> Case {
        let policy = json!({"Name": name, "MaximumRetryCount": most});
        container().declares("/HostConfig/RestartPolicy", policy)
    }

    cases! { RULE:
        a_bounded_policy_passes: container() => "Pass",
        no_policy_fails: policy("no", 0) => "Fail",
        an_empty_policy_is_none: policy("", 0) => "Fail",
        restarts_without_end_fail: policy("always", 0) => "Fail",
        on_failure_without_a_bound_fails: policy("on-failure", 0) => "Fail",
        too_many_retries_fail: policy("on-failure", 50) => "Fail",
        unless_stopped_passes: policy("unless-stopped", 0) => "Pass",
        a_policy_may_allow_another: policy("always", 0).set("allowed", &["always"]) => "Pass",
        a_policy_may_demand_one: policy("unless-stopped", 0).set("allowed", &["on-failure"]) => "Fail",
        a_restart_loop_fails: container().declares("/RestartCount", json!(7)) => "Fail",
        restarts_long_ago_pass: container()
            .declares("/RestartCount", json!(7))
            .declares("/State/StartedAt", json!("2026-01-01T00:00:00Z")) => "Pass",
        without_the_clock_nobody_knows_how_long_ago:
            container().declares("/RestartCount", json!(7)).without_the_clock() => "Unknown",
        the_kernel_has_no_word: container().kernel_denied() => "Pass",
        without_an_engine_nobody_knows: container().engine_denied() => "Unknown",
        a_service_with_a_bounded_policy_passes: service() => "Pass",
        a_service_without_a_policy_fails: service().leaves_out("/HostConfig/RestartPolicy") => "Fail",
        a_service_that_restarts_without_end_fails: service()
            .writes("/HostConfig/RestartPolicy", json!({"Name": "always", "MaximumRetryCount": 0})) => "Fail",
        a_services_policy_that_is_a_variable_is_unknown:
            service().unset("/HostConfig/RestartPolicy", "RESTART") => "Unknown",
    }
}

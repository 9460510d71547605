//! See [`RULE`].

use std::time::Duration;

use crate::facts::Facts;
use crate::facts::health::{Schedule, Timing};
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::parse::time::in_words;
use crate::rules::settings::{is_duration, is_number};
use crate::rules::{Parameter, Settings, Shape, rule};

rule! {
    /// The health check notices a dead service soon, and a slow one is not taken for dead.
    ///
    /// Interval, timeout, retries and start period lie within what the policy demands.
    /// What is not set is the engine's default: every 30s, for 30s, 3 retries, no start
    /// period. Only the engine runs health checks, so its record decides.
    ///
    /// ## Why it matters
    /// With a check every ten minutes a dead service answers errors for half an hour. With a
    /// single retry one slow answer makes a working service count as dead.
    ///
    /// ## How to fix
    /// compose: `healthcheck: {interval: 30s, timeout: 5s, retries: 3, start_period: 20s}`
    /// run: `--health-interval 30s --health-timeout 5s --health-retries 3 --health-start-period 20s`
    /// Dockerfile: `HEALTHCHECK --interval=30s --timeout=5s --retries=3 --start-period=20s CMD …`
    pub static RULE = {
        id: "healthcheck-timing",
        title: "the health check notices in good time",
        severity: Severity::Low,
        targets: [Container, Service, Image, Dockerfile],
        references: &["Docker: HEALTHCHECK"],
        parameters: &[
            Parameter {
                name: "max-interval",
                about: "the longest interval between two checks",
                shape: Shape::One,
                default: &["60s"],
                check: is_duration,
            },
            Parameter {
                name: "max-timeout",
                about: "the longest timeout of one check",
                shape: Shape::One,
                default: &["30s"],
                check: is_duration,
            },
            Parameter {
                name: "min-retries",
                about: "the fewest failures in a row that count",
                shape: Shape::One,
                default: &["2"],
                check: is_number,
            },
            Parameter {
                name: "min-start-period",
                about: "the shortest time that the service is given to start",
                shape: Shape::One,
                default: &[],
                check: is_duration,
            },
        ],
        judge: judge,
    }
}

/// With more failures in a row than this nobody means to notice any.
const MOST_RETRIES: u64 = 20;

fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    facts.health.timing.judge(|timing| match timing {
        Timing::Undefined => Check::moot("no health check is defined"),
        Timing::Of(schedule) => in_good_time(*schedule, settings),
    })
}

fn in_good_time(schedule: Schedule, settings: &Settings) -> Check {
    let Schedule { interval, timeout, start_period, retries } = schedule;
    let faults = [
        over(interval, settings.duration("max-interval")).map(|why| ("Interval", why)),
        over(timeout, settings.duration("max-timeout")).map(|why| ("Timeout", why)),
        settings
            .number("min-retries")
            .filter(|least| retries < *least)
            .map(|least| ("Retries", (retries.to_string(), format!("fewer than {least}")))),
        (retries > MOST_RETRIES)
            .then(|| ("Retries", (retries.to_string(), format!("more than {MOST_RETRIES}")))),
        settings.duration("min-start-period").filter(|least| start_period < *least).map(|least| {
            ("StartPeriod", (in_words(start_period), format!("less than {}", in_words(least))))
        }),
    ];
    let holds = Check::holds(format!(
        "every {}, for at most {}, {retries} retries, {} to start",
        in_words(interval),
        in_words(timeout),
        in_words(start_period)
    ));
    faults.into_iter().flatten().fold(holds, |check, (what, (value, why))| {
        check
            .also(&format!("{what} {value} is {why}"))
            .showing(format!("/Config/Healthcheck/{what}"), value)
    })
}

/// A time that is longer than the most that is allowed, and the words for it.
fn over(time: Duration, most: Option<Duration>) -> Option<(String, String)> {
    let most = most.filter(|most| time > *most)?;
    Some((in_words(time), format!("more than {}", in_words(most))))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{Case, cases, container, dockerfile, service};
    use serde_json::json;

    const SECOND: u64 = 1_000_000_000;

    fn timed(what: &str, value: u64) -> Case {
        container().declares(&format!("/Config/Healthcheck/{what}"), json!(value))
    }

    cases! { RULE:
        the_engines_defaults_pass: container() => "Pass",
        zero_is_the_engines_default: timed("Interval", 0) => "Pass",
        a_long_interval_fails: timed("Interval", 600 * SECOND) => "Fail",
        a_policy_may_allow_more: timed("Interval", 600 * SECOND).set("max-interval", &["10m"]) => "Pass",
        a_long_timeout_fails: timed("Timeout", 90 * SECOND) => "Fail",
        a_single_retry_fails: timed("Retries", 1) => "Fail",
        more_retries_than_anybody_waits_for_fail: timed("Retries", 1000) => "Fail",
        a_role_that_starts_slowly_is_given_time:
            timed("StartPeriod", 5 * SECOND).set("min-start-period", &["30s"]) => "Fail",
        without_a_check_there_is_nothing_to_time:
            container().declares("/Config/Healthcheck", json!(null)) => "NotApplicable",
        a_check_that_is_switched_off_is_none:
            container().declares("/Config/Healthcheck/Test", json!(["NONE"])) => "NotApplicable",
        the_kernel_has_no_word: container().kernel_denied() => "Pass",
        without_an_engine_nobody_knows: container().engine_denied() => "Unknown",
        a_service_in_good_time_passes: service() => "Pass",
        a_services_long_interval_fails:
            service().writes("/Config/Healthcheck/Interval", json!(600 * SECOND)) => "Fail",
        a_services_interval_that_is_a_variable_is_unknown:
            service().unset("/Config/Healthcheck/Interval", "INTERVAL") => "Unknown",
        a_dockerfile_in_good_time_passes: dockerfile("FROM a\nHEALTHCHECK --interval=30s --timeout=10s CMD x\n") => "Pass",
        a_dockerfile_that_looks_too_seldom_fails: dockerfile("FROM a\nHEALTHCHECK --interval=1h CMD x\n") => "Fail",
    }
}

//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::health::{History, Programs, Record, Schedule, Status};
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::parse::time::in_words;
use crate::rules::{Settings, rule};

rule! {
    /// The health check can tell a dead service from a living one, and finds it alive.
    ///
    /// The container is healthy now, and no run has failed since; it is not starting forever;
    /// no run took longer than its timeout; the check can fail at all (`|| true` and `exit 0`
    /// cannot); and where a run has failed, the check's programs are in the container, as the
    /// container's own files show. Only the engine runs health checks, so its record decides; of a
    /// service that does not run yet only a check is known that cannot fail.
    ///
    /// ## Why it matters
    /// A check that always succeeds is worse than none: it vouches for a dead service. One
    /// that always fails is ignored after a week, and then nobody notices the real thing.
    ///
    /// ## How to fix
    /// compose: `healthcheck: {test: ["CMD", "/bin/app", "--check"]}`, a program that is in the image and fails with the service
    /// run: `--health-cmd "/bin/app --check || exit 1"`
    /// Dockerfile: `HEALTHCHECK CMD ["/bin/app", "--check"]`
    pub static RULE = {
        id: "healthcheck-works",
        title: "the health check works",
        severity: Severity::Med,
        targets: [Container, Service],
        references: &["CIS Docker 1.6: 5.27"],
        parameters: &[],
        judge: judge,
    }
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    let record = facts.health.record.judge(|record| match record {
        Record::Undefined => Check::moot("no health check is defined"),
        Record::Of(history) => of(history),
        Record::NeverRun(Some(why)) => always_true(why),
        Record::NeverRun(None) => {
            Check::moot("the check can fail; whether it works shows only where it runs")
        }
    });
    let programs = facts.health.programs.judge(|programs| match programs {
        Programs::NotAsked => Check::moot("no run of the check has failed"),
        Programs::There => Check::moot("its programs are in the container"),
        Programs::Missing(faults) => {
            Check::broken(format!("the check cannot run: {}", faults.join(", ")))
        }
    });
    record.and(programs)
}

fn always_true(why: &str) -> Check {
    Check::broken(format!("the check succeeds whatever happens: {why}"))
        .showing("/Config/Healthcheck/Test", why)
}

fn of(history: &History) -> Check {
    let Schedule { interval, timeout, start_period, retries } = history.schedule;
    if let Some(why) = &history.always_true {
        return always_true(why);
    }
    let runs = u32::try_from(retries).unwrap_or(u32::MAX);
    let patience =
        start_period.saturating_add(interval.saturating_add(timeout).saturating_mul(runs));
    match history.status {
        Status::Unhealthy => {
            return Check::broken(format!(
                "unhealthy: {} runs in a row have failed",
                history.failing
            ));
        }
        Status::Starting(so_long) if so_long > patience => {
            return Check::broken(format!(
                "starting for {}, longer than its checks need to decide ({})",
                in_words(so_long),
                in_words(patience)
            ));
        }
        Status::Starting(_) | Status::Healthy => {}
    }
    if let Some(slowest) = history.slowest.filter(|slowest| *slowest >= timeout) {
        return Check::broken(format!(
            "a run of the check took {}, its timeout is {}",
            in_words(slowest),
            in_words(timeout)
        ))
        .showing("/State/Health/Log", in_words(slowest));
    }
    match history.status {
        Status::Starting(so_long) => {
            Check::moot(format!("no run has decided yet, {} after the start", in_words(so_long)))
        }
        _ if history.failing > 0 => Check::broken(format!(
            "still healthy, but {} of {retries} runs have failed",
            history.failing
        ))
        .only(Severity::Low),
        Status::Healthy | Status::Unhealthy => Check::holds(match history.slowest {
            Some(slowest) => format!("healthy; the slowest run took {}", in_words(slowest)),
            None => "healthy".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use crate::model::bundle::Answer;
    use crate::rules::testing::{Case, cases, container, service};
    use serde_json::{Value, json};

    fn health(status: &str, streak: u64, log: &Value) -> Case {
        let health = json!({"Status": status, "FailingStreak": streak, "Log": log});
        container().declares("/State/Health", health)
    }

    fn test(words: &[&str]) -> Case {
        container().declares("/Config/Healthcheck/Test", json!(words))
    }

    /// A check that runs `curl`, which is looked for in `/bin` alone.
    fn unhealthy() -> Case {
        health("starting", 1, &json!([{"ExitCode": -1}]))
            .declares("/Config/Healthcheck/Test", json!(["CMD", "curl", "…"]))
    }

    const CURL: &str = "/proc/100/root/bin/curl";

    fn curl(mode: u32) -> Answer {
        let file = json!({"path": "/bin/curl", "kind": "file", "mode": mode, "uid": 0, "gid": 0,
                          "device": [0, 44], "inode": 9});
        Answer::Files(serde_json::from_value(json!({"files": [file], "unread": []})).unwrap())
    }

    cases! { RULE:
        a_healthy_container_passes: container() => "Pass",
        an_unhealthy_one_fails: health("unhealthy", 3, &json!([])) => "Fail",
        a_failing_streak_is_milder: health("healthy", 1, &json!([])) => "Fail(low)",
        one_that_has_just_started_is_not_judged_yet: health("starting", 0, &json!([])) => "NotApplicable",
        one_that_starts_forever_fails: health("starting", 0, &json!([]))
            .declares("/State/StartedAt", json!("2026-01-01T00:00:00Z")) => "Fail",
        a_long_start_period_is_patience: health("starting", 0, &json!([]))
            .declares("/State/StartedAt", json!("2026-01-01T00:00:00Z"))
            .declares("/Config/Healthcheck/StartPeriod", json!(86_400_000_000_000_u64)) => "NotApplicable",
        without_the_clock_nobody_knows_how_long_it_starts:
            health("starting", 0, &json!([])).without_the_clock() => "Unknown",
        a_check_slower_than_its_timeout_fails: health("healthy", 0, &json!([
            {"Start": "2026-01-01T00:00:00Z", "End": "2026-01-01T00:00:31Z", "ExitCode": 0},
        ])) => "Fail",
        a_check_in_time_passes: health("healthy", 0, &json!([
            {"Start": "2026-01-01T00:00:00+01:00", "End": "2026-01-01T00:00:01+01:00", "ExitCode": 0},
        ])) => "Pass",
        a_check_that_cannot_fail_fails: test(&["CMD-SHELL", "curl … || true"]) => "Fail",
        a_check_that_only_says_so_fails: test(&["CMD", "true"]) => "Fail",
        a_check_with_an_exit_code_passes: test(&["CMD-SHELL", "curl … || exit 1"]) => "Pass",
        a_program_that_is_not_there_fails: unhealthy().answer(CURL, Answer::Nothing) => "Fail",
        a_program_that_is_there_decides_nothing: unhealthy().answer(CURL, curl(0o755)) => "NotApplicable",
        a_program_that_cannot_be_executed_fails: unhealthy().answer(CURL, curl(0o644)) => "Fail",
        a_program_that_nobody_looked_for_leaves_it_unknown: unhealthy() => "Unknown",
        without_a_check_there_is_nothing_to_work:
            container().declares("/Config/Healthcheck", json!(null)) => "NotApplicable",
        without_a_record_of_its_runs_nobody_knows:
            container().declares("/State/Health", json!(null)) => "Unknown",
        the_kernel_has_no_word_on_a_healthy_one: container().kernel_denied() => "Pass",
        without_an_engine_nobody_knows: container().engine_denied() => "Unknown",
        whether_a_services_check_works_shows_only_where_it_runs: service() => "NotApplicable",
        a_services_check_that_cannot_fail_fails:
            service().writes("/Config/Healthcheck/Test", json!(["CMD-SHELL", "curl … || true"])) => "Fail",
        a_services_check_that_is_a_variable_is_unknown:
            service().unset("/Config/Healthcheck/Test/0", "CHECK") => "Unknown",
    }
}

//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::signals::{Disposition, Stop};
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Settings, rule};

rule! {
    /// PID 1 handles the signal that stops the container.
    ///
    /// The signal is the image's or the run's stop signal, SIGTERM by default. The kernel
    /// discards a signal to PID 1 that has no handler, so the default action, to end, does not
    /// happen. A signal that is blocked counts as handled: the program waits for it. The kernel
    /// does not show which signals a program waits for in `sigwait`, so there the rule is
    /// unknown; a known init passes signals on.
    ///
    /// ## Why it matters
    /// Without a handler each stop waits ten seconds and ends in a kill: requests break off,
    /// and a database recovers at its next start.
    ///
    /// ## How to fix
    /// compose: `init: true`, or `stop_signal: SIGQUIT` where the program handles that
    /// run: `--init`, or `--stop-signal SIGQUIT`
    /// Dockerfile: `STOPSIGNAL SIGQUIT`, and `ENTRYPOINT ["/bin/app"]` without a shell around it
    pub static RULE = {
        id: "handles-sigterm",
        title: "the stop signal is handled",
        severity: Severity::Low,
        mends: [Init],
        references: &["Docker: STOPSIGNAL", "pid_namespaces(7)"],
        parameters: &[],
        judge: judge,
    }
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    facts.stop.judge(|stop| {
        let Stop { name, signal, is_first, disposition } = stop;
        if signal.is_final() {
            return Check::broken(format!(
                "the container is stopped by {signal}, which nobody can handle"
            ));
        }
        match disposition {
            Disposition::Caught => {
                Check::holds(format!("the first process ({name}) catches {signal}"))
            }
            Disposition::Waited => {
                Check::holds(format!("the first process ({name}) waits for {signal}"))
            }
            Disposition::Ignored => {
                Check::broken(format!("the first process ({name}) ignores {signal}"))
            }
            Disposition::Default if *is_first => Check::broken(format!(
                "PID 1 ({name}) has no handler for {signal}, so the kernel discards it"
            )),
            // Only a namespace's first process is spared the default action.
            Disposition::Default => {
                Check::holds(format!("{signal} ends the first process ({name}), which is no PID 1"))
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, container};
    use serde_json::json;

    const NONE: (&str, &str) = ("SigCgt", "0000000000000000");

    const WCHAN: &str = "/proc/100/wchan";

    cases! { RULE:
        a_handler_passes: container() => "Pass",
        no_handler_fails: container().status(&[NONE]) => "Fail",
        an_ignored_signal_fails:
            container().status(&[NONE, ("SigIgn", "0000000000004000")]) => "Fail",
        a_blocked_signal_is_waited_for:
            container().status(&[NONE, ("SigBlk", "0000000000004000")]) => "Pass",
        another_stop_signal_is_what_counts:
            container().declares("/Config/StopSignal", json!("SIGQUIT")) => "Fail",
        a_real_time_signal_is_found: container()
            .status(&[("SigCgt", "0000001000000000")])
            .declares("/Config/StopSignal", json!("SIGRTMIN+3")) => "Pass",
        a_kill_is_handled_by_nobody:
            container().declares("/Config/StopSignal", json!("SIGKILL")) => "Fail",
        an_init_that_sleeps_until_a_signal_comes_passes:
            container().status(&[NONE, ("Name", "tini")]).kernel(WCHAN, "do_sigtimedwait") => "Pass",
        what_a_program_waits_for_the_kernel_does_not_show:
            container().status(&[NONE]).kernel(WCHAN, "do_sigtimedwait.isra.0") => "Unknown",
        what_it_sleeps_in_may_be_hidden: container().status(&[NONE]).kernel(WCHAN, "0") => "Unknown",
        a_running_program_does_not_wait:
            container().status(&[NONE, ("State", "R (running)")]).kernel(WCHAN, "0") => "Fail",
        in_another_pid_namespace_the_default_action_ends_it:
            container().status(&[NONE, ("NSpid", "100")]) => "Pass",
        the_kernel_overrules_whatever_is_declared:
            container().status(&[NONE]).declares("/Config/StopSignal", json!("SIGTERM")) => "Fail",
        a_signal_that_nobody_knows_is_no_answer:
            container().declares("/Config/StopSignal", json!("SIGNAL")) => "Unknown",
        without_the_kernel_nobody_knows: container().kernel_denied() => "Unknown",
        without_the_engine_nobody_knows_the_signal: container().engine_denied() => "Unknown",
    }
}

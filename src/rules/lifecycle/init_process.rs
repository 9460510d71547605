//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::signals::{Disposition, First, Init};
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::settings::is_yes_or_no;
use crate::rules::{Parameter, Settings, Shape, rule};

rule! {
    /// PID 1 reaps the processes that are left to it: it waits for them when they end.
    ///
    /// A known init does, and so does a program that handles or ignores the end of its
    /// children. Any other program breaks the rule; while it has no children, that is a milder
    /// finding. Zombies whose parent is PID 1 always break it. A container in another's PID
    /// namespace has no PID 1 of its own, and the rule does not apply. Of a service that does not
    /// run yet only an init is known that is asked for, or that its command begins with.
    ///
    /// ## Why it matters
    /// A process whose parent has ended is left to PID 1. If PID 1 does not wait for it, it
    /// stays as a zombie, and in time zombies fill the limit on processes.
    ///
    /// ## How to fix
    /// compose: `init: true`
    /// run: `--init`
    /// Dockerfile: `ENTRYPOINT ["tini", "--", "/bin/app"]`
    pub static RULE = {
        id: "init-process",
        title: "ended processes do not stay as zombies",
        severity: Severity::Med,
        targets: [Container, Service, Image, Dockerfile],
        mends: [Init],
        references: &["Docker: docker run --init", "pid_namespaces(7)"],
        parameters: &[Parameter {
            name: "only-inits",
            about: "whether only a known init counts, and no program that reaps by itself: yes or no",
            shape: Shape::One,
            default: &["no"],
            check: is_yes_or_no,
        }],
        judge: judge,
    }
}

fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    if settings.one("only-inits") != Some("yes") {
        return reaps(facts);
    }
    let is_init =
        facts.first.judge(|First { name, is_first, is_init }| match (is_first, is_init) {
            (false, _) => Check::moot("the container lives in another PID namespace"),
            (true, true) => Check::holds(format!("PID 1 is an init ({name})")),
            (true, false) => Check::broken(format!("PID 1 ({name}) is no init")),
        });
    is_init.and(reaps(facts))
}

fn reaps(facts: &Facts) -> Verdict {
    facts.init.judge(|init| {
        let Init { name, is_first, is_known, on_child, children, zombies } = init;
        if !is_first {
            return Check::moot(
                "the container lives in another PID namespace, whose first process reaps",
            );
        }
        if let [first, ..] = zombies.as_slice() {
            let many = zombies.len();
            return Check::broken(format!(
                "PID 1 ({name}) has left {many} zombies, among them process {first}"
            ));
        }
        if *is_known {
            return Check::holds(format!("PID 1 is an init ({name})"));
        }
        match (on_child, children.first()) {
            (Disposition::Caught | Disposition::Waited, _) => {
                Check::holds(format!("PID 1 ({name}) handles the end of its children"))
            }
            (Disposition::Ignored, _) => {
                Check::holds(format!("PID 1 ({name}) leaves its children to the kernel"))
            }
            // Who has no children today gets some by an exec or a health check.
            (Disposition::Default, None) => Check::broken(format!(
                "PID 1 ({name}) is no init: whatever a session leaves behind stays a zombie"
            ))
            .only(Severity::Low),
            (Disposition::Default, Some(child)) => Check::broken(format!(
                "PID 1 ({name}) is no init and does not handle the end of its children, such as {}",
                child.by
            )),
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{Case, cases, container, dockerfile, service};
    use serde_json::json;

    /// With a child, and by default without a handler for its end.
    fn parent(fields: &[(&str, &str)]) -> Case {
        let fields: Vec<_> =
            fields.iter().copied().chain([("SigCgt", "0000000000004000")]).collect();
        container().status(&fields).add_process(101, &[("PPid", "100")])
    }

    cases! { RULE:
        a_program_that_handles_the_end_of_children_passes: container() => "Pass",
        a_single_process_that_would_leave_orphans_is_milder:
            container().status(&[("SigCgt", "0000000000004000")]) => "Fail(low)",
        a_program_with_children_that_handles_nothing_fails: parent(&[]) => "Fail",
        where_only_an_init_counts_a_program_that_reaps_fails:
            container().set("only-inits", &["yes"]) => "Fail",
        where_only_an_init_counts_an_init_passes:
            parent(&[("Name", "tini")]).set("only-inits", &["yes"]) => "Pass",
        where_only_an_init_counts_a_declared_script_fails: dockerfile(
            "FROM scratch\nENTRYPOINT [\"/entrypoint.sh\"]\n",
        ).set("only-inits", &["yes"]) => "Fail",
        a_known_init_passes: parent(&[("Name", "tini")]) => "Pass",
        a_program_that_handles_the_end_of_its_children_passes:
            parent(&[("SigCgt", "0000000000010000")]) => "Pass",
        a_program_that_waits_for_the_signal_passes:
            parent(&[("SigBlk", "0000000000010000")]) => "Pass",
        a_program_that_leaves_it_to_the_kernel_passes:
            parent(&[("SigIgn", "0000000000010000")]) => "Pass",
        a_program_that_sleeps_until_a_signal_comes_may_reap:
            parent(&[]).kernel("/proc/100/wchan", "do_sigtimedwait") => "Unknown",
        zombies_convict_even_an_init: parent(&[("Name", "tini")]).zombies(&[(107, 100)]) => "Fail",
        another_processs_zombies_are_not_pid_1s:
            parent(&[("Name", "tini")]).zombies(&[(107, 101)]) => "Pass",
        a_session_from_outside_is_no_child:
            container().add_process(101, &[("PPid", "7")]) => "Pass",
        in_another_pid_namespace_the_question_does_not_arise:
            parent(&[("NSpid", "100")]) => "NotApplicable",
        the_kernel_overrules_the_declaration:
            parent(&[]).declares("/HostConfig/Init", json!(true)) => "Fail",
        an_init_that_was_asked_for_cannot_acquit:
            container().declares("/HostConfig/Init", json!(true)).kernel_denied() => "Unknown",
        zombies_that_nobody_counted_leave_it_unknown: container().without_zombies() => "Unknown",
        an_unread_process_may_be_a_child:
            container().add_process(101, &[]).unread("/proc/101/status") => "Unknown",
        a_service_that_asks_for_an_init_passes: service() => "Pass",
        a_service_that_begins_with_an_init_passes: service()
            .leaves_out("/HostConfig/Init").writes("/Path", json!("tini")) => "Pass",
        whether_a_services_program_reaps_shows_only_where_it_runs:
            service().leaves_out("/HostConfig/Init") => "Unknown",
        a_service_in_another_pid_namespace_is_not_judged: service()
            .leaves_out("/HostConfig/Init").writes("/HostConfig/PidMode", json!("host")) => "NotApplicable",
        a_dockerfile_with_an_init_passes: dockerfile("FROM a\nENTRYPOINT [\"tini\", \"--\"]\nCMD [\"app\"]\n") => "Pass",
        what_another_program_of_a_dockerfile_does_is_unknown: dockerfile("FROM a\nENTRYPOINT [\"app\"]\n") => "Unknown",
        before_a_command_a_base_may_have_an_init: dockerfile("FROM a\nCMD [\"node\", \"a.js\"]\n") => "Unknown",
        node_reaps_nobody: dockerfile("FROM a\nENTRYPOINT [\"node\", \"a.js\"]\n") => "Fail(low)",
    }
}

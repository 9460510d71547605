//! See [`RULE`].

use crate::facts::Facts;
use crate::model::severity::Severity;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Verdict};
use crate::rules::settings::is_yes_or_no;
use crate::rules::{Parameter, Settings, Shape, rule};

rule! {
    /// PID 1 is the program itself, and not a shell that was told to run it.
    ///
    /// ENTRYPOINT and CMD are written as lists. What the kernel shows of PID 1 decides: a shell
    /// that executes the program in its own place is gone by then.
    ///
    /// ## Why it matters
    /// A shell as PID 1 does not pass the stop signal on, so each stop ends in a kill. It
    /// also gives whoever breaks in an interpreter to begin with.
    ///
    /// ## How to fix
    /// compose: `command: ["/bin/app", "--serve"]` and `entrypoint: ["/bin/app"]`, as lists
    /// run: write program and arguments after the image, without `sh -c`
    /// Dockerfile: `CMD ["/bin/app", "--serve"]`, or `CMD exec /bin/app --serve` where a shell is needed
    pub static RULE = {
        id: "exec-form-command",
        title: "no shell around the program",
        severity: Severity::Low,
        targets: [Container, Service, Image, Dockerfile],
        references: &["hadolint DL3025", "KICS b86987e1"],
        parameters: &[Parameter {
            name: "both",
            about: "whether ENTRYPOINT and CMD must both be set, so that arguments can be changed alone: yes or no",
            shape: Shape::One,
            default: &["no"],
            check: is_yes_or_no,
        }],
        judge: judge,
    }
}

fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    let has_no_shell = has_no_shell(facts);
    if settings.one("both") != Some("yes") {
        return has_no_shell;
    }
    has_no_shell.and(facts.halves.judge(|halves| {
        match (halves.has_entrypoint, halves.has_command) {
            (true, true) => Check::holds("ENTRYPOINT and CMD are both set"),
            (false, _) => Check::broken("there is no ENTRYPOINT, only a command"),
            (true, false) => Check::broken("there is no CMD beside the ENTRYPOINT"),
        }
    }))
}

fn has_no_shell(facts: &Facts) -> Verdict {
    facts.command.judge(|command| {
        let shown = command.words.iter().take(4).cloned().collect::<Vec<_>>().join(" ");
        let shown = Untrusted::from(shown);
        if command.is_shell_form {
            Check::broken(format!("what runs first is a shell with a script: {shown}"))
        } else {
            Check::holds(format!("what runs first is no shell with a script: {shown}"))
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, container, dockerfile, service};
    use serde_json::json;

    cases! { RULE:
        a_program_passes: container() => "Pass",
        a_shell_with_a_script_fails: container().command("/bin/sh\n-c\n…\n") => "Fail",
        a_shell_behind_an_init_fails: container().command("/sbin/docker-init\n--\n/bin/sh\n-c\n…\n") => "Fail",
        a_script_by_its_file_passes: container().command("/bin/sh\n/entrypoint.sh\n") => "Pass",
        a_program_that_renamed_itself_passes: container().command("…\n") => "Pass",
        the_kernel_overrules_a_shell_that_executed_the_program: container()
            .declares("/Path", json!("/bin/sh"))
            .declares("/Args", json!(["-c", "exec …"])) => "Pass",
        a_declared_shell_convicts_where_the_kernel_is_silent: container()
            .declares("/Path", json!("/bin/sh"))
            .declares("/Args", json!(["-c", "…"]))
            .kernel_denied() => "Fail",
        a_declared_program_cannot_acquit: container().kernel_denied() => "Unknown",
        a_service_that_starts_a_program_passes: service() => "Pass",
        a_service_that_starts_a_shell_with_a_script_fails: service()
            .writes("/Path", json!("/bin/sh")).writes("/Args", json!(["-c", "…"])) => "Fail",
        what_an_image_starts_that_nobody_has_is_unknown: service()
            .leaves_out("/Path").leaves_out("/Args").without_the_image() => "Unknown",
        a_dockerfile_in_the_exec_form_passes: dockerfile("FROM a\nENTRYPOINT [\"app\"]\n") => "Pass",
        a_command_alone_fails_where_both_are_wanted:
            dockerfile("FROM scratch\nCMD [\"app\"]\n").set("both", &["yes"]) => "Fail",
        an_entry_point_alone_fails_where_both_are_wanted:
            dockerfile("FROM scratch\nENTRYPOINT [\"app\"]\n").set("both", &["yes"]) => "Fail",
        both_pass_where_both_are_wanted: dockerfile(
            "FROM scratch\nENTRYPOINT [\"app\"]\nCMD [\"--serve\"]\n",
        ).set("both", &["yes"]) => "Pass",
        a_dockerfile_in_the_shell_form_fails: dockerfile("FROM a\nENTRYPOINT app --serve\n") => "Fail",
        a_command_in_the_shell_form_fails_whatever_the_base_starts: dockerfile("FROM a\nCMD npm start\n") => "Fail",
        a_command_may_stand_behind_a_shell_of_the_base: dockerfile("FROM a\nCMD [\"app\"]\n") => "Unknown",
    }
}

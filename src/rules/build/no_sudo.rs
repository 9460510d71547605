//! See [`RULE`].

use crate::facts::Facts;
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::build::{Faults, no_doubt};
use crate::rules::{Settings, rule};

rule! {
    /// Nothing is run by `sudo` or `doas`, in any stage that is built.
    ///
    /// `USER root` before such a command and `USER app` after it say the same. `gosu`, `su-exec`
    /// and `setpriv`, which only take rights away, are no sudo.
    ///
    /// ## Why it matters
    /// sudo in an image is a setuid program by which whoever breaks in becomes root. It also hides
    /// as whom each step of the build was meant to run.
    ///
    /// ## How to fix
    /// Dockerfile: `USER root`, `RUN apt-get update`, then `USER 1000:1000`, without sudo
    pub static RULE = {
        id: "no-sudo",
        title: "commands run without sudo",
        severity: Severity::Low,
        targets: [Dockerfile],
        references: &["Trivy DS-0010", "hadolint DL3004", "KICS 8ada6e80"],
        parameters: &[],
        judge: judge,
    }
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    facts.build.used(no_doubt).judge(|layout| {
        let mut faults = Faults::default();
        for done in layout.used() {
            for call in &done.step.calls {
                let by = call.through.iter().chain([&call.program]);
                let sudo = by.filter_map(|it| Some((it, it.told()?.rsplit('/').next()?)));
                for (by, name) in sudo.filter(|(_, name)| ["sudo", "doas"].contains(name)) {
                    faults.add(layout, done, by.place, format!("a command is run by {name}"));
                }
            }
        }
        faults.or_else(|| Check::holds("no command is run by sudo"))
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, dockerfile};

    cases! { RULE:
        commands_without_it_pass: dockerfile("FROM a\nUSER root\nRUN id && echo sudo apt\n") => "Pass",
        a_command_by_it_fails: dockerfile("FROM a\nRUN sudo apt-get update\n") => "Fail",
        behind_others_as_well: dockerfile("FROM a\nRUN true && DEBIAN_FRONTEND=x /usr/bin/sudo -E id\n") => "Fail",
        in_a_script_as_well: dockerfile("FROM a\nRUN <<EOF\nset -e\nsudo id\nEOF\n") => "Fail",
        in_a_list_as_well: dockerfile("FROM a\nRUN [\"sudo\", \"id\"]\n") => "Fail",
        in_a_builder_as_well: dockerfile("FROM a AS b\nRUN sudo make\nFROM c\nCOPY --from=b /x /x\n") => "Fail",
        a_stage_that_is_not_built_is_no_matter: dockerfile("FROM a AS b\nRUN sudo make\nFROM c\n") => "Pass",
        taking_rights_away_passes: dockerfile("FROM a\nRUN gosu app id\n") => "Pass",
        a_stage_that_nobody_can_tell_is_unknown: dockerfile("FROM a AS b\nRUN sudo id\nFROM $BASE\n") => "Unknown",
        a_file_that_is_not_at_hand_is_unknown: dockerfile("FROM a\n").unread_dockerfile() => "Unknown",
    }
}

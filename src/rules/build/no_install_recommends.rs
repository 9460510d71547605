//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::build::{Done, Doubt, Layout};
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::parse::dockerfile::{Act, Manager, Verb, act};
use crate::rules::build::Faults;
use crate::rules::{Settings, rule};

rule! {
    /// apt-get, apt and aptitude install what is named and what that needs, and no more.
    ///
    /// By `--no-install-recommends`, by `-o APT::Install-Recommends=0`, or by a setting that an
    /// earlier command writes. Only stages that ship are asked.
    ///
    /// ## Why it matters
    /// Debian recommends documentation, editors and services beside a package. They make the image
    /// larger and are there for whoever breaks in.
    ///
    /// ## How to fix
    /// Dockerfile: `RUN apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*`
    pub static RULE = {
        id: "no-install-recommends",
        title: "apt installs nothing that is only recommended",
        severity: Severity::Low,
        targets: [Dockerfile],
        references: &["hadolint DL3015", "Trivy DS-0029"],
        parameters: &[],
        judge: judge,
    }
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    facts.build.shipped(doubt).judge(|layout| {
        let mut faults = Faults::default();
        for (done, act) in careless(layout).filter(|(_, act)| act.untold.is_none()) {
            let what = "packages are installed with all that is recommended beside them";
            faults.add(layout, done, act.call.program.place, what);
        }
        faults.or_else(|| Check::holds("nothing is installed that is only recommended"))
    })
}

/// An option that nobody can tell may be the one that is missing.
fn doubt(layout: &Layout) -> Option<Doubt> {
    let untold = careless(layout).find_map(|(_, act)| act.untold.cloned());
    untold.map(|it| (it.place, it.text.err().unwrap_or_default()))
}

fn careless(layout: &Layout) -> impl Iterator<Item = (Done<'_>, Act<'_>)> {
    let mut is_set = false;
    let mut found = Vec::new();
    for done in layout.shipped() {
        is_set |= writes_setting(done);
        let acts = done.step.calls.iter().filter_map(act);
        let installs = acts.filter(|it| it.manager == Manager::Apt && it.verb == Verb::Install);
        found.extend(installs.filter(|it| !is_set && !is_told(it)).map(|it| (done, it)));
    }
    found.into_iter()
}

fn is_told(act: &Act<'_>) -> bool {
    let is_setting = |it: &str| it.to_ascii_lowercase().contains("apt::install-recommends");
    act.has(&["--no-install-recommends", "--without-recommends", "-R"])
        || act.values(&["-o", "--option"]).any(is_setting)
        || act.options.iter().any(|(name, _)| is_setting(name))
}

/// Whether a command writes the setting into a file of apt's.
fn writes_setting(done: Done<'_>) -> bool {
    let mut calls = done.step.calls.iter().filter(|it| act(it).is_none());
    let in_words = calls.any(|it| it.words().any(|it| it.contains("Install-Recommends")));
    let mut bodies = done.instruction.heredocs.iter().map(|it| it.body.as_str());
    in_words || bodies.any(|it| it.contains("APT::Install-Recommends"))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, dockerfile};

    cases! { RULE:
        the_option_passes: dockerfile("FROM a\nRUN apt-get install -y --no-install-recommends x\n") => "Pass",
        without_it_fails: dockerfile("FROM a\nRUN apt-get update && apt-get install -y x\n") => "Fail",
        a_setting_on_the_line_passes: dockerfile("FROM a\nRUN apt-get -o APT::Install-Recommends=false install x\n") => "Pass",
        a_setting_in_a_file_passes: dockerfile(
            "FROM a\nRUN echo 'APT::Install-Recommends \"0\";' > /etc/apt/apt.conf.d/x\nRUN apt install x\n",
        ) => "Pass",
        another_manager_is_not_asked: dockerfile("FROM a\nRUN apk add x\n") => "Pass",
        a_builder_may: dockerfile("FROM a AS b\nRUN apt-get install x\nFROM a\nCOPY --from=b /x /x\n") => "Pass",
        a_stage_below_ships: dockerfile("FROM a AS b\nRUN apt-get install x\nFROM b\nUSER 1\n") => "Fail",
        an_option_that_nobody_can_tell_is_unknown: dockerfile("FROM a\nARG O\nRUN apt-get install $O x\n") => "Unknown",
        packages_that_nobody_can_tell_are_no_matter:
            dockerfile("FROM a\nARG P\nRUN apt-get install --no-install-recommends $P\n") => "Pass",
        a_file_that_is_not_at_hand_is_unknown: dockerfile("FROM a\n").unread_dockerfile() => "Unknown",
    }
}

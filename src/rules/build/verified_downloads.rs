//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::build::{Done, Doubt, Layout};
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::parse::dockerfile::{Keyword, Place, unverified, unverified_variable};
use crate::rules::build::Faults;
use crate::rules::{Settings, rule};

rule! {
    /// Nothing is run as it comes from another host, and no check of who sends it is switched off.
    ///
    /// `curl … | sh` in all its forms; `-k`, `--no-check-certificate`, `--trusted-host`,
    /// `--allow-unauthenticated`, `--allow-untrusted`, `--nogpgcheck`, and the variables and settings
    /// that do the same. A file that is fetched and then used without a checksum or a signature in the
    /// same step is milder, and so is an `ADD` from an address without `--checksum`. Every stage that
    /// is built is asked: what comes of it ships.
    ///
    /// ## Why it matters
    /// Whoever sends the file, or sits between, decides what the image runs. Nothing in the file
    /// shows the day on which that became somebody else.
    ///
    /// ## How to fix
    /// Dockerfile: `ADD --checksum=sha256:… https://example.org/tool.tgz /tmp/`, or `RUN curl -fsSLo t https://… && echo "$SUM  t" | sha256sum -c -`
    pub static RULE = {
        id: "verified-downloads",
        title: "what is downloaded is checked",
        severity: Severity::High,
        targets: [Dockerfile],
        references: &["CIS Docker 1.6: 4.11", "CKV2_DOCKER_2", "CKV2_DOCKER_3", "CKV2_DOCKER_4", "CKV2_DOCKER_5", "CKV2_DOCKER_6", "CKV2_DOCKER_7", "CKV2_DOCKER_8", "CKV2_DOCKER_9", "CKV2_DOCKER_10", "CKV2_DOCKER_11", "CKV2_DOCKER_12", "CKV2_DOCKER_13", "CKV2_DOCKER_14", "CKV2_DOCKER_15", "CKV2_DOCKER_16"],
        parameters: &[],
        judge: judge,
    }
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    facts.build.used(doubt).judge(|layout| {
        let mut faults = Faults::default();
        let mut is_mild = true;
        for done in layout.used() {
            for (place, what, mild) in wrong(done) {
                is_mild &= mild;
                faults.add(layout, done, place, what);
            }
        }
        let check = faults.or_else(|| Check::holds("whatever is downloaded is checked"));
        if is_mild { check.only(Severity::Med) } else { check }
    })
}

/// A program that nobody can tell may fetch anything.
fn doubt(layout: &Layout) -> Option<Doubt> {
    let mut calls = layout.used().flat_map(|it| &it.step.calls);
    let untold = calls.find(|it| it.program.text.is_err())?;
    Some((untold.program.place, untold.program.text.clone().err()?))
}

fn wrong(done: Done<'_>) -> Vec<(Place, String, bool)> {
    let it = done.instruction;
    match it.keyword {
        Some(Keyword::Run) => {
            let found = unverified(&done.step.calls).into_iter();
            found.map(|(argument, it)| (argument.place, it.what, it.is_mild)).collect()
        }
        Some(Keyword::Env | Keyword::Arg) => {
            let pairs = it.pairs().into_iter().filter_map(|pair| {
                let value = pair.value?.text.trim_matches(['"', '\'']).to_owned();
                let wrong = unverified_variable(pair.key.text, &value)?;
                Some((it.place_of(pair.key), wrong.what, wrong.is_mild))
            });
            pairs.collect()
        }
        Some(Keyword::Add) if it.flag("checksum").is_none() => {
            let fetched = done.step.files.iter().filter_map(|it| it.as_deref().ok());
            let is_file = |it: &&str| {
                let is_address = it.starts_with("http://") || it.starts_with("https://");
                is_address && !it.ends_with(".git") && !it.contains(".git#")
            };
            let what = "ADD fetches a file, and nothing checks that it is what it should be";
            fetched
                .filter(is_file)
                .map(|_| (it.place_of_arguments(), what.to_owned(), true))
                .collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, dockerfile};

    cases! { RULE:
        nothing_fetched_passes: dockerfile("FROM a\nRUN id\n") => "Pass",
        a_script_that_is_run_as_it_comes_fails: dockerfile("FROM a\nRUN curl -fsSL https://x.y/i.sh | bash\n") => "Fail",
        in_a_builder_as_well: dockerfile("FROM a AS b\nRUN wget -qO- https://x.y/i | sh\nFROM c\nCOPY --from=b /x /x\n") => "Fail",
        a_stage_that_is_not_built_is_no_matter: dockerfile("FROM a AS b\nRUN curl https://x.y/i | sh\nFROM c\n") => "Pass",
        any_certificate_fails: dockerfile("FROM a\nRUN curl -kO https://x.y/i\n") => "Fail",
        a_variable_that_allows_it_fails: dockerfile("FROM a\nENV NODE_TLS_REJECT_UNAUTHORIZED=\"0\"\n") => "Fail",
        an_argument_as_well: dockerfile("FROM a\nARG PIP_TRUSTED_HOST=pypi.org\n") => "Fail",
        a_variable_that_does_not_passes: dockerfile("FROM a\nENV GIT_SSL_NO_VERIFY=0\n") => "Pass",
        a_file_without_a_checksum_is_milder: dockerfile("FROM a\nRUN curl -o t https://x.y/t && chmod +x t\n") => "Fail(med)",
        a_file_with_one_passes: dockerfile(
            "FROM a\nRUN curl -o t https://x.y/t && echo 'aa  t' | sha256sum -c && chmod +x t\n",
        ) => "Pass",
        an_address_that_is_added_is_milder: dockerfile("FROM a\nADD https://x.y/t.tgz /t\n") => "Fail(med)",
        with_a_checksum_it_passes: dockerfile("FROM a\nADD --checksum=sha256:aa https://x.y/t.tgz /t\n") => "Pass",
        a_repository_is_another_matter: dockerfile("FROM a\nADD https://x.y/t.git#v1 /t\n") => "Pass",
        a_program_that_nobody_can_tell_is_unknown: dockerfile("FROM a\nARG X\nRUN $X https://x.y/i | sh\n") => "Unknown",
        a_file_that_is_not_at_hand_is_unknown: dockerfile("FROM a\n").unread_dockerfile() => "Unknown",
    }
}

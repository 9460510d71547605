//! See [`RULE`].

use crate::facts::Facts;
use crate::model::severity::Severity;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Verdict};
use crate::parse::dockerfile::{Call, Keyword};
use crate::parse::path::{clean, is_within};
use crate::rules::build::{Faults, no_doubt};
use crate::rules::{Settings, rule};

rule! {
    /// What `COPY` or `ADD` brought is given its owner by `--chown`, and not by `chown -R` after it.
    ///
    /// Only stages that ship are asked. What a command made itself may be given to anybody.
    ///
    /// ## Why it matters
    /// A `chown -R` writes every file once more, into a layer of its own. Until then each of them is
    /// root's, and a step between that fails leaves them so.
    ///
    /// ## How to fix
    /// Dockerfile: `COPY --chown=1000:1000 . /app` instead of `COPY . /app` and `RUN chown -R 1000:1000 /app`
    pub static RULE = {
        id: "copy-chown",
        title: "files get their owner when they are copied",
        severity: Severity::Low,
        targets: [Dockerfile],
        references: &[],
        parameters: &[],
        judge: judge,
    }
}

/// The most targets of copies that are kept.
const MOST: usize = 1_000;

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    facts.build.shipped(no_doubt).judge(|layout| {
        let mut faults = Faults::default();
        let mut copied: Vec<String> = Vec::new();
        for done in layout.shipped() {
            let whole = |path: &str| absolute(done.step.folder.as_deref(), path);
            if done.is(Keyword::Copy) || done.is(Keyword::Add) {
                let target = done.step.files.last().and_then(|it| it.as_deref().ok());
                if done.instruction.flag("chown").is_none() && copied.len() < MOST {
                    copied.extend(target.and_then(whole));
                }
                continue;
            }
            for call in done.step.calls.iter().filter(|it| is_deep(it)) {
                let paths = call.arguments.iter().skip_while(|it| is_option(it.told())).skip(1);
                for argument in paths {
                    let path = argument.told().and_then(whole);
                    let Some(path) = path.filter(|path| {
                        copied.iter().any(|it| is_within(it, path) || is_within(path, it))
                    }) else {
                        continue;
                    };
                    let path = Untrusted::from(path);
                    let what = format!(
                        "what was copied to {path} is written once more to change its owner"
                    );
                    faults.add(layout, done, argument.place, what);
                }
            }
        }
        faults.or_else(|| Check::holds("nothing that was copied is given another owner later"))
    })
}

fn is_option(word: Option<&str>) -> bool {
    word.is_some_and(|it| it.starts_with('-'))
}

/// Whether it changes the owner of a folder with all that is in it.
fn is_deep(call: &Call) -> bool {
    let is_deep = |it: &str| {
        it == "--recursive" || it.starts_with('-') && !it.starts_with("--") && it.contains('R')
    };
    ["chown", "chgrp"].contains(&call.name()) && call.words().any(is_deep)
}

fn absolute(folder: Option<&str>, path: &str) -> Option<String> {
    let path = path.trim_end_matches('*');
    if path.starts_with('/') {
        return Some(clean(path));
    }
    // A base image's own folder is the same for both.
    Some(clean(&format!("{}/{path}", folder.unwrap_or("/?"))))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, dockerfile};

    cases! { RULE:
        an_owner_with_the_copy_passes: dockerfile("FROM a\nCOPY --chown=1:1 . /app\nRUN chown -R 1:1 /app\n") => "Pass",
        an_owner_later_fails: dockerfile("FROM a\nCOPY . /app\nRUN chown -R 1:1 /app\n") => "Fail",
        a_part_of_it_as_well: dockerfile("FROM a\nWORKDIR /app\nCOPY . .\nRUN adduser x && chown -hR x:x ./logs\n") => "Fail",
        what_is_above_it_as_well: dockerfile("FROM a\nCOPY x /srv/app/x\nRUN chown --recursive x /srv\n") => "Fail",
        the_folder_of_the_base_as_well: dockerfile("FROM a\nCOPY . .\nRUN chown -R x .\n") => "Fail",
        what_was_made_may_be_given: dockerfile("FROM a\nCOPY . /app\nRUN mkdir /data && chown -R x /data\n") => "Pass",
        a_single_folder_may_be_given: dockerfile("FROM a\nCOPY . /app\nRUN chown x /app\n") => "Pass",
        a_builder_may: dockerfile("FROM a AS b\nCOPY . /app\nRUN chown -R x /app\nFROM a\nCOPY --from=b --chown=x /app /app\n") => "Pass",
        a_file_that_is_not_at_hand_is_unknown: dockerfile("FROM a\n").unread_dockerfile() => "Unknown",
    }
}

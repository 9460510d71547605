//! See [`RULE`].

use crate::facts::Facts;
use crate::model::severity::Severity;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Verdict};
use crate::parse::dockerfile::{Instruction, Keyword};
use crate::rules::{Settings, rule};

rule! {
    /// Files are copied by `COPY`.
    ///
    /// `ADD` is for what `COPY` cannot do: to unpack an archive, or to fetch something from
    /// elsewhere, which `verified-downloads` looks at. Only stages that ship count.
    ///
    /// ## Why it matters
    /// `ADD` unpacks whatever is an archive and fetches whatever looks like an address. A file
    /// that somebody else names then does more than to lie where it was put.
    ///
    /// ## How to fix
    /// Dockerfile: `COPY src/ /app/` in place of `ADD src/ /app/`
    pub static RULE = {
        id: "copy-not-add",
        title: "files are copied by COPY",
        severity: Severity::Low,
        targets: [Dockerfile],
        references: &["CIS Docker 1.6: 4.9", "Trivy DS-0005", "Checkov CKV_DOCKER_4", "hadolint DL3020"],
        parameters: &[],
        judge: judge,
    }
}

/// How archives end that `ADD` unpacks.
const ARCHIVES: [&str; 10] =
    [".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst", ".tzst", ".gz"];

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    facts.build.layout.judge(|layout| {
        let adds = layout.instructions().filter(|it| it.keyword == Some(Keyword::Add));
        let found = adds.filter_map(|it| Some((it, copied(it)?)));
        let good = Check::holds("ADD does nothing that COPY could do");
        found.fold(good, |check, (add, source)| {
            let line = add.place.line;
            let what = format!("line {line}: ADD only copies {}", Untrusted::from(source.as_str()));
            check.also(&what).at(layout.origin(add, Some(add.place)), source)
        })
    })
}

/// The first source that `COPY` could have copied as well. What a variable means
/// nobody can tell, nor what is in a heredoc.
fn copied(add: &Instruction) -> Option<String> {
    let mut sources = add.list();
    sources.pop();
    let is_elsewhere = |it: &str| it.contains("://") || it.starts_with("git@");
    let is_archive = |it: &str| {
        let lower = it.to_ascii_lowercase();
        ARCHIVES.iter().any(|end| lower.ends_with(end))
    };
    let is_plain = |it: &String| {
        !it.starts_with("<<") && !it.contains('$') && !is_elsewhere(it) && !is_archive(it)
    };
    sources.into_iter().find(is_plain)
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, dockerfile, dockerfile_at};

    cases! { RULE:
        copy_passes: dockerfile("FROM alpine:3.20\nCOPY a /b\n") => "Pass",
        an_added_file_fails: dockerfile("FROM alpine:3.20\nADD a /b\n") => "Fail",
        an_added_folder_as_an_array_fails: dockerfile("FROM alpine:3.20\nADD [\"a\", \"/b\"]\n") => "Fail",
        an_archive_passes: dockerfile("FROM alpine:3.20\nADD --chown=1:1 root.tar.xz /\n") => "Pass",
        what_is_fetched_passes: dockerfile("FROM alpine:3.20\nADD https://x.example/y /y\n") => "Pass",
        a_builder_that_is_thrown_away_passes:
            dockerfile("FROM alpine:3.20 AS a\nADD a /b\nFROM alpine:3.20\n") => "Pass",
        the_builder_that_is_the_target_fails:
            dockerfile_at("a", "FROM alpine:3.20 AS a\nADD a /b\nFROM alpine:3.20\n") => "Fail",
        a_file_that_is_not_at_hand_is_unknown: dockerfile("FROM alpine\n").unread_dockerfile() => "Unknown",
    }
}

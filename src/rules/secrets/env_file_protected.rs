//! See [`RULE`].

mod dockerfile;

use crate::facts::Facts;
use crate::facts::env_files::{EnvFile, InGit};
use crate::facts::files::Entry;
use crate::model::files::Kind;
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::parse::holder::is_example;
use crate::rules::supply::none_of;
use crate::rules::{Parameter, Settings, Shape, rule, settings};

rule! {
    /// No environment file is readable by others, in git, or in an image.
    ///
    /// Of a service the files are asked that compose reads: `.env` or what `--env-file` names,
    /// and each `env_file:`. The mode is 640 or less. In a git repository they are ignored, by a
    /// `.gitignore` or by the repository's own `info/exclude`, and not tracked already: what is in
    /// the index stays in, whatever is ignored. What the configuration of one user ignores does
    /// not count, and nobody looks into the history: `git log --all -- .env` does.
    ///
    /// In an image there is no `.env` and no `.env.*`; what a later layer deletes is the question
    /// of `no-secrets-in-layers`. Of a Dockerfile it is asked whether a copy brings one into a stage
    /// that ships: by its name, or with a folder of what the build is given. `.env.example` and its
    /// like are handed out on purpose.
    ///
    /// ## Why it matters
    /// Passwords of a whole project stand in one file, in plain text. Whoever has an account on the
    /// machine, a copy of the repository or of the image has them too.
    ///
    /// ## How to fix
    /// compose: `chmod 600 .env && echo .env >> .gitignore`; of one that is tracked `git rm --cached .env`, and change what it held
    /// run: the same for `--env-file .env`
    /// Dockerfile: `.env*` in `.dockerignore`, and no `COPY .env`; hand it over when the container starts
    pub static RULE = {
        id: "env-file-protected",
        title: "no environment file is readable by others, in git, or in an image",
        severity: Severity::Med,
        targets: [Service, Image, Dockerfile],
        references: &["CWE-538", "CWE-732"],
        parameters: &[
            Parameter {
                name: "paths",
                about: "What an environment file is called in an image, as path patterns",
                shape: Shape::Patterns,
                default: &["/**/.env", "/**/.env.*"],
                check: settings::is_pattern,
            },
            Parameter {
                name: "except",
                about: "What is none in an image, as path patterns",
                shape: Shape::Patterns,
                default: &[
                    "/**/.env.{example,sample,template,dist,defaults}", "/**/node_modules/**",
                    "/**/site-packages/**", "/**/dist-packages/**", "/usr/share/**",
                ],
                check: settings::is_pattern,
            },
        ],
        judge: judge,
    }
}

/// The most that a file's mode may allow: the owner writes, and the group reads.
const MOST: u32 = 0o640;

fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    let (paths, except) = (settings.list("paths"), settings.list("except"));
    let of_image = facts.files.shipped(paths, except).judge(|files| of_image(files));
    of_service(facts).and(of_image).and(dockerfile::judge(facts))
}

fn of_service(facts: &Facts) -> Verdict {
    let files = &facts.env_files;
    let named = files.named.judge(|names| match names.iter().find(|it| !is_example(it.raw())) {
        Some(name) => Check::holds(format!("compose reads {name}")),
        None => Check::moot("compose reads no environment file"),
    });
    let judged = files.each.iter().filter(|it| !is_example(it.name.raw())).map(of_file);
    judged.fold(named, Verdict::and)
}

fn of_file(file: &EnvFile) -> Verdict {
    let name = &file.name;
    let by_others = file.mode.judge(|mode| {
        if mode & 0o777 & !MOST == 0 {
            return Check::holds(format!("{name} has the mode {mode:04o}"));
        }
        let whom = if mode & 0o004 == 0 { "" } else { ": everybody on the machine may read it" };
        Check::broken(format!("{name} has the mode {mode:04o}, more than {MOST:04o}{whom}"))
    });
    let in_git = file.git.judge(|git| match git {
        None => Check::moot(format!("{name} lies in no git repository")),
        Some(InGit::Ignored) => Check::holds(format!("{name} is ignored by git")),
        Some(InGit::Tracked) => {
            Check::broken(format!("{name} is tracked by git, and in every copy of the repository"))
        }
        Some(InGit::Offered) => Check::broken(format!(
            "{name} is not ignored by git, and the next `git add .` takes it"
        )),
    });
    by_others.and(in_git)
}

fn of_image(files: &[Entry]) -> Check {
    let files = files.iter().filter(|it| it.group.traits.kind == Kind::File);
    none_of(files, "is in the image", "no environment file is in it")
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{Case, cases, dockerfile, service, shipped};

    /// A service that reads a file of this mode in a repository that ignores this.
    fn reads(name: &str, mode: u32, ignored: &str) -> Case {
        service().reads(name, mode).in_git(name, false, &[("", ignored)])
    }

    fn looked(case: Case) -> Case {
        case.looks_for_all_of(&super::RULE).file("/app/main.js", 0o644, (0, 0))
    }

    fn given(text: &str, names: &[&str], ignore: Option<&str>) -> Case {
        dockerfile(text).given(names, ignore)
    }

    cases! { RULE:
        one_that_only_its_owner_reads_and_git_ignores_passes: reads(".env", 0o600, ".env\n") => "Pass",
        one_that_its_group_reads_passes: reads(".env", 0o640, ".env*\n") => "Pass",
        one_that_everybody_reads_fails: reads(".env", 0o644, ".env\n") => "Fail",
        one_that_its_group_writes_fails: reads(".env", 0o660, ".env\n") => "Fail",
        one_that_git_does_not_ignore_fails: reads(".env", 0o600, "*.log\n") => "Fail",
        one_that_git_takes_in_again_fails: reads(".env", 0o600, ".env*\n!.env\n") => "Fail",
        one_that_git_tracks_fails_whatever_it_ignores:
            service().reads(".env", 0o600).in_git(".env", true, &[("", ".env\n")]) => "Fail",
        a_file_further_down_goes_before: service().reads("shop/.env", 0o600)
            .in_git("shop/.env", false, &[("", ".env\n"), ("shop", "!.env\n")]) => "Fail",
        outside_of_a_repository_only_the_mode_counts:
            service().reads("app.env", 0o600).in_no_repository("app.env") => "Pass",
        a_pattern_that_cannot_be_told_is_unknown: reads(".env", 0o600, ".en[[:alpha:]]\n") => "Unknown",
        a_bad_mode_convicts_whatever_git_does: reads(".env", 0o644, ".en[[:alpha:]]\n") => "Fail",
        a_file_that_nobody_could_look_at_is_unknown: service().reads_untold(".env") => "Unknown",
        one_that_nobody_could_look_at_beside_a_bad_one_convicts:
            reads(".env", 0o644, ".env\n").reads_untold("app.env") => "Fail",
        which_file_it_is_may_be_a_variable:
            reads(".env", 0o600, ".env\n").unset("/EnvFiles/-", "STAGE") => "Unknown",
        an_example_is_handed_out: reads(".env.example", 0o644, "") => "NotApplicable",
        a_service_that_reads_none_is_not_judged: service() => "NotApplicable",
        an_image_without_one_passes: looked(shipped()) => "Pass",
        an_image_with_one_fails: looked(shipped()).file("/app/.env.production", 0o600, (0, 0)) => "Fail",
        an_image_with_an_example_passes: looked(shipped()).file("/app/.env.example", 0o644, (0, 0)) => "Pass",
        one_of_a_package_of_others_passes:
            looked(shipped()).file("/app/node_modules/x/.env", 0o644, (0, 0)) => "Pass",
        a_folder_of_the_name_passes: looked(shipped()).folder("/app/.env", 0o755, (0, 0)) => "Pass",
        an_image_that_nobody_looked_into_is_unknown: shipped() => "Unknown",
        a_build_that_leaves_it_out_passes:
            given("FROM a\nCOPY . .\n", &[".env", "app.js"], Some(".env*\n")) => "Pass",
        a_build_that_copies_it_by_name_fails: dockerfile("FROM a\nCOPY .env /app/\n") => "Fail",
        a_file_that_is_not_at_hand_is_unknown: dockerfile("FROM a\nCOPY . .\n").unread_dockerfile() => "Unknown",
    }
}

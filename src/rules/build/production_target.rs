//! See [`RULE`].

use crate::facts::Facts;
use crate::model::severity::Severity;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Verdict};
use crate::parse::dockerfile::Stage;
use crate::rules::build::no_doubt;
use crate::rules::{Parameter, Shape, settings};
use crate::rules::{Settings, rule};

rule! {
    /// The image is built at a stage that is meant for production.
    ///
    /// The stage that ships is not named after development, tests or building; and where there is a
    /// stage for production, it is that one or rests on it. Which names those are is the policy's.
    ///
    /// ## Why it matters
    /// A stage for development carries debuggers, tests and a shell, and often starts a server that
    /// reloads code. It works just as well, so nobody notices that it is the one in use.
    ///
    /// ## How to fix
    /// Dockerfile: put `FROM base AS production` last, or audit and build it with `--target production`
    pub static RULE = {
        id: "production-target",
        title: "the stage that ships is one for production",
        severity: Severity::Med,
        targets: [Dockerfile],
        references: &[],
        parameters: &[
            Parameter {
                name: "development",
                about: "words in the name of a stage that is not for production",
                shape: Shape::List,
                default: &[
                    "build", "builder", "ci", "debug", "dev", "devel", "development", "lint", "test",
                    "tester", "testing", "tests",
                ],
                check: settings::is_word,
            },
            Parameter {
                name: "production",
                about: "words in the name of a stage that is for production",
                shape: Shape::List,
                default: &["prod", "production", "release", "runtime"],
                check: settings::is_word,
            },
        ],
        judge: judge,
    }
}

fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    let (development, production) = (settings.list("development"), settings.list("production"));
    facts.build.shipped(no_doubt).judge(|layout| {
        let named = |it: &Stage, names: &[String]| {
            let name = it.name().unwrap_or_default();
            // `test-server` and `prod_alpine` are named after it as well.
            name.split(['-', '_', '.']).any(|part| names.iter().any(|it| it == part))
        };
        let chain: Vec<&Stage> = layout.shipping().collect();
        let Some(last) = chain.last() else { return Check::moot("no stage ships") };
        let is_own = chain.iter().any(|it| named(it, production));
        let name = last.name().unwrap_or_default();
        let shown = Untrusted::from(name.as_str());
        if !is_own && named(last, development) {
            let what = format!("the stage that ships is {shown}, which is not for production");
            return Check::broken(what).at(layout.origin(&last.from, None), name);
        }
        let meant = layout.dockerfile.stages.iter().find(|it| named(it, production));
        if let Some(meant) = meant.filter(|_| !is_own) {
            let there = Untrusted::from(meant.name().unwrap_or_default());
            let what = format!("the stage {there} is for production, and another one ships");
            return Check::broken(what).at(layout.origin(&last.from, None), name);
        }
        Check::holds("the stage that ships is one for production")
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, dockerfile, dockerfile_at};

    cases! { RULE:
        a_stage_without_a_name_passes: dockerfile("FROM a\n") => "Pass",
        a_stage_for_production_passes: dockerfile("FROM a AS build\nFROM a AS production\n") => "Pass",
        a_stage_for_development_fails: dockerfile("FROM a AS production\nFROM a AS dev\n") => "Fail",
        a_stage_for_building_fails: dockerfile("FROM a AS Builder\n") => "Fail",
        another_than_that_for_production_fails: dockerfile("FROM a AS prod\nFROM a AS other\n") => "Fail",
        one_that_rests_on_it_passes: dockerfile("FROM a AS production\nFROM production AS web\n") => "Pass",
        naming_it_passes: dockerfile_at("production", "FROM a AS production\nFROM a AS dev\n") => "Pass",
        a_name_with_more_in_it_as_well: dockerfile("FROM a AS test-server\n") => "Fail",
        what_only_sounds_alike_passes: dockerfile("FROM a AS device\n") => "Pass",
        a_file_that_is_not_at_hand_is_unknown: dockerfile("FROM a\n").unread_dockerfile() => "Unknown",
    }
}

//! See [`RULE`].

use crate::facts::Facts;
use crate::model::severity::Severity;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Parameter, Shape, settings};
use crate::rules::{Settings, rule};

rule! {
    /// The image is built at a stage that is meant for production.
    ///
    /// No stage that ships is named after development, tests or building, also not one below the
    /// last, whose layers ship as well; and where there is a stage for production, it is among them.
    /// Which names those are is the policy's.
    /// Of a service that is built it is asked at its `build.target`, or at its Dockerfile's last
    /// stage without one; where the Dockerfile is not at hand the target's name alone can convict.
    ///
    /// ## Why it matters
    /// A stage for development carries debuggers, tests and a shell, and often starts a server that
    /// reloads code. It works just as well, so nobody notices that it is the one in use.
    ///
    /// ## How to fix
    /// compose: `build: {context: ., target: production}`
    /// run: build the image by `docker build --target production .` first
    /// Dockerfile: put `FROM base AS production` last, or audit and build it with `--target production`
    pub static RULE = {
        id: "production-target",
        title: "the stage that ships is one for production",
        severity: Severity::Med,
        targets: [Service, Dockerfile],
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
    facts.build.stages.judge(|stages| {
        let named = |name: &str, names: &[String]| {
            // `test-server` and `prod_alpine` are named after it as well.
            name.split(['-', '_', '.']).any(|part| names.iter().any(|it| it == part))
        };
        let Some(last) = stages.ships.last() else { return Check::moot("no stage ships") };
        // `prod-builder` is for building.
        let is_other = |name: &str| named(name, development);
        let is_meant = |name: &&String| named(name, production) && !is_other(name);
        if is_other(last) {
            let last = Untrusted::from(last.as_str());
            let what = format!("the stage that ships is {last}, which is not for production");
            return Check::broken(what);
        }
        if let Some(below) = stages.ships.iter().rev().find(|it| is_other(it)) {
            let below = Untrusted::from(below.as_str());
            let what =
                format!("what ships rests on the stage {below}, which is not for production");
            return Check::broken(what);
        }
        // A base that nobody can tell may be the stage for production.
        let is_among = stages.is_open || stages.ships.iter().any(|it| is_meant(&it));
        if let Some(meant) = stages.all.iter().find(is_meant).filter(|_| !is_among) {
            let meant = Untrusted::from(meant.as_str());
            let what = format!("the stage {meant} is for production, and another one ships");
            return Check::broken(what);
        }
        Check::holds("the stage that ships is one for production")
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{Case, cases, dockerfile, dockerfile_at, service};
    use serde_json::json;

    /// A service that is built at this target, of which these stages ship.
    fn built(target: Option<&str>, ships: &[&str], all: &[&str]) -> Case {
        service().writes("/Build", json!({"Target": target, "Ships": ships, "Stages": all}))
    }

    cases! { RULE:
        a_stage_without_a_name_passes: dockerfile("FROM a\n") => "Pass",
        a_stage_for_production_passes: dockerfile("FROM a AS build\nFROM a AS production\n") => "Pass",
        a_stage_for_development_fails: dockerfile("FROM a AS production\nFROM a AS dev\n") => "Fail",
        a_stage_for_building_fails: dockerfile("FROM a AS Builder\n") => "Fail",
        another_than_that_for_production_fails: dockerfile("FROM a AS prod\nFROM a AS other\n") => "Fail",
        one_that_rests_on_it_passes: dockerfile("FROM a AS production\nFROM production AS web\n") => "Pass",
        one_for_development_below_that_for_production_passes:
            dockerfile("FROM a AS dev\nFROM a AS prod\n") => "Pass",
        one_for_development_that_rests_on_production_fails:
            dockerfile("FROM a AS prod\nFROM prod AS dev\n") => "Fail",
        a_service_at_it_as_well:
            built(Some("dev"), &["prod", "dev"], &["prod", "dev"]) => "Fail",
        one_for_both_fails: dockerfile("FROM a AS dev-runtime\n") => "Fail",
        also_where_it_builds: dockerfile("FROM a AS prod-builder\n") => "Fail",
        which_is_not_the_one_that_is_meant:
            dockerfile("FROM a AS prod-builder\nFROM a\nCOPY --from=prod-builder /x /x\n") => "Pass",
        the_layers_of_one_below_ship_as_well: dockerfile("FROM a AS dev\nRUN x\nFROM dev\n") => "Fail",
        also_under_another_name: dockerfile("FROM a AS dev\nRUN x\nFROM dev AS final\n") => "Fail",
        a_base_that_may_be_the_one_for_production_is_unknown: dockerfile(
            "FROM a AS prod-amd64\nFROM a AS prod-arm64\nFROM prod-${TARGETARCH}\n") => "Unknown",
        also_by_a_variable_alone:
            dockerfile("ARG V\nFROM a AS production\nFROM $V AS web\n") => "Unknown",
        of_a_service_as_well: built(None, &["web"], &["production", "web"])
            .writes("/Build/Open", json!("V has no value")) => "Unknown",
        but_one_for_development_on_it_fails:
            dockerfile("ARG V\nFROM a AS production\nFROM $V AS dev\n") => "Fail",
        naming_it_passes: dockerfile_at("production", "FROM a AS production\nFROM a AS dev\n") => "Pass",
        a_name_with_more_in_it_as_well: dockerfile("FROM a AS test-server\n") => "Fail",
        what_only_sounds_alike_passes: dockerfile("FROM a AS device\n") => "Pass",
        a_service_at_a_stage_for_production_passes:
            built(Some("prod"), &["base", "prod"], &["base", "dev", "prod"]) => "Pass",
        a_service_at_one_for_development_fails:
            built(Some("Dev"), &["base", "dev"], &["base", "dev", "prod"]) => "Fail",
        a_service_that_names_none_ships_the_last_which_fails:
            built(None, &["base", "dev"], &["base", "prod", "dev"]) => "Fail",
        or_passes: built(None, &["", "runtime"], &["", "runtime"]) => "Pass",
        a_service_whose_dockerfile_nobody_has_fails_by_its_targets_name:
            built(Some("dev"), &[], &[]).unset("/Build/Stages", "X") => "Fail",
        and_does_not_pass_by_it: built(Some("prod"), &[], &[]).unset("/Build/Stages", "X") => "Unknown",
        nor_without_a_target: built(None, &[], &[]).unset("/Build/Stages", "X") => "Unknown",
        a_service_whose_target_is_a_variable_is_unknown:
            built(None, &[], &[]).unset("/Build/Target", "X").unset("/Build/Stages", "X") => "Unknown",
        a_service_that_is_not_built_is_not_asked: service() => "NotApplicable",
        a_file_that_is_not_at_hand_is_unknown: dockerfile("FROM a\n").unread_dockerfile() => "Unknown",
    }
}

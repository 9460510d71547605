//! See [`RULE`].

mod dockerfile;

use super::none_of;
use crate::facts::Facts;
use crate::model::files::Kind;
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Parameter, Settings, Shape, rule, settings};

rule! {
    /// Only the packages are installed that production needs.
    ///
    /// Of an image each `package.json` is read: what it names as a development dependency alone
    /// must not be in the `node_modules` beside it. Everywhere the packages are looked for that
    /// are known to be for development, Python's by their `dist-info`.
    ///
    /// Of a Dockerfile each installation is asked whether it leaves out what is for development:
    /// of npm, yarn, pnpm, bun, uv, poetry, pdm, pipenv, composer and bundler by their options and
    /// variables, of pip by the names of files, extras and groups. It counts where it is made in a
    /// stage that ships, or where `COPY --from` takes the folder over, unless a later step prunes
    /// it. What is hidden by a later layer alone is milder.
    ///
    /// ## Why it matters
    /// Test runners and bundlers bring hundreds of packages along that nobody reviews, each with
    /// the rights of the application.
    ///
    /// ## How to fix
    /// Dockerfile: `RUN npm ci --omit=dev`, or `RUN pip install --no-cache-dir -r requirements.txt` without the development requirements
    /// compose: `build: {target: production}`
    /// run: `docker build --target production .`
    pub static RULE = {
        id: "production-dependencies",
        title: "only packages for production are installed",
        severity: Severity::Med,
        targets: [Container, Image, Dockerfile],
        references: &["OWASP NodeJS Docker: 2"],
        parameters: &[
            Parameter {
                name: "paths",
                about: "Packages that are for development alone, as path patterns",
                shape: Shape::Patterns,
                default: &[
                    "/**/node_modules/{eslint,jest,mocha,vitest,nodemon,prettier,ts-node,cypress,webpack-dev-server,playwright,karma,jasmine,ava,nyc,husky,lint-staged}/package.json",
                    "/**/{site,dist}-packages/{pytest,black,ruff,flake8,pylint,mypy,isort,ipython,debugpy,pre_commit,tox,nose,coverage,ipdb}-*.dist-info/METADATA",
                ],
                check: settings::is_pattern,
            },
            Parameter {
                name: "except",
                about: "Such packages that production needs, as path patterns",
                shape: Shape::Patterns,
                default: &[],
                check: settings::is_pattern,
            },
        ],
        judge: judge,
    }
}

/// How many packages of a project are named.
const NAMED: usize = 5;

fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    let known = facts.files.fitting(settings.list("paths"), settings.list("except"));
    let known = known.judge(|files| {
        let packages = files.iter().filter(|it| it.group.traits.kind == Kind::File);
        none_of(packages, "is of a package for development", HOLDS)
    });
    let told = facts.supply.projects.judge(|projects| {
        projects.iter().fold(Check::holds(HOLDS), |check, project| {
            let names: Vec<String> =
                project.development.iter().take(NAMED).map(ToString::to_string).collect();
            let rest = project.development.len().saturating_sub(NAMED);
            let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
            let path = &project.path;
            let names = names.join(", ");
            check
                .also(&format!("development dependencies of {path} are installed: {names}{more}"))
                .showing(path.clone(), format!("devDependencies: {names}{more}"))
        })
    });
    known.and(told).and(dockerfile::judge(facts, settings))
}

const HOLDS: &str = "no package for development is installed";

#[cfg(test)]
mod tests {
    use crate::rules::testing::{Case, cases, container, dockerfile, shipped};

    fn looked(case: Case) -> Case {
        case.looks_for_all_of(&super::RULE).file(
            "/app/node_modules/express/package.json",
            0o644,
            (0, 0),
        )
    }

    cases! { RULE:
        an_image_with_what_it_needs_passes: looked(shipped()) => "Pass",
        a_development_dependency_of_its_own_fails:
            looked(shipped()).project("/app/package.json", &["rimraf"]) => "Fail",
        a_test_runner_fails: looked(shipped()).file("/app/node_modules/jest/package.json", 0o644, (0, 0)) => "Fail",
        a_test_runner_of_python_fails: looked(container())
            .file("/usr/lib/python3/dist-packages/pytest-8.3.dist-info/METADATA", 0o644, (0, 0)) => "Fail",
        a_package_whose_name_begins_alike_passes: looked(shipped())
            .file("/usr/lib/python3/dist-packages/pytest_runner-1.dist-info/METADATA", 0o644, (0, 0)) => "Pass",
        a_container_with_what_it_needs_passes: looked(container()) => "Pass",
        what_the_policy_excepts_passes: looked(shipped()).looks_for("/app/node_modules/jest/*")
            .file("/app/node_modules/jest/package.json", 0o644, (0, 0)).set("except", &["/app/node_modules/jest/*"]) => "Pass",
        a_layer_that_cannot_be_read_leaves_it_unknown: looked(shipped()).layer_unread() => "Unknown",
        where_nobody_looked_it_is_unknown: container() => "Unknown",
        a_file_that_installs_for_production_passes: dockerfile("FROM a\nRUN npm ci --omit=dev\n") => "Pass",
        one_that_installs_everything_fails: dockerfile("FROM a\nRUN npm ci\n") => "Fail",
        a_builder_may_as_long_as_only_its_work_is_copied: dockerfile(
            "FROM a AS b\nWORKDIR /app\nRUN npm ci\nFROM a\nCOPY --from=b /app/dist /app/dist\n",
        ) => "Pass",
        one_whose_dependencies_are_copied_may_not: dockerfile(
            "FROM a AS b\nWORKDIR /app\nRUN npm ci\nFROM a\nCOPY --from=b /app /app\n",
        ) => "Fail",
        what_a_later_layer_hides_is_milder:
            dockerfile("FROM a\nRUN npm ci\nRUN npm prune --omit=dev\n") => "Fail(low)",
        options_that_nobody_can_tell_are_unknown: dockerfile("FROM a\nARG F\nRUN npm ci $F\n") => "Unknown",
        a_file_that_is_not_at_hand_is_unknown: dockerfile("FROM a\n").unread_dockerfile() => "Unknown",
    }
}

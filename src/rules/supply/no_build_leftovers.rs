//! See [`RULE`].

mod dockerfile;

use super::none_of;
use crate::facts::Facts;
use crate::model::files::Kind;
use crate::model::severity::Severity;
use crate::model::verdict::Verdict;
use crate::rules::{Parameter, Settings, Shape, rule, settings};

rule! {
    /// What a build leaves behind is not in it: caches, wheels, package lists, tests, source maps.
    ///
    /// An empty folder is no leftover: a cache mount leaves one.
    ///
    /// Of a Dockerfile that is asked which it brings into what ships: folders such as `/wheels` by
    /// `COPY`, names of the build's context that no `.dockerignore` leaves out, also by way of a
    /// stage before, and what `git clone` and `pip wheel` leave. What a later step removes is only
    /// hidden: its layer ships. Caches of package managers are asked for by `clean-package-cache`.
    ///
    /// ## Why it matters
    /// Leftovers make an image several times as large, and source maps, tests and a `.git` folder
    /// give away what nobody meant to publish.
    ///
    /// ## How to fix
    /// Dockerfile: `RUN --mount=from=build,source=/wheels,target=/wheels pip install --no-cache-dir /wheels/*` instead of `COPY --from=build /wheels /wheels`, and `COPY --from=build /app/dist /app` instead of the whole source
    /// compose: `build: {target: production}`
    /// run: `docker build --target production .`
    pub static RULE = {
        id: "no-build-leftovers",
        title: "nothing that only a build needs is left",
        severity: Severity::Low,
        targets: [Container, Image, Dockerfile],
        references: &["hadolint DL3009", "hadolint DL3042"],
        parameters: &[
            Parameter {
                name: "paths",
                about: "What only a build needs, as path patterns",
                shape: Shape::Patterns,
                default: &[
                    "/wheels/**", "/**/.cache/{pip,uv,pypoetry,yarn,go-build,node-gyp}/**",
                    "/**/.npm/_cacache/**", "/usr/local/share/.cache/**", "/**/.cargo/registry/**",
                    "/var/lib/apt/lists/*", "/var/cache/apt/archives/*.deb", "/var/cache/apk/*",
                    "/var/cache/{dnf,yum}/**", "/**/.git/HEAD",
                    "/**/*.{js,mjs,cjs,css}.map", "/**/*.{test,spec}.{js,mjs,cjs,jsx,ts,tsx}",
                    "/{app,srv}/{test,tests,__tests__,spec}/**",
                    "/usr/src/app/{test,tests,__tests__,spec}/**",
                    "/srv/app/{test,tests,__tests__,spec}/**",
                ],
                check: settings::is_pattern,
            },
            Parameter {
                name: "except",
                about: "What may be there, as path patterns",
                shape: Shape::Patterns,
                default: &[
                    "/var/lib/apt/lists/lock", "/**/node_modules/**", "/**/site-packages/**",
                    "/**/dist-packages/**",
                ],
                check: settings::is_pattern,
            },
        ],
        judge: judge,
    }
}

fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    let found = facts.files.fitting(settings.list("paths"), settings.list("except"));
    let found = found.judge(|files| {
        let left = files.iter().filter(|it| it.group.traits.kind == Kind::File);
        none_of(left, "is left of a build", "nothing that only a build needs is in it")
    });
    found.and(dockerfile::judge(facts, settings))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{Case, cases, container, dockerfile, shipped};

    fn looked(case: Case) -> Case {
        case.looks_for_all_of(&super::RULE).file("/app/dist/main.js", 0o644, (0, 0))
    }

    cases! { RULE:
        an_image_with_its_program_alone_passes: looked(shipped()) => "Pass",
        a_cache_of_pip_fails: looked(shipped()).file("/root/.cache/pip/http-v2/a/b", 0o644, (0, 0)) => "Fail",
        the_empty_folder_of_a_cache_mount_passes:
            looked(shipped()).folder("/root/.cache/pip", 0o755, (0, 0)) => "Pass",
        a_source_map_fails: looked(container()).file("/app/dist/main.js.map", 0o644, (0, 0)) => "Fail",
        a_source_map_of_others_passes:
            looked(shipped()).file("/app/node_modules/x/x.js.map", 0o644, (0, 0)) => "Pass",
        tests_beside_the_program_fail: looked(shipped()).file("/app/tests/test_a.py", 0o644, (0, 0)) => "Fail",
        a_repository_fails: looked(shipped()).file("/app/.git/HEAD", 0o644, (0, 0)) => "Fail",
        package_lists_fail: looked(shipped()).file("/var/lib/apt/lists/x_Packages", 0o644, (0, 0)) => "Fail",
        where_nobody_looked_it_is_unknown: container() => "Unknown",
        a_file_that_copies_its_work_alone_passes:
            dockerfile("FROM a\nCOPY --from=b /app/dist /app/dist\n") => "Pass",
        one_that_copies_wheels_fails: dockerfile("FROM a\nCOPY --from=b /wheels /wheels\n") => "Fail",
        one_that_copies_tests_of_its_context_fails:
            dockerfile("FROM a\nCOPY . /app\n").given(&["a.js", "a.test.js"], None) => "Fail",
        tests_that_are_left_out_do_not_enter:
            dockerfile("FROM a\nCOPY . /app\n").given(&["a.js", "a.test.js"], Some("*.test.js\n")) => "Pass",
        a_context_that_nobody_knows_is_unknown:
            dockerfile("FROM a\nCOPY . /app\n").without_context() => "Unknown",
        a_file_that_is_not_at_hand_is_unknown: dockerfile("FROM a\n").unread_dockerfile() => "Unknown",
    }
}

//! See [`RULE`].

mod dockerfile;

use super::none_of;
use crate::facts::Facts;
use crate::model::files::Kind;
use crate::model::severity::Severity;
use crate::model::verdict::Verdict;
use crate::rules::{Parameter, Settings, Shape, rule, settings};

rule! {
    /// No compiler, linter, debugger, version control or engine's client is in it.
    ///
    /// Programs are known by their names in folders called `bin`, packages by their folders.
    ///
    /// Of a Dockerfile that is asked which it puts into what ships: packages of apt, apk, dnf,
    /// zypper, pip and npm by the programs that they bring, what `COPY` brings, also by way of a
    /// stage before, and base images that are made to build with, by their names. What the same
    /// `RUN` takes away again does not count; what a later one takes away is hidden, and milder.
    /// What else the base image has, or a script installs, is asked of the image.
    ///
    /// ## Why it matters
    /// Who gets into a container builds with what lies there: a compiler makes an exploit fit this
    /// very kernel, and an engine's client needs only a socket to own the host.
    ///
    /// ## How to fix
    /// Dockerfile: `FROM builder-image AS build` for what compiles, and `COPY --from=build /app/dist /app` into the stage that ships; or `apk add --virtual .build gcc && make && apk del .build` in one `RUN`
    /// compose: `build: {target: production}`
    /// run: `docker build --target production .`
    pub static RULE = {
        id: "no-dev-tools",
        title: "no tools of development are in production",
        severity: Severity::Med,
        targets: [Container, Image, Dockerfile],
        references: &["CIS Docker 1.6: 4.3"],
        parameters: &[
            Parameter {
                name: "paths",
                about: "Programs and packages of development, as path patterns",
                shape: Shape::Patterns,
                default: &[
                    "/**/bin/{gcc,g++,c++,cc,clang,clang++,tcc,make,cmake,ninja,meson,bazel,rustc,cargo,go,javac,ghc}",
                    "/**/bin/{gcc,g++,clang}-[0-9]*",
                    "/**/bin/*-linux-{gnu,musl}*-{gcc,g++}*",
                    "/**/bin/{git,svn,hg,bzr}",
                    "/**/bin/{gdb,gdbserver,lldb,strace,ltrace,valgrind,perf,dlv}",
                    "/**/bin/{docker,docker-compose,podman,buildah,nerdctl,ctr,crictl,kubectl,helm}",
                    "/**/bin/{pytest,black,ruff,flake8,pylint,mypy,isort,ipython,ipython3,pre-commit,tox}",
                    "/**/{site,dist}-packages/debugpy",
                ],
                check: settings::is_pattern,
            },
            Parameter {
                name: "except",
                about: "Tools that may be there, as path patterns",
                shape: Shape::Patterns,
                default: &[],
                check: settings::is_pattern,
            },
        ],
        judge: judge,
    }
}

fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    let found = facts.files.fitting(settings.list("paths"), settings.list("except"));
    let found = found.judge(|files| {
        let is_tool = |kind| matches!(kind, Kind::File | Kind::Folder);
        let tools = files.iter().filter(|it| is_tool(it.group.traits.kind));
        none_of(tools, "is for development", "no tool of development is in it")
    });
    found.and(dockerfile::judge(facts, settings))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{Case, cases, container, dockerfile, shipped};

    fn looked(case: Case) -> Case {
        case.looks_for_all_of(&super::RULE).file("/usr/bin/node", 0o755, (0, 0))
    }

    cases! { RULE:
        an_image_with_its_program_alone_passes: looked(shipped()) => "Pass",
        a_compiler_fails: looked(shipped()).file("/usr/bin/x86_64-linux-gnu-gcc-12", 0o755, (0, 0)) => "Fail",
        what_is_called_alike_elsewhere_passes: looked(shipped()).file("/usr/share/git", 0o644, (0, 0))
            .file("/usr/bin/gcc-doc", 0o755, (0, 0)).file("/usr/bin/gitk", 0o755, (0, 0)) => "Pass",
        a_debugger_in_a_virtual_environment_fails: looked(shipped())
            .folder("/app/.venv/lib/python3.12/site-packages/debugpy", 0o755, (0, 0)) => "Fail",
        an_engines_client_in_a_container_fails:
            looked(container()).file("/usr/local/bin/docker", 0o755, (0, 0)) => "Fail",
        what_the_policy_excepts_passes: looked(shipped()).looks_for("/usr/bin/git")
            .file("/usr/bin/git", 0o755, (0, 0)).set("except", &["/usr/bin/git"]) => "Pass",
        where_nobody_looked_it_is_unknown: container() => "Unknown",
        a_file_that_installs_none_passes: dockerfile("FROM python:3.12-slim\nRUN apk add tini\n") => "Pass",
        one_that_installs_a_compiler_fails: dockerfile("FROM a\nRUN apk add gcc\n") => "Fail",
        one_that_takes_it_away_too_late_is_milder: dockerfile("FROM a\nRUN apk add gcc\nRUN apk del gcc\n") => "Fail(low)",
        a_builder_may_have_it: dockerfile("FROM golang AS b\nRUN apk add gcc\nFROM a\nCOPY --from=b /app /app\n") => "Pass",
        a_package_that_nobody_can_tell_is_unknown: dockerfile("FROM a\nARG P\nRUN apk add $P\n") => "Unknown",
        a_file_that_is_not_at_hand_is_unknown: dockerfile("FROM a\n").unread_dockerfile() => "Unknown",
        a_part_that_was_not_seen_leaves_it_unknown: looked(shipped()).unread_below("/") => "Unknown",
    }
}

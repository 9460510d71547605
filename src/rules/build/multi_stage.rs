//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::build::Layout;
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::parse::dockerfile::{Instruction, Keyword};
use crate::rules::{Settings, rule};

use super::MOST;

rule! {
    /// What is built is built in another stage than the one that ships.
    ///
    /// A stage that ships compiles nothing, bundles nothing and installs no build tools: a stage
    /// before it does, and `COPY --from` takes over what came of it.
    ///
    /// ## Why it matters
    /// What a build needs stays in every image that it is part of: compilers, headers, sources
    /// and caches, each of use to whoever breaks in. The image is larger for it as well.
    ///
    /// ## How to fix
    /// Dockerfile: `FROM node:22 AS build`, `RUN npm run build`, then `FROM node:22-slim` and `COPY --from=build /app/dist /app`
    pub static RULE = {
        id: "multi-stage",
        title: "nothing is built in the stage that ships",
        severity: Severity::Low,
        targets: [Dockerfile],
        references: &["KICS b3d0c5a7"],
        parameters: &[],
        judge: judge,
    }
}

/// A program, and the first words with which it builds; without any it always does.
const BUILDERS: &[(&str, &[&str])] = &[
    ("cargo", &["build", "install"]),
    ("cc", &[]),
    ("cmake", &[]),
    ("composer", &["install"]),
    ("dotnet", &["build", "publish"]),
    ("g++", &[]),
    ("gcc", &[]),
    ("go", &["build", "install"]),
    ("gradle", &[]),
    ("gradlew", &[]),
    ("make", &[]),
    ("mvn", &[]),
    ("mvnw", &[]),
    ("npm", &["run"]),
    ("pnpm", &["build", "run"]),
    ("yarn", &["build", "run"]),
];

/// Packages that are there to build with.
const TOOLCHAINS: [&str; 12] = [
    "build-base",
    "build-essential",
    "cargo",
    "clang",
    "cmake",
    "g++",
    "gcc",
    "gcc-c++",
    "golang",
    "golang-go",
    "make",
    "rustc",
];

/// Package managers, and the verbs with which they install and remove.
const MANAGERS: [(&str, &str, &[&str]); 6] = [
    ("apk", "add", &["del"]),
    ("apt", "install", &["purge", "remove"]),
    ("apt-get", "install", &["purge", "remove"]),
    ("dnf", "install", &["remove"]),
    ("microdnf", "install", &["remove"]),
    ("yum", "install", &["remove"]),
];

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    facts.build.layout.judge(|layout| {
        let builds = layout.instructions().filter(|it| it.keyword == Some(Keyword::Run));
        let found = builds
            .filter_map(|it| Some((it, built_by(layout, it).or_else(|| equipped_by(layout, it))?)));
        let mut found = found.peekable();
        let Some((_, first)) = found.peek() else {
            return Check::holds("the stage that ships builds nothing");
        };
        let what = format!("the stage that ships builds what it runs, by {first}");
        found.take(MOST).fold(Check::broken(what), |check, (instruction, by)| {
            check.at(layout.origin(instruction, None), by)
        })
    })
}

/// What a command of an instruction builds with.
fn built_by(layout: &Layout, instruction: &Instruction) -> Option<String> {
    let commands = layout.commands(instruction);
    commands.iter().find_map(|words| {
        let (program, rest) = words.split_first()?;
        let program = program.rsplit('/').next()?;
        let (_, verbs) = BUILDERS.iter().find(|(name, _)| *name == program)?;
        let verb = rest.iter().find(|it| !it.starts_with('-')).map_or("", String::as_str);
        let is_built = verbs.is_empty() || verbs.contains(&verb);
        is_built.then(|| format!("{program} {verb}").trim_end().to_owned())
    })
}

/// What a command of an instruction installs to build with, and none removes again.
fn equipped_by(layout: &Layout, instruction: &Instruction) -> Option<String> {
    let commands = layout.commands(instruction);
    let manager = |words: &[String]| {
        let program = words.first()?.rsplit('/').next()?;
        MANAGERS.iter().find(|(name, ..)| *name == program)
    };
    let says = |words: &[String], verb: &str| words.iter().any(|it| it == verb);
    let removes = |words: &Vec<String>| {
        manager(words).is_some_and(|(_, _, verbs)| verbs.iter().any(|it| says(words, it)))
    };
    if commands.iter().any(removes) {
        return None;
    }
    commands.iter().find_map(|words| {
        let (program, ..) = manager(words).filter(|(_, verb, _)| says(words, verb))?;
        let tool = words.iter().find(|it| TOOLCHAINS.contains(&it.as_str()))?;
        Some(format!("{tool}, which {program} installs"))
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, dockerfile, dockerfile_at};

    cases! { RULE:
        a_builder_that_is_thrown_away_passes: dockerfile(
            "FROM golang:1.23 AS build\nRUN go build -o /app\nFROM alpine:3.20\nCOPY --from=build /app /app\n",
        ) => "Pass",
        a_build_in_the_only_stage_fails: dockerfile("FROM golang:1.23\nRUN go build -o /app\n") => "Fail",
        a_build_in_a_stage_below_ships_too:
            dockerfile("FROM node:22 AS a\nRUN npm ci && npm run build\nFROM a\nUSER 1000\n") => "Fail",
        the_stage_that_is_named_ships: dockerfile_at("a", "FROM golang AS a\nRUN go build .\nFROM alpine\n") => "Fail",
        a_toolchain_in_what_ships_fails:
            dockerfile("FROM python:3.12-slim\nRUN apt-get update && apt-get install -y gcc libpq-dev\n") => "Fail",
        one_that_the_same_step_removes_passes: dockerfile(
            "FROM a:1\nRUN apt-get install -y gcc && pip install x && apt-get purge -y gcc\n",
        ) => "Pass",
        one_in_a_builder_passes: dockerfile(
            "FROM alpine:3.20 AS build\nRUN apk add build-base\nFROM alpine:3.20\nCOPY --from=build /a /a\n",
        ) => "Pass",
        nothing_to_build_passes: dockerfile("FROM nginx:1.27\nCOPY html /usr/share/nginx/html\n") => "Pass",
        a_file_that_is_not_at_hand_is_unknown: dockerfile("FROM alpine\n").unread_dockerfile() => "Unknown",
    }
}

//! See [`RULE`].

use crate::facts::Facts;
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::build::{Faults, dependencies, no_doubt};
use crate::rules::{Settings, rule};

rule! {
    /// What installs the dependencies of a program keeps what it fetches in a cache mount, in every
    /// stage that is built.
    ///
    /// pip, uv, poetry, npm, yarn, pnpm, go, cargo, maven, gradle, composer, bundler and dotnet are
    /// asked; packages of the distribution are not.
    ///
    /// ## Why it matters
    /// Without one each change of a single dependency fetches all of them again. A build that takes
    /// long is one that is put off, also where it would mend something.
    ///
    /// ## How to fix
    /// Dockerfile: `RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev`, and `# syntax=docker/dockerfile:1` at the top
    pub static RULE = {
        id: "cache-mounts",
        title: "dependencies are installed with a cache mount",
        severity: Severity::Low,
        targets: [Dockerfile],
        references: &[],
        parameters: &[],
        judge: judge,
    }
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    facts.build.used(no_doubt).judge(|layout| {
        let mut faults = Faults::default();
        let mut is_any = false;
        for done in layout.used() {
            let Some(call) = done.step.calls.iter().find(|it| dependencies(it).is_some()) else {
                continue;
            };
            is_any = true;
            if !done.instruction.mounts().any(|it| it.kind == "cache") {
                let what = format!("{} fetches everything anew", call.name());
                faults.add(layout, done, call.program.place, what);
            }
        }
        faults.or_else(|| {
            if is_any {
                Check::holds("what is fetched for dependencies is kept for the next build")
            } else {
                Check::moot("no dependencies are installed")
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, dockerfile};

    cases! { RULE:
        a_cache_mount_passes: dockerfile("FROM a\nRUN --mount=type=cache,target=/root/.npm npm ci\n") => "Pass",
        without_one_fails: dockerfile("FROM a\nRUN npm ci\n") => "Fail",
        in_a_builder_as_well: dockerfile("FROM a AS b\nRUN pip install -r r.txt\nFROM c\nCOPY --from=b /x /x\n") => "Fail",
        another_mount_is_no_cache: dockerfile("FROM a\nRUN --mount=type=bind,target=/src go build .\n") => "Fail",
        without_dependencies_nothing_is_asked: dockerfile("FROM a\nRUN apt-get install x\n") => "NotApplicable",
        a_stage_that_nobody_can_tell_is_unknown: dockerfile("FROM a\nCOPY --from=$B /x /x\nRUN --mount=type=cache,target=/c npm ci\n") => "Unknown",
    }
}

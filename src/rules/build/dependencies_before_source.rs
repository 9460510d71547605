//! See [`RULE`].

use crate::facts::Facts;
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::parse::dockerfile::Keyword;
use crate::rules::build::{By, Faults, copies_everything, dependencies, no_doubt};
use crate::rules::{Settings, rule};
use std::collections::BTreeMap;

rule! {
    /// The files that name the dependencies are copied and installed first, and the rest after it.
    ///
    /// A step that installs by such files (`npm ci`, `pip install -r`, `go mod download` and their
    /// like) does not come after a `COPY` of the whole context in its stage.
    ///
    /// ## Why it matters
    /// Each change of a line of code otherwise installs all dependencies again. Builds that fetch
    /// everything each time are slow, and get other versions unnoticed.
    ///
    /// ## How to fix
    /// Dockerfile: `COPY package.json package-lock.json ./`, `RUN npm ci`, and only then `COPY . .`
    pub static RULE = {
        id: "dependencies-before-source",
        title: "dependencies are installed before the source is copied",
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
        let mut copied = BTreeMap::new();
        let mut is_any = false;
        for done in layout.used() {
            let stage = done.step.stage;
            if done.is(Keyword::Copy) || done.is(Keyword::Add) {
                if copies_everything(done) {
                    copied.entry(stage).or_insert(done);
                }
                continue;
            }
            let by_files = |it: &_| dependencies(it) == Some(By::Files);
            let Some(call) = done.step.calls.iter().find(|it| by_files(it)) else { continue };
            is_any = true;
            if let Some(copy) = copied.remove(&stage) {
                let line = call.program.place.line;
                let what = format!(
                    "everything is copied before {} installs the dependencies in line {line}",
                    call.name()
                );
                faults.add(layout, copy, copy.instruction.place, what);
            }
        }
        faults.or_else(|| {
            if is_any {
                Check::holds("dependencies are installed before the source is copied")
            } else {
                Check::moot("no dependencies are installed by files that name them")
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, dockerfile};

    cases! { RULE:
        manifests_first_pass: dockerfile("FROM a\nCOPY package*.json ./\nRUN npm ci\nCOPY . .\n") => "Pass",
        everything_first_fails: dockerfile("FROM a\nCOPY . /app\nRUN npm ci\n") => "Fail",
        whatever_its_form: dockerfile("FROM a\nCOPY [\"./\", \"/app/\"]\nRUN cd /app && pip install -r r.txt\n") => "Fail",
        manifests_before_it_do_not_help_what_comes_after:
            dockerfile("FROM a\nCOPY package.json ./\nCOPY . .\nRUN npm ci\n") => "Fail",
        another_stage_is_another_matter: dockerfile(
            "FROM a AS b\nCOPY . .\nRUN make\nFROM a\nCOPY go.mod .\nRUN go mod download\nCOPY --from=b . .\n",
        ) => "Pass",
        what_is_named_on_the_line_needs_no_file: dockerfile("FROM a\nCOPY . .\nRUN pip install flask\n") => "NotApplicable",
        a_builder_as_well: dockerfile("FROM a AS b\nADD . .\nRUN npm ci\nFROM c\nCOPY --from=b /x /x\n") => "Fail",
        a_file_that_is_not_at_hand_is_unknown: dockerfile("FROM a\n").unread_dockerfile() => "Unknown",
    }
}

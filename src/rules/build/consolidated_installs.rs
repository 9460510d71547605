//! See [`RULE`].

use crate::facts::Facts;
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::parse::dockerfile::{Manager, Verb, act};
use crate::rules::build::{Faults, no_doubt};
use crate::rules::{Settings, rule};
use std::collections::BTreeMap;

rule! {
    /// In a stage that ships, the distribution's packages are installed by one `RUN`, which also
    /// fetches their lists.
    ///
    /// What pip, npm and their like install is not counted: that is cached by its own files.
    ///
    /// ## Why it matters
    /// Lists that were fetched by an instruction of their own are taken from the cache for months,
    /// and what is installed by them is as old. Each further step is a layer that no later one
    /// makes smaller.
    ///
    /// ## How to fix
    /// Dockerfile: `RUN apt-get update && apt-get install -y --no-install-recommends curl dumb-init && rm -rf /var/lib/apt/lists/*`
    pub static RULE = {
        id: "consolidated-installs",
        title: "packages are installed in one step",
        severity: Severity::Low,
        targets: [Dockerfile],
        references: &["hadolint DL3059", "Trivy DS-0017"],
        parameters: &[],
        judge: judge,
    }
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    facts.build.shipped(no_doubt).judge(|layout| {
        let mut faults = Faults::default();
        let mut first: BTreeMap<(usize, Manager), u32> = BTreeMap::new();
        for done in layout.shipped() {
            let acts: Vec<_> = done.step.calls.iter().filter_map(act).collect();
            let mut seen: Vec<Manager> = Vec::new();
            for act in acts.iter().filter(|it| it.manager.is_of_the_system()) {
                let manager = act.manager;
                let is = |verbs: &[Verb]| {
                    acts.iter().any(|it| it.manager == manager && verbs.contains(&it.verb))
                };
                let place = act.call.program.place;
                if seen.contains(&manager) {
                    continue;
                }
                seen.push(manager);
                let name = manager.name();
                if !is(&[Verb::Install, Verb::Upgrade]) {
                    if is(&[Verb::Refresh]) {
                        let what = format!("{name} fetches its lists in a step of their own");
                        faults.add(layout, done, place, what);
                    }
                    continue;
                }
                let line = *first.entry((done.step.stage, manager)).or_insert(place.line);
                if line != place.line {
                    let what = format!("{name} installs once more what line {line} could");
                    faults.add(layout, done, place, what);
                }
            }
        }
        faults.or_else(|| Check::holds("the packages of each stage are installed in one step"))
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, dockerfile};

    cases! { RULE:
        one_step_passes: dockerfile("FROM a\nRUN apt-get update && apt-get install -y x y\n") => "Pass",
        several_calls_in_one_step_pass: dockerfile("FROM a\nRUN apk add x && make && apk add y\n") => "Pass",
        two_steps_fail: dockerfile("FROM a\nRUN apk add x\nRUN apk add y\n") => "Fail",
        lists_of_their_own_fail: dockerfile("FROM a\nRUN apt-get update\nRUN apt-get install x\n") => "Fail",
        other_managers_are_counted_apart: dockerfile("FROM a\nRUN apk add x\nRUN pip install y\nRUN npm ci\n") => "Pass",
        stages_are_counted_apart: dockerfile("FROM a AS b\nRUN apk add x\nFROM b\nRUN apk add y\n") => "Pass",
        a_builder_may: dockerfile("FROM a AS b\nRUN apk add x\nRUN apk add y\nFROM a\nCOPY --from=b /x /x\n") => "Pass",
        removing_is_no_installing: dockerfile("FROM a\nRUN apk add x\nRUN apk del x\n") => "Pass",
        a_file_that_is_not_at_hand_is_unknown: dockerfile("FROM a\n").unread_dockerfile() => "Unknown",
    }
}

//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::limits::Limit;
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Settings, rule};

rule! {
    /// Memory is bounded by a limit that is in force.
    ///
    /// A limit of a cgroup above the container's counts as well: it binds what is below it.
    ///
    /// ## Why it matters
    /// Without a bound one leaking or attacked container takes the whole machine's memory,
    /// and the kernel picks its victims among the neighbours.
    ///
    /// ## How to fix
    /// compose: `mem_limit: 512m`, or `deploy: {resources: {limits: {memory: 512m}}}`
    /// run: `--memory 512m`
    pub static RULE = {
        id: "memory-limit",
        title: "memory is bounded",
        severity: Severity::Med,
        references: &["CIS Docker 1.6: 5.11", "KICS bb9ac4f7", "compose-lint CL-0026"],
        parameters: &[],
        judge: judge,
    }
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    facts.memory_limit.judge(|limit| match limit {
        Limit::Of(most) => Check::holds(format!("at most {}", in_words(*most))),
        Limit::None => Check::broken("nothing bounds the container's memory"),
    })
}

/// A number of bytes in the largest unit that leaves it whole.
fn in_words(bytes: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    let whole = units.into_iter().find(|(bits, _)| bytes.trailing_zeros() >= *bits);
    whole.map_or_else(
        || format!("{bytes} bytes"),
        |(bits, unit)| format!("{} {unit}", bytes >> bits),
    )
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, container};
    use serde_json::json;

    cases! { RULE:
        a_limit_in_force_passes: container() => "Pass",
        no_limit_fails: container().limit("memory.limit_in_bytes", "9223372036854771712") => "Fail",
        a_limit_above_what_the_machine_has_fails: container().limit("memory.limit_in_bytes", "109951162777600") => "Fail",
        the_kernel_overrules_the_declaration:
            container().declares("/HostConfig/Memory", json!(null)) => "Pass",
        a_declared_limit_that_is_not_in_force_fails:
            container().limit("memory.limit_in_bytes", "9223372036854771712") => "Fail",
        nothing_declared_convicts_where_the_kernel_is_silent:
            container().declares("/HostConfig/Memory", json!(0)).kernel_denied() => "Fail",
        the_declaration_cannot_acquit: container().kernel_denied() => "Unknown",
        a_file_with_something_else_in_it_is_no_answer:
            container().limit("memory.limit_in_bytes", "plenty") => "Unknown",
    }
}

//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::limits::{Bytes, Limit};
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::parse::command::options::bytes;
use crate::rules::resources::used;
use crate::rules::settings::is_size;
use crate::rules::{Parameter, Settings, Shape, rule};

rule! {
    /// Memory is bounded by a limit that is in force.
    ///
    /// Any bound will do, unless the policy says how much a container may have at most, for
    /// what has a role or for all. A limit of a cgroup above the container's counts as well: it binds what is below it. The
    /// finding also tells what is used now, the peak, and how often the kernel killed a process
    /// for it. Unbounded swap is mentioned, and does not break the rule.
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
        targets: [Container, Service],
        mends: [Memory],
        references: &["CIS Docker 1.6: 5.11", "KICS bb9ac4f7", "compose-lint CL-0026"],
        parameters: &[Parameter {
            name: "max",
            about: "The most that a limit may allow",
            shape: Shape::One,
            default: &[],
            check: is_size,
        }],
        judge: judge,
    }
}

fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    let allowed = settings.one("max").and_then(bytes).unwrap_or(u64::MAX);
    facts.limits.memory.judge(|bound| match bound.limit {
        Limit::Of(most) if most > allowed => Check::broken(format!(
            "at most {}, where {} are allowed{}",
            Bytes(most),
            Bytes(allowed),
            used(&bound.usage, Bytes, "OOM kills")
        )),
        Limit::Of(most) => {
            let swap = if bound.swap_is_unbounded { "; its swap is unbounded" } else { "" };
            let used = used(&bound.usage, Bytes, "OOM kills");
            Check::holds(format!("at most {}{used}{swap}", Bytes(most)))
        }
        Limit::None => Check::broken(format!(
            "nothing bounds the container's memory{}",
            used(&bound.usage, Bytes, "OOM kills")
        )),
    })
}

#[cfg(test)]
mod tests {
    use crate::model::verdict::Verdict;
    use crate::rules::testing::{Case, cases, container, service};
    use serde_json::json;

    /// The statement, with these files of use beside the limit.
    fn said(files: &[(&str, &str)]) -> String {
        let case = files.iter().fold(container(), |case, (file, text)| case.usage(file, text));
        let Verdict::Pass(proof) = case.judge(&super::RULE) else { panic!("there is a limit") };
        proof.statements()[0].to_string()
    }

    #[test]
    fn use_peak_and_kills_are_said_beside_the_limit() {
        let v1 = [
            ("memory.usage_in_bytes", "12582912"),
            ("memory.max_usage_in_bytes", "62914560"),
            ("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"),
        ];
        assert_eq!(said(&v1), "at most 64 MiB; uses 12 MiB, peak 60 MiB, 2 OOM kills");
        let v2 = [("memory.current", "1048576\n"), ("memory.events", "low 0\noom_kill 0\n")];
        assert_eq!(said(&v2), "at most 64 MiB; uses 1 MiB");
        assert_eq!(said(&[("memory.current", "lots")]), "at most 64 MiB");
        assert_eq!(said(&[]), "at most 64 MiB");
    }

    #[test]
    fn swap_without_a_bound_is_said_where_the_machine_has_any() {
        let swaps = "MemTotal: 8388608 kB\nSwapTotal: 1024 kB\n";
        let said = |case: Case| {
            let Verdict::Pass(proof) = case.judge(&super::RULE) else { panic!("there is a limit") };
            proof.statements()[0].to_string()
        };
        let unbounded = container().add_limit("memory.memsw.limit_in_bytes", "9223372036854771712");
        assert_eq!(said(unbounded.clone()), "at most 64 MiB");
        let unbounded = unbounded.kernel("/proc/meminfo", swaps);
        assert_eq!(said(unbounded), "at most 64 MiB; its swap is unbounded");
        let bounded = container().add_limit("memory.memsw.limit_in_bytes", "134217728");
        assert_eq!(said(bounded.kernel("/proc/meminfo", swaps)), "at most 64 MiB");
    }

    #[test]
    fn swap_that_a_service_asks_for_without_a_bound_is_said() {
        let said = |swap: i64| {
            let case = service().writes("/HostConfig/MemorySwap", json!(swap));
            let Verdict::Pass(proof) = case.judge(&super::RULE) else { panic!("there is a limit") };
            proof.statements()[0].to_string()
        };
        assert!(said(-1).ends_with("; its swap is unbounded"));
        assert!(!said(1 << 30).contains("swap"));
    }

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
        a_limit_within_what_the_policy_allows_passes: container().set("max", &["64m"]) => "Pass",
        a_limit_beyond_what_the_policy_allows_fails: container().set("max", &["63m"]) => "Fail",
        a_service_may_have_no_more_than_the_policy_allows: service().set("max", &["32m"]) => "Fail",
        a_file_with_something_else_in_it_is_no_answer:
            container().limit("memory.limit_in_bytes", "plenty") => "Unknown",
        a_service_with_a_limit_passes: service() => "Pass",
        a_service_without_a_limit_fails: service().leaves_out("/HostConfig/Memory") => "Fail",
        a_service_with_a_limit_that_no_machine_reaches_fails:
            service().writes("/HostConfig/Memory", json!(1_u64 << 40)) => "Fail",
        a_service_whose_limit_is_a_variable_is_unknown:
            service().unset("/HostConfig/Memory", "MEMORY") => "Unknown",
    }
}

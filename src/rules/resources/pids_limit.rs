//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::limits::Limit;
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::resources::used;
use crate::rules::{Settings, rule};

rule! {
    /// The number of processes is bounded by a limit that is in force.
    ///
    /// A limit of a cgroup above the container's counts as well: it binds what is below it.
    ///
    /// ## Why it matters
    /// Without a bound a fork bomb in one container fills the process table of the machine,
    /// and nobody can log in to end it.
    ///
    /// ## How to fix
    /// compose: `pids_limit: 200`
    /// run: `--pids-limit 200`
    pub static RULE = {
        id: "pids-limit",
        title: "the number of processes is bounded",
        severity: Severity::Med,
        targets: [Container, Service],
        mends: [Pids],
        references: &["CIS Docker 1.6: 5.29", "KICS 221e0658", "compose-lint CL-0026"],
        parameters: &[],
        judge: judge,
    }
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    facts.limits.pids.judge(|bound| {
        let used = used(&bound.usage, |count| count, "refused forks");
        match bound.limit {
            Limit::Of(most) => Check::holds(format!("at most {most} processes and threads{used}")),
            Limit::None => {
                Check::broken(format!("nothing bounds the container's processes and threads{used}"))
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::model::verdict::Verdict;
    use crate::rules::testing::{cases, container, service};
    use serde_json::json;

    #[test]
    fn use_peak_and_refusals_are_said_beside_the_limit() {
        let case = container()
            .usage("pids.current", "12\n")
            .usage("pids.peak", "80\n")
            .usage("pids.events", "max 3\n");
        let Verdict::Pass(proof) = case.judge(&super::RULE) else { panic!("there is a limit") };
        let said = "at most 100 processes and threads; uses 12, peak 80, 3 refused forks";
        assert_eq!(proof.statements(), [said]);
    }

    cases! { RULE:
        a_limit_in_force_passes: container() => "Pass",
        no_limit_fails: container().limit("pids.max", "max") => "Fail",
        a_limit_above_what_the_machine_has_fails: container().limit("pids.max", "4194304") => "Fail",
        the_kernel_overrules_the_declaration:
            container().declares("/HostConfig/PidsLimit", json!(null)) => "Pass",
        a_declared_limit_that_is_not_in_force_fails:
            container().limit("pids.max", "max") => "Fail",
        nothing_declared_convicts_where_the_kernel_is_silent:
            container().declares("/HostConfig/PidsLimit", json!(0)).kernel_denied() => "Fail",
        the_declaration_cannot_acquit: container().kernel_denied() => "Unknown",
        a_file_with_something_else_in_it_is_no_answer:
            container().limit("pids.max", "plenty") => "Unknown",
        a_service_with_a_limit_passes: service() => "Pass",
        a_service_without_a_limit_fails: service().leaves_out("/HostConfig/PidsLimit") => "Fail",
        a_service_with_no_limit_in_words_fails:
            service().writes("/HostConfig/PidsLimit", json!(-1)) => "Fail",
        a_service_with_more_than_the_kernel_can_number_fails:
            service().writes("/HostConfig/PidsLimit", json!(4_194_304)) => "Fail",
        a_service_whose_limit_is_a_variable_is_unknown:
            service().unset("/HostConfig/PidsLimit", "PIDS") => "Unknown",
    }
}

//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::limits::Limit;
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::resources::used;
use crate::rules::{Settings, rule};

rule! {
    /// Processor time is bounded by a limit that is in force.
    ///
    /// A quota counts, and so does a set of processors smaller than the machine's, on the
    /// container's cgroup or on one above it. Shares and weights do not: they only divide the
    /// time when several want it.
    ///
    /// ## Why it matters
    /// Without a bound one busy or hijacked container slows down everything else on the
    /// machine, and mining on a stolen foothold pays.
    ///
    /// ## How to fix
    /// compose: `cpus: 1.5`, or `deploy: {resources: {limits: {cpus: "1.5"}}}`
    /// run: `--cpus 1.5`
    pub static RULE = {
        id: "cpu-limit",
        title: "processor time is bounded",
        severity: Severity::Low,
        targets: [Container, Service],
        mends: [Cpus],
        references: &["CIS Docker 1.6: 5.12", "KICS 6b610c50", "compose-lint CL-0026"],
        parameters: &[],
        judge: judge,
    }
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    facts.limits.cpu.judge(|bound| {
        let used = used(&bound.usage, |count| count, "periods throttled");
        match bound.limit {
            Limit::Of(most) => Check::holds(format!("at most {} processors{used}", of(most))),
            Limit::None => Check::broken("nothing bounds the container's processor time"),
        }
    })
}

/// Thousandths as a decimal fraction without trailing zeros.
fn of(thousandths: u64) -> String {
    let text = format!("{}.{:03}", thousandths / 1000, thousandths % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, container, service};
    use serde_json::json;

    const QUOTA: &str = "cpu.cfs_quota_us";

    #[test]
    fn thousandths_are_said_as_a_person_writes_them() {
        assert_eq!([1500, 2000, 50].map(super::of), ["1.5", "2", "0.05"]);
    }

    cases! { RULE:
        a_quota_in_force_passes: container() => "Pass",
        no_quota_fails: container().limit(QUOTA, "-1") => "Fail",
        a_quota_of_all_processors_fails: container().limit(QUOTA, "400000") => "Fail",
        fewer_processors_than_the_machine_has_pass:
            container().limit(QUOTA, "-1").limit("cpuset.cpus", "0-1") => "Pass",
        a_quota_of_version_2_counts:
            container().limit(QUOTA, "-1").add_limit("cpu.max", "50000 100000") => "Pass",
        no_quota_of_version_2_is_none:
            container().limit(QUOTA, "-1").add_limit("cpu.max", "max 100000") => "Fail",
        shares_are_no_bound: container()
            .limit(QUOTA, "-1")
            .declares("/HostConfig/CpuShares", json!(512))
            .declares("/HostConfig/NanoCpus", json!(0)) => "Fail",
        the_kernel_overrules_the_declaration:
            container().declares("/HostConfig/NanoCpus", json!(0)) => "Pass",
        a_declared_quota_that_is_not_in_force_fails:
            container().declares("/HostConfig/NanoCpus", json!(500_000_000)).limit(QUOTA, "-1") => "Fail",
        nothing_declared_convicts_where_the_kernel_is_silent:
            container().declares("/HostConfig/NanoCpus", json!(0)).kernel_denied() => "Fail",
        the_declaration_cannot_acquit: container().kernel_denied() => "Unknown",
        a_file_with_something_else_in_it_is_no_answer: container().limit(QUOTA, "plenty") => "Unknown",
        a_service_with_a_limit_passes: service() => "Pass",
        a_service_without_a_limit_fails: service().leaves_out("/HostConfig/NanoCpus") => "Fail",
        a_service_with_more_processors_than_any_machine_fails:
            service().writes("/HostConfig/NanoCpus", json!(5_000_000_000_000_u64)) => "Fail",
        a_service_whose_limit_is_a_variable_is_unknown:
            service().unset("/HostConfig/NanoCpus", "CPUS") => "Unknown",
    }
}

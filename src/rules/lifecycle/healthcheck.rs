//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::health::Healthcheck;
use crate::model::severity::Severity;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Settings, rule};

rule! {
    /// The engine can find out whether the container works.
    ///
    /// A health check is defined, by the image or by the run, and not switched off. Only
    /// the engine runs health checks, so its record decides.
    ///
    /// ## Why it matters
    /// A service that hangs still counts as running. Without a check nobody notices, and a
    /// deploy replaces a working version with a dead one.
    ///
    /// ## How to fix
    /// compose: `healthcheck: {test: ["CMD", "/bin/app", "--check"], interval: 30s, timeout: 10s, retries: 3}`
    /// run: `--health-cmd "/bin/app --check" --health-interval 30s --health-timeout 10s`
    /// Dockerfile: `HEALTHCHECK --interval=30s --timeout=10s CMD ["/bin/app", "--check"]`
    pub static RULE = {
        id: "healthcheck",
        title: "a health check is defined",
        severity: Severity::Med,
        targets: [Container, Service, Image, Dockerfile],
        references: &[
            "CIS Docker 1.6: 4.6", "CIS Docker 1.6: 5.27", "Checkov CKV_DOCKER_2", "KICS 698ed579",
            "Trivy DS-0026", "hadolint DL3057",
        ],
        parameters: &[],
        judge: judge,
    }
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    facts.health.check.judge(|check| match check {
        Healthcheck::Defined(how) => {
            Check::holds(format!("a health check is defined ({})", Untrusted::from(how.as_str())))
        }
        Healthcheck::Undefined => Check::broken("no health check is defined"),
        Healthcheck::Disabled => Check::broken("the health check is switched off (NONE)"),
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, container, dockerfile, image, service};
    use serde_json::json;

    cases! { RULE:
        a_defined_check_passes: container() => "Pass",
        no_check_fails: container().declares("/Config/Healthcheck", json!(null)) => "Fail",
        an_empty_check_fails: container().declares("/Config/Healthcheck", json!({"Test": null})) => "Fail",
        a_check_that_is_switched_off_fails:
            container().declares("/Config/Healthcheck", json!({"Test": ["NONE"]})) => "Fail",
        the_kernel_has_no_word: container().kernel_denied() => "Pass",
        without_an_engine_nobody_knows: container().engine_denied() => "Unknown",
        a_service_with_a_check_passes: service() => "Pass",
        a_service_without_a_check_fails: service().leaves_out("/Config/Healthcheck/Test") => "Fail",
        a_service_that_switches_it_off_fails:
            service().writes("/Config/Healthcheck/Test", json!(["NONE"])) => "Fail",
        a_service_whose_image_nobody_has_may_have_one:
            service().leaves_out("/Config/Healthcheck").without_the_image() => "Unknown",
        a_dockerfile_with_a_check_passes: dockerfile("FROM a\nHEALTHCHECK CMD curl -f http://localhost/\n") => "Pass",
        a_dockerfile_that_switches_it_off_fails: dockerfile("FROM a\nHEALTHCHECK NONE\n") => "Fail",
        a_check_of_a_builder_is_none: dockerfile("FROM a AS b\nHEALTHCHECK CMD x\nFROM scratch\nCOPY --from=b /x /x\n") => "Fail",
        a_base_that_nobody_has_may_have_one: dockerfile("FROM a\n") => "Unknown",
        an_image_without_a_check_fails: image(&json!({})) => "Fail",
    }
}

//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::environment::Environment;
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::parse::command::variables::is_name;
use crate::rules::{Parameter, Settings, Shape, rule};

rule! {
    /// Every variable that the service needs is set and not empty.
    ///
    /// A policy says which these are; without one the rule does not apply. A variable of the
    /// same name with `_FILE` behind it counts as well. What the first process was started with
    /// decides.
    ///
    /// ## Why it matters
    /// A service whose password variable is missing starts all the same, and often with the
    /// door open: an unset variable is an empty one to most programs.
    ///
    /// ## How to fix
    /// compose: `environment: {METRICS_USER: "${METRICS_USER:?set it in .env}"}`
    /// run: `--env METRICS_USER=…`
    pub static RULE = {
        id: "required-env",
        title: "the variables that the service needs are set",
        severity: Severity::Med,
        targets: [Container, Service],
        references: &[],
        parameters: &[Parameter {
            name: "names",
            about: "variables that must be set and not empty",
            shape: Shape::List,
            default: &[],
            check: is_name,
        }],
        judge: judge,
    }
}

fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    let names = settings.list("names");
    if names.is_empty() {
        return facts.first_environment.unasked("no policy names a variable that must be set");
    }
    let check = |environment: &Environment| {
        let missing: Vec<&str> = names
            .iter()
            .map(String::as_str)
            .filter(|name| !environment.sets(name) && !environment.sets(&format!("{name}_FILE")))
            .collect();
        if missing.is_empty() {
            Check::holds(format!("set and not empty: {}", names.join(", ")))
        } else {
            Check::broken(format!("not set, or empty: {}", missing.join(", ")))
        }
    };
    facts.first_environment.judge(check).or(facts.given_environment.part().judge(check))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{Case, cases, container, service};

    fn needing(names: &[&str]) -> Case {
        container().set("names", names)
    }

    fn of_service(variables: &[&str]) -> Case {
        service().set("names", &["METRICS_USER"]).sets(variables)
    }

    cases! { RULE:
        where_nothing_is_required_nothing_is_asked: container() => "NotApplicable",
        a_set_variable_passes: needing(&["METRICS_USER"]).started_with(100, &["METRICS_USER=shop"]) => "Pass",
        a_file_in_its_place_passes:
            needing(&["METRICS_PASS"]).started_with(100, &["METRICS_PASS_FILE=/run/secrets/m"]) => "Pass",
        an_empty_variable_fails: needing(&["METRICS_USER"]).started_with(100, &["METRICS_USER="]) => "Fail",
        an_unset_variable_fails: needing(&["METRICS_USER"]) => "Fail",
        a_reference_that_nobody_resolved_fails:
            needing(&["METRICS_USER"]).started_with(100, &["METRICS_USER=${METRICS_USER}"]) => "Fail",
        the_kernel_overrules_the_declaration: needing(&["METRICS_USER"])
            .engine_starts_with(&["METRICS_USER=shop"]).started_with(100, &["METRICS_USER="]) => "Fail",
        an_unset_variable_convicts_where_the_kernel_is_silent:
            needing(&["METRICS_USER"]).denied("environ") => "Fail",
        a_declared_variable_cannot_acquit: needing(&["METRICS_USER"])
            .engine_starts_with(&["METRICS_USER=shop"]).denied("environ") => "Unknown",
        a_service_that_sets_it_passes: of_service(&["METRICS_USER=shop"]) => "Pass",
        a_service_that_does_not_fails: of_service(&[]) => "Fail",
        a_service_whose_image_may_set_it_is_unknown: of_service(&[]).without_the_image() => "Unknown",
        a_service_that_sets_it_passes_whatever_the_image_sets:
            of_service(&["METRICS_USER=shop"]).without_the_image() => "Pass",
        a_services_variable_without_a_value_is_unknown:
            of_service(&["METRICS_USER=x"]).unset("/Config/Env/0", "METRICS_USER") => "Unknown",
    }
}

//! See [`RULE`].

use crate::facts::runtime::{Asked, Said};
use crate::facts::{Facts, Held, Holder};
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Parameter, Settings, Shape, rule};

rule! {
    /// Every runtime is told to run in production, by the variables that a policy names.
    ///
    /// `NAME` asks for a variable that is set and not empty, `NAME=VALUE` for exactly that value, where
    /// it is one that can be no secret: of `NODE_ENV` and its like a word such as `production`, of
    /// switches such as `PYTHONUNBUFFERED` one such as `1`. What a runtime does unasked counts: `python
    /// -u` is `PYTHONUNBUFFERED`, and without a `PYTHONHASHSEED` Python (since 3.3) draws one at
    /// random. The environment that each process of the runtime was started with decides; where the
    /// runtime is not known, that of every process but inits and shells. Without a policy the rule
    /// does not apply.
    ///
    /// ## Why it matters
    /// Frameworks are built for their developers first: unless told otherwise they show stack traces
    /// to strangers, reload code that changes, and hold back the lines of a log that a crash then takes along.
    ///
    /// ## How to fix
    /// compose: `environment: {NODE_ENV: production}`
    /// run: `--env NODE_ENV=production`
    /// Dockerfile: `ENV NODE_ENV=production`
    pub static RULE = {
        id: "runtime-env",
        title: "the runtime is told to run in production",
        severity: Severity::Low,
        targets: [Container, Service, Image, Dockerfile],
        references: &[],
        parameters: &[Parameter {
            name: "variables",
            about: "variables that must be set, as NAME or NAME=VALUE",
            shape: Shape::List,
            default: &[],
            check: |text| text.parse::<Asked>().map(|_| ()),
        }],
        judge: judge,
    }
}

fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    let all: Vec<Asked> = settings.all("variables");
    let each = all.iter().map(|asked| {
        facts.runtimes.asked(asked).judge(|Held { by, value: said }| check(asked, said, by))
    });
    let unasked = || facts.declaration.unasked("no policy names a variable for the runtime");
    each.reduce(Verdict::and).unwrap_or_else(unasked)
}

fn check(asked: &Asked, said: &Said, by: &Holder) -> Check {
    let name = &asked.name;
    match (said, &asked.value) {
        (Said::Anyway(how), _) => Check::holds(format!("{by}: {how} ({name})")),
        (Said::Nothing, _) => Check::broken(format!("{by}: {name} is not set, or empty")),
        (Said::Set(_), None) => Check::holds(format!("{by}: {name} is set")),
        (Said::Set(variable), Some(value)) => match &variable.kept {
            Some(kept) if kept.raw() == value => Check::holds(format!("{by}: {name} is {value}")),
            _ => Check::broken(format!("{by}: {name} is not {value}"))
                .showing(name.as_str(), variable.to_string()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{Case, cases, container, dockerfile, image, service};
    use serde_json::json;

    const PRODUCTION: &str = "NODE_ENV=production";
    const UNBUFFERED: &str = "PYTHONUNBUFFERED";
    const SEED: &str = "PYTHONHASHSEED=random";

    fn asked(case: Case, variable: &str) -> Case {
        case.set("variables", &[variable])
    }

    /// A container of one process.
    fn runs(words: &str, environment: &[&str], variable: &str) -> Case {
        let variables = [&["PATH=/bin"], environment].concat();
        asked(container().command(words).started_with(100, &variables), variable)
    }

    fn node(environment: &[&str]) -> Case {
        runs("node\n…\n", environment, PRODUCTION)
    }

    fn python(words: &str, environment: &[&str], variable: &str) -> Case {
        runs(&format!("python3\n{words}…\n"), environment, variable)
    }

    /// An init above a process of this command and environment.
    fn below_an_init(words: &str, environment: &[&str]) -> Case {
        let init = runs("tini\n--\nsh\n", &["A=b"], PRODUCTION);
        init.add_process(101, &[("PPid", "100")])
            .kernel("/proc/101/cmdline", words)
            .started_with(101, environment)
    }

    cases! { RULE:
        without_a_policy_it_does_not_apply: container() => "NotApplicable",
        without_a_policy_nothing_needs_to_be_known: container().kernel_denied() => "NotApplicable",
        what_is_asked_for_passes: node(&[PRODUCTION]) => "Pass",
        another_value_fails: node(&["NODE_ENV=development"]) => "Fail",
        in_other_letters_it_is_another_value: node(&["NODE_ENV=Production"]) => "Fail",
        and_so_it_is_with_a_blank: node(&["NODE_ENV=production "]) => "Fail",
        nothing_fails: node(&[]) => "Fail",
        an_empty_value_fails: node(&["NODE_ENV="]) => "Fail",
        the_last_of_two_values_counts: node(&[PRODUCTION, "NODE_ENV=test"]) => "Fail",
        a_name_alone_asks_for_any_value: runs("/bin/app\n", &["MODE=x"], "MODE") => "Pass",
        but_not_for_an_empty_one: runs("/bin/app\n", &["MODE="], "MODE") => "Fail",
        nor_for_one_that_nobody_resolved: runs("/bin/app\n", &["MODE=${MODE}"], "MODE") => "Fail",
        one_of_two_that_is_missing_fails: node(&[PRODUCTION])
            .set("variables", &[PRODUCTION, "MODE"]) => "Fail",
        what_an_entrypoint_adds_below_an_init_counts:
            below_an_init("node\n…\n", &[PRODUCTION]) => "Pass",
        what_the_init_has_and_its_runtime_has_not_does_not:
            below_an_init("node\n…\n", &["A=b"]).started_with(100, &[PRODUCTION]) => "Fail",
        where_the_runtime_runs_the_others_are_not_asked: node(&[PRODUCTION])
            .add_process(101, &[("Name", "crond")]).kernel("/proc/101/cmdline", "crond\n") => "Pass",
        a_runtime_is_known_by_its_file_whatever_it_calls_itself: node(&[PRODUCTION])
            .add_process(101, &[("Name", "next-server (v")]).kernel("/proc/101/cmdline", "…\n")
            .kernel("/proc/101/exe", "/usr/local/bin/node") => "Fail",
        where_none_is_known_all_are_asked: runs("/bin/app\n", &[PRODUCTION], PRODUCTION)
            .add_process(101, &[]) => "Fail",
        but_for_a_shell: runs("/bin/app\n", &[PRODUCTION], PRODUCTION)
            .add_process(101, &[]).kernel("/proc/101/cmdline", "sh\n") => "Pass",
        unless_there_is_nothing_else: runs("sh\n/start.sh\n", &[], PRODUCTION) => "Fail",
        the_kernel_overrules_a_good_declaration:
            node(&[]).engine_starts_with(&[PRODUCTION]) => "Fail",
        the_kernel_overrules_a_bad_declaration:
            node(&[PRODUCTION]).engine_starts_with(&[]) => "Pass",
        a_declaration_cannot_acquit:
            node(&[]).engine_starts_with(&[PRODUCTION]).denied("environ") => "Unknown",
        it_convicts_where_the_kernel_is_silent: node(&[PRODUCTION]).denied("environ") => "Fail",
        a_command_that_nobody_read_may_be_the_runtime: node(&[PRODUCTION])
            .engine_starts_with(&[PRODUCTION]).denied("cmdline") => "Unknown",
        who_wrote_over_his_environment_shows_none: asked(container().started_with(100, &[]), "PATH") => "Unknown",
        python_told_so_by_a_variable_passes: python("", &["PYTHONUNBUFFERED=1"], UNBUFFERED) => "Pass",
        python_told_so_on_its_command_line_passes: python("-u\n", &[], UNBUFFERED) => "Pass",
        also_beside_other_letters: python("-Bu\n-m\n", &[], UNBUFFERED) => "Pass",
        python_not_told_fails: python("-B\n", &[], UNBUFFERED) => "Fail",
        a_variable_that_python_is_told_to_ignore_fails:
            python("-I\n", &["PYTHONUNBUFFERED=1"], UNBUFFERED) => "Fail",
        python_draws_a_seed_by_itself: python("", &[], SEED) => "Pass",
        told_to_do_so_it_does: python("", &[SEED], SEED) => "Pass",
        but_not_where_it_is_given_one: python("", &["PYTHONHASHSEED=0"], SEED) => "Fail",
        unless_it_does_not_look: python("-E\n", &["PYTHONHASHSEED=0"], SEED) => "Pass",
        or_is_told_otherwise: python("-R\n", &["PYTHONHASHSEED=0"], SEED) => "Pass",
        what_is_to_be_set_is_not_by_itself: python("", &[], "PYTHONHASHSEED") => "Fail",
        an_old_python_draws_none: runs("python2.7\n…\n", &[], SEED) => "Fail",
        a_service_that_sets_it_passes: asked(service(), PRODUCTION).sets(&[PRODUCTION]) => "Pass",
        a_service_that_sets_another_value_fails:
            asked(service(), PRODUCTION).sets(&["NODE_ENV=development"]) => "Fail",
        a_service_that_sets_nothing_fails: asked(service(), PRODUCTION) => "Fail",
        a_service_whose_image_may_set_it_is_unknown:
            asked(service(), PRODUCTION).without_the_image() => "Unknown",
        what_a_service_sets_counts_whatever_its_image_sets:
            asked(service(), PRODUCTION).sets(&[PRODUCTION]).without_the_image() => "Pass",
        a_services_variable_without_a_value_is_unknown: asked(service(), PRODUCTION)
            .sets(&[PRODUCTION]).unset("/Config/Env/0", "NODE_ENV") => "Unknown",
        a_services_command_counts: asked(service(), UNBUFFERED)
            .writes("/Path", json!("python3")).writes("/Args", json!(["-u", "…"])) => "Pass",
        an_images_variable_passes:
            asked(image(&json!({"Env": [PRODUCTION]})), PRODUCTION) => "Pass",
        an_image_without_it_fails: asked(image(&json!({"Env": ["A=b"]})), PRODUCTION) => "Fail",
        a_dockerfile_that_sets_it_passes:
            asked(dockerfile("FROM a\nENV NODE_ENV=production\n"), PRODUCTION) => "Pass",
        a_dockerfile_on_a_base_that_may_set_it_is_unknown:
            asked(dockerfile("FROM a\n"), PRODUCTION) => "Unknown",
        a_dockerfile_on_nothing_fails: asked(dockerfile("FROM scratch\n"), PRODUCTION) => "Fail",
        a_dockerfiles_command_counts_whatever_its_base_sets: asked(
            dockerfile("FROM python:3.11-slim\nCMD [\"python\", \"-u\", \"server.py\"]\n"),
            UNBUFFERED,
        ) => "Pass",
        also_in_the_shell_form: asked(
            dockerfile("FROM scratch\nCMD cd /app && exec python -u server.py\n"), UNBUFFERED,
        ) => "Pass",
    }

    #[test]
    fn evidence_from_before_a_value_was_kept_tells_nothing_of_it() {
        let case = node(&[PRODUCTION]).engine_starts_with(&[PRODUCTION]).forgets_values(100);
        assert_eq!(case.outcome(&RULE), "Unknown");
        assert_eq!(asked(case, "NODE_ENV").outcome(&RULE), "Pass");
    }

    #[test]
    fn a_value_that_may_be_secret_is_not_repeated() {
        let case = node(&["NODE_ENV=hunter2-canary"]);
        let told = format!("{:?}", case.judge(&RULE));
        assert!(told.contains("NODE_ENV") && !told.contains("canary"), "{told}");
        let case = service().sets(&["NODE_ENV=hunter2-canary"]);
        let told = format!("{:?}", asked(case, PRODUCTION).judge(&RULE));
        assert!(told.contains("NODE_ENV=…") && !told.contains("canary"), "{told}");
    }
}

//! See [`RULE`].

use super::{Promise, faults, judge_each, promise};
use crate::facts::Facts;
use crate::facts::environment::Environment;
use crate::model::secret::{Form, Variable};
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Settings, rule};

rule! {
    /// No password is a well-known one, and no setting does without a password.
    ///
    /// Well-known are the defaults of images and of their documentation, the most used of the
    /// published lists, examples that were never replaced, and a password that is the user's
    /// name. Settings such as `POSTGRES_HOST_AUTH_METHOD=trust` do without one.
    ///
    /// ## Why it matters
    /// Whoever reaches the port tries these first. Scanners of the whole internet need
    /// seconds for them, and neighbours on the network no more.
    ///
    /// ## How to fix
    /// compose: `secrets: [db_password]` with `environment: {POSTGRES_PASSWORD_FILE: /run/secrets/db_password}`; make the file with `openssl rand -base64 32`
    /// run: `--env POSTGRES_PASSWORD_FILE=/run/secrets/db_password` with the file mounted read-only
    pub static RULE = {
        id: "no-default-credentials",
        title: "no well-known password, and none missing",
        severity: Severity::Crit,
        targets: [Container, Service],
        references: &["OWASP Docker D07", "CWE-1392"],
        parameters: &[],
        judge: judge,
    }
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    judge_each(facts, |_| true, check)
}

fn check(environment: &Environment) -> Check {
    faults(environment, "no variable holds a password that everybody knows", |variable| {
        let promise = promise(variable.name.raw());
        let form = &variable.value.form;
        if *form == (Form::Credentials { common: true }) {
            return Some("holds an address with a password that everybody knows".to_owned());
        }
        if *form == Form::Common && promise != Promise::Nothing {
            return Some("holds a password that everybody knows".to_owned());
        }
        if promise == Promise::Password
            && let Some(user) = same_as_a_user(variable, environment)
        {
            return Some(format!("is the same as the name in {}", user.name));
        }
        opens_the_door(variable)
    })
}

/// The variable that names a user and has the same value.
fn same_as_a_user<'e>(variable: &Variable, environment: &'e Environment) -> Option<&'e Variable> {
    let names_a_user = |name: &str| {
        let name = name.to_ascii_uppercase();
        name.ends_with("USER") || name.ends_with("USERNAME") || name.ends_with("LOGIN")
    };
    environment.variables.iter().find(|other| {
        names_a_user(other.name.raw())
            && other.value.length > 0
            && other.value.digest == variable.value.digest
    })
}

/// The collector keeps a value of these settings only where it asks for no password.
fn opens_the_door(variable: &Variable) -> Option<String> {
    const SETTINGS: &[&str] = &[
        "POSTGRES_HOST_AUTH_METHOD",
        "MYSQL_ALLOW_EMPTY_PASSWORD",
        "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD",
        "ALLOW_EMPTY_PASSWORD",
        "ALLOW_ANONYMOUS_LOGIN",
    ];
    let kept = variable.kept.as_ref().filter(|_| SETTINGS.contains(&variable.name.raw()))?;
    Some(format!("is {kept}: whoever reaches the service needs no password"))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, container, service};

    cases! { RULE:
        no_password_at_all_passes: container() => "Pass",
        a_password_of_ones_own_passes: container().engine_starts_with(&["DB_PASSWORD=kW7vPq29sLx"]) => "Pass",
        the_images_default_fails: container().engine_starts_with(&["POSTGRES_PASSWORD=postgres"]) => "Fail",
        an_example_that_was_never_replaced_fails:
            container().engine_starts_with(&["JWT_SECRET=change-me-in-production"]) => "Fail",
        a_number_appended_does_not_help: container().engine_starts_with(&["ADMIN_PASS=Admin2024!"]) => "Fail",
        a_default_inside_a_url_fails:
            container().engine_starts_with(&["DATABASE_URL=postgres://postgres:postgres@db/app"]) => "Fail",
        the_users_own_name_as_password_fails:
            container().engine_starts_with(&["DB_USER=shopkeeper", "DB_PASSWORD=shopkeeper"]) => "Fail",
        a_database_that_trusts_everybody_fails:
            container().engine_starts_with(&["POSTGRES_HOST_AUTH_METHOD=trust"]) => "Fail",
        an_empty_password_that_is_not_allowed_passes:
            container().engine_starts_with(&["MYSQL_ALLOW_EMPTY_PASSWORD=no"]) => "Pass",
        the_same_word_elsewhere_passes:
            container().engine_starts_with(&["POSTGRES_DB=postgres", "APP_ENV=test"]) => "Pass",
        a_processs_own_environment_is_compared_too:
            container().started_with(100, &["REDIS_PASSWORD=redis"]) => "Fail",
        an_unread_environment_is_unknown: container().denied("environ") => "Unknown",
        a_service_without_passwords_passes: service().sets(&["LEVEL=info"]) => "Pass",
        a_service_with_the_images_default_fails: service().sets(&["POSTGRES_PASSWORD=postgres"]) => "Fail",
        a_service_with_the_images_default_fails_whatever_the_image_sets:
            service().sets(&["POSTGRES_PASSWORD=postgres"]).without_the_image() => "Fail",
        a_services_variable_without_a_value_may_be_a_default:
            service().sets(&["DB_PASSWORD=x"]).unset("/Config/Env/0", "DB_PASSWORD") => "Unknown",
    }
}

//! See [`RULE`].

use super::{Promise, faults, may_be_secret, promise};
use crate::facts::Facts;
use crate::model::secret::{Form, Variable};
use crate::model::severity::Severity;
use crate::model::verdict::Verdict;
use crate::rules::{Parameter, Settings, Shape, rule};

rule! {
    /// No environment variable holds a secret.
    ///
    /// Names and values are weighed together: a token known by its form is found under any
    /// name, and a name such as `DB_PASSWORD` counts only with a value that could be one. What
    /// the container is started with counts, and what each process was started with: a secret
    /// that only a process has, put there by an entrypoint, is a milder finding. Of a service whose
    /// image nobody has at hand, what the image sets is the image's own finding.
    ///
    /// ## Why it matters
    /// Every process and every crash report of the container inherits its environment, and
    /// `docker inspect` shows it to everybody who may ask the engine. A file under
    /// `/run/secrets` is read by the one program that needs it.
    ///
    /// ## How to fix
    /// compose: `secrets: [db_password]` with `environment: {DB_PASSWORD_FILE: /run/secrets/db_password}`
    /// run: `--volume /etc/shop/db_password:/run/secrets/db_password:ro --env DB_PASSWORD_FILE=/run/secrets/db_password`
    /// Dockerfile: `ENV DB_PASSWORD_FILE=/run/secrets/db_password`, and for the build `RUN --mount=type=secret,id=token`
    pub static RULE = {
        id: "no-secrets-in-environment",
        title: "no secret is in the environment",
        severity: Severity::High,
        targets: [Container, Service, Image, Dockerfile],
        references: &["CIS Docker 1.6: 4.10", "Trivy DS-0031", "compose-lint CL-0020", "compose-lint CL-0021"],
        parameters: &[Parameter {
            name: "accept",
            about: "variables that may hold what looks like a secret",
            shape: Shape::List,
            default: &[],
            check: |_| Ok(()),
        }],
        judge: judge,
    }
}

fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    let fault = |variable: &Variable| {
        let is_accepted = settings.list("accept").iter().any(|it| it == variable.name.raw());
        if is_accepted { None } else { given_away(variable) }
    };
    let given = facts
        .given_environment
        .about(|_| true)
        .judge(|environment| faults(environment, HOLDS, fault));
    let exported =
        facts.environments.judge(|held| faults(&held.value, HOLDS, fault).only(Severity::Med));
    given.and(exported)
}

const HOLDS: &str = "no variable holds a secret";

/// What a variable gives away, if anything: by its looks under any name, or by
/// its name if it could be what that promises.
fn given_away(variable: &Variable) -> Option<String> {
    let form = &variable.value.form;
    if let Form::Token(issuer) = form {
        return Some(format!("holds {issuer}"));
    }
    let what = if *form == Form::PrivateKey {
        "a private key"
    } else if matches!(form, Form::Credentials { .. }) {
        "an address with a password in it"
    } else {
        match promise(variable.name.raw()) {
            Promise::Password if may_be_secret(variable) => "a password",
            Promise::Token if may_be_secret(variable) => "a token or key",
            Promise::Signing if may_be_secret(variable) => "a signing key",
            Promise::Password | Promise::Token | Promise::Signing | Promise::Nothing => {
                return None;
            }
        }
    };
    Some(format!("holds {what}"))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, container, dockerfile, image, service};

    /// What other tools take for a secret, and is none.
    const FALSE_ALARMS: &[&str] = &[
        "libcrypto3=3.1.4",
        "PASSWORD_FILE=/run/secrets/x",
        "POSTGRES_PASSWORD_FILE=/run/secrets/pg",
        "KEYCLOAK_URL=https://sso.example.org",
        "KEYCLOAK_AUTH_SERVER_URL=http://keycloak:8080/auth",
        "JWT_PUBLIC_KEY=-----BEGIN PUBLIC KEY-----",
        "SSH_AUTHORIZED_KEY=ssh-ed25519 AAAAC3Nza me",
        "GPG_KEY=7169605F62C751356D054A26A821E680E5FA6305",
        "TOKENIZERS_PARALLELISM=false",
        "PWD=/srv/app",
        "SSH_AUTH_SOCK=/run/ssh.sock",
        "TOKEN_TTL=3600",
        "PASSWORD_MIN_LENGTH=12",
        "ALLOW_EMPTY_PASSWORD=no",
        "DB_PASSWORD=",
        "DB_PASSWORD=${DB_PASSWORD}",
        "SECRETS_DIR=/run/secrets",
        "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE",
        "NEXT_PUBLIC_API_KEY=pk_8a7sd6f8a7sd6f",
        "NODE_VERSION=20.11.1",
        "JAVA_HOME=/usr/lib/jvm/17",
        "REDIS_URL=redis://cache:6379/0",
        "USE_TOKEN=true",
        "AUTH_SECRET_NAME=shop-auth",
        "GIT_ASKPASS=/usr/bin/askpass",
        "YARN_VERSION=1.22.19",
        "PYTHON_SHA256=e1a9ad6ee9ffac0a5a5f6f8a6b8f9d4d",
        "LS_COLORS=rs=0:di=01;34",
        "SORT_KEY=created_at",
        "JWT_ALGORITHM=HS256",
        "API_TOKEN_HEADER=X-Api-Token",
        "BYPASS_CACHE=abcdef",
    ];

    const TOKEN: &str = concat!("BUILD_INFO=ghp_", "Zk3Zk3Zk3Zk3Zk3Zk3Zk3Zk3Zk3Zk3Zk3Zk3");

    cases! { RULE:
        an_ordinary_environment_passes: container() => "Pass",
        what_only_resembles_a_secret_passes:
            container().engine_starts_with(FALSE_ALARMS).started_with(100, FALSE_ALARMS) => "Pass",
        a_password_fails: container().engine_starts_with(&["DB_PASSWORD=kW7vPq29sLx"]) => "Fail",
        a_url_with_a_password_fails:
            container().engine_starts_with(&["DATABASE_URL=postgres://app:kW7vPq29sLx@db/shop"]) => "Fail",
        a_token_under_a_harmless_name_fails: container().engine_starts_with(&[TOKEN]) => "Fail",
        a_private_key_fails:
            container().engine_starts_with(&["TLS=-----BEGIN PRIVATE KEY-----\nMIIE"]) => "Fail",
        what_an_entrypoint_exported_is_compared_too_and_is_milder:
            container().started_with(100, &["DB_PASSWORD=kW7vPq29sLx"]) => "Fail(med)",
        a_process_that_cleaned_its_environment_does_not_excuse_the_record: container()
            .engine_starts_with(&["DB_PASSWORD=kW7vPq29sLx"]).started_with(100, &[]) => "Fail",
        an_accepted_variable_passes: container()
            .engine_starts_with(&["DB_PASSWORD=kW7vPq29sLx"]).set("accept", &["DB_PASSWORD"]) => "Pass",
        an_environment_that_may_not_be_read_is_unknown: container().denied("environ") => "Unknown",
        the_record_alone_cannot_acquit: container().kernel_denied() => "Unknown",
        without_an_engine_the_first_process_convicts: container()
            .found_in_proc().started_with(100, &["DB_PASSWORD=kW7vPq29sLx"]) => "Fail",
        a_service_without_secrets_passes: service().sets(&["LEVEL=info"]) => "Pass",
        a_service_with_a_password_fails: service().sets(&["DB_PASSWORD=kW7vPq29sLx"]) => "Fail",
        what_a_service_sets_for_sure_convicts_whatever_else_it_sets: service()
            .sets(&["DB_PASSWORD=kW7vPq29sLx", "OTHER=x"]).unset("/Config/Env/1", "OTHER") => "Fail",
        a_services_variable_without_a_value_may_be_a_secret:
            service().sets(&["OTHER=x"]).unset("/Config/Env/0", "OTHER") => "Unknown",
        what_an_image_sets_is_the_images_own_finding: service().without_the_image() => "Pass",
        a_dockerfile_without_any_passes: dockerfile("FROM a\nENV NODE_ENV=production\n") => "Pass",
        a_secret_in_a_dockerfile_fails: dockerfile("FROM a\nENV DB_PASSWORD=hunter2-canary\n") => "Fail",
        a_secret_of_a_builder_does_not_ship: dockerfile("FROM a AS b\nENV DB_PASSWORD=hunter2-canary\nFROM a\n") => "Pass",
        a_secret_of_an_image_fails: image(&serde_json::json!({"Env": ["API_TOKEN=hunter2-canary"]})) => "Fail",
    }
}

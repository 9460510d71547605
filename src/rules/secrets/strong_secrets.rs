//! See [`RULE`].

use super::{Promise, faults, judge_each, may_be_secret, promise};
use crate::facts::Facts;
use crate::facts::environment::Environment;
use crate::model::secret::Variable;
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::settings::is_number;
use crate::rules::{Parameter, Settings, Shape, rule};

rule! {
    /// What the service signs or encrypts with is long and random enough.
    ///
    /// Variables such as `JWT_SECRET` and `SESSION_SECRET` that hold the value itself are
    /// measured. How often each character occurs gives an upper bound of the randomness: a
    /// value that fails it is certainly weak.
    ///
    /// ## Why it matters
    /// Whoever has one token can try keys against its signature offline, without anybody
    /// noticing. A key that can be guessed lets him sign tokens for every user.
    ///
    /// ## How to fix
    /// compose: `secrets: [jwt_secret]`, the file made with `openssl rand -base64 48`
    /// run: `--env JWT_SECRET_FILE=/run/secrets/jwt_secret`, the file made with `openssl rand -base64 48`
    pub static RULE = {
        id: "strong-secrets",
        title: "signing keys are long and random",
        severity: Severity::High,
        targets: [Container, Service],
        references: &["RFC 7518 section 3.2", "CWE-521"],
        parameters: &[
            Parameter {
                name: "min-length",
                about: "the fewest characters of a signing key; HS256 needs 32",
                shape: Shape::One,
                default: &["32"],
                check: is_number,
            },
            Parameter {
                name: "min-entropy",
                about: "the fewest bits of a signing key, by the upper bound",
                shape: Shape::One,
                default: &["96"],
                check: is_number,
            },
        ],
        judge: judge,
    }
}

fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    let length = settings.number("min-length").unwrap_or_default();
    let entropy = settings.number("min-entropy").unwrap_or_default();
    let signs = |name: &str| promise(name) == Promise::Signing;
    judge_each(facts, signs, |environment| check(environment, length, entropy))
}

fn check(environment: &Environment, length: usize, entropy: u32) -> Check {
    let is_asked = |variable: &Variable| {
        promise(variable.name.raw()) == Promise::Signing && may_be_secret(variable)
    };
    if !environment.variables.iter().any(is_asked) {
        return Check::moot("no variable holds a signing key");
    }
    faults(environment, "every signing key is long and random enough", |variable| {
        let value = &variable.value;
        if !is_asked(variable) {
            None
        } else if value.length < length {
            Some(format!("has {} characters, and should have {length} or more", value.length))
        } else if value.entropy < entropy {
            Some(format!("has at most {} bits, and should have {entropy} or more", value.entropy))
        } else {
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, container, service};

    const STRONG: &str = "JWT_SECRET=q8Zr2vT1xYp0sK7mB4nC9dF6gH3jL5wQeRtUiOaS";

    cases! { RULE:
        without_a_signing_key_there_is_nothing_to_ask: container() => "NotApplicable",
        a_long_random_key_passes:
            container().engine_starts_with(&[STRONG]).started_with(100, &[STRONG]) => "Pass",
        a_short_key_fails: container().engine_starts_with(&["JWT_SECRET=kW7vPq29sLx"]) => "Fail",
        a_long_key_of_one_letter_fails:
            container().engine_starts_with(&["SESSION_SECRET=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]) => "Fail",
        a_policy_may_ask_for_less: container()
            .engine_starts_with(&["JWT_SECRET=kW7vPq29sLx"]).set("min-length", &["8"]).set("min-entropy", &["20"])
            => "Pass",
        a_key_in_a_file_is_not_weighed:
            container().engine_starts_with(&["JWT_SECRET_FILE=/run/secrets/jwt"]) => "NotApplicable",
        a_password_is_no_signing_key: container().engine_starts_with(&["DB_PASSWORD=short"]) => "NotApplicable",
        what_an_entrypoint_exported_is_compared_too:
            container().started_with(100, &["JWT_SECRET=short"]) => "Fail",
        an_unread_environment_is_unknown: container().denied("environ") => "Unknown",
        a_service_with_a_strong_key_passes: service().sets(&[STRONG]) => "Pass",
        a_service_with_a_short_key_fails: service().sets(&["JWT_SECRET=kW7vPq29sLx"]) => "Fail",
        a_services_key_without_a_value_is_unknown:
            service().sets(&["JWT_SECRET=x"]).unset("/Config/Env/0", "JWT_SECRET") => "Unknown",
        another_variable_without_a_value_is_no_key:
            service().sets(&["LEVEL=x"]).unset("/Config/Env/0", "LEVEL") => "NotApplicable",
    }
}

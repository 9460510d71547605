//! Is what must be secret kept secret, and worth the name?
//!
//! A name promises and a value keeps: both are weighed. `API_TOKEN=true` is a
//! switch, `PASSWORD_FILE=/run/secrets/x` says where the secret is, and
//! `BUILD_INFO=ghp_…` gives one away all the same.

pub mod env_file_protected;
pub mod no_default_credentials;
pub mod no_secrets_in_environment;
pub mod required_env;
pub mod strong_secrets;

use crate::facts::Facts;
use crate::facts::environment::Environment;
use crate::model::secret::{Form, Variable};
use crate::model::verdict::{Check, Verdict};
pub(in crate::rules) use crate::parse::secret::promise::{Promise, promise};

/// Judges what the container is started with, and what each process was, by the
/// variables whose names `matter`.
fn judge_each(
    facts: &Facts,
    matters: impl Fn(&str) -> bool,
    check: impl Fn(&Environment) -> Check,
) -> Verdict {
    let given = facts.given_environment.about(matters).judge(&check);
    given.and(facts.environments.judge(|held| check(&held.value)))
}

/// Holds every variable against `fault`, which says what is wrong with one.
fn faults(
    environment: &Environment,
    holds: &'static str,
    fault: impl Fn(&Variable) -> Option<String>,
) -> Check {
    let found = environment.variables.iter().filter_map(|it| Some((it, fault(it)?)));
    found.fold(Check::holds(holds), |check, (variable, fault)| {
        check
            .also(&format!("{} {fault}", variable.name))
            .showing(variable.name.clone(), variable.value.to_string())
    })
}

/// What a variable gives away, if anything: by its looks under any name, or by
/// its name if it could be what that promises.
pub(in crate::rules) fn given_away(variable: &Variable) -> Option<String> {
    let form = &variable.value.form;
    if let Form::Token(issuer) = form {
        return Some(issuer.to_string());
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
    Some(what.to_owned())
}

/// Whether a value could be what a secret's name promises, by what it looks like.
fn may_be_secret(variable: &Variable) -> bool {
    match &variable.value.form {
        Form::Opaque
        | Form::Common
        | Form::Hash
        | Form::Version
        // A password may look like a host's name.
        | Form::Address
        | Form::PrivateKey
        | Form::Credentials { .. }
        | Form::Token(_) => true,
        // A number of four digits may be a password, one of two is a setting.
        Form::Number => variable.value.length >= 4,
        Form::Empty
        | Form::Flag
        | Form::Path
        | Form::Url
        | Form::Public
        | Form::Reference => false,
    }
}

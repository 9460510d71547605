//! What a variable's name promises of its value.

/// What a variable's name promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// A password, a passphrase or credentials.
    Password,
    /// A token or a key of somebody else's.
    Token,
    /// A key that this service itself signs or encrypts with.
    Signing,
    /// Nothing secret.
    Nothing,
}

/// Words that make a name one of a password's.
const PASSWORD: &[&str] = &[
    "PASSWORD",
    "PASSWORDS",
    "PASSWD",
    "PASS",
    "PWD",
    "PASSPHRASE",
    "CREDENTIAL",
    "CREDENTIALS",
    "PASSWORT",
    "USERPASS",
    "PGPASSWORD",
    "SSHPASS",
    "ASKPASS",
];

/// Words that make a name one of a token's.
const TOKEN: &[&str] = &["TOKEN", "TOKENS", "SECRET", "SECRETS", "APIKEY", "PAT", "BEARER"];

/// What makes `KEY` the name of a secret; alone it is anything.
const KEYS: &[&str] = &[
    "API",
    "ACCESS",
    "PRIVATE",
    "SECRET",
    "ENCRYPTION",
    "SIGNING",
    "MASTER",
    "SESSION",
    "AUTH",
    "APP",
    "LICENSE",
    "ACCOUNT",
    "SERVICE",
    "CLIENT",
];

/// What this service signs or encrypts with, beside `SECRET` or `KEY`.
const SIGNING: &[&str] = &[
    "JWT",
    "SESSION",
    "COOKIE",
    "SIGNING",
    "ENCRYPTION",
    "NEXTAUTH",
    "HMAC",
    "CSRF",
    "DJANGO",
    "FLASK",
    "RAILS",
    "APP",
    "MASTER",
    "TOKEN",
];

/// A last word that says that the value is about a secret, and not one.
const ABOUT: &[&str] = &[
    "FILE",
    "PATH",
    "DIR",
    "FOLDER",
    "URL",
    "URI",
    "ENDPOINT",
    "HOST",
    "HOSTNAME",
    "PORT",
    "NAME",
    "ID",
    "TTL",
    "EXPIRY",
    "EXPIRES",
    "EXPIRATION",
    "IN",
    "AGE",
    "LENGTH",
    "SIZE",
    "MIN",
    "MAX",
    "COUNT",
    "LIMIT",
    "TIMEOUT",
    "INTERVAL",
    "TYPE",
    "KIND",
    "ALGORITHM",
    "ALG",
    "METHOD",
    "MODE",
    "POLICY",
    "HEADER",
    "PREFIX",
    "SUFFIX",
    "FORMAT",
    "ENABLED",
    "REQUIRED",
    "VERSION",
    "REGION",
    "PROVIDER",
    "ISSUER",
    "AUDIENCE",
    "SCOPE",
    "REALM",
    "SOCK",
    "ROTATION",
];

/// Words that say that everybody may know the value.
const PUBLIC: &[&str] = &["PUBLIC", "PUBLISHABLE", "ANON", "GPG", "FINGERPRINT"];

/// What a name promises.
pub fn promise(name: &str) -> Promise {
    if matches!(name, "PWD" | "OLDPWD") {
        return Promise::Nothing;
    }
    let words = words(name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let last = words.last().map(String::as_str).unwrap_or_default();
    if ABOUT.contains(&last) || has(PUBLIC) {
        return Promise::Nothing;
    }
    let is_key = words.iter().any(|word| word == "KEY" || word == "KEYS");
    let secret = has(&["SECRET", "SECRETS"]);
    if has(SIGNING) && (secret || is_key) && !has(&["API", "ACCESS", "CLIENT", "ACCOUNT"]) {
        return Promise::Signing;
    }
    if secret && is_key && words.len() <= 3 && !has(&["AWS", "ACCESS", "API", "CLIENT"]) {
        return Promise::Signing;
    }
    if has(PASSWORD) {
        return Promise::Password;
    }
    if has(TOKEN) || (is_key && has(KEYS)) {
        return Promise::Token;
    }
    Promise::Nothing
}

/// A name's words, in capitals: `dbPassword`, `db-password` and `DB_PASSWORD`
/// are the same two. Digits at a word's end are not part of it.
fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut before = ' ';
    let mut end = |word: &mut String| {
        word.truncate(word.trim_end_matches(|it: char| it.is_ascii_digit()).len());
        if !word.is_empty() {
            words.push(std::mem::take(word));
        }
    };
    for character in name.chars() {
        let starts = before.is_ascii_lowercase() && character.is_ascii_uppercase();
        if starts || !character.is_ascii_alphanumeric() {
            end(&mut word);
        }
        if character.is_ascii_alphanumeric() {
            word.push(character.to_ascii_uppercase());
        }
        before = character;
    }
    end(&mut word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_word_by_word() {
        for name in ["DB_PASSWORD", "dbPassword", "db-password", "PGPASSWORD", "ROOT_PASSWORD2"] {
            assert_eq!(promise(name), Promise::Password, "{name}");
        }
        for (name, expected) in [
            ("JWT_SECRET", Promise::Signing),
            ("SECRET_KEY", Promise::Signing),
            ("DJANGO_SECRET_KEY", Promise::Signing),
            ("SESSION_SECRET", Promise::Signing),
            ("SECRET_KEY_BASE", Promise::Signing),
            ("APP_KEY", Promise::Signing),
            ("AWS_SECRET_ACCESS_KEY", Promise::Token),
            ("GITHUB_TOKEN", Promise::Token),
            ("STRIPE_API_KEY", Promise::Token),
            ("OAUTH_CLIENT_SECRET", Promise::Token),
            ("METRICS_PASS", Promise::Password),
        ] {
            assert_eq!(promise(name), expected, "{name}");
        }
    }

    #[test]
    fn names_that_only_resemble_a_secrets_promise_nothing() {
        for name in [
            "libcrypto3",
            "PASSWORD_FILE",
            "KEYCLOAK_URL",
            "KEYCLOAK_REALM",
            "GPG_KEY",
            "MONKEY",
            "TOKENIZERS_PARALLELISM",
            "SSH_AUTH_SOCK",
            "PWD",
            "OLDPWD",
            "TOKEN_TTL",
            "PASSWORD_MIN_LENGTH",
            "NEXT_PUBLIC_API_KEY",
            "COMPASS",
            "KEYBOARD",
            "BYPASS",
            "AWS_ACCESS_KEY_ID",
            "POSTGRES_HOST_AUTH_METHOD",
            "JWT_ALGORITHM",
            "SECRET_NAME",
            "JWT_EXPIRES_IN",
            "SORT_KEY",
            "PARTITION_KEY",
            "AUTHOR",
            "PASSENGER_APP_ENV",
        ] {
            assert_eq!(promise(name), Promise::Nothing, "{name}");
        }
    }
}

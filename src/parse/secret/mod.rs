//! What a value looks like, before it is sealed.
//!
//! Names promise and values keep: `API_TOKEN=true` is a switch and
//! `COLOUR=ghp_…` a token. So each value is looked at once, here, where it is
//! still known, and only what was recognised goes on.

mod common;
pub mod promise;
mod token;

use crate::model::secret::{Form, Key, Secret};

/// Recognises a value and seals it.
pub fn seal(value: &str, key: &Key) -> Secret {
    Secret::seal(value, form(value), key)
}

/// Whether an entry of an environment is all value: a token or key where a name
/// should be, its padding taken for an empty value.
pub fn stands_for_a_name(name: &str, value: &str) -> bool {
    let has = |fits: fn(&char) -> bool| name.chars().any(|it| fits(&it));
    let is_padded = value.chars().all(|it| it == '=')
        && name.len() >= 16
        && name.chars().all(|it| it.is_ascii_alphanumeric() || matches!(it, '+' | '/' | '-'))
        && has(char::is_ascii_uppercase)
        && has(char::is_ascii_lowercase)
        && has(char::is_ascii_digit);
    name.contains("-----BEGIN")
        || token::issuer(name).is_some()
        || password_in(name).is_some()
        || is_padded
}

/// Whether a word is a token, known by how its issuer writes it or by letters and
/// digits that nobody would type.
pub fn is_token(word: &str) -> bool {
    const SHORTEST: usize = 24;
    let count = |fits: fn(&char) -> bool| word.chars().filter(fits).count();
    let is_mixed = || {
        count(char::is_ascii_digit) >= 3
            && count(char::is_ascii_uppercase) >= 3
            && count(char::is_ascii_lowercase) >= 3
            && word.chars().all(|it| it.is_ascii_alphanumeric() || "+/_=-".contains(it))
    };
    let is_hex = || word.len() >= 32 && word.chars().all(|it| it.is_ascii_hexdigit());
    token::issuer(word).is_some() || (word.len() >= SHORTEST && is_mixed()) || is_hex()
}

/// What a value looks like; the first that fits.
pub fn form(value: &str) -> Form {
    let value = unquoted(value.trim());
    if value.is_empty() {
        return Form::Empty;
    }
    if value.contains("-----BEGIN") {
        return if value.contains("PRIVATE KEY") { Form::PrivateKey } else { Form::Public };
    }
    if let Some(issuer) = token::issuer(value).or_else(|| token::in_url(value)) {
        return Form::Token(issuer.into());
    }
    if let Some(password) = password_in(value) {
        return if is_reference(password) {
            Form::Reference
        } else {
            Form::Credentials { common: common::is_known(password) }
        };
    }
    FORMS.into_iter().find_map(|(fits, form)| fits(value).then_some(form)).unwrap_or(Form::Opaque)
}

type Fits = fn(&str) -> bool;

/// In the order in which they are tried.
const FORMS: [(Fits, Form); 10] = [
    (is_flag, Form::Flag),
    (is_reference, Form::Reference),
    (common::is_known, Form::Common),
    (is_number, Form::Number),
    (is_hash, Form::Hash),
    (is_public_key, Form::Public),
    (is_url, Form::Url),
    (is_path, Form::Path),
    (is_address, Form::Address),
    (is_version, Form::Version),
];

/// A value as a shell or an `.env` file would hand it on.
fn unquoted(value: &str) -> &str {
    let quoted = |mark: char| value.strip_prefix(mark)?.strip_suffix(mark);
    quoted('"').or_else(|| quoted('\'')).unwrap_or(value)
}

fn is_flag(value: &str) -> bool {
    const WORDS: [&str; 12] = [
        "true", "false", "yes", "no", "on", "off", "0", "1", "enabled", "disabled", "none", "null",
    ];
    WORDS.contains(&value.to_ascii_lowercase().as_str())
}

/// What a template engine, a shell or an orchestrator puts a value into.
fn is_reference(value: &str) -> bool {
    let within = |begin: &str, end: &str| value.starts_with(begin) && value.ends_with(end);
    within("${", "}")
        || within("$(", ")")
        || within("{{", "}}")
        || within("<", ">")
        || ["vault:", "secretref:", "op://", "ssm:", "arn:aws:secretsmanager:", "file://", "env:"]
            .iter()
            .any(|scheme| value.starts_with(scheme))
}

/// A number with an optional unit. Many digits are no number any more.
fn is_number(value: &str) -> bool {
    let digits = value.trim_start_matches(['-', '+']);
    let unit = digits.trim_start_matches(|it: char| it.is_ascii_digit() || it == '.' || it == '_');
    let number = digits.len() - unit.len();
    let dots = digits.matches('.').count();
    (1..=10).contains(&number)
        && dots <= 1
        && unit.len() <= 3
        && unit.chars().all(|it| it.is_ascii_alphabetic() || it == '%')
}

/// `crypt(5)`, LDAP and PHC string formats.
fn is_hash(value: &str) -> bool {
    const MARKS: [&str; 12] = [
        "$1$", "$2a$", "$2b$", "$2y$", "$5$", "$6$", "$y$", "$7$", "$argon2", "{SSHA}", "$scrypt$",
        "$pbkdf2",
    ];
    MARKS.iter().any(|mark| value.starts_with(mark)) || value.starts_with("SCRAM-SHA-256$")
}

fn is_public_key(value: &str) -> bool {
    const KINDS: [&str; 6] =
        ["ssh-rsa ", "ssh-ed25519 ", "ecdsa-sha2-", "sk-ssh-", "age1", "-----BEGIN CERTIFICATE"];
    KINDS.iter().any(|kind| value.starts_with(kind))
}

fn is_url(value: &str) -> bool {
    let value = value.strip_prefix("jdbc:").unwrap_or(value);
    let Some((scheme, rest)) = value.split_once("://") else { return false };
    let is_scheme = scheme.starts_with(|it: char| it.is_ascii_alphabetic())
        && scheme.chars().all(|it| it.is_ascii_alphanumeric() || matches!(it, '+' | '-' | '.'));
    is_scheme && !rest.is_empty() && !value.contains(char::is_whitespace)
}

/// A path that somebody would write: absolute or explicitly relative, in
/// printable characters. A base64 text may begin with a slash, and has no
/// folder of a name.
fn is_path(value: &str) -> bool {
    let rooted = ["/", "./", "../", "~/"].iter().any(|begin| value.starts_with(begin));
    let plain = value.chars().all(|it| it.is_ascii_graphic() && !matches!(it, '=' | '+'));
    let first = value.trim_start_matches(['.', '~', '/']);
    let folder = first.split('/').next().unwrap_or_default();
    let named = folder.len() <= 16
        && !folder.is_empty()
        && folder
            .chars()
            .all(|it| it.is_ascii_lowercase() || matches!(it, '_' | '-' | '.' | '0'..='9'));
    rooted && plain && named
}

/// `3.1.4`, `v18.2`, `16.3-1.pgdg120+1`.
fn is_version(value: &str) -> bool {
    let core = value.strip_prefix('v').unwrap_or(value);
    let numbers = core.split(['-', '+', '~', '_']).next().unwrap_or_default();
    let parts: Vec<&str> = numbers.split('.').collect();
    (2..=4).contains(&parts.len())
        && value.len() <= 32
        && parts.iter().all(|part| {
            !part.is_empty() && part.len() <= 6 && part.chars().all(|it| it.is_ascii_digit())
        })
}

/// `db`, `db.internal:5432`, `10.0.0.1`: at most a few labels of lower-case
/// letters. A single word counts only with a port: it may be a password.
fn is_address(value: &str) -> bool {
    let (host, port) = value.rsplit_once(':').map_or((value, None), |(h, p)| (h, Some(p)));
    let is_port = port.is_some_and(|port| port.parse::<u16>().is_ok());
    let labels: Vec<&str> = host.split('.').collect();
    let named = labels.iter().all(|label| {
        !label.is_empty()
            && label.len() <= 32
            && label.chars().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-')
    });
    named && (is_port || (port.is_none() && labels.len() > 1 && ends_like_a_host(&labels)))
}

fn ends_like_a_host(labels: &[&str]) -> bool {
    let last = labels.last().copied().unwrap_or_default();
    let is_number = |label: &&str| label.parse::<u8>().is_ok();
    (labels.len() == 4 && labels.iter().all(is_number))
        || ((2..=8).contains(&last.len()) && last.chars().all(|it| it.is_ascii_lowercase()))
}

/// The password inside a URL or a connection string.
fn password_in(value: &str) -> Option<&str> {
    in_url(value)
        .or_else(|| in_data_source(value))
        .or_else(|| in_connection_string(value))
        .filter(|password| !password.is_empty())
}

fn in_url(value: &str) -> Option<&str> {
    let (_, rest) = value.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    // A password may hold an `@` that nobody escaped; the last one ends it.
    let (user, _) = authority.rsplit_once('@')?;
    user.split_once(':').map(|(_, password)| password)
}

/// `user:…@tcp(db:3306)/shop`, as Go's driver for MySQL has it.
fn in_data_source(value: &str) -> Option<&str> {
    let (user, _) = value.rsplit_once("@tcp(").or_else(|| value.rsplit_once("@unix("))?;
    user.split_once(':').map(|(_, password)| password)
}

/// `Server=db;Password=…`, `host=db password=…`, `jdbc:…://db/shop?password=…`.
fn in_connection_string(value: &str) -> Option<&str> {
    const KEYS: [&str; 5] = ["password", "pwd", "accountkey", "sharedaccesskey", "secretkey"];
    let parts: Vec<&str> = value.split([';', ' ', '?', '&']).collect();
    let is_url = value.contains("://");
    if !is_url && parts.iter().filter(|part| part.contains('=')).count() < 2 {
        return None;
    }
    parts.into_iter().find_map(|part| {
        let (name, password) = part.split_once('=')?;
        KEYS.contains(&name.trim().to_ascii_lowercase().as_str()).then_some(password)
    })
}

#[cfg(test)]
mod tests;

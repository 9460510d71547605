//! What of an environment's values is kept: what tells a runtime how to run, and cannot be
//! a secret.

use super::WITHHELD;
use super::options::{Options, Value};

/// The variables of which a value is kept that is of their grammar, beside those of
/// options, of the search path, and those that name an engine.
const SETTINGS: [(&str, Value); 14] = [
    ("APP_ENV", STAGE),
    ("ASPNETCORE_ENVIRONMENT", STAGE),
    ("DOTNET_ENVIRONMENT", STAGE),
    ("FLASK_DEBUG", SWITCH),
    ("FLASK_ENV", STAGE),
    ("GIN_MODE", STAGE),
    ("MIX_ENV", STAGE),
    ("NODE_ENV", STAGE),
    ("PYTHONDONTWRITEBYTECODE", SWITCH),
    // A seed of one's own may be meant to be secret.
    ("PYTHONHASHSEED", Value::Word(&["random"])),
    ("PYTHONUNBUFFERED", SWITCH),
    ("RACK_ENV", STAGE),
    ("RAILS_ENV", STAGE),
    ("WEB_CONCURRENCY", Value::Number),
];

/// What a program is run for.
const STAGE: Value = Value::Word(&[
    "production",
    "Production",
    "prod",
    "release",
    "staging",
    "Staging",
    "development",
    "Development",
    "dev",
    "debug",
    "test",
]);

const SWITCH: Value = Value::Word(&["0", "1", "true", "false", "True", "False", "on", "off"]);

/// The part of a variable's value that cannot be a secret and that a rule
/// reads, the rest withheld; `None` for any other variable.
pub fn kept_of_variable(name: &str, value: &str) -> Option<String> {
    let setting = || SETTINGS.iter().find(|(known, _)| *known == name);
    let kept = match name {
        "PATH" => value.split(':').map(folder).collect::<Vec<_>>().join(":"),
        "PGDATA" => folder(value).to_owned(),
        "NODE_OPTIONS" => words_of("node", value),
        "GUNICORN_CMD_ARGS" => words_of("gunicorn", value),
        "JAVA_TOOL_OPTIONS" | "JDK_JAVA_OPTIONS" | "JAVA_OPTS" => words_of("java", value),
        _ => if setting()?.1.fits(value) { value } else { WITHHELD }.to_owned(),
    };
    Some(if value.is_empty() { String::new() } else { kept })
}

/// Whether a text can be the name of a variable.
///
/// # Errors
/// Says that it is none.
pub fn is_name(text: &str) -> Result<(), String> {
    if text.is_empty() || text.contains('=') {
        return Err(format!("{text:?} is not the name of a variable"));
    }
    Ok(())
}

/// Whether this value of a variable would be kept as it is, so that it can be told from others.
pub fn is_kept(name: &str, value: &str) -> bool {
    let is_whole = !value.is_empty() && !value.contains(WITHHELD);
    is_whole && kept_of_variable(name, value).is_some_and(|kept| kept == value)
}

/// Options and their values; what stands between them never ends the list.
fn words_of(program: &str, value: &str) -> String {
    let mut kept = Vec::new();
    let mut options = Options::of(program).map(Options::among_others);
    for word in value.split_whitespace() {
        let (shown, rest) = options.map_or((WITHHELD.to_owned(), None), |it| it.read(word));
        kept.push(shown);
        options = rest;
    }
    kept.join(" ")
}

pub(super) fn folder(path: &str) -> &str {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._+-".contains(&byte);
    let is_folder = path.starts_with('/') && path.len() <= 200 && path.bytes().all(is_plain);
    if is_folder { path } else { WITHHELD }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_variable_only_the_options_with_their_grammar_are_kept() {
        for (name, value, expected) in [
            (
                "NODE_OPTIONS",
                "--max-old-space-size=256 --require s3cret",
                "--max-old-space-size=256 … …",
            ),
            ("JAVA_TOOL_OPTIONS", "-Dpw=s3cret -Xmx1g", "… -Xmx1g"),
            ("JAVA_OPTS", "s3cret -XX:MaxRAMPercentage=s3cret", "… …"),
            ("GUNICORN_CMD_ARGS", "--workers 3 --bind=s3cret", "--workers 3 …"),
            ("WEB_CONCURRENCY", "s3cret", "…"),
            ("WEB_CONCURRENCY", "4", "4"),
            ("NODE_ENV", "production", "production"),
            ("NODE_ENV", "s3cret", "…"),
            ("NODE_ENV", "", ""),
            ("PYTHONHASHSEED", "random", "random"),
            ("PYTHONHASHSEED", "4711", "…"),
            ("PATH", "/usr/bin:/bin:s3cret", "/usr/bin:/bin:…"),
        ] {
            assert_eq!(kept_of_variable(name, value).as_deref(), Some(expected), "{name}={value}");
        }
        assert_eq!(kept_of_variable("PASSWORD", "1234"), None);
    }

    #[test]
    fn only_a_value_that_is_kept_whole_can_be_told_from_others() {
        for (name, value) in [
            ("NODE_ENV", "production"),
            ("PYTHONUNBUFFERED", "1"),
            ("NODE_OPTIONS", "--max-old-space-size=512"),
        ] {
            assert!(is_kept(name, value), "{name}={value}");
        }
        for (name, value) in [
            ("NODE_ENV", ""),
            ("NODE_ENV", "…"),
            ("NODE_ENV", " production"),
            ("NODE_OPTIONS", "--require s3cret"),
            ("LOG_LEVEL", "info"),
        ] {
            assert!(!is_kept(name, value), "{name}={value}");
        }
    }
}

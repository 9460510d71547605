//! Passwords that everybody knows, and examples that were never replaced.

/// What remains of them once case, and what people append to please a
/// password rule, is taken away. From the defaults that images and their
/// documentation ship with, and from the head of published lists.
const KNOWN: [&str; 79] = [
    "abc",
    "admin",
    "administrator",
    "airflow",
    "apassword",
    "app",
    "azerty",
    "bitnami",
    "cassandra",
    "change",
    "changeit",
    "changeme",
    "changemeplease",
    "changethis",
    "default",
    "demo",
    "dev",
    "development",
    "docker",
    "dragon",
    "elastic",
    "example",
    "foobar",
    "gitlab",
    "grafana",
    "guest",
    "hello",
    "hunter",
    "iloveyou",
    "insecure",
    "jenkins",
    "keycloak",
    "letmein",
    "login",
    "master",
    "mariadb",
    "metabase",
    "minio",
    "minioadmin",
    "mongo",
    "monkey",
    "mypassword",
    "mysecret",
    "mysecretpassword",
    "mysql",
    "nextcloud",
    "nopassword",
    "notsecure",
    "odoo",
    "openpgpwd",
    "oracle",
    "pass",
    "passw0rd",
    "password",
    "postgres",
    "postgresql",
    "prod",
    "p@ssw0rd",
    "p@ssword",
    "qwerty",
    "rabbitmq",
    "redis",
    "root",
    "rootpass",
    "rootpassword",
    "sa",
    "secret",
    "secretkey",
    "secretpassword",
    "secure",
    "sonar",
    "superset",
    "supersecret",
    "test",
    "testing",
    "toor",
    "user",
    "welcome",
    "wordpress",
];

/// What examples begin with that ask to be replaced.
const ASKING: [&str; 12] = [
    "change-me",
    "change_me",
    "changeme",
    "change-this",
    "change_this",
    "replace-me",
    "replace_me",
    "replace-this",
    "replace_this",
    "your-",
    "your_",
    "insert-",
];

/// What examples end with that ask to be replaced: `secure-password-here`.
const ASKING_AT_END: [&str; 2] = ["-here", "_here"];

/// Digits alone that people type.
const DIGITS: [&str; 9] = [
    "1234",
    "12345",
    "123456",
    "1234567",
    "12345678",
    "123456789",
    "1234567890",
    "111111",
    "000000",
];

/// Whether everybody knows this password.
pub(super) fn is_known(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let is_asking = ASKING.iter().any(|it| lower.starts_with(it))
        || ASKING_AT_END.iter().any(|it| lower.ends_with(it));
    if is_asking || DIGITS.contains(&lower.as_str()) {
        return true;
    }
    // `Password123!` is `password` to everybody who tries.
    let is_appended = |it: char| it.is_ascii_digit() || matches!(it, '!' | '.' | '#' | '$' | '*');
    let bare = lower.trim_end_matches(is_appended);
    let bare = if bare.len() + 6 < lower.len() { lower.as_str() } else { bare };
    KNOWN.contains(&bare)
}

//! Files that hold secrets by their nature: which they are, and what in them
//! gives something a value.

use serde_json::Value;

/// How such a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A key as a whole.
    Key,
    /// Lines of a name and a value: `.env`, `.npmrc`, `.pypirc`, `.my.cnf`.
    Lines,
    /// Words of which one names the next: `.netrc`.
    Words,
    /// Lines that are all value: `.git-credentials`.
    Values,
    /// Lines of five parts, the last a password: `.pgpass`.
    Parts,
    /// A JSON document: Docker's `config.json`, the key of a service account.
    Json,
}

/// The names of files, and how each is written.
const NAMES: [(&str, Form); 19] = [
    ("id_rsa", Form::Key),
    ("id_dsa", Form::Key),
    ("id_ecdsa", Form::Key),
    ("id_ed25519", Form::Key),
    (".env", Form::Lines),
    (".npmrc", Form::Lines),
    (".pypirc", Form::Lines),
    (".my.cnf", Form::Lines),
    (".s3cfg", Form::Lines),
    ("terraform.tfvars", Form::Lines),
    (".netrc", Form::Words),
    ("_netrc", Form::Words),
    (".git-credentials", Form::Values),
    (".pgpass", Form::Parts),
    (".dockercfg", Form::Json),
    (".dockerconfigjson", Form::Json),
    ("credentials.json", Form::Json),
    ("service-account.json", Form::Json),
    ("secrets.json", Form::Json),
];

/// Names of settings, which may hold secrets and often do not: only what is in them
/// tells.
const SETTINGS: [(&str, Form); 3] =
    [(".yarnrc", Form::Lines), (".yarnrc.yml", Form::Lines), ("pip.conf", Form::Lines)];

/// Names that are kept for secrets, of files that nothing is read out of.
const UNREAD: [&str; 6] =
    [".htpasswd", ".vault-token", "key.pem", "kubeconfig", "privkey.pem", "terraform.tfstate"];

/// How names of private keys and key stores end. Of others that end in `.pem` or `.p8`
/// only what is in them tells.
const STORES: [&str; 9] =
    [".key", ".p12", ".pfx", ".jks", ".keystore", ".kdbx", ".ppk", "-key.pem", "_key.pem"];

/// Folders of keys and credentials.
const FOLDERS: [&str; 4] = [".aws", ".gnupg", ".kube", ".ssh"];

/// Names that mean something only in a folder of this name.
const WITHIN: [(&str, &str, Form); 4] = [
    (".aws", "credentials", Form::Lines),
    (".docker", "config.json", Form::Json),
    (".kube", "config", Form::Lines),
    (".cargo", "credentials.toml", Form::Lines),
];

/// Ends of the names of keys.
const KEYS: [&str; 4] = [".pem", ".key", ".p8", ".ppk"];

/// Parts of the name of an `.env` that is handed out with the source.
const EXAMPLES: [&str; 6] = ["example", "sample", "template", "dist", "defaults", "schema"];

/// How a file is written that holds secrets by its nature, by its path.
pub fn form(path: &[u8]) -> Option<Form> {
    let path = std::str::from_utf8(path).ok()?;
    let (folder, name) = path.rsplit_once('/')?;
    let folder = folder.rsplit('/').next().unwrap_or_default();
    let is_key = || KEYS.iter().any(|it| name.ends_with(it));
    let is_example = || name.rsplit('.').next().is_some_and(|end| EXAMPLES.contains(&end));
    let known = NAMES.iter().chain(&SETTINGS).find(|(it, _)| *it == name).map(|(_, form)| *form);
    known
        .or_else(|| within(folder, name))
        .or_else(|| is_key().then_some(Form::Key))
        .or_else(|| (is_environment(name) && !is_example()).then_some(Form::Lines))
}

/// Whether a file or folder of this path holds secrets by its name alone.
pub fn is_holder(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    let (around, name) = path.rsplit_once('/').unwrap_or(("", path));
    let folder = around.rsplit('/').next().unwrap_or_default();
    NAMES.iter().any(|(it, _)| *it == name)
        || UNREAD.contains(&name)
        || within(folder, name).is_some()
        || is_environment(name) && !is_example(name)
        || STORES.iter().any(|it| name.len() > it.len() && name.ends_with(it))
        || path.split('/').any(|part| FOLDERS.contains(&part)) && !name.ends_with(".pub")
}

/// Whether this is the path of an environment file that is handed out with the source,
/// with nothing secret in it.
pub fn is_example(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.split('.').any(|part| EXAMPLES.contains(&part))
}

/// Whether a file of this path is an environment file by its name, `.env` or `.env.local`,
/// and none that is handed out.
pub fn is_env_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    (name == ".env" || name.starts_with(".env.")) && !is_example(name)
}

fn within(folder: &str, name: &str) -> Option<Form> {
    let found = WITHIN.iter().find(|it| it.0 == folder && it.1 == name);
    found.map(|(_, _, form)| *form)
}

fn is_environment(name: &str) -> bool {
    name.starts_with(".env.") || name.ends_with(".env")
}

/// Every name in it and its value. What has no name has an empty one.
pub fn pairs(form: Form, text: &str) -> Vec<(String, String)> {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    match form {
        Form::Key if text.contains("PRIVATE KEY-----") => {
            vec![pair("", "-----BEGIN PRIVATE KEY-----")]
        }
        Form::Key if text.starts_with("PuTTY-User-Key-File") => {
            vec![pair("", "-----BEGIN PRIVATE KEY-----")]
        }
        Form::Key => Vec::new(),
        Form::Lines => text.lines().filter_map(line).collect(),
        Form::Values => text.lines().map(|it| pair("", it.trim())).collect(),
        Form::Words => {
            let words: Vec<&str> = text.split_whitespace().collect();
            words.windows(2).filter_map(|it| Some(pair(it.first()?, it.last()?))).collect()
        }
        Form::Parts => {
            let lines = text.lines().filter(|it| !it.starts_with('#'));
            lines.filter_map(|it| Some(pair("password", it.splitn(5, ':').nth(4)?))).collect()
        }
        Form::Json => {
            let mut found = Vec::new();
            if let Ok(document) = serde_json::from_str(text) {
                leaves("", &document, &mut found);
            }
            found
        }
    }
}

/// `NAME=value`, `name: value`, `export NAME=value`, `//host/:_authToken=value`.
fn line(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    let line = line.strip_prefix("export ").unwrap_or(line);
    if line.is_empty() || line.starts_with(['#', ';', '[']) {
        return None;
    }
    let equals = line.split_once('=').or_else(|| line.split_once(": "));
    let (name, value) = equals.or_else(|| line.split_once(char::is_whitespace))?;
    // Of a registry's option only what follows the host is a name.
    let name = name.trim().rsplit([':', '/']).next().unwrap_or_default();
    let value = value.trim();
    (!value.starts_with('$')).then(|| (named(name), value.to_owned()))
}

/// The texts of a document, each by the key that it has.
fn leaves(key: &str, value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) => found.push((named(key), text.clone())),
        Value::Array(items) => items.iter().for_each(|it| leaves(key, it, found)),
        Value::Object(fields) => fields.iter().for_each(|(key, it)| leaves(key, it, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What these files call the password of a registry says what it is nowhere else.
fn named(name: &str) -> String {
    match name {
        "auth" | "_auth" | "identitytoken" => "auth-password".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str, text: &str) -> Vec<String> {
        let form = form(path.as_bytes()).unwrap();
        pairs(form, text).into_iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn each_kind_of_file_tells_its_names_and_values() {
        assert_eq!(of("/a/.env", "A=b\n# c=d\nexport E=f\nG=$H\n"), ["A=b", "E=f"]);
        assert_eq!(of("/.npmrc", "//registry.npmjs.org/:_authToken=x\n"), ["_authToken=x"]);
        assert_eq!(
            of("/root/.netrc", "machine h login me password x")[3..],
            ["me=password", "password=x"]
        );
        assert_eq!(of("/root/.pgpass", "h:5432:d:me:a:b\n"), ["password=a:b"]);
        assert_eq!(of("/root/.git-credentials", "https://me:x@h\n"), ["=https://me:x@h"]);
        let docker = r#"{"auths":{"h":{"auth":"eA=="}}}"#;
        assert_eq!(of("/root/.docker/config.json", docker), ["auth-password=eA=="]);
        assert_eq!(of("/k.pem", "-----BEGIN CERTIFICATE-----\n"), [""; 0]);
        let key = "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n";
        assert_eq!(of("/root/.ssh/id_rsa", key), ["=-----BEGIN PRIVATE KEY-----"]);
    }

    #[test]
    fn what_holds_no_secret_by_its_nature_is_not_read() {
        for path in ["/a/.env.example", "/etc/passwd", "/a/config.json", "/a/credentials", "/"] {
            assert_eq!(form(path.as_bytes()), None, "{path}");
        }
        for path in ["/a/.env.production", "/a/prod.env", "/etc/tls/server.key"] {
            assert!(form(path.as_bytes()).is_some(), "{path}");
        }
        assert_eq!(form(b"/\xff/.env"), None);
    }

    #[test]
    fn names_tell_what_holds_secrets() {
        for path in [
            ".env",
            "app/.env.production",
            "config/prod.env",
            ".docker/config.json",
            "id_rsa",
            "tls/server.key",
            ".aws/",
            ".ssh/config",
        ] {
            assert!(is_holder(path), "{path}");
        }
        for path in [
            ".env.example",
            ".env.local.sample",
            "example.env",
            "config/config.json",
            "id_rsa.pub",
            ".ssh/id.pub",
            "cert.pem",
            ".yarnrc.yml",
            "keys.js",
            ".key",
            "env",
            ".venv",
            "src/key",
        ] {
            assert!(!is_holder(path), "{path}");
        }
    }
}

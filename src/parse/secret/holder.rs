//! Files that hold secrets by their nature, as their names tell.

/// Names that are kept for secrets.
const NAMES: [&str; 18] = [
    ".dockercfg",
    ".env",
    ".git-credentials",
    ".htpasswd",
    ".netrc",
    ".npmrc",
    ".pgpass",
    ".pypirc",
    ".vault-token",
    "_netrc",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "id_rsa",
    "key.pem",
    "kubeconfig",
    "privkey.pem",
    "terraform.tfstate",
];

/// How names of private keys and key stores end.
const ENDINGS: [&str; 9] =
    [".key", ".p12", ".pfx", ".jks", ".keystore", ".kdbx", ".ppk", "-key.pem", "_key.pem"];

/// Folders of keys and credentials.
const FOLDERS: [&str; 4] = [".aws", ".gnupg", ".kube", ".ssh"];

/// Parts of the name of an `.env` that is handed out with the source.
const EXAMPLES: [&str; 6] = ["example", "sample", "template", "dist", "defaults", "schema"];

/// Whether a file or folder of this path holds secrets by its nature.
pub fn is_holder(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    let name = path.rsplit('/').next().unwrap_or_default();
    let is_example = || name.split('.').any(|part| EXAMPLES.contains(&part));
    NAMES.contains(&name)
        || name.starts_with(".env.") && !is_example()
        || ENDINGS.iter().any(|it| name.len() > it.len() && name.ends_with(it))
        || path.split('/').any(|part| FOLDERS.contains(&part)) && !name.ends_with(".pub")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_holds_secrets() {
        for path in
            [".env", "app/.env.production", "id_rsa", "tls/server.key", ".aws/", ".ssh/config"]
        {
            assert!(is_holder(path), "{path}");
        }
        for path in [
            ".env.example",
            ".env.local.sample",
            "id_rsa.pub",
            ".ssh/id.pub",
            "cert.pem",
            "keys.js",
            ".key",
            "env",
            "src/key",
        ] {
            assert!(!is_holder(path), "{path}");
        }
    }
}

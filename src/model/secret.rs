//! Values that nobody may see, and what remains of them.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::untrusted::Untrusted;

/// What remains of a value that may be a secret: enough to weigh it and to tell
/// it from others, and nothing that gives it back.
///
/// There is no way from here to the value. The digest is keyed with a number
/// that only the collecting process knew, so it tells equal values of one run
/// apart from others and cannot be searched for in a list of passwords.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Secret {
    /// Eight hexadecimal digits; equal for equal values of one run.
    pub digest: Untrusted,
    /// How many characters the value has.
    pub length: usize,
    /// How many bits its characters carry at most, by how often each occurs in
    /// it (Shannon): a bound from above, since words carry less.
    pub entropy: u32,
    /// What it looks like.
    pub form: Form,
}

/// What a value looks like.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// Nothing.
    Empty,
    /// A switch: `true`, `off`, `1`.
    Flag,
    /// A number, a size or a duration.
    Number,
    /// A version, such as `3.1.4-r0`.
    Version,
    /// A path.
    Path,
    /// A URL without a password.
    Url,
    /// A host, with or without a port.
    Address,
    /// A public key or a certificate.
    Public,
    /// A reference that somebody else resolves, such as `${TOKEN}`.
    Reference,
    /// A password's hash.
    Hash,
    /// A password that everybody knows, or an example that was never replaced.
    Common,
    /// A URL or connection string with a password in it.
    Credentials {
        /// Whether that password is one that everybody knows.
        common: bool,
    },
    /// A private key.
    PrivateKey,
    /// A token, known by how its issuer writes it.
    Token(Untrusted),
    /// Anything else.
    Opaque,
}

/// What makes the digests of one run: drawn once, never recorded.
#[derive(Clone)]
pub struct Key(pub [u8; 32]);

/// A key is as secret as what it seals.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Secret {
    /// Seals a value of which somebody has seen what it looks like.
    #[must_use]
    pub fn seal(value: &str, form: Form, key: &Key) -> Self {
        let mut hash = Sha256::new();
        // The key's length is fixed, so no two pairs of key and value run together.
        hash.update(key.0);
        hash.update(value.as_bytes());
        let [a, b, c, d, ..] = <[u8; 32]>::from(hash.finalize());
        let digest = format!("{:08x}", u32::from_be_bytes([a, b, c, d]));
        Self { digest: digest.into(), length: value.chars().count(), entropy: entropy(value), form }
    }
}

/// `n` characters × the entropy of how often each occurs.
fn entropy(value: &str) -> u32 {
    let mut counts: BTreeMap<char, u32> = BTreeMap::new();
    for character in value.chars() {
        *counts.entry(character).or_default() += 1;
    }
    let total: f64 = counts.values().copied().map(f64::from).sum();
    let bits: f64 =
        counts.values().map(|&count| f64::from(count) * (total / f64::from(count)).log2()).sum();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "never negative, and a value's length bounds it"
    )]
    let whole = bits as u32;
    whole
}

/// Safe to print anywhere: no part of the value is in it.
impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { digest, length, entropy, .. } = self;
        write!(f, "(withheld: {length} characters, at most {entropy} bits, digest {digest})")
    }
}

/// One variable of an environment, its value sealed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Variable {
    /// Its name.
    pub name: Untrusted,
    /// Its value.
    pub value: Secret,
    /// What of the value is known to be no secret and is needed by a rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<Untrusted>,
}

impl Variable {
    /// Whether it is set to something: a reference that nobody resolved is no value.
    pub const fn has_value(&self) -> bool {
        !matches!(self.value.form, Form::Empty | Form::Reference)
    }
}

/// The name, and of the value what may be shown.
impl fmt::Display for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kept {
            Some(kept) => write!(f, "{}={kept}", self.name),
            None => write!(f, "{}={}", self.name, self.value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_equal_digests_under_one_key_and_others_under_another() {
        let seal = |value: &str, key: u8| Secret::seal(value, Form::Opaque, &Key([key; 32]));
        assert_eq!(seal("hunter2", 1), seal("hunter2", 1));
        assert_ne!(seal("hunter2", 1).digest, seal("hunter3", 1).digest);
        assert_ne!(seal("hunter2", 1).digest, seal("hunter2", 2).digest);
    }

    #[test]
    fn neither_form_in_which_a_secret_is_printed_holds_the_value() {
        let secret = Secret::seal("hunter2-canary", Form::Opaque, &Key([7; 32]));
        for text in
            [secret.to_string(), format!("{secret:?}"), serde_json::to_string(&secret).unwrap()]
        {
            assert!(!text.contains("canary") && !text.contains("hunter"), "{text}");
        }
        assert!(!format!("{:?}", Key([7; 32])).contains('7'));
    }

    #[test]
    fn entropy_counts_how_often_characters_occur() {
        assert_eq!(entropy(""), 0);
        assert_eq!(entropy("aaaaaaaaaaaaaaaa"), 0);
        assert_eq!(entropy("abababab"), 8);
        assert_eq!(entropy("0123456789abcdef"), 64);
    }
}

//! Which engine is meant: `--host`, `--context`, the environment, the docker
//! CLI's current context, and last the well-known sockets.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha256};

/// Where an engine listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A Unix socket.
    Unix(PathBuf),
    /// Plain HTTP over TCP: host and port.
    Tcp(String),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp(host) => write!(f, "tcp://{host}"),
        }
    }
}

/// Why no address could be made of what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// A scheme that this build does not speak.
    #[error("{from} names {address:?}, and {scheme} is not supported; {instead}")]
    Scheme {
        /// Who said so: an option or a variable.
        from: String,
        /// The whole address.
        address: String,
        /// Its scheme.
        scheme: String,
        /// What works.
        instead: String,
    },
    /// No address at all.
    #[error(
        "{from} names {address:?}, which is not an address; expected unix:///path or tcp://host:port"
    )]
    Malformed {
        /// Who said so.
        from: String,
        /// What was said.
        address: String,
    },
    /// A context that the docker CLI does not know here.
    #[error("{from} names the docker context {name:?}, which has no usable file {file}")]
    Context {
        /// Who said so.
        from: String,
        /// The context.
        name: String,
        /// The file that should describe it.
        file: PathBuf,
    },
}

/// What was found, and who said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The engines to try, the first that answers wins. More than one only
    /// where nobody named one.
    pub candidates: Vec<Address>,
    /// The option, variable or file that named it; `None`: the well-known sockets.
    pub named_by: Option<String>,
}

/// The part of the environment that names an engine.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    variables: BTreeMap<String, String>,
}

impl Surroundings {
    /// Reads the process's environment.
    pub fn from_env() -> Self {
        // What is not text names no engine; `std::env::vars` would panic on it.
        let text = |(name, value): (OsString, OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self::from_pairs(std::env::vars_os().filter_map(text))
    }

    /// An environment made of these pairs. Empty values count as not set.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let variables = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        Self { variables }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    fn docker_config(&self) -> Option<PathBuf> {
        self.get("DOCKER_CONFIG")
            .map(PathBuf::from)
            .or_else(|| self.get("HOME").map(|home| Path::new(home).join(".docker")))
    }
}

/// Chooses as the docker CLI does: `--host`, `--context`, `DOCKER_HOST`,
/// `DOCKER_CONTEXT`, the current context, then the well-known sockets.
///
/// # Errors
/// What was named cannot be used; nothing is silently replaced by a default.
pub fn choose(
    host: Option<&str>,
    context: Option<&str>,
    surroundings: &Surroundings,
) -> Result<Choice, AddressError> {
    let is_over_tls = surroundings.get("DOCKER_TLS_VERIFY").is_some();
    if let Some(address) = host {
        return named("--host", parse("--host", address)?, is_over_tls);
    }
    if let Some(name) = context {
        return from_context("--context", name, surroundings);
    }
    if let Some(address) = surroundings.get("DOCKER_HOST") {
        return named("DOCKER_HOST", parse("DOCKER_HOST", address)?, is_over_tls);
    }
    if let Some(name) = surroundings.get("DOCKER_CONTEXT") {
        return from_context("DOCKER_CONTEXT", name, surroundings);
    }
    if let Some((file, name)) = current_context(surroundings) {
        return from_context(&file.display().to_string(), &name, surroundings);
    }
    Ok(well_known(None, surroundings))
}

/// What works where an engine wants TLS.
const WITHOUT_TLS: &str =
    "TLS is not spoken yet: forward the engine's socket over ssh and use --host unix:///path";

fn named(from: &str, address: Address, is_over_tls: bool) -> Result<Choice, AddressError> {
    if let (Address::Tcp(_), true) = (&address, is_over_tls) {
        return Err(AddressError::Scheme {
            from: from.to_owned(),
            address: address.to_string(),
            scheme: "tcp with TLS".to_owned(),
            instead: WITHOUT_TLS.to_owned(),
        });
    }
    Ok(Choice { candidates: vec![address], named_by: Some(from.to_owned()) })
}

/// The sockets at which engines listen by default: every engine's, or only
/// those of one, which then counts as named.
pub fn well_known(only: Option<&str>, surroundings: &Surroundings) -> Choice {
    let mut sockets = vec![PathBuf::from("/var/run/docker.sock")];
    if let Some(runtime) = surroundings.get("XDG_RUNTIME_DIR").map(Path::new) {
        sockets.push(runtime.join("docker.sock"));
        sockets.push(runtime.join("podman/podman.sock"));
    }
    sockets.push(PathBuf::from("/run/podman/podman.sock"));
    if let Some(engine) = only {
        sockets.retain(|socket| socket.ends_with(format!("{engine}.sock")));
    }
    Choice {
        candidates: sockets.into_iter().map(Address::Unix).collect(),
        named_by: only.map(|_| "--engine".to_owned()),
    }
}

fn parse(from: &str, address: &str) -> Result<Address, AddressError> {
    let malformed =
        || AddressError::Malformed { from: from.to_owned(), address: address.to_owned() };
    let Some((scheme, rest)) = address.split_once("://") else {
        // A bare path is what people type; a bare word is not.
        return if address.starts_with('/') {
            Ok(Address::Unix(address.into()))
        } else {
            Err(malformed())
        };
    };
    let unsupported = |instead: &str| AddressError::Scheme {
        from: from.to_owned(),
        address: address.to_owned(),
        scheme: scheme.to_owned(),
        instead: instead.to_owned(),
    };
    match scheme {
        "unix" if rest.starts_with('/') => Ok(Address::Unix(rest.into())),
        "tcp" | "http" => {
            let authority = rest.trim_end_matches('/');
            let valid =
                authority.parse::<http::uri::Authority>().is_ok_and(|it| it.port().is_some());
            if valid { Ok(Address::Tcp(authority.to_owned())) } else { Err(malformed()) }
        }
        "ssh" => Err(unsupported(
            "forward the socket with `ssh -nNT -L /tmp/engine.sock:/var/run/docker.sock HOST` \
             and use --host unix:///tmp/engine.sock",
        )),
        "https" => Err(unsupported(WITHOUT_TLS)),
        _ => Err(malformed()),
    }
}

fn from_context(
    from: &str,
    name: &str,
    surroundings: &Surroundings,
) -> Result<Choice, AddressError> {
    // The docker CLI's own context, for its own engine.
    if name == "default" {
        return Ok(Choice {
            named_by: Some(from.to_owned()),
            ..well_known(Some("docker"), surroundings)
        });
    }
    // The docker CLI keeps a context under the SHA-256 of its name.
    let digest: String =
        Sha256::digest(name.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let contexts = surroundings.docker_config().unwrap_or_default().join("contexts");
    let file = contexts.join("meta").join(&digest).join("meta.json");
    let is_over_tls = contexts.join("tls").join(&digest).is_dir();
    let address = read_json(&file)
        .and_then(|meta| Some(meta.pointer("/Endpoints/docker/Host")?.as_str()?.to_owned()));
    match address {
        Some(address) => {
            let from = format!("the docker context {name:?}");
            named(&from, parse(&from, &address)?, is_over_tls)
        }
        None => Err(AddressError::Context { from: from.to_owned(), name: name.to_owned(), file }),
    }
}

fn current_context(surroundings: &Surroundings) -> Option<(PathBuf, String)> {
    let file = surroundings.docker_config()?.join("config.json");
    let name = read_json(&file)?.pointer("/currentContext")?.as_str()?.to_owned();
    (!name.is_empty()).then_some((file, name))
}

fn read_json(file: &Path) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(file).ok()?).ok()
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test lays out its own files")]
mod tests {
    use super::*;

    fn surroundings(pairs: &[(&str, &str)]) -> Surroundings {
        Surroundings::from_pairs(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
    }

    fn unix(path: &str) -> Vec<Address> {
        vec![Address::Unix(path.into())]
    }

    #[test]
    fn an_option_wins_over_the_environment() {
        let env = surroundings(&[("DOCKER_HOST", "unix:///env.sock")]);
        let choice = choose(Some("unix:///opt.sock"), None, &env).unwrap();
        assert_eq!(choice.candidates, unix("/opt.sock"));
        let choice = choose(None, None, &env).unwrap();
        assert_eq!(choice.candidates, unix("/env.sock"));
        assert_eq!(choice.named_by.as_deref(), Some("DOCKER_HOST"));
    }

    #[test]
    fn without_a_name_the_well_known_sockets_are_tried() {
        let choice =
            choose(None, None, &surroundings(&[("XDG_RUNTIME_DIR", "/run/user/7")])).unwrap();
        assert_eq!(choice.named_by, None);
        assert_eq!(choice.candidates.len(), 4);
        assert!(
            choice.candidates.contains(&Address::Unix("/run/user/7/podman/podman.sock".into()))
        );
    }

    #[test]
    fn the_current_context_of_the_docker_cli_is_followed() {
        let dir = tempfile::tempdir().unwrap();
        let lab: String = Sha256::digest(b"lab").iter().map(|b| format!("{b:02x}")).collect();
        let meta = dir.path().join("contexts/meta").join(lab);
        std::fs::create_dir_all(&meta).unwrap();
        std::fs::write(
            meta.join("meta.json"),
            r#"{"Name":"lab","Endpoints":{"docker":{"Host":"unix:///lab.sock"}}}"#,
        )
        .unwrap();
        std::fs::write(dir.path().join("config.json"), r#"{"currentContext":"lab"}"#).unwrap();
        let env = surroundings(&[("DOCKER_CONFIG", &dir.path().display().to_string())]);
        assert_eq!(choose(None, None, &env).unwrap().candidates, unix("/lab.sock"));
        let error = choose(None, Some("lap"), &env).unwrap_err().to_string();
        assert!(error.contains("\"lap\""), "{error}");
    }

    #[test]
    fn an_engine_that_wants_tls_is_not_spoken_to_without_it() {
        let env = surroundings(&[("DOCKER_HOST", "tcp://far:2376"), ("DOCKER_TLS_VERIFY", "1")]);
        let error = choose(None, None, &env).unwrap_err().to_string();
        assert!(
            error.contains("DOCKER_HOST") && error.contains("TLS is not spoken yet"),
            "{error}"
        );
        let local = surroundings(&[("DOCKER_HOST", "unix:///a.sock"), ("DOCKER_TLS_VERIFY", "1")]);
        assert_eq!(choose(None, None, &local).unwrap().candidates, unix("/a.sock"));
    }

    #[test]
    fn an_address_that_cannot_be_used_is_refused_with_what_works() {
        for (address, hint) in [
            ("ssh://me@host", "ssh -nNT -L"),
            ("https://host:2376", "TLS"),
            ("docker.sock", "unix:///path"),
            ("tcp://host", "tcp://host:port"),
            ("unix://relative", "unix:///path"),
        ] {
            let error = choose(Some(address), None, &surroundings(&[])).unwrap_err().to_string();
            assert!(error.contains("--host") && error.contains(hint), "{error}");
        }
    }
}

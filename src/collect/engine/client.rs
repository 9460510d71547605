//! The engine's API as far as an audit needs it: questions, and three downloads.

use std::fmt;

use bollard::ClientVersion;
use bollard::query_parameters::{
    InspectContainerOptions, ListContainersOptionsBuilder, ListImagesOptions,
};
use serde_json::Value;

use super::EngineError;
use super::address::Address;
use super::download::{Bounds, Download};
use super::transport::{Limits, Wire, recover};
use crate::collect::redact;
use crate::model::layers::Step;
use crate::model::source::Source;
use crate::model::untrusted::Untrusted;

/// The newest API version whose documents this build was written against.
const NEWEST: (u32, u32) = (1, 53);

/// A container's full id: 64 hexadecimal digits, so safe inside a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContainerId(String);

impl ContainerId {
    /// Accepts what an engine lists as an id.
    ///
    /// # Errors
    /// [`EngineError::BadName`] for anything but 64 hexadecimal digits.
    pub fn new(id: &str) -> Result<Self, EngineError> {
        let valid = id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if valid { Ok(Self(id.to_owned())) } else { Err(EngineError::BadName(id.into())) }
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ContainerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An image's id: an optional `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageId(String);

impl ImageId {
    /// Accepts what an engine gives as the id of a container's image.
    ///
    /// # Errors
    /// [`EngineError::BadName`] for anything else.
    pub fn new(id: &str) -> Result<Self, EngineError> {
        ContainerId::new(id.strip_prefix("sha256:").unwrap_or(id))
            .map(|_| Self(id.to_owned()))
            .map_err(|_| EngineError::BadName(Untrusted::from(id)))
    }

    /// The id as the engine gave it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[expect(clippy::disallowed_types, reason = "wrapped so that only reads come out")]
type Docker = bollard::Docker;

/// A connection to an engine. Every function of it is one `GET`.
///
/// The wrapped client never leaves this type, and its transport refuses to
/// send any other method: an audit cannot change what it audits.
#[derive(Debug)]
pub struct Engine {
    docker: Docker,
    wire: Wire,
}

impl Engine {
    /// Connects and agrees on an API version: the newest that both sides know.
    ///
    /// # Errors
    /// Nothing answers, or what answers is no engine, or shares no version.
    pub async fn connect(address: Address, limits: Limits) -> Result<Self, EngineError> {
        let wire = Wire::new(address, limits);
        // Longer than our own deadline, so that ours is the one that speaks.
        let patience = limits.deadline.as_secs().saturating_add(60);
        let newest =
            ClientVersion { major_version: NEWEST.0 as usize, minor_version: NEWEST.1 as usize };
        let transport = wire.clone();
        let docker = Docker::connect_with_custom_transport(
            move |request| transport.answer(request),
            Some("http://localhost"),
            patience,
            &newest,
        )
        .map_err(recover)?;
        let engine = Self { docker, wire };
        engine.negotiate().await?;
        Ok(engine)
    }

    async fn negotiate(&self) -> Result<(), EngineError> {
        let not_an_engine = |detail: String| EngineError::NotAnEngine {
            address: self.wire.address().clone(),
            detail,
        };
        let answer = self.docker.version().await.err();
        let version = self.raw("/version", answer).map_err(|error| {
            if matches!(error, EngineError::Malformed(_) | EngineError::Refused { .. }) {
                not_an_engine("GET /version did not answer as an engine does".to_owned())
            } else {
                error
            }
        })?;
        let offered = |key: &str| version.get(key).and_then(Value::as_str).and_then(api_version);
        let newest = offered("ApiVersion")
            .ok_or_else(|| not_an_engine("GET /version names no ApiVersion".to_owned()))?;
        let oldest = offered("MinAPIVersion").unwrap_or((1, 12));
        if oldest > NEWEST {
            let show = |(major, minor)| format!("{major}.{minor}");
            return Err(EngineError::TooNew {
                address: self.wire.address().clone(),
                minimum: show(oldest),
                known: show(NEWEST),
            });
        }
        let (major, minor) = newest.min(NEWEST);
        self.wire.speak(format!("{major}.{minor}"));
        Ok(())
    }

    /// The address that is connected to.
    pub fn address(&self) -> &Address {
        self.wire.address()
    }

    /// What one question may cost.
    pub fn limits(&self) -> Limits {
        self.wire.limits()
    }

    /// The running containers.
    ///
    /// # Errors
    /// As for every read: see [`EngineError`].
    pub async fn list(&self) -> Result<Value, EngineError> {
        let options = ListContainersOptionsBuilder::new().all(false).build();
        let error = self.docker.list_containers(Some(options)).await.err();
        self.raw("/containers/json", error)
    }

    /// All containers, those that do not run among them.
    ///
    /// # Errors
    /// As for every read: see [`EngineError`].
    pub async fn list_all(&self) -> Result<Value, EngineError> {
        let options = ListContainersOptionsBuilder::new().all(true).build();
        let error = self.docker.list_containers(Some(options)).await.err();
        self.raw("/containers/json", error)
    }

    /// The images that the engine has.
    ///
    /// # Errors
    /// As for every read: see [`EngineError`].
    pub async fn images(&self) -> Result<Value, EngineError> {
        let error = self.docker.list_images(None::<ListImagesOptions>).await.err();
        self.raw("/images/json", error)
    }

    /// Everything that the engine declares about one container.
    ///
    /// # Errors
    /// As for every read: see [`EngineError`].
    pub async fn inspect(&self, id: &ContainerId) -> Result<Value, EngineError> {
        let options = Some(InspectContainerOptions { size: false });
        let error = self.docker.inspect_container(id.as_str(), options).await.err();
        self.raw(&format!("/containers/{id}/json"), error)
    }

    /// Everything that the engine declares about one image.
    ///
    /// # Errors
    /// As for every read: see [`EngineError`].
    pub async fn image(&self, id: &ImageId) -> Result<Value, EngineError> {
        let error = self.docker.inspect_image(id.as_str()).await.err();
        self.raw(&format!("/images/{}/json", id.as_str()), error)
    }

    /// How an image was made, as far as it is recorded, the oldest step first.
    ///
    /// # Errors
    /// As for every read: see [`EngineError`].
    pub async fn history(&self, id: &ImageId) -> Result<Vec<Step>, EngineError> {
        let error = self.docker.image_history(id.as_str()).await.err();
        let told = self.raw(&format!("/images/{}/history", id.as_str()), error)?;
        Ok(redact::history_of_engine(&told))
    }

    /// The engine's networks, as far as they are recorded.
    ///
    /// # Errors
    /// As for every read: see [`EngineError`].
    pub async fn networks(&self) -> Result<Value, EngineError> {
        let error = self.docker.list_networks(None).await.err();
        self.raw("/networks", error).map(redact::networks)
    }

    /// What the engine says of itself and its host.
    ///
    /// # Errors
    /// As for every read: see [`EngineError`].
    pub async fn info(&self) -> Result<Value, EngineError> {
        let error = self.docker.info().await.err();
        self.raw("/info", error)
    }

    /// A container's root file system as a tar archive, without what is mounted
    /// into it.
    ///
    /// # Errors
    /// As for every read, up to the first byte: see [`EngineError`].
    pub async fn exported(
        &self,
        id: &ContainerId,
        bounds: Bounds,
    ) -> Result<Download, EngineError> {
        self.wire.download(&format!("/containers/{id}/export"), bounds).await
    }

    /// What is at a path of a container as a tar archive, mounts included.
    ///
    /// # Errors
    /// As for every read, up to the first byte: see [`EngineError`].
    pub async fn archived(
        &self,
        id: &ContainerId,
        path: &[u8],
        bounds: Bounds,
    ) -> Result<Download, EngineError> {
        let path = quoted(path);
        self.wire.download(&format!("/containers/{id}/archive?path={path}"), bounds).await
    }

    /// An image with its layers as a tar archive of tar archives.
    ///
    /// # Errors
    /// As for every read, up to the first byte: see [`EngineError`].
    pub async fn saved(&self, id: &ImageId, bounds: Bounds) -> Result<Download, EngineError> {
        self.wire.download(&format!("/images/{}/get", id.as_str()), bounds).await
    }

    /// The document as it came, however bollard's types liked it. Only where
    /// no body came does bollard's error count.
    fn raw(&self, path: &str, error: Option<bollard::errors::Error>) -> Result<Value, EngineError> {
        match (self.wire.take(path), error) {
            (Some(body), _) => serde_json::from_slice(&body)
                .map(redact::document)
                .map_err(|error| EngineError::Malformed(error.to_string())),
            (None, Some(error)) => Err(recover(error)),
            (None, None) => Err(EngineError::Broken(format!("no body was kept for {path}"))),
        }
    }
}

/// The place of an image's document in a bundle.
impl From<&ImageId> for Source {
    fn from(id: &ImageId) -> Self {
        Self::image(id.as_str())
    }
}

/// A path as the value of a query: whatever is in it, it stays one value.
fn quoted(path: &[u8]) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    let quote = |byte: &u8| {
        if is_plain(*byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") }
    };
    path.iter().map(quote).collect()
}

fn api_version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_full_id_becomes_part_of_a_request() {
        let id = "a".repeat(64);
        assert!(ContainerId::new(&id).is_ok());
        assert!(ImageId::new(&format!("sha256:{id}")).is_ok());
        for bad in ["web", "../info?", "", &format!("{id}/json#"), "sha256:abc"] {
            assert!(ContainerId::new(bad).is_err() && ImageId::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_path_cannot_become_more_than_one_value_of_a_query() {
        assert_eq!(quoted(b"/a b/\xff&x=#\r\n?%"), "/a%20b/%FF%26x%3D%23%0D%0A%3F%25");
    }

    /// What the wrapped client could do, if it came out: everything but reading
    /// ends at the transport, before anything is sent.
    #[tokio::test]
    async fn nothing_but_a_read_leaves_the_transport() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("engine.sock");
        let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        listener.set_nonblocking(true).unwrap();
        let wire = Wire::new(Address::Unix(socket), Limits::default());
        let docker = Docker::connect_with_custom_transport(
            move |request| wire.answer(request),
            Some("http://localhost"),
            5,
            bollard::API_DEFAULT_VERSION,
        )
        .unwrap();
        let attempts = [
            docker.stop_container("web", None).await.err(),
            docker.start_container("web", None).await.err(),
            docker.remove_container("web", None).await.err(),
            docker.pause_container("web").await.err(),
        ];
        for error in attempts {
            let error = recover(error.expect("no such request may succeed"));
            assert!(matches!(error, EngineError::NotARead(_)), "{error}");
        }
        let nobody = listener.accept().unwrap_err();
        assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock, "nothing was even connected");
    }

    #[test]
    fn api_versions_compare_as_numbers() {
        assert!(api_version("1.9") < api_version("1.41"));
        assert_eq!(api_version("one"), None);
    }
}

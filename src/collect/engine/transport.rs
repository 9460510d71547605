//! The wire under bollard: reads only, bounded in size and in time.
//!
//! bollard 0.21.1 leaves out the API version, waits for a body without end and
//! without limit, and decodes into types that one unknown word breaks. This
//! transport sends the version that was agreed on, bounds the whole exchange,
//! refuses every method but `GET`, and keeps the body as it came, so that the
//! evidence is what the engine said and not what a type made of it.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use bollard::BollardRequest;
use bollard::errors::Error as BollardError;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::AbortHandle;

use super::EngineError;
use super::address::Address;
use crate::model::untrusted::Untrusted;

/// How much one question may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From connecting to the last byte of the body.
    pub deadline: Duration,
    /// All questions of one audit together; what is asked later times out at once.
    pub total: Duration,
    /// The most bytes of a body.
    pub body: usize,
}

impl Limits {
    /// This long for one question, and twelve times that for all of them. The
    /// most of a body is 32 MiB: an inspect has some ten kilobytes, a list of a
    /// thousand containers about 2 MiB.
    pub const fn within(deadline: Duration) -> Self {
        Self { deadline, total: deadline.saturating_mul(12), body: 32 << 20 }
    }
}

impl Default for Limits {
    /// Ten seconds for one question: an engine answers in milliseconds.
    fn default() -> Self {
        Self::within(Duration::from_secs(10))
    }
}

/// One engine's wire. Cloning shares it.
#[derive(Clone, Debug)]
pub(super) struct Wire {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    address: Address,
    limits: Limits,
    version: OnceLock<String>,
    bodies: Mutex<HashMap<String, Bytes>>,
    since: Instant,
}

/// What moves the bytes of one connection; without it the connection ends.
#[derive(Debug)]
pub(super) struct Driver(AbortHandle);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Wire {
    pub(super) fn new(address: Address, limits: Limits) -> Self {
        let bodies = Mutex::default();
        Self {
            shared: Arc::new(Shared {
                address,
                limits,
                version: OnceLock::new(),
                bodies,
                since: Instant::now(),
            }),
        }
    }

    pub(super) fn address(&self) -> &Address {
        &self.shared.address
    }

    pub(super) fn limits(&self) -> Limits {
        self.shared.limits
    }

    /// From now on every path carries this API version, such as `1.41`.
    pub(super) fn speak(&self, version: String) {
        // A second call would be a second negotiation of one connection; the first stands.
        let _ = self.shared.version.set(version);
    }

    /// The body that came for `path`, which has neither version nor query.
    pub(super) fn take(&self, path: &str) -> Option<Bytes> {
        self.shared.bodies.lock().unwrap_or_else(PoisonError::into_inner).remove(path)
    }

    async fn exchange(&self, request: &Request<()>) -> Result<(StatusCode, Bytes), EngineError> {
        if request.method() != Method::GET {
            return Err(EngineError::NotARead(request.method().to_string()));
        }
        let limits = self.shared.limits;
        let left = limits.total.saturating_sub(self.shared.since.elapsed());
        let allowed = limits.deadline.min(left);
        tokio::time::timeout(allowed, self.get(path_of(request)))
            .await
            .map_err(|_elapsed| EngineError::TimedOut { seconds: allowed.as_secs() })?
    }

    async fn get(&self, path: &str) -> Result<(StatusCode, Bytes), EngineError> {
        let (response, _driver) = self.ask(path).await?;
        let limit = self.shared.limits.body;
        let status = response.status();
        let body = Limited::new(response.into_body(), limit).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                EngineError::TooLarge { limit }
            } else {
                EngineError::Broken(error.to_string())
            }
        })?;
        Ok((status, body.to_bytes()))
    }

    /// Sends the one kind of request that there is. The body is still to come,
    /// for as long as the driver is kept.
    pub(super) async fn ask(
        &self,
        path: &str,
    ) -> Result<(Response<Incoming>, Driver), EngineError> {
        let versioned = match self.shared.version.get() {
            Some(version) => format!("/v{version}{path}"),
            None => path.to_owned(),
        };
        let request = Request::get(versioned)
            .header(header::HOST, "localhost")
            .header(header::ACCEPT, "application/json")
            .body(Empty::<Bytes>::new())
            .map_err(|error| EngineError::Broken(error.to_string()))?;
        match &self.shared.address {
            Address::Unix(path) => {
                let stream = UnixStream::connect(path).await.map_err(|e| self.unreachable(e))?;
                self.send(stream, request).await
            }
            Address::Tcp(host) => {
                let stream = TcpStream::connect(host).await.map_err(|e| self.unreachable(e))?;
                self.send(stream, request).await
            }
        }
    }

    async fn send<S>(
        &self,
        stream: S,
        request: Request<Empty<Bytes>>,
    ) -> Result<(Response<Incoming>, Driver), EngineError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let broken = |error: hyper::Error| {
            if error.is_parse() || error.is_incomplete_message() {
                let (address, detail) =
                    (self.address().clone(), "it does not speak HTTP".to_owned());
                EngineError::NotAnEngine { address, detail }
            } else {
                EngineError::Broken(error.to_string())
            }
        };
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let driver = Driver(tokio::spawn(connection).abort_handle());
        let response = sender.send_request(request).await.map_err(broken)?;
        Ok((response, driver))
    }

    fn unreachable(&self, cause: io::Error) -> EngineError {
        let address = self.address().clone();
        if cause.kind() == io::ErrorKind::PermissionDenied {
            EngineError::Denied { address }
        } else {
            EngineError::Unreachable { address, cause }
        }
    }
}

impl Wire {
    /// Answers one request of bollard's: its custom transport.
    pub(super) fn answer(
        &self,
        request: BollardRequest,
    ) -> impl Future<Output = Result<Response<Incoming>, BollardError>> + Send + use<> {
        let wire = self.clone();
        // A read has no body; what bollard made for one is dropped here.
        let request = request.map(|_body| ());
        async move {
            let (status, body) = wire.exchange(&request).await.map_err(carry)?;
            if status.is_success() {
                let mut bodies = wire.shared.bodies.lock().unwrap_or_else(PoisonError::into_inner);
                bodies.insert(request.uri().path().to_owned(), body.clone());
            }
            replay(status, body).await.map_err(carry)
        }
    }
}

fn path_of(request: &Request<()>) -> &str {
    request.uri().path_and_query().map_or("/", |path| path.as_str())
}

/// Takes our error through bollard's type; [`recover`] gets it back.
fn carry(error: EngineError) -> BollardError {
    io::Error::other(error).into()
}

/// Our own error again, or what bollard had to say.
#[expect(clippy::wildcard_enum_match_arm, reason = "bollard's list of errors is its own affair")]
pub(super) fn recover(error: BollardError) -> EngineError {
    match error {
        BollardError::IOError { err } => match err.downcast::<EngineError>() {
            Ok(ours) => ours,
            Err(other) => EngineError::Broken(other.to_string()),
        },
        BollardError::DockerResponseServerError { status_code, message } => {
            let message = Untrusted::from(message).to_string();
            EngineError::Refused { status: status_code, message }
        }
        other => EngineError::Malformed(other.to_string()),
    }
}

/// Hands a body that was already read to bollard, which accepts only one that
/// hyper's client made: over a connection in memory.
async fn replay(status: StatusCode, body: Bytes) -> Result<Response<Incoming>, EngineError> {
    let broken = |error: hyper::Error| EngineError::Broken(error.to_string());
    let (near, mut far) = tokio::io::duplex(64 << 10);
    tokio::spawn(async move {
        let mut asked = [0; 256];
        // The far end must not answer before it was asked.
        let _ = far.read(&mut asked).await;
        let head =
            format!("HTTP/1.1 {} -\r\ncontent-length: {}\r\n\r\n", status.as_u16(), body.len());
        // Where bollard drops the body, nobody is left to tell.
        let _ = far.write_all(head.as_bytes()).await;
        let _ = far.write_all(&body).await;
    });
    let (mut sender, connection) =
        http1::handshake::<_, Empty<Bytes>>(TokioIo::new(near)).await.map_err(broken)?;
    tokio::spawn(connection);
    sender.send_request(Request::new(Empty::new())).await.map_err(broken)
}

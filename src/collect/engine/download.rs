//! Answers that are too large to hold: read as they come, from another thread.

use std::io::{self, Read};
use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use hyper::body::{Bytes, Incoming};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use super::EngineError;
use super::transport::{Driver, Wire};
use crate::model::untrusted::Untrusted;

/// How much one download may cost.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The most bytes.
    pub bytes: u64,
    /// From asking to the last byte.
    pub time: Duration,
}

/// How many pieces may wait for the reader. The engine waits for it too.
const WAITING: usize = 8;

/// The most bytes of an engine's words about what went wrong.
const LONGEST_MESSAGE: usize = 64 << 10;

/// The body of an answer, to be read in a thread that may wait. What ends it
/// too early is an [`EngineError`] inside the reader's error.
#[derive(Debug)]
pub struct Download {
    pieces: mpsc::Receiver<Result<Bytes, EngineError>>,
    piece: Bytes,
}

impl Read for Download {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.pieces.blocking_recv() {
                Some(Ok(piece)) => self.piece = piece,
                Some(Err(error)) => return Err(io::Error::other(error)),
                None => return Ok(0),
            }
        }
        let length = buffer.len().min(self.piece.len());
        self.piece.split_to(length).as_ref().read(buffer)
    }
}

impl Wire {
    /// Asks for a body that is read as it comes. No longer than one question
    /// may take is waited for its beginning, or for any piece of it.
    pub(super) async fn download(
        &self,
        path: &str,
        bounds: Bounds,
    ) -> Result<Download, EngineError> {
        let patience = self.limits().deadline;
        let silent = || EngineError::TimedOut { seconds: patience.as_secs() };
        let until = Instant::now() + bounds.time;
        let asked = timeout(patience.min(bounds.time), self.ask(path)).await;
        let (response, driver) = asked.map_err(|_elapsed| silent())??;
        let status = response.status();
        if status.is_success() {
            let (sender, pieces) = mpsc::channel(WAITING);
            let body =
                Pump { body: response.into_body(), _driver: driver, patience, until, bounds };
            tokio::spawn(body.into(sender));
            return Ok(Download { pieces, piece: Bytes::new() });
        }
        let body = Limited::new(response.into_body(), LONGEST_MESSAGE).collect();
        let body = timeout(patience, body).await.map_err(|_elapsed| silent())?;
        let body = body.map(|it| it.to_bytes()).unwrap_or_default();
        let document: Value = serde_json::from_slice(&body).unwrap_or_default();
        let message = document.get("message").and_then(Value::as_str).unwrap_or("no reason given");
        let message = Untrusted::from(message).to_string();
        Err(EngineError::Refused { status: status.as_u16(), message })
    }
}

/// Brings a body from the wire to its reader.
struct Pump {
    body: Incoming,
    _driver: Driver,
    patience: Duration,
    until: Instant,
    bounds: Bounds,
}

impl Pump {
    /// Goes on until the body's end, a limit, or a reader who has read enough.
    async fn into(mut self, sender: mpsc::Sender<Result<Bytes, EngineError>>) {
        let mut passed = 0;
        while let Some(piece) = self.piece(&mut passed).await {
            let is_last = piece.is_err();
            if sender.send(piece).await.is_err() || is_last {
                break;
            }
        }
    }

    async fn piece(&mut self, passed: &mut u64) -> Option<Result<Bytes, EngineError>> {
        let left = self.until.saturating_duration_since(Instant::now());
        let allowed = self.patience.min(left);
        let frame = match timeout(allowed, self.body.frame()).await {
            Ok(frame) => frame?,
            Err(_elapsed) => {
                let seconds =
                    if left < self.patience { self.bounds.time } else { self.patience }.as_secs();
                return Some(Err(EngineError::TimedOut { seconds }));
            }
        };
        let piece = match frame {
            Ok(frame) => frame.into_data().unwrap_or_default(),
            Err(error) => return Some(Err(EngineError::Broken(error.to_string()))),
        };
        *passed += piece.len() as u64;
        if *passed > self.bounds.bytes {
            let limit = usize::try_from(self.bounds.bytes).unwrap_or(usize::MAX);
            return Some(Err(EngineError::TooLarge { limit }));
        }
        Some(Ok(piece))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::net::UnixListener;

    use super::*;
    use crate::collect::engine::Limits;
    use crate::collect::engine::address::Address;

    const BOUNDS: Bounds = Bounds { bytes: 1 << 20, time: Duration::from_secs(20) };

    /// What comes of a download whose answer is written by `say`, and how it
    /// ends for who answers.
    fn download(
        bounds: Bounds,
        say: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
        hear: impl FnOnce(Result<Download, EngineError>) + Send + 'static,
    ) -> io::Result<()> {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("engine.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let engine = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 1024]).unwrap();
            say(&mut stream)
        });
        let wire = Wire::new(Address::Unix(socket), Limits::within(Duration::from_millis(300)));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let download = wire.download("/x", bounds).await;
            let (sender, heard) = tokio::sync::oneshot::channel();
            std::thread::spawn(move || {
                hear(download);
                sender.send(()).unwrap();
            });
            heard.await.unwrap();
        });
        drop(runtime);
        engine.join().unwrap()
    }

    const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

    /// How a body ends that is read to its end, and how much came before.
    fn end(download: Result<Download, EngineError>) -> (usize, Option<EngineError>) {
        let mut bytes = Vec::new();
        let error = download.unwrap().read_to_end(&mut bytes).err();
        (bytes.len(), error.map(|it| it.downcast().unwrap()))
    }

    #[test]
    fn a_body_is_read_to_its_end() {
        let said = download(
            BOUNDS,
            |stream| {
                stream.write_all(HEAD)?;
                (0..5).try_for_each(|_| stream.write_all(b"3\r\nabc\r\n"))?;
                stream.write_all(b"0\r\n\r\n")
            },
            |download| {
                let (length, error) = end(download);
                assert_eq!(length, 15);
                assert!(error.is_none(), "{error:?}");
            },
        );
        assert!(said.is_ok());
    }

    #[test]
    fn a_body_without_end_is_cut_at_the_limit() {
        let endless = |stream: &mut dyn Write| {
            stream.write_all(HEAD)?;
            loop {
                stream.write_all(b"400\r\n")?;
                stream.write_all(&[b'x'; 1024])?;
                stream.write_all(b"\r\n")?;
            }
        };
        let said = download(BOUNDS, endless, |download| {
            let (length, error) = end(download);
            assert!(length <= 1 << 20);
            assert!(matches!(error, Some(EngineError::TooLarge { limit: 0x10_0000 })), "{error:?}");
        });
        assert!(said.is_err(), "the engine is left alone");
        // Who has read enough lets go of it.
        let said = download(BOUNDS, endless, |download| {
            download.unwrap().read_exact(&mut [0; 16]).unwrap();
        });
        assert!(said.is_err());
    }

    #[test]
    fn silence_and_slowness_end_it() {
        let silent = |stream: &mut dyn Write| {
            stream.write_all(HEAD)?;
            stream.write_all(b"3\r\nabc\r\n")?;
            // Longer than anybody waits.
            std::thread::park_timeout(Duration::from_millis(900));
            Ok(())
        };
        let _ = download(BOUNDS, silent, |download| {
            let (length, error) = end(download);
            assert_eq!(length, 3);
            assert!(matches!(error, Some(EngineError::TimedOut { .. })), "{error:?}");
        });
        let slow = |stream: &mut dyn Write| {
            stream.write_all(HEAD)?;
            loop {
                stream.write_all(b"1\r\nx\r\n")?;
                std::thread::park_timeout(Duration::from_millis(20));
            }
        };
        let short = Bounds { time: Duration::from_secs(1), ..BOUNDS };
        let said = download(short, slow, |download| {
            let (_, error) = end(download);
            assert!(matches!(error, Some(EngineError::TimedOut { seconds: 1 })), "{error:?}");
        });
        assert!(said.is_err());
    }

    #[test]
    fn a_refusal_and_a_broken_connection_are_what_they_are() {
        let refuse = |stream: &mut dyn Write| {
            stream.write_all(
                b"HTTP/1.1 403 X\r\ncontent-length: 25\r\n\r\n{\"message\":\"not for you\\n\"}",
            )
        };
        let _ = download(BOUNDS, refuse, |download| {
            let error = download.unwrap_err();
            assert!(matches!(error, EngineError::Refused { status: 403, .. }), "{error:?}");
        });
        let broken = |stream: &mut dyn Write| {
            stream.write_all(HEAD)?;
            stream.write_all(b"5\r\nabc")
        };
        let _ = download(BOUNDS, broken, |download| {
            let (length, error) = end(download);
            assert!(length <= 3);
            assert!(matches!(error, Some(EngineError::Broken(_))), "{error:?}");
        });
    }
}

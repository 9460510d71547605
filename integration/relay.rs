//! A socket between the audit and the engine, for a test that listens in.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::run;

/// Who listens to one connection, and hears each piece before it is passed on.
pub(crate) trait Listener: Send + Sync {
    /// The audit says this to the engine.
    fn asked(&self, piece: &[u8]);
    /// The engine says something to the audit.
    fn answered(&self);
}

/// Passes everything on to the engine, with a listener for each connection.
pub(crate) fn relay<L: Listener>(socket: &Path, listen: impl Fn() -> L + Send + Sync + 'static) {
    let listener = UnixListener::bind(socket).expect("the folder is the test's own");
    let listen = Arc::new(listen);
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let listen = Arc::clone(&listen);
            std::thread::spawn(move || pass(&client, &listen()));
        }
    });
}

/// A port of the loopback behind which the engine says that it is there, and
/// nothing else: nothing that is asked there is passed on.
pub(crate) fn engine_that_only_answers() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
    let port = listener.local_addr().expect("the listener has an address").port();
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            // Whoever has hung up wants no answer.
            let _ = answer(&mut client);
        }
    });
    port
}

fn answer(client: &mut TcpStream) -> io::Result<()> {
    let mut engine = UnixStream::connect(run::DOCKER)?;
    // What stays unread would tear the connection down before its answer.
    let _ = client.read(&mut [0; 1 << 10])?;
    engine.write_all(b"GET /_ping HTTP/1.0\r\nHost: engine\r\n\r\n")?;
    io::copy(&mut engine, client).map(drop)
}

fn pass(client: &UnixStream, listener: &impl Listener) {
    let upstream = UnixStream::connect(run::DOCKER).expect("the engine is there");
    std::thread::scope(|scope| {
        scope.spawn(|| copy(client, &upstream, |piece| listener.asked(piece)));
        copy(&upstream, client, |_| listener.answered());
    });
}

/// Copies until the end, and tells of each piece before it is passed on.
fn copy(mut from: &UnixStream, mut to: &UnixStream, tell: impl Fn(&[u8])) {
    let mut piece = [0; 16 << 10];
    while let Ok(length @ 1..) = from.read(&mut piece) {
        tell(&piece[..length]);
        // Whoever has hung up wants no more.
        if to.write_all(&piece[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// Keeps every word that is said to the engine.
#[derive(Clone, Default)]
pub(crate) struct Recorder {
    connections: Arc<Mutex<Vec<Arc<Recording>>>>,
}

/// What was said in one connection.
#[derive(Default)]
pub(crate) struct Recording {
    said: Mutex<Vec<u8>>,
}

impl Listener for Arc<Recording> {
    fn asked(&self, piece: &[u8]) {
        self.said.lock().expect("nobody panics here").extend_from_slice(piece);
    }

    fn answered(&self) {}
}

impl Recorder {
    /// A socket that passes on to the engine what is recorded here.
    pub(crate) fn at(socket: &Path) -> Self {
        let recorder = Self::default();
        let connections = Arc::clone(&recorder.connections);
        relay(socket, move || {
            let recording = Arc::<Recording>::default();
            connections.lock().expect("nobody panics here").push(Arc::clone(&recording));
            recording
        });
        recorder
    }

    /// The first line of each request. A body would count as a request too,
    /// and look like none.
    pub(crate) fn requests(&self) -> Vec<String> {
        let connections = self.connections.lock().expect("nobody panics here");
        let said = connections.iter().flat_map(|connection| {
            let said = connection.said.lock().expect("nobody panics here");
            request_lines(&said)
        });
        said.collect()
    }
}

/// The first line of whatever ends, or begins, at an empty line.
pub(crate) fn request_lines(said: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(said);
    let heads = text.split("\r\n\r\n").filter(|head| !head.is_empty());
    heads.map(|head| head.lines().next().unwrap_or_default().to_owned()).collect()
}

//! Real services: how most people run them, and how they should be run.
//!
//! All are of one image, made of Debian's packages; each file here is a
//! service with its configuration, its two ways to run, and a question that
//! only the real software answers.

pub(crate) mod base;
mod gunicorn;
pub(crate) mod image;
mod nginx;
mod node;
mod postgres;
mod redis;

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};

use crate::engine::Container;

pub(crate) use gunicorn::GUNICORN;
pub(crate) use nginx::NGINX;
pub(crate) use node::NODE;
pub(crate) use postgres::POSTGRES;
pub(crate) use redis::REDIS;

/// A service as it is in the image, and the two ways to run it.
pub(crate) struct Service {
    pub(crate) name: &'static str,
    /// What the image holds for it beside Debian's packages: path and text.
    pub(crate) files: &'static [(&'static str, &'static str)],
    /// What its own image does besides, as lines of a Dockerfile.
    pub(crate) hardens: &'static str,
    /// As people write it: the engine's own document.
    pub(crate) plain: fn() -> Value,
    /// As it should be written, laid over [`careful`].
    pub(crate) hardened: fn() -> Value,
    /// A question that it answers once it works, and its answer.
    pub(crate) ask: fn(&Container<'_>) -> Option<String>,
    pub(crate) answer: &'static str,
}

/// Every service there is.
pub(crate) const ALL: [&Service; 5] = [&NGINX, &NODE, &GUNICORN, &POSTGRES, &REDIS];

/// What a careful operator writes for any service. The network is named by
/// whoever starts it.
pub(crate) fn careful(service: &Value, network: &str) -> Value {
    let tight = "size=16m,noexec,nosuid,nodev";
    let mut config = json!({
        "StopTimeout": 5,
        "HostConfig": {
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
            "ReadonlyRootfs": true,
            "Tmpfs": {"/tmp": tight},
            "Memory": 128 << 20,
            "MemorySwap": 128 << 20,
            "NanoCpus": 1_000_000_000,
            "PidsLimit": 64,
            "CgroupnsMode": "private",
            "IpcMode": "private",
            "NetworkMode": network,
            "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3},
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "1m", "max-file": "2"}},
        },
    });
    lay_over(&mut config, service);
    config
}

/// Objects are merged, everything else is replaced.
fn lay_over(below: &mut Value, above: &Value) {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) => {
            for (key, value) in above {
                lay_over(below.entry(key).or_insert(Value::Null), value);
            }
        }
        (below, above) => *below = above.clone(),
    }
}

/// A health check that is tried often, so that no test waits for it long.
fn health(test: &[&str]) -> Value {
    let words: Vec<&str> = std::iter::once("CMD").chain(test.iter().copied()).collect();
    json!({
        "Test": words,
        "Interval": 2_000_000_000_u64,
        "Timeout": 2_000_000_000_u64,
        "StartPeriod": 5_000_000_000_u64,
        "Retries": 5,
    })
}

/// What comes back for `question` on a port of the container, from outside it.
fn over_tcp(container: &Container<'_>, port: u16, question: &str) -> Option<String> {
    let address: IpAddr = container.address()?.parse().ok()?;
    let patience = Duration::from_secs(2);
    let mut stream = TcpStream::connect_timeout(&SocketAddr::new(address, port), patience).ok()?;
    stream.set_read_timeout(Some(patience)).ok()?;
    stream.write_all(question.as_bytes()).ok()?;
    let mut answer = Vec::new();
    // A server that keeps the line open has said what it says by then.
    let _ = stream.take(64 << 10).read_to_end(&mut answer);
    Some(String::from_utf8_lossy(&answer).into_owned())
}

/// A page of a web server.
fn page(container: &Container<'_>, port: u16) -> Option<String> {
    over_tcp(container, port, "GET / HTTP/1.0\r\nHost: service\r\nConnection: close\r\n\r\n")
}

//! This run: its name, its place on the host, and its end.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::{LazyLock, OnceLock};

use nix::mqueue::{MQ_OFlag, MqAttr, mq_open, mq_unlink};
use nix::sys::stat::Mode;

use crate::engine::Engine;
use crate::image;
use crate::witness::{PORT, QUEUE};

/// The socket of the engine that most cases use.
pub(crate) const DOCKER: &str = "/var/run/docker.sock";

/// Names this run: a pid alone could be another process's tomorrow.
pub(crate) fn id() -> String {
    let pid = std::process::id();
    format!("{pid}-{}", started(pid).expect("this process runs"))
}

/// Whether the run of this name is over.
pub(crate) fn is_over(id: &str) -> bool {
    let parts = id.split_once('-').and_then(|(pid, start)| Some((pid.parse().ok()?, start)));
    parts.is_none_or(|(pid, start)| started(pid).as_deref() != Some(start))
}

/// When a process started, in clock ticks (`proc(5)`, field 22 of `stat`).
fn started(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    fields.split(' ').nth(19).map(str::to_owned)
}

/// The engine with this run's image in it, imported by the first case that asks.
pub(crate) fn docker() -> Engine {
    static IMAGE: OnceLock<()> = OnceLock::new();
    let engine = Engine::connect(Path::new(DOCKER)).expect("the case needs the engine");
    IMAGE.get_or_init(|| {
        engine.clean(is_over);
        engine.import(image::witness().expect("the image can be made"), &id());
    });
    engine
}

/// What the host offers for a witness to find, if it can get there.
struct Bait {
    port: u16,
    queue: String,
}

static BAIT: LazyLock<Bait> = LazyLock::new(|| {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
    let port = listener.local_addr().expect("the listener has an address").port();
    std::thread::spawn(move || for _ in listener.incoming() {});
    let queue = format!("/{}-{}", crate::engine::LABEL, id());
    let flags = MQ_OFlag::O_CREAT | MQ_OFlag::O_RDONLY;
    let everybody = Mode::from_bits_truncate(0o444);
    let attributes = MqAttr::new(0, 1, 8, 0);
    mq_open(queue.as_str(), flags, everybody, Some(&attributes)).expect("the host has queues");
    Bait { port, queue }
});

/// The variables that tell a witness where the host can be recognised.
pub(crate) fn bait() -> [String; 2] {
    [format!("{PORT}={}", BAIT.port), format!("{QUEUE}={}", BAIT.queue)]
}

/// Removes all that this run has made.
pub(crate) fn clean() {
    if let Ok(engine) = Engine::connect(Path::new(DOCKER)) {
        let own = id();
        engine.clean(|run| run == own);
    }
    let queue = format!("/{}-{}", crate::engine::LABEL, id());
    // Most runs of a single case have made none.
    let _ = mq_unlink(queue.as_str());
}

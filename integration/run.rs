//! This run: its name, its place on the host, and its end.

use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::sync::{LazyLock, OnceLock};

use nix::mount::{MntFlags, umount2};
use nix::mqueue::{MQ_OFlag, MqAttr, mq_open, mq_unlink};
use nix::sys::stat::Mode;
use tempfile::TempDir;

use crate::daemon;
use crate::engine::{Engine, LABEL};
use crate::image;
use crate::services;
use crate::witness::{DISK, HOST_NAME, NAME, PORT, QUEUE};

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
        engine.import(image::witness().expect("the image can be made"), &id(), None);
    });
    engine
}

/// As [`docker`], with the services' image.
pub(crate) fn with_services() -> Engine {
    static IMAGE: OnceLock<()> = OnceLock::new();
    let engine = Engine::connect(Path::new(DOCKER)).expect("the case needs the engine");
    IMAGE.get_or_init(|| {
        let archive = services::image::image().expect("the image can be made");
        engine.import(archive, &services_tag(), None);
    });
    engine
}

/// The tag of the services' image.
pub(crate) fn services_tag() -> String {
    format!("{}.services", id())
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
    let queue = format!("/{LABEL}-{}", id());
    let flags = MQ_OFlag::O_CREAT | MQ_OFlag::O_RDONLY;
    let everybody = Mode::from_bits_truncate(0o444);
    let attributes = MqAttr::new(0, 1, 8, 0);
    mq_open(queue.as_str(), flags, everybody, Some(&attributes)).expect("the host has queues");
    Bait { port, queue }
});

/// A block device of the host, one that root may open: its node, and its numbers
/// as `major:minor`. Before a loop device, which may have nothing behind it, a disk.
pub(crate) fn disk() -> Option<(String, String)> {
    let partitions = std::fs::read_to_string("/proc/partitions").ok()?;
    let disks = partitions.lines().filter_map(|line| line.split_whitespace().nth(3));
    disks.chain(["loop0"]).find_map(|name| {
        let node = format!("/dev/{name}");
        let kind = std::fs::metadata(&node).ok()?.file_type();
        std::fs::File::open(&node).ok().filter(|_| kind.is_block_device())?;
        let numbers = std::fs::read_to_string(format!("/sys/class/block/{name}/dev")).ok()?;
        Some((node, numbers.trim().to_owned()))
    })
}

/// The variables that tell a witness where the host can be recognised.
pub(crate) fn bait() -> [String; 4] {
    let name = std::fs::read_to_string(HOST_NAME).expect("a machine has a name");
    let disk = disk().map(|(_, numbers)| numbers).unwrap_or_default();
    [
        format!("{DISK}={disk}"),
        format!("{PORT}={}", BAIT.port),
        format!("{QUEUE}={}", BAIT.queue),
        format!("{NAME}={}", name.trim()),
    ]
}

/// A folder of this run, removed at the end of its test.
pub(crate) fn folder() -> TempDir {
    tempfile::Builder::new()
        .prefix(&format!("{LABEL}-{}.", id()))
        .tempdir()
        .expect("a folder can be made")
}

/// Removes all that this run has made.
pub(crate) fn clean() {
    let own = id();
    if let Ok(engine) = Engine::connect(Path::new(DOCKER)) {
        engine.clean(|run| run == own);
    }
    clean_folders(|run| run == own);
    let queue = format!("/{LABEL}-{own}");
    // Most runs of a single case have made none.
    let _ = mq_unlink(queue.as_str());
}

/// Removes what runs left behind that could not clean up after themselves.
pub(crate) fn clean_after_others() {
    if let Ok(engine) = Engine::connect(Path::new(DOCKER)) {
        engine.clean(is_over);
    }
    clean_folders(is_over);
}

#[expect(clippy::disallowed_methods, reason = "the tests look for their own folders")]
fn clean_folders(doomed: impl Fn(&str) -> bool) {
    let folders = std::fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten();
    for folder in folders {
        let name = folder.file_name().to_string_lossy().into_owned();
        let run = name.strip_prefix(&format!("{LABEL}-")).and_then(|rest| rest.split_once('.'));
        if run.is_some_and(|(run, _)| doomed(run)) {
            remove_folder(&folder.path());
        }
    }
}

/// Removes a folder in which an engine may have mounted something.
pub(crate) fn remove_folder(folder: &Path) {
    daemon::end_containers(folder);
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let points = mounts.lines().filter_map(|line| line.split(' ').nth(4));
    for point in points.filter(|point| Path::new(point).starts_with(folder)) {
        // Who mounted it may be unmounting it at this very moment.
        let _ = umount2(point, MntFlags::MNT_DETACH);
    }
    // Another run may be removing it too.
    let _ = std::fs::remove_dir_all(folder);
}

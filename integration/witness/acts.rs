//! The acts, each the very thing that a rule says cannot be done.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use clap::ValueEnum;
use nix::mount::{MsFlags, mount};
use nix::mqueue::{MQ_OFlag, mq_open};
use nix::sched::{CloneFlags, unshare};
use nix::sys::personality::{self, Persona};
use nix::sys::stat::{Mode, SFlag, makedev, mknod};
use nix::unistd::{Uid, getuid, setresuid};
use serde::{Deserialize, Serialize};
use socket2::{Domain, Protocol, Socket, Type};

/// The variables that tell the witness where the host can be recognised.
pub(crate) const PORT: &str = "WITNESS_PORT";
pub(crate) const QUEUE: &str = "WITNESS_QUEUE";
pub(crate) const NAME: &str = "WITNESS_HOST_NAME";
/// A block device of the host, as `major:minor`.
pub(crate) const DISK: &str = "WITNESS_DISK";

/// What the kernel calls the machine, in the reader's UTS namespace.
pub(crate) const HOST_NAME: &str = "/proc/sys/kernel/hostname";

/// A file of the image: root's, and readable for root's group.
pub(crate) const GROUP_SECRET: &str = "/group-secret";

/// More than any limit that a case sets.
const MANY: usize = 150;
const LARGE: usize = 160 << 20;

/// Where the cases give a disk of the host, for reading alone.
pub(crate) const DISK_NODE: &str = "/dev/witness-disk";

/// What the documents' images hold.
pub(crate) const MODULE: &str = "/app/node_modules/express/index.js";
pub(crate) const CONFIGURATION: &str = "/etc/nginx/conf.d/default.conf";
pub(crate) const KEY: &str = "/app/server.key";

/// A folder that the image has not, and that marks a peer.
pub(crate) const PEER: &str = "/peer";

/// Where the cases mount an engine's socket.
const ENGINES: [&str; 3] = ["/var/run/docker.sock", "/tmp/innocent", "/host-run/docker.sock"];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Act {
    /// Set all its uids to 0.
    BecomeRoot,
    OpenRawSocket,
    /// Mount a file system, in a mount namespace of its own.
    Mount,
    /// Switch off the randomisation of addresses, for which no privilege is
    /// needed, and which the engines' default seccomp filters refuse.
    ChangePersonality,
    /// Open a setting of the whole kernel for writing.
    OpenKernelSetting,
    /// See a process that is no witness.
    SeeOtherProcesses,
    /// Connect to a port on which only the host's own loopback listens.
    ReachHostLoopback,
    /// Open a message queue that the host's IPC namespace holds.
    OpenHostQueue,
    /// See the name of the host as its own.
    SeeHostName,
    /// See where the host has put it among its cgroups.
    SeeOwnCgroup,
    /// Open the kernel's log for writing, by its node or by one made for it.
    OpenHostDevice,
    /// Open a block device of the host to read it, by its node or by one made for it.
    OpenDisk,
    /// Ask a container engine whether it is there, at a socket or where
    /// `DOCKER_HOST` points.
    ReachEngine,
    ReadHostSecret,
    /// Read a password out of its own environment.
    FindPassword,
    /// Open a file of the host for writing, and leave it as it is.
    WriteHostSecret,
    /// Read a file of the host through the root of one of its processes.
    TraceHost,
    /// Look into the root of a process of another container.
    TracePeer,
    /// Set a `release_agent` to what it is: one that is there, or else one of a
    /// hierarchy that it mounts.
    SetAgents,
    WriteRoot,
    WriteTmp,
    /// Open a module of the application for writing.
    WriteModule,
    /// Do so after changing the modes on the way, and change them back.
    ChmodModule,
    /// Give the program of the application another name, and its own again.
    MoveProgram,
    /// Open the configuration of nginx for writing.
    WriteConfiguration,
    /// Do so after changing its mode, and change it back.
    ChmodConfiguration,
    /// Read a key of the application.
    ReadKey,
    /// Write into a folder that is for everybody.
    WriteDrop,
    /// Read a file of the image that only root and its group may read.
    ReadGroupSecret,
    /// Start the login shell that its account names.
    StartOwnShell,
    /// Start more threads than any limit of a case allows.
    ExceedPids,
    /// Touch more memory than any limit of a case allows.
    ExceedMemory,
}

impl Act {
    /// Whether it takes much of the machine, and asks nothing about users.
    pub(super) const fn is_greedy(self) -> bool {
        matches!(self, Self::ExceedPids | Self::ExceedMemory)
    }

    pub(super) fn name(self) -> String {
        let shown = self.to_possible_value().expect("every act has a name");
        shown.get_name().to_owned()
    }

    pub(super) fn named(name: &str) -> Self {
        Self::from_str(name, false).expect("only acts are asked for")
    }

    /// Tries the act; an error is why it could not be done.
    pub(super) fn attempt(self) -> io::Result<()> {
        match self {
            Self::BecomeRoot => {
                let root = Uid::from_raw(0);
                Ok(setresuid(root, root, root)?)
            }
            Self::OpenRawSocket => {
                Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4)).map(drop)
            }
            Self::Mount => mount_alone("tmpfs", None),
            Self::ChangePersonality => Ok(personality::set(Persona::ADDR_NO_RANDOMIZE).map(drop)?),
            Self::OpenKernelSetting => {
                fs::OpenOptions::new().write(true).open("/proc/sys/kernel/panic").map(drop)
            }
            Self::SeeOtherProcesses => see_other_processes(),
            Self::ReachHostLoopback => {
                let port = from_env(PORT)?.parse().map_err(io::Error::other)?;
                TcpStream::connect((Ipv4Addr::LOCALHOST, port)).map(drop)
            }
            Self::OpenHostQueue => {
                let queue = from_env(QUEUE)?;
                mq_open(queue.as_str(), MQ_OFlag::O_RDONLY, Mode::empty(), None)?;
                Ok(())
            }
            Self::SeeHostName => see_host_name(),
            Self::SeeOwnCgroup => see_own_cgroup(),
            Self::OpenHostDevice => open_host_device(),
            Self::OpenDisk => open_disk(),
            Self::ReachEngine => reach_engine(),
            Self::ReadHostSecret => fs::read("/host-etc/shadow").map(drop),
            Self::FindPassword => from_env("DB_PASSWORD").map(drop),
            Self::WriteHostSecret => open_to_write("/host-etc/shadow"),
            // The image has no such file: whose root has one is a process of the host.
            Self::TraceHost => trace(|root| fs::read(root.join("etc/shadow")).map(drop)),
            Self::TracePeer => {
                trace(|root| fs::metadata(root.join(PEER.trim_start_matches('/'))).map(drop))
            }
            Self::SetAgents => set_again("/mnt/memory/release_agent").or_else(|_| {
                mount_alone("cgroup", Some("memory"))?;
                set_again("/mnt/release_agent")
            }),
            Self::WriteRoot => write("/written"),
            Self::WriteTmp => write("/tmp/written"),
            Self::WriteModule => open_to_write(MODULE),
            Self::ChmodModule => chmod_and_write(MODULE),
            Self::MoveProgram => {
                let (own, other) = ("/app/server.js", "/app/.server.js");
                fs::rename(own, other)?;
                fs::rename(other, own)
            }
            Self::WriteConfiguration => open_to_write(CONFIGURATION),
            Self::ChmodConfiguration => chmod_and_write(CONFIGURATION),
            Self::ReadKey => fs::read(KEY).map(drop),
            Self::WriteDrop => write("/srv/drop/written"),
            Self::ReadGroupSecret => fs::read(GROUP_SECRET).map(drop),
            Self::StartOwnShell => start_own_shell(),
            Self::ExceedPids => exceed_pids(),
            Self::ExceedMemory => {
                let touched = vec![1_u8; LARGE];
                std::hint::black_box(touched);
                Ok(())
            }
        }
    }
}

/// Mounts a file system in a mount namespace of its own.
fn mount_alone(kind: &str, options: Option<&str>) -> io::Result<()> {
    unshare(CloneFlags::CLONE_NEWNS)?;
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(None::<&str>, "/", None::<&str>, private, None::<&str>)?;
    Ok(mount(Some("none"), "/mnt", Some(kind), MsFlags::empty(), options)?)
}

#[expect(clippy::disallowed_methods, reason = "the kernel's setting stays what it is")]
fn set_again(path: &str) -> io::Result<()> {
    let set = fs::read_to_string(path)?;
    fs::write(path, format!("{}\n", set.trim()))
}

/// Tries the same at the root of every process.
#[expect(clippy::disallowed_methods, reason = "the witness looks for processes")]
fn trace(look: fn(PathBuf) -> io::Result<()>) -> io::Result<()> {
    let mut last = Err(io::Error::other("there is no process"));
    for process in fs::read_dir("/proc")?.flatten() {
        last = look(process.path().join("root"));
        if last.is_ok() {
            break;
        }
    }
    last
}

/// Lets itself write a file, and leaves its mode as it was.
fn chmod_and_write(path: &str) -> io::Result<()> {
    let before = fs::metadata(path)?.permissions();
    let mut after = before.clone();
    after.set_mode(before.mode() | 0o200);
    fs::set_permissions(path, after)?;
    let opened = open_to_write(path);
    fs::set_permissions(path, before)?;
    opened
}

fn open_to_write(path: &str) -> io::Result<()> {
    fs::OpenOptions::new().write(true).open(path).map(drop)
}

fn from_env(name: &str) -> io::Result<String> {
    std::env::var(name).map_err(io::Error::other)
}

#[expect(clippy::disallowed_methods, reason = "the witness looks at its own container")]
fn see_other_processes() -> io::Result<()> {
    for entry in fs::read_dir("/proc")?.flatten() {
        let is_process = entry.file_name().to_string_lossy().parse::<u32>().is_ok();
        // A process that has ended meanwhile cannot be read and is no sight of the host.
        let command = fs::read(entry.path().join("cmdline"));
        // The runtime, which is about to become a witness for the health check.
        let is_starting = command.as_ref().is_ok_and(|it| it.starts_with(b"runc\0init"));
        if is_process
            && !is_starting
            && command.is_ok_and(|command| !command.starts_with(super::WITNESS.as_bytes()))
        {
            return Ok(());
        }
    }
    Err(io::Error::other("every process is a witness"))
}

fn see_host_name() -> io::Result<()> {
    let (own, host) = (fs::read_to_string(HOST_NAME)?, from_env(NAME)?);
    if own.trim() == host { Ok(()) } else { Err(io::Error::other(own)) }
}

/// In a cgroup namespace of its own a process stands at the root.
fn see_own_cgroup() -> io::Result<()> {
    let own = fs::read_to_string("/proc/self/cgroup")?;
    if own.lines().all(|line| line.ends_with(":/")) { Err(io::Error::other(own)) } else { Ok(()) }
}

fn open_host_device() -> io::Result<()> {
    let open = |path| fs::OpenOptions::new().write(true).open(path).map(drop);
    open("/dev/kmsg").or_else(|_| {
        let node = "/dev/witness";
        mknod(node, SFlag::S_IFCHR, Mode::S_IRUSR | Mode::S_IWUSR, makedev(1, 11))?;
        let opened = open(node);
        fs::remove_file(node)?;
        opened
    })
}

/// Never for writing, whatever the cgroup would let it do.
fn open_disk() -> io::Result<()> {
    let open = |path| fs::File::open(path).map(drop);
    open(DISK_NODE).or_else(|_| {
        let disk = from_env(DISK)?;
        let number = |text: &str| text.parse().map_err(io::Error::other);
        let (major, minor) = disk.split_once(':').unwrap_or_default();
        let device = makedev(number(major)?, number(minor)?);
        let node = "/dev/witness-made";
        mknod(node, SFlag::S_IFBLK, Mode::S_IRUSR, device)?;
        let opened = open(node);
        fs::remove_file(node)?;
        opened
    })
}

fn reach_engine() -> io::Result<()> {
    let mut last = Err(io::Error::other("no socket was tried"));
    for path in ENGINES {
        last = UnixStream::connect(path).and_then(ping);
        if last.is_ok() {
            return last;
        }
    }
    match from_env("DOCKER_HOST").ok().as_deref().and_then(|it| it.strip_prefix("tcp://")) {
        Some(address) => TcpStream::connect(address).and_then(ping),
        None => last,
    }
}

fn ping(mut engine: impl Read + Write) -> io::Result<()> {
    engine.write_all(b"GET /_ping HTTP/1.0\r\nHost: engine\r\n\r\n")?;
    let mut answer = String::new();
    engine.read_to_string(&mut answer)?;
    if answer.contains(" 200 OK") { Ok(()) } else { Err(io::Error::other(answer)) }
}

#[expect(clippy::disallowed_methods, reason = "the witness tries to write")]
fn write(path: &str) -> io::Result<()> {
    fs::write(path, "a witness was here")?;
    fs::remove_file(path)
}

fn start_own_shell() -> io::Result<()> {
    let own = getuid().to_string();
    let accounts = fs::read_to_string("/etc/passwd")?;
    let mut lines = accounts.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let account = lines.find(|fields| fields.get(2) == Some(&own.as_str()));
    let shell = account.and_then(|fields| fields.last().copied());
    let shell = shell.ok_or_else(|| io::Error::other("the user has no account"))?;
    let script = format!("{} witness healthy", super::WITNESS);
    let status = Command::new(shell).args(["-c", &script]).stderr(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(status.to_string())) }
}

/// Threads count like processes; those that could be started end with the child.
fn exceed_pids() -> io::Result<()> {
    for _ in 0..MANY {
        std::thread::Builder::new().stack_size(16 << 10).spawn(std::thread::park)?;
    }
    Ok(())
}

//! The acts, each the very thing that a rule says cannot be done.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::net::UnixStream;

use nix::mount::{MsFlags, mount};
use nix::mqueue::{MQ_OFlag, mq_open};
use nix::sched::{CloneFlags, unshare};
use nix::sys::personality::{self, Persona};
use nix::sys::stat::{Mode, SFlag, makedev, mknod};
use nix::unistd::{Uid, setresuid};
use serde::{Deserialize, Serialize};
use socket2::{Domain, Protocol, Socket, Type};

/// The variables that tell the witness where the host can be recognised.
pub(crate) const PORT: &str = "WITNESS_PORT";
pub(crate) const QUEUE: &str = "WITNESS_QUEUE";
pub(crate) const NAME: &str = "WITNESS_HOST_NAME";

/// What the kernel calls the machine, in the reader's UTS namespace.
pub(crate) const HOST_NAME: &str = "/proc/sys/kernel/hostname";

/// More than any limit that a case sets.
const MANY: usize = 150;
const LARGE: usize = 160 << 20;

/// Where the cases mount an engine's socket.
const ENGINES: [&str; 3] = ["/var/run/docker.sock", "/tmp/innocent", "/host-run/docker.sock"];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Ask a container engine whether it is there.
    ReachEngine,
    ReadHostSecret,
    /// Open a file of the host for writing, and leave it as it is.
    WriteHostSecret,
    /// Read a file of the host through the root of one of its processes.
    TraceHost,
    /// Set a `release_agent` to what it is: one that is there, or else one of a
    /// hierarchy that it mounts.
    SetAgents,
    WriteRoot,
    WriteTmp,
    /// Start more threads than any limit of a case allows.
    ExceedPids,
    /// Touch more memory than any limit of a case allows.
    ExceedMemory,
}

impl Act {
    pub(crate) const ALL: [Self; 20] = [
        Self::BecomeRoot,
        Self::OpenRawSocket,
        Self::Mount,
        Self::ChangePersonality,
        Self::OpenKernelSetting,
        Self::SeeOtherProcesses,
        Self::ReachHostLoopback,
        Self::OpenHostQueue,
        Self::SeeHostName,
        Self::SeeOwnCgroup,
        Self::OpenHostDevice,
        Self::ReachEngine,
        Self::ReadHostSecret,
        Self::WriteHostSecret,
        Self::TraceHost,
        Self::SetAgents,
        Self::WriteRoot,
        Self::WriteTmp,
        Self::ExceedPids,
        Self::ExceedMemory,
    ];

    /// Whether it takes much of the machine, and asks nothing about users.
    pub(super) const fn is_greedy(self) -> bool {
        matches!(self, Self::ExceedPids | Self::ExceedMemory)
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::BecomeRoot => "become-root",
            Self::OpenRawSocket => "open-raw-socket",
            Self::Mount => "mount",
            Self::ChangePersonality => "change-personality",
            Self::OpenKernelSetting => "open-kernel-setting",
            Self::SeeOtherProcesses => "see-other-processes",
            Self::ReachHostLoopback => "reach-host-loopback",
            Self::OpenHostQueue => "open-host-queue",
            Self::SeeHostName => "see-host-name",
            Self::SeeOwnCgroup => "see-own-cgroup",
            Self::OpenHostDevice => "open-host-device",
            Self::ReachEngine => "reach-engine",
            Self::ReadHostSecret => "read-host-secret",
            Self::WriteHostSecret => "write-host-secret",
            Self::TraceHost => "trace-host",
            Self::SetAgents => "set-agents",
            Self::WriteRoot => "write-root",
            Self::WriteTmp => "write-tmp",
            Self::ExceedPids => "exceed-pids",
            Self::ExceedMemory => "exceed-memory",
        }
    }

    pub(super) fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|act| act.name() == name).expect("only acts are asked for")
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
            Self::ReachEngine => reach_engine(),
            Self::ReadHostSecret => fs::read("/host-etc/shadow").map(drop),
            Self::WriteHostSecret => open_to_write("/host-etc/shadow"),
            Self::TraceHost => trace_host(),
            Self::SetAgents => set_again("/mnt/memory/release_agent").or_else(|_| {
                mount_alone("cgroup", Some("memory"))?;
                set_again("/mnt/release_agent")
            }),
            Self::WriteRoot => write("/written"),
            Self::WriteTmp => write("/tmp/written"),
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

/// The image has no such file: whose root has one is a process of the host.
#[expect(clippy::disallowed_methods, reason = "the witness looks for processes")]
fn trace_host() -> io::Result<()> {
    let mut last = Err(io::Error::other("there is no process"));
    for process in fs::read_dir("/proc")?.flatten() {
        last = fs::read(process.path().join("root/etc/shadow")).map(drop);
        if last.is_ok() {
            break;
        }
    }
    last
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
        if is_process
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

fn reach_engine() -> io::Result<()> {
    let mut last = Err(io::Error::other("no socket was tried"));
    for path in ENGINES {
        last = ping(path);
        if last.is_ok() {
            break;
        }
    }
    last
}

fn ping(socket: &str) -> io::Result<()> {
    let mut engine = UnixStream::connect(socket)?;
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

/// Threads count like processes; those that could be started end with the child.
fn exceed_pids() -> io::Result<()> {
    for _ in 0..MANY {
        std::thread::Builder::new().stack_size(16 << 10).spawn(std::thread::park)?;
    }
    Ok(())
}

//! An audit looks and does nothing else: nothing is executed in a container,
//! nothing is written anywhere, and the engine is only asked.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::docker::{hardened, with_witness};
use super::services::{NEEDS, Written, inner_network, start};
use super::users::{copy, nobody};
use super::{Live, live};
use crate::audit::{PROGRAM, audit_by};
use crate::engine::Container;
use crate::needs::Need;
use crate::relay::{Recorder, request_lines};
use crate::run;
use crate::services::{NGINX, NODE, POSTGRES, REDIS};
use crate::trace::{Own, deeds};

pub(super) fn all() -> Vec<Live> {
    let strace = Need::Program("strace");
    let needs: Vec<Need> = NEEDS.into_iter().chain([strace]).collect();
    vec![
        live("only-looks::at-a-fleet-as-root-and-as-nobody", &needs, at_a_fleet),
        live("only-looks::a-deed-in-a-trace-is-seen", &[], deeds_are_seen),
        live("only-looks::a-real-deed-is-seen", &[strace], a_real_deed),
        live("only-looks::a-request-that-writes-is-seen", &[], requests_are_seen),
    ]
}

/// Services of many processes, one whose engine socket and host folder invite
/// to more, and one in which somebody is at work.
fn at_a_fleet() {
    let engine = run::with_services();
    let network = inner_network(&engine, "looked-at");
    // The witnesses' image is another one.
    let _ = run::docker();
    let inviting = json!({"HostConfig": {"Binds": [
        "/var/run/docker.sock:/var/run/docker.sock",
        "/etc:/host-etc:ro",
    ]}});
    let mut entered = with_witness(hardened());
    entered["Healthcheck"] = json!(null);
    let mut fleet = vec![
        engine.start("looked-at-inviting", &with_witness(inviting)),
        engine.start("looked-at-entered", &entered),
    ];
    for container in &fleet {
        container.testimony();
    }
    fleet[1].exec("0", &[]);
    for (service, written) in [
        (&NGINX, Written::Plain),
        (&NODE, Written::Hardened),
        (&POSTGRES, Written::Plain),
        (&REDIS, Written::Hardened),
    ] {
        fleet.push(start(&engine, &network, service, written, "-looked-at"));
    }
    look(&[], Path::new(PROGRAM), &[], &fleet);
    let folder = run::folder();
    let program = copy(&folder, Path::new(PROGRAM));
    look(&nobody(), Path::new(&program), &[], &fleet);
    // Nobody may look into a container's root; whoever may ask the engine can.
    let requests = look(&nobody(), Path::new(&program), &["--files", "engine"], &fleet);
    for container in &fleet {
        let sent = |what: &str| {
            let path = format!("/containers/{}/{what}", container.id);
            requests.iter().filter(|request| request.contains(&path)).count()
        };
        // A second time for what links lead to that somebody asks for.
        assert!((1..=2).contains(&sent("export")), "{requests:?}");
        assert!(sent("archive") < 32, "{requests:?}");
        assert!(sent("archive?path=/ HTTP") == 1 && sent("archive?path=/etc/hosts ") == 1);
    }
}

/// Audits the fleet by a command that begins so, and holds what it did, as the
/// kernel and the engine saw it; what it asked of the engine.
fn look(
    before: &[String],
    program: &Path,
    options: &[&str],
    fleet: &[Container<'_>],
) -> Vec<String> {
    let folder = run::folder();
    let everybody = |path: &Path, mode| {
        std::fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is the test's own");
    };
    everybody(folder.path(), 0o755);
    let socket = folder.path().join("recorder.sock");
    let recorder = Recorder::at(&socket);
    everybody(&socket, 0o666);
    let trace = folder.path().join("trace");
    File::create(&trace).expect("the folder is the test's own");
    everybody(&trace, 0o666);

    let (program, socket) = (program.to_string_lossy(), socket.to_string_lossy());
    let trace_path = trace.to_string_lossy();
    // Names of descriptors tell what is written to; long strings tell nothing.
    let strace = ["strace", "-f", "-y", "-s", "128", "-o", &trace_path, "--", &program];
    let host = format!("unix://{socket}");
    let arguments = ["containers", "--format", "json", "--host", &host];
    let arguments = arguments.into_iter().chain(options.iter().copied());
    let words: Vec<&str> =
        before.iter().map(String::as_str).chain(strace).chain(arguments).collect();
    let names = fleet.iter().map(|container| container.name.as_str());
    let audit = audit_by(Command::new(words[0]).args(&words[1..]).args(names));

    assert_eq!(audit.code, 1, "{:?}", audit.report.gate);
    let trace = std::fs::read_to_string(&trace).expect("strace wrote it");
    let own = Own { program: &program, socket: &socket };
    let deeds = deeds(&trace, &own);
    let first = deeds.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
    assert!(deeds.is_empty(), "{} deeds:\n{first}", deeds.len());
    let requests = recorder.requests();
    let may_download = options.contains(&"engine");
    for request in &requests {
        assert!(only_asks(request) || (may_download && downloads(request)), "{request}");
    }
    // Whoever did not look did nothing either.
    assert!(trace.ends_with("+++ exited with 1 +++\n"));
    for container in fleet {
        assert!(audit.target(&container.name).is_some(), "{}", container.name);
        assert!(trace.contains(&format!("/proc/{}", container.pid())), "{}", container.name);
        let inspected = format!("/containers/{}/json", container.id);
        assert!(requests.iter().any(|request| request.contains(&inspected)), "{requests:?}");
    }
    println!("only looks: {} lines, {} requests", trace.lines().count(), requests.len());
    requests
}

/// A question, and none after a session in a container.
fn only_asks(request: &str) -> bool {
    let words: Vec<&str> = request.split(' ').collect();
    match words.as_slice() {
        ["GET" | "HEAD", path, "HTTP/1.1"] => {
            let mut parts = path.split(['/', '?']);
            !parts.any(|part| ["exec", "attach", "archive", "export"].contains(&part))
        }
        _ => false,
    }
}

/// A read of a container's files, which is asked for only where somebody wants
/// it: the engine packs and sends them all.
fn downloads(request: &str) -> bool {
    let words: Vec<&str> = request.split(' ').collect();
    let ["GET", path, "HTTP/1.1"] = words.as_slice() else { return false };
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["", _version, "containers", _id, what, ..] => {
            *what == "export" || what.starts_with("archive?path=")
        }
        _ => false,
    }
}

fn requests_are_seen() {
    let said = b"GET /v1.41/containers/json?all=1 HTTP/1.1\r\nhost: x\r\n\r\n\
        HEAD /_ping HTTP/1.1\r\n\r\n";
    assert_eq!(request_lines(said).len(), 2);
    assert!(request_lines(said).iter().all(|request| only_asks(request)));
    let deeds: [&[u8]; 5] = [
        b"POST /containers/1/exec HTTP/1.1\r\n\r\n",
        b"GET /exec/1/json HTTP/1.1\r\n\r\n",
        b"GET /v1.41/containers/1/archive?path=/ HTTP/1.1\r\n\r\n",
        // What follows a question is another one, or a body.
        b"GET /_ping HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}",
        b"GET /_ping HTTP/1.1\r\n\r\nDELETE /containers/1 HTTP/1.1\r\n\r\n",
    ];
    for deed in deeds {
        let requests = request_lines(deed);
        assert!(!requests.iter().all(|request| only_asks(request)), "{requests:?}");
    }
    for request in ["GET /v1.41/containers/1/export", "GET /v1.41/containers/1/archive?path=/a"] {
        assert!(downloads(&format!("{request} HTTP/1.1")), "{request}");
    }
    for deed in [
        "PUT /v1.41/containers/1/archive?path=/a HTTP/1.1",
        "GET /v1.41/containers/1/attach/ws HTTP/1.1",
        "GET /v1.41/exec/1/json HTTP/1.1",
    ] {
        assert!(!downloads(deed), "{deed}");
    }
}

const OWN: Own<'_> = Own { program: "/opt/secaudit", socket: "/run/docker.sock" };
const START: &str =
    r#"7 execve("/opt/secaudit", ["secaudit", "containers"], 0x7ffd /* 3 vars */) = 0"#;

/// Lines as `strace` writes them, all of a mere look.
const LOOKS: [&str; 16] = [
    r#"7 openat(AT_FDCWD</tmp>, "/proc/1", O_RDONLY|O_CLOEXEC|O_PATH|O_DIRECTORY) = 3</proc/1>"#,
    r#"7 openat(3</proc/1>, "O_WRONLY, O_CREAT", O_RDONLY|O_NONBLOCK|O_CLOEXEC) = -1 ENOENT (No such file)"#,
    r#"7 openat2(3</>, "etc/passwd", {flags=O_RDONLY|O_CLOEXEC, resolve=RESOLVE_IN_ROOT}, 24) = 4</etc/passwd>"#,
    r#"7 read(4</etc/passwd>, "openat(1, \"x\", O_RDWR) = 3", 64) = 27"#,
    r#"7 write(1<pipe:[12]>, "{}\n", 3)       = 3"#,
    r#"7 write(1</tmp/report.json>, "{}\n", 3) = 3"#,
    r#"7 write(5<anon_inode:[eventfd]>, "\1\0\0\0\0\0\0\0", 8) = 8"#,
    r#"7 writev(9<socket:[36]>, [{iov_base="GET /version HTTP/1.1\r\n", iov_len=23}], 1) = 23"#,
    r#"7 socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, 0) = 9<socket:[36]>"#,
    r#"7 connect(9<socket:[36]>, {sa_family=AF_UNIX, sun_path="/run/docker.sock"}, 23) = 0"#,
    r#"7 mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f"#,
    r#"7 clone3({flags=CLONE_VM|CLONE_FS|CLONE_THREAD|CLONE_SYSVSEM}, 88 <unfinished ...>"#,
    r#"8 <... openat resumed>)                = 3</proc/1>"#,
    r#"8 openat(AT_FDCWD</a b, c>, "/proc", O_RDONLY|O_CLOEXEC <unfinished ...>"#,
    r#"7 --- SIGPIPE {si_signo=SIGPIPE, si_code=SI_USER} ---"#,
    r#"7 +++ exited with 1 +++"#,
];

/// Each a deed, done or only tried.
const DEEDS: [&str; 34] = [
    r#"7 execve("/bin/sh", ["sh"], 0x7ffd /* 3 vars */) = 0"#,
    r#"7 execveat(3</bin/sh>, "", ["sh"], 0x7ffd, AT_EMPTY_PATH) = 0"#,
    r#"7 clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f) = 8"#,
    r#"7 vfork( <unfinished ...>"#,
    r#"7 open("/etc/passwd", O_RDWR) = 3</etc/passwd>"#,
    r#"7 openat(AT_FDCWD</>, "/x", O_WRONLY|O_CREAT|O_TRUNC, 0666) = -1 EROFS (Read-only file system)"#,
    r#"7 openat(AT_FDCWD</>, "/x", O_RDONLY|O_CREAT, 0666 <unfinished ...>"#,
    r#"7 openat(AT_FDCWD</>, "a\", O_RDONLY", O_RDWR) = 3</x>"#,
    r#"7 openat(AT_FDCWD</>, "/x", O_RDONLY|0x40000000) = 3</x>"#,
    r#"7 openat(AT_FDCWD</>, "/tmp", O_RDWR|O_TMPFILE, 0600) = 3</tmp/#7 (deleted)>"#,
    r#"7 openat2(3</>, "x", {flags=O_RDWR|O_CLOEXEC, resolve=RESOLVE_IN_ROOT}, 24) = 4</x>"#,
    r#"7 openat2(3</>, "x", 0x7ffd, 24) = -1 EFAULT (Bad address)"#,
    r#"7 creat("/x", 0666) = 3</x>"#,
    r#"7 write(4</proc/1/oom_score_adj>, "0", 1) = 1"#,
    r#"7 write(4<pipe:[9]>, "0", 1) = 1"#,
    r#"7 pwrite64(4</x>, "0", 1, 0) = 1"#,
    r#"7 sendmsg(4<socket:[3]>, {msg_name=NULL}, 0) = 1"#,
    r#"7 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 3<socket:[4]>"#,
    r#"7 connect(3<socket:[4]>, {sa_family=AF_UNIX, sun_path="/run/docker.sock2"}, 23) = 0"#,
    r#"7 connect(3<socket:[4]>, {sa_family=AF_INET, sin_port=htons(80)}, 16) = 0"#,
    r#"7 fcntl(3</x>, F_SETLEASE, F_WRLCK) = 0"#,
    r#"7 ioctl(3</x>, FS_IOC_SETFLAGS, [FS_IMMUTABLE_FL]) = 0"#,
    r#"7 mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED, 3</x>, 0) = 0x7f"#,
    r#"7 prlimit64(99, RLIMIT_NOFILE, {rlim_cur=1, rlim_max=1}, NULL) = 0"#,
    r#"7 unlink("/x") = 0"#,
    r#"7 renameat2(AT_FDCWD</>, "a", AT_FDCWD</>, "b", 0) = 0"#,
    r#"7 mount("none", "/x", "tmpfs", 0, NULL) = 0"#,
    r#"7 setns(3</proc/9/ns/mnt>, CLONE_NEWNS) = 0"#,
    r#"7 ptrace(PTRACE_SEIZE, 9, NULL, 0) = 0"#,
    r#"7 kill(9, SIGTERM) = 0"#,
    r#"7 fchmodat(AT_FDCWD</>, "x", 0777) = 0"#,
    r#"7 fchownat(AT_FDCWD</>, "x", 0, 0, 0) = 0"#,
    r#"7 setxattr("/x", "user.a", "1", 1, 0) = 0"#,
    // What cannot be read is no proof that nothing was done.
    r#"strace: Process 7 attached"#,
];

fn deeds_are_seen() {
    let looks = format!("{START}\n{}\n", LOOKS.join("\n"));
    assert_eq!(deeds(&looks, &OWN), Vec::<String>::new());
    for deed in DEEDS {
        assert_eq!(deeds(&format!("{looks}{deed}\n"), &OWN), [deed]);
    }
    // Nothing, another program, and the program twice.
    assert_eq!(deeds("", &OWN).len(), 1);
    assert_eq!(deeds(LOOKS[0], &OWN).len(), 1);
    assert_eq!(deeds(&format!("{START}\n{START}\n"), &OWN).len(), 1);
}

/// The reader reads what `strace` of this machine writes.
fn a_real_deed() {
    let folder = run::folder();
    let (trace, made) = (folder.path().join("trace"), folder.path().join("made"));
    let traced = Command::new("strace")
        .args(["-f", "-y", "-o"])
        .arg(&trace)
        .args(["--", "/bin/sh", "-c", ": > \"$0\" && /bin/true"])
        .arg(&made)
        .status();
    assert!(traced.expect("strace runs").success());
    let trace = std::fs::read_to_string(&trace).expect("strace wrote it");
    let found = deeds(&trace, &Own { program: "/bin/sh", socket: "/nowhere" });
    for deed in [format!("\"{}\", O_WRONLY|O_CREAT", made.display()), "/bin/true".to_owned()] {
        assert!(found.iter().any(|line| line.contains(&deed)), "{deed}: {found:?}");
    }
}

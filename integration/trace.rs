//! Reads what `strace(1)` wrote of an audit, and finds whatever is more than
//! looking.
//!
//! A system call is innocent only if it is named here: what nobody thought of
//! counts as a deed. Also what was tried in vain is a deed.

/// What the audit may start and talk to.
pub(crate) struct Own<'a> {
    pub(crate) program: &'a str,
    /// The engine's socket.
    pub(crate) socket: &'a str,
}

/// Calls that change nothing outside the process that makes them.
const INNOCENT: [&str; 64] = [
    "access",
    "arch_prctl",
    "brk",
    "clock_gettime",
    "clock_nanosleep",
    "close",
    "epoll_create1",
    "epoll_ctl",
    "epoll_pwait",
    "epoll_wait",
    "eventfd2",
    "exit",
    "exit_group",
    "faccessat",
    "faccessat2",
    "fgetxattr",
    "fstat",
    "fstatfs",
    "futex",
    "getcwd",
    "getdents64",
    "getegid",
    "geteuid",
    "getgid",
    "getpid",
    "getrandom",
    "getsockopt",
    "gettid",
    "getuid",
    "getxattr",
    "lgetxattr",
    "lseek",
    "lstat",
    "madvise",
    "mprotect",
    "mremap",
    "munmap",
    "newfstatat",
    "poll",
    "ppoll",
    "pread64",
    "read",
    "readlink",
    "readlinkat",
    "readv",
    "recvfrom",
    "recvmsg",
    "restart_syscall",
    "rseq",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sched_getaffinity",
    "sched_yield",
    "set_robust_list",
    "set_tid_address",
    "shutdown",
    "sigaltstack",
    "socketpair",
    "stat",
    "statfs",
    "statx",
    "sysinfo",
    "uname",
];

/// Whatever a flag of an opened file may be, other than to change the file or
/// to make it.
const READING: [&str; 9] = [
    "O_RDONLY",
    "O_CLOEXEC",
    "O_PATH",
    "O_DIRECTORY",
    "O_NONBLOCK",
    "O_NOFOLLOW",
    "O_NOCTTY",
    "O_LARGEFILE",
    "O_NOATIME",
];

/// Everything in the trace that is no mere look, in the trace's own words.
pub(crate) fn deeds(trace: &str, own: &Own<'_>) -> Vec<String> {
    let mut lines = trace.lines().filter(|line| !line.is_empty());
    let started = lines.next().is_some_and(|line| is_start(line, own));
    let first = (!started).then(|| "the trace does not begin with the program".to_owned());
    let rest = lines.filter(|line| !is_innocent(line, own)).map(str::to_owned);
    first.into_iter().chain(rest).collect()
}

/// The one program that is executed.
fn is_start(line: &str, own: &Own<'_>) -> bool {
    call(line).is_some_and(|(name, arguments)| {
        name == "execve" && arguments.first().is_some_and(|it| *it == quoted(own.program))
    })
}

fn is_innocent(line: &str, own: &Own<'_>) -> bool {
    let (_, what) = line.split_once(' ').unwrap_or_default();
    let what = what.trim_start();
    // A signal, an end, or the end of a call of which the beginning was judged.
    if ["--- ", "+++ ", "<... "].iter().any(|start| what.starts_with(start)) {
        return true;
    }
    let Some((name, arguments)) = call(line) else { return false };
    let argument = |index: usize| arguments.get(index).copied().unwrap_or_default();
    match name {
        "open" => is_reading(argument(1)),
        "openat" => is_reading(argument(2)),
        "openat2" => {
            let flags = argument(2).strip_prefix("{flags=").and_then(|it| it.split(',').next());
            flags.is_some_and(is_reading)
        }
        "write" | "writev" => is_own(argument(0)),
        "socket" => argument(0) == "AF_UNIX",
        "connect" => argument(1).contains(&format!("sun_path={}", quoted(own.socket))),
        "fcntl" => {
            ["F_GETFD", "F_SETFD", "F_GETFL", "F_SETFL", "F_DUPFD_CLOEXEC"].contains(&argument(1))
        }
        "ioctl" => ["TCGETS", "TIOCGWINSZ"].contains(&argument(1)),
        // No file is changed through memory.
        "mmap" => argument(3).split('|').all(|flag| !flag.starts_with("MAP_SHARED")),
        "prlimit64" => argument(2) == "NULL",
        // The allocator gives the program's own memory a name.
        "prctl" => argument(0) == "PR_SET_VMA" && argument(1) == "PR_SET_VMA_ANON_NAME",
        // Threads of its own, no other process.
        "clone" | "clone3" => line.contains("CLONE_THREAD"),
        name => INNOCENT.contains(&name),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

fn is_reading(flags: &str) -> bool {
    flags.split('|').all(|flag| READING.contains(&flag))
}

/// The standard output and error, and what is no file: sockets, and the
/// counter by which it wakes itself.
fn is_own(descriptor: &str) -> bool {
    let (number, name) = descriptor.split_once('<').unwrap_or((descriptor, ""));
    ["1", "2"].contains(&number)
        || name.starts_with("socket:[")
        || name.starts_with("anon_inode:[eventfd]")
}

/// The name and the arguments of `PID name(argument, …`.
fn call(line: &str) -> Option<(&str, Vec<&str>)> {
    let (pid, rest) = line.split_once(' ')?;
    pid.parse::<u32>().ok()?;
    let (name, rest) = rest.trim_start().split_once('(')?;
    let is_name = !name.is_empty()
        && name.chars().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_');
    is_name.then(|| (name, arguments(rest)))
}

/// Splits at the commas between arguments: those in strings, structures and
/// names of descriptors are parts of theirs.
fn arguments(text: &str) -> Vec<&str> {
    let (mut found, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    let (mut in_string, mut in_name, mut is_escaped) = (false, false, false);
    let mut before = ' ';
    for (at, letter) in text.char_indices() {
        let is_plain = !in_string && !in_name;
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' if !in_name => in_string = !in_string,
            // A descriptor's name follows its number, or AT_FDCWD.
            '<' if is_plain && before.is_ascii_alphanumeric() => in_name = true,
            '>' if in_name => in_name = false,
            '{' | '[' | '(' if is_plain => depth += 1,
            ')' if is_plain && depth == 0 => {
                found.push(text.get(start..at).unwrap_or_default().trim());
                return found;
            }
            '}' | ']' | ')' if is_plain => depth = depth.saturating_sub(1),
            ',' if is_plain && depth == 0 => {
                found.push(text.get(start..at).unwrap_or_default().trim());
                start = at + 1;
            }
            _ => {}
        }
        before = letter;
    }
    let rest =
        text.get(start..).unwrap_or_default().trim().trim_end_matches("<unfinished ...>").trim();
    found.push(rest.trim_end_matches(','));
    found
}

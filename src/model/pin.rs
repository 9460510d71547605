//! What shows a finding, in a few letters that outlive a restart.
//!
//! A waiver can be pinned to what somebody looked at when he wrote it. A new
//! container, another process or a moved line shows the same; another path,
//! capability or value does not.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use super::reading::Evidence;
use super::severity::Severity;
use super::source::Source;

/// How many letters a digest has.
pub const LENGTH: usize = 16;

/// The fewest hexadecimal digits in a row that name something that was made: the ids
/// of containers, images, layers and nameless volumes have as many. Fewer may be a
/// value, as the 16 of a set of capabilities are.
const ID: usize = 64;

/// Before what a number follows that is another one after a restart: a process's or
/// thread's (`proc(5)`), and a snapshot's of containerd.
const NUMBERED: [&str; 3] = ["/proc/", "/proc/*/task/", "/snapshots/"];

/// What a kernel numbers anew for each process (`proc_pid_status(5)`).
const PIDS: [&str; 4] = ["NSpid", "Pid", "PPid", "Tgid"];

/// What a cgroup has used at some time: measured, and never the same twice
/// (`Documentation/admin-guide/cgroup-v2.rst`, and `cgroup-v1/` beside it).
const MEASURED: [&str; 10] = [
    "cpu.stat",
    "memory.current",
    "memory.events",
    "memory.max_usage_in_bytes",
    "memory.oom_control",
    "memory.peak",
    "memory.usage_in_bytes",
    "pids.current",
    "pids.events",
    "pids.peak",
];

/// Behind what port of the host an engine chose by itself: it is another one each time.
const CHOSEN: &str = " of the engine's choice";

/// The [short digest](short) of what shows a failure of this rule at this severity:
/// each place and value once, in no order, without what is other ones after a restart.
/// Of what is `more` than the evidence shows its number counts.
pub fn digest(rule: &str, severity: Severity, evidence: &[Evidence], more: usize) -> String {
    let mut lines: BTreeSet<String> = evidence.iter().filter_map(line).collect();
    lines.extend((more > 0).then(|| format!("and {more} more")));
    short([rule, severity.name()].into_iter().chain(lines.iter().map(String::as_str)))
}

/// The first 16 hexadecimal digits of SHA-256 over some texts, each with a NUL behind it.
pub fn short<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(text.as_bytes());
        hash.update([0]);
    }
    let digits = hash.finalize().into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.take(LENGTH).filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

/// Whether a text is such a digest.
pub fn is_digest(text: &str) -> bool {
    text.len() == LENGTH && text.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
}

/// A piece of evidence: which kind of source, what in it, and what it says there. None:
/// it was measured, and says nothing that lasts.
fn line(datum: &Evidence) -> Option<String> {
    let (source, value) = match &datum.source {
        Source::Kernel(path) => (lasting(path), of_kernel(path, datum)?),
        Source::Default(what) => (what.to_string(), lasting(datum.value.raw())),
        // How many have ended and were not waited for yet.
        Source::Processes(_) if datum.value.raw().contains(" zombies ") => return None,
        // These name a file of this project or a thing that is made anew; what was
        // read of it stands beside.
        Source::Clock
        | Source::Engine(_)
        | Source::Processes(_)
        | Source::Files(_)
        | Source::Layers(_)
        | Source::Archive(_)
        | Source::Compose(_)
        | Source::Dockerfile(_)
        | Source::Context(_)
        | Source::Disk(_)
        | Source::Git(_)
        | Source::Run(_) => (String::new(), lasting(datum.value.raw())),
    };
    let kind = datum.source.to_string();
    let kind = kind.split(':').next().unwrap_or_default();
    let place = unnumbered(&lasting(datum.place.raw()));
    Some(format!("{kind}\u{1}{source}\u{1}{place}\u{1}{value}"))
}

/// What a file of the kernel says.
fn of_kernel(path: &str, datum: &Evidence) -> Option<String> {
    let file = path.rsplit('/').next().unwrap_or_default();
    let value = datum.value.raw();
    let is_number = path.contains("/ns/") || path.ends_with("(inode)");
    match file {
        _ if MEASURED.contains(&file) => None,
        _ if is_number || PIDS.contains(&datum.place.raw()) => Some("*".to_owned()),
        "mountinfo" => Some(mount(value)),
        _ => Some(lasting(value.split(", inode ").next().unwrap_or_default())),
    }
}

/// A line of `/proc/<pid>/mountinfo` (`proc_pid_mountinfo(5)`) without the numbers of the
/// mount, of its device and of its peers, and without the layers of an overlay.
fn mount(line: &str) -> String {
    let is_id = |word: &str| word.bytes().all(|it| it.is_ascii_digit() || it == b':');
    let words = line.split(' ').enumerate().filter(|(place, word)| *place > 2 || !is_id(word));
    let word = |(_, word): (usize, &str)| {
        let peers = ["shared", "master", "propagate_from"];
        let named = word.split_once(':').filter(|(name, _)| peers.contains(name));
        let option = |it: &str| {
            let layers = ["lowerdir", "upperdir", "workdir"];
            let named = it.split_once('=').filter(|(name, _)| layers.contains(name));
            named.map_or_else(|| lasting(it), |(name, _)| name.to_owned())
        };
        match named {
            Some((name, _)) => name.to_owned(),
            None => word.split(',').map(option).collect::<Vec<_>>().join(","),
        }
    };
    words.map(word).collect::<Vec<_>>().join(" ")
}

/// How long the digest of a withheld value is that a text begins with.
fn sealed(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_hexdigit).count()
}

/// A text with an asterisk in the place of ids, of pids and of points in time.
fn lasting(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_apart = !out.ends_with(|it: char| it.is_ascii_alphanumeric());
        let is_numbered = NUMBERED.iter().any(|before| out.ends_with(before));
        let skipped = match () {
            () if !is_apart => 0,
            () if is_numbered => digits(rest),
            () if out.ends_with("of the host, port ") => port(rest),
            // That of a value that is withheld is another one in each run.
            () if out.ends_with(" bits, digest ") => sealed(rest),
            () => time(rest).max(id(rest)),
        };
        let length = if skipped > 0 { skipped } else { first.len_utf8() };
        let (taken, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        out.push_str(if skipped > 0 { "*" } else { taken });
        rest = after;
    }
    out
}

/// A place without the numbers of items: `/HostConfig/CapAdd/0` as `/HostConfig/CapAdd/*`.
fn unnumbered(place: &str) -> String {
    let is_number = |name: &str| !name.is_empty() && digits(name) == name.len();
    let name = |name| if is_number(name) { "*" } else { name };
    place.split('/').map(name).collect::<Vec<_>>().join("/")
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// How much of the beginning of a text is a port that was given away at random.
fn port(text: &str) -> usize {
    let count = digits(text);
    if text.get(count..).is_some_and(|it| it.starts_with(CHOSEN)) { count } else { 0 }
}

/// How much of the beginning of a text is an id.
fn id(text: &str) -> usize {
    let count = text.bytes().take_while(u8::is_ascii_hexdigit).count();
    if count >= ID { count } else { 0 }
}

/// How much of the beginning of a text is a point in time (RFC 3339).
fn time(text: &str) -> usize {
    const FORM: &[u8] = b"0000-00-00T00:00:00";
    let fits =
        |(it, form): (u8, &u8)| if *form == b'0' { it.is_ascii_digit() } else { it == *form };
    let head = text.bytes().zip(FORM).take_while(|it| fits(*it)).count();
    if head < FORM.len() {
        return 0;
    }
    let tail = text.bytes().skip(head);
    head + tail.take_while(|it| it.is_ascii_digit() || b".Z+-:".contains(it)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(source: Source, place: &str, value: &str) -> String {
        digest("a-rule", Severity::High, &[Evidence::new(source, place, value)], 0)
    }

    #[test]
    fn what_a_restart_makes_anew_is_the_same_evidence() {
        let id = |digit: char| digit.to_string().repeat(64);
        let volume = |digit| format!("/var/lib/docker/volumes/{}/_data", id(digit));
        let chosen = |port: u16| {
            format!(
                "port 80/tcp on every interface of the host, port {port} of the engine's choice"
            )
        };
        for (one, other) in [
            (
                of(Source::proc(7, "status"), "NoNewPrivs", "0"),
                of(Source::proc(81_234, "status"), "NoNewPrivs", "0"),
            ),
            (
                of(Source::Kernel("/proc/7/task/9/status".into()), "Uid", "0"),
                of(Source::Kernel("/proc/8/task/8/status".into()), "Uid", "0"),
            ),
            (
                of(Source::container(&id('a')), "/HostConfig/CapAdd/0", "\"SYS_ADMIN\""),
                of(Source::container(&id('b')), "/HostConfig/CapAdd/3", "\"SYS_ADMIN\""),
            ),
            (of(Source::Clock, "/data", &volume('a')), of(Source::Clock, "/data", &volume('b'))),
            (
                of(Source::Compose("a/compose.yaml#web".into()), "privileged", "true"),
                of(Source::Compose("./a/compose.yaml#web".into()), "privileged", "true"),
            ),
            (
                of(Source::image("x"), "/Created", "\"2026-01-01T00:00:00.5Z\""),
                of(Source::image("y"), "/Created", "\"2026-02-01T00:00:00+01:00\""),
            ),
            (
                of(Source::Kernel("/proc/7/ns/ipc".into()), "", "ipc:[4026531839]"),
                of(Source::Kernel("/proc/8/ns/ipc".into()), "", "ipc:[4026532190]"),
            ),
            (
                of(Source::proc(7, "status"), "NSpid", "7"),
                of(Source::proc(8, "status"), "NSpid", "8"),
            ),
            (of(Source::Clock, "", &chosen(32_785)), of(Source::Clock, "", &chosen(49_153))),
            (
                of(Source::mount_points(7), "/run/x", "s 0660 0:105, inode 98 of 254:0"),
                of(Source::mount_points(7), "/run/x", "s 0660 0:105, inode 99 of 253:1"),
            ),
            (
                mount(
                    "105 56 0:47 / / rw master:3 - overlay overlay rw,lowerdir=/a:/b,upperdir=/c,x=y",
                ),
                mount(
                    "98 51 0:50 / / rw master:7 - overlay overlay rw,lowerdir=/d,upperdir=/e,x=y",
                ),
            ),
        ] {
            assert_eq!(one, other);
        }
    }

    #[test]
    fn another_path_capability_or_value_is_other_evidence() {
        let status = |field: &str, value: &str| of(Source::proc(7, "status"), field, value);
        let all = [
            status("NoNewPrivs", "0"),
            status("Seccomp", "0"),
            status("CapBnd", "00000000a80425fb"),
            status("CapBnd", "000001ffffffffff"),
            of(Source::proc(7, "attr/current"), "NoNewPrivs", "0"),
            of(Source::container("a"), "/HostConfig/Memory", "0"),
            of(Source::container("a"), "/HostConfig/Memory", "1"),
            of(Source::container("a"), "/HostConfig/Binds/0", "\"/etc:/etc\""),
            of(Source::container("a"), "/HostConfig/Binds/0", "\"/run:/etc\""),
            of(Source::container("a"), "/Created", "\"2026-01-01\""),
            of(Source::container("a"), "", "port 80/tcp on every interface of the host, port 8080"),
            of(Source::container("a"), "", "port 80/tcp on every interface of the host, port 8081"),
            of(
                Source::container("a"),
                "",
                "port 80/tcp on every interface of the host, port 40000",
            ),
            of(
                Source::container("a"),
                "",
                "port 80/tcp on every interface of the host, port 40001",
            ),
            mount("1 2 0:47 /etc /host-etc rw - ext4 /dev/vda rw"),
            mount("1 2 0:47 /etc /host-etc ro - ext4 /dev/vda rw"),
            mount("1 2 0:47 /run /host-etc ro - ext4 /dev/vda rw"),
            digest("another-rule", Severity::High, &[], 0),
            digest("another-rule", Severity::Crit, &[], 0),
        ];
        let told_apart: BTreeSet<&String> = all.iter().collect();
        assert_eq!(told_apart.len(), all.len(), "{all:?}");
        assert!(is_digest(&all[0]) && !is_digest("0123") && !is_digest("0123456789ABCDEF"));
    }

    #[test]
    fn a_withheld_value_is_the_same_in_each_run_and_what_is_not_shown_is_counted() {
        let value = |digest| format!("(withheld: 14 characters, at most 72 bits, digest {digest})");
        let of_run = |digest| of(Source::Compose("a#web".into()), "/Config/Env/0", &value(digest));
        assert_eq!(of_run("0a1b2c3d"), of_run("ffffffff"));
        let cut = |more| digest("a-rule", Severity::High, &[], more);
        assert_ne!(cut(1), cut(2));
    }

    #[test]
    fn what_was_measured_is_not_what_shows_a_failure() {
        let limit = Evidence::new(Source::Kernel("/sys/fs/cgroup/memory.max".into()), "", "max");
        let used = |used: &str| {
            let file = Source::Kernel("/sys/fs/cgroup/memory.peak".into());
            digest("a-rule", Severity::High, &[limit.clone(), Evidence::new(file, "", used)], 0)
        };
        assert_eq!(used("1024"), used("2048"));
        let zombies = |text: &str| of(Source::Processes("a".into()), "", text);
        assert_eq!(zombies("2 zombies wait for the first process"), zombies("0 zombies wait"));
        assert_ne!(zombies("port 80/tcp"), zombies("port 81/tcp"));
    }

    #[test]
    fn neither_order_nor_number_of_what_says_the_same_counts() {
        let datum = |pid, value: &str| Evidence::new(Source::proc(pid, "status"), "Uid", value);
        let of = |all: &[Evidence]| digest("a-rule", Severity::High, all, 0);
        let two = of(&[datum(1, "0"), datum(2, "33")]);
        assert_eq!(two, of(&[datum(9, "33"), datum(8, "0"), datum(7, "0")]));
        assert_ne!(two, of(&[datum(1, "0")]));
    }

    #[test]
    fn text_of_any_letters_is_gone_through_to_its_end() {
        for text in
            ["", "é/proc/", "/proc/1é", "2026-01-01T00:00:00é", &"é".repeat(99), "/proc//task/"]
        {
            assert_eq!(lasting(text).matches('é').count(), text.matches('é').count(), "{text}");
        }
    }
}

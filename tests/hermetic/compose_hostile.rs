//! Compose files that want the auditor's time, memory or trust: each is refused
//! at once, with its place, and nothing of it is judged.

use std::fmt::Write;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, mkfifo};

use crate::support::{command, stderr, stdout};

/// What a refusal may take; ten times as long where the program is not optimised, and
/// shares the machine with all the other tests.
const IN_TIME: Duration = Duration::from_secs(if cfg!(debug_assertions) { 10 } else { 1 });

/// Exit code 3, nothing on standard output, and on standard error one line, or one
/// with an excerpt below it, that says all of `says`.
fn refused(folder: &Path, file: &str, says: &[&str]) {
    let begin = Instant::now();
    let output = ended(folder, &["compose", "--engine", "none", "-f", file]);
    let took = begin.elapsed();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{file}: {said}");
    assert!(stdout(&output).is_empty(), "{file}");
    for part in says {
        assert!(said.contains(part), "{file} should say {part:?}: {said}");
    }
    assert!(said.lines().count() <= 8 && said.len() < 2_000, "{file}: {said}");
    assert!(!said.contains("panicked"), "{said}");
    assert!(took < IN_TIME, "{file} took {took:?}");
}

/// What the program said, killed where it does not end by itself.
fn ended(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = command(arguments);
    command.current_dir(folder).stdin(Stdio::null());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || send.send(child.wait_with_output()));
    receive.recv_timeout(Duration::from_secs(30)).map_or_else(
        |_| {
            kill(pid, Signal::SIGKILL).unwrap();
            panic!("{arguments:?} does not end")
        },
        Result::unwrap,
    )
}

fn refused_text(text: &[u8], says: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("hostile.yaml"), text).unwrap();
    refused(folder.path(), "hostile.yaml", says);
}

#[test]
fn an_alias_bomb_is_refused_at_the_alias() {
    let mut text = "services:\n  web:\n    image: web\nx-0: &b0 [boom, boom]\n".to_owned();
    for level in 1..40 {
        let below = level - 1;
        let aliases = [format!("*b{below}"), format!("*b{below}"), format!("*b{below}")];
        writeln!(text, "x-{level}: &b{level} [{}]", aliases.join(", ")).unwrap();
    }
    refused_text(text.as_bytes(), &["hostile.yaml:"]);
}

#[test]
fn a_bomb_of_merge_keys_is_refused() {
    let mut text = "x-0: &m0 { a: 1 }\n".to_owned();
    for level in 1..40 {
        let below = level - 1;
        writeln!(text, "x-{level}: &m{level}\n  one: *m{below}\n  two: *m{below}").unwrap();
    }
    text += "services:\n  web:\n    <<: [*m39, *m39]\n    image: web\n";
    refused_text(text.as_bytes(), &["hostile.yaml:"]);
}

#[test]
fn an_alias_within_its_own_anchor_is_refused() {
    let text = "services:\n  web: &web\n    image: web\n    environment: *web\n";
    refused_text(text.as_bytes(), &["hostile.yaml:4:"]);
}

#[test]
fn ten_thousand_levels_are_refused_whatever_they_are_made_of() {
    let deep = 10_000;
    let sequences = "services: ".to_owned() + &"[".repeat(deep) + &"]".repeat(deep);
    let mappings = "services: ".to_owned() + &"{a: ".repeat(deep) + &"}".repeat(deep);
    let dashes = "services:\n  ".to_owned() + &"- ".repeat(deep) + "a\n";
    let block: String =
        (0..deep).fold(String::new(), |text, level| text + &" ".repeat(level) + "a:\n");
    for text in [sequences, mappings, dashes] {
        refused_text(text.as_bytes(), &["hostile.yaml:"]);
    }
    // By its size already: each line is longer than the one above it.
    refused_text(block.as_bytes(), &["hostile.yaml"]);
}

#[test]
fn a_hundred_megabytes_are_refused_before_they_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = fs::File::create(folder.path().join("hostile.yaml")).unwrap();
    // A file may end anywhere: what was never written takes no room on the disk.
    file.set_len(100 << 20).unwrap();
    refused(folder.path(), "hostile.yaml", &["hostile.yaml"]);
    let mut file = fs::File::create(folder.path().join("written.yaml")).unwrap();
    let line = b"# nothing but comments, and very many of them, line after line after line\n";
    let many = line.repeat((1 << 20) / line.len());
    (0..100).for_each(|_| file.write_all(&many).unwrap());
    refused(folder.path(), "written.yaml", &["written.yaml"]);
}

#[test]
fn a_million_keys_are_refused() {
    // Not by its size: it is below what is read.
    let mut text = "services: { web: { image: web } }\n".to_owned();
    (0..1_000_000).for_each(|key| writeln!(text, "x{key:x}:").unwrap());
    refused_text(text.as_bytes(), &["hostile.yaml:"]);
    let mut flow = "services: {".to_owned();
    (0..1_000_000).for_each(|key| write!(flow, "s{key},").unwrap());
    refused_text((flow + "}").as_bytes(), &["hostile.yaml:"]);
}

#[test]
fn a_scalar_of_a_megabyte_is_no_way_to_fill_a_terminal() {
    let text = "services:\n  web:\n    image: \"".to_owned() + &"a".repeat(1 << 20) + "\n";
    refused_text(text.as_bytes(), &["hostile.yaml:"]);
    let text = "services:\n  web:\n    ".to_owned() + &"k".repeat(1 << 20) + ": [\n";
    refused_text(text.as_bytes(), &["hostile.yaml:"]);
}

#[test]
fn variables_within_variables_without_end_are_refused() {
    let nested = "${X:-".repeat(10_000) + &"}".repeat(10_000);
    let text = format!("services:\n  web:\n    image: '{nested}'\n");
    refused_text(text.as_bytes(), &["hostile.yaml:3:"]);
}

#[test]
fn a_range_of_ports_is_not_taken_at_its_word() {
    let text = "services:\n  web:\n    image: web\n    ports: [ \"0-4294967295:0-4294967295\" ]\n";
    refused_text(text.as_bytes(), &["hostile.yaml:4:"]);
}

#[test]
fn files_that_include_each_other_are_refused_with_the_chain() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.yaml"), "include: [ b.yaml ]\nservices: {}\n").unwrap();
    fs::write(folder.path().join("b.yaml"), "include: [ a.yaml ]\nservices: {}\n").unwrap();
    refused(folder.path(), "a.yaml", &["a.yaml", "b.yaml"]);
    fs::write(folder.path().join("self.yaml"), "include: [ ./self.yaml ]\n").unwrap();
    refused(folder.path(), "self.yaml", &["self.yaml"]);
}

#[test]
fn services_that_extend_each_other_are_refused_with_the_chain() {
    let folder = tempfile::tempdir().unwrap();
    let service = |own: &str, file: &str, other: &str| {
        format!("services:\n  {own}:\n    extends: {{ file: {file}, service: {other} }}\n")
    };
    fs::write(folder.path().join("a.yaml"), service("web", "b.yaml", "base")).unwrap();
    fs::write(folder.path().join("b.yaml"), service("base", "a.yaml", "web")).unwrap();
    refused(folder.path(), "a.yaml", &["web", "base"]);
    let text = "services:\n  one: { extends: two }\n  two: { extends: one }\n";
    fs::write(folder.path().join("same.yaml"), text).unwrap();
    refused(folder.path(), "same.yaml", &["same.yaml", "one", "two"]);
    let text = "services:\n  own: { image: a, extends: own }\n";
    fs::write(folder.path().join("own.yaml"), text).unwrap();
    refused(folder.path(), "own.yaml", &["own.yaml", "own"]);
}

#[test]
fn a_long_chain_of_extends_ends_without_a_stack_overflow() {
    let mut text = "services:\n".to_owned();
    for number in 0..20_000 {
        writeln!(text, "  s{number}: {{ extends: s{} }}", number + 1).unwrap();
    }
    refused_text(text.as_bytes(), &["hostile.yaml"]);
}

#[test]
fn what_is_no_regular_file_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    mkfifo(&folder.path().join("pipe.yaml"), Mode::S_IRWXU).unwrap();
    refused(folder.path(), "pipe.yaml", &["pipe.yaml"]);
    fs::create_dir(folder.path().join("compose.yaml")).unwrap();
    refused(folder.path(), "compose.yaml", &["compose.yaml"]);
    refused(folder.path(), "/dev/zero", &["/dev/zero"]);
    refused(folder.path(), "not-there.yaml", &["not-there.yaml"]);
    std::os::unix::fs::symlink("loop.yaml", folder.path().join("loop.yaml")).unwrap();
    refused(folder.path(), "loop.yaml", &["loop.yaml"]);
}

#[test]
fn a_pipe_among_what_a_file_refers_to_does_not_hang_it() {
    let folder = tempfile::tempdir().unwrap();
    mkfifo(&folder.path().join("pipe"), Mode::S_IRWXU).unwrap();
    let refers = [
        "include: [ pipe ]\nservices: { web: { image: web } }\n",
        "services: { web: { image: web, extends: { file: pipe, service: web } } }\n",
    ];
    for text in refers {
        fs::write(folder.path().join("hostile.yaml"), text).unwrap();
        refused(folder.path(), "hostile.yaml", &["pipe"]);
    }
}

#[test]
fn what_is_not_text_is_refused() {
    refused_text(b"services:\n  web:\n    image: \xff\xfe\n", &["hostile.yaml", "UTF-8"]);
    refused_text(b"services:\n  web:\n    image: a\0b\n", &["hostile.yaml:3:"]);
    refused_text(b"\x7fELF\x02\x01\x01\0\0\0\0\0", &["hostile.yaml"]);
    refused_text(b"", &["hostile.yaml"]);
    refused_text(b"just words", &["hostile.yaml:1:1"]);
    refused_text(b"- a\n- list\n", &["hostile.yaml:1:1"]);
}

#[test]
fn what_a_file_says_cannot_steer_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let text = "services:\n  \"\\e]52;c;aGk=\\a\\e[2J\": { image: web, extends: \"\\e[31mx\" }\n";
    fs::write(folder.path().join("hostile.yaml"), text).unwrap();
    let output = ended(folder.path(), &["compose", "--engine", "none", "-f", "hostile.yaml"]);
    let said = stderr(&output) + &stdout(&output);
    assert!(!said.contains('\u{1b}') && !said.contains('\u{7}'), "{said:?}");
}

#[test]
fn one_bad_file_does_not_silence_the_others() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("bad.yaml"), "services: [").unwrap();
    fs::write(folder.path().join("good.yaml"), "services: { web: { image: web } }\n").unwrap();
    let arguments = ["compose", "--engine", "none", "--format", "json", "bad.yaml", "good.yaml"];
    let output = ended(folder.path(), &arguments);
    assert!(stderr(&output).contains("bad.yaml:1:"), "{}", stderr(&output));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["targets"].as_array().unwrap().len(), 1);
}

//! What git makes of environment files: what the program reads in a repository is what
//! git itself says.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use secaudit::parse::git::ignore::Ignore;
use secaudit::parse::git::index;

use super::{Live, live};
use crate::needs::Need;
use crate::run;

pub(super) fn all() -> Vec<Live> {
    let needs = &[Need::Program("git")];
    vec![
        live("env-files::what-git-ignores", needs, ignored),
        live("env-files::what-git-tracks", needs, tracked),
    ]
}

/// What patterns are made of, and the paths that they are held against.
const PARTS: [&str; 27] = [
    ".env", ".env", "*", "**", "/", "/", "!", ".", ".env.*", "*.env", "a", "b", "{", "}", ",",
    "[uv]", "[!a-c]", "[", "]", "\\", " ", "?", "#", ".e", "nv", "local", "\t",
];
const PATHS: [&str; 9] = [
    ".env",
    "a/.env",
    "a/b/.env",
    ".env.local",
    "a/.env.local",
    "b/a/.env",
    "a/b",
    "{a}/.env",
    "a.env",
];

/// So many files of patterns are made.
const MADE: u64 = 400;

/// Runs git in a folder, with nobody's settings.
fn git(folder: &Path, words: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new("git");
    command.current_dir(folder).args(words).env_clear().env("PATH", "/usr/bin:/bin");
    command.envs([("HOME", "/nonexistent"), ("GIT_CONFIG_NOSYSTEM", "1")]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("git can be started");
    let mut pipe = child.stdin.take().expect("it has an input");
    pipe.write_all(input).expect("git reads its input");
    drop(pipe);
    child.wait_with_output().expect("git ends")
}

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("it has 31 bits") % most
    }

    fn patterns(&mut self) -> String {
        let mut text = String::new();
        for _ in 0..=self.below(3) {
            for _ in 0..=self.below(5) {
                text += PARTS[self.below(PARTS.len())];
            }
            text.push('\n');
        }
        text
    }
}

#[expect(clippy::disallowed_methods, reason = "the test lays out its own files")]
fn ignored() {
    let folder = run::folder();
    assert!(git(folder.path(), &["init", "--quiet"], b"").status.success());
    let mut dice = Dice(4);
    let (mut told, mut are_ignored) = (0, 0);
    for _ in 0..MADE {
        let (above, below) = (dice.patterns(), dice.patterns());
        std::fs::create_dir_all(folder.path().join("a")).expect("the folder is the test's own");
        for (name, text) in [(".gitignore", &above), ("a/.gitignore", &below)] {
            std::fs::write(folder.path().join(name), text).expect("the folder is the test's own");
        }
        let words = ["check-ignore", "--no-index", "--stdin", "-z", "--verbose", "--non-matching"];
        let output = git(folder.path(), &words, PATHS.join("\0").as_bytes());
        // The file, the line, the pattern and the path, each with a zero after it.
        let fields: Vec<&[u8]> = output.stdout.split(|it| *it == 0).collect();
        let mut ignore = Ignore::default();
        ignore.add("", &above);
        ignore.add("a", &below);
        for (path, said) in PATHS.iter().zip(fields.chunks(4)) {
            let theirs = !said[2].is_empty() && !said[2].starts_with(b"!");
            let Some(ours) = ignore.excludes(path) else { continue };
            assert_eq!(ours, theirs, "{path}: {above:?} and in a/ {below:?}");
            told += 1;
            are_ignored += usize::from(ours);
        }
    }
    let asked = usize::try_from(MADE).expect("it is small") * PATHS.len();
    assert!(told * 2 > asked && are_ignored * 10 > told, "{are_ignored} of {told} of {asked}");
}

#[expect(clippy::disallowed_methods, reason = "the test lays out its own files")]
fn tracked() {
    for (format, version) in [("sha1", "2"), ("sha1", "4"), ("sha256", "2"), ("sha256", "4")] {
        let folder = run::folder();
        let format = format!("--object-format={format}");
        assert!(git(folder.path(), &["init", "--quiet", &format], b"").status.success());
        std::fs::create_dir(folder.path().join("a")).expect("the folder is the test's own");
        let names = [".env", ".env.local", "a/.env", "a/app.js"];
        for name in names {
            std::fs::write(folder.path().join(name), name).expect("the folder is the test's own");
        }
        let added = git(folder.path(), &["add", ".env", "a"], b"");
        assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
        let meant = git(folder.path(), &["add", "--intent-to-add", ".env.local"], b"");
        assert!(meant.status.success());
        let made = git(folder.path(), &["update-index", "--index-version", version], b"");
        assert!(made.status.success());
        let index = std::fs::read(folder.path().join(".git/index")).expect("git wrote it");
        for name in names {
            assert_eq!(index::has(&index, name.as_bytes()), Ok(true), "{format} {version} {name}");
        }
        for name in ["a", "env", "b/.env", ".env.locals"] {
            assert_eq!(index::has(&index, name.as_bytes()), Ok(false), "{format} {version} {name}");
        }
    }
}

//! Whether instructions write the files of the accounts by themselves.

use std::collections::BTreeSet;

use super::{base, options};
use crate::parse::path::clean;

/// The files of the accounts (`passwd(5)`, `group(5)`).
const FILES: [&str; 2] = ["/etc/passwd", "/etc/group"];

/// Programs that leave the files that they are told alone.
const READERS: [&str; 16] = [
    "[", "cat", "chgrp", "chmod", "chown", "cut", "egrep", "fgrep", "getent", "grep", "head", "id",
    "ls", "stat", "tail", "test",
];

/// Words before a command.
const CONTROL: [&str; 8] = ["!", "if", "then", "else", "elif", "while", "do", "RUN"];

/// Words after which the folder stands in which the rest is done.
const ENTRY: [&str; 3] = ["cd", "pushd", "-C"];

/// More folders than this no script goes through.
const MOST: usize = 32;

/// Whether a script that begins in a folder may write the files of the accounts by
/// itself. What is not known to read them alone may.
pub(in crate::parse::dockerfile) fn rewrites(script: &str, folder: &str) -> bool {
    let mut folders = Folders { known: [clean(folder)].into(), is_open: false };
    script.split([';', '&', '|', '\n', '(', ')', '{', '}']).any(|piece| {
        folders.enter(piece);
        let first = words(piece).map(|(_, word)| word).find(|word| !CONTROL.contains(word));
        let absolute = FILES.iter().filter_map(|file| piece.rfind(file)).max();
        let relative = words(piece).filter(|(_, word)| folders.may_hold(word, first)).last();
        let mention = absolute.max(relative.map(|(at, _)| at));
        mention.is_some_and(|mention| {
            let is_target = piece.find('>').is_some_and(|arrow| arrow < mention);
            is_target || !first.is_some_and(|word| READERS.contains(&base(word)))
        })
    })
}

/// The words of a piece of a script with where they begin, without quotes, and of
/// a redirection or `of=FILE` what stands behind the sign.
fn words(piece: &str) -> impl Iterator<Item = (usize, &str)> {
    let edges = ['"', '\'', '`', '[', ']', ','];
    let mut from = 0;
    piece.split_whitespace().map(move |word| {
        let begin = piece.get(from..).and_then(|it| it.find(word)).unwrap_or(0) + from;
        from = begin + word.len();
        let sign = word.rfind(['>', '=']).map_or(0, |at| at + 1);
        let bare = word.get(sign..).unwrap_or_default().trim_matches(edges);
        // A word that is nothing but such a sign, as `[` is, stays.
        if bare.is_empty() { (begin, word) } else { (begin + sign, bare) }
    })
}

/// Where a script may be.
struct Folders {
    known: BTreeSet<String>,
    /// Whether it may be anywhere.
    is_open: bool,
}

impl Folders {
    /// Goes where a piece of the script goes: it may also stay, or come back.
    fn enter(&mut self, piece: &str) {
        let mut all = words(piece).map(|(_, word)| word);
        while all.any(|word| ENTRY.contains(&word)) {
            let target = all.by_ref().find(|word| !word.starts_with('-'));
            let Some(target) = target else { return };
            self.is_open |= target.contains(['$', '`', '*', '?']) || self.known.len() > MOST;
            let below = |folder: &String| clean(&format!("{folder}/{target}"));
            let more: Vec<String> = match target {
                _ if self.is_open || target.starts_with('~') => return,
                _ if target.starts_with('/') => vec![clean(target)],
                _ => self.known.iter().map(below).collect(),
            };
            self.known.extend(more);
        }
    }

    /// Whether a word that is no absolute path may name one of the files. Programs
    /// that make accounts call others by that word.
    fn may_hold(&self, word: &str, program: Option<&str>) -> bool {
        let is_one = |path: &str| FILES.contains(&path);
        let makes_accounts = || program.is_some_and(|it| options::of(base(it)).is_some());
        if word.starts_with('/') || Some(word) == program || makes_accounts() {
            return false;
        }
        (self.is_open && FILES.iter().any(|file| base(file) == base(word)))
            || self.known.iter().any(|folder| is_one(&clean(&format!("{folder}/{word}"))))
    }
}

/// Whether copying `sources` to the path `target` may replace a file of the
/// accounts: it is one, or may hold one.
pub(in crate::parse::dockerfile) fn replaces(sources: &[String], target: &str) -> bool {
    let is_tree = |source: &String| {
        source.ends_with(['/', '.']) || source.contains(".tar") || source.ends_with(".tgz")
    };
    FILES.contains(&target) || target == "/etc" || (target == "/" && sources.iter().any(is_tree))
}

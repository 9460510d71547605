//! What the commands of a Dockerfile do for the sake of hardening, and to no effect.

use std::ops::Range;

use super::accounts::{Accounts, Kind, base, program};
use super::shell::{Command, Said};
use super::{Place, built};
use crate::model::untrusted::Untrusted;

/// A command that hardens nothing by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idle {
    /// Where what it is about stands.
    pub place: Place,
    /// What is the matter with it, as a fragment without a full stop.
    pub what: String,
    /// What to do instead.
    pub instead: String,
    /// What makes good for it where a container of the image has it.
    pub unless: Unless,
}

/// How a container can have what a command of its Dockerfile fails to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unless {
    /// It drops all capabilities.
    CapabilitiesDropped,
    /// Its root is read-only.
    ReadOnlyRoot,
}

/// The most commands that are kept.
const MOST: usize = 1_000;

/// The files that distributions ship with file capabilities: of these there is
/// something to take away.
const CAPABLE: [&str; 8] = [
    "arping",
    "clockdiff",
    "gst-ptp-helper",
    "mtr-packet",
    "newgidmap",
    "newuidmap",
    "ping",
    "ping6",
];

/// What was seen so far of an image that is being built.
#[derive(Default)]
pub(super) struct Watch {
    found: Vec<Idle>,
    /// Files that were given capabilities.
    capable: Vec<String>,
    /// Who owns what is at a path and below it, in the order in which it was said.
    owners: Vec<(String, String)>,
    protected: Vec<Protected>,
}

/// A path whose owner may not write it.
struct Protected {
    path: String,
    mode: String,
    place: Place,
    /// Who said so: whoever changes a mode is the file's owner, or root.
    by: Option<String>,
    /// How many changes of owners came before.
    after: usize,
}

/// Where and as whom a command is run.
#[derive(Clone, Copy)]
pub(super) struct Setting<'a> {
    /// The working directory, where it is known.
    pub(super) folder: Option<&'a str>,
    /// The user; none where that is the base image's.
    pub(super) user: Option<&'a str>,
}

impl Setting<'_> {
    /// An absolute path, up to the first pattern.
    fn path(self, word: &str) -> Option<String> {
        let fixed = word.split(['*', '?', '[']).next().unwrap_or_default();
        let folder = if fixed.starts_with('/') { "/" } else { self.folder? };
        Some(built::path(folder, fixed))
    }
}

impl Watch {
    /// Looks at a command of a `RUN`. `place` says where a part of it stands.
    pub(super) fn command(
        &mut self,
        command: &Command,
        setting: Setting<'_>,
        place: impl Fn(Range<usize>) -> Place,
    ) {
        let Some((first, words)) = program(command) else { return };
        let words: Vec<&Said> = words.collect();
        match base(first) {
            "setcap" => self.setcap(&words, &place),
            "chown" => self.chown(&words, setting),
            "chmod" => self.chmod(&words, setting, &place),
            _ => {}
        }
    }

    /// Looks at a `COPY` or `ADD` with a `--chown` or `--chmod`.
    pub(super) fn copied(
        &mut self,
        target: &str,
        owner: Option<&str>,
        mode: Option<&str>,
        place: Place,
        setting: Setting<'_>,
    ) {
        let Some(path) = setting.path(target) else { return };
        // Without --chown it is root's, whoever USER is.
        let owner = owner.map_or("root", user_of).to_owned();
        if self.owners.len() < MOST {
            self.owners.push((path.clone(), owner));
        }
        if let Some(mode) = mode.filter(|it| forbids_its_owner(it)) {
            self.protect(path, mode, place, None);
        }
    }

    /// `setcap -r FILE` takes the capabilities of a file, and leaves those of
    /// every process where they are (`setcap(8)`).
    fn setcap(&mut self, words: &[&Said], place: &impl Fn(Range<usize>) -> Place) {
        let known = |word: &&Said| word.known().map(str::to_owned);
        let files = || words.iter().filter(|it| it.known().is_none_or(|it| it.starts_with('/')));
        if !words.iter().any(|it| it.known() == Some("-r")) {
            let left = MOST.saturating_sub(self.capable.len());
            self.capable.extend(files().filter_map(known).take(left));
            return;
        }
        for file in files() {
            let Some(path) = known(file) else { continue };
            let is_something = self.capable.contains(&path) || CAPABLE.contains(&base(&path));
            if is_something || self.found.len() >= MOST {
                continue;
            }
            let what = format!(
                "setcap -r {} drops no capability of the container: it takes those of one file, which has none by default",
                shown(&path)
            );
            self.found.push(Idle {
                place: place(file.range.clone()),
                what,
                instead: "drop them where it is run: cap_drop: [ALL], or --cap-drop ALL".to_owned(),
                unless: Unless::CapabilitiesDropped,
            });
        }
    }

    fn chown(&mut self, words: &[&Said], setting: Setting<'_>) {
        let mut plain = words.iter().filter(|it| !is_option(it));
        let Some(owner) = plain.next().and_then(|it| it.known()) else { return };
        // `chown :group` leaves the owner.
        let owner = user_of(owner);
        if owner.is_empty() {
            return;
        }
        for path in plain.filter_map(|it| setting.path(it.known()?)) {
            if self.owners.len() < MOST {
                self.owners.push((path, owner.to_owned()));
            }
        }
    }

    fn chmod(
        &mut self,
        words: &[&Said],
        setting: Setting<'_>,
        place: &impl Fn(Range<usize>) -> Place,
    ) {
        let mut plain = words.iter().filter(|it| !is_option(it));
        let Some(mode) = plain.next() else { return };
        let Some(text) = mode.known().filter(|it| forbids_its_owner(it)) else { return };
        for path in plain.filter_map(|it| setting.path(it.known()?)) {
            self.protect(path, text, place(mode.range.clone()), setting.user);
        }
    }

    fn protect(&mut self, path: String, mode: &str, place: Place, by: Option<&str>) {
        if self.protected.len() < MOST {
            let by = by.map(|it| user_of(it).to_owned());
            let after = self.owners.len();
            self.protected.push(Protected { path, mode: mode.to_owned(), place, by, after });
        }
    }

    /// What was to no effect for an image that runs as this user.
    pub(super) fn finish(mut self, user: Option<&str>, accounts: &Accounts) -> Vec<Idle> {
        let Some(user) = user.map(user_of).filter(|it| !is_root(it)) else { return self.found };
        let number = |name: &str| {
            let known = || accounts.find(Kind::User, name).and_then(|it| it.uid);
            name.parse().ok().or_else(known)
        };
        let is_user =
            |it: &str| it == user || number(it).is_some_and(|it| number(user) == Some(it));
        for it in &self.protected {
            if self.found.len() >= MOST || !self.owner_of(it).is_some_and(is_user) {
                continue;
            }
            let (mode, path) = (shown(&it.mode), shown(&it.path));
            let user = shown(user);
            self.found.push(Idle {
                place: it.place,
                what: format!(
                    "mode {mode} of {path} protects nothing: the user {user} owns it and can change it back"
                ),
                instead: "leave it to root, or run it with read_only: true (--read-only)".to_owned(),
                unless: Unless::ReadOnlyRoot,
            });
        }
        self.found.sort_by_key(|it| it.place);
        self.found.dedup_by_key(|it| it.place);
        self.found
    }

    /// The owner in the end: whom the last command that changes it names, or
    /// the one that could change the mode.
    fn owner_of<'s>(&'s self, it: &'s Protected) -> Option<&'s str> {
        let covers = |(path, _): &&(String, String)| crate::parse::path::is_within(&it.path, path);
        let last = |changes: &'s [(String, String)]| changes.iter().rfind(covers);
        let (before, after) = self.owners.split_at_checked(it.after)?;
        let own = it.by.as_deref().filter(|by| !is_root(by));
        let said = |change: &'s (String, String)| change.1.as_str();
        last(after).map(said).or(own).or_else(|| last(before).map(said))
    }
}

/// A word of the file, fit to be printed.
fn shown(word: &str) -> Untrusted {
    word.chars().take(80).collect::<String>().into()
}

fn is_option(word: &&&Said) -> bool {
    // `-w` is a mode.
    let is_mode = |it: &str| it.starts_with('-') && it.contains(['r', 'w', 'x']);
    word.known().is_some_and(|it| it.starts_with('-') && !is_mode(it))
}

/// The user of `user:group`.
fn user_of(owner: &str) -> &str {
    owner.split(':').next().unwrap_or_default()
}

fn is_root(user: &str) -> bool {
    user.is_empty() || user == "root" || user.parse::<u32>() == Ok(0)
}

/// Whether a mode takes the owner's right to write (`chmod(1)`).
fn forbids_its_owner(mode: &str) -> bool {
    let is_octal = (3..=5).contains(&mode.len()) && mode.bytes().all(|it| it.is_ascii_digit());
    if is_octal {
        let owner = mode.chars().rev().nth(2).and_then(|it| it.to_digit(8));
        return owner.is_some_and(|it| it & 0o2 == 0);
    }
    mode.split(',').any(|clause| {
        let Some(at) = clause.find(['+', '-', '=']) else { return false };
        let (whom, change) = clause.split_at_checked(at).unwrap_or_default();
        let is_owner = whom.is_empty() || whom.contains(['u', 'a']);
        match change.strip_prefix('-') {
            Some(taken) => is_owner && taken.contains('w'),
            None => is_owner && change.starts_with('=') && !change.contains(['w', 'u', 'g', 'o']),
        }
    })
}

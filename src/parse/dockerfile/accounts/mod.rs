//! The accounts that commands make, as shadow-utils (`useradd(8)`,
//! `groupadd(8)`), Debian's `adduser(8)` and BusyBox have them.

mod files;
mod options;

use std::collections::BTreeMap;
use std::ops::Range;

use super::Place;
use super::shell::{Command, Said};
pub(super) use files::{replaces, rewrites};
use options::Program;

/// An account that a `RUN` makes or changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Whether it is a user's or a group's.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// A user's number; none where the command does not say it.
    pub uid: Option<u32>,
    /// A group's number, or that of a user's first group; none where no command
    /// says it.
    pub gid: Option<u32>,
    /// A user's login shell; none where the command does not say it.
    pub shell: Option<String>,
    /// Whether a command makes it, and none that only changes what a base has.
    pub is_made: bool,
    /// Where its name stands.
    pub place: Place,
}

/// Whose account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A user's.
    User,
    /// A group's.
    Group,
}

/// Programs that run the one that follows.
const WRAPPERS: [&str; 5] = ["sudo", "exec", "command", "busybox", "env"];

/// The accounts of an image, as commands add to them.
#[derive(Default)]
pub(super) struct Accounts {
    list: Vec<Account>,
    /// Where the last of a name is in the list.
    last: BTreeMap<(Kind, String), usize>,
}

impl Accounts {
    /// All of them, in the order in which they were made.
    pub(super) fn into_list(self) -> Vec<Account> {
        self.list
    }

    pub(super) fn find(&self, kind: Kind, name: &str) -> Option<&Account> {
        self.list.get(*self.last.get(&(kind, name.to_owned()))?)
    }

    /// Takes back what is known, after the files of the accounts were written
    /// without these programs: then nobody knows whom they name.
    pub(super) fn forget(&mut self) {
        self.list.clear();
        self.last.clear();
    }

    fn add(&mut self, account: Account) {
        self.last.insert((account.kind, account.name.clone()), self.list.len());
        self.list.push(account);
    }

    /// The number of a group that is given by its number or by its name.
    fn number_of(&self, group: &str) -> Option<u32> {
        group.parse().ok().or_else(|| self.find(Kind::Group, group)?.gid)
    }
}

/// Adds what a command does to the accounts that were there before it. `place`
/// says where a part of the script stands.
pub(super) fn record(
    accounts: &mut Accounts,
    command: &Command,
    place: impl Fn(Range<usize>) -> Place,
) {
    let Some((first, words)) = program(command) else { return };
    let name = base(first);
    let Some((known, changes)) = options::of(name) else { return };
    let call = Call::read(known, words);
    // `adduser USER GROUP` makes nobody: it puts the one into the other.
    let [Some((account, range))] = call.names.as_slice() else { return };
    // Debian's `adduser --group NAME` makes a group alone, and with `--system`
    // a user of that name as well.
    let is_group = name == "adduser" && call.has_group && !call.has_system;
    let kind = if is_group { Kind::Group } else { known.kind };
    let before = accounts.find(kind, account).filter(|_| changes);
    let number = call.number.and_then(|it| it.parse().ok());
    let (uid, gid) = match kind {
        Kind::User => (number, call.group.and_then(|it| accounts.number_of(it))),
        Kind::Group => (None, number),
    };
    let account = Account {
        kind,
        name: (*account).to_owned(),
        uid: uid.or(before.and_then(|it| it.uid)),
        gid: gid.or(before.and_then(|it| it.gid)),
        is_made: !changes || before.is_some_and(|it| it.is_made),
        shell: call.shell.map(str::to_owned).or(before.and_then(|it| it.shell.clone())),
        place: place(range.clone()),
    };
    accounts.add(account);
}

/// The program that a command runs in the end, and its words.
pub(super) fn program(command: &Command) -> Option<(&str, impl Iterator<Item = &Said>)> {
    let wraps = |it: &&Said| it.known().is_some_and(|it| WRAPPERS.contains(&base(it)));
    let mut words = command.words.iter().skip_while(wraps);
    Some((words.next().and_then(Said::known)?, words))
}

/// The name of a program, without the folders before it.
pub(super) fn base(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or_default()
}

/// One call of a program.
#[derive(Default)]
struct Call<'a> {
    /// What is no option, with its place; none where nobody can tell it.
    names: Vec<Option<(&'a str, Range<usize>)>>,
    number: Option<&'a str>,
    group: Option<&'a str>,
    shell: Option<&'a str>,
    has_group: bool,
    has_system: bool,
}

impl<'a> Call<'a> {
    /// Reads the words after a program's name, as `getopt_long(3)` does.
    fn read(program: &Program, mut words: impl Iterator<Item = &'a Said>) -> Self {
        let mut call = Self::default();
        while let Some(word) = words.next() {
            let Some(text) = word.known() else {
                // It may be an option as well as a name.
                call.names.push(None);
                continue;
            };
            if let Some(long) = text.strip_prefix("--") {
                let (option, value) = match long.split_once('=') {
                    Some((option, value)) => (option, Some(value)),
                    None if program.takes_value(long) => (long, words.next().and_then(Said::known)),
                    None => (long, None),
                };
                call.option(program, option, value);
            } else if let Some(letters) = text.strip_prefix('-').filter(|it| !it.is_empty()) {
                call.letters(program, letters, &mut words);
            } else {
                call.names.push(Some((text, word.range.clone())));
            }
        }
        call
    }

    /// Short options in one word. The first with a value takes what is left of
    /// the word, or the next one.
    fn letters(
        &mut self,
        program: &Program,
        letters: &'a str,
        words: &mut impl Iterator<Item = &'a Said>,
    ) {
        for (at, letter) in letters.char_indices() {
            let (option, rest) = letters.split_at(at + letter.len_utf8());
            let option = option.get(at..).unwrap_or_default();
            if program.takes_value(option) {
                let joined = Some(rest).filter(|it| !it.is_empty());
                let value = joined.or_else(|| words.next().and_then(Said::known));
                self.option(program, option, value);
                return;
            }
            self.option(program, option, None);
        }
    }

    fn option(&mut self, program: &Program, option: &str, value: Option<&'a str>) {
        if program.number.contains(&option) {
            self.number = value;
        } else if program.group.contains(&option) {
            self.group = value;
        } else if program.shell.contains(&option) {
            self.shell = value;
        } else {
            self.has_group |= option == "group";
            self.has_system |= option == "system";
        }
    }
}

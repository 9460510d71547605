//! The accounts that commands make, as shadow-utils (`useradd(8)`,
//! `groupadd(8)`), Debian's `adduser(8)` and BusyBox have them.

use super::Place;
use super::shell::Command;

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
    /// Where its name stands.
    pub place: Place,
}

/// Whose account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A user's.
    User,
    /// A group's.
    Group,
}

/// What one program's options mean, by their letters and long names.
struct Program {
    kind: Kind,
    /// The options that have a value.
    valued: &'static [&'static str],
    /// The options for the account's own number.
    number: &'static [&'static str],
    /// The options for a user's first group, by name or number.
    group: &'static [&'static str],
}

const USERADD: Program = Program {
    kind: Kind::User,
    valued: &[
        "b",
        "base-dir",
        "c",
        "comment",
        "d",
        "home",
        "home-dir",
        "e",
        "expiredate",
        "f",
        "inactive",
        "g",
        "gid",
        "G",
        "groups",
        "k",
        "skel",
        "K",
        "key",
        "p",
        "password",
        "R",
        "root",
        "P",
        "prefix",
        "s",
        "shell",
        "u",
        "uid",
        "Z",
        "selinux-user",
    ],
    number: &["u", "uid"],
    group: &["g", "gid"],
};

const USERMOD: Program = Program {
    kind: Kind::User,
    valued: &[
        "c",
        "comment",
        "d",
        "home",
        "e",
        "expiredate",
        "f",
        "inactive",
        "g",
        "gid",
        "G",
        "groups",
        "l",
        "login",
        "p",
        "password",
        "R",
        "root",
        "P",
        "prefix",
        "s",
        "shell",
        "u",
        "uid",
        "Z",
        "selinux-user",
    ],
    ..USERADD
};

const GROUPADD: Program = Program {
    kind: Kind::Group,
    valued: &[
        "g", "gid", "K", "key", "n", "new-name", "p", "password", "R", "root", "P", "prefix", "U",
        "users",
    ],
    number: &["g", "gid"],
    group: &[],
};

const ADDUSER: Program = Program {
    kind: Kind::User,
    valued: &[
        "b",
        "c",
        "d",
        "e",
        "f",
        "p",
        "h",
        "home",
        "g",
        "gecos",
        "comment",
        "s",
        "shell",
        "G",
        "ingroup",
        "u",
        "uid",
        "k",
        "firstuid",
        "lastuid",
        "firstgid",
        "lastgid",
        "gid",
        "conf",
        "add_extra_groups",
    ],
    number: &["u", "uid"],
    group: &["gid", "ingroup", "G"],
};

const ADDGROUP: Program = Program {
    kind: Kind::Group,
    valued: &["g", "gid", "conf", "firstgid", "lastgid"],
    number: &["g", "gid"],
    group: &[],
};

/// Programs that run the one that follows.
const WRAPPERS: [&str; 5] = ["sudo", "exec", "command", "busybox", "env"];

/// Adds what a command does to the accounts that were there before it. `place`
/// says where a part of the script stands.
pub(super) fn record(
    accounts: &mut Vec<Account>,
    command: &Command,
    place: impl Fn(std::ops::Range<usize>) -> Place,
) {
    let base = |word: &str| word.rsplit('/').next().unwrap_or_default().to_owned();
    let mut words = command
        .words
        .iter()
        .skip_while(|it| it.known().is_some_and(|word| WRAPPERS.contains(&base(word).as_str())));
    let Some(name) = words.next().and_then(|it| it.known()).map(base) else { return };
    let (program, changes) = match name.as_str() {
        "useradd" => (USERADD, false),
        "usermod" => (USERMOD, true),
        "groupadd" => (GROUPADD, false),
        "groupmod" => (GROUPADD, true),
        "adduser" => (ADDUSER, false),
        "addgroup" => (ADDGROUP, false),
        _ => return,
    };
    let is_adduser = name == "adduser";
    let mut call = Call::default();
    let mut words = words.peekable();
    while let Some(word) = words.next() {
        let Some(text) = word.known() else {
            // It may be an option as well as a name.
            call.names.push(None);
            continue;
        };
        if let Some(long) = text.strip_prefix("--") {
            let (option, value) = match long.split_once('=') {
                Some((option, value)) => (option, Some(Some(value))),
                None if program.valued.contains(&long) => {
                    (long, words.next().map(super::shell::Said::known))
                }
                None => (long, None),
            };
            call.option(&program, option, value.flatten());
        } else if let Some(letters) = text.strip_prefix('-').filter(|it| !it.is_empty()) {
            let mut rest = letters.char_indices();
            while let Some((at, letter)) = rest.next() {
                let option = letters.get(at..at + letter.len_utf8()).unwrap_or_default();
                if !program.valued.contains(&option) {
                    call.option(&program, option, None);
                    continue;
                }
                let joined = letters.get(at + option.len()..).filter(|it| !it.is_empty());
                let value = joined.or_else(|| words.next().and_then(|it| it.known()));
                call.option(&program, option, value);
                break;
            }
        } else {
            call.names.push(Some((text, word.range.clone())));
        }
    }
    // `adduser USER GROUP` makes nobody: it puts the one into the other.
    let [Some((name, range))] = call.names.as_slice() else { return };
    // Debian's `adduser --group NAME` makes a group alone, and with `--system`
    // a user of that name as well.
    let is_group = is_adduser && call.has_group && !call.has_system;
    let kind = if is_group { Kind::Group } else { program.kind };
    let group = call.group.and_then(|it| number_of(accounts, it));
    let known = |kind| accounts.iter().rev().find(|it| it.kind == kind && it.name == *name);
    let before = known(kind).filter(|_| changes);
    let own = call.number.and_then(|it| it.parse().ok());
    let account = match kind {
        Kind::User => Account {
            kind,
            name: (*name).to_owned(),
            uid: own.or(before.and_then(|it| it.uid)),
            gid: group.or(before.and_then(|it| it.gid)),
            place: place(range.clone()),
        },
        Kind::Group => Account {
            kind,
            name: (*name).to_owned(),
            uid: None,
            gid: own.or(before.and_then(|it| it.gid)),
            place: place(range.clone()),
        },
    };
    accounts.push(account);
}

/// The number of a group that is named by it or by its name.
fn number_of(accounts: &[Account], group: &str) -> Option<u32> {
    let named = |it: &&Account| it.kind == Kind::Group && it.name == group;
    group.parse().ok().or_else(|| accounts.iter().rev().find(named)?.gid)
}

/// One call of a program.
#[derive(Default)]
struct Call<'a> {
    /// What is no option, with its place; none where nobody can tell it.
    names: Vec<Option<(&'a str, std::ops::Range<usize>)>>,
    number: Option<&'a str>,
    group: Option<&'a str>,
    has_group: bool,
    has_system: bool,
}

impl<'a> Call<'a> {
    fn option(&mut self, program: &Program, option: &str, value: Option<&'a str>) {
        if program.number.contains(&option) {
            self.number = value;
        } else if program.group.contains(&option) {
            self.group = value;
        } else {
            self.has_group |= option == "group";
            self.has_system |= option == "system";
        }
    }
}

//! What the options of the programs mean that make accounts.

use super::Kind;

/// What one program's options mean, by their letters and long names.
pub(super) struct Program {
    pub(super) kind: Kind,
    /// The options that have a value: those that it shares with another program,
    /// and its own.
    valued: [&'static [&'static str]; 2],
    /// The options for the account's own number.
    pub(super) number: &'static [&'static str],
    /// The options for a user's first group, by name or number.
    pub(super) group: &'static [&'static str],
    /// The options for a user's login shell.
    pub(super) shell: &'static [&'static str],
}

impl Program {
    pub(super) fn takes_value(&self, option: &str) -> bool {
        self.valued.iter().any(|it| it.contains(&option))
    }
}

/// The program of this name, and whether it changes accounts that are there.
pub(super) fn of(name: &str) -> Option<(&'static Program, bool)> {
    match name {
        "useradd" => Some((&USERADD, false)),
        "usermod" => Some((&USERMOD, true)),
        "groupadd" => Some((&GROUPADD, false)),
        "groupmod" => Some((&GROUPADD, true)),
        "adduser" => Some((&ADDUSER, false)),
        "addgroup" => Some((&ADDGROUP, false)),
        _ => None,
    }
}

/// What `useradd` and `usermod` share. Of their other letters some mean something
/// else to each.
#[rustfmt::skip]
const OF_USERS: &[&str] = &[
    "c", "comment", "d", "home", "e", "expiredate", "f", "inactive", "g", "gid", "G", "groups",
    "p", "password", "R", "root", "P", "prefix", "s", "shell", "u", "uid", "Z", "selinux-user",
];

static USERADD: Program = Program {
    kind: Kind::User,
    valued: [OF_USERS, &["b", "base-dir", "home-dir", "k", "skel", "K", "key"]],
    number: &["u", "uid"],
    group: &["g", "gid"],
    shell: &["s", "shell"],
};

static USERMOD: Program = Program { valued: [OF_USERS, &["l", "login"]], ..USERADD };

#[rustfmt::skip]
static GROUPADD: Program = Program {
    kind: Kind::Group,
    valued: [&[], &[
        "g", "gid", "K", "key", "n", "new-name", "p", "password", "R", "root", "P", "prefix", "U",
        "users",
    ]],
    number: &["g", "gid"],
    group: &[],
    shell: &[],
};

#[rustfmt::skip]
static ADDUSER: Program = Program {
    kind: Kind::User,
    valued: [&[], &[
        "b", "c", "d", "e", "f", "p", "h", "home", "g", "gecos", "comment", "s", "shell", "G",
        "ingroup", "u", "uid", "k", "firstuid", "lastuid", "firstgid", "lastgid", "gid", "conf",
        "add_extra_groups",
    ]],
    number: &["u", "uid"],
    group: &["gid", "ingroup", "G"],
    shell: &["s", "shell"],
};

static ADDGROUP: Program = Program {
    shell: &[],
    kind: Kind::Group,
    valued: [&[], &["g", "gid", "conf", "firstgid", "lastgid"]],
    number: &["g", "gid"],
    group: &[],
};

//! `passwd(5)`: the accounts of a container.

use std::num::IntErrorKind;

/// One account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account<'a> {
    /// The login name.
    pub name: &'a str,
    /// The user id.
    pub uid: u32,
    /// The primary group's id.
    pub gid: u32,
    /// The login shell; empty means `/bin/sh`.
    pub shell: &'a str,
}

/// The names of programs that accounts have as login shells (`shells(5)`), also
/// of those that only refuse.
const SHELLS: [&str; 17] = [
    "ash", "bash", "csh", "dash", "elvish", "false", "fish", "ksh", "mksh", "nologin", "pwsh",
    "rbash", "sh", "tcsh", "true", "yash", "zsh",
];

/// Whether a program goes by the name of a login shell.
pub fn is_shell(name: &[u8]) -> bool {
    SHELLS.iter().any(|it| it.as_bytes() == name)
}

/// Reads the accounts. Lines of another form are passed over, as `getpwent(3)` does.
pub fn parse(text: &str) -> Vec<Account<'_>> {
    text.lines()
        .filter_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            let shell = fields.nth(2).unwrap_or_default();
            Some(Account { name, uid, gid, shell })
        })
        .collect()
}

impl<'a> Account<'a> {
    /// The program that logs in: `/bin/sh` where the field is empty (`passwd(5)`).
    pub const fn program(&self) -> &'a str {
        if self.shell.is_empty() { "/bin/sh" } else { self.shell }
    }
}

/// The same accounts without password hashes, full names and folders, which
/// have no place in evidence.
pub fn without_secrets(text: &str) -> String {
    parse(text)
        .iter()
        .map(|it| format!("{}:x:{}:{}:::{}\n", it.name, it.uid, it.gid, it.shell))
        .collect()
}

/// The same as the engine reads them when it starts a container: a number that is
/// none counts as 0, and no line is passed over (`ParsePasswdFilter` of
/// `github.com/moby/sys/user`). A remark without fields has no place in evidence.
///
/// # Errors
/// A number is beyond those that a user can have: there the engine takes another.
pub fn by_engine(text: &str) -> Result<String, &'static str> {
    let lines = text.lines().map(str::trim).filter(|it| !it.is_empty());
    let lines = lines.filter(|it| !it.starts_with('#') || it.contains(':'));
    let line = |line: &str| {
        let fields: Vec<&str> = line.split(':').collect();
        let field = |place| fields.get(place).copied().unwrap_or_default();
        let (uid, gid) = (number(field(2))?, number(field(3))?);
        Ok(format!("{}:x:{uid}:{gid}:::{}\n", field(0), field(6)))
    };
    lines.map(line).collect()
}

/// A number as the engine reads it (`strconv.Atoi` without its errors).
pub(super) fn number(text: &str) -> Result<u32, &'static str> {
    const BEYOND: &str = "has a number that no user and no group can have";
    match text.parse::<i64>() {
        Ok(number) => u32::try_from(number).map_err(|_| BEYOND),
        Err(error) => {
            let is_beyond =
                matches!(error.kind(), IntErrorKind::PosOverflow | IntErrorKind::NegOverflow);
            if is_beyond { Err(BEYOND) } else { Ok(0) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_passes_over_no_line_and_takes_what_is_no_number_for_zero() {
        for line in ["app:x::1000::/:/x", "app", " app:x:0:1000", "app:x:-0:", "app:x:many:7"] {
            let text = format!("# made by hand\n\n{line}\napp:x:1000:1000\n");
            let read = by_engine(&text).unwrap();
            let first = parse(&read).into_iter().next().unwrap();
            assert_eq!((first.name, first.uid), ("app", 0), "{line}");
        }
        let short = by_engine("app:$6$hash:1000:\r\n").unwrap();
        assert_eq!(short, "app:x:1000:0:::\n");
        let number = "9".repeat(30);
        for number in ["4294967296", "-1", number.as_str()] {
            assert!(by_engine(&format!("app:x:{number}:7")).is_err(), "{number}");
        }
        assert_eq!(parse(&by_engine(TEXT).unwrap()).first(), parse(TEXT).first());
    }

    const TEXT: &str =
        "root:$6$hash:0:0:Root:/root:/bin/bash\n# comment\ntoor:x:0:0::/:\napp:x:1001:1001";

    #[test]
    fn accounts_are_read_also_from_short_lines() {
        let accounts = parse(TEXT);
        let brief: Vec<_> = accounts.iter().map(|it| (it.name, it.uid, it.shell)).collect();
        assert_eq!(brief, [("root", 0, "/bin/bash"), ("toor", 0, ""), ("app", 1001, "")]);
    }

    #[test]
    fn an_empty_shell_is_the_first_one_of_every_system() {
        let programs: Vec<_> = parse(TEXT).iter().map(Account::program).collect();
        assert_eq!(programs, ["/bin/bash", "/bin/sh", "/bin/sh"]);
    }

    #[test]
    fn a_password_hash_does_not_survive() {
        let text = without_secrets(TEXT);
        assert!(!text.contains("hash") && !text.contains("Root"));
        assert_eq!(parse(&text), parse(TEXT));
    }
}

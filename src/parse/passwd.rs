//! `passwd(5)`: the accounts of a container.

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

#[cfg(test)]
mod tests {
    use super::*;

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

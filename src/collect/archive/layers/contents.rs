//! What little is read of the contents of files: what decides, and no more.

use std::io::{self, BufRead, BufReader, Read};

use super::{accounts, nginx};
use crate::collect::archive::entries::Entry;
use crate::collect::archive::name::split;
use crate::collect::redact;
use crate::model::files::Kind;
use crate::model::secret::Variable;
use crate::model::untrusted::Untrusted;
use crate::parse::{group, holder, npm, os_release, passwd};

/// The most bytes of one file that are read as a whole.
const LONGEST: u64 = 1 << 20;

/// The most bytes of a package database.
const LONGEST_DATABASE: u64 = 64 << 20;

/// The longest line of one that is looked at.
const LONGEST_LINE: u64 = 64 << 10;

/// Databases of which each installed package has a file, by their folder.
pub(super) const DATABASE_OF_FILES: &[u8] = b"/var/lib/dpkg/status.d";

/// Databases that are known and that nobody here can read.
const CLOSED: [&[u8]; 6] = [
    b"/var/lib/rpm/Packages",
    b"/var/lib/rpm/Packages.db",
    b"/var/lib/rpm/rpmdb.sqlite",
    b"/usr/lib/sysimage/rpm/Packages",
    b"/usr/lib/sysimage/rpm/Packages.db",
    b"/usr/lib/sysimage/rpm/rpmdb.sqlite",
];

/// Why accounts are not read from what is no file of its own.
const NO_FILE: &str = "is no file but a link or something else, which is not followed";

/// Why of a file that is too long not all is read.
const TOO_LONG: &str = "holds more than is read of it";

/// What is asked of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interest {
    Holder(holder::Form),
    Npm,
    System,
    Dpkg,
    Apk,
    DpkgFile,
    Closed,
    Accounts,
    Groups,
    /// The folder of both, which may be a link.
    FolderOfAccounts,
    Shell,
    /// A file of nginx's configuration, or a link on the way to one.
    Nginx,
    /// nginx itself.
    NginxProgram,
}

/// What was found in one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Values that may be secret.
    Holder(Vec<Variable>),
    /// Development dependencies of a project.
    Npm(Vec<String>),
    /// The system's name and version.
    System(Untrusted),
    /// How many packages are installed; none where the database cannot be read.
    Packages(Option<u64>),
    /// Accounts or groups without passwords, or why they are not known.
    Names(Result<String, &'static str>),
    /// A program, or a link, by the name of a login shell.
    Shell,
    /// What is at a path where nginx's configuration may be.
    Nginx(nginx::Found),
    /// nginx itself.
    NginxProgram,
}

impl Content {
    /// What it takes to remember it, about.
    pub(super) fn memory(&self) -> usize {
        match self {
            Self::Holder(variables) => 256 * variables.len(),
            Self::Npm(names) => names.iter().map(|it| it.len() + 32).sum(),
            Self::Names(Ok(text)) => text.len() + 128,
            Self::Nginx(found) => found.memory(),
            Self::System(_)
            | Self::Packages(_)
            | Self::Names(Err(_))
            | Self::Shell
            | Self::NginxProgram => 128,
        }
    }
}

/// What is asked of the file at a path, if anything.
pub(super) fn interest(path: &[u8]) -> Option<Interest> {
    match path {
        b"/etc/os-release" | b"/usr/lib/os-release" => return Some(Interest::System),
        b"/var/lib/dpkg/status" => return Some(Interest::Dpkg),
        b"/lib/apk/db/installed" | b"/usr/lib/apk/db/installed" => return Some(Interest::Apk),
        accounts::PASSWD => return Some(Interest::Accounts),
        accounts::GROUP => return Some(Interest::Groups),
        accounts::FOLDER => return Some(Interest::FolderOfAccounts),
        _ => {}
    }
    if CLOSED.contains(&path) {
        return Some(Interest::Closed);
    }
    let is_listed = |rest: &[u8]| rest.starts_with(b"/") && !rest.ends_with(b".md5sums");
    if path.strip_prefix(DATABASE_OF_FILES).is_some_and(is_listed) {
        return Some(Interest::DpkgFile);
    }
    let is_others = path.windows(14).any(|it| it == b"/node_modules/");
    if path.ends_with(b"/package.json") && !is_others {
        return Some(Interest::Npm);
    }
    if passwd::is_shell(split(path).1) {
        return Some(Interest::Shell);
    }
    let form = holder::form(path).map(Interest::Holder);
    form.or_else(|| nginx::is_on_the_way(path).then_some(Interest::Nginx))
        .or_else(|| nginx::is_program(path).then_some(Interest::NginxProgram))
}

/// What a file of such interest holds, and what of it was too much to be read.
///
/// # Errors
/// The stream failed.
pub(super) fn read(
    interest: Interest,
    path: &[u8],
    entry: &Entry,
    input: &mut impl Read,
) -> io::Result<(Option<Content>, Option<&'static str>)> {
    let kind = entry.traits.kind;
    match interest {
        Interest::Shell => {
            let is_program = matches!(kind, Kind::File | Kind::Link);
            return Ok((is_program.then_some(Content::Shell), None));
        }
        Interest::Nginx => {
            let found = nginx::found(path, entry, input)?;
            return Ok((found.map(Content::Nginx), None));
        }
        Interest::FolderOfAccounts => {
            let is_other = kind != Kind::Folder;
            return Ok((is_other.then_some(Content::Names(Err(NO_FILE))), None));
        }
        Interest::Accounts | Interest::Groups if kind != Kind::File || entry.is_hard_link => {
            return Ok((Some(Content::Names(Err(NO_FILE))), None));
        }
        _ if kind != Kind::File => return Ok((None, None)),
        Interest::Dpkg => return packages(input, |line| line.starts_with(b"Status: install ok")),
        Interest::Apk => return packages(input, |line| line.starts_with(b"P:")),
        Interest::NginxProgram => return Ok((Some(Content::NginxProgram), None)),
        Interest::DpkgFile => return Ok((Some(Content::Packages(Some(1))), None)),
        Interest::Closed => return Ok((Some(Content::Packages(None)), None)),
        Interest::Holder(_)
        | Interest::Npm
        | Interest::System
        | Interest::Accounts
        | Interest::Groups => {}
    }
    let mut bytes = Vec::new();
    input.take(LONGEST).read_to_end(&mut bytes)?;
    let is_more = bytes.len() as u64 == LONGEST;
    let more = is_more.then_some(TOO_LONG);
    let text = String::from_utf8_lossy(&bytes);
    let content = match interest {
        Interest::Npm => npm::development(&bytes).filter(|it| !it.is_empty()).map(Content::Npm),
        Interest::System => os_release::system(&text).map(|it| Content::System(it.into())),
        Interest::Holder(form) => {
            let (variables, is_cut) = redact::pairs(holder::pairs(form, &text));
            let more = more.or(is_cut.then_some("gives more values than are looked at"));
            let content = (!variables.is_empty()).then_some(Content::Holder(variables));
            return Ok((content, more));
        }
        // What is missing of them decides over nothing else.
        Interest::Accounts | Interest::Groups => {
            let keep =
                if interest == Interest::Accounts { passwd::by_engine } else { group::by_engine };
            let names = more.map_or_else(|| keep(&text), Err);
            return Ok((Some(Content::Names(names)), None));
        }
        Interest::Dpkg
        | Interest::Apk
        | Interest::DpkgFile
        | Interest::Closed
        | Interest::FolderOfAccounts
        | Interest::Shell
        | Interest::Nginx
        | Interest::NginxProgram => None,
    };
    Ok((content, more))
}

/// How many lines of a database name a package.
fn packages(
    input: &mut impl Read,
    names: impl Fn(&[u8]) -> bool,
) -> io::Result<(Option<Content>, Option<&'static str>)> {
    let mut input = BufReader::new(input.take(LONGEST_DATABASE));
    let (mut count, mut passed, mut line) = (0, 0, Vec::new());
    loop {
        line.clear();
        let length = input.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)?;
        if length == 0 {
            break;
        }
        passed += length as u64;
        count += u64::from(names(&line));
    }
    let more = (passed == LONGEST_DATABASE).then_some(TOO_LONG);
    Ok((Some(Content::Packages(Some(count))), more))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::survey::Traits;

    fn entry(kind: Kind) -> Entry {
        let (uid, gid, mode) = (0, 0, 0o644);
        let traits = Traits {
            kind,
            linked: false,
            mode,
            uid,
            gid,
            fixed: None,
            acl: None,
            capability: None,
        };
        Entry { name: Vec::new(), target: None, is_hard_link: false, traits }
    }

    fn told(path: &str, entry: &Entry, text: &[u8]) -> Option<Content> {
        let path = path.as_bytes();
        read(interest(path).unwrap(), path, entry, &mut &*text).unwrap().0
    }

    fn content(path: &str, text: &[u8]) -> Option<Content> {
        told(path, &entry(Kind::File), text)
    }

    #[test]
    fn installed_packages_are_counted_by_each_form_of_database() {
        let dpkg = b"Package: a\nStatus: install ok installed\n\nPackage: b\n\
            Status: deinstall ok config-files\n\nPackage: c\nStatus: install ok installed\n";
        assert_eq!(content("/var/lib/dpkg/status", dpkg), Some(Content::Packages(Some(2))));
        let apk = b"C:Q1\nP:musl\nV:1\n\nP:busybox\nV:1\n";
        assert_eq!(content("/lib/apk/db/installed", apk), Some(Content::Packages(Some(2))));
        let closed = content("/var/lib/rpm/rpmdb.sqlite", b"SQLite format 3\0");
        assert_eq!(closed, Some(Content::Packages(None)));
    }

    #[test]
    fn only_a_projects_own_document_is_asked() {
        assert_eq!(interest(b"/app/package.json"), Some(Interest::Npm));
        assert_eq!(interest(b"/app/node_modules/x/package.json"), None);
        assert_eq!(interest(b"/app/index.js"), None);
    }

    #[test]
    fn a_holder_of_public_things_alone_is_not_remembered() {
        assert_eq!(content("/a/.env", b"LEVEL=info\nURL=https://example.org\nDEBUG=true\n"), None);
        let Some(Content::Holder(found)) = content("/a/.env", b"DB_PASSWORD=kW7vPq29sLx\n") else {
            panic!("it holds one");
        };
        assert_eq!(found[0].name.raw(), "DB_PASSWORD");
        assert!(!format!("{found:?}").contains("kW7v"));
    }

    #[test]
    fn what_is_too_long_is_said_to_be() {
        let text = vec![b'x'; LONGEST as usize + 1];
        let interest = interest(b"/a/.env").unwrap();
        let file = entry(Kind::File);
        assert!(read(interest, b"/a/.env", &file, &mut text.as_slice()).unwrap().1.is_some());
        let cut = content("/etc/passwd", &text);
        assert_eq!(cut, Some(Content::Names(Err(TOO_LONG))));
    }

    #[test]
    fn accounts_are_kept_without_passwords_and_never_through_a_link() {
        let users = content("/etc/passwd", b"app:$6$hash:1000:1000:A:/home/app:/bin/sh\n");
        assert_eq!(users, Some(Content::Names(Ok("app:x:1000:1000:::/bin/sh\n".to_owned()))));
        let groups = content("/etc/group", b"docker:hash:998:app\n");
        assert_eq!(groups, Some(Content::Names(Ok("docker:x:998:app\n".to_owned()))));
        let refused = Some(Content::Names(Err(NO_FILE)));
        for kind in [Kind::Link, Kind::Folder, Kind::Fifo] {
            assert_eq!(told("/etc/passwd", &entry(kind), b""), refused, "{kind:?}");
        }
        let other = Entry { is_hard_link: true, ..entry(Kind::File) };
        assert_eq!(told("/etc/passwd", &other, b""), refused);
        assert_eq!(told("/etc", &entry(Kind::Link), b""), refused);
        assert_eq!(told("/etc", &entry(Kind::Folder), b""), None);
        assert_eq!(interest(b"/etc/shadow"), None);
    }

    #[test]
    fn a_login_shell_may_be_a_link_and_is_no_folder() {
        assert_eq!(told("/bin/sh", &entry(Kind::Link), b""), Some(Content::Shell));
        assert_eq!(content("/opt/bash", b""), Some(Content::Shell));
        assert_eq!(told("/app/sh", &entry(Kind::Folder), b""), None);
    }
}

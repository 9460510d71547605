//! What a look at all of a target's files found, without naming every file.
//!
//! A file matters to a rule by what it is and not by what it is called, so the
//! files that are alike in everything that a rule can ask are one group: what
//! they are, how many they are, and the first few by name. A million files in
//! good order are one line of evidence.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::files::Kind;
use super::reading::Gap;
use super::untrusted::Untrusted;

/// The most paths that a group names.
pub const NAMED: usize = 8;

/// The files of a target that somebody looked for, and those that matter
/// wherever they are: those that everybody may write, and those that give
/// privileges.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Survey {
    /// Whose numbers the owners and groups are.
    pub numbering: Numbering,
    /// The path patterns that were looked for.
    pub patterns: Vec<String>,
    /// Whether setuid and setgid files and file capabilities were looked for.
    pub privileged: bool,
    /// How many names there are below the root.
    pub names: u64,
    /// The groups, by the first path of each.
    pub groups: Vec<Group>,
    /// Where the look was refused or given up, and how far it got.
    pub unread: Vec<Unread>,
}

/// Who numbers users and groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Numbering {
    /// The auditor, who looked at the files themselves.
    Auditor,
    /// The container's user namespace, as the engine translates to it.
    Container,
}

/// A part of the tree that could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unread {
    /// Everything at and below this path.
    pub below: Untrusted,
    /// Why.
    pub gap: Gap,
}

/// Files that are alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The patterns that they fit, by their place in the survey's list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fits: Vec<usize>,
    /// The pattern to whose files they are folders on the way, by its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leads_to: Option<usize>,
    /// Where the file system is mounted that they are on.
    pub mount: Untrusted,
    /// What they are.
    #[serde(flatten)]
    pub traits: Traits,
    /// The folders above them that not everybody may pass, each kind once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doors: Vec<Door>,
    /// How many they are.
    pub count: u64,
    /// The first of them in the order of their bytes, at most [`NAMED`].
    pub paths: Vec<Untrusted>,
}

impl Group {
    /// The path of the first of them.
    pub fn first(&self) -> Untrusted {
        self.paths.first().cloned().unwrap_or_default()
    }

    /// The first of them by name, and how many more there are.
    pub fn named(&self) -> Untrusted {
        let first = self.first();
        if self.count <= 1 {
            first
        } else {
            format!("{} and {} more", first.raw(), self.count - 1).into()
        }
    }
}

/// What a file is, as `statx(2)` tells it, with what its extended attributes add.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Traits {
    /// What it is.
    pub kind: Kind,
    /// Whether the path is that of a symbolic link, and this is what it leads to.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub linked: bool,
    /// The permission bits with setuid, setgid and sticky: `mode & 0o7777`.
    pub mode: u32,
    /// The owner.
    pub uid: u32,
    /// The group.
    pub gid: u32,
    /// What keeps even its owner from changing it (`ioctl_iflags(2)`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed: Option<Fixed>,
    /// Its access control list (`acl(5)`), the extended attribute
    /// `system.posix_acl_access` in hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acl: Option<String>,
    /// The file capabilities that it gives (`capabilities(7)`), the extended
    /// attribute `security.capability` in hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capability: Option<String>,
}

impl Traits {
    /// Whether it can give privileges to whoever executes it: by its mode, or by
    /// its capabilities (`execve(2)`).
    pub fn gives(&self) -> bool {
        self.kind == Kind::File && (self.mode & 0o6000 != 0 || self.capability.is_some())
    }

    /// Whether everybody may write it, and no sticky bit keeps what is in it.
    pub const fn is_exposed(&self) -> bool {
        match self.kind {
            Kind::File => self.mode & 0o002 != 0,
            Kind::Folder => self.mode & 0o1002 == 0o002,
            Kind::Link | Kind::Socket | Kind::Fifo | Kind::CharacterDevice | Kind::BlockDevice => {
                false
            }
        }
    }
}

/// An attribute of the file system that outranks the mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fixed {
    /// `FS_IMMUTABLE_FL`: nobody changes it or its mode.
    Immutable,
    /// `FS_APPEND_FL`: it only grows, and its mode stays.
    AppendOnly,
}

/// A folder that not everybody may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Door {
    /// Its permission bits.
    pub mode: u32,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
}

/// As `stat` would say it, for evidence: `- 4755 0:0`.
impl fmt::Display for Traits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by_link = if self.linked { "by a link to " } else { "" };
        let Self { mode, uid, gid, .. } = self;
        write!(f, "{by_link}{} {mode:04o} {uid}:{gid}", self.kind.letter())?;
        match self.fixed {
            Some(Fixed::Immutable) => f.write_str(" immutable")?,
            Some(Fixed::AppendOnly) => f.write_str(" append-only")?,
            None => {}
        }
        if let Some(acl) = &self.acl {
            write!(f, " system.posix_acl_access={acl}")?;
        }
        self.capability.as_ref().map_or(Ok(()), |it| write!(f, " security.capability={it}"))
    }
}

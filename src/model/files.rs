//! Files by what they are, as `statx(2)` tells it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::reading::Gap;
use super::untrusted::Untrusted;

/// Some files of a container, and what of them could not be looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// The files, by path.
    pub files: Vec<File>,
    /// Where the look was refused or given up, and how far it got.
    pub unread: Vec<Gap>,
}

/// One file of a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its absolute path in the container.
    pub path: Untrusted,
    /// What it is.
    pub kind: Kind,
    /// The permission bits with setuid, setgid and sticky: `mode & 0o7777`.
    pub mode: u32,
    /// The owner, in the auditor's numbering.
    pub uid: u32,
    /// The group, in the auditor's numbering.
    pub gid: u32,
    /// The file system that it is on, as `(major, minor)`.
    pub device: (u32, u32),
    /// Its number there: with the device it is the file itself, whatever its name.
    pub inode: u64,
    /// The device that a character or block device stands for, as `(major, minor)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stands_for: Option<(u32, u32)>,
    /// The file capabilities that it gives (`capabilities(7)`, the extended
    /// attribute `security.capability`), in hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capability: Option<String>,
}

/// What a file is (`inode(7)`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link itself, not what it points to.
    Link,
    /// A socket.
    Socket,
    /// A named pipe.
    Fifo,
    /// A character device.
    CharacterDevice,
    /// A block device.
    BlockDevice,
}

impl Kind {
    /// The letter that `ls -l` shows.
    pub const fn letter(self) -> char {
        match self {
            Self::File => '-',
            Self::Folder => 'd',
            Self::Link => 'l',
            Self::Socket => 's',
            Self::Fifo => 'p',
            Self::CharacterDevice => 'c',
            Self::BlockDevice => 'b',
        }
    }
}

/// What `stat` would say, for evidence: `- 4755 0:0`.
impl fmt::Display for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:04o} {}:{}", self.kind.letter(), self.mode, self.uid, self.gid)?;
        if let Some((major, minor)) = self.stands_for {
            write!(f, " device {major}:{minor}")?;
        }
        self.capability.as_ref().map_or(Ok(()), |it| write!(f, " security.capability={it}"))
    }
}

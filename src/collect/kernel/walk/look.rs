//! What one file is, through a handle or by its name in an open folder.

use std::ffi::CStr;
use std::os::fd::{AsRawFd, BorrowedFd};

use nix::errno::Errno;
use rustix::fs::{AtFlags, FileType, Statx, StatxAttributes, StatxFlags, getxattr, statx};

use crate::model::files::Kind;
use crate::model::survey::{Fixed, Traits};
use crate::parse::pattern::Marks;

/// More bytes than any revision of `security.capability` has.
const LONGEST_CAPABILITY: usize = 64;

/// As many bytes as an access control list of 128 entries has (`acl(5)`).
const LONGEST_ACL: usize = 4 + 128 * 8;

/// Whether a list may let more people in than the mode's last bits say. The
/// bits of the group are the most that it gives anybody by name (`acl(5)`), so
/// it matters where they give more than everybody has; and where everybody may
/// write, since a list may keep somebody from it. Of a folder it is always
/// asked: what is in it may be looked for.
pub(super) fn may_have_acl(stat: &Statx, fits: Marks) -> bool {
    let mode = u32::from(stat.stx_mode);
    let gives_more = (mode >> 3 & !mode & 0o7) != 0 || mode & 0o002 != 0;
    let is_asked = match kind(stat) {
        Kind::Folder => true,
        Kind::Link => false,
        Kind::File | Kind::Socket | Kind::Fifo | Kind::CharacterDevice | Kind::BlockDevice => {
            !fits.is_none()
        }
    };
    gives_more && is_asked
}

/// A file's access control list, if it has one.
pub(super) fn list(file: BorrowedFd<'_>) -> Result<Option<String>, Errno> {
    attribute(file, c"system.posix_acl_access", LONGEST_ACL)
}

/// A file's capabilities, if it has any.
pub(super) fn capability(file: BorrowedFd<'_>) -> Result<Option<String>, Errno> {
    attribute(file, c"security.capability", LONGEST_CAPABILITY)
}

/// An extended attribute in hexadecimal digits, if the file has it, by the
/// handle and not by a path.
fn attribute(file: BorrowedFd<'_>, name: &CStr, longest: usize) -> Result<Option<String>, Errno> {
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    let mut value = vec![0; longest];
    match getxattr(path, name, &mut value) {
        Ok(length) => {
            Ok(Some(value.iter().take(length).map(|byte| format!("{byte:02x}")).collect()))
        }
        Err(rustix::io::Errno::NODATA | rustix::io::Errno::OPNOTSUPP) => Ok(None),
        Err(errno) => Err(Errno::from_raw(errno.raw_os_error())),
    }
}

/// What a file is, without asking whoever serves the file system again.
pub(super) fn looked(folder: BorrowedFd<'_>, name: &CStr, flags: AtFlags) -> Result<Statx, Errno> {
    let flags = flags | AtFlags::NO_AUTOMOUNT | AtFlags::STATX_DONT_SYNC;
    statx(folder, name, flags, StatxFlags::BASIC_STATS | StatxFlags::MNT_ID)
        .map_err(|errno| Errno::from_raw(errno.raw_os_error()))
}

/// Whether the file is on the mount of this number. Kernels before 5.8 do not
/// tell, and there is no `openat2` before 5.6.
pub(super) const fn is_on(stat: &Statx, mount: u64) -> bool {
    stat.stx_mnt_id == mount
}

pub(super) fn kind(stat: &Statx) -> Kind {
    match FileType::from_raw_mode(stat.stx_mode.into()) {
        FileType::Directory => Kind::Folder,
        FileType::Symlink => Kind::Link,
        FileType::Socket => Kind::Socket,
        FileType::Fifo => Kind::Fifo,
        FileType::CharacterDevice => Kind::CharacterDevice,
        FileType::BlockDevice => Kind::BlockDevice,
        FileType::RegularFile | FileType::Unknown => Kind::File,
    }
}

pub(super) fn traits(stat: &Statx) -> Traits {
    let fixed = if stat.stx_attributes.contains(StatxAttributes::IMMUTABLE) {
        Some(Fixed::Immutable)
    } else if stat.stx_attributes.contains(StatxAttributes::APPEND) {
        Some(Fixed::AppendOnly)
    } else {
        None
    };
    Traits {
        kind: kind(stat),
        linked: false,
        mode: u32::from(stat.stx_mode) & 0o7777,
        uid: stat.stx_uid,
        gid: stat.stx_gid,
        fixed,
        acl: None,
        capability: None,
    }
}

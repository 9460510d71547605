//! Which file systems answer by themselves.
//!
//! A program or another host behind a file system may never answer, and
//! whoever asks it waits for ever. So files are looked at only where that
//! cannot be.

use crate::parse::proc::mountinfo::Mount;

/// File systems that the kernel serves alone.
const LOCAL: [&str; 13] = [
    "btrfs", "devtmpfs", "erofs", "ext2", "ext3", "ext4", "f2fs", "overlay", "ramfs", "squashfs",
    "tmpfs", "xfs", "zfs",
];

/// Whether the file system answers by itself, or by a program that the host's
/// root started: an engine without overlays of the kernel's own serves its
/// containers' files so. Whoever else mounts in the host's own namespace goes
/// through `fusermount`, which leaves the user's id in the options. `host` are
/// the mounts that the host's first process sees.
pub(super) fn is_local(mount: &Mount, host: &[Mount]) -> bool {
    let is_roots =
        |it: &Mount| it.kind == "fuse.fuse-overlayfs" && it.super_option("user_id") == Some("0");
    let is_engines =
        || is_roots(mount) && host.iter().any(|it| is_roots(it) && it.device == mount.device);
    LOCAL.contains(&mount.kind.as_str()) || is_engines()
}

/// File systems in which the kernel shows its own affairs: no files of anybody's.
const KERNELS: [&str; 19] = [
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devpts",
    "efivarfs",
    "fusectl",
    "hugetlbfs",
    "mqueue",
    "nsfs",
    "proc",
    "pstore",
    "rpc_pipefs",
    "securityfs",
    "selinuxfs",
    "sysfs",
    "tracefs",
];

/// Whether the kernel itself makes the file system up.
pub(super) fn is_kernels(mount: &Mount) -> bool {
    KERNELS.contains(&mount.kind.as_str())
}

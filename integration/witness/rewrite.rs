//! A process with given credentials that tries everything to write a file.

use std::fs::{self, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

use caps::{CapSet, Capability, CapsHashSet};
use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};

/// The groups that the files of the case may be open to.
const GROUPS: [u32; 4] = [0, 1000, 1001, 1002];

/// Takes the credentials on and tries; 0 if the file can be rewritten.
pub(super) fn run(path: &str, uid: &str, gid: &str, groups: &str, bits: &str) -> u8 {
    let number = |text: &str| text.parse::<u32>().expect("a number");
    let groups = groups.split(',').filter(|it| !it.is_empty());
    let groups: Vec<Gid> = groups.map(|it| Gid::from_raw(number(it))).collect();
    let bits = u64::from_str_radix(bits, 16).expect("a set of capabilities");
    become_like(Uid::from_raw(number(uid)), Gid::from_raw(number(gid)), &groups, bits);
    let ways: [fn(&str) -> io::Result<()>; 5] = [write, chmod, take, become_owner, join];
    u8::from(!ways.into_iter().any(|way| way(path).is_ok()))
}

fn become_like(uid: Uid, gid: Gid, groups: &[Gid], bits: u64) {
    let set: CapsHashSet =
        caps::all().into_iter().filter(|it: &Capability| bits & it.bitmask() != 0).collect();
    caps::securebits::set_keepcaps(true).expect("a process may keep what it has");
    setgroups(groups).expect("root may");
    setresgid(gid, gid, gid).expect("root may");
    setresuid(uid, uid, uid).expect("root may");
    caps::clear(None, CapSet::Inheritable).expect("a process may give up what it has");
    caps::set(None, CapSet::Effective, &set).expect("of what is permitted anything is effective");
    caps::set(None, CapSet::Permitted, &set).expect("a process may give up what it has");
}

fn write(path: &str) -> io::Result<()> {
    OpenOptions::new().write(true).open(path).map(drop)
}

fn chmod(path: &str) -> io::Result<()> {
    // Who may change the mode may take a list away, which may name him.
    let _ = rustix::fs::removexattr(path, "system.posix_acl_access");
    let mode = fs::metadata(path)?.mode() | 0o222;
    fs::set_permissions(path, Permissions::from_mode(mode))?;
    write(path)
}

fn take(path: &str) -> io::Result<()> {
    chown(path, Some(nix::unistd::getuid().as_raw()), None)?;
    chmod(path)
}

fn become_owner(path: &str) -> io::Result<()> {
    let owner = Uid::from_raw(fs::metadata(path)?.uid());
    // The real one stays, so that there is a way back.
    setresuid(nix::unistd::getuid(), owner, nix::unistd::getuid())?;
    let done = chmod(path);
    setresuid(nix::unistd::getuid(), nix::unistd::getuid(), nix::unistd::getuid())?;
    done
}

fn join(path: &str) -> io::Result<()> {
    setgroups(&GROUPS.map(Gid::from_raw))?;
    write(path)
}

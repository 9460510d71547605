//! What the hardened sandbox gives up.

use std::collections::BTreeMap;

use caps::{CapSet, Capability};
use nix::libc;
use nix::sys::prctl;
use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};

use super::payload::OrFail;
use crate::app::exit::Failure;

/// The user whom every system has and who owns nothing.
const NOBODY: u32 = 65534;

/// System calls that no service needs, and most ways out of a sandbox do.
const FORBIDDEN: [libc::c_long; 21] = [
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_open_by_handle_at,
    libc::SYS_kexec_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_reboot,
    libc::SYS_swapon,
];

/// Turns root into an ordinary user who may still make namespaces: some
/// systems refuse that to all but `CAP_SYS_ADMIN`.
pub(super) fn become_nobody() -> Result<(), Failure> {
    prctl::set_keepcaps(true).or_fail("keeping capabilities")?;
    setgroups(&[]).or_fail("leaving all groups")?;
    let (user, group) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
    setresgid(group, group, group).or_fail("changing the group")?;
    setresuid(user, user, user).or_fail("changing the user")?;
    caps::raise(None, CapSet::Effective, Capability::CAP_SYS_ADMIN)
        .or_fail("keeping a capability")?;
    // A process that changed its user may not write its own id maps otherwise.
    prctl::set_dumpable(true).or_fail("owning this process's files again")
}

/// Makes the capabilities ambient (`capabilities(7)`).
pub(super) fn keep_capabilities_across_exec() -> Result<(), Failure> {
    let held = caps::read(None, CapSet::Permitted).or_fail("reading capabilities")?;
    for set in [CapSet::Inheritable, CapSet::Ambient] {
        caps::set(None, set, &held).or_fail("keeping capabilities")?;
    }
    Ok(())
}

/// Drops every capability from every set, for good, and filters system calls.
pub(super) fn give_everything_up() -> Result<(), Failure> {
    // The bounding set first: dropping from it takes a capability itself.
    for set in [
        CapSet::Bounding,
        CapSet::Ambient,
        CapSet::Inheritable,
        CapSet::Effective,
        CapSet::Permitted,
    ] {
        caps::clear(None, set).or_fail("dropping capabilities")?;
    }
    prctl::set_no_new_privs().or_fail("setting no_new_privs")?;
    match filter() {
        Some(filter) => {
            seccompiler::apply_filter(&filter?).or_fail("installing a system call filter")
        }
        None => Ok(()),
    }
}

/// The filter, on an architecture for which one can be compiled; on another
/// the scorecard shows that there is none.
fn filter() -> Option<Result<BpfProgram, Failure>> {
    let arch = TargetArch::try_from(std::env::consts::ARCH).ok()?;
    let rules: BTreeMap<i64, _> = FORBIDDEN.into_iter().map(|call| (call, vec![])).collect();
    let refusal = SeccompAction::Errno(libc::EPERM.cast_unsigned());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refusal, arch)
        .and_then(BpfProgram::try_from)
        .or_fail("compiling a system call filter");
    Some(filter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_compiles_where_there_is_one() {
        if let Some(filter) = filter() {
            assert!(filter.unwrap().len() > FORBIDDEN.len());
        }
    }
}

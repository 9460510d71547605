//! How each setting is made: what the engine's record says then, and the kernel.

mod filesystem;
mod identity;
pub(super) mod isolation;
mod lifecycle;
mod network;
mod privilege;
mod resources;

use std::collections::BTreeSet;

use super::changed::Changed;
use super::wanted::Wanted;
use crate::model::setting::Setting;

/// Makes a setting; whether it could be made. What was changed on the way to none is
/// taken back by the caller.
pub(super) fn make(
    setting: Setting,
    changed: &mut Changed<'_>,
    objected: &BTreeSet<String>,
    wanted: Wanted<'_>,
) -> bool {
    match setting {
        Setting::Unprivileged => privilege::unprivileged(changed),
        Setting::Capabilities => privilege::capabilities(changed, wanted),
        Setting::NoNewPrivileges => privilege::no_new_privileges(changed),
        Setting::Seccomp => privilege::seccomp(changed),
        Setting::Confinement => privilege::confinement(changed),
        Setting::User => identity::user(changed, wanted),
        Setting::Groups => identity::groups(changed),
        Setting::Mounts => isolation::mounts(changed, objected),
        Setting::Devices => isolation::devices(changed),
        Setting::PidNamespace => isolation::pid(changed),
        Setting::IpcNamespace => isolation::ipc(changed),
        Setting::UtsNamespace => isolation::uts(changed),
        Setting::CgroupNamespace => isolation::cgroup(changed),
        Setting::UserNamespace => isolation::user(changed),
        Setting::ReadOnlyRoot => filesystem::read_only_root(changed, wanted),
        Setting::Memory => resources::memory(changed, wanted),
        Setting::Pids => resources::pids(changed),
        Setting::Cpus => resources::cpus(changed),
        Setting::Init => lifecycle::init(changed),
        Setting::Logging => lifecycle::logging(changed),
        Setting::Restart => lifecycle::restart(changed, wanted),
        Setting::Ports => network::ports(changed, wanted),
    }
}

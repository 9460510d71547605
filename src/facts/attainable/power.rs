//! What one process is and can become, and what that lets it do.

use caps::Capability;

use crate::facts::capabilities::Scope;
use crate::facts::identity::{Root, User};
use crate::facts::seccomp::Mode;
use crate::model::capability::CapabilitySet;
use crate::model::files::File;

use super::files::Gain;

/// What a process is, together with what it can become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Power {
    /// Its user now.
    pub user: User,
    /// The greatest root that it is or can become.
    pub root: Root,
    /// Every user that it is or can become, in the auditor's numbering; none in
    /// a declaration.
    pub users: Vec<u32>,
    /// Every group of it, in the auditor's numbering; none in a declaration.
    pub groups: Vec<u32>,
    /// The capabilities that it holds or can have.
    pub capabilities: CapabilitySet,
    /// What they count for.
    pub scope: Scope,
    /// Its seccomp mode, which no file changes.
    pub seccomp: Mode,
    /// Whether an engine's own profile confines it, whatever its capabilities
    /// ([`Confinement::is_engines`](crate::facts::confinement::Confinement::is_engines)).
    pub confined: bool,
    /// Whether executing a file can raise them.
    pub no_new_privileges: bool,
    /// What single files give, the gravest first.
    pub gains: Vec<Gain>,
    /// How much was taken into account.
    pub extent: Extent,
}

/// How much of what a process can get a [`Power`] tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// What it has without executing a file that gives more.
    Own,
    /// That, and what the files give that are known.
    Files,
    /// What it could have at most, if there were files that give everything.
    AtMost,
}

impl Power {
    /// Whether it has, or can have, this capability on the host itself.
    pub fn on_host(&self, capability: Capability) -> bool {
        self.scope == Scope::Host && self.capabilities.has(capability)
    }

    /// Whether it is, or can become, the host's own root.
    pub fn is_hosts_root(&self) -> bool {
        self.root == Root::Host
    }

    /// Whether it is the host's root, or as good as it before the mode of a file.
    pub fn overrides_modes(&self) -> bool {
        self.is_hosts_root() || self.on_host(Capability::CAP_DAC_OVERRIDE)
    }

    /// Whether the mode of a file lets it write, as one of the users and groups
    /// that it is or can become (`path_resolution(7)`).
    pub fn may_write(&self, file: &File) -> bool {
        self.overrides_modes() || self.is_let(file, 0o222)
    }

    /// Whether the mode of a file lets it read or write.
    pub fn may_open(&self, file: &File) -> bool {
        self.overrides_modes()
            || self.on_host(Capability::CAP_DAC_READ_SEARCH)
            || self.is_let(file, 0o666)
    }

    /// Whether one of these bits is set, and meant for it.
    fn is_let(&self, file: &File, bits: u32) -> bool {
        let set = file.mode & bits;
        set & 0o007 != 0
            || (set & 0o700 != 0 && self.users.contains(&file.uid))
            || (set & 0o070 != 0 && self.groups.contains(&file.gid))
    }

    /// Whether some file gives it anything, or could.
    pub(super) fn gains_by_files(&self) -> bool {
        match self.extent {
            Extent::Own => false,
            Extent::Files => !self.gains.is_empty(),
            Extent::AtMost => true,
        }
    }
}

//! Which mounts can be walked, and how the root of one is reached.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::NixPath;
use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};

use crate::collect::kernel::local::{is_kernels, is_local};
use crate::collect::kernel::root::{Root, mount_number};
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::untrusted::Untrusted;
use crate::parse::path::beneath;
use crate::parse::proc::mountinfo::{self, Mount};

/// A container's mounts, seen from its root.
pub(super) struct Reach<'a> {
    pub(super) root: &'a Root,
    pub(super) mounts: &'a [Mount],
    /// What the host's first process sees mounted.
    pub(super) host: &'a [Mount],
    pub(super) source: &'a Source,
}

impl Reach<'_> {
    /// Whether somebody may have put files on the mount, and a path leads there.
    /// An `autofs` has none, and looking into it starts a program of the host.
    pub(super) fn has_files(&self, mount: &Mount) -> bool {
        let is_empty = mount.kind == "autofs" || is_kernels(mount);
        !is_empty && is_visible(self.mounts, mount)
    }

    /// The root of a mount, reached over mounts of this kernel's own alone, and
    /// held against its number: another may have been mounted there meanwhile.
    pub(super) fn root_of(&self, mount: &Mount) -> Result<OwnedFd, Gap> {
        let point = Untrusted::from(mount.point.as_str());
        let is_own = is_kernels(mount) || is_local(mount, self.host);
        if !is_own {
            let kind = Untrusted::from(mount.kind.as_str());
            let detail = format!(
                "{point} is on {kind}: another program or host may serve it, and never answer"
            );
            return Err(Gap::new(Reason::Unsupported, self.source.clone(), detail)
                .mend("mount it with nosuid, or set no-new-privileges"));
        }
        let failed = |what: &str| {
            Gap::new(Reason::Gone, self.source.clone(), format!("the mount on {point} {what}"))
                .mend("run the audit again while the container runs")
        };
        let base = self.base(mount).map(|base| Ok((base, self.root_of(base)?))).transpose()?;
        let opened = match &base {
            None => self.root.handle().try_clone_to_owned().map_err(|_| Errno::EMFILE),
            Some((base, handle)) => {
                let rest = beneath(&mount.point, &base.point).unwrap_or_default();
                let (folder, name) = rest.rsplit_once('/').unwrap_or((".", rest));
                let flags = OFlag::O_PATH | OFlag::O_DIRECTORY;
                open(handle.as_fd(), folder, flags, ResolveFlag::RESOLVE_NO_XDEV)
                    .and_then(|it| open(it.as_fd(), name, OFlag::O_PATH, ResolveFlag::empty()))
            }
        };
        let opened =
            opened.map_err(|errno| failed(&format!("is out of reach: {}", errno.desc())))?;
        if mount_number(opened.as_fd()) == Some(mount.id) {
            Ok(opened)
        } else {
            Err(failed("was changed meanwhile"))
        }
    }

    /// The mount that leads to this one: the next one around it that does not
    /// lie on the same point. None for the root.
    fn base(&self, mount: &Mount) -> Option<&Mount> {
        let around = |it: &Mount| {
            let parent = it.parent;
            self.mounts.iter().find(move |other| other.id == parent)
        };
        // No mount is its own ancestor, but the text may claim it.
        std::iter::successors(around(mount), |it| around(it))
            .take(self.mounts.len())
            .find(|it| it.point != mount.point && beneath(&mount.point, &it.point).is_some())
            .filter(|_| mount.point != "/")
    }
}

/// Whether a path still leads to the mount.
fn is_visible(mounts: &[Mount], mount: &Mount) -> bool {
    !mount.point.ends_with("//deleted") && !mountinfo::is_hidden(mounts, mount)
}

/// A name below a folder, without following any link.
pub(super) fn open<P: ?Sized + NixPath>(
    folder: BorrowedFd<'_>,
    name: &P,
    flags: OFlag,
    resolve: ResolveFlag,
) -> Result<OwnedFd, Errno> {
    let resolve = resolve | ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS;
    openat2(folder, name, OpenHow::new().flags(flags | OFlag::O_CLOEXEC).resolve(resolve))
}

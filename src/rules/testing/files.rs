//! The files and the mounts of the container.

use super::Case;
use super::hardened::{INIT, MOUNTS};
use crate::model::bundle::{Answer, Observation};
use crate::model::files::{File, Kind, Listing};
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;

impl Case {
    /// Of the accounts' login shells only these are there.
    pub(in crate::rules) fn shells(mut self, paths: &[&str]) -> Self {
        let files = paths.iter().map(|path| program(path, 7)).collect();
        self.put(Source::shells(INIT), Answer::Files(Listing { files, unread: vec![] }));
        self
    }

    fn listing(&mut self, source: &Source) -> &mut Listing {
        match self.bundle.observations.get_mut(source) {
            Some(Observation::Answer(Answer::Files(found))) => found,
            _ => panic!("the case has this listing"),
        }
    }

    /// What stands at a mount point: a file of this kind, device and inode.
    pub(in crate::rules) fn point(
        mut self,
        path: &str,
        kind: Kind,
        device: (u32, u32),
        inode: u64,
    ) -> Self {
        let file = File { kind, ..socket(path, device, inode) };
        self.listing(&Source::mount_points(INIT)).files.push(file);
        self
    }

    /// The file at a mount point is a node of this device.
    pub(in crate::rules) fn stands_for(mut self, path: &str, numbers: (u32, u32)) -> Self {
        let files = &mut self.listing(&Source::mount_points(INIT)).files;
        files.iter_mut().filter(|file| file.path.raw() == path).for_each(|file| {
            file.stands_for = Some(numbers);
        });
        self
    }

    /// One more node in the container's `/dev`.
    pub(in crate::rules) fn device(mut self, path: &str, kind: Kind, numbers: (u32, u32)) -> Self {
        let file = File { kind, stands_for: Some(numbers), ..socket(path, (0, 47), 1) };
        self.listing(&Source::devices(INIT)).files.push(file);
        self
    }

    /// The cgroups are of version 2, which has no list of devices.
    pub(in crate::rules) fn without_device_list(mut self) -> Self {
        let processes = self.processes();
        processes.cgroups = vec![(String::new(), "/docker/c".to_owned())];
        processes.device_list = None;
        self
    }

    /// An engine listens at one more socket; `None`: it cannot be told where.
    pub(in crate::rules) fn engine_at(mut self, at: Option<(&str, (u32, u32), u64)>) -> Self {
        let source = Source::engine_sockets();
        let gap = Gap::new(Reason::Denied, source.clone(), "an engine's files were refused");
        let listing = self.listing(&source);
        match at {
            Some((path, device, inode)) => listing.files.push(socket(path, device, inode)),
            None => listing.unread.push(gap),
        }
        self
    }

    /// One more file of the container that gives privileges.
    pub(in crate::rules) fn file(self, path: &str, mode: u32, (uid, gid): (u32, u32)) -> Self {
        self.with_files(|listing| {
            listing.files.push(File {
                mode,
                uid,
                gid,
                ..program(path, listing.files.len() as u64)
            });
        })
    }

    /// One more folder, above files that give privileges.
    pub(in crate::rules) fn folder(self, path: &str, mode: u32, owner: (u32, u32)) -> Self {
        self.file(path, mode, owner).with_files(|listing| {
            listing.files.last_mut().unwrap().kind = Kind::Folder;
        })
    }

    /// One more file, with this `security.capability`.
    pub(in crate::rules) fn capable_file(self, path: &str, value: &str) -> Self {
        self.file(path, 0o755, (0, 0)).with_files(|listing| {
            listing.files.last_mut().unwrap().capability = Some(value.to_owned());
        })
    }

    /// The container's files were looked at, and none gives privileges.
    pub(in crate::rules) fn no_files(self) -> Self {
        self.with_files(|_| {})
    }

    /// A part of the container's files could not be looked at.
    pub(in crate::rules) fn files_unread(self) -> Self {
        let source = Source::Files(self.id());
        let gap = Gap::new(Reason::Denied, source, "/root could not be looked at");
        self.with_files(|listing| listing.unread.push(gap))
    }

    fn with_files(mut self, change: impl FnOnce(&mut Listing)) -> Self {
        let source = Source::Files(self.id());
        let mut listing = self.bundle.files(&source).cloned().unwrap_or_default();
        change(&mut listing);
        self.put(source, Answer::Files(listing));
        self
    }

    /// One more mount of the container.
    pub(in crate::rules) fn mount(self, line: &str) -> Self {
        self.kernel("/proc/100/mountinfo", &format!("{MOUNTS}{line}\n"))
    }

    /// The container's mounts, from the root on.
    pub(in crate::rules) fn mounts(self, lines: &str) -> Self {
        self.kernel("/proc/100/mountinfo", lines)
    }
}

pub(super) fn socket(path: &str, device: (u32, u32), inode: u64) -> File {
    File {
        path: path.into(),
        kind: Kind::Socket,
        mode: 0o660,
        uid: 0,
        gid: 999,
        device,
        inode,
        stands_for: None,
        capability: None,
    }
}

fn program(path: &str, inode: u64) -> File {
    File { kind: Kind::File, mode: 0o755, gid: 0, ..socket(path, (0, 44), inode) }
}

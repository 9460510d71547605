//! The mounts that a process sees.

use super::View;
use crate::model::bundle::{Bundle, Origin};
use crate::model::reading::{Evidence, Gap, Reading, Reason};
use crate::model::source::Source;
use crate::model::untrusted::Untrusted;
use crate::parse::proc::mountinfo::{self, Mount};

impl View<'_> {
    /// The mounts that the container has, its evidence the file as a whole.
    ///
    /// A process with another root is shown only what lies below that. Where
    /// the root itself may not be looked at, a mount of the engine's that the
    /// kernel does not show gives it away. A point may be reached through a
    /// symlink, so only its last part counts.
    pub(in crate::facts) fn mounts(&self) -> Reading<Vec<Mount>> {
        if self.kind().is_to_come() {
            return Reading::Missing(Gap::new(Reason::NotRunning, Source::Clock, ""));
        }
        let seen = Reading::from(self.processes())
            .and_then(|processes| mounts_of(self.bundle, processes.viewer));
        if self.origin() == Origin::Kernel {
            return seen;
        }
        let listed = self.inspect().objects("/Mounts").unshown();
        seen.zip(listed).and_then(|(seen, listed)| {
            let mut points = listed.iter().filter_map(|entry| entry.get("Destination")?.as_str());
            let shows = |point: &str| seen.iter().any(|it| last(&it.point) == last(point));
            match points.find(|point| !shows(point)) {
                None => Reading::of(seen),
                Some(point) => {
                    let point = Untrusted::from(point);
                    let detail =
                        format!("the kernel shows no mount on {point}, so it shows only some");
                    Reading::Missing(Gap::new(Reason::Unproved, self.processes.clone(), detail))
                }
            }
        })
    }

    /// The same, where the process that sees them is known to have the container's own
    /// root: then what the kernel does not show is not mounted, whatever was declared.
    pub(in crate::facts) fn mounts_there(&self) -> Reading<Vec<Mount>> {
        let has_own_root = |viewer: &u32| {
            let root = Source::proc(*viewer, "root");
            self.bundle.text(&root).is_ok_and(|it| it.raw() == "/")
        };
        let viewer = self.processes().ok().map(|it| it.viewer);
        match viewer.filter(has_own_root) {
            Some(viewer) => mounts_of(self.bundle, viewer),
            None => self.mounts(),
        }
    }

    /// The mounts of the host's first process.
    pub(in crate::facts) fn host_mounts(&self) -> Reading<Vec<Mount>> {
        mounts_of(self.bundle, 1)
    }
}

/// The last part of a path.
fn last(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

fn mounts_of(bundle: &Bundle, pid: u32) -> Reading<Vec<Mount>> {
    let source = Source::proc(pid, "mountinfo");
    match bundle.text(&source).map(|text| mountinfo::parse(text.raw())) {
        Ok(Ok(mounts)) => {
            let shown = format!("{} mounts", mounts.len());
            Reading::Known(mounts, vec![Evidence::new(source, "", shown)])
        }
        Ok(Err(detail)) => Reading::Missing(Gap::new(Reason::Malformed, source, detail)),
        Err(gap) => Reading::Missing(gap),
    }
}

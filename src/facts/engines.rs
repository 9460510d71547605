//! Whether a mount is an engine's socket, or holds one, by what it is on disk.

use crate::model::fact::Fact;
use crate::model::files::{File, Kind, Listing};
use crate::model::reading::{Evidence, Gap, Reading, Reason};
use crate::model::source::Source;
use crate::model::target::Kind as Target;
use crate::model::untrusted::Untrusted;
use crate::parse::path::is_within;
use crate::parse::proc::mountinfo::{self, Mount};

use super::view::View;

/// An engine's socket within the container's reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InReach {
    /// Where it is mounted in the container.
    pub point: String,
    /// The socket with its owner and mode, as the host calls it.
    pub socket: File,
    /// Whether a folder is mounted that holds the socket, and not the socket itself.
    pub in_folder: bool,
}

/// The engines' sockets that the container has, recognised by device and inode
/// under any name, and by place where a folder is mounted.
///
/// One hit is enough, whatever else could not be read. Finding none takes all
/// of it: every engine's socket, and what stands at every mount point that
/// could be one. The declaration names no inodes, so it has nothing to add.
pub(super) fn fact(view: &View<'_>) -> Fact<Vec<InReach>> {
    if view.kind() == Target::Service {
        return Fact::declared_only(Reading::Inapplicable);
    }
    let declared = view.inspect().objects("/Mounts").map(|_| Vec::new());
    let effective = Reading::from(view.processes()).and_then(|processes| {
        let sockets = view.files(Source::engine_sockets());
        let points = view.files(Source::mount_points(processes.viewer));
        found(view, processes.viewer, &sockets, &points)
    });
    Fact::new(declared, effective)
}

fn found(
    view: &View<'_>,
    viewer: u32,
    sockets: &Reading<&Listing>,
    points: &Reading<&Listing>,
) -> Reading<Vec<InReach>> {
    let files = |reading: &Reading<&Listing>| -> Vec<File> {
        reading.known().map(|listing| listing.files.clone()).unwrap_or_default()
    };
    let (engines, standing) = (files(sockets), files(points));
    let (mut hits, mut shown) = (Vec::new(), Vec::new());
    for point in standing.iter().filter(|point| point.kind == Kind::Socket) {
        let same = |it: &&File| (it.device, it.inode) == (point.device, point.inode);
        let Some(socket) = engines.iter().find(same) else { continue };
        let (place, (major, minor)) = (point.path.raw().to_owned(), point.device);
        let value = format!("{point}, inode {} of {major}:{minor}", point.inode);
        shown.push(Evidence::new(Source::mount_points(viewer), place.as_str(), value));
        hits.push(InReach { point: place, socket: socket.clone(), in_folder: false });
    }
    let tables = view.mounts().zip(view.host_mounts()).unshown();
    let Reading::Known((own, host), _) = &tables else {
        return match (hits.is_empty(), tables) {
            (true, Reading::Missing(gap)) => Reading::Missing(gap),
            _ => Reading::Known(hits, shown),
        };
    };
    let candidates: Vec<&Mount> = own.iter().filter(|mount| could_hold(mount, own, host)).collect();
    let pairs = candidates.iter().flat_map(|mount| engines.iter().map(move |it| (mount, it)));
    for (mount, socket) in pairs {
        let Some((device, path)) = mountinfo::inside(host, socket.path.raw()) else { continue };
        let is_here = device == mount.device && is_within(&path, &mount.root);
        let is_known = |hit: &InReach| hit.point == mount.point && hit.socket == *socket;
        if is_here && !hits.iter().any(is_known) {
            let (point, line) = (mount.point.clone(), mount.line.as_str());
            let source = Source::proc(viewer, "mountinfo");
            shown.push(Evidence::new(source, point.as_str(), line));
            let in_folder = path != mount.root;
            hits.push(InReach { point, socket: socket.clone(), in_folder });
        }
    }
    if !hits.is_empty() {
        return Reading::Known(hits, shown);
    }
    let gap = first_gap(sockets, points, &candidates, host).filter(|_| !candidates.is_empty());
    match gap {
        Some(gap) => Reading::Missing(gap),
        None => Reading::Known(hits, evidence(sockets)),
    }
}

/// What keeps "none was found" from being the truth.
fn first_gap(
    sockets: &Reading<&Listing>,
    points: &Reading<&Listing>,
    candidates: &[&Mount],
    host: &[Mount],
) -> Option<Gap> {
    let engines = match sockets {
        Reading::Known(listing, _) => listing,
        Reading::Missing(gap) => return Some(gap.clone()),
        Reading::Inapplicable => return None,
    };
    if let Some(gap) = engines.unread.first() {
        return Some(gap.clone());
    }
    let holds_one = |mount: &&&Mount| {
        engines.files.iter().any(|socket| {
            mountinfo::inside(host, socket.path.raw())
                .is_none_or(|(device, _)| device == mount.device)
        })
    };
    let standing = points.known();
    let unread = candidates.iter().filter(holds_one).find(|mount| {
        !standing.is_some_and(|it| it.files.iter().any(|file| file.path.raw() == mount.point))
    })?;
    let source = match points {
        Reading::Known(_, evidence) => evidence.first().map(|it| it.source.clone()),
        Reading::Missing(gap) => return Some(gap.clone()),
        Reading::Inapplicable => None,
    };
    let source = source.unwrap_or_else(Source::engine_sockets);
    let point = Untrusted::from(unread.point.as_str());
    let detail = format!("what stands at the mount point {point} could not be looked at");
    Some(
        Gap::new(Reason::Denied, source, detail)
            .mend("run as root, or with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH on the host"),
    )
}

fn evidence(sockets: &Reading<&Listing>) -> Vec<Evidence> {
    match sockets {
        Reading::Known(listing, _) => {
            let shown = format!("{} engines' sockets", listing.files.len());
            vec![Evidence::new(Source::engine_sockets(), "", shown)]
        }
        Reading::Missing(_) | Reading::Inapplicable => Vec::new(),
    }
}

/// File systems in which nobody can make a socket or a device node.
pub(super) const PSEUDO: [&str; 7] =
    ["cgroup", "cgroup2", "devpts", "mqueue", "proc", "securityfs", "sysfs"];

/// What an engine makes anew for each container, in a folder named after it,
/// and binds over what the image has.
const MADE: [&str; 4] = ["hosts", "hostname", "resolv.conf", ".containerenv"];

/// Whether a mount is something of the host's that could be or hold a socket.
fn could_hold(mount: &Mount, own: &[Mount], host: &[Mount]) -> bool {
    let is_named_after =
        |part: &str| part.len() == 64 && part.bytes().all(|it| it.is_ascii_hexdigit());
    let (folder, name) = mount.root.rsplit_once('/').unwrap_or_default();
    let is_made = MADE.contains(&name) && folder.split('/').any(is_named_after);
    mount.point != "/"
        && !is_made
        && !PSEUDO.contains(&mount.kind.as_str())
        && !mountinfo::is_hidden(own, mount)
        && !mountinfo::elsewhere(mount, host).is_empty()
}

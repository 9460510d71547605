//! Which devices a container can use.

use crate::model::fact::Fact;
use crate::model::files::{File, Kind, Listing};
use crate::model::reading::{Evidence, Gap, Reading, Reason};
use crate::model::source::Source;
use crate::model::target::Kind as Target;
use crate::model::untrusted::Untrusted;
use crate::parse::proc::devices::{self, Entry};
use crate::parse::proc::mountinfo::{self, Mount};

use super::engines::PSEUDO;
use super::view::View;
use super::{each_known, privilege};

/// Something that lets a container use devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The devices, as a cgroup's device list writes them; `None` where only a
    /// path is known.
    pub entry: Option<Entry>,
    /// The nodes by which the container has them, where that is known.
    pub paths: Vec<String>,
    /// The one node that it is, with its owner and mode, where it was looked at.
    pub node: Option<File>,
    /// What shows it.
    pub shown: String,
}

/// The devices that can be used. Under cgroup version 1 the kernel lists what
/// the container's cgroup lets it open, whatever nodes there are. Under
/// version 2 the filter is a BPF program that cannot be read back, and without
/// a cgroup there is no filter: then a node that stands in the container counts
/// as one that works.
pub(super) fn nodes(view: &View<'_>) -> Fact<Vec<Grant>> {
    if view.kind() == Target::Service {
        return each_known(view, declared_nodes, Fact::declared_only);
    }
    let declared = declared_nodes(view);
    let each = match by_list(view) {
        Reading::Inapplicable => by_nodes(view),
        listed @ (Reading::Known(..) | Reading::Missing(_)) => Ok(vec![listed]),
    };
    Fact::of_each(declared, view.processes_source(), each)
}

/// The nodes that stand in the container and that its cgroup lets be opened.
pub(super) fn opened(view: &View<'_>) -> Fact<Vec<Grant>> {
    if view.kind() == Target::Service {
        return each_known(view, declared_nodes, Fact::declared_only);
    }
    let each = match by_list(view) {
        Reading::Inapplicable => by_nodes(view),
        Reading::Missing(gap) => Err(gap),
        Reading::Known(list, _) => by_nodes(view).map(|each| {
            let lets = |node: &Entry| {
                let mut entries = list.iter().filter_map(|grant| grant.entry.as_ref());
                entries.any(|entry| entry.opens() && entry.covers(node))
            };
            let kept = |grant: &Grant| grant.entry.as_ref().is_some_and(lets);
            let keep = |grants: Vec<Grant>| grants.into_iter().filter(kept).collect();
            each.into_iter().map(|nodes| nodes.map(keep)).collect()
        }),
    };
    Fact::of_each(declared_nodes(view), view.processes_source(), each)
}

/// What the container is allowed beyond the nodes that it has: whoever holds
/// `CAP_MKNOD` (`mknod(2)`) makes one for each of these. Where the kernel does not
/// list it, only the declaration can say.
pub(super) fn rules(view: &View<'_>) -> Fact<Vec<Grant>> {
    if view.kind() == Target::Service {
        return each_known(view, declared_rules, Fact::declared_only);
    }
    Fact::new(declared_rules(view), by_list(view))
}

/// By the cgroup's own list. Under version 2, and where the container has no
/// cgroup of its own in the hierarchy of devices, there is none by nature.
fn by_list(view: &View<'_>) -> Reading<Vec<Grant>> {
    let processes = match view.processes() {
        Ok(processes) => processes,
        Err(gap) => return Reading::Missing(gap),
    };
    let Some(path) = &processes.device_list else {
        let mut controllers = processes.cgroups.iter().flat_map(|(all, _)| all.split(','));
        if !controllers.any(|each| each == "devices") {
            return Reading::Inapplicable;
        }
        let source = view.processes_source().clone();
        let detail = "the list of devices of the container's cgroup is not mounted here";
        return Reading::Missing(
            Gap::new(Reason::Unsupported, source, detail)
                .mend("mount the cgroup file system where secaudit runs"),
        );
    };
    let names = named(view);
    view.host_file(path).and_then(|text| {
        let source = Source::Kernel(path.as_str().into());
        let entries: Result<Vec<Entry>, String> = text.lines().map(devices::entry).collect();
        match entries {
            Err(detail) => Reading::Missing(Gap::new(Reason::Malformed, source, detail)),
            Ok(entries) => {
                let grant = |entry: Entry| Grant {
                    paths: names
                        .iter()
                        .filter(|file| of_file(file).is_some_and(|it| entry.covers(&it)))
                        .map(|file| file.path.raw().to_owned())
                        .collect(),
                    shown: entry.to_string(),
                    node: None,
                    entry: Some(entry),
                };
                Reading::of(entries.into_iter().map(grant).collect())
            }
        }
    })
}

/// The nodes in the container's `/dev` and at its mount points.
fn by_nodes(view: &View<'_>) -> Result<Vec<Reading<Vec<Grant>>>, Gap> {
    let viewer = view.processes()?.viewer;
    let (dev, points) = (Source::devices(viewer), Source::mount_points(viewer));
    let in_dev = view.files(dev.clone()).unshown();
    let at_points = view.files(points.clone()).unshown();
    let mut gaps = in_dev.known().map(|listing| listing.unread.clone()).unwrap_or_default();
    match (view.mounts(), &at_points) {
        (Reading::Known(mounts, _), Reading::Known(listing, _)) => {
            let unread = mounts.iter().filter(|it| could_be_a_node(it, &mounts, listing));
            gaps.extend(unread.map(|mount| {
                let point = Untrusted::from(mount.point.as_str());
                let detail = format!("what stands at the mount point {point} is not known");
                Gap::new(Reason::Denied, points.clone(), detail)
                    .mend("run as root, or with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH on the host")
            }));
        }
        (Reading::Missing(gap), _) => gaps.push(gap),
        // The listing's own gap is among the readings.
        (Reading::Known(..) | Reading::Inapplicable, _) => {}
    }
    let grants = |reading: Reading<&Listing>, source: Source| {
        reading
            .map(|listing| listing.files.iter().filter_map(granted).collect::<Vec<_>>())
            .shown_as(|grants| {
                let shown = format!("{} device nodes", grants.len());
                vec![Evidence::new(source, "", shown)]
            })
    };
    let mut each = vec![grants(in_dev, dev), grants(at_points, points)];
    each.extend(gaps.into_iter().map(Reading::Missing));
    Ok(each)
}

/// Whether a mount is one file that nobody looked at. The root of a file system
/// is always a folder, and through `nodev` no device is opened.
fn could_be_a_node(mount: &Mount, all: &[Mount], looked_at: &Listing) -> bool {
    mount.root != "/"
        && !mount.has("nodev")
        && !PSEUDO.contains(&mount.kind.as_str())
        && !mountinfo::is_hidden(all, mount)
        && !looked_at.files.iter().any(|file| file.path.raw() == mount.point)
}

fn granted(file: &File) -> Option<Grant> {
    Some(Grant {
        entry: Some(of_file(file)?),
        paths: vec![file.path.raw().to_owned()],
        shown: file.to_string(),
        node: Some(file.clone()),
    })
}

/// The device that a node stands for.
fn of_file(file: &File) -> Option<Entry> {
    let (major, minor) = file.stands_for?;
    let kind = match file.kind {
        Kind::CharacterDevice => 'c',
        Kind::BlockDevice => 'b',
        Kind::File | Kind::Folder | Kind::Link | Kind::Socket | Kind::Fifo => return None,
    };
    Some(Entry { kind, major: Some(major), minor: Some(minor), access: "rw".to_owned() })
}

/// What nodes are called; only for the names, so nothing hangs on what is missing.
fn named<'a>(view: &View<'a>) -> Vec<&'a File> {
    let Ok(processes) = view.processes() else { return Vec::new() };
    [Source::devices(processes.viewer), Source::mount_points(processes.viewer)]
        .into_iter()
        .filter_map(|source| view.files(source).known().copied())
        .flat_map(|listing| &listing.files)
        .collect()
}

/// `--device` and `--gpus`, and privileged mode, which has them all.
fn declared_nodes(view: &View<'_>) -> Reading<Vec<Grant>> {
    let inspect = view.inspect();
    let text = |entry: &serde_json::Value, key: &str| {
        entry.get(key).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
    };
    let devices = inspect.objects("/HostConfig/Devices");
    let requests = inspect.objects("/HostConfig/DeviceRequests");
    let rules = declared_rules(view);
    privilege::or_mode(inspect, devices.zip(requests).zip(rules)).map(
        |(_, ((devices, requests), mut grants))| {
            grants.extend(devices.into_iter().map(|device| Grant {
                entry: None,
                paths: vec![text(device, "PathInContainer")],
                node: None,
                shown: device.to_string(),
            }));
            grants.extend(requests.into_iter().map(|request| {
                let driver = Untrusted::from(text(request, "Driver"));
                Grant {
                    entry: None,
                    paths: vec![format!("devices of the driver {driver}")],
                    node: None,
                    shown: request.to_string(),
                }
            }));
            grants
        },
    )
}

/// `--device-cgroup-rule`, and privileged mode.
fn declared_rules(view: &View<'_>) -> Reading<Vec<Grant>> {
    let inspect = view.inspect();
    privilege::or_mode(inspect, inspect.texts("/HostConfig/DeviceCgroupRules")).and_then(
        |(privileged, rules)| {
            let everything = privileged.then_some("a *:* rwm");
            let entries: Result<Vec<Grant>, String> = rules
                .into_iter()
                .chain(everything)
                .map(|line| {
                    let entry = devices::entry(line)?;
                    let shown = line.to_owned();
                    Ok(Grant { entry: Some(entry), paths: vec![], node: None, shown })
                })
                .collect();
            match entries {
                Ok(grants) => Reading::of(grants),
                Err(detail) => {
                    let source = inspect.source().clone();
                    Reading::Missing(Gap::new(Reason::Malformed, source, detail))
                }
            }
        },
    )
}

//! What is mounted in a container, and which part of the host it is.

use std::rc::Rc;

use crate::model::fact::Fact;
use crate::model::files::File;
use crate::model::reading::{self, Evidence, Gap, Reading, Reason};
use crate::model::source::Source;
use crate::parse::path;
use crate::parse::proc::mountinfo;

use super::beside;
use super::view::View;

/// One mount of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Where it is mounted in the container.
    pub point: String,
    /// Further names of the same folder in the container, by a link: `/var/run` of `/run`.
    pub names: Vec<String>,
    /// The same file or folder on the host, under every name that the host has
    /// for it, the shortest first.
    pub on_host: Vec<String>,
    /// Whether the whole file system is mounted, and not a part that was bound.
    pub whole: bool,
    /// The type of the file system; `bind` or `volume` in a declaration.
    pub kind: String,
    /// The name of the volume that it is: empty where the engine will make one up, none
    /// where it is no volume.
    pub volume: Option<String>,
    /// Whether nothing can be written through it.
    pub read_only: bool,
    /// The options of the mount, such as `nosuid`.
    pub options: Vec<String>,
    /// The size limit of a tmpfs, as the kernel writes it.
    pub size: Option<String>,
    /// The file or folder at the point: its owner, its mode and what it is.
    /// `None` where that could not be looked at, which says nothing about it.
    pub file: Option<File>,
    /// What shows it: the kernel's line or the engine's entry.
    pub shown: String,
}

/// Whether the root file system is read-only; the evidence is the one line
/// that decides it.
pub(super) fn root_read_only(view: &View<'_>) -> Fact<bool> {
    let declared = view.inspect().flag("/HostConfig/ReadonlyRootfs").map(|on| on == Some(true));
    let effective = match view.mounts() {
        Reading::Known(mounts, whole) => match (mountinfo::at(&mounts, "/"), whole.first()) {
            (Some(root), Some(whole)) => {
                let line = Evidence::new(whole.source.clone(), "/", root.line.as_str());
                Reading::Known(root.is_read_only(), vec![line])
            }
            _ => {
                let source = view.processes_source().clone();
                Reading::Missing(Gap::new(Reason::Malformed, source, "the mounts name no root"))
            }
        },
        Reading::Missing(gap) => Reading::Missing(gap),
        Reading::Inapplicable => Reading::Inapplicable,
    };
    Fact::new(declared, effective)
}

/// The container's mounts below its root, without what they are on the host.
pub(super) fn mount_points(view: &View<'_>, mounts: &Fact<Vec<Mount>>) -> Fact<Vec<Mount>> {
    let whole = match mounts.declared() {
        // Of these more is known than is asked for here.
        mounts @ Reading::Known(..) => mounts.clone(),
        Reading::Missing(_) | Reading::Inapplicable => {
            let (known, gap) = declared(view, &["Destination", "Type", "RW"]);
            gap.map_or(known, Reading::Missing)
        }
    };
    beside(view, whole, || view.mounts().map(|own| below_root(view, &own, &[])))
}

/// The container's mounts below its root, each with what it is on the host.
pub(super) fn fact(view: &View<'_>) -> Rc<Fact<Vec<Mount>>> {
    Rc::clone(view.mounts.get_or_init(|| Rc::new(read(view))))
}

fn read(view: &View<'_>) -> Fact<Vec<Mount>> {
    let (known, gap) = declared(view, &["Destination", "Source", "Type", "RW"]);
    if view.kind().is_to_come() {
        return Fact::declared_in_part(known, gap);
    }
    let effective =
        view.mounts().zip(view.host_mounts()).map(|(own, host)| below_root(view, &own, &host));
    Fact::new(gap.map_or(known, Reading::Missing), effective)
}

/// The file systems that the container shares with the host: everything that
/// is mounted, the root with it, and that the host sees too. No declaration
/// tells them: engines bind `/etc/hosts` and its like without saying so.
pub(super) fn shared_with_host(view: &View<'_>) -> Fact<Vec<Mount>> {
    if view.kind().is_to_come() {
        let source = view.inspect().source().clone();
        let detail = "on which file system the engine keeps what it binds no file tells";
        let gap = Gap::new(Reason::NotRunning, source, detail).mend("drop DAC_READ_SEARCH");
        return Fact::declared_only(Reading::Missing(gap));
    }
    let effective = view.mounts().zip(view.host_mounts()).map(|(own, host)| {
        own.iter()
            .filter(|mount| !mountinfo::is_hidden(&own, mount))
            .map(|mount| described(mount, &host))
            .filter(|mount| !mount.on_host.is_empty())
            .collect()
    });
    Fact::new(Reading::Inapplicable, effective)
}

/// Everything that can be seen: no mount that another one hides.
pub(super) fn below_root(
    view: &View<'_>,
    own: &[mountinfo::Mount],
    host: &[mountinfo::Mount],
) -> Vec<Mount> {
    let points = view.processes().ok().map(|it| view.files(Source::mount_points(it.viewer)));
    let files = points.as_ref().and_then(Reading::known).map(|listing| listing.files.as_slice());
    let file = |point: &str| files?.iter().find(|it| it.path.raw() == point).cloned();
    let is_point = |path: &str| own.iter().any(|it| it.point == path);
    let names = |file: &File| -> Vec<String> {
        let same = |it: &&File| (it.device, it.inode) == (file.device, file.inode);
        let paths = files.unwrap_or_default().iter().filter(same).map(|it| it.path.raw());
        paths.filter(|it| !is_point(it)).map(str::to_owned).collect()
    };
    let seen = own.iter().filter(|it| it.point != "/" && !mountinfo::is_hidden(own, it));
    seen.map(|mount| {
        let file = file(&mount.point);
        let names = file.as_ref().map(names).unwrap_or_default();
        Mount { file, names, ..described(mount, host) }
    })
    .collect()
}

fn described(mount: &mountinfo::Mount, host: &[mountinfo::Mount]) -> Mount {
    Mount {
        point: mount.point.clone(),
        names: Vec::new(),
        on_host: host_paths(mount, host),
        whole: mount.root == "/",
        kind: mount.kind.clone(),
        volume: volume(&mount.root).map(str::to_owned),
        read_only: mount.is_read_only(),
        options: mount.options.clone(),
        size: mount.super_option("size").map(str::to_owned),
        file: None,
        shown: mount.line.clone(),
    }
}

/// The volume that a part of a file system is: engines keep those of their own driver in
/// `volumes/NAME/_data`, Docker below `/var/lib/docker` and Podman below its storage.
fn volume(root: &str) -> Option<&str> {
    let (_, rest) = root.rsplit_once("/volumes/")?;
    let (name, inner) = rest.split_once('/')?;
    (inner == "_data" || inner.starts_with("_data/")).then_some(name)
}

/// Where the host sees what is mounted: through every mount of the same file
/// system whose own root lies at or above this one's.
fn host_paths(mount: &mountinfo::Mount, host: &[mountinfo::Mount]) -> Vec<String> {
    let mut paths: Vec<String> =
        mountinfo::elsewhere(mount, host).into_iter().map(|(_, path)| path).collect();
    paths.sort_by_key(|path| (path.matches('/').count(), path.len()));
    paths
}

/// What was asked for, as far as these fields of each entry are known, and why
/// others are not.
pub(super) fn declared(view: &View<'_>, fields: &[&str]) -> (Reading<Vec<Mount>>, Option<Gap>) {
    let inspect = view.inspect();
    let mounts = inspect.entries("/Mounts", fields);
    let gap = mounts.gap();
    let known = mounts
        .known
        .zip(inspect.objects("/HostConfig/Mounts"))
        .zip(inspect.pairs("/HostConfig/Tmpfs"))
        .map(|((mounts, asked), tmpfs)| {
            let listed = mounts.into_iter().map(listed).filter(|mount| mount.kind != "tmpfs");
            let short = tmpfs.into_iter().map(|(point, options)| asked_tmpfs(point, options));
            listed.chain(asked.into_iter().filter_map(long_tmpfs)).chain(short).collect()
        });
    (known, gap)
}

/// One `--mount type=tmpfs`, which the engine lists with its size.
fn long_tmpfs(entry: &serde_json::Value) -> Option<Mount> {
    let point = entry.get("Target")?.as_str()?;
    let size = entry.pointer("/TmpfsOptions/SizeBytes").and_then(serde_json::Value::as_u64);
    let options = size.map(|bytes| format!("size={bytes}")).unwrap_or_default();
    (entry.get("Type")?.as_str()? == "tmpfs").then(|| asked_tmpfs(point, &options))
}

/// One entry of the engine's `Mounts`.
fn listed(entry: &serde_json::Value) -> Mount {
    let text = |key: &str| {
        entry.get(key).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
    };
    let kind = text("Type");
    let source = text("Source");
    let is_bound = kind == "bind" && !source.is_empty();
    Mount {
        point: text("Destination"),
        names: Vec::new(),
        on_host: is_bound.then(|| path::on_host(&source)).into_iter().collect(),
        whole: kind != "bind",
        volume: (kind == "volume").then(|| text("Name")),
        read_only: entry.get("RW").and_then(serde_json::Value::as_bool) == Some(false),
        options: Vec::new(),
        size: None,
        file: None,
        shown: reading::shown(Some(entry)),
        kind,
    }
}

/// One entry of `--tmpfs`. Docker adds `noexec,nosuid,nodev` unless the
/// options say otherwise (`docker run --tmpfs`).
fn asked_tmpfs(point: &str, options: &str) -> Mount {
    let asked: Vec<&str> = options.split(',').filter(|option| !option.is_empty()).collect();
    let mut in_force: Vec<String> = [("noexec", "exec"), ("nosuid", "suid"), ("nodev", "dev")]
        .into_iter()
        .filter(|(_, lifted)| !asked.contains(lifted))
        .map(|(kept, _)| kept.to_owned())
        .collect();
    in_force.extend(asked.iter().map(|option| (*option).to_owned()));
    Mount {
        point: point.to_owned(),
        names: Vec::new(),
        on_host: Vec::new(),
        whole: true,
        kind: "tmpfs".to_owned(),
        volume: None,
        read_only: asked.contains(&"ro"),
        size: asked
            .iter()
            .rev()
            .find_map(|option| option.strip_prefix("size="))
            .filter(|size| is_bound(size))
            .map(str::to_owned),
        options: in_force,
        file: None,
        shown: format!("{point}: {options}"),
    }
}

/// Whether a size is one: 0 of whatever unit is none (`tmpfs(5)`).
fn is_bound(size: &str) -> bool {
    size.bytes().any(|digit| matches!(digit, b'1'..=b'9'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
        21 20 0:20 / /run rw - tmpfs tmpfs rw\n\
        22 20 0:30 / /var/lib/docker/overlay2/ab/merged rw - overlay overlay rw\n";

    fn on_host(line: &str) -> Option<String> {
        let mount = mountinfo::parse(line).unwrap().remove(0);
        host_paths(&mount, &mountinfo::parse(HOST).unwrap()).into_iter().next()
    }

    #[test]
    fn a_bound_file_is_found_again_on_the_host() {
        assert_eq!(
            on_host("9 8 0:20 /docker.sock /var/run/x.sock rw - tmpfs tmpfs rw").as_deref(),
            Some("/run/docker.sock")
        );
        assert_eq!(on_host("9 8 8:1 /etc /mnt rw - ext4 /dev/sda1 rw").as_deref(), Some("/etc"));
        assert_eq!(on_host("9 8 8:1 / /host rw - ext4 /dev/sda1 rw").as_deref(), Some("/"));
    }

    #[test]
    fn a_file_system_that_the_host_does_not_see_has_no_host_path() {
        assert_eq!(on_host("9 8 0:77 / /tmp rw - tmpfs tmpfs rw"), None);
    }

    #[test]
    fn a_volume_is_known_by_where_engines_keep_it() {
        for (root, name) in [
            ("/var/lib/docker/volumes/shop_data/_data", Some("shop_data")),
            ("/volumes/shop_data/_data/below", Some("shop_data")),
            ("/var/lib/containers/storage/volumes/x/_data", Some("x")),
            ("/srv/volumes/x", None),
            ("/srv/volumes/x/_datas", None),
            ("/", None),
        ] {
            assert_eq!(volume(root), name, "{root}");
        }
    }

    #[test]
    fn a_tmpfs_gets_the_engines_options_unless_they_are_lifted() {
        assert_eq!(asked_tmpfs("/tmp", "").options, ["noexec", "nosuid", "nodev"]);
        let lifted = asked_tmpfs("/tmp", "exec,size=64m");
        assert_eq!(lifted.options, ["nosuid", "nodev", "exec", "size=64m"]);
        assert_eq!(lifted.size.as_deref(), Some("64m"));
    }

    #[test]
    fn a_size_of_nothing_bounds_nothing() {
        assert_eq!(asked_tmpfs("/tmp", "size=0").size, None);
        assert_eq!(asked_tmpfs("/tmp", "size=00m").size, None);
        assert_eq!(asked_tmpfs("/tmp", "size=10%").size.as_deref(), Some("10%"));
        let long = serde_json::json!(
            {"Type": "tmpfs", "Target": "/tmp", "TmpfsOptions": {"SizeBytes": 0}}
        );
        assert_eq!(long_tmpfs(&long).unwrap().size, None);
    }
}

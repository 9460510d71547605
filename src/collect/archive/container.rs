//! A container's files, by its engine: its root file system, and what is
//! mounted into it, each as an archive of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use futures_util::{StreamExt, stream};
use serde_json::Value;

use super::entries::{Entries, Told};
use super::name::absolute;
use super::tree::Tree;
use super::{Limits, aside, bounds, compiled, deadline};
use crate::collect::containers::Progress;
use crate::collect::engine::{ContainerId, Download, Engine, EngineError};
use crate::model::bundle::{Answer, Bundle};
use crate::model::files::Kind;
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::survey::{Survey, Traits};
use crate::model::untrusted::Untrusted;

/// How many containers are read at once: an engine packs each archive anew.
const SIDE_BY_SIDE: usize = 2;

/// The most mounts of one container that are read.
const MOST_MOUNTS: usize = 64;

/// The kernel's own file systems, in which nobody leaves a file.
const KERNELS: [&str; 2] = ["/proc", "/sys"];

/// What a runtime mounts into every container, and no engine tells of. Shared
/// memory is in it.
const DEVICES: &str = "/dev";

/// The files that engines write for a container, and which they tell of by the
/// place that they keep them in.
const WRITTEN: [(&str, &str); 3] = [
    ("HostnamePath", "/etc/hostname"),
    ("HostsPath", "/etc/hosts"),
    ("ResolvConfPath", "/etc/resolv.conf"),
];

/// Asks the engine for the files of every target of which the kernel could not
/// tell them.
pub(in crate::collect) async fn fill(
    engine: &Engine,
    sought: &[String],
    bundle: &mut Bundle,
    progress: Progress<'_>,
) {
    let unread = unread(bundle);
    let total = unread.len();
    let until = deadline(engine);
    let known = &*bundle;
    let mut answers = stream::iter(unread)
        .map(|(id, _)| async move {
            let inspect = known.json(&Source::container(&id));
            let answer = match (inspect, ContainerId::new(&id)) {
                (Ok(inspect), Ok(id)) => read(engine, &id, inspect, sought, until).await,
                (Err(gap), _) => Err(gap),
                (_, Err(error)) => Err(error.gap(Source::Files(id.as_str().into()))),
            };
            (id, answer)
        })
        .buffer_unordered(SIDE_BY_SIDE);
    let mut found = Vec::with_capacity(total);
    progress("reading files from the engine", 0, total);
    while let Some(answer) = answers.next().await {
        found.push(answer);
        progress("reading files from the engine", found.len(), total);
    }
    drop(answers);
    for (id, answer) in found {
        let source = Source::Files(id.into());
        let answer = answer.map_err(|gap| Gap { source: source.clone(), ..gap });
        bundle.record(source, answer.map(Answer::Survey));
    }
}

/// Says of every target whose files the kernel could not tell that the engine
/// could be asked for them.
pub(in crate::collect) fn mend(bundle: &mut Bundle) {
    for (id, gap) in unread(bundle) {
        let remedy = match &*gap.remedy {
            "" => "read them from the engine with --files engine".to_owned(),
            known => format!("{known}, or read the files from the engine with --files engine"),
        };
        bundle.record(Source::Files(id.into()), Err(gap.mend(remedy)));
    }
}

/// The targets whose files are not known, and why.
fn unread(bundle: &Bundle) -> Vec<(String, Gap)> {
    let ids = bundle.targets.iter().map(|target| target.id.clone());
    let unread = ids.filter_map(|id| {
        let source = Source::Files(id.as_str().into());
        let gap = match (
            bundle.survey(&source),
            bundle.processes(&Source::Processes(id.as_str().into())),
        ) {
            (Ok(_), _) => return None,
            // Where there were no processes, nobody looked at any files.
            (Err(gap), Err(why)) if gap.reason == Reason::NotCollected => why,
            (Err(gap), _) => gap,
        };
        Some((id, Gap { source, ..gap }))
    });
    unread.collect()
}

/// The files of a container, whether it runs or not.
///
/// # Errors
/// The engine does not tell of the container, or the patterns are none.
pub async fn of_container(
    engine: &Engine,
    id: &ContainerId,
    patterns: &[String],
) -> Result<Survey, Gap> {
    let source = Source::Files(id.as_str().into());
    let inspect = engine.inspect(id).await.map_err(|error| error.gap(source))?;
    read(engine, id, &inspect, patterns, deadline(engine)).await
}

async fn read(
    engine: &Engine,
    id: &ContainerId,
    inspect: &Value,
    patterns: &[String],
    until: Instant,
) -> Result<Survey, Gap> {
    let source = Source::Files(id.as_str().into());
    let patterns = compiled(patterns, &source)?;
    let mounts = mounts(inspect);
    let points = mounts.iter().map(|it| it.point.clone());
    let mut tree = Tree::new(patterns, source.clone(), Limits::default(), points);

    // A folder before what is in it; of this archive only the beginning counts.
    let root = engine.archived(id, b"/", bounds(engine, until)).await;
    tree = lay(tree, &source, root, b"/", |tree, archive| tree.read_root_itself(archive)).await?;
    let root = engine
        .exported(id, bounds(engine, until))
        .await
        .map_err(|error| error.gap(source.clone()))?;
    tree = lay(tree, &source, Ok(root), b"/", |tree, archive| tree.read_root(archive)).await?;
    for (place, mount) in mounts.iter().enumerate() {
        // The root is the first.
        let place = place + 1;
        tree.settle(place);
        let at = tree.point(place).to_vec();
        match &mount.unread {
            None => {
                let archive = engine.archived(id, &at, bounds(engine, until)).await;
                let read = move |tree: &mut Tree, archive| tree.read_mount(archive, place);
                tree = lay(tree, &source, archive, &at, read).await?;
            }
            Some(detail) if !detail.is_empty() => {
                let gap = Gap::new(Reason::Unsupported, source.clone(), detail.clone());
                tree.note(&at, gap.mend("run secaudit as root on the engine's own host"));
            }
            Some(_) => {}
        }
    }
    let found = targets(engine, id, tree.wanted(), until).await;
    tree.meet_links(&found);
    Ok(tree.survey())
}

/// The most paths that are asked for one by one. For more the root is read once
/// more.
const FEW: usize = 16;

/// What is at some paths of the root's own file system, none of them a link or
/// a folder. What cannot be told is left out: of such a link it stays unknown
/// where it leads.
async fn targets(
    engine: &Engine,
    id: &ContainerId,
    mut wanted: BTreeSet<Vec<u8>>,
    until: Instant,
) -> BTreeMap<Vec<u8>, Traits> {
    let source = Source::Files(id.to_string().into());
    let mut found = BTreeMap::new();
    if wanted.len() > FEW {
        let Ok(root) = engine.exported(id, bounds(engine, until)).await else { return found };
        let search = move || {
            let mut entries = Entries::new(root);
            while let (false, Ok(Some(told))) = (wanted.is_empty(), entries.next()) {
                let Told::Entry(entry) = told else { continue };
                let path = absolute(&entry.name).ok().filter(|path| wanted.remove(path));
                found.extend(path.map(|path| (path, entry.traits)));
            }
            found
        };
        return aside(source, search).await.unwrap_or_default();
    }
    for path in wanted {
        let Ok(archive) = engine.archived(id, &path, bounds(engine, until)).await else { continue };
        let first = aside(source.clone(), || Entries::new(archive).next()).await;
        if let Ok(Ok(Some(Told::Entry(entry)))) = first
            && !matches!(entry.traits.kind, Kind::Link | Kind::Folder)
        {
            found.insert(path, entry.traits);
        }
    }
    found
}

/// Reads an archive into the tree, or notes why there is none.
async fn lay(
    mut tree: Tree,
    source: &Source,
    archive: Result<Download, EngineError>,
    at: &[u8],
    read: impl FnOnce(&mut Tree, Download) + Send + 'static,
) -> Result<Tree, Gap> {
    match archive {
        Ok(archive) => {
            let reading = move || {
                read(&mut tree, archive);
                tree
            };
            aside(source.clone(), reading).await
        }
        Err(error) => {
            tree.note(at, error.gap(source.clone()));
            Ok(tree)
        }
    }
}

/// Something that is mounted into a container.
#[derive(Debug, PartialEq, Eq)]
struct Mount {
    point: Vec<u8>,
    /// Why it cannot be read; empty where nothing is missed by that.
    unread: Option<String>,
}

/// What is mounted into a container, by what its engine says of it.
fn mounts(inspect: &Value) -> Vec<Mount> {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let listed = inspect.get("Mounts").and_then(Value::as_array).into_iter().flatten();
    let listed = listed.filter_map(|mount| {
        let kind = text(mount, "Type").unwrap_or_default();
        let is_archived = matches!(kind.as_str(), "bind" | "volume");
        let unread = (!is_archived).then(|| not_held(&format!("a mount of type {kind}")));
        Some((text(mount, "Destination")?, unread))
    });
    let memory = inspect.pointer("/HostConfig/Tmpfs").and_then(Value::as_object);
    let memory = memory.into_iter().flat_map(|it| it.keys());
    let memory =
        memory.map(|point| (point.clone(), Some(not_held(&format!("the tmpfs on {point}")))));
    let written = WRITTEN.iter().filter_map(|(key, point)| {
        let path = inspect.get(key).and_then(Value::as_str)?;
        (!path.is_empty()).then(|| ((*point).to_owned(), None))
    });
    let kernels = KERNELS.iter().map(|point| ((*point).to_owned(), Some(String::new())));
    let devices = std::iter::once((DEVICES.to_owned(), Some(not_held("what the runtime mounts"))));
    let mut seen = BTreeSet::new();
    let mut all: Vec<Mount> = listed
        .chain(memory)
        .chain(written)
        .chain(kernels)
        .chain(devices)
        .filter_map(|(point, unread)| {
            Some(Mount { point: absolute(point.as_bytes()).ok()?, unread })
        })
        .filter(|mount| mount.point != b"/" && seen.insert(mount.point.clone()))
        .collect();
    for mount in all.iter_mut().skip(MOST_MOUNTS) {
        let detail = format!("more than {MOST_MOUNTS} mounts, which were not all read");
        mount.unread.get_or_insert(detail);
    }
    // Folders before what is mounted in them.
    all.sort_by(|one, other| one.point.cmp(&other.point));
    all
}

fn not_held(what: &str) -> String {
    format!("{} is in no archive of the engine", Untrusted::from(what))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_mount_is_read_or_said_to_be_unread() {
        let inspect = json!({
            "Mounts": [
                {"Type": "volume", "Destination": "/data"},
                {"Type": "bind", "Destination": "/data/in/"},
                {"Type": "tmpfs", "Destination": "/tmp"},
                {"Type": "bind", "Destination": "/a/../b"},
                {"Type": "bind"},
            ],
            "HostConfig": {"Tmpfs": {"/run": "rw"}},
            "HostsPath": "/var/lib/x/hosts",
            "HostnamePath": "",
        });
        let read: Vec<String> = mounts(&inspect)
            .iter()
            .map(|it| {
                let sign = match &it.unread {
                    None => "read",
                    Some(why) if why.is_empty() => "empty",
                    Some(_) => "unread",
                };
                format!("{} {sign}", String::from_utf8_lossy(&it.point))
            })
            .collect();
        let expected = [
            "/data read",
            "/data/in read",
            "/dev unread",
            "/etc/hosts read",
            "/proc empty",
            "/run unread",
            "/sys empty",
            "/tmp unread",
        ];
        assert_eq!(read, expected);
    }

    #[test]
    fn a_remedy_is_added_to_what_is_known() {
        let mut bundle = Bundle::new(crate::model::bundle::Origin::Engine);
        let id = "a".repeat(64);
        bundle.add_target(crate::model::target::Target {
            kind: crate::model::target::Kind::Container,
            id: id.clone(),
            name: "web".into(),
            image: None,
        });
        let processes = Source::Processes(id.as_str().into());
        let gap = Gap::new(Reason::OtherKernel, processes.clone(), "elsewhere").mend("go there");
        bundle.record(processes, Err(gap));
        mend(&mut bundle);
        let source = Source::Files(id.into());
        let gap = bundle.survey(&source).unwrap_err();
        assert_eq!((gap.reason, &gap.source), (Reason::OtherKernel, &source));
        assert_eq!(gap.remedy, "go there, or read the files from the engine with --files engine");
    }
}

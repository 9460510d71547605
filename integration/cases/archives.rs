//! Files by the engine's archives: the same answer as the kernel's, to every
//! file and its every attribute.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use secaudit::collect::archive::{of_container, of_image};
use secaudit::collect::containers::{Files, Plan, collect};
use secaudit::collect::engine::address::{Surroundings, choose};
use secaudit::collect::engine::{ContainerId, Engine, ImageId, Limits};
use secaudit::collect::kernel::Kernel;
use secaudit::model::files::Kind;
use secaudit::model::source::Source;
use secaudit::model::survey::{NAMED, Numbering, Survey};
use serde_json::json;

use super::docker::with_witness;
use super::services::{NEEDS, Written, inner_network, start};
use super::{Live, live};
use crate::engine::{Container, image};
use crate::layered::{self, ODD};
use crate::needs::Need;
use crate::run;
use crate::services::NGINX;

pub(super) fn all() -> Vec<Live> {
    let needs = &[Need::Root, Need::Docker];
    vec![
        live("archives::an-odd-container-is-the-same-both-ways", needs, odd_container),
        live("archives::a-service-is-the-same-both-ways", &NEEDS, service),
    ]
}

/// What is mounted into the odd container beside what every container has.
const BOUND: &str = "/bound here";
const MEMORY: &str = "/scratch";

/// Running, stopped, and as the image that it was made of.
fn odd_container() {
    let engine = run::docker();
    let tag = format!("{}.layered", run::id());
    engine.load(layered::saved(&tag).expect("the image can be made"));
    let folder = bound();
    let config = with_witness(json!({
        "Image": image(&tag),
        "HostConfig": {
            "Binds": [format!("{}:{BOUND}", folder.path().display())],
            "Tmpfs": {MEMORY: ""},
        },
        "Volumes": {"/volume": {}},
    }));
    let container = engine.start("odd", &config);
    container.testimony();
    let everything = ["/**".to_owned()];
    let (kernel, archive) = both_ways(&container, &everything);
    agree(&kernel, &archive, &[MEMORY]);
    for path in ["/odd/setuid", "/odd/ping", "/odd/opaque/own", "/bound here/su"] {
        let is_told = archive.groups.iter().any(|it| it.paths.iter().any(|it| it.raw() == path));
        assert!(is_told || archive.groups.iter().any(|it| it.count > 8), "{path}");
    }

    engine.kill(&container.id);
    engine.wait(&container.id);
    let patterns = &kernel.patterns;
    let stopped = by_archive(&container, patterns);
    // What an engine writes into a container differs from run to run in nothing.
    assert_eq!(lines(&stopped, &[]), lines(&archive, &[]));

    let odd = [ODD.to_owned()];
    let container_id = ContainerId::new(&container.id).expect("an engine's own id");
    let image_id = container.inspect()["Image"].as_str().map(str::to_owned);
    let image_id = ImageId::new(&image_id.expect("a container has an image")).expect("its id");
    let (of_image, of_container) = asked(|engine| {
        Box::pin(async move {
            let of_image = of_image(&engine, &image_id, &odd).await;
            (of_image, of_container(&engine, &container_id, &odd).await)
        })
    });
    let of_image = of_image.expect("the image can be read").survey;
    assert_eq!(of_image.unread, []);
    let of_container = of_container.expect("the container can be read");
    // Mounts are the container's own, no layer tells of the root itself, and
    // what a link leads to is not looked for in layers.
    let of = |survey: &Survey| {
        let mut lines = lines(&without_links(survey), &[MEMORY, BOUND, "/volume"]);
        for (count, paths) in lines.values_mut() {
            let before = paths.len();
            paths.retain(|path| path != "/");
            *count -= (before - paths.len()) as u64;
        }
        lines
    };
    assert_eq!(of(&of_image), of(&of_container));
    assert!(of(&of_image).len() > 15, "{:#?}", of(&of_image));
}

fn service() {
    let engine = run::with_services();
    let network = inner_network(&engine, "archived");
    let container = start(&engine, &network, &NGINX, Written::Plain, "-archived");
    let (kernel, archive) = both_ways(&container, &["/**".to_owned()]);
    agree(&kernel, &archive, &[]);
    assert!(archive.groups.iter().any(|it| it.traits.linked));
    assert!(archive.names > 5000, "{}", archive.names);
}

/// A folder of the host with something in it that gives privileges.
fn bound() -> tempfile::TempDir {
    let folder = run::folder();
    for (name, mode) in [("su", 0o4755), ("everybodys", 0o666)] {
        let path = folder.path().join(name);
        std::fs::File::create(&path).expect("the folder is the test's own");
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).expect("as is the file");
    }
    std::os::unix::net::UnixListener::bind(folder.path().join("socket")).expect("a socket");
    folder
}

/// All files of a container that fit the patterns or the programs that it
/// runs, by the kernel and by the engine.
fn both_ways(container: &Container<'_>, sought: &[String]) -> (Survey, Survey) {
    let choice = choose(Some(&address()), None, &Surroundings::from_env()).expect("an address");
    let plan = Plan {
        engine: Ok(choice),
        names: vec![container.name.clone()],
        sought: sought.to_vec(),
        files: Files::Kernel,
        limits: Limits::default(),
    };
    let runtime = runtime();
    let bundle = runtime.block_on(collect(&plan, &Kernel::default(), &|_, _, _| {}));
    let bundle = bundle.expect("the engine answers");
    let source = Source::Files(container.id.as_str().into());
    let kernel = bundle.survey(&source).expect("root can walk the files").clone();
    assert_eq!(kernel.numbering, Numbering::Auditor);
    let archive = by_archive(container, &kernel.patterns);
    (kernel, archive)
}

fn by_archive(container: &Container<'_>, patterns: &[String]) -> Survey {
    let id = ContainerId::new(&container.id).expect("an engine's own id");
    let patterns = patterns.to_vec();
    let survey =
        asked(|engine| Box::pin(async move { of_container(&engine, &id, &patterns).await }));
    let survey = survey.expect("the engine answers");
    assert_eq!(survey.numbering, Numbering::Container);
    survey
}

fn address() -> String {
    format!("unix://{}", run::DOCKER)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be made")
}

/// Asks the product's own client of the engine.
fn asked<T>(ask: impl FnOnce(Engine) -> std::pin::Pin<Box<dyn Future<Output = T>>>) -> T {
    let choice = choose(Some(&address()), None, &Surroundings::from_env()).expect("an address");
    runtime().block_on(async {
        let address = choice.candidates.into_iter().next().expect("one was named");
        let engine = Engine::connect(address, Limits::default()).await;
        ask(engine.expect("the engine answers")).await
    })
}

/// What no archive can tell of: what a runtime mounts, and sockets.
const UNARCHIVED: [&str; 3] = ["/dev", "/proc", "/sys"];

/// What the files are, how many of each kind, and the first of them by name.
///
/// Left out are the folders on the way: to the targets of links and to mounts
/// only the kernel's way tells of those. A link that leads to nothing, or to
/// another file system, is a link in an archive, and nothing or a link to the
/// kernel's way. By which pattern a file fits is the kernel's way's own too, where
/// a pattern is followed through a link.
fn lines(survey: &Survey, but: &[&str]) -> BTreeMap<String, (u64, BTreeSet<String>)> {
    let is_kept =
        |mount: &str| !UNARCHIVED.iter().chain(but).any(|it| Path::new(mount).starts_with(it));
    let groups = survey.groups.iter().filter(|it| it.leads_to.is_none());
    let groups = groups.filter(|it| {
        is_kept(it.mount.raw()) && !matches!(it.traits.kind, Kind::Socket | Kind::Link)
    });
    let mut lines: BTreeMap<String, (u64, BTreeSet<String>)> = BTreeMap::new();
    for group in groups {
        let what = format!("{} on {} {:?}", group.traits, group.mount, group.doors);
        let (count, paths) = lines.entry(what).or_default();
        *count += group.count;
        paths.extend(group.paths.iter().map(ToString::to_string));
        while paths.len() > NAMED {
            paths.pop_last();
        }
    }
    lines
}

fn without_links(survey: &Survey) -> Survey {
    let mut survey = survey.clone();
    survey.groups.retain(|it| !it.traits.linked && it.traits.kind != Kind::Link);
    survey
}

/// Both ways say the same of every file but of those that no archive holds,
/// and the archive's way says of which it does not know.
fn agree(kernel: &Survey, archive: &Survey, memory: &[&str]) {
    let (one, other) = (lines(kernel, memory), lines(archive, memory));
    let differs = |(what, of): &(&String, &(u64, BTreeSet<String>))| other.get(*what) != Some(*of);
    let only: Vec<_> = one.iter().filter(differs).collect();
    let differs = |(what, of): &(&String, &(u64, BTreeSet<String>))| one.get(*what) != Some(*of);
    let more: Vec<_> = other.iter().filter(differs).collect();
    assert!(only.is_empty() && more.is_empty(), "kernel: {only:#?}\narchive: {more:#?}");
    assert_eq!(kernel.unread, []);
    let unread: Vec<&str> = archive.unread.iter().map(|it| it.below.raw()).collect();
    let expected: Vec<&str> = ["/dev"].into_iter().chain(memory.iter().copied()).collect();
    assert_eq!(unread, expected, "{:?}", archive.unread);
    println!("archives: {} groups, {} names", one.len(), archive.names);
}

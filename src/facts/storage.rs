//! Where what a container writes stays, and what it runs that may want it to.

use crate::model::bundle::Origin;
use crate::model::fact::Fact;
use crate::model::reading::{Evidence, Gap, Reading, Reason};
use crate::model::target::Kind;
use crate::model::untrusted::Untrusted;
use crate::parse::command::{WITHHELD, program};
use crate::parse::proc::mountinfo;

use super::mounts::{self, Mount};
use super::network::service::programs;
use super::view::{Process, View};
use super::{beside, environment};

/// Where what a container writes stays.
#[derive(Clone, Debug)]
pub struct Storage {
    /// What is mounted below the root, volumes by their names. All of it must be known.
    pub mounts: Fact<Vec<Mount>>,
    /// The same, as far as it is known.
    pub known: Fact<Vec<Mount>>,
    /// What runs.
    pub runs: Fact<Runs>,
    /// What runs, and where it could write what must last.
    pub work: Fact<Work>,
    /// Whether a Redis is told to write nothing to disk. Nobody asks it of anything else.
    pub forgets: Fact<bool>,
}

/// What runs, by its names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Runs {
    /// The names of the programs that run; empty where only the declaration speaks.
    pub programs: Vec<Untrusted>,
    /// The image that it was made from.
    pub image: Option<Untrusted>,
}

/// What runs, and where it could write what must last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// What runs, by its names.
    pub runs: Runs,
    /// The programs that run.
    pub programs: Vec<Program>,
    /// The words of what is to be started, those that may be secret withheld.
    pub told: Vec<String>,
    /// The folder that the environment names for a database's data (`PGDATA`).
    pub named: Option<String>,
    /// What is mounted below the root.
    pub mounts: Vec<Mount>,
    /// Whether what is written anywhere stays: the root is a disk of its own, and no layer
    /// that an engine throws away with the container.
    pub is_kept: bool,
}

/// A program, and what it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Its name: a process has at most 15 bytes of one.
    pub name: String,
    /// The words that it was started with, those that may be secret withheld.
    pub words: Vec<String>,
    /// The folder that it works in, by the kernel.
    pub folder: Option<String>,
}

/// Programs that are Redis, whoever makes them.
const REDIS: [&str; 3] = ["redis-server", "valkey-server", "keydb-server"];

/// What is known of each mount.
const FIELDS: [&str; 3] = ["Destination", "Type", "Name"];

pub(super) fn all(view: &View<'_>, given: &environment::Given) -> Storage {
    if !matches!(view.kind(), Kind::Container | Kind::Service) {
        return Storage {
            mounts: Fact::declared_only(Reading::Inapplicable),
            known: Fact::declared_only(Reading::Inapplicable),
            runs: Fact::declared_only(Reading::Inapplicable),
            work: Fact::declared_only(Reading::Inapplicable),
            forgets: Fact::declared_only(Reading::Inapplicable),
        };
    }
    let (known, gap) = mounts::declared(view, &FIELDS);
    let whole = gap.clone().map_or_else(|| known.clone(), Reading::Missing);
    let mounts =
        beside(view, whole, || view.mounts_there().map(|own| mounts::below_root(view, &own, &[])));
    let is_to_come = view.kind().is_to_come();
    let known = if is_to_come { Fact::declared_in_part(known, gap) } else { mounts.clone() };
    let runs = beside(view, Reading::of(named(view, Vec::new())), || {
        programs(view).map(|programs| named(view, programs))
    });
    let command = command(view);
    let forgets = Fact::declared_only(forgets(view, &command));
    // What is told of a command only narrows the question: nobody has to know it.
    let told = command.known().map(Vec::as_slice).unwrap_or_default();
    let work = work(view, &mounts, &runs, told, named_folder(given));
    Storage { mounts, known, runs, work, forgets }
}

fn named(view: &View<'_>, programs: Vec<Untrusted>) -> Runs {
    Runs { programs, image: view.image_name() }
}

/// The folder that a database's environment names for its data.
fn named_folder(given: &environment::Given) -> Option<&str> {
    let named = given.known().known()?.get("PGDATA")?.kept.as_ref()?;
    Some(named.raw()).filter(|it| it.starts_with('/'))
}

fn work(
    view: &View<'_>,
    mounts: &Fact<Vec<Mount>>,
    runs: &Fact<Runs>,
    told: &[String],
    named: Option<&str>,
) -> Fact<Work> {
    let is_kept = view.origin() == Origin::Kernel && has_own_disk(view);
    let work = |mounts: &Reading<Vec<Mount>>, runs: &Reading<Runs>, programs| {
        let both = mounts.clone().zip(runs.clone()).zip(programs);
        both.map(|((mounts, runs), programs)| {
            let (told, named) = (told.to_vec(), named.map(str::to_owned));
            Work { runs, programs, told, named, mounts, is_kept }
        })
    };
    let declared = work(mounts.declared(), runs.declared(), Reading::of(Vec::new()));
    beside(view, declared, || match (mounts.effective(), runs.effective()) {
        ([mounts], [runs]) => work(mounts, runs, running(view)),
        _ => Reading::Missing(Gap::not_collected(view.processes_source().clone())),
    })
}

/// Every program that runs, and where it works.
fn running(view: &View<'_>) -> Reading<Vec<Program>> {
    let of = |process: &Process<'_>| {
        let name = process.status("Name", |status| Ok(status.name()));
        let told = process.command().zip(process.text("cwd"));
        name.zip(told).unshown().map(|(name, (words, folder))| Program {
            name: name.raw().to_owned(),
            words: words.into_iter().map(str::to_owned).collect(),
            folder: Some(folder.to_owned()),
        })
    };
    let processes = Reading::from(view.processes());
    processes.and_then(|it| it.all().into_iter().map(|pid| of(&view.process(pid))).collect())
}

/// A container that no engine made may have a disk of its own as its root.
fn has_own_disk(view: &View<'_>) -> bool {
    let mounts = view.mounts_there();
    let root = mounts.known().and_then(|all| mountinfo::at(all, "/"));
    root.is_some_and(|it| !matches!(it.kind.as_str(), "overlay" | "fuse-overlayfs" | "tmpfs"))
}

/// The words of what the first process was started as, by the declaration. What an
/// entrypoint that nobody knows is handed is known all the same.
fn command(view: &View<'_>) -> Reading<Vec<String>> {
    let inspect = view.inspect();
    let whole = inspect.text("/Path").zip(inspect.texts("/Args"));
    let whole = whole.map(|(path, args)| path.into_iter().chain(args).collect::<Vec<_>>());
    let words = whole.or_else(|| inspect.texts("/Config/Cmd"));
    words.map(|words| words.into_iter().map(str::to_owned).collect())
}

/// Only its command line tells, and Redis writes a title over its own. Without `--save`
/// it saves now and then; what a file of settings says is overruled by the command line,
/// and otherwise nobody has read it (`redis.io`, Redis configuration and persistence).
fn forgets(view: &View<'_>, command: &Reading<Vec<String>>) -> Reading<bool> {
    let source = view.inspect().source().clone();
    command.as_ref().and_then(|words| {
        let untold = |detail: &'static str| {
            let gap = Gap::new(Reason::NotCollected, source.clone(), detail);
            Reading::Missing(gap.mend("say it on the command line: --save and --appendonly"))
        };
        let start = words.iter().position(|it| program(it).is_some_and(|it| REDIS.contains(&it)));
        let Some(told) = start.and_then(|start| words.get(start + 1..)) else {
            return untold("which options it is started with cannot be told");
        };
        let has_file = told.first().is_some_and(|it| !it.starts_with("--"));
        let of = |option: &str| {
            let place = told.iter().rposition(|it| it == option)?;
            told.get(place + 1).map(String::as_str)
        };
        let (saves, appends) = (of("--save"), of("--appendonly"));
        let forgets = match (saves, appends) {
            (Some(WITHHELD), _) | (_, Some(WITHHELD)) => None,
            (_, Some("yes")) => Some(false),
            (Some(""), Some("no")) => Some(true),
            (Some(""), _) if !has_file => Some(true),
            (Some(""), _) => None,
            (Some(_), _) => Some(false),
            (None, _) => (!has_file).then_some(false),
        };
        match forgets {
            None => {
                untold("what its file of settings says of --save and --appendonly was not read")
            }
            Some(forgets) => {
                let shown = vec![Evidence::new(source.clone(), "/Args", words.join(" "))];
                Reading::Known(forgets, shown)
            }
        }
    })
}

//! One container's part of a bundle, parsed as it is asked for.

mod defaults;
mod image;
mod process;
mod told;

use std::cell::OnceCell;
use std::sync::Arc;

use crate::model::build::{Context, Recipe};
use crate::model::bundle::{Answer, Bundle, Origin, Processes};
use crate::model::files::{File, Listing};
use crate::model::reading::{Evidence, Gap, Reading, Reason};
use crate::model::source::Source;
use crate::model::survey::Survey;
use crate::model::target::{Kind, Target};
use crate::model::untrusted::Untrusted;
use crate::parse::document::Document;
use crate::parse::group::{self, Group};
use crate::parse::passwd::{self, Account};
use crate::parse::proc::mountinfo::{self, Mount};
use crate::parse::time::Instant;

use super::capabilities::Capabilities;
use super::environment::Given;
use super::identity::User;
use super::network::attachments::Attachment;
use super::{Held, Holder};

pub(super) use process::Process;
use process::{optional, text};
pub(super) use told::Told;

/// A bundle, seen from one container.
pub(super) struct View<'a> {
    bundle: &'a Bundle,
    target: &'a Target,
    /// What the engine declares about the target: nearly every fact begins here.
    inspect: Document<'a>,
    /// What many facts rest on, once it is worked out.
    info: OnceCell<Document<'a>>,
    processes: Source,
    pub(super) user: OnceCell<Reading<Held<User>>>,
    pub(super) capabilities: OnceCell<Reading<Held<Capabilities>>>,
    pub(super) environment: OnceCell<Given>,
    pub(super) attachments: OnceCell<Reading<Vec<Attachment>>>,
}

impl<'a> View<'a> {
    pub(super) fn new(bundle: &'a Bundle, target: &'a Target) -> Self {
        Self::with(bundle, target, described(bundle, target.kind, &target.id))
    }

    fn with(bundle: &'a Bundle, target: &'a Target, inspect: Document<'a>) -> Self {
        Self {
            bundle,
            target,
            inspect,
            info: OnceCell::new(),
            processes: Source::Processes(target.id.clone()),
            user: OnceCell::new(),
            capabilities: OnceCell::new(),
            environment: OnceCell::new(),
            attachments: OnceCell::new(),
        }
    }

    /// The same, of whose declaration those items of lists count that are known.
    pub(super) fn in_part(&self) -> Option<Self> {
        Some(Self::with(self.bundle, self.target, self.inspect.in_part()?))
    }

    /// Some of the container's files, as the bundle has them under this source.
    pub(super) fn files(&self, source: Source) -> Reading<&'a Listing> {
        match self.bundle.files(&source) {
            Ok(listing) => {
                let shown = format!("{} files", listing.files.len());
                Reading::Known(listing, vec![Evidence::new(source, "", shown)])
            }
            Err(gap) => Reading::Missing(gap),
        }
    }

    /// What a look at all of the container's files found.
    pub(super) fn survey(&self) -> Reading<&'a Survey> {
        let source = self.files_source();
        match self.bundle.survey(&source) {
            Ok(survey) => {
                let shown = format!("{} files", survey.names);
                Reading::Known(survey, vec![Evidence::new(source, "", shown)])
            }
            Err(gap) => Reading::Missing(gap),
        }
    }

    /// The source that names the look at all of the container's files.
    pub(super) fn files_source(&self) -> Source {
        Source::Files(self.target.id.clone())
    }

    /// The Dockerfile, and what its build is told.
    pub(super) fn recipe(&self) -> Result<&'a Arc<Recipe>, Gap> {
        self.bundle.recipe(&Source::Dockerfile(self.target.id.clone()))
    }

    /// What the Dockerfile's build is given.
    pub(super) fn context(&self) -> Result<&'a Arc<Context>, Gap> {
        self.bundle.context(&Source::Context(self.target.id.clone()))
    }

    /// What kind of thing it is.
    pub(super) const fn kind(&self) -> Kind {
        self.target.kind
    }

    /// The whole bundle, for a parser that reads several of its answers.
    pub(super) const fn bundle(&self) -> &'a Bundle {
        self.bundle
    }

    /// How the container was found.
    pub(super) const fn origin(&self) -> Origin {
        self.bundle.origin
    }

    /// What people call another container that is known by its id: its name where
    /// it is audited too, else the beginning of the id.
    pub(super) fn name_of(&self, id: &str) -> Untrusted {
        let audited = self.bundle.targets.iter().find(|target| target.id == id);
        audited.map_or_else(
            || id.chars().take(12).collect::<String>().into(),
            |target| target.name.clone(),
        )
    }

    /// What the engine declares about this container.
    pub(super) const fn inspect(&self) -> &Document<'a> {
        &self.inspect
    }

    /// What the engine declares about another container.
    pub(super) fn inspect_of(&self, id: &str) -> Document<'a> {
        let is_service = self.origin() == Origin::Compose;
        described(self.bundle, if is_service { Kind::Service } else { Kind::Container }, id)
    }

    /// The engine's networks.
    pub(super) fn networks(&self) -> Document<'a> {
        self.document(Source::networks())
    }

    /// The container's id.
    pub(super) fn id(&self) -> &'a str {
        &self.target.id
    }

    /// The image that the container was made from, as it was asked for.
    pub(super) fn image_name(&self) -> Option<Untrusted> {
        self.target.image.clone()
    }

    /// The text of a source, for what is only a part of a reading.
    pub(super) fn text_of(&self, source: &Source) -> Result<&'a str, Gap> {
        self.bundle.text(source).map(Untrusted::raw)
    }

    /// What the engine says of itself. Where nobody asked the one that will create
    /// a service, it is what its documentation says of every engine.
    pub(super) fn info(&self) -> &Document<'a> {
        self.info.get_or_init(|| {
            if self.is_engine_open() {
                defaults::info()
            } else {
                self.document(Source::engine_info())
            }
        })
    }

    /// Whether nobody knows the engine that will create a service.
    pub(super) fn is_engine_open(&self) -> bool {
        let is_known = || self.bundle.observations.contains_key(&Source::engine_info());
        self.kind().is_to_come() && !is_known()
    }

    /// A value that was asked for.
    pub(super) fn declared<T>(&self, value: T) -> Held<T> {
        let by = match self.kind() {
            Kind::Service => Holder::Service,
            Kind::Image | Kind::Dockerfile => Holder::Run,
            Kind::Container => Holder::Declaration,
        };
        Held { by, value }
    }

    /// What the engine says of the container's image.
    pub(super) fn image(&self) -> Reading<Document<'a>> {
        self.inspect().text("/Image").unshown().and_then(|id| match id {
            Some(id) => Reading::of(self.document(Source::image(id))),
            None => Reading::Inapplicable,
        })
    }

    fn document(&self, source: Source) -> Document<'a> {
        document(self.bundle, source)
    }

    /// The source that names the list of this container's processes.
    pub(super) const fn processes_source(&self) -> &Source {
        &self.processes
    }

    /// The proved processes of this container.
    pub(super) fn processes(&self) -> Result<&'a Processes, Gap> {
        if self.kind().is_to_come() {
            let detail = "nothing of it runs yet";
            return Err(Gap::new(Reason::NotRunning, Source::Clock, detail));
        }
        self.bundle.processes(&self.processes)
    }

    /// The container's first process.
    pub(super) fn init(&self) -> Result<Process<'a>, Gap> {
        self.processes().map(|processes| self.process(processes.init))
    }

    pub(super) fn process(&self, pid: u32) -> Process<'a> {
        Process { bundle: self.bundle, pid, thread: None }
    }

    /// Reads something of every process.
    pub(super) fn of_each<T>(
        &self,
        read: impl Fn(&Process<'a>) -> Reading<T>,
    ) -> Result<Vec<Reading<Held<T>>>, Gap> {
        let processes = self.processes()?;
        let whole = processes.all().into_iter().map(|pid| self.process(pid));
        let threads = processes
            .threads
            .iter()
            .map(|(pid, thread)| Process { thread: Some(*thread), ..self.process(*pid) });
        Ok(whole
            .chain(threads)
            .map(|process| read(&process).map(|value| Held { by: process.holder(), value }))
            .collect())
    }

    /// A host file as the bundle has it.
    pub(super) fn host_file(&self, path: &str) -> Reading<&'a str> {
        text(self.bundle, Source::Kernel(path.to_owned()))
    }

    /// The mounts that the container has, its evidence the file as a whole.
    ///
    /// A process with another root is shown only what lies below that. Where
    /// the root itself may not be looked at, a mount of the engine's that the
    /// kernel does not show gives it away. A point may be reached through a
    /// symlink, so only its last part counts.
    pub(super) fn mounts(&self) -> Reading<Vec<Mount>> {
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

    /// The container's or image's own accounts, as `passwd(5)`; none where there is no such file.
    pub(super) fn accounts(&self) -> Reading<Vec<Account<'a>>> {
        self.own_file("/etc/passwd").map(|text| passwd::parse(text.unwrap_or_default()))
    }

    /// The container's or image's own groups, as `group(5)`; none where there is no such file.
    pub(super) fn groups(&self) -> Reading<Vec<Group<'a>>> {
        self.own_file("/etc/group").map(|text| group::parse(text.unwrap_or_default()))
    }

    /// The host's groups.
    pub(super) fn host_groups(&self) -> Reading<Vec<Group<'a>>> {
        optional(self.bundle, Source::proc(1, "root/etc/group"))
            .map(|text| group::parse(text.unwrap_or_default()))
    }

    /// The login shells of the container's accounts that are there.
    pub(super) fn shells(&self) -> Reading<&'a Listing> {
        Reading::from(self.processes())
            .and_then(|processes| self.files(Source::shells(processes.viewer)))
    }

    /// A file of an image's layers, or one of a container's, seen through the
    /// process that sees its mounts.
    fn own_file(&self, path: &str) -> Reading<Option<&'a str>> {
        if self.kind() == Kind::Image {
            return optional(self.bundle, Source::in_layers(self.id(), path));
        }
        Reading::from(self.processes())
            .and_then(|it| optional(self.bundle, Source::in_root(it.viewer, path)))
    }

    /// The mounts of the host's first process.
    pub(super) fn host_mounts(&self) -> Reading<Vec<Mount>> {
        mounts_of(self.bundle, 1)
    }

    /// The host's first process, for what a container is compared with.
    pub(super) fn host_init(&self) -> Process<'a> {
        self.process(1)
    }

    /// Every observed file of the container's cgroups with this name, the
    /// nearest cgroup first, as `(path, content)`.
    /// A cgroup whose controller is not enabled has none: `None`.
    pub(super) fn limit_files(&self, names: &[&str]) -> Vec<(String, Reading<Option<&'a str>>)> {
        let Ok(processes) = self.processes() else { return Vec::new() };
        processes
            .limit_files
            .iter()
            .filter(|path| path.rsplit('/').next().is_some_and(|name| names.contains(&name)))
            .map(|path| (path.clone(), optional(self.bundle, Source::Kernel(path.clone()))))
            .collect()
    }

    /// The files of this name that tell what the container's own cgroups use.
    pub(super) fn usage_files(&self, names: &[&str]) -> Vec<Reading<Option<&'a str>>> {
        let Ok(processes) = self.processes() else { return Vec::new() };
        processes
            .usage_files
            .iter()
            .filter(|path| path.rsplit('/').next().is_some_and(|name| names.contains(&name)))
            .map(|path| optional(self.bundle, Source::Kernel(path.clone())))
            .collect()
    }

    /// When the evidence was collected.
    pub(super) fn clock(&self) -> Reading<Instant> {
        text(self.bundle, Source::Clock).and_then(|now| match Instant::parse(now.trim()) {
            Some(now) => Reading::of(now),
            None => Reading::Missing(Gap::new(Reason::Malformed, Source::Clock, "it is no time")),
        })
    }

    /// A file of the container by its path: whether it is there, and what it is.
    pub(super) fn file(&self, path: &str) -> Reading<Option<&'a File>> {
        let source = match self.processes() {
            Ok(processes) => Source::in_root(processes.viewer, path),
            Err(gap) => return Reading::Missing(gap),
        };
        match self.bundle.ask(&source) {
            Ok(Answer::Nothing) => {
                Reading::Known(None, vec![Evidence::new(source, "", "there is no such file")])
            }
            Ok(_) => match self.bundle.files(&source).map(|listing| listing.files.first()) {
                Ok(Some(file)) => {
                    let shown = file.to_string();
                    Reading::Known(Some(file), vec![Evidence::new(source, "", shown)])
                }
                Ok(None) => {
                    Reading::Missing(Gap::new(Reason::Malformed, source, "it names no file"))
                }
                Err(gap) => Reading::Missing(gap),
            },
            Err(gap) => Reading::Missing(gap),
        }
    }
}

/// A container as its engine describes it, or as one would describe it.
fn described<'a>(bundle: &'a Bundle, kind: Kind, id: &str) -> Document<'a> {
    let source = match kind {
        Kind::Container => return document(bundle, Source::container(id)),
        Kind::Service => Source::Compose(id.to_owned()),
        Kind::Image | Kind::Dockerfile => Source::Run(id.to_owned()),
    };
    let draft = bundle.draft(&source);
    Document::drafted(source, draft)
}

fn document(bundle: &Bundle, source: Source) -> Document<'_> {
    let root = bundle.json(&source);
    Document::new(source, root)
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

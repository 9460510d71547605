//! One container's part of a bundle, parsed as it is asked for.

mod defaults;
mod files;
mod image;
mod mounts;
mod process;
mod told;

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

use crate::model::build::{Context, Recipe};
use crate::model::bundle::{Bundle, Origin, Processes};
use crate::model::fact::Fact;
use crate::model::reading::{Gap, Reading, Reason};
use crate::model::source::Source;
use crate::model::target::{Kind, Target};
use crate::model::untrusted::Untrusted;
use crate::parse::document::Document;
use crate::parse::time::Instant;

use super::build::Build;
use super::capabilities::Capabilities;
use super::environment::Given;
use super::identity::User;
use super::mounts::Mount;
use super::network::attachments::Attachment;
use super::network::published::Published;
use super::signs::Signs;
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
    pub(super) environment: OnceCell<Rc<Given>>,
    pub(super) mounts: OnceCell<Rc<Fact<Vec<Mount>>>>,
    pub(super) signs: OnceCell<Rc<Signs>>,
    pub(super) build: OnceCell<Rc<Build>>,
    pub(super) attachments: OnceCell<Reading<Vec<Attachment>>>,
    pub(super) published: OnceCell<(Reading<Vec<Published>>, Option<Gap>)>,
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
            processes: Source::Processes(target.id.as_str().into()),
            user: OnceCell::new(),
            capabilities: OnceCell::new(),
            environment: OnceCell::new(),
            mounts: OnceCell::new(),
            signs: OnceCell::new(),
            build: OnceCell::new(),
            attachments: OnceCell::new(),
            published: OnceCell::new(),
        }
    }

    /// The same, of whose declaration those items of lists count that are known.
    pub(super) fn in_part(&self) -> Option<Self> {
        Some(Self::with(self.bundle, self.target, self.inspect.in_part()?))
    }

    /// The Dockerfile, and what its build is told.
    pub(super) fn recipe(&self) -> Result<&'a Arc<Recipe>, Gap> {
        self.bundle.recipe(&Source::Dockerfile(self.target.id.as_str().into()))
    }

    /// What the Dockerfile's build is given.
    pub(super) fn context(&self) -> Result<&'a Arc<Context>, Gap> {
        self.bundle.context(&Source::Context(self.target.id.as_str().into()))
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

    /// The key of a service in its project's files.
    pub(super) fn service_key(&self) -> Option<&'a str> {
        let is_service = self.target.kind == Kind::Service;
        Some(self.target.id.rsplit_once('#')?.1).filter(|_| is_service)
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
        text(self.bundle, Source::Kernel(path.into()))
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
            .map(|path| (path.clone(), optional(self.bundle, Source::Kernel(path.as_str().into()))))
            .collect()
    }

    /// The files of this name that tell what the container's own cgroups use.
    pub(super) fn usage_files(&self, names: &[&str]) -> Vec<Reading<Option<&'a str>>> {
        let Ok(processes) = self.processes() else { return Vec::new() };
        processes
            .usage_files
            .iter()
            .filter(|path| path.rsplit('/').next().is_some_and(|name| names.contains(&name)))
            .map(|path| optional(self.bundle, Source::Kernel(path.as_str().into())))
            .collect()
    }

    /// When the evidence was collected.
    pub(super) fn clock(&self) -> Reading<Instant> {
        text(self.bundle, Source::Clock).and_then(|now| match Instant::parse(now.trim()) {
            Some(now) => Reading::of(now),
            None => Reading::Missing(Gap::new(Reason::Malformed, Source::Clock, "it is no time")),
        })
    }
}

/// A container as its engine describes it, or as one would describe it.
fn described<'a>(bundle: &'a Bundle, kind: Kind, id: &str) -> Document<'a> {
    let source = match kind {
        Kind::Container => return document(bundle, Source::container(id)),
        Kind::Service => Source::Compose(id.into()),
        Kind::Image | Kind::Dockerfile => Source::Run(id.into()),
    };
    let draft = bundle.draft(&source);
    Document::drafted(source, draft)
}

fn document(bundle: &Bundle, source: Source) -> Document<'_> {
    let root = bundle.json(&source);
    Document::new(source, root)
}

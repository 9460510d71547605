//! Collects the evidence about Dockerfiles: their text, what may be secret in it
//! masked, what they make, and what their builds are given.

mod build;
mod context;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::collect::at_hand::Images;
use crate::model::bundle::{Answer, Bundle, Origin};
use crate::model::source::Source;
use crate::model::untrusted::Untrusted;
use crate::parse::compose::{Fault, Load};
use crate::parse::dockerfile;

pub(super) use build::Build;
pub use context::Contexts;

/// A Dockerfile, and what its build is to be told.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The file; `-` is standard input.
    pub file: PathBuf,
    /// The stage that ships; none: the last.
    pub target: Option<String>,
    /// The build's arguments.
    pub args: Arc<BTreeMap<String, String>>,
    /// The folder that is given to the build; none: the file's own.
    pub context: Option<PathBuf>,
}

/// A Dockerfile that is read.
#[derive(Debug)]
pub struct Resolved {
    /// What tells it from the others: the file and the target stage.
    id: String,
    build: Build,
}

/// Reads a Dockerfile.
///
/// # Errors
/// It cannot be read, or there is nothing to build in it.
pub fn resolve(request: &Request, load: &dyn Load) -> Result<Resolved, Fault> {
    let Request { file, target, args, .. } = request;
    let fault = |what: String, help: &str| Fault {
        file: file.clone(),
        at: None,
        what,
        help: help.to_owned(),
        line: String::new(),
    };
    let bytes =
        load.read(file).map_err(|error| fault(error, "name a Dockerfile that you may read"))?;
    let shown: Untrusted = file.display().to_string().into();
    let given = |(name, value): (&String, &String)| (name.clone(), Some(value.clone()));
    let args: BTreeMap<_, _> = args.iter().map(given).collect();
    let build = Build::new(&bytes, shown, target.as_deref(), args);
    let build = build.map_err(|wrong| {
        let text = build::shown(&dockerfile::parse(&bytes), &bytes);
        let line = usize::try_from(wrong.place.line).unwrap_or(1).saturating_sub(1);
        Fault {
            at: Some((wrong.place.line, wrong.place.column, wrong.place.length)),
            line: text.lines().nth(line).unwrap_or_default().to_owned(),
            ..fault(wrong.what, &wrong.help)
        }
    })?;
    let stage = target.as_ref().map(|it| format!("#{it}")).unwrap_or_default();
    let id = format!("{}{stage}", file.display());
    Ok(Resolved { id, build })
}

impl Resolved {
    /// The images that an engine has to be asked for.
    pub fn images(&self) -> impl Iterator<Item = &str> {
        self.build.base().into_iter()
    }

    /// The evidence: the file, what it makes, and what its build is given.
    pub fn bundle(&self, request: &Request, images: &Images, contexts: &Contexts) -> Bundle {
        let mut bundle = Bundle::new(Origin::Dockerfile);
        let Self { id, build } = self;
        build.record(id, images, &mut bundle);
        let source = Source::Context(id.as_str().into());
        let context = contexts.of(&request.file, request.context.as_deref(), &source);
        bundle.record(source, context.map(Answer::Context));
        bundle
    }
}

/// Whether a build can be given this.
pub fn is_folder(path: &Path) -> bool {
    path.is_dir()
}

/// The Dockerfiles that a path of the command line stands for: those in a folder,
/// or itself. An empty one is the folder that the caller stands in.
#[expect(clippy::disallowed_methods, reason = "it looks for the files that are audited")]
pub fn below(path: &Path) -> Vec<PathBuf> {
    let folder = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    if path == Path::new("-") || !folder.is_dir() {
        return vec![path.to_owned()];
    }
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .filter(|it| it.file_name().to_str().is_some_and(is_dockerfile))
        .map(|it| path.join(it.file_name()))
        .filter(|it| it.is_file())
        .collect();
    found.sort();
    // Without any, the name that is missing is the one that builders look for.
    if found.is_empty() { vec![path.join("Dockerfile")] } else { found }
}

/// Whether a file's name is one of a Dockerfile: `Dockerfile`, `Dockerfile.dev`,
/// `api.Dockerfile`, or a `Containerfile` likewise.
fn is_dockerfile(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let is_ignore = name.ends_with(".dockerignore");
    ["dockerfile", "containerfile"].iter().any(|kind| {
        let after = name.strip_prefix(kind).is_some_and(|it| it.is_empty() || it.starts_with('.'));
        let before = name.strip_suffix(kind).is_some_and(|it| it.ends_with('.'));
        (after || before) && !is_ignore
    })
}

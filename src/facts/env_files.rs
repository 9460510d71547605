//! How the environment files are kept that a project reads.

use crate::model::fact::Fact;
use crate::model::files::File;
use crate::model::kept::Repository;
use crate::model::reading::{Evidence, Gap, Reading, Reason};
use crate::model::source::Source;
use crate::model::target::Kind;
use crate::model::untrusted::Untrusted;
use crate::parse::git::ignore::Ignore;

use super::view::View;

/// The environment files that compose reads for a service. Of what is no service nobody
/// asks.
#[derive(Clone, Debug)]
pub struct EnvFiles {
    /// Which they are, by the paths that people know.
    pub named: Fact<Vec<Untrusted>>,
    /// How each of them is kept.
    pub each: Vec<EnvFile>,
}

/// How an environment file is kept.
#[derive(Clone, Debug)]
pub struct EnvFile {
    /// The path that people know it by.
    pub name: Untrusted,
    /// Its permission bits: `mode & 0o7777`.
    pub mode: Fact<u32>,
    /// What git makes of it; none where it lies in no repository.
    pub git: Fact<Option<InGit>>,
}

/// What git makes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InGit {
    /// It is in the repository.
    Tracked,
    /// It would be, at the next time that everything is added.
    Offered,
    /// It is left alone.
    Ignored,
}

pub(super) fn all(view: &View<'_>) -> EnvFiles {
    if view.kind() != Kind::Service {
        return EnvFiles { named: Fact::declared_only(Reading::Inapplicable), each: Vec::new() };
    }
    let entries = view.inspect().entries("/EnvFiles", &["File"]);
    let gap = entries.gap();
    let name = |entry: &serde_json::Value| entry.get("File")?.as_str().map(Untrusted::from);
    let names = entries.known.map(|all| all.into_iter().filter_map(name).collect::<Vec<_>>());
    let known = names.known().cloned().unwrap_or_default();
    let each = known.into_iter().enumerate();
    let each = each.map(|(place, name)| EnvFile {
        mode: Fact::declared_only(mode(view, place, &name)),
        git: Fact::declared_only(git(view, place, &name)),
        name,
    });
    EnvFiles { each: each.collect(), named: Fact::declared_in_part(names, gap) }
}

/// What was seen of a file, pointed at where a service names it.
fn seen(view: &View<'_>, place: usize, source: &Source, what: &str) -> Vec<Evidence> {
    let named = view.inspect().told(&format!("/EnvFiles/{place}"), what);
    vec![named.with(|datum| {
        datum.source = source.clone();
        datum.place = "".into();
    })]
}

fn mode(view: &View<'_>, place: usize, name: &Untrusted) -> Reading<u32> {
    let source = Source::Disk(name.raw().into());
    match view.bundle().files(&source).map(|listing| listing.files.first()) {
        Ok(Some(file @ File { mode, .. })) => {
            Reading::Known(*mode, seen(view, place, &source, &file.to_string()))
        }
        Ok(None) => Reading::Missing(Gap::new(Reason::Malformed, source, "it names no file")),
        Err(gap) => Reading::Missing(gap),
    }
}

fn git(view: &View<'_>, place: usize, name: &Untrusted) -> Reading<Option<InGit>> {
    let source = Source::Git(name.raw().into());
    let repository = match view.bundle().repository(&source) {
        Ok(Some(repository)) => repository,
        Ok(None) => {
            let evidence = seen(view, place, &source, "it lies in no repository");
            return Reading::Known(None, evidence);
        }
        Err(gap) => return Reading::Missing(gap),
    };
    let (made, shown) = match made(repository) {
        Some(InGit::Tracked) => (InGit::Tracked, "tracked"),
        Some(InGit::Offered) => (InGit::Offered, "neither tracked nor ignored"),
        Some(InGit::Ignored) => (InGit::Ignored, "ignored"),
        None => {
            let detail = "what a pattern of a .gitignore fits cannot be told";
            let gap = Gap::new(Reason::Unsupported, source, detail);
            return Reading::Missing(gap.mend(format!("write {name} itself into the last line")));
        }
    };
    Reading::Known(Some(made), seen(view, place, &source, shown))
}

fn made(repository: &Repository) -> Option<InGit> {
    if repository.is_tracked {
        return Some(InGit::Tracked);
    }
    let mut ignore = Ignore::default();
    for file in &repository.ignores {
        ignore.add(file.folder.raw(), file.text.raw());
    }
    let is_ignored = ignore.excludes(repository.path.raw())?;
    Some(if is_ignored { InGit::Ignored } else { InGit::Offered })
}
